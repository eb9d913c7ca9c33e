//! A unit's certificate with a real Pebble: the key is kept as a Juju secret of the unit, wherever a hook is killed there is
//! one key and one request, and the app finds the files.

use std::process::{Command, Stdio};
use std::rc::Rc;

use charmwright::local::model::Model;
use serde_json::{Value, json};

use super::support::{Cut, Declared, Setup, World, active, bag, blocked, run};

const UNIT: &str = "web/0";
const SERVICE: &str = "fastapi";
const CONFIG: &str =
    "integrations: {certificates: {interface: tls-certificates, optional: false, limit: 1}}\n";

/// What the app has found when it was started, and who may read it.
const READ: &str = "\
cat $TLS_CERT_FILE > /tmp/seen
stat -c '%a %U' $TLS_KEY_FILE $TLS_CERT_FILE > /tmp/modes
";

fn request(world: &World, id: u32) -> Option<String> {
    let bag = world.bag(id, UNIT);
    let requests: Value = serde_json::from_str(bag.get("certificate_signing_requests")?).unwrap();
    assert_eq!(requests.as_array().unwrap().len(), 1);
    let request = requests[0]["certificate_signing_request"].as_str();
    request.map(str::to_owned)
}

/// What an authority of its own makes of a request.
fn sign(request: &str) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("openssl is missing: apt-get install --yes openssl");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    };
    openssl(&[
        "req",
        "-x509",
        "-nodes",
        "-days",
        "30",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-subj",
        "/CN=ca",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ]);
    std::fs::write(directory.path().join("request.pem"), request).unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        "request.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-days",
        "20",
        "-copy_extensions",
        "copy",
        "-out",
        "signed.pem",
    ]);
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let (signed, ca) = (read("signed.pem"), read("ca.pem"));
    json!({"certificate_signing_request": request, "certificate": signed, "ca": ca, "chain": [signed, ca]})
}

fn say(world: &World, id: u32, answer: &Value) {
    let text = json!([answer]).to_string();
    let mut model = world.model.borrow_mut();
    let changes = model.set_bag(id, "ca", bag(&[("certificates", &text)]));
    model.enqueue(changes);
}

/// The keys that the unit keeps.
fn keys(model: &Model) -> Vec<String> {
    let owned = model.secrets.values();
    owned
        .filter(|secret| secret.label.as_deref() == Some("certificates-unit-secret"))
        .map(|secret| {
            assert!(secret.is_owned_by(UNIT));
            assert_eq!(secret.revisions.len(), 1);
            let content = secret.revisions.values().next().unwrap();
            content["private-key"].clone()
        })
        .collect()
}

async fn world() -> Rc<World> {
    let world = World::with_unit(Setup {
        charm: Declared {
            paas_config: Some(CONFIG),
            ..Declared::default()
        },
        ..Setup::default()
    })
    .await;
    world.write(UNIT, "/tmp/fastapi.sh", READ).await;
    world
}

fn integrate(world: &World) -> u32 {
    let mut model = world.model.borrow_mut();
    let (id, changes) = model.integrate("web:certificates", "ca").unwrap();
    model.enqueue(changes);
    id
}

#[test]
fn the_app_finds_its_certificate_and_the_one_that_renews_it() {
    run(async {
        let world = world().await;
        let missing = blocked("missing integrations: certificates");
        assert_eq!(world.status(UNIT), missing);
        let id = integrate(&world);
        world.drain().await;
        assert_eq!(world.status(UNIT), missing);
        let csr = request(&world, id).unwrap();
        let kept = keys(&world.model.borrow());
        assert_eq!(kept.len(), 1);

        let mut at = 0;
        loop {
            at += 1;
            let answer = sign(&csr);
            say(&world, id, &answer);
            let ran = world.step(UNIT, Cut::Request(at)).await.unwrap();
            world.drain().await;
            world.update_status().await;
            let when = format!("cut at request {at}: {:?}", ran.requests.last());
            assert_eq!(world.status(UNIT), active(), "{when}");
            let seen = world.file(UNIT, "/tmp/seen").await.unwrap();
            assert_eq!(
                seen.trim(),
                answer["certificate"].as_str().unwrap().trim(),
                "{when}"
            );
            assert_eq!(request(&world, id).unwrap(), csr, "{when}");
            if ran.code.is_some() {
                break;
            }
        }
        assert_eq!(keys(&world.model.borrow()), kept);
        let modes = world.file(UNIT, "/tmp/modes").await.unwrap();
        assert_eq!(modes.trim(), "600 _daemon_\n644 _daemon_");
        let key = world
            .file(UNIT, "/tmp/charmwright/tls/certificates-key.pem")
            .await;
        assert_eq!(key.unwrap().trim(), kept[0].trim());
        // Nothing is written, and nothing starts anew.
        let starts = world.starts(UNIT, SERVICE).await;
        world.update_status().await;
        assert_eq!(world.last().writes(), Vec::<&_>::new());
        assert_eq!(world.starts(UNIT, SERVICE).await, starts);

        let changes = world.model.borrow_mut().remove_relation("web", "ca");
        world.model.borrow_mut().enqueue(changes.unwrap());
        world.drain().await;
        assert_eq!(world.status(UNIT), missing);
        // The same key serves the next integration.
        let id = integrate(&world);
        world.drain().await;
        assert_eq!(request(&world, id).unwrap(), csr);
        assert_eq!(keys(&world.model.borrow()), kept);
    });
}

#[test]
fn wherever_the_first_hook_is_killed_there_is_one_key_and_its_request() {
    run(async {
        let mut at = 0;
        let mut is_killed = true;
        let world = world().await;
        while is_killed {
            at += 1;
            let id = integrate(&world);
            let ran = world.step(UNIT, Cut::Tool(at)).await.unwrap();
            is_killed = ran.code.is_none();
            world.drain().await;
            let when = format!("cut at tool {at}");
            let kept = keys(&world.model.borrow());
            assert_eq!(kept.len(), 1, "{when}");
            let csr = request(&world, id).unwrap();
            if !is_killed {
                say(&world, id, &sign(&csr));
                world.drain().await;
                assert_eq!(world.status(UNIT), active(), "{when}");
            }
            let changes = world.model.borrow_mut().remove_relation("web", "ca");
            world.model.borrow_mut().enqueue(changes.unwrap());
            world.drain().await;
            // The next round begins without a key.
            let mut model = world.model.borrow_mut();
            model
                .secrets
                .retain(|_, secret| secret.label.as_deref() != Some("certificates-unit-secret"));
        }
        assert!(at > 8, "{at}");
    });
}
