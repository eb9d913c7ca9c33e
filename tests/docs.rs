//! docs/ and README.md, held against what they tell of: links, commands and flags, options, statuses, YAML.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use charmwright::yaml::{self, Value};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn pages() -> Vec<PathBuf> {
    let mut pages = files_below(&repository().join("docs"), "md");
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| repository().join(name)));
    pages
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Blocks between fences: the language, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The page without its blocks.
fn prose(page: &str) -> String {
    let mut inside = false;
    let outside = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    outside.collect::<Vec<_>>().join("\n")
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let text = prose(page);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

fn links(page: &str) -> Vec<String> {
    let text = prose(page);
    let starts = text.match_indices("](").map(|(at, found)| at + found.len());
    starts
        .filter_map(|from| Some(text[from..].split_once(')')?.0.to_owned()))
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    for path in pages() {
        let page = read(&path);
        for link in links(&page) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: `{link}`", path.display());
            assert!(
                anchor.is_empty() || anchors(&read(&target)).contains(anchor),
                "{}: `{link}`",
                path.display()
            );
        }
    }
}

#[test]
fn every_page_is_in_the_index() {
    let index = repository().join("docs/README.md");
    let linked: BTreeSet<PathBuf> = links(&read(&index))
        .iter()
        .filter_map(|link| repository().join("docs").join(link).canonicalize().ok())
        .collect();
    for page in files_below(&repository().join("docs"), "md") {
        let page = page.canonicalize().unwrap();
        assert!(
            page.ends_with("docs/README.md") || linked.contains(&page),
            "{}",
            page.display()
        );
    }
}

#[test]
fn yaml_examples_are_yaml() {
    for path in pages() {
        for (language, text) in blocks(&read(&path)) {
            if language == "yaml"
                && let Err(error) = yaml::from_str::<Value>(&text)
            {
                panic!("{}: {error:?}\n{text}", path.display());
            }
        }
    }
}

#[test]
fn files_of_the_repository_that_pages_name_are_there() {
    for path in pages() {
        let text = prose(&read(&path));
        for name in text.split('`').skip(1).step_by(2) {
            let is_ours = ["docs/", "integration/", "metadata/", "src/", "tests/"]
                .iter()
                .any(|top| name.starts_with(top));
            // `NAME` stands for any; what is built or the user's own is not in the repository.
            let is_other = name.contains(|c: char| c.is_ascii_uppercase() || "* ".contains(c))
                || name.starts_with("integration/.build")
                || name.starts_with("metadata/frameworks/perl");
            assert!(
                !is_ours || is_other || name == "src/" || repository().join(name).exists(),
                "{}: `{name}`",
                path.display()
            );
        }
    }
}

/// What `--help` tells of a command.
#[derive(Debug, Default, Eq, PartialEq)]
struct Help {
    commands: Vec<String>,
    flags: BTreeSet<String>,
}

/// Flags at the beginning of a text: `-n, --num-units <N>` are two.
fn flags(text: &str) -> impl Iterator<Item = String> {
    text.split([' ', '='])
        .map(|word| word.trim_end_matches(','))
        .take_while(|word| word.len() > 1 && word.starts_with('-'))
        .map(str::to_owned)
}

fn help(words: &[String]) -> Help {
    let output = Command::new(env!("CARGO_BIN_EXE_charmwright"))
        .args(words)
        .arg("--help")
        .env("COLUMNS", "200")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut help = Help::default();
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = if line.is_empty() { section } else { line };
            continue;
        }
        let name = line.trim_start();
        match section {
            "Options:" if name.starts_with('-') => help.flags.extend(flags(name)),
            // Deeper lines go on with a description.
            section if section.ends_with("ommands:") && line.len() - name.len() == 2 => {
                help.commands
                    .extend(name.split_whitespace().next().map(str::to_owned));
            }
            _ => {}
        }
    }
    help.commands.retain(|name| name != "help");
    for everywhere in ["-h", "--help", "-V", "--version"] {
        help.flags.remove(everywhere);
    }
    help
}

