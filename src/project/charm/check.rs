//! Everything that `pack` would refuse, and what is likely not meant.

use std::collections::BTreeMap;

use super::{
    Expanded, FILE, Project, Switch, base, companions, expand, integrations, juju, paas_config,
};
use crate::charm::Code;
use crate::cos::{self, Assets};
use crate::frameworks::Generation;
use crate::project::{Error, Problem};
use crate::yaml::{Mapping, Value};

/// What is wrong with a project.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// `pack` refuses these.
    pub problems: Vec<Problem>,
    /// `pack` says these and goes on.
    pub warnings: Vec<Problem>,
    /// The project with what its extension adds, when it could be made.
    pub expanded: Option<Expanded>,
}

/// Checks a project.
///
/// # Errors
/// There is no project, or it cannot be read: what is wrong in it is in the report.
pub fn check(directory: &std::path::Path, switch: Switch) -> Result<Report, Error> {
    let mut report = Report::default();
    let project = match Project::read(directory) {
        Ok(project) => project,
        Err(error) => return report.with(error),
    };
    let expanded = match expand(&project, switch) {
        Ok(expanded) => expanded,
        Err(error) => return report.with(error),
    };
    report.problems.extend(juju::problems(&project, &expanded));
    hidden_options(&project, &expanded, &mut report);
    report.problems.extend(parts(&project));
    let users = project.mapping();
    let of_integrations = integrations::problems(&expanded, &users, directory);
    report.problems.extend(of_integrations);
    let in_the_charm = paas_config::warnings(directory, &expanded.framework.name);
    report.warnings.extend(in_the_charm);
    let assets = Assets::custom(directory);
    let left_out = |problem| Problem::new(cos::DIRECTORY, problem);
    report
        .warnings
        .extend(assets.problems.into_iter().map(left_out));
    report.warnings.extend(warnings(&project, &expanded));
    report.problems.sort_by_key(|problem| problem.place);
    report.warnings.sort_by_key(|warning| warning.place);
    report.expanded = Some(expanded);
    match base::platforms(&project) {
        Ok(_) => Ok(report),
        Err(error) => report.with(error),
    }
}

impl Report {
    /// Adds what keeps the executable's own code from being of use in this charm.
    pub fn add_code(&mut self, code: &Code) {
        let Some(expanded) = &self.expanded else {
            return;
        };
        if let Some(problem) = code.problem() {
            let hint = "correct it in the charm's own `main.rs`";
            let problem = Problem::new(FILE, format!("the charm's code: {problem}"));
            self.problems.push(problem.hint(hint));
        }
        let declared = |section: &str| expanded.project.get(section).and_then(Value::as_mapping);
        for action in code.actions() {
            if declared("actions").is_none_or(|actions| !actions.contains_key(action)) {
                let message = format!(
                    "the charm's code has the action `{action}`, which {FILE} does not declare"
                );
                let hint = format!("add\nactions:\n  {action}:\n    description: TEXT");
                self.problems
                    .push(Problem::new(FILE, message).at("actions", None).hint(hint));
            }
        }
        for interface in code.interfaces() {
            let mut endpoints = ["requires", "provides"]
                .into_iter()
                .filter_map(declared)
                .flat_map(Mapping::values);
            if !endpoints.any(|endpoint| {
                endpoint.get("interface").and_then(Value::as_str) == Some(interface)
            }) {
                let message = format!(
                    "the charm's code speaks the interface `{interface}`, which no endpoint in {FILE} has"
                );
                let hint = format!("add\nrequires:\n  NAME:\n    interface: {interface}");
                self.warnings
                    .push(Problem::new(FILE, message).at("requires", None).hint(hint));
            }
        }
    }

    fn with(mut self, error: Error) -> Result<Self, Error> {
        match error {
            Error::Problem(problem) => self.problems.push(*problem),
            Error::Problems { problems } => self.problems.extend(problems),
            other => return Err(other),
        }
        Ok(self)
    }
}

/// Options that would not reach the app, or keep another from it, since both become the same variable.
fn hidden_options(project: &Project, expanded: &Expanded, report: &mut Report) {
    let prefix = &expanded.user_prefix;
    let variable = |name: &str| format!("{prefix}{}", name.to_uppercase().replace('-', "_"));
    let users = project.mapping();
    let users = options(&users);
    let mut taken: BTreeMap<String, String> = [
        ("base-url", "the app's own URL"),
        ("peer-fqdns", "the names of its other units"),
    ]
    .map(|(name, what)| (variable(name), what.to_owned()))
    .into();
    let all = options(&expanded.project);
    for (variable, option) in &expanded.option_variables {
        let is = |(name, _): &(&str, &Value)| name == option;
        // What the user declares of the framework's options is heard as such.
        if all.iter().any(is) && !users.iter().any(is) {
            taken.insert(variable.clone(), format!("the option `{option}`"));
        }
    }
    for (name, _) in users {
        let variable = variable(name);
        if let Some(other) = taken.get(&variable) {
            let message =
                format!("the option `{name}` would be the variable `{variable}`, which {other} is");
            let problem = project
                .problem(&["config", "options", name], message)
                .hint(format!("rename `{name}`"));
            // A key of the user's own takes the place of the generated one, as with the peer.
            if name == "secret-key" {
                report.warnings.push(problem);
            } else {
                report.problems.push(problem);
            }
        } else {
            taken.insert(variable, format!("the option `{name}`"));
        }
    }
}

