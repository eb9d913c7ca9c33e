use super::super::PaasConfig;
use super::*;
use crate::yaml::from_str;

fn action(text: &str) -> CustomAction {
    from_str(text).unwrap()
}

#[test]
fn a_command_is_a_list_or_a_text_that_no_shell_sees() {
    for (command, words) in [
        ("[a, 'b c', '$D']", &["a", "b c", "$D"][..]),
        (
            "a 'b c' \"d e\" $F | g",
            &["a", "b c", "d e", "$F", "|", "g"],
        ),
    ] {
        let row = action(&format!("command: {command}\n")).row();
        assert_eq!(row.command, words, "{command}");
        assert_eq!(row.timeout, 300);
        assert_eq!(row.results["output"], "{output}");
    }
}

#[test]
fn parameters_are_variables_and_only_harmless_ones_arguments() {
    for (name, expected) in [
        ("url", "ACTION_URL"),
        ("dry-run", "ACTION_DRY_RUN"),
        ("a.b", "ACTION_A_B"),
    ] {
        assert_eq!(variable(name), expected);
    }
    let row = action(
        "command: x\nparams: {a: {type: string}, b: {type: integer}, c: {type: [number, boolean]}, d: {enum: [x, y]}, e: {}}\n",
    )
    .row();
    let arguments: Vec<&str> = row.arguments.iter().map(String::as_str).collect();
    assert_eq!(arguments, ["b", "c", "d"]);
    let values = BTreeMap::from([("b".to_owned(), "3".to_owned())]);
    for (text, filled) in [
        ("--n={b}", Some("--n=3")),
        ("{c}", None),
        ("{a} {b} {x}", Some("{a} 3 {x}")),
        ("plain", Some("plain")),
    ] {
        assert_eq!(argument(text, &row.arguments, &values).as_deref(), filled);
    }
}

#[test]
fn each_mistake_has_its_key_and_a_fix() {
    for (text, key, message, fix) in [
        (
            "command: \"a 'b\"",
            "command",
            "not closed",
            "list of words",
        ),
        ("command: []", "command", "names no program", "python3"),
        (
            "{command: [x, '--u={url}'], params: {url: {type: string}}}",
            "command",
            "`url` may be a secret",
            "`ACTION_URL`",
        ),
        (
            "{command: x, working-directory: app}",
            "working-directory",
            "not absolute",
            "begin it with `/`",
        ),
        (
            "{command: x, params: {a-b: {}, a_b: {}}}",
            "params.a_b",
            "`ACTION_A_B`",
            "rename",
        ),
        (
            "{command: x, params: {number: {}}, required: [numbr]}",
            "required",
            "`numbr` is not in",
            "did you mean `number`?",
        ),
        (
            "{command: x, environment: {'A=B': c}}",
            "environment.A=B",
            "cannot be the name",
            "letters",
        ),
        (
            "{command: x, environment: {A: '{ur}'}, params: {url: {}}}",
            "environment.A",
            "nothing called `ur`",
            "did you mean `url`?",
        ),
        (
            "{command: x, environment: {A: '{\"a\": 1}'}}",
            "environment.A",
            "malformed",
            "{NAME}",
        ),
        (
            "{command: x, timeout: 0}",
            "timeout",
            "between 1 and 86400 seconds",
            "another",
        ),
        (
            "{command: x, timeout: 86401}",
            "timeout",
            "between 1 and 86400 seconds",
            "another",
        ),
        (
            "{command: x, results: {Bad_key: '{output}'}}",
            "results.Bad_key",
            "cannot be a key",
            "a-z",
        ),
        (
            "{command: x, results: {a: '{APP_SECRET_KEY}'}}",
            "results.a",
            "nothing called",
            "declare",
        ),
    ] {
        let mistakes = action(text).mistakes();
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert_eq!(mistakes[0].path.join("."), key, "{text}");
        assert!(mistakes[0].message.contains(message), "{mistakes:?}");
        assert!(mistakes[0].fix.contains(fix), "{mistakes:?}");
    }
    let sound = "{command: x, params: {url: {}}, environment: {A: '{url}[?{APP_BASE_URL}]', B: '{random}', C: '{spring.datasource.url}'}, \
                 results: {a: '{output} {random} {url}'}}";
    assert_eq!(action(sound).mistakes(), []);
}

#[test]
fn a_unit_with_a_mistake_says_file_key_reason_and_fix() {
    for (text, expected) in [
        (
            "actions: {a: {command: x, timeout: 0}}",
            "Invalid paas-config.yaml: actions.a.timeout: must be between 1 and 86400 seconds; write another number",
        ),
        (
            "actions: {create-superuser: {command: x}}",
            "Invalid paas-config.yaml: actions.create-superuser: the framework has an action of this name; rename it",
        ),
    ] {
        let config = PaasConfig::parse(Some(text), "fastapi", true).unwrap();
        let error = check(&config.actions, ["create-superuser"].into_iter()).unwrap_err();
        assert_eq!(error, expected);
    }
    for (text, part) in [
        ("actions: {a: {comand: x}}", "unknown field `comand`"),
        (
            "actions: {a: {command: {}}}",
            "must be a list of words, or one text",
        ),
        ("actions: {a: {}}", "missing field `command`"),
    ] {
        let error = PaasConfig::parse(Some(text), "fastapi", true).unwrap_err();
        assert!(
            error.starts_with("Invalid paas-config.yaml: ") && error.contains(part),
            "{error}"
        );
    }
}

#[test]
fn juju_is_told_of_parameters_and_to_take_no_others() {
    let action = action(
        "{description: d, command: x, params: {a: {type: string, default: b}}, required: [a], timeout: 5}",
    );
    let expected: Mapping =
        from_str("{description: d, params: {a: {type: string, default: b}}, required: [a], additionalProperties: false}").unwrap();
    assert_eq!(action.declaration(), expected);
}