/// Each command below `words`, with its flags.
fn commands(words: &[String], found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut help = help(words);
    if words.len() > 1 && words[0] == "local" {
        // Told of once, for all.
        help.flags.remove("--dir");
    }
    let is_group = !help.commands.is_empty();
    if !is_group || !help.flags.is_empty() || words.len() > 1 {
        found.insert(words.join(" "), help.flags);
    }
    for command in help.commands {
        let mut words = words.to_vec();
        words.push(command);
        commands(&words, found);
    }
}

/// Each command that the page has a heading for, with the flags in the first column of its table.
fn documented(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut command = None;
    for line in prose(page).lines() {
        if line.starts_with('#') {
            let name = line.strip_prefix("### `charmwright ");
            command = name.and_then(|name| name.strip_suffix('`'));
            if let Some(command) = command {
                found.insert(command.to_owned(), BTreeSet::new());
            }
        } else if let (Some(command), Some(row)) = (command, line.strip_prefix("| `-")) {
            let row = format!("-{}", row.split('`').next().unwrap());
            found.get_mut(command).unwrap().extend(flags(&row));
        }
    }
    found
}

#[test]
fn the_reference_has_the_commands_and_flags_that_there_are() {
    let page = read(&repository().join("docs/reference/command-line.md"));
    let mut real = BTreeMap::new();
    commands(&[], &mut real);
    let documented = documented(&page);
    assert!(real.len() > 20 && documented.len() > 20);
    for (command, flags) in &real {
        assert_eq!(
            documented.get(command),
            Some(flags),
            "charmwright {command}"
        );
    }
    for command in documented.keys() {
        assert!(
            real.contains_key(command),
            "there is no `charmwright {command}`"
        );
    }
}

#[test]
fn commands_in_examples_are_real() {
    let mut real = BTreeMap::new();
    commands(&[], &mut real);
    for path in pages() {
        for (_, text) in blocks(&read(&path)) {
            for line in text.lines() {
                let command = line.trim_start_matches("$ ");
                let Some(rest) = command.strip_prefix("charmwright ") else {
                    continue;
                };
                let words: Vec<&str> = rest.split_whitespace().collect();
                if words[0].starts_with('-') {
                    continue;
                }
                let command = (1..=words.len().min(3))
                    .rev()
                    .map(|count| words[..count].join(" "))
                    .find(|command| real.contains_key(command));
                let Some(command) = command else {
                    panic!("{}: `{line}`", path.display());
                };
                let mut known = real[&command].clone();
                if command.starts_with("local") {
                    known.insert("--dir".into());
                }
                for word in words.iter().take_while(|word| !"|>&#".contains(**word)) {
                    let flag = word.split('=').next().unwrap();
                    assert!(
                        !flag.starts_with("--") || known.contains(flag),
                        "{}: `{line}` has `{flag}`",
                        path.display()
                    );
                }
            }
        }
    }
}

/// The cells of a table's row.
fn cells(row: &str) -> Option<Vec<&str>> {
    let row = row.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(row.split(" | ").collect())
}

#[test]
fn every_key_of_a_framework_file_is_in_the_reference() {
    let page = read(&repository().join("docs/reference/framework-file.md"));
    let mut known = BTreeSet::new();
    for section in ["charm", "rock", "runtime"] {
        let source = read(&repository().join(format!("src/frameworks/{section}.rs")));
        // Types that are read from the file say so; a field may be called otherwise there, or not be in it.
        let types = source.split("#[derive(").filter(|part| {
            part.lines()
                .next()
                .is_some_and(|derived| derived.contains("Deserialize"))
                && part.contains("struct ")
        });
        for text in types {
            let body = text.split_once("struct ").unwrap().1;
            let body = body.split("\n}").next().unwrap();
            let mut renamed = None;
            for line in body.lines().map(str::trim) {
                if line.contains("serde(skip)") || line.contains("serde(flatten)") {
                    renamed = Some("");
                } else if let Some((_, name)) = line.split_once("rename = \"") {
                    renamed = name.split('"').next();
                }
                let field = line.strip_prefix("pub ").unwrap_or(line);
                let Some((field, _)) = field.split_once(": ") else {
                    continue;
                };
                if field.starts_with('#') || field.starts_with('/') || field.contains(' ') {
                    continue;
                }
                let name = renamed
                    .take()
                    .map_or(field.replace('_', "-"), str::to_owned);
                known.insert(name.clone());
                assert!(
                    name.is_empty() || page.contains(&format!("`{name}`")),
                    "{section}: `{name}` is not in the reference"
                );
            }
        }
    }
    assert!(known.len() > 70, "only {} keys were found", known.len());
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let first = row.split(" | ").next().unwrap();
        for name in first.trim_end_matches('`').split("`, `") {
            let is_known = known.contains(name) || ["charm", "rock", "runtime"].contains(&name);
            assert!(is_known, "there is no key `{name}`");
        }
    }
}