/// The options in `config.options`, by name.
fn options(mapping: &Mapping) -> Vec<(&str, &Value)> {
    let options = mapping
        .get("config")
        .and_then(|config| config.get("options"))
        .and_then(Value::as_mapping);
    options
        .into_iter()
        .flatten()
        .filter_map(|(name, option)| Some((name.as_str()?, option)))
        .collect()
}

/// Parts that `pack` does not make: only charmcraft runs their plugins.
fn parts(project: &Project) -> Vec<Problem> {
    let mapping = project.mapping();
    let parts = mapping.get("parts").and_then(Value::as_mapping);
    parts
        .into_iter()
        .flat_map(|parts| parts.keys())
        .filter_map(Value::as_str)
        .map(|part| {
            let message =
                format!("part `{part}` needs charmcraft: `charmwright pack` builds no parts");
            let hint =
                "remove it, or let charmcraft pack what `charmwright expand-extensions` prints";
            project.problem(&["parts", part], message).hint(hint)
        })
        .collect()
}

fn warnings(project: &Project, expanded: &Expanded) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let left_out = companions::left_out(&project.directory);
    if !left_out.is_empty() {
        let message = format!(
            "left out of the charm, which needs no code: {}",
            left_out.join(", ")
        );
        warnings.push(Problem::new(
            left_out.first().copied().unwrap_or_default(),
            message,
        ));
    }
    for (name, option) in options(&expanded.project) {
        if name.contains('_') {
            let message =
                format!("option `{name}` has `_` in its name; Charmhub's convention is `-`");
            warnings.push(project.problem(&["config", "options", name], message));
        }
        if option
            .get("description")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
        {
            let message =
                format!("option `{name}` has no description: `juju config` shows it to operators");
            warnings.push(project.problem(&["config", "options", name], message));
        }
        if name == "metrics-path"
            && let Some(path) = option.get("default").and_then(Value::as_str)
            && (!path.starts_with('/') || path == "/")
        {
            let message = format!(
                "`metrics-path` is `{path}`: Prometheus needs an absolute path that is not the app's front page"
            );
            warnings.push(project.problem(&["config", "options", name, "default"], message));
        }
    }
    let oauth = expanded
        .project
        .get("requires")
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten()
        .filter(|(_, endpoint)| endpoint.get("interface").and_then(Value::as_str) == Some("oauth"));
    if oauth.count() > 1 {
        let message = "several endpoints have the interface `oauth`: the unit will be blocked, since one is supported";
        warnings.push(project.problem(&["requires"], message));
    }
    if expanded.generation == Generation::V2 && project.mapping().get("charm-user").is_none() {
        let message = format!(
            "{FILE} has no `charm-user`: the charm runs as root; `charm-user: non-root` is enough for it"
        );
        warnings.push(Problem::new(FILE, message));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_refused_only_where_it_would_hide_another() {
        for (framework, base, option, hides) in [
            ("flask", "24.04", "env", Some("FLASK_ENV")),
            ("flask", "24.04", "port", None),
            ("flask", "26.04", "metrics-port", None),
            (
                "django",
                "24.04",
                "allowed-hosts",
                Some("DJANGO_ALLOWED_HOSTS"),
            ),
            ("go", "24.04", "port", Some("APP_PORT")),
            ("go", "26.04", "port", None),
            ("expressjs", "24.04", "port", None),
            ("spring-boot", "24.04", "port", None),
            ("spring-boot", "24.04", "profiles", Some("APP_PROFILES")),
            ("fastapi", "24.04", "workers", None),
            ("fastapi", "24.04", "peer-fqdns", Some("APP_PEER_FQDNS")),
            ("fastapi", "24.04", "app-x", None),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let text = format!(
                "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@{base}\nplatforms: {{amd64: }}\n\
                 extensions: [{framework}-framework]\n\
                 config: {{options: {{{option}: {{type: string, description: d}}}}}}\n"
            );
            std::fs::write(directory.path().join(FILE), text).unwrap();
            let report = check(directory.path(), Switch::On).unwrap();
            let said: Vec<&str> = report
                .problems
                .iter()
                .map(|problem| problem.message.as_str())
                .collect();
            match hides {
                None => assert!(said.is_empty(), "{framework} {option}: {said:?}"),
                Some(variable) => {
                    let expected =
                        format!("the option `{option}` would be the variable `{variable}`, which ");
                    assert!(
                        said.len() == 1 && said[0].starts_with(&expected),
                        "{framework} {option}: {said:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_rule_that_the_charm_would_leave_out_is_a_warning_with_file_and_reason() {
        let directory = tempfile::tempdir().unwrap();
        let text = "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@24.04\nplatforms: {amd64: }\n\
                    extensions: [flask-framework]\n";
        std::fs::write(directory.path().join(FILE), text).unwrap();
        let rules = directory
            .path()
            .join("cos_custom/prometheus_alert_rules/team");
        std::fs::create_dir_all(&rules).unwrap();
        std::fs::write(rules.join("good.rule"), "{alert: A, expr: up}").unwrap();
        std::fs::write(rules.join("bad.rule"), "alert: A").unwrap();
        let report = check(directory.path(), Switch::On).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let mut said = report.warnings.iter().map(|one| one.message.as_str());
        let told = "`cos_custom/prometheus_alert_rules/team/bad.rule` is left out: it is a rule whose `expr` is no text";
        assert!(said.any(|said| said == told), "{:?}", report.warnings);
        assert!(
            !report
                .warnings
                .iter()
                .any(|one| one.message.contains("good.rule"))
        );
    }
}
