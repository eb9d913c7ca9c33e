//! Which framework a charm is for.

use super::DeclaredOption;
use super::read::{Manifest, Metadata};
use crate::frameworks::Frameworks;
use crate::yaml::Value;

/// `charmwright pack` writes the framework into the manifest. Charms packed by other tools show it in what the
/// extension put there: the container's name, the resource's description, or options that only it has.
pub(super) fn framework(
    frameworks: &Frameworks,
    metadata: &Metadata,
    manifest: &Manifest,
    options: &[DeclaredOption],
) -> Option<String> {
    if let Some(name) = manifest
        .charmwright
        .as_ref()
        .and_then(|stamp| stamp.framework.clone())
    {
        return Some(name);
    }
    let described = metadata
        .resources
        .values()
        .filter_map(|resource| resource.get("description")?.as_str());
    let described: Vec<&str> = described
        .filter_map(|text| text.strip_suffix(" application image."))
        .collect();
    let named = |framework: &String| {
        let container = Value::String(format!("{framework}-app"));
        metadata.containers.contains_key(&container) || described.contains(&framework.as_str())
    };
    if let Some(name) = frameworks.names().into_iter().find(named) {
        return Some(name);
    }
    told_by_an_option(frameworks, options)
}

/// The framework of the first option that one framework alone has.
fn told_by_an_option(frameworks: &Frameworks, options: &[DeclaredOption]) -> Option<String> {
    let sections = frameworks.names().into_iter().filter_map(|name| {
        let section = frameworks.find(&name).ok()??.charm().ok()?;
        Some((name, section))
    });
    let sections: Vec<_> = sections.collect();
    options.iter().find_map(|option| {
        let mut having = sections
            .iter()
            .filter(|(_, section)| section.has_option(&option.name));
        let (name, _) = having.next()?;
        having.next().is_none().then(|| name.clone())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use crate::runtime::charm::Charm;

    pub(in crate::runtime::charm) const METADATA: &str = "name: web\ncontainers: {app: {resource: app-image}}\n\
        peers: {secret-storage: {interface: secret-storage}}\n\
        requires: {postgresql: {interface: postgresql_client, optional: false}, x: y}\n\
        resources: {app-image: {type: oci-image, description: fastapi application image.}}\n";

    #[test]
    fn the_framework_is_told_by_manifest_then_by_what_the_extension_wrote() {
        let stamped = "bases: []\ncharmwright: {framework: fastapi}\n";
        let bare = METADATA.replace("fastapi application image.", "mine");
        let option = "options: {webserver-log-level: {type: string}}\n";
        for (metadata, config, manifest) in [
            (&*bare, None, Some(stamped)),
            (METADATA, None, None),
            (&*bare, Some(option), None),
        ] {
            let charm = Charm::parse(metadata, config, manifest, None).unwrap();
            assert_eq!(charm.framework, "fastapi");
        }
        let error = Charm::parse(&bare, None, None, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("manifest.yaml") && error.contains("framework"),
            "{error}"
        );
    }

    /// A charm's directory with a framework of its project's own.
    fn with_own(runtime: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("metadata/frameworks/rails");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("log.conf"), "level: info\n").unwrap();
        std::fs::write(folder.with_extension("yaml"), runtime).unwrap();
        let metadata = METADATA.replace("fastapi", "rails");
        std::fs::write(directory.path().join("metadata.yaml"), metadata).unwrap();
        directory
    }

    const RAILS: &str = "charm: [broken\nrock: ]\nruntime:\n  service: rails\n  app-directory: /rails\n  state-directory: /tmp/rails\n  \
        user: _daemon_\n  group: _daemon_\n  user-prefix: APP_\n  secret-key: {bag-key: k, options: [app-secret-key]}\n  \
        port: {default: 3000}\n  options: {}\n  json-logging: {directory: /tmp/l, files: [log.conf]}\n";

    #[test]
    fn a_projects_own_framework_is_read_from_the_charm_its_runtime_section_alone() {
        let directory = with_own(RAILS);
        for manifest in ["charmwright: {framework: rails}\n", "bases: []\n"] {
            std::fs::write(directory.path().join("manifest.yaml"), manifest).unwrap();
            let charm = Charm::load(directory.path()).unwrap();
            assert_eq!(charm.framework, "rails");
            assert_eq!(charm.runtime.app_directory, "/rails");
            assert_eq!(charm.framework_file("log.conf"), Some("level: info\n"));
            assert_eq!(charm.framework_file("other"), None);
        }
    }

    #[test]
    fn an_own_framework_that_is_broken_or_missing_is_one_clear_line() {
        let manifest = "charmwright: {framework: rails}\n";
        let broken = with_own(
            &RAILS
                .replace("charm: [broken\nrock: ]\n", "")
                .replace("3000", "x"),
        );
        std::fs::write(broken.path().join("manifest.yaml"), manifest).unwrap();
        let error = Charm::load(broken.path()).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot use the charm's metadata/frameworks/rails.yaml:9:10: `runtime.port.default` is the text \"x\"; it must be a whole number from 0 to 65535"
            ),
            "{error}"
        );
        std::fs::remove_file(broken.path().join("metadata/frameworks/rails.yaml")).unwrap();
        let error = Charm::load(broken.path()).unwrap_err().to_string();
        assert!(
            error.contains("there is no `metadata/frameworks/rails.yaml`"),
            "{error}"
        );
    }
}
