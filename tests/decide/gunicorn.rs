//! What is decided about gunicorn, on states of the container that a hook may find.

use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::observation::Observation;
use charmwright::runtime::webserver::{Refresh, Webserver};
use charmwright::yaml::{self, Mapping};
use serde_json::{Value, json};

use super::support::{container, run, unit};

const CONFIG: &str = "/flask/gunicorn.conf.py";
const NEXT: &str = "/flask/gunicorn.conf.next.py";
const MARKER: &str = "/tmp/flask/state/webserver-pending";
const ROCK: &str = "/bin/python3 -m gunicorn -c /flask/gunicorn.conf.py 'app:app' -k [ sync ]";

/// A leader of a Flask app whose container has just come up.
fn observation(command: &str) -> Observation {
    let metadata = "\
name: web
containers: {flask-app: {resource: flask-app-image}}
peers: {secret-storage: {interface: secret-storage}}
";
    let manifest = "charmwright: {framework: flask}\nbases: [{channel: '24.04'}]\n";
    let charm = Charm::parse(metadata, Some("options: {}"), Some(manifest), None).unwrap();
    let service = json!({"override": "replace", "startup": "enabled", "command": command});
    let services = json!({"flask": service}).to_string();
    unit(charm, ("flask_secret_key", "a-key"), &services)
}

fn blocked(observation: &Observation) -> String {
    decide(observation).verdict.unwrap().message
}

/// The same once all of that was carried out, with the webserver's part.
fn settled(command: &str) -> (Observation, Webserver) {
    let mut observation = observation(command);
    let decision = decide(&observation);
    let run = run(&decision);
    let webserver = run.webserver.clone().unwrap();
    let layer: Mapping = yaml::from_str(run.layer.as_ref().unwrap()).unwrap();
    let snapshot = run
        .files
        .iter()
        .find(|file| file.path.ends_with("original-services.json"));
    let content = webserver.config.as_ref().unwrap().texts[0].content.clone();
    let there = container(&mut observation);
    there.services = layer["services"].as_mapping().unwrap().clone();
    there.states.insert("flask".into(), "active".into());
    there.snapshot = Some(snapshot.unwrap().content.clone());
    there.files.insert(CONFIG.into(), content.into_bytes());
    (observation, webserver)
}

fn set(observation: &mut Observation, option: &str, value: impl Into<Value>) {
    observation.config.insert(option.into(), value.into());
}

/// What is to be done with a config file that is to be replaced, else with what an earlier hook has left.
fn refresh(webserver: &Webserver) -> Option<Refresh> {
    let text = webserver.config.as_ref().map(|config| &config.texts[0]);
    text.map_or(webserver.refresh, |text| text.refresh)
}

#[test]
fn a_fresh_container_gets_a_checked_file_and_no_signal_and_then_nothing() {
    let (observation, webserver) = settled(ROCK);
    let check = webserver.check.as_ref().unwrap();
    let expected =
        format!("/bin/python3 -m gunicorn -c {CONFIG} app:app -k sync -c {NEXT} --check-config");
    assert_eq!(check.join(" "), expected);
    assert_eq!(webserver.environment["FLASK_SECRET_KEY"], "a-key");
    assert!(!format!("{webserver:?}").contains("a-key"));
    assert_eq!(
        (webserver.user.as_str(), webserver.directory.as_str()),
        ("_daemon_", "/flask/app")
    );
    assert_eq!(refresh(&webserver), None);
    assert_eq!(webserver.gevent, None);
    assert_eq!(webserver.log_directory, None);
    assert_eq!(run(&decide(&observation)).webserver, None);
    assert!(run(&decide(&observation)).is_idle());
}

#[test]
fn logs_are_files_only_on_a_juju_that_forwards_none() {
    for (juju, directory) in [("3.3.9", Some("/var/log/flask")), ("3.4.0", None)] {
        let mut observation = observation(ROCK);
        observation.identity.juju = juju.parse().unwrap();
        let decision = decide(&observation);
        let webserver = run(&decision).webserver.as_ref().unwrap();
        assert_eq!(webserver.log_directory.as_deref(), directory, "{juju}");
        let text = &webserver.config.as_ref().unwrap().texts[0].content;
        for (name, file) in [("accesslog", "access.log"), ("errorlog", "error.log")] {
            let log = directory.map_or("-".to_owned(), |directory| format!("{directory}/{file}"));
            assert!(
                text.contains(&format!("\n{name} = '{log}'\n")),
                "{juju}: {text}"
            );
        }
    }
}

#[test]
fn a_setting_reloads_and_an_environment_that_changes_too_restarts_in_any_case() {
    let (mut observation, _) = settled(ROCK);
    set(&mut observation, "webserver-timeout", 7);
    let decision = decide(&observation);
    let webserver = run(&decision).webserver.as_ref().unwrap();
    assert_eq!(refresh(webserver), Some(Refresh::Reload));
    assert!(webserver.check.is_some());
    assert_eq!(run(&decision).layer, None);

    set(&mut observation, "greeting", "Hi!");
    let decision = decide(&observation);
    let webserver = run(&decision).webserver.as_ref().unwrap();
    assert_eq!(refresh(webserver), None);
    assert!(run(&decision).layer.is_some());

    observation.config.remove("webserver-timeout");
    let decision = decide(&observation);
    let webserver = run(&decision).webserver.as_ref().unwrap();
    assert_eq!(webserver.config, None);
    assert!(!webserver.check.as_ref().unwrap().contains(&NEXT.to_owned()));
}

