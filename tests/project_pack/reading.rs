//! Charms read and unpacked again, good, bad and damaged.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use charmwright::project::charm::packed;
use zip::write::SimpleFileOptions;

use super::{PROJECT, packed, project};

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
