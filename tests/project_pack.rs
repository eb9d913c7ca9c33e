//! The `.charm` itself: its zip, entry by entry, and what Juju's own reader makes of it.

// Helpers of tests are not themselves tests, which is what the lint excepts.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use charmwright::project::charm::packed;
use zip::write::SimpleFileOptions;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_charmwright");

const PROJECT: &str = "name: hello-world\ntype: charm\nbase: ubuntu@24.04\nplatforms: {amd64: null}\nsummary: s\n\
                       description: d\nextensions: [fastapi-framework]\n";

/// A project directory with the given `charmcraft.yaml`.
fn project(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("charmcraft.yaml"), text).unwrap();
    directory
}

fn charmwright(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(EXECUTABLE)
        .args(arguments)
        .current_dir(directory)
        .env("CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS", "1")
        .output()
        .unwrap()
}

fn packed(directory: &Path) -> PathBuf {
    let output = charmwright(directory, &["pack"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    directory.join(said.trim().strip_prefix("Packed ").unwrap())
}

/// What Juju's own reader says of a charm: what it found, or its error.
fn judge(charm: &Path, expand: Option<&Path>) -> Result<serde_json::Value, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/integration/charmreader.sh");
    let built = Command::new(script).output().unwrap();
    assert!(
        built.status.success(),
        "integration/charmreader.sh failed: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    let reader = String::from_utf8(built.stdout).unwrap();
    let output = Command::new(reader.trim())
        .arg(charm)
        .args(expand)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

#[test]
fn the_zip_is_as_juju_needs_it() {
    let directory = project(PROJECT);
    fs::create_dir_all(directory.path().join("cos_custom/grafana_dashboards")).unwrap();
    fs::write(
        directory
            .path()
            .join("cos_custom/grafana_dashboards/a.json"),
        "{}",
    )
    .unwrap();
    fs::write(directory.path().join("icon.svg"), "<svg/>").unwrap();
    let bytes = fs::read(packed(directory.path())).unwrap();

    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mode = if name == "dispatch" {
            0o100_755
        } else {
            0o100_644
        };
        assert_eq!(entry.unix_mode(), Some(mode), "{name}");
        assert_eq!(
            entry.compression(),
            zip::CompressionMethod::Deflated,
            "{name}"
        );
        let time = entry.last_modified().unwrap();
        assert_eq!(
            (time.year(), time.month(), time.day(), time.hour()),
            (1980, 1, 1, 0),
            "{name}"
        );
        assert!(!entry.is_dir());
        names.push(name);
    }
    assert_eq!(
        names,
        [
            "actions.yaml",
            "config.yaml",
            "cos_custom/grafana_dashboards/a.json",
            "dispatch",
            "icon.svg",
            "manifest.yaml",
            "metadata.yaml"
        ]
    );
    // The central directory: "version made by" has the host system in its high byte, and 3 is Unix (APPNOTE 4.4.2).
    let mut entries = 0;
    for at in 0..bytes.len().saturating_sub(46) {
        if bytes[at..].starts_with(b"PK\x01\x02") && bytes[at + 5] <= 20 {
            assert_eq!(bytes[at + 5], 3);
            entries += 1;
        }
    }
    assert_eq!(entries, names.len());
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let directory = project(PROJECT);
    let first = fs::read(packed(directory.path())).unwrap();
    let elsewhere = project(PROJECT);
    assert!(first == fs::read(packed(elsewhere.path())).unwrap());
    assert!(first == fs::read(packed(directory.path())).unwrap());
}

#[test]
fn an_edit_of_an_option_is_packed_at_once() {
    let directory = project(PROJECT);
    let charm = packed(directory.path());
    assert!(
        !packed::read(&charm)
            .unwrap()
            .options
            .contains_key("greeting")
    );
    let edited =
        format!("{PROJECT}config: {{options: {{greeting: {{type: string, default: Hi!}}}}}}\n");
    fs::write(directory.path().join("charmcraft.yaml"), edited).unwrap();
    assert_eq!(packed(directory.path()), charm);
    assert_eq!(
        packed::read(&charm).unwrap().options["greeting"]["default"],
        "Hi!"
    );
}

#[test]
fn juju_takes_the_charm_of_every_framework_and_finds_its_dispatch() {
    for framework in [
        "django",
        "expressjs",
        "fastapi",
        "flask",
        "go",
        "spring-boot",
    ] {
        for base in ["ubuntu@24.04", "ubuntu@26.04"] {
            let directory = tempfile::tempdir().unwrap();
            let profile = format!("{framework}-framework");
            let output = charmwright(
                directory.path(),
                &[
                    "init",
                    "--profile",
                    &profile,
                    "--name",
                    "hello-world",
                    "--base",
                    base,
                ],
            );
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let charm = packed(directory.path());
            let expanded = tempfile::tempdir().unwrap();
            let found = judge(&charm, Some(expanded.path()))
                .unwrap_or_else(|error| panic!("{framework} on {base}: {error}"));
            assert_eq!(found["name"], "hello-world");
            assert_eq!(found["bases"], serde_json::json!([format!("{base}:amd64")]));
            let dispatch = found["dispatch"].as_str().unwrap();
            assert!(fs::read(dispatch).unwrap() == fs::read(EXECUTABLE).unwrap());
        }
    }
}

#[test]
fn juju_takes_the_charm_of_a_framework_of_the_projects_own() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/project/pack-own-framework/in");
    let directory = tempfile::tempdir().unwrap();
    let own = "metadata/frameworks/perl.yaml";
    fs::create_dir_all(directory.path().join("metadata/frameworks")).unwrap();
    for file in ["charmcraft.yaml", own] {
        fs::copy(project.join(file), directory.path().join(file)).unwrap();
    }
    let expanded = tempfile::tempdir().unwrap();
    let found = judge(&packed(directory.path()), Some(expanded.path())).unwrap();
    let dispatch = Path::new(found["dispatch"].as_str().unwrap());
    let there = dispatch.parent().unwrap().join(own);
    assert_eq!(
        fs::read_to_string(there).unwrap(),
        fs::read_to_string(project.join(own)).unwrap()
    );
}

#[test]
fn the_whole_template_uncommented_packs_too() {
    for base in ["ubuntu@24.04", "ubuntu@26.04"] {
        let directory = tempfile::tempdir().unwrap();
        let arguments = [
            "init",
            "--profile",
            "fastapi-framework",
            "--name",
            "hello-world",
            "--base",
            base,
        ];
        charmwright(directory.path(), &arguments);
        let path = directory.path().join("charmcraft.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once("# config:").unwrap();
        let after: String = after
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .filter(|line| line.is_empty() || line.starts_with(' ') || line.ends_with(':'))
            .map(|line| format!("{line}\n"))
            .collect();
        fs::write(&path, format!("{before}config:{after}")).unwrap();
        let found = judge(&packed(directory.path()), None).unwrap();
        assert_eq!(found["options"]["greeting"]["default"], "Hello, world!");
        let count = if base.ends_with("24.04") { 12 } else { 11 };
        assert_eq!(
            found["endpoints"].as_object().unwrap().len(),
            5 + count,
            "{base}"
        );
    }
}

#[test]
fn juju_reads_every_string_as_it_was_written() {
    let strings = [
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "n",
        "true",
        "null",
        "~",
        "24.04",
        "0755",
        "0o17",
        "1_000",
        "12:30:45",
        "1e3",
        "0x1f",
        ".inf",
        ".NaN",
        "2026-11-21",
        "2026-11-21T09:21:22Z",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "#",
        "a\nb",
        "a\n\nb\n",
        " a",
        "a ",
        "a\tb",
        "\u{e9}\u{1f600}",
        "'",
        "\"",
        "\\",
        "{}",
        "[]",
        "%",
        "@",
        "`",
        "\u{7}",
        "\u{2028}",
        "a\n b\n",
        "\n",
        "+1",
        "0b1",
        "!x",
        "&x",
        "*x",
        "?",
        "? x",
        ":",
        "-",
        "--- a",
        "...",
    ];
    let options: serde_json::Map<String, serde_json::Value> = strings
        .iter()
        .enumerate()
        .map(|(index, text)| {
            (
                format!("o{index}"),
                serde_json::json!({"type": "string", "default": text, "description": text}),
            )
        })
        .chain([(
            "on".to_owned(),
            serde_json::json!({"type": "string", "default": "1.0", "description": "d"}),
        )])
        .collect();
    // JSON is YAML.
    let text = format!(
        "{PROJECT}config: {}\n",
        serde_json::json!({"options": options})
    );
    let directory = project(&text);
    let found = judge(&packed(directory.path()), None).unwrap();
    for (name, option) in &options {
        assert_eq!(
            found["options"][name]["default"], option["default"],
            "{name}"
        );
    }
}

#[test]
fn what_juju_would_refuse_is_refused_before() {
    for (more, text) in [
        ("requires: {a: {limit: 1}}", "has no `interface`"),
        ("requires: {juju-a: {interface: b}}", "reserved by Juju"),
        (
            "requires: {a: {interface: b}}\nprovides: {a: {interface: b}}",
            "used twice",
        ),
        ("requires: {secret-storage: {interface: b}}", "used twice"),
        ("provides: {a: {interface: juju-b}}", "which Juju reserves"),
        (
            "requires: {a: {interface: b, limit: x}}",
            "not a whole number",
        ),
        (
            "requires: {a: {interface: b, scope: x}}",
            "neither `global` nor `container`",
        ),
        (
            "requires: {a: {interface: b, optional: 1}}",
            "neither true nor false",
        ),
        ("charm-user: nobody", "none that Juju knows"),
        ("subordinate: true", "cannot be a subordinate"),
        ("terms: x", "not a list of texts"),
        ("actions: {rotate_key: {description: d}}", "bad action name"),
        ("actions: {juju-x: {description: d}}", "reserved by Juju"),
        ("actions: {a: {description: 1}}", "is not a text"),
        ("actions: {a: {params: [x]}}", "is not a mapping of names"),
        ("actions: {a: {params: {b: {type: str}}}}", "does not know"),
        (
            "actions: {a: {params: {b: {$ref: c}}}}",
            "refuses in the schema",
        ),
        ("actions: {a: {required: x}}", "is not a list"),
        ("actions: {a: {parallel: 1}}", "is not true or false"),
        ("config: {options: {a: {type: str}}}", "unknown type `str`"),
        (
            "config: {options: {a: {type: int, default: hi}}}",
            "expected int, got hi",
        ),
        (
            "config: {options: {a: {type: int, default: 1.5}}}",
            "expected int, got 1.5",
        ),
        (
            "config: {options: {a: {type: boolean, default: 'yes'}}}",
            "expected boolean, got 'yes'",
        ),
        (
            "config: {options: {a: {type: secret, default: x}}}",
            "expected secret, got x",
        ),
    ] {
        let directory = project(&format!("{PROJECT}{more}\n"));
        let output = charmwright(directory.path(), &["pack"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{more}: {said}");
        assert!(said.contains(text), "{more}: {said}");
        assert!(
            said.contains("charmcraft.yaml:"),
            "{more} has a place: {said}"
        );
        assert!(!directory.path().join("hello-world_amd64.charm").exists());
    }
}

#[test]
fn a_dynamic_executable_is_refused_with_how_to_build_a_static_one() {
    let directory = project(PROJECT);
    let output = charmwright(directory.path(), &["pack", "--runtime", "/bin/sh"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("dynamically linked") && said.contains("target-feature=+crt-static"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_disk_that_is_full_leaves_the_old_charm_and_says_which_file() {
    let directory = project(PROJECT);
    let charm = packed(directory.path());
    fs::write(&charm, "the old one").unwrap();
    // A limit on the size of files stands for the full disk: the same call fails in the same place.
    let output = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 64; exec \"$0\" pack",
            EXECUTABLE,
        ])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("hello-world_amd64.charm"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(fs::read_to_string(&charm).unwrap(), "the old one");
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn an_output_that_is_no_directory_is_named() {
    let directory = project(PROJECT);
    let output = charmwright(directory.path(), &["pack", "--output", "charmcraft.yaml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("`charmcraft.yaml`"), "{said}");
}

#[test]
fn a_packed_charm_can_be_read_and_unpacked() {
    let directory = project(PROJECT);
    let charm = packed(directory.path());
    let into = tempfile::tempdir().unwrap();
    packed::unpack(&charm, into.path()).unwrap();
    packed::unpack(&charm, into.path()).unwrap();
    for source in [charm.as_path(), into.path()] {
        let read = packed::read(source).unwrap();
        assert_eq!(read.name, "hello-world");
        assert_eq!(read.metadata["containers"]["app"]["resource"], "app-image");
        assert_eq!(read.options["webserver-port"]["default"], 8080);
        assert!(read.actions.contains_key("rotate-secret-key"));
        assert_eq!(read.manifest["charmwright"]["framework"], "fastapi");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(into.path().join("dispatch"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o755);
}

/// A zip with the given entries: name, mode and content.
fn zip_of(entries: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::DEFAULT.system(zip::System::Unix);
        if mode & 0o170_000 == 0o120_000 {
            zip.add_symlink(*name, *content, options).unwrap();
        } else {
            zip.start_file(*name, options.unix_permissions(*mode))
                .unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_charm_that_reaches_out_of_its_directory_is_refused() {
    for (entries, text) in [
        (vec![("../x", 0o644, "")], "is outside of it"),
        (vec![("/tmp/x", 0o644, "")], "is outside of it"),
        (vec![("a/../../x", 0o644, "")], "is outside of it"),
        (vec![("a", 0o120_777, "/etc")], "points out of it"),
        (vec![("a", 0o120_777, "../x")], "points out of it"),
        (vec![("b/a", 0o120_777, "../../x")], "points out of it"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let charm = directory.path().join("x.charm");
        fs::write(&charm, zip_of(&entries)).unwrap();
        let into = directory.path().join("in/to");
        let error = packed::unpack(&charm, &into).unwrap_err().to_string();
        assert!(error.contains(text), "{entries:?}: {error}");
        assert!(!directory.path().join("x").exists() && !directory.path().join("in/x").exists());
    }
}

#[test]
fn links_inside_a_charm_are_kept_and_nothing_is_written_through_them() {
    let directory = tempfile::tempdir().unwrap();
    let charm = directory.path().join("x.charm");
    fs::write(
        &charm,
        zip_of(&[("d/f", 0o644, "f"), ("hooks/install", 0o120_777, "../d/f")]),
    )
    .unwrap();
    let into = directory.path().join("into");
    packed::unpack(&charm, &into).unwrap();
    assert_eq!(
        fs::read_link(into.join("hooks/install")).unwrap(),
        Path::new("../d/f")
    );
}

#[test]
fn what_is_no_charm_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let good = ("metadata.yaml", 0o644, "name: a\n");
    for (path, text) in [
        (directory.path().to_owned(), "has no metadata.yaml"),
        (directory.path().join("absent.charm"), "cannot read"),
        (file("text.charm", b"hello"), "is no zip"),
        (file("empty.charm", &zip_of(&[])), "has no metadata.yaml"),
        (file("bare.charm", &zip_of(&[good])), "has no `dispatch`"),
        (
            file(
                "broken.charm",
                &zip_of(&[("metadata.yaml", 0o644, "a: [b"), ("dispatch", 0o755, "")]),
            ),
            "is not YAML at line",
        ),
        (
            file(
                "list.charm",
                &zip_of(&[("metadata.yaml", 0o644, "- a"), ("dispatch", 0o755, "")]),
            ),
            "is not a mapping",
        ),
        (
            file(
                "unnamed.charm",
                &zip_of(&[("metadata.yaml", 0o644, "a: b"), ("dispatch", 0o755, "")]),
            ),
            "has no `name`",
        ),
    ] {
        let error = packed::read(&path).unwrap_err().to_string();
        assert!(error.contains(text), "{}: {error}", path.display());
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_damaged_charm_is_an_error_and_never_a_crash() {
    let whole = zip_of(&[
        ("metadata.yaml", 0o644, "name: a\n"),
        ("dispatch", 0o755, "x"),
    ]);
    let directory = tempfile::tempdir().unwrap();
    let charm = directory.path().join("x.charm");
    for at in 0..whole.len() {
        for damaged in [whole[..at].to_vec(), {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            bytes
        }] {
            fs::write(&charm, damaged).unwrap();
            let _ = packed::read(&charm);
            let _ = packed::unpack(&charm, &directory.path().join("into"));
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is_one_line() {
    let directory = project(PROJECT);
    let run = |shell: &str| {
        let output = Command::new("sh")
            .args(["-c", shell, EXECUTABLE])
            .current_dir(directory.path())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(
        run("(\"$0\" expand-extensions; echo $? >code) | true; test $(cat code) = 0"),
        (Some(0), String::new())
    );
    let (code, said) = run("\"$0\" expand-extensions >/dev/full");
    assert_eq!(code, Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_unit_gets_the_files_with_the_modes_of_the_contracts_good_case() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contract/juju-charm-zip.yaml"
    ))
    .unwrap();
    let cases: Vec<charmwright::yaml::Value> = charmwright::yaml::from_str(&text).unwrap();
    let good = cases.iter().find(|case| case["case"] == "ok").unwrap();
    let directory = project(PROJECT);
    let expanded = tempfile::tempdir().unwrap();
    judge(&packed(directory.path()), Some(expanded.path())).unwrap();
    let mut seen = 0;
    for (name, mode) in good["repacked"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        let expected = match mode.as_str().unwrap() {
            "-rwxr-xr-x" | "drwxr-xr-x" => 0o755,
            "-rw-r--r--" => 0o644,
            other => panic!("{name}: {other}"),
        };
        let metadata = fs::metadata(expanded.path().join("unit").join(name)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, expected, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}
