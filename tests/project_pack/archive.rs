//! The zip: its entries, their modes, and the same bytes for the same project.

use std::fs;
use std::io::Cursor;

use charmwright::project::charm::packed;

use super::{PROJECT, judge, packed, project};

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
