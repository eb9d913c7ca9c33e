//! Endpoints that only `integrations` of `paas-config.yaml` declares, and what cannot be meant of what it says.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Expanded, paas_config};
use crate::interfaces::table;
use crate::paas_config::FILE;
use crate::paas_config::integrations::Integration;
use crate::project::{Error, Problem};
use crate::yaml::{self, Document, Mapping, Value};

const SECTIONS: [&str; 3] = ["requires", "provides", "peers"];

/// What the file says, by endpoint, with the places of its keys.
fn read(directory: &Path) -> Result<Vec<(String, Value, Document)>, Error> {
    let Some((_, document)) = paas_config::read(directory)? else {
        return Ok(Vec::new());
    };
    let endpoints = document.value.get("integrations");
    let endpoints = endpoints.and_then(Value::as_mapping).into_iter().flatten();
    let named = endpoints.filter_map(|(name, says)| Some((name.as_str()?, says)));
    let named = named.map(|(name, says)| (name.to_owned(), says.clone(), document.clone()));
    Ok(named.collect())
}

/// Adds to `requires` the endpoints that the project does not declare.
///
/// # Errors
/// One has no interface.
pub(super) fn declare(directory: &Path, project: &mut Mapping) -> Result<(), Error> {
    for (name, says, document) in read(directory)? {
        if declared(project, &name).is_some() {
            continue;
        }
        let Some(interface) = says.get("interface").and_then(Value::as_str) else {
            let message = format!(
                "`integrations.{name}` has no `interface`, and charmcraft.yaml declares no endpoint `{name}`"
            );
            let problem = Problem::new(FILE, message)
                .at(&name, document.place(&["integrations", &name]))
                .hint(format!(
                    "add `interface: INTERFACE` to it, or declare `{name}` under `requires`"
                ));
            return Err(problem.into());
        };
        let mut endpoint = Mapping::new();
        endpoint.insert("interface".into(), interface.into());
        for key in ["optional", "limit"] {
            if let Some(value) = says.get(key).filter(|value| !value.is_null()) {
                endpoint.insert(key.into(), value.clone());
            }
        }
        let requires = project
            .entry("requires".into())
            .or_insert_with(|| Mapping::new().into());
        if let Some(requires) = requires.as_mapping_mut() {
            requires.insert(name.into(), endpoint.into());
        }
    }
    Ok(())
}

/// An endpoint's section and interface.
fn declared<'a>(project: &'a Mapping, name: &str) -> Option<(&'static str, &'a str)> {
    SECTIONS.into_iter().find_map(|section| {
        let endpoint = project.get(section)?.get(name)?;
        let interface = endpoint.get("interface").unwrap_or(endpoint);
        Some((section, interface.as_str().unwrap_or_default()))
    })
}

/// What the running charm would refuse, or the app would never see.
pub(super) fn problems(expanded: &Expanded, users: &Mapping, directory: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for (name, says, document) in read(directory).unwrap_or_default() {
        let problem = |path: &str, message: String| {
            let mut keys = vec!["integrations", name.as_str()];
            keys.extend(path.split('.').take(2));
            let place = document.nearest_place(&keys);
            let message = format!("integrations.{name}.{message}");
            Problem::new(FILE, message).at(path, place)
        };
        // What is no integration at all is told when the whole file is read.
        let Ok(integration) = yaml::from_value::<Integration>(says) else {
            continue;
        };
        let Some((section, interface)) = declared(&expanded.project, &name) else {
            continue;
        };
        if section == "peers" {
            let message = "interface: is that of a peer relation, which has no provider";
            problems.push(problem("interface", message.into()));
            continue;
        }
        if declared(users, &name).is_some() {
            for (key, is_there) in [
                ("optional", integration.optional.is_some()),
                ("limit", integration.limit.is_some()),
            ] {
                if is_there {
                    let message = format!("{key}: charmcraft.yaml declares the endpoint");
                    let hint = format!("say `{key}` there, under `{section}`");
                    problems.push(problem(key, message).hint(hint));
                }
            }
        }
        let database = table::find(interface).filter(|row| row.database);
        let prefix = database.map(|_| table::database_prefix(&name));
        let row = match integration.row(interface, section == "provides", prefix.as_deref()) {
            Ok(row) => row,
            Err(message) => {
                let path = message.split(':').next().unwrap_or_default().to_owned();
                problems.push(problem(&path, message));
                continue;
            }
        };
        for key in row.variables.keys() {
            let variable = row.variable(key);
            let other = hidden(expanded, &variable).or_else(|| given.get(&variable).cloned());
            if let Some(other) = other {
                let path = format!("variables.{key}");
                let message = format!("{path}: `{variable}` is what {other} already gives the app");
                let hint = "choose another name, or another `prefix`";
                problems.push(problem(&path, message).hint(hint));
            }
            given.insert(variable, format!("the endpoint `{name}`"));
        }
    }
    problems
}

