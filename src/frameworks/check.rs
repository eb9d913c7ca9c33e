//! What is wrong with a project's own framework file: all of it at once, each with its key and place.

use std::collections::BTreeSet;

use super::catalog::is_name;
use super::charm::Charm;
use super::rock::Rock;
use super::runtime::Runtime;
use super::{Error, Framework, Generation, section};
use crate::yaml::{self, Document, Value};

/// The sections that a file may have.
const SECTIONS: [&str; 3] = ["charm", "rock", "runtime"];

/// Types of options that a charm can declare, and those of them that `runtime.options` takes.
const TYPES: [&str; 5] = ["boolean", "float", "int", "secret", "string"];

/// Both generations.
const GENERATIONS: [Generation; 2] = [Generation::V1, Generation::V2];

struct Checker<'a> {
    file: &'a str,
    document: &'a Document,
    problems: Vec<Error>,
}

/// All that is wrong with a file.
pub(super) fn problems(framework: &Framework, file: &str, text: &str) -> Vec<Error> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            return vec![Error {
                place: error.position,
                ..Error::new(file, format!("not YAML: {}", error.message))
            }];
        }
    };
    let mut checker = Checker {
        file,
        document: &document,
        problems: Vec::new(),
    };
    checker.sections(text);
    if !checker.problems.is_empty() {
        return checker.problems;
    }
    let (charm, rock, runtime) = (framework.charm(), framework.rock(), framework.runtime());
    let broken = [
        charm.as_ref().err(),
        rock.as_ref().err(),
        runtime.as_ref().err(),
    ];
    checker
        .problems
        .extend(broken.into_iter().flatten().cloned());
    if let (Ok(charm), Ok(rock), Ok(runtime)) = (charm, rock, runtime) {
        checker.charm(&charm);
        checker.runtime(&runtime, &charm);
        checker.rock(&rock, &runtime);
        checker.files(framework, &runtime);
    }
    checker.problems
}

