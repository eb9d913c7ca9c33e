//! A model in a directory of its own, and a charm that does what a test tells it while it runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Generous: the machine may be busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);

/// Logs its event and environment, then does what the file of its event's name in `hooks/` says, if there is one.
const DISPATCH: &str = r#"#!/bin/sh
name=${JUJU_DISPATCH_PATH##*/}
unit=$(echo "$JUJU_UNIT_NAME" | tr / -)
env > "@/environment-$unit-$name"
pwd > "@/directory-$unit-$name"
case $JUJU_DISPATCH_PATH in
    actions/*) name=action:$name ;;
esac
[ -n "$JUJU_REMOTE_UNIT" ] && name="$name $JUJU_REMOTE_UNIT"
echo "$name" >> "@/events-$unit"
file="@/hooks/${JUJU_DISPATCH_PATH##*/}"
[ -f "@/hooks/any" ] && . "@/hooks/any"
[ -f "$file" ] && . "$file"
exit 0
"#;

const METADATA: &str = "
name: demo
peers: {secret-storage: {interface: peer}}
provides: {web: {interface: http}}
requires:
  db: {interface: postgresql_client, limit: 1, optional: true}
  mail: {interface: smtp}
";

const CONFIG: &str = "
options:
  greeting: {type: string, default: Hello, description: What to say.}
  key: {type: secret, description: A secret.}
  number: {type: int, description: How many.}
";

const ACTIONS: &str = "
echo:
  description: Says a word.
  params: {word: {type: string}}
fail: {}
";

/// A model, destroyed when the test ends.
pub struct Model {
    root: tempfile::TempDir,
    project: PathBuf,
}

impl Model {
    /// A model that is still to be started.
    pub fn new() -> Self {
        Self::in_directory("project")
    }

    /// The same in a directory of that name.
    pub fn in_directory(name: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join(name);
        fs::create_dir_all(&project).unwrap();
        fs::create_dir(root.path().join("hooks")).unwrap();
        Self { root, project }
    }

    /// A started model with the application `demo` of one unit, idle.
    pub fn with_demo() -> Self {
        let model = Self::new();
        model.hook("start", "status-set active ready");
        let charm = model.charm();
        model.ok(&["deploy", &charm]);
        model.wait();
        model
    }

    /// Packs the charm and answers with its path.
    pub fn charm(&self) -> String {
        self.charm_with("demo.charm", METADATA, CONFIG)
    }

    /// Packs another charm.
    pub fn charm_with(&self, name: &str, metadata: &str, config: &str) -> String {
        let path = self.root.path().join(name);
        let dispatch = DISPATCH.replace('@', &self.root.path().display().to_string());
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, mode, content) in [
            ("metadata.yaml", 0o644, metadata),
            ("config.yaml", 0o644, config),
            ("actions.yaml", 0o644, ACTIONS),
            ("dispatch", 0o755, &dispatch),
        ] {
            let options = zip::write::SimpleFileOptions::DEFAULT.unix_permissions(mode);
            zip.start_file(name, options).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path.display().to_string()
    }

    /// What the charm's metadata is.
    pub fn metadata() -> &'static str {
        METADATA
    }

    /// What the charm's options are.
    pub fn options() -> &'static str {
        CONFIG
    }

    /// From now on the charm does this at the event: hooks are one shell text each, `any` is for all.
    pub fn hook(&self, name: &str, script: &str) {
        let path = self.root.path().join("hooks").join(name);
        let beside = self.root.path().join("hook.new");
        fs::write(&beside, format!("{script}\n")).unwrap();
        fs::rename(beside, path).unwrap();
    }

    /// From now on the charm does nothing at the event.
    pub fn no_hook(&self, name: &str) {
        fs::remove_file(self.root.path().join("hooks").join(name)).unwrap();
    }

    /// Where a test's charm may leave things.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The directory that the model is in.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// What a hook has left in the file of that name.
    pub fn left(&self, name: &str) -> String {
        fs::read_to_string(self.root.path().join(name)).unwrap_or_default()
    }

    /// The events that a unit has handled, as `name` or `name REMOTE-UNIT`.
    pub fn events(&self, unit: &str) -> Vec<String> {
        let text = self.left(&format!("events-{}", unit.replace('/', "-")));
        text.lines().map(str::to_owned).collect()
    }

    /// Forgets the events so far.
    pub fn forget_events(&self) {
        for entry in fs::read_dir(self.root.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("events-") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Runs `charmwright local …` and answers with how it went.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_charmwright"))
            .arg("local")
            .args(arguments)
            .current_dir(&self.project)
            .env("A_VARIABLE_OF_THE_USER", "x")
            .output()
            .unwrap()
    }

    /// Runs `charmwright local …`, which must succeed, and answers with what it printed.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?} failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `charmwright local …`, which must fail with exit code 1, and answers with what it said.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Waits until all is idle and active.
    #[track_caller]
    pub fn wait(&self) {
        self.ok(&["wait", "--timeout", "60"]);
    }

    /// `status` as data.
    #[track_caller]
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--format", "json"])).unwrap()
    }

    /// A unit in `status`.
    #[track_caller]
    pub fn unit(&self, unit: &str) -> Value {
        let application = unit.split_once('/').unwrap().0;
        self.status()["applications"][application]["units"][unit].clone()
    }

    /// Waits for something, which is described for when it does not come.
    #[track_caller]
    pub fn until(&self, what: &str, mut is: impl FnMut() -> bool) {
        let limit = Instant::now() + LIMIT;
        while !is() {
            let log = fs::read_to_string(self.project.join(".charmwright/logs/model.log"));
            assert!(
                Instant::now() < limit,
                "{what} did not come\n{}",
                log.unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is stored of the model.
    pub fn stored(&self) -> Value {
        let text = fs::read(self.project.join(".charmwright/model.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["model"].clone()
    }

    /// The processes that have something of this model on their command line or as their directory.
    pub fn processes(&self) -> Vec<i32> {
        let root = self.root.path().display().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
                continue;
            };
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let state = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let gone = state
                .rsplit_once(')')
                .is_none_or(|(_, fields)| fields.trim_start().starts_with('Z'));
            if !gone
                && (String::from_utf8_lossy(&command).contains(&root)
                    || cwd.starts_with(self.root.path()))
            {
                found.push(pid);
            }
        }
        found
    }

    /// The daemon's process.
    pub fn daemon(&self) -> Option<i32> {
        self.processes().into_iter().find(|pid| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            command.ends_with(b"\0daemon\0")
        })
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        if self.project.join(".charmwright").exists() {
            self.run(&["destroy"]);
        }
    }
}