#[test]
fn what_a_hook_that_was_cut_off_has_left_is_done_once_and_not_where_all_starts_anew() {
    for (word, left) in [("reload", Refresh::Reload), ("restart", Refresh::Restart)] {
        let (mut observation, _) = settled(ROCK);
        container(&mut observation)
            .files
            .insert(MARKER.into(), word.into());
        let decision = decide(&observation);
        let webserver = run(&decision).webserver.as_ref().unwrap();
        assert_eq!(refresh(webserver), Some(left));
        assert_eq!((&webserver.check, webserver.is_marked), (&None, true));

        // One more change does not make less of it.
        set(&mut observation, "webserver-timeout", 7);
        let decision = decide(&observation);
        assert_eq!(
            refresh(run(&decision).webserver.as_ref().unwrap()),
            Some(left)
        );

        set(&mut observation, "greeting", "Hi!");
        let decision = decide(&observation);
        let webserver = run(&decision).webserver.as_ref().unwrap();
        assert_eq!((refresh(webserver), webserver.is_marked), (None, true));
    }
}

#[test]
fn a_service_that_does_not_run_is_started_and_not_signalled() {
    let (mut observation, _) = settled(ROCK);
    set(&mut observation, "webserver-timeout", 7);
    container(&mut observation)
        .states
        .insert("flask".into(), "inactive".into());
    let decision = decide(&observation);
    assert_eq!(run(&decision).start, ["flask"]);
    assert_eq!(refresh(run(&decision).webserver.as_ref().unwrap()), None);
}

#[test]
fn gunicorn_behind_a_shell_cannot_be_checked_or_signalled() {
    let (mut observation, webserver) = settled("bash -c 'sleep 1; gunicorn app:app'");
    assert_eq!(webserver.check, None);
    set(&mut observation, "webserver-timeout", 7);
    let decision = decide(&observation);
    assert_eq!(
        refresh(run(&decision).webserver.as_ref().unwrap()),
        Some(Refresh::Restart)
    );
}

#[test]
fn the_worker_class_is_probed_for_when_it_changes_and_only_then() {
    let commands = [
        ROCK.to_owned(),
        ROCK.replace("-k [ sync ]", "-k sync"),
        ROCK.replace("-k [ sync ]", "-ksync"),
        ROCK.replace("-k [ sync ]", "--worker-class=sync"),
    ];
    for command in &commands {
        let (mut observation, _) = settled(command);
        set(&mut observation, "webserver-worker-class", "sync");
        assert!(run(&decide(&observation)).is_idle(), "{command}");
        set(&mut observation, "webserver-worker-class", "gevent");
        let decision = decide(&observation);
        let layer = run(&decision).layer.as_ref().unwrap();
        let layer: Mapping = yaml::from_str(layer).unwrap();
        let service = &layer["services"]["flask"];
        let edited = command.replace("sync", "gevent");
        assert_eq!(service["command"].as_str(), Some(edited.as_str()));
        let webserver = run(&decision).webserver.as_ref().unwrap();
        assert_eq!(
            webserver.gevent.as_ref().unwrap()[..2],
            ["/bin/python3", "-c"]
        );
        assert!(
            webserver
                .check
                .as_ref()
                .unwrap()
                .iter()
                .any(|word| word.contains("gevent"))
        );

        container(&mut observation).services = layer["services"].as_mapping().unwrap().clone();
        assert!(run(&decide(&observation)).is_idle(), "{command}");
        observation.config.remove("webserver-worker-class");
        let decision = decide(&observation);
        let layer = run(&decision).layer.as_ref().unwrap();
        let layer: Mapping = yaml::from_str(layer).unwrap();
        assert_eq!(
            layer["services"]["flask"]["command"].as_str(),
            Some(command.as_str())
        );
        assert_eq!(run(&decision).webserver.as_ref().unwrap().gevent, None);
    }
}

#[test]
fn a_worker_class_that_cannot_be_blocks_with_the_peers_text() {
    let (mut observation, _) = settled(ROCK);
    for class in ["eventlet", "Sync", " sync"] {
        set(&mut observation, "webserver-worker-class", class);
        assert_eq!(
            blocked(&observation),
            "Only 'gevent' and 'sync' are allowed. https://bit.ly/flask-async-doc",
            "{class}"
        );
    }
    for command in ["gunicorn app:app", "gunicorn 'app:app"] {
        let (mut observation, _) = settled(command);
        set(&mut observation, "webserver-worker-class", "sync");
        assert_eq!(
            blocked(&observation),
            "Worker class is set through `juju config` but the `-k` worker class argument is not in the service command."
        );
    }
}
