//! Bases, platforms and architectures.

use std::collections::BTreeSet;

use super::{FILE, Project};
use crate::project::{Error, Problem};
use crate::yaml::{Mapping, Value};

/// One `.charm` that a project makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Platform {
    /// Its label in `platforms`, which ends up in the file's name.
    pub label: String,
    /// The Debian name of the architecture that it is for.
    pub architecture: String,
}

/// Architectures by Debian name, as Juju knows them.
pub(super) const ARCHITECTURES: &[&str] = &[
    "amd64", "arm64", "armhf", "i386", "ppc64el", "riscv64", "s390x",
];

fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Sequence(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// `ubuntu@24.04:amd64` is a base and an architecture, `ubuntu@24.04` a base, `amd64` an architecture.
fn split(text: &str) -> (Option<&str>, Option<&str>) {
    match text.split_once(':') {
        Some((base, architecture)) => (Some(base), Some(architecture)),
        None if text.contains('@') => (Some(text), None),
        None => (None, Some(text)),
    }
}

/// All bases that a project names, sorted.
pub(super) fn bases(project: &Mapping) -> Vec<String> {
    let mut bases = BTreeSet::new();
    bases.extend(
        project
            .get("base")
            .and_then(Value::as_str)
            .map(str::to_owned),
    );
    for (label, platform) in project
        .get("platforms")
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten()
    {
        let label = label.as_str().into_iter();
        for text in label.chain(strings(platform.get("build-for"))) {
            if let (Some(base), _) = split(text)
                && base.contains('@')
            {
                bases.insert(base.to_owned());
            }
        }
    }
    for legacy in project
        .get("bases")
        .and_then(Value::as_sequence)
        .into_iter()
        .flatten()
    {
        let runs_on = legacy.get("run-on").and_then(Value::as_sequence);
        for base in runs_on.map_or_else(|| vec![legacy], |list| list.iter().collect()) {
            if let (Some(name), Some(channel)) = (
                base.get("name").and_then(Value::as_str),
                base.get("channel").and_then(Value::as_str),
            ) {
                bases.insert(format!("{name}@{channel}"));
            }
        }
    }
    bases.into_iter().collect()
}

/// `platforms` with `build-on` and `build-for` written out.
pub(super) fn write_out(platforms: &Mapping) -> Mapping {
    let list = |texts: Vec<&str>| Value::Sequence(texts.into_iter().map(Value::from).collect());
    platforms
        .iter()
        .map(|(label, platform)| {
            let own = split(label.as_str().unwrap_or_default())
                .1
                .unwrap_or_default();
            let or = |texts: Vec<&str>, other: Vec<&str>| {
                list(if texts.is_empty() { other } else { texts })
            };
            let mut written = Mapping::new();
            let build_for = strings(platform.get("build-for"));
            written.insert(
                "build-on".into(),
                or(strings(platform.get("build-on")), vec![own]),
            );
            written.insert(
                "build-for".into(),
                or(
                    build_for,
                    vec![
                        label
                            .as_str()
                            .filter(|label| label.contains(':'))
                            .unwrap_or(own),
                    ],
                ),
            );
            (label.clone(), written.into())
        })
        .collect()
}

/// The charms that a project makes, in the order of `platforms`.
///
/// # Errors
/// There are none, or one is for an architecture that Juju does not know, or for several.
pub(super) fn platforms(project: &Project) -> Result<Vec<Platform>, Error> {
    let mapping = project.mapping();
    let Some(declared) = mapping
        .get("platforms")
        .and_then(Value::as_mapping)
        .filter(|platforms| !platforms.is_empty())
    else {
        return legacy(project, &mapping);
    };
    let mut platforms = Vec::new();
    for (label, platform) in declared {
        let label = label.as_str().unwrap_or_default();
        let problem =
            |message: String| Error::from(project.problem(&["platforms", label], message));
        let given = strings(platform.get("build-for"));
        let build_for = if given.is_empty() { vec![label] } else { given };
        let [one] = build_for.as_slice() else {
            return Err(problem(format!(
                "platform `{label}` is for several architectures; write one platform for each"
            )));
        };
        let architecture = split(one).1.unwrap_or(one);
        if !ARCHITECTURES.contains(&architecture) {
            let known = ARCHITECTURES.join(", ");
            return Err(problem(format!(
                "platform `{label}` is for `{architecture}`, which Juju does not know as an architecture; it knows {known}: give `build-for`"
            )));
        }
        platforms.push(Platform {
            label: label.to_owned(),
            architecture: architecture.to_owned(),
        });
    }
    Ok(platforms)
}

/// The one charm of a project from before `platforms`.
fn legacy(project: &Project, mapping: &Mapping) -> Result<Vec<Platform>, Error> {
    let base = mapping
        .get("bases")
        .and_then(|bases| bases.get(0))
        .map(|base| {
            base.get("run-on")
                .and_then(|list| list.get(0))
                .unwrap_or(base)
        });
    let architecture = base.and_then(|base| {
        strings(base.get("architectures"))
            .first()
            .map(|one| (*one).to_owned())
    });
    let text = |key: &str| base.and_then(|base| base.get(key)).and_then(Value::as_str);
    match (text("name"), text("channel")) {
        (Some(name), Some(channel)) => {
            let architecture =
                architecture.unwrap_or_else(|| super::elf::host_architecture().to_owned());
            Ok(vec![Platform {
                label: format!("{name}-{channel}-{architecture}"),
                architecture,
            }])
        }
        _ => Err(Problem::new(FILE, format!("{FILE} has no `platforms`"))
            .at("platforms", project.document.place(&["platforms"]))
            .hint("add\nplatforms:\n  amd64:")
            .into()),
    }
}

/// The name of the `.charm` of a platform.
pub(super) fn file_name(name: &str, platform: &Platform) -> String {
    format!("{name}_{}.charm", platform.label.replace([':', '/'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_str;

    fn mapping(text: &str) -> Mapping {
        from_str(text).unwrap()
    }

    #[test]
    fn bases_come_from_every_place_that_names_them() {
        for (text, expected) in [
            (
                "{base: ubuntu@24.04, platforms: {amd64: null}}",
                vec!["ubuntu@24.04"],
            ),
            (
                "{platforms: {'ubuntu@22.04:amd64': null, 'ubuntu@24.04:amd64': null}}",
                vec!["ubuntu@22.04", "ubuntu@24.04"],
            ),
            (
                "{platforms: {x: {build-on: amd64, build-for: ['ubuntu@24.04:arm64']}}}",
                vec!["ubuntu@24.04"],
            ),
            (
                "{bases: [{name: ubuntu, channel: '22.04'}]}",
                vec!["ubuntu@22.04"],
            ),
            (
                "{bases: [{build-on: [], run-on: [{name: ubuntu, channel: '22.04'}]}]}",
                vec!["ubuntu@22.04"],
            ),
            ("{}", vec![]),
        ] {
            assert_eq!(bases(&mapping(text)), expected, "{text}");
        }
    }

    #[test]
    fn file_names_are_the_peers() {
        for (label, expected) in [
            ("amd64", "hello_amd64.charm"),
            ("ubuntu@24.04:amd64", "hello_ubuntu@24.04-amd64.charm"),
            ("ubuntu-24.04-amd64", "hello_ubuntu-24.04-amd64.charm"),
        ] {
            let platform = Platform {
                label: label.into(),
                architecture: "amd64".into(),
            };
            assert_eq!(file_name("hello", &platform), expected);
        }
    }

    #[test]
    fn platforms_are_written_out() {
        let written = write_out(&mapping(
            "{amd64: null, b: {build-on: amd64, build-for: arm64}}",
        ));
        assert_eq!(
            written,
            mapping(
                "{amd64: {build-on: [amd64], build-for: [amd64]}, b: {build-on: [amd64], build-for: [arm64]}}"
            )
        );
    }
}
