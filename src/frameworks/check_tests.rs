//! Mistakes in a project's own framework file, and what is said of them.

use super::Frameworks;

/// The file that docs/how-to/add-a-framework.md writes.
fn sound() -> String {
    let page = include_str!("../../docs/how-to/add-a-framework.md");
    let blocks = page.split("\n```yaml\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

/// What is said of a project's file with this text.
fn said(text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join("metadata/frameworks");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("perl.yaml"), text).unwrap();
    let frameworks = Frameworks::in_directory(directory.path());
    let framework = frameworks.find("perl").unwrap().unwrap();
    let problems = framework.problems();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_file_has_no_problems() {
    assert_eq!(said(&sound()), Vec::<String>::new());
}

#[test]
fn each_mistake_is_named_with_its_line_and_what_is_allowed() {
    let sound = sound();
    for (right, wrong, expected) in [
        (
            "title: Perl\n  bases",
            "titel: Perl\n  bases",
            "2:3: `charm.titel` is not known; what may be there: `title`, ",
        ),
        (
            "\n  title: Perl\n  bases",
            "\n  bases",
            "1:1: `charm.title` is missing",
        ),
        (
            "{generation: v1}",
            "{generation: 1}",
            "4:20: `charm.bases.ubuntu@24.04.generation` is `1`; it must be `v1` or `v2`",
        ),
        (
            "{generation: v1}",
            "{generation: v3}",
            "4:20: `charm.bases.ubuntu@24.04.generation` is `v3`; it must be `v1` or `v2`",
        ),
        (
            "{generation: v1}",
            "{generation: v2}",
            "`ubuntu@24.04` is of the other generation",
        ),
        (
            "ubuntu@24.04: {",
            "ubuntu: {",
            "4:5: `ubuntu` is no base; write it as `ubuntu@24.04`",
        ),
        (
            "container: app",
            "container: App",
            "5:3: `charm.container` is `App`; a container's name has",
        ),
        (
            "[perl-]",
            "['']",
            "an empty prefix in `charm.reserved-option-prefixes` reserves every option",
        ),
        (
            "name: app-port, type: int",
            "name: app-port, type: integer",
            "the option `app-port` needs a `type`: one of boolean, float, int, secret, string",
        ),
        (
            "default: 2, description",
            "default: two, description",
            "the default of the option `perl-workers` is not of its type, int",
        ),
        (
            "name: app-port,",
            "name: perl-workers,",
            "the option `perl-workers` is there twice",
        ),
        (
            "name: app-port,",
            "name: App_Port,",
            "`App_Port` is no name for an option",
        ),
        (
            "name: app-port, type: int, default: 8080",
            "name: app-port, type: string",
            "`runtime.options.app-port` has the type int, and the charm's option the type string",
        ),
        (
            "service: perl\n  command",
            "service: web\n  command",
            "`rock.service` is `web`, which `rock.services` does not have",
        ),
        (
            "service: perl\n  app-",
            "service: web\n  app-",
            "`runtime.service` is `web`, and `rock.service` is `perl`: they are one service",
        ),
        (
            "bases: [ubuntu@24.04]",
            "bases: []",
            "`rock.bases` names no base",
        ),
        (
            "bases: [ubuntu@24.04]",
            "bases: ubuntu@24.04",
            "`rock.bases` is the text \"ubuntu@24.04\"; it must be a list",
        ),
        (
            "app-directory: /app",
            "app-directory: app",
            "`runtime.app-directory` is `app`; it must begin with `/`",
        ),
        (
            "app-directory: /app",
            "app-directory: /app\n  integration-files: {saml: [{path: app/x, content: x}]}",
            "`runtime.integration-files.saml` has the path `app/x`; it must begin with `/`",
        ),
        (
            "app-secret-key-id: {type: secret}",
            "other: {type: secret}",
            "`runtime.secret-key` uses the option `app-secret-key-id`, of which `runtime.options` says nothing",
        ),
        (
            "default: 8080\n    variable",
            "default: 80800\n    variable",
            "`runtime.port.default` is the number `80800`; it must be a whole number from 0 to 65535",
        ),
        (
            "default: 8080\n    variable",
            "default: {v1: 8080}\n    variable",
            "`runtime.port.default` must be there for `v1` and `v2`",
        ),
        (
            "app-port: {type: int,",
            "app-port: {type: number,",
            "the type of `runtime.options.app-port` is `number`; it must be boolean, int, secret or string",
        ),
        (
            "maximum: 64,",
            "maximun: 64,",
            "`runtime.options.perl-workers.maximun` is not known; what may be there: `type`, ",
        ),
        (
            "runtime:\n",
            "run-time:\n",
            "`run-time` is not known; what may be there: `charm`, `rock`, `runtime`",
        ),
        ("runtime:\n", "'runtime':\n", "`runtime:` must begin a line"),
        ("user-prefix: APP_", "user-prefix: &p APP_", ""),
        (
            "  title: Perl\n  bases",
            "\ttitle: Perl\n  bases",
            "not YAML: ",
        ),
        (
            "runtime:\n",
            "rock:\n",
            "found duplicate key 'rock', given before at line ",
        ),
    ] {
        assert!(sound.contains(right), "{right}");
        let said = said(&sound.replacen(right, wrong, 1));
        if expected.is_empty() {
            assert_eq!(said, Vec::<String>::new(), "{wrong}");
            continue;
        }
        assert!(
            said.iter()
                .any(|line| line.starts_with("metadata/frameworks/perl.yaml")
                    && line.contains(expected)),
            "{wrong}: {said:#?}\ninstead of {expected}"
        );
    }
}

#[test]
fn a_section_that_needs_another_cannot_be_read_alone() {
    let text = sound()
        .replace("container: app", "container: &app app")
        .replace("  service: perl\n  app-", "  service: *app\n  app-");
    let said = said(&text);
    assert!(
        said[0].contains("`runtime:` must begin a line, be plain and refer to no anchor"),
        "{said:?}"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = sound()
        .replace("title: Perl", "titel: Perl")
        .replace("maximum: 64", "maximum: x");
    assert_eq!(said(&text).len(), 3);
    for broken in ["", "- a\n", "charm\n", "charm:\nrock:\nruntime:\n"] {
        assert!(!said(broken).is_empty(), "{broken}");
    }
}

#[test]
fn files_that_the_running_charm_pushes_must_be_in_the_folder() {
    let text = sound() + "  json-logging: {directory: /tmp/x, files: [log.conf]}\n";
    let said = said(&text);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("names `log.conf`; there is no such text in `metadata/frameworks/perl/`"),
        "{said:?}"
    );
}
