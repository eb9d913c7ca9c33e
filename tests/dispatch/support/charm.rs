//! A charm made by the command line itself: once for all tests, since packing the executable takes its time.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use charmwright::local::model::{Charm, ConfigOption, Endpoint, Role};
use charmwright::project::charm::packed;
use charmwright::yaml;
use serde_json::Value;

const PROJECT: &str = "
config:
  options:
    greeting: {type: string, default: Hello, description: What visitors are greeted with.}
    max-items: {type: int, description: A number.}
    api: {type: secret, description: A secret of several keys.}
requires:
  postgresql: {interface: postgresql_client, optional: true, limit: 1}
";

/// What some have besides.
const MORE: [(&str, &str); 2] = [
    (
        "flask",
        "  tracing: {interface: tracing, optional: true, limit: 1}\n",
    ),
    (
        "spring-boot",
        "  saml: {interface: saml, optional: true, limit: 1}\n",
    ),
];

/// What a test changes of the charm.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The framework of its extension.
    pub framework: &'static str,
    /// `optional: false` at `postgresql`.
    pub database_required: bool,
    /// `optional: false` at the option `max-items`.
    pub option_required: bool,
    /// The text of `paas-config.yaml`.
    pub paas_config: Option<&'static str>,
    /// The charm of `examples/greeter` instead, with code of its own.
    pub greeter: bool,
}

impl Default for Declared {
    fn default() -> Self {
        Self {
            framework: "fastapi",
            database_required: false,
            option_required: false,
            paas_config: None,
            greeter: false,
        }
    }
}

fn charmwright(arguments: &[&str], directory: &Path) {
    run(
        Path::new(env!("CARGO_BIN_EXE_charmwright")),
        arguments,
        directory,
    );
}

fn run(program: &Path, arguments: &[&str], directory: &Path) {
    let output = Command::new(program)
        .args(arguments)
        .env("CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS", "1")
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

/// The packed charm, unpacked; with a `paas-config.yaml` when that says something of the charm's metadata.
fn packed(framework: &'static str, paas_config: Option<&'static str>) -> PathBuf {
    type Packed = BTreeMap<(&'static str, Option<&'static str>), PathBuf>;
    static PACKED: Mutex<Packed> = Mutex::new(BTreeMap::new());
    let mut all = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let number = all.len();
    let pack = || {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("dispatch")
            .join(paas_config.map_or(framework.into(), |_| format!("{framework}-{number}")));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let init = [
            "init",
            "--profile",
            &format!("{framework}-framework"),
            "--name",
            "web",
            "project",
        ];
        charmwright(&init, &directory);
        let project = directory.join("project/charmcraft.yaml");
        let mut text = fs::read_to_string(&project).unwrap() + PROJECT;
        let more = MORE.iter().filter(|(name, _)| *name == framework);
        text.extend(more.map(|(_, endpoint)| *endpoint));
        fs::write(&project, text).unwrap();
        if let Some(text) = paas_config {
            fs::write(project.with_file_name("paas-config.yaml"), text).unwrap();
        }
        charmwright(
            &["pack", "--project-dir", "project", "--output", "."],
            &directory,
        );
        let charm = directory.join("charm");
        packed::unpack(&directory.join("web_amd64.charm"), &charm).unwrap();
        charm
    };
    all.entry((framework, paas_config))
        .or_insert_with(pack)
        .clone()
}

/// The packed charm of `examples/greeter`, unpacked: its own executable packs it.
fn greeter() -> PathBuf {
    static PACKED: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let pack = || {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let build = [
            "build",
            "--quiet",
            "--locked",
            "--offline",
            "--example",
            "greeter",
        ];
        run(Path::new(env!("CARGO")), &build, repository);
        let charmwright = Path::new(env!("CARGO_BIN_EXE_charmwright"));
        let program = charmwright.with_file_name("examples").join("greeter");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dispatch/greeter");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let project = repository.join("examples/greeter");
        let pack = ["pack", "--project-dir", project.to_str().unwrap()];
        run(&program, &pack, &directory);
        let charm = directory.join("charm");
        packed::unpack(&directory.join("greeter_amd64.charm"), &charm).unwrap();
        charm
    };
    packed.get_or_insert_with(pack).clone()
}

/// Lays the charm out in `directory`, and says of it what the model must know.
pub fn lay_out(directory: &Path, declared: Declared) -> Charm {
    fs::create_dir_all(directory).unwrap();
    let told = declared
        .paas_config
        .filter(|text| text.contains("actions:") || text.contains("interface:"));
    let packed = match declared.greeter {
        true => greeter(),
        false => packed(declared.framework, told),
    };
    for entry in fs::read_dir(packed).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        if name == "dispatch" {
            symlink(&path, directory.join(name)).unwrap();
        } else {
            fs::copy(&path, directory.join(name)).unwrap();
        }
    }
    if declared.database_required {
        edit(&directory.join("metadata.yaml"), |metadata| {
            metadata["requires"]["postgresql"]["optional"] = false.into();
        });
    }
    if declared.option_required {
        edit(&directory.join("config.yaml"), |config| {
            config["options"]["max-items"]["optional"] = false.into();
        });
    }
    if let Some(text) = declared.paas_config {
        fs::write(directory.join("paas-config.yaml"), text).unwrap();
    }
    describe(directory)
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, yaml::to_string(&value).unwrap()).unwrap();
}

fn describe(directory: &Path) -> Charm {
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(directory.join(name)).unwrap();
        yaml::from_str(&text).unwrap()
    };
    let (metadata, config, actions) = (
        read("metadata.yaml"),
        read("config.yaml"),
        read("actions.yaml"),
    );
    let entries = |value: &Value| -> Vec<(String, Value)> {
        let object = value.as_object().cloned().unwrap_or_default();
        object.into_iter().collect()
    };
    let mut endpoints = BTreeMap::new();
    for (section, role) in [
        ("peers", Role::Peer),
        ("provides", Role::Provider),
        ("requires", Role::Requirer),
    ] {
        for (name, body) in entries(&metadata[section]) {
            let endpoint = Endpoint {
                interface: body["interface"].as_str().unwrap().to_owned(),
                role,
                limit: body["limit"]
                    .as_u64()
                    .map(|limit| limit.try_into().unwrap()),
                optional: body["optional"].as_bool(),
            };
            endpoints.insert(name, endpoint);
        }
    }
    let option = |(name, body): (String, Value)| {
        let option = ConfigOption {
            kind: body["type"].as_str().unwrap().to_owned(),
            default: body.get("default").cloned(),
            description: String::new(),
        };
        (name, option)
    };
    let container = |(name, body): (String, Value)| {
        let resource = body["resource"].as_str().unwrap().to_owned();
        (name, resource)
    };
    Charm {
        name: "web".into(),
        revision: 1,
        directory: Some(directory.to_owned()),
        endpoints,
        containers: entries(&metadata["containers"])
            .into_iter()
            .map(container)
            .collect(),
        options: entries(&config["options"])
            .into_iter()
            .map(option)
            .collect(),
        actions: entries(&actions).into_iter().collect(),
    }
}
