//! The page of interfaces.

use std::collections::BTreeMap;

use charmwright::interfaces::table;
use charmwright::rehearsal::Told;
use charmwright::yaml::Mapping;

use super::example::{Documentation, Key, differences, keys};
use super::page::{code, codes, table as rows_of, whole};
use super::project::{repository, status, values};

/// The framework whose variables stand for those of all but Spring Boot.
const ANY: &str = "fastapi";

const INTRODUCTION: &str = "\
# Interfaces

What a charm writes to the applications that it is integrated with, what it reads of them, when it is satisfied, and what the app gets.
This page is made of `metadata/interfaces/` by the charm's own code: `UPDATE_EXPECT=1 cargo test --test reference` writes it anew.

- An endpoint of these interfaces goes under `requires` of `charmcraft.yaml`. With `optional: true` the app runs without it. Where
  another name than the usual one is used, variables of databases are called after it.
- *Application* and *unit* are databags; secrets are Juju secrets to which a databag refers. Values are examples, of an application `web` in a
  model `demo`.
- *Without it* says what comes of a provider that does not write the key: the unit's status, or which variables are missing or have another value.
- The app's variables are the same in all frameworks but Spring Boot, which has names of its own. `charmwright env` prints those of your app;
  [Variables](variables.md) has all the others.

";

/// The interfaces that the table knows, by name.
pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(repository("metadata/interfaces")).unwrap();
    let names = entries.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        Some(name.strip_suffix(".yaml")?.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// An interface that is spoken, with what is said of it.
pub struct Spoken {
    pub interface: String,
    pub documentation: Documentation,
    pub told: Told,
}

/// Those that are spoken and documented, by title.
pub fn spoken() -> Vec<Spoken> {
    let mut spoken: Vec<Spoken> = names()
        .into_iter()
        .filter_map(|interface| {
            let documentation = Documentation::read(&interface)?;
            let relation = &documentation.relation;
            match documentation.told(ANY, &interface, None, Some(relation)) {
                Ok(told) => Some(Spoken {
                    interface,
                    documentation,
                    told,
                }),
                Err(error) if error.contains("of which the charm reads nothing") => None,
                Err(error) => panic!("{interface}: {error}"),
            }
        })
        .collect();
    spoken.sort_by_key(|spoken| spoken.documentation.title.to_lowercase());
    spoken
}

pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for spoken in spoken() {
        section(&spoken, &mut page);
    }
    let text = page.trim_end();
    format!("{text}\n")
}

