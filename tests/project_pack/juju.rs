//! Charms that Juju takes, and those that it would refuse.

use std::fs;
use std::path::Path;

use super::{EXECUTABLE, PROJECT, charmwright, judge, packed, project};

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
