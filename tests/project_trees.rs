//! Before and after: each directory of tests/project/ is a command line (`args`), the files that it starts with (`in/`),
//! what it says (`said`) and the files that it ends with (`out/`; a `.charm` is shown unpacked, as a directory `….charm.d`).
//!
//! `UPDATE_EXPECT=1 cargo test --test project_trees` writes `said` and `out/` anew: read the difference before keeping it.

// Helpers of tests are not themselves tests, which is what the lint excepts.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/project");

#[test]
fn every_command_leaves_the_tree_it_should() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut names: Vec<_> = fs::read_dir(CASES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= 15, "{}", names.len());
    let mut wrong = Vec::new();
    for case in names {
        let (said, out) = run(&case);
        if update {
            fs::write(case.join("said"), said).unwrap();
            let _ = fs::remove_dir_all(case.join("out"));
            for (name, content) in out {
                let path = case.join("out").join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            continue;
        }
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let expected = fs::read_to_string(case.join("said")).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{name}: said\n{said}\ninstead of\n{expected}"));
        }
        let expected = tree(&case.join("out"));
        for file in out.keys().chain(expected.keys()) {
            if out.get(file) != expected.get(file) {
                let (ours, theirs) = (out.get(file), expected.get(file));
                wrong.push(format!(
                    "{name}: {file} is\n{ours:?}\ninstead of\n{theirs:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What the command says, and the tree that it leaves.
fn run(case: &Path) -> (String, BTreeMap<String, String>) {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join("hello-world");
    fs::create_dir(&directory).unwrap();
    for (name, content) in tree(&case.join("in")) {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let arguments = fs::read_to_string(case.join("args")).unwrap();
    let mut arguments = shlex::split(&arguments).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_charmwright"));
    command.env_remove("CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS");
    while let Some((name, value)) = arguments[0].split_once('=') {
        command.env(name, value);
        arguments.remove(0);
    }
    let output = command
        .args(&arguments)
        .current_dir(&directory)
        .output()
        .unwrap();
    let home = directory.canonicalize().unwrap();
    let clean = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .replace(home.to_str().unwrap(), "[DIR]")
            .replace(env!("CARGO_BIN_EXE_charmwright"), "[EXE]")
    };
    let said = format!(
        "exit: {}\n--- output\n{}--- errors\n{}",
        output.status.code().unwrap(),
        clean(&output.stdout),
        clean(&output.stderr)
    );
    // The executable's size is another with every build.
    let said = match said.split_once("\"size\":") {
        Some((before, after)) => {
            format!(
                "{before}\"size\":0{}",
                after.trim_start_matches(|c: char| c.is_ascii_digit())
            )
        }
        None => said,
    };
    (said, tree(&directory))
}

/// All files below a directory by name; none when it is not there. Names that begin with a dot begin with `dot` here.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let name = name
                .strip_prefix('.')
                .map_or(name.to_owned(), |rest| format!("dot.{rest}"));
            let name = name
                .strip_prefix("dot.dot.")
                .map_or(name.clone(), |rest| format!(".{rest}"));
            if path.is_dir() {
                directories.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "charm")
            {
                for (entry, content) in charm(&path) {
                    found.insert(format!("{name}.d/{entry}"), content);
                }
            } else {
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The entries of a charm; `dispatch`, which is checked to be our own executable, is shown as such.
fn charm(path: &Path) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let own = fs::read(env!("CARGO_BIN_EXE_charmwright")).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut entry = zip.by_index(index).unwrap();
            let name = entry.name().unwrap().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let text = if name == "dispatch" {
                assert!(content == own, "dispatch is the executable that packed");
                "the executable\n".to_owned()
            } else {
                String::from_utf8(content).unwrap()
            };
            (name, text)
        })
        .collect()
}