fn section(spoken: &Spoken, page: &mut String) {
    let Spoken {
        interface,
        documentation,
        told,
    } = spoken;
    let endpoint = &documentation.endpoint;
    let row = table::find(interface).unwrap();
    let of = |framework: &str, relation: Option<&Mapping>| {
        let told = documentation.told(framework, interface, None, relation);
        told.unwrap_or_else(|error| panic!("{interface}: {error}"))
    };
    let alone = of(ANY, None);
    page.push_str(&format!(
        "## {}\n\n{}\n\n",
        documentation.title, documentation.about
    ));

    let side = if row.provides { "provides" } else { "requires" };
    let mut facts = vec![
        vec!["interface".to_owned(), code(interface)],
        vec![
            "endpoint".to_owned(),
            format!("{}, under `{side}`", code(endpoint)),
        ],
        vec!["with".to_owned(), documentation.providers.join(", ")],
    ];
    let mut fact = |name: &str, value: String| facts.push(vec![name.to_owned(), value]);
    if !row.provides {
        let missing = match status(&alone) {
            text if text.starts_with("active") => "the app runs without it".to_owned(),
            text => whole(&text),
        };
        fact("not related, and not optional", missing);
        let empty = of(ANY, Some(&documentation.silent()));
        let nothing = match status(&empty) {
            text if text.starts_with("active") => "the app runs without it".to_owned(),
            text => whole(&text),
        };
        fact("related, and nothing said yet", nothing);
    }
    if let Some(text) = &row.only_one {
        fact("a second endpoint", whole(&format!("blocked: {text}")));
    }
    page.push_str(&rows_of(&["", ""], &facts));
    for note in &documentation.notes {
        page.push_str(&format!("- {note}\n"));
    }
    if !documentation.notes.is_empty() {
        page.push('\n');
    }

    let written = told.written.get(endpoint).cloned().unwrap_or_default();
    let bags = [("application", &written.app), ("unit", &written.unit)];
    let rows: Vec<Vec<String>> = bags
        .iter()
        .flat_map(|(place, bag)| {
            let keys = bag.iter();
            keys.map(move |(key, value)| vec![(*place).to_owned(), code(key), code(value)])
        })
        .collect();
    if rows.is_empty() {
        page.push_str("The charm writes nothing.\n\n");
    } else {
        page.push_str("The charm writes:\n\n");
        page.push_str(&rows_of(&["Bag", "Key", "Example"], &rows));
    }

    let complete = values(told);
    let rows: Vec<Vec<String>> = keys(&documentation.relation)
        .iter()
        .map(|key| {
            let without = without(key, documentation, interface, &complete);
            vec![
                key.place.clone(),
                code(&key.name),
                code(&key.value),
                without,
            ]
        })
        .collect();
    if !rows.is_empty() {
        page.push_str("The provider writes:\n\n");
        page.push_str(&rows_of(&["Where", "Key", "Example", "Without it"], &rows));
    }

    let given = differences(&complete, &values(&alone));
    let spring_alone = values(&of("spring-boot", None));
    let spring = of("spring-boot", Some(&documentation.relation));
    let spring_given = differences(&values(&spring), &spring_alone);
    variables(&given, &spring_given, page);
    let taken: Vec<&str> = spring_alone
        .keys()
        .filter(|name| !spring.variables.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !taken.is_empty() {
        page.push_str(&format!(
            "For Spring Boot it takes away {}.\n\n",
            codes(taken)
        ));
    }
    let all_files = told.files.keys().chain(spring.files.keys());
    let mut files: Vec<&str> = all_files.map(String::as_str).collect();
    files.sort_unstable();
    files.dedup();
    if !files.is_empty() {
        let whose = if told.files.is_empty() {
            ", for Spring Boot,"
        } else {
            ""
        };
        let s = if files.len() == 1 { "" } else { "s" };
        page.push_str(&format!(
            "The app finds the file{s}{whose} {}.\n\n",
            codes(files)
        ));
    }
    tls(documentation, interface, page);
}

/// What comes of a provider that does not write a key.
fn without(
    key: &Key,
    documentation: &Documentation,
    interface: &str,
    complete: &BTreeMap<String, String>,
) -> String {
    let relation = key.removed_from(&documentation.relation);
    let told = documentation
        .told(ANY, interface, None, Some(&relation))
        .unwrap_or_else(|error| panic!("{interface} without {}: {error}", key.name));
    let said = status(&told);
    if !said.starts_with("active") {
        return whole(&said);
    }
    let values = values(&told);
    let changed = differences(complete, &values);
    let (other, gone): (Vec<&str>, Vec<&str>) = changed
        .keys()
        .map(String::as_str)
        .partition(|name| values.contains_key(*name));
    let list = |word: &str, names: &[&str]| match names {
        [] => None,
        names if names.len() > 3 => Some(format!("{word} {} variables", names.len())),
        names => Some(format!("{word} {}", codes(names.iter().copied()))),
    };
    let parts = [list("no", &gone), list("another value of", &other)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn variables(
    given: &BTreeMap<String, String>,
    spring: &BTreeMap<String, String>,
    page: &mut String,
) {
    let rows: Vec<Vec<String>> = given
        .iter()
        .map(|(name, value)| {
            let same = match spring.get(name) {
                Some(other) if other == value => "the same",
                Some(_) => "another value",
                None => "none",
            };
            vec![code(name), code(value), same.to_owned()]
        })
        .collect();
    if !rows.is_empty() {
        page.push_str("The app gets:\n\n");
        page.push_str(&rows_of(&["Variable", "Example", "Spring Boot"], &rows));
    }
    let own: Vec<Vec<String>> = spring
        .iter()
        .filter(|(name, value)| given.get(*name) != Some(value))
        .map(|(name, value)| vec![format!("`{name}`"), code(value)])
        .collect();
    if !own.is_empty() {
        page.push_str("Spring Boot has of its own:\n\n");
        page.push_str(&rows_of(&["Property", "Example"], &own));
    }
}

/// What the app gets where it asks for TLS to be verified.
fn tls(documentation: &Documentation, interface: &str, page: &mut String) {
    let endpoint = &documentation.endpoint;
    let config = format!("integrations: {{{endpoint}: {{tls: verify}}}}\n");
    let of = |config: Option<&str>, relation: &Mapping| {
        let told = documentation.told(ANY, interface, config, Some(relation));
        told.unwrap_or_else(|error| panic!("{interface}: {error}"))
    };
    // An interface that has no such thing cannot be used with it at all.
    let asked = documentation.told(ANY, interface, Some(&config), Some(&documentation.relation));
    let Ok(refused) = asked else {
        return;
    };
    if refused.verdict.message.contains("paas-config.yaml: ") {
        return;
    }
    page.push_str(&format!(
        "TLS: with this in `paas-config.yaml` the app makes sure whom it talks to.\n\n```yaml\n{config}```\n\n"
    ));
    if let Some(relation) = documentation.with_tls() {
        let plain = of(None, &relation);
        let verified = of(Some(&config), &relation);
        let rows: Vec<Vec<String>> = differences(&values(&verified), &values(&plain))
            .iter()
            .map(|(name, value)| vec![code(name), whole(value)])
            .collect();
        page.push_str(&rows_of(&["Variable", "Then"], &rows));
        let files = verified.files.keys().map(String::as_str);
        let files = codes(files);
        if !files.is_empty() {
            page.push_str(&format!("The provider's CA is in {files}.\n\n"));
        }
    }
    let said = status(&refused);
    if !said.starts_with("active") {
        page.push_str(&format!(
            "With a provider that has none, the unit is {}.\n\n",
            whole(&said)
        ));
    }
}
