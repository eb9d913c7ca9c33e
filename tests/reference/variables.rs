//! The page of variables.

use std::collections::{BTreeMap, BTreeSet};

use charmwright::frameworks::Frameworks;
use charmwright::rehearsal::Told;
use charmwright::yaml::{self, Value};

use super::interfaces::spoken;
use super::page::{code, codes, table};
use super::project::{Project, repository, values};

const BASES: [&str; 2] = ["24.04", "26.04"];

const INTRODUCTION: &str = "\
# Variables

Every variable that an app gets, and where it comes from. This page is made of `metadata/` by the charm's own code:
`UPDATE_EXPECT=1 cargo test --test reference` writes it anew. For an app of your own, `charmwright env` prints them with their values.

Where several would set a variable, the later one of these does: the rock; your own options; the framework's options; the app's URL; the secret key;
proxies; other units; integrations; what the framework makes of other facts.

*By default* is the value when no option is set and nothing is related, for an application `web` in a model `demo`: of charms on bases up to 24.04, and of those
on base 26.04. *Absent* is a variable that is there only when something sets it; a dash is one that charms on that base do not have. `YOUR_OPTION` stands for
any option that the project declares, and `YOUR_SECRET_KEY_NAME` for a key of a secret that one names.

";

/// What a charm tells when nothing is set, and when all is.
struct Both {
    nothing: Told,
    all: Told,
}

pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for framework in Frameworks::shipped().names() {
        let title = title(&framework);
        page.push_str(&format!("## {title}\n\n"));
        let of: Vec<Both> = BASES.iter().map(|base| both(&framework, base)).collect();
        page.push_str(&table(
            &[
                "Variable",
                "From",
                "By default, to 24.04",
                "By default, 26.04",
            ],
            &rows(&of),
        ));
    }
    page.push_str("## Integrations\n\nWhat each is made of, with examples, is in [Interfaces](interfaces.md).\n\n");
    page.push_str(&table(
        &[
            "Integration",
            "All frameworks but Spring Boot",
            "Spring Boot",
        ],
        &integrations(),
    ));
    let text = page.trim_end();
    format!("{text}\n")
}

fn title(framework: &str) -> String {
    let path = format!("metadata/frameworks/{framework}.yaml");
    let text = std::fs::read_to_string(repository(&path)).unwrap();
    let data: Value = yaml::from_str(&text).unwrap();
    data["charm"]["title"].as_str().unwrap().to_owned()
}

fn both(framework: &str, base: &str) -> Both {
    let more = "config: {options: {\
        your-option: {type: string, description: d}, \
        your-secret: {type: secret, description: d}}}\n";
    let mut project = Project::new(framework, base, more);
    let nothing = project.told().unwrap();

    let known = Frameworks::shipped().find(framework).unwrap().unwrap();
    let runtime = known.runtime().unwrap();
    let declared = known.charm().unwrap();
    let generation = declared.base(&format!("ubuntu@{base}")).unwrap().generation;
    let adds = declared.adds(framework, generation);
    let options = adds["config"]["options"].as_mapping().unwrap();
    let supposed = &mut project.supposed;
    for (name, option) in options {
        let name = name.as_str().unwrap();
        let choices = runtime.options.get(name).and_then(|it| it.choices.clone());
        let default = option.get("default").and_then(Value::as_str);
        let value = match option["type"].as_str().unwrap() {
            "secret" => continue,
            "string" if default.is_some() => default.unwrap().to_owned(),
            "boolean" => "true".to_owned(),
            "int" => "9000".to_owned(),
            _ => choices.map_or("x".to_owned(), |choices| choices[0].clone()),
        };
        // The key of all units is what is asked about.
        if !name.ends_with("secret-key") {
            supposed.config.insert(name.to_owned(), value);
        }
    }
    supposed.config.insert("your-option".into(), "x".into());
    let secret = "secret://your-secret";
    supposed.config.insert("your-secret".into(), secret.into());
    let content = [("key-name".to_owned(), "x".to_owned())].into();
    supposed.secrets.insert("your-secret".into(), content);
    supposed.units = 2;
    for key in ["juju-http-proxy", "juju-https-proxy", "juju-no-proxy"] {
        supposed.model_config.insert(key.into(), "x".into());
    }
    if runtime.json_logging.is_some() {
        project.write("paas-config.yaml", "framework_logging_format: json\n");
    }
    let all = project.told().unwrap();
    Both { nothing, all }
}

fn rows(of: &[Both]) -> Vec<Vec<String>> {
    let names: BTreeSet<&String> = of
        .iter()
        .flat_map(|both| both.all.variables.keys())
        .collect();
    let row = |name: &String| {
        let mut from: Vec<String> = Vec::new();
        for both in of {
            let said = both.all.variables.get(name).map(|it| it.origin.to_string());
            from.extend(said.filter(|said| !from.contains(said)));
        }
        let mut cells = vec![format!("`{name}`"), from.join(" / ")];
        for both in of {
            let Some(_) = both.all.variables.get(name) else {
                cells.push("–".into());
                continue;
            };
            cells.push(match both.nothing.variables.get(name) {
                None => "absent".into(),
                Some(variable) => {
                    let shown = both.nothing.veil.hide(name, &variable.value);
                    if shown == variable.value {
                        code(&shown)
                    } else {
                        "random, the same for all units".into()
                    }
                }
            });
        }
        cells
    };
    names.into_iter().map(row).collect()
}

fn integrations() -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for spoken in spoken() {
        let documentation = &spoken.documentation;
        let names = |framework: &str| {
            let of = |relation| {
                let told = documentation.told(framework, &spoken.interface, None, relation);
                values(&told.unwrap())
            };
            let (with, without): (BTreeMap<_, _>, BTreeMap<_, _>) =
                (of(Some(&documentation.relation)), of(None));
            let names = with.keys().filter(|name| !without.contains_key(*name));
            codes(names.map(String::as_str))
        };
        let title = &documentation.title;
        let anchor = title.to_lowercase().replace(' ', "-");
        let (any, spring) = (names("fastapi"), names("spring-boot"));
        if any.is_empty() && spring.is_empty() {
            continue;
        }
        let spring = match spring.strip_prefix(&any) {
            Some("") => "the same".into(),
            Some(more) => format!("the same, and {}", more.trim_start_matches(", ")),
            None => spring,
        };
        rows.push(vec![
            format!("[{title}](interfaces.md#{anchor})"),
            any,
            spring,
        ]);
    }
    rows
}