/// What gives the app a variable of this name already.
fn hidden(expanded: &Expanded, variable: &str) -> Option<String> {
    let prefix = &expanded.user_prefix;
    let own = [
        ("BASE_URL", "the app's own URL"),
        ("PEER_FQDNS", "the names of its other units"),
        ("SECRET_KEY", "the app's secret key"),
    ];
    let mut own = own
        .into_iter()
        .filter(|(name, _)| variable.strip_prefix(prefix.as_str()) == Some(*name));
    if let Some((_, what)) = own.next() {
        return Some(what.into());
    }
    let proxies = ["http_proxy", "https_proxy", "no_proxy"];
    if proxies.contains(&variable.to_lowercase().as_str()) {
        return Some("the model's proxy".into());
    }
    let mut options = expanded.option_variables.iter();
    if let Some((_, option)) = options.find(|(name, _)| name == variable) {
        return Some(format!("the option `{option}`"));
    }
    let options = expanded
        .project
        .get("config")
        .and_then(|config| config.get("options"));
    let mut options = options.and_then(Value::as_mapping).into_iter().flatten();
    options.find_map(|(option, _)| {
        let option = option.as_str()?;
        let name = format!("{prefix}{}", option.replace('-', "_").to_uppercase());
        (name == variable).then(|| format!("the option `{option}`"))
    })
}

#[cfg(test)]
mod tests {
    use crate::project::charm::{FILE, Switch, check};
    use crate::yaml::Value;

    const PROJECT: &str = "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@24.04\nplatforms: {amd64: }\n\
        extensions: [fastapi-framework]\nrequires: {s3: {interface: s3, limit: 1, optional: true}}\n\
        config: {options: {topic: {type: string, description: d}}}\n";

    fn checked(integrations: &str) -> crate::project::charm::Report {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), PROJECT).unwrap();
        let text = format!("integrations:\n  {integrations}\n");
        std::fs::write(directory.path().join(super::FILE), text).unwrap();
        check(directory.path(), Switch::Off).unwrap()
    }

    #[test]
    fn an_endpoint_that_only_paas_config_declares_is_added() {
        let report = checked("kafka: {interface: kafka_client, optional: true, limit: 1}");
        assert_eq!(report.problems, []);
        let project = report.expanded.unwrap().project;
        let endpoint = &project["requires"]["kafka"];
        assert_eq!(endpoint["interface"], Value::from("kafka_client"));
        assert_eq!(endpoint["optional"], Value::from(true));
        assert_eq!(endpoint["limit"], Value::from(1));
        assert_eq!(project["requires"]["s3"]["interface"], Value::from("s3"));
        let twice = checked("s3: {interface: s3, prefix: STORE}");
        assert_eq!(twice.problems, []);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_key_and_fix() {
        for (integrations, parts) in [
            ("kafka: {prefix: K}", &["has no `interface`", "kafka"][..]),
            (
                "s3: {interface: redis}",
                &["integrations.s3.interface: is `redis`"],
            ),
            ("s3: {optional: true}", &["integrations.s3.optional: "]),
            ("s3: {varaibles: {}}", &["did you mean `variables`?"]),
            (
                "s3: {variables: {X: '{buket}'}}",
                &[
                    "integrations.s3.variables.X: ",
                    "names nothing",
                    "`{bucket}`",
                ],
            ),
            (
                "s3: {variables: {X: '{bucket'}}",
                &["variables.X: ", "not closed"],
            ),
            (
                "s3: {variables: {APP_BASE_URL: '{bucket}'}}",
                &["`APP_BASE_URL`", "the app's own URL"],
            ),
            (
                "s3: {variables: {APP_TOPIC: '{bucket}'}}",
                &["`APP_TOPIC`", "the option `topic`"],
            ),
            (
                "s3: {variables: {http_proxy: '{bucket}'}}",
                &["the model's proxy"],
            ),
            (
                "more: {interface: s3}\n  s3: {variables: {X: '1'}}",
                &["`S3_ACCESS_KEY`", "the endpoint `more`"],
            ),
        ] {
            let report = checked(integrations);
            let problem = report.problems.first();
            let said = problem.map(|problem| format!("{} {:?}", problem.message, problem.hint));
            let said = said.unwrap_or_default();
            for part in parts {
                assert!(said.contains(part), "{integrations}: {said}");
            }
            assert!(
                problem.is_some_and(|problem| problem.place.is_some()),
                "{said}"
            );
        }
    }
}
