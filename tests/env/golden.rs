//! The recorded cases: what the peer gave the app, told from the same options and relations without a hook.

use std::path::Path;

use charmwright::rehearsal::rehearse;
use serde_json::Value;

use super::golden_support::cases;
use super::golden_support::exceptions::Exceptions;

#[test]
fn the_recorded_environments_come_out_without_a_hook() {
    let exceptions = Exceptions::read();
    let directory = tempfile::tempdir().unwrap();
    let mut compared = 0;
    let mut failures = Vec::new();
    for case in cases() {
        let name = case.name();
        let expected = exceptions.expected(&case);
        let is_active = expected.get("/unit_status/0") == Some(Value::from("active"));
        let place = directory.path().join(name.replace('/', "-"));
        let Some(supposed) = case.supposed(Path::new(&place)).filter(|_| is_active) else {
            continue;
        };
        compared += 1;
        let told = rehearse(&supposed).unwrap_or_else(|error| panic!("{name}: {error}"));
        let environment = expected.get("/environment").unwrap();
        for (variable, value) in environment.as_object().unwrap() {
            // What the recorded rock has for its own service, and the key, which is fresh.
            let got = told.variables.get(variable);
            let is_key = variable.ends_with("SECRET_KEY");
            if case.is_rocks(variable) || (is_key && got.is_some()) {
                continue;
            }
            let got = got.map(|variable| variable.value.as_str());
            if got != value.as_str() {
                failures.push(format!("{name}: {variable} is {got:?}, not {value}"));
            }
        }
        for variable in told.variables.keys().filter(|_| !expected.is_partial) {
            if environment.get(variable).is_none() {
                failures.push(format!("{name}: {variable} is too many"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared > 150, "only {compared} cases were compared");
    println!("{compared} cases compared");
}