/// All of the charm's source, with the blanks that a literal's line break leaves out.
fn runtime_source() -> String {
    let mut source = read(&repository().join("src/paas_config.rs"));
    for (directory, extension) in [
        ("src/runtime", "rs"),
        ("src/interfaces", "rs"),
        ("metadata/interfaces", "yaml"),
    ] {
        for path in files_below(&repository().join(directory), extension) {
            source += &read(&path);
        }
    }
    source.replace("\\\"", "\"")
}

/// The parts of a status's text that are the same whatever it is about.
fn fixed_parts(message: &str) -> Vec<String> {
    let names = [
        "ENDPOINT",
        "http-proxy",
        "hydra",
        "squid",
        "KEY",
        "OPTION",
        "APP",
        "LAST LINE",
        "postgresql",
        "fastapi",
        "app-secret-key-id",
        "app-secret-key",
        "a, b",
        "python3 migrate.py",
        "exit code 1",
        "code 1",
        "<secret>",
        "…",
        ": c",
    ];
    let mut text = message.to_owned();
    for name in names {
        text = text.replace(name, "\0");
    }
    text.split('\0')
        .map(|part| part.trim_matches([' ', ':', '(', ')']).to_owned())
        .filter(|part| part.chars().count() > 3)
        .collect()
}

#[test]
fn every_status_of_the_reference_is_in_the_source() {
    let page = read(&repository().join("docs/reference/charm.md"));
    let source = runtime_source();
    let section = page.split("## Statuses").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut count = 0;
    for row in section
        .lines()
        .filter_map(cells)
        .filter(|row| row.len() == 3)
    {
        for message in row[1].split("`, `") {
            if !row[1].contains('`') {
                continue;
            }
            for part in fixed_parts(message.trim_matches(['`', ' '])) {
                count += 1;
                assert!(source.contains(&part), "`{part}` of {}", row[1]);
            }
        }
    }
    assert!(count > 15, "only {count} texts were found");
}

#[test]
fn the_texts_of_the_source_are_in_the_reference() {
    let page = read(&repository().join("docs/reference/charm.md"));
    for text in [
        "Waiting for pebble ready",
        "Waiting for peer integration",
        "Waiting for secret key creation",
        "Preparing service for restart",
        "missing integrations: ",
        "missing options",
        "invalid options",
        "will retry in next update-status",
        "Pebble refused: ",
        "only leader unit can rotate secret key",
        "charm is still initializing",
    ] {
        assert!(
            runtime_source().contains(text),
            "`{text}` is not in the source"
        );
        assert!(page.contains(text), "`{text}` is not in the reference");
    }
}

#[test]
fn the_parts_of_a_page_are_told_apart() {
    let page = "# A `b` c!\n[x](y.md#z) `[`\n```yaml\na: 1\n# no\n[n](o)\n```\n## D_e-f\n";
    assert_eq!(links(page), ["y.md#z"]);
    assert_eq!(anchors(page), ["a-b-c".into(), "d_e-f".into()].into());
    assert_eq!(
        blocks(page),
        [("yaml".into(), "a: 1\n# no\n[n](o)\n".into())]
    );
    let table =
        "### `charmwright a b`\n| `-n, --num <N>` | x |\n| `--y` | `--z` |\n## C\n| `--no` | |\n";
    let expected: BTreeSet<String> = ["-n", "--num", "--y"].map(str::to_owned).into();
    assert_eq!(documented(table), [("a b".into(), expected)].into());
}
