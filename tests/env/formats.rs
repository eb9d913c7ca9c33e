//! The three formats, and that none tells a secret unasked.

use std::collections::BTreeMap;
use std::process::Command;

use super::support::Project;

const OPTIONS: &str = "config:\n  options:\n    text: {type: string, description: d}\n    \
    api-token: {type: string, description: d}\n    dsn: {type: string, description: d}\n    \
    login: {type: secret, description: d}\n\
    requires: {postgresql: {interface: postgresql_client, optional: true, limit: 1}}\n";

const RELATION: &str = "endpoint: postgresql\napp-data: {secret-user: 'secret://u', endpoints: 'pg:5432'}\n\
    secrets: {u: {username: web, password: 'seed/5'}}\n";

/// Every kind of secret that there is, each found again by its name.
const SECRETS: &[&str] = &[
    "--config",
    "api-token=seed-1",
    "--config",
    "dsn=redis://me:seed-2@cache:6379",
    "--config",
    "login=secret://l",
    "--secret",
    "l:name=seed-3",
    "--config",
    "app-secret-key=seed-4",
    "--relation",
    "pg.yaml",
    "--model-config",
    "juju-http-proxy=http://squid:seed-6@proxy:3128",
];

fn project() -> Project {
    let project = Project::new("fastapi", "24.04", OPTIONS);
    project.write("pg.yaml", RELATION);
    project
}

#[test]
fn no_format_tells_a_secret_unasked_and_all_do_when_asked() {
    let project = project();
    for format in ["text", "json", "dotenv"] {
        let mut arguments = vec!["--format", format];
        arguments.extend(SECRETS);
        let masked = project.env(&arguments);
        assert_eq!(masked.code, 0, "{}", masked.stderr);
        for seed in 1..=6 {
            for form in ["-", "/", "%2F"] {
                let seed = format!("seed{form}{seed}");
                assert!(
                    !masked.stdout.contains(&seed) && !masked.stderr.contains(&seed),
                    "{format}: {seed} in {}",
                    masked.stdout
                );
            }
        }
        arguments.push("--show-secrets");
        let shown = project.env(&arguments).stdout;
        for seed in [
            "seed-1", "seed-2", "seed-3", "seed-4", "seed/5", "seed%2F5", "seed-6",
        ] {
            assert!(shown.contains(seed), "{format}: {seed} not in {shown}");
        }
    }
}

#[test]
fn what_a_shell_takes_from_dotenv_is_what_the_app_would_get() {
    let project = project();
    for text in [
        "plain",
        "two words",
        "it's $HOME \"quoted\" `now` \\ here",
        "two\nlines",
        "#!~*?&;()<>|",
        "ünï",
        "'",
    ] {
        let option = format!("text={text}");
        let mut arguments = vec!["--config", &option, "--show-secrets", "--format", "json"];
        arguments.extend(SECRETS);
        let json = project.env(&arguments);
        let expected = json.variables("value");
        arguments[4] = "dotenv";
        let dotenv = project.env(&arguments);
        assert_eq!(dotenv.code, 0, "{}", dotenv.stderr);
        let file = project.write(".env", &dotenv.stdout);
        let output = Command::new("sh")
            .args(["-ec", "set -a; . \"$0\"; exec env -0"])
            .arg(&file)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let output_text = String::from_utf8(output.stdout).unwrap();
        let mut got: BTreeMap<String, String> = output_text
            .split_terminator('\0')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        got.retain(|name, _| expected.contains_key(name));
        assert_eq!(got, with_app_key(expected, &got), "{text}");
    }
}

/// The option gives the key, so that both calls have the same; this only says so.
fn with_app_key(
    expected: BTreeMap<String, String>,
    got: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    assert_eq!(got["APP_SECRET_KEY"], "seed-4");
    expected
}

#[test]
fn masked_dotenv_has_secrets_as_comments() {
    let project = project();
    let answer = project.env(&["--format", "dotenv", "--relation", "pg.yaml"]);
    for line in [
        "APP_BASE_URL=http://web.demo:8080",
        "POSTGRESQL_DB_HOSTNAME=pg",
        "# APP_SECRET_KEY='***'",
        "# POSTGRESQL_DB_PASSWORD='***'",
    ] {
        assert!(answer.stdout.lines().any(|it| it == line), "{line}");
    }
    assert!(
        answer.stderr.contains("`--show-secrets` prints them"),
        "{}",
        answer.stderr
    );
}

#[test]
fn text_is_one_sorted_line_for_each_variable() {
    let project = project();
    let answer = project.env(&["--config", "text=two\nlines"]);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(words, ["Variable", "From", "Value"]);
    let names: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    let text = lines
        .iter()
        .find(|line| line.starts_with("APP_TEXT "))
        .unwrap();
    assert!(text.ends_with("  option text  two\\nlines") || text.ends_with("two\\nlines"));
}
