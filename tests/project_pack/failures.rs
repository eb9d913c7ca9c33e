//! Packing that cannot be done, told in a line.

use std::fs;
use std::process::Command;

use super::{EXECUTABLE, PROJECT, charmwright, packed, project};

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