impl Checker<'_> {
    fn add(&mut self, path: &[&str], message: impl Into<String>) {
        self.problems.push(Error {
            file: self.file.to_owned(),
            place: self.document.nearest_place(path),
            key: path.join("."),
            message: message.into(),
        });
    }

    /// The three sections are there, nothing else is, and each can be read alone.
    fn sections(&mut self, text: &str) {
        let Value::Mapping(top) = &self.document.value else {
            return self.add(
                &[],
                "it must be a mapping with `charm`, `rock` and `runtime`",
            );
        };
        for key in top.keys().filter_map(Value::as_str) {
            if !SECTIONS.contains(&key) {
                self.add(
                    &[key],
                    format!("`{key}` is not known; what may be there: `charm`, `rock`, `runtime`"),
                );
            }
        }
        let whole = yaml::from_str::<Value>(text).ok();
        for name in SECTIONS {
            let whole = whole.as_ref().and_then(|whole| whole.get(name));
            let alone = section::cut(text, name)
                .and_then(|(section, _)| yaml::from_str::<Value>(section).ok());
            if whole.is_none() {
                self.add(&[], format!("the section `{name}` is missing"));
            } else if alone.as_ref().and_then(|alone| alone.get(name)) != whole {
                self.add(
                    &[name],
                    format!(
                        "`{name}:` must begin a line, be plain and refer to no anchor of another section: each section is read alone"
                    ),
                );
            }
        }
    }

    fn charm(&mut self, charm: &Charm) {
        if charm.bases().next().is_none() {
            self.add(
                &["charm", "bases"],
                "`charm.bases` names no base; write one, such as `ubuntu@24.04: {generation: v1}`",
            );
        }
        for base in charm.bases() {
            // As the running charm tells it, from its manifest.
            let year = base
                .split_once('@')
                .and_then(|(_, version)| version.split('.').next()?.parse::<u32>().ok());
            let expected = match year {
                Some(26..) => Generation::V2,
                _ => Generation::V1,
            };
            if year.is_none() {
                self.add(
                    &["charm", "bases", base],
                    format!("`{base}` is no base; write it as `ubuntu@24.04`"),
                );
            } else if charm
                .base(base)
                .is_some_and(|known| known.generation != expected)
            {
                self.add(
                    &["charm", "bases", base],
                    format!("`{base}` is of the other generation: bases up to 24.04 are `v1`, those from 26.04 on `v2`"),
                );
            }
        }
        for prefix in &charm.reserved_option_prefixes {
            if prefix.is_empty() {
                self.add(
                    &["charm", "reserved-option-prefixes"],
                    "an empty prefix in `charm.reserved-option-prefixes` reserves every option; remove it",
                );
            }
        }
        for generation in GENERATIONS {
            let container = charm.container(generation);
            if !is_name(container) {
                self.add(
                    &["charm", "container"],
                    format!(
                        "`charm.container` is `{container}`; a container's name has lower-case letters, digits and single hyphens"
                    ),
                );
                break;
            }
        }
        self.options(charm);
    }

    /// Options as Juju takes them, each there once for each generation.
    fn options(&mut self, charm: &Charm) {
        for generation in GENERATIONS {
            let mut seen = BTreeSet::new();
            for (index, (name, declaration)) in charm.options(generation) {
                let index = index.to_string();
                let at = |key| ["charm", "options", &index, key].map(str::to_owned);
                let mut wrong: Vec<([String; 4], String)> = Vec::new();
                if !is_name(name) {
                    wrong.push((
                        at("name"),
                        format!("`{name}` is no name for an option: lower-case letters, digits and single hyphens"),
                    ));
                }
                if !seen.insert(name) {
                    wrong.push((at("name"), format!("the option `{name}` is there twice")));
                }
                let kind = declaration.get("type").and_then(Value::as_str);
                match kind.filter(|kind| TYPES.contains(kind)) {
                    None => wrong.push((
                        at("type"),
                        format!(
                            "the option `{name}` needs a `type`: one of {}",
                            TYPES.join(", ")
                        ),
                    )),
                    Some(kind) => {
                        if let Some(default) = declaration.get("default")
                            && !fits(kind, default)
                        {
                            wrong.push((
                                at("default"),
                                format!(
                                    "the default of the option `{name}` is not of its type, {kind}"
                                ),
                            ));
                        }
                    }
                }
                for (path, message) in wrong {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    if !self.problems.iter().any(|known| known.message == message) {
                        self.add(&path, message);
                    }
                }
            }
        }
    }

    fn runtime(&mut self, runtime: &Runtime, charm: &Charm) {
        for (key, path) in [
            ("app-directory", &runtime.app_directory),
            ("state-directory", &runtime.state_directory),
        ] {
            if !path.starts_with('/') {
                self.add(
                    &["runtime", key],
                    format!("`runtime.{key}` is `{path}`; it must begin with `/`"),
                );
            }
        }
        for (interface, files) in &runtime.integration_files {
            for file in files.iter().filter(|file| !file.path.starts_with('/')) {
                self.add(
                    &["runtime", "integration-files", interface],
                    format!(
                        "`runtime.integration-files.{interface}` has the path `{}`; it must begin with `/`",
                        file.path
                    ),
                );
            }
        }
        let secret = runtime.secret_key.all_options();
        let metrics = runtime.metrics.iter().flat_map(|metrics| {
            let named = [&metrics.port.option, &metrics.path.option];
            named.map(|option| (["runtime", "metrics"], option.clone()))
        });
        let port = runtime.port.option.clone();
        let gunicorn = runtime.gunicorn.iter().flat_map(|gunicorn| {
            let named = gunicorn.settings.values().chain([&gunicorn.worker_class]);
            named.map(|option| (["runtime", "gunicorn"], option.clone()))
        });
        let named = secret
            .map(|option| (["runtime", "secret-key"], option))
            .chain(port.map(|option| (["runtime", "port"], option)))
            .chain(metrics)
            .chain(gunicorn);
        for (path, option) in named {
            if !runtime.options.contains_key(&option) {
                self.add(
                    &path,
                    format!(
                        "`{}` uses the option `{option}`, of which `runtime.options` says nothing; add `{option}: {{type: TYPE}}` there",
                        path.join(".")
                    ),
                );
            }
        }
        for generation in GENERATIONS {
            if runtime.port.default.of(generation).is_none() {
                self.add(
                    &["runtime", "port", "default"],
                    "`runtime.port.default` must be there for `v1` and `v2`",
                );
            }
            for (_, (name, declaration)) in charm.options(generation) {
                let declared = declaration.get("type").and_then(Value::as_str);
                if let (Some(known), Some(declared)) = (runtime.options.get(name), declared)
                    && known.kind != declared
                    // The second generation's secret key is a secret under the name of the text.
                    && !(declared == "secret" && runtime.secret_key.is_option(name))
                {
                    self.add(
                        &["runtime", "options", name, "type"],
                        format!(
                            "`runtime.options.{name}` has the type {}, and the charm's option the type {declared}",
                            known.kind
                        ),
                    );
                }
            }
        }
        for (name, option) in &runtime.options {
            if !TYPES.contains(&option.kind.as_str()) || option.kind == "float" {
                self.add(
                    &["runtime", "options", name, "type"],
                    format!(
                        "the type of `runtime.options.{name}` is `{}`; it must be boolean, int, secret or string",
                        option.kind
                    ),
                );
            }
        }
    }

    fn rock(&mut self, rock: &Rock, runtime: &Runtime) {
        if rock.bases.is_empty() {
            self.add(
                &["rock", "bases"],
                "`rock.bases` names no base; write one, such as `bare`",
            );
        }
        if !rock.services.contains_key(rock.service.as_str()) {
            self.add(
                &["rock", "service"],
                format!(
                    "`rock.service` is `{}`, which `rock.services` does not have",
                    rock.service
                ),
            );
        }
        if rock.service != runtime.service {
            self.add(
                &["runtime", "service"],
                format!(
                    "`runtime.service` is `{}`, and `rock.service` is `{}`: they are one service",
                    runtime.service, rock.service
                ),
            );
        }
    }

    /// Files that the running charm pushes are in the framework's folder.
    fn files(&mut self, framework: &Framework, runtime: &Runtime) {
        let names = runtime
            .json_logging
            .iter()
            .flat_map(|logging| &logging.files);
        for name in names {
            if !matches!(framework.file(name), Ok(Some(_))) {
                let folder = self.file.trim_end_matches(".yaml").to_owned();
                self.add(
                    &["runtime", "json-logging", "files"],
                    format!("`runtime.json-logging.files` names `{name}`; there is no such text in `{folder}/`"),
                );
            }
        }
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "boolean" => value.is_bool(),
        "float" => value.is_number(),
        "int" => value.is_i64() || value.is_u64(),
        _ => value.is_string(),
    }
}
