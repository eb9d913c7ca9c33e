//! Whatever providers tell, of every interface and of one that only the user declares, with every framework: no panic,
//! always a verdict, no secret in what is shown, and nothing written twice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use charmwright::cos::Assets;
use charmwright::interfaces::Relation;
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{BagWrite, Decision, Work};
use charmwright::runtime::observation::Observation;
use charmwright::yaml::{self, Mapping, Value};
use proptest::prelude::*;
use proptest::sample::select;

use super::databags::{CANARY, Databags, databags, good, mark};
use super::support::{FIRST, FRAMEWORKS, SECOND, postgresql, unit};

/// Endpoints and their interfaces: all that there are, and one of the user's own.
const ENDPOINTS: [(&str, &str); 22] = [
    ("grafana-dashboard", "grafana_dashboard"),
    ("http-proxy", "http_proxy"),
    ("ingress", "ingress"),
    ("kafka", "kafka_client"),
    ("logging", "loki_push_api"),
    ("metrics-endpoint", "prometheus_scrape"),
    ("mongodb", "mongodb_client"),
    ("motd", "motd"),
    ("mysql", "mysql_client"),
    ("oidc", "oauth"),
    ("openfga", "openfga"),
    ("opensearch", "opensearch_client"),
    ("postgresql", "postgresql_client"),
    ("rabbitmq", "rabbitmq"),
    ("redis", "redis"),
    ("s3", "s3"),
    ("saml", "saml"),
    ("second-db", "postgresql_client"),
    ("smtp", "smtp"),
    ("tracing", "tracing"),
    ("valkey", "valkey_client"),
    ("verified", "mysql_client"),
];

/// The user's own interface, and what is said of others.
const PAAS_CONFIG: &str = "\
integrations:
  motd:
    request:
      app: {subject: '{our.app}', where: '{our.url}'}
      unit: {who: '{our.unit}'}
      secrets: [username, password]
    keys:
      text: {needed: true}
      lines: {minimum: 1, maximum: 9}
      secret-user: {secret: [username, password]}
    prefix: MOTD
    variables:
      '{prefix}_TEXT': '{text}'
      '{prefix}_LINES': '{lines}'
      '{prefix}_LOGIN': 'https://{username}:{password}@motd'
    files:
      /etc/motd.d/web: '{text}'
  verified: {tls: verify}
  postgresql: {tls: verify}
  redis: {tls: verify}
";

fn charm(framework: &str, channel: &str, is_verified: bool) -> Charm {
    let provides = ["grafana-dashboard", "metrics-endpoint"];
    let (mut required, mut provided) = (String::new(), String::new());
    for (name, interface) in ENDPOINTS {
        if provides.contains(&name) {
            provided += &format!("  {name}: {{interface: {interface}}}\n");
        } else {
            required += &format!("  {name}: {{interface: {interface}, optional: true}}\n");
        }
    }
    let workload = match framework {
        "django" | "flask" if channel == FIRST => format!("{framework}-app"),
        _ => "app".to_owned(),
    };
    let metadata = format!(
        "name: web\ncontainers: {{{workload}: {{resource: x}}}}\npeers: {{secret-storage: {{interface: secret-storage}}}}\n\
         requires:\n{required}provides:\n{provided}"
    );
    let manifest =
        format!("charmwright: {{framework: {framework}}}\nbases: [{{channel: '{channel}'}}]\n");
    let own = PAAS_CONFIG.split_inclusive("  verified").next().unwrap();
    let own = own.trim_end_matches("  verified");
    let paas_config = if is_verified { PAAS_CONFIG } else { own };
    let charm = Charm::parse(
        &metadata,
        Some("options: {}"),
        Some(&manifest),
        Some(paas_config),
    );
    let charm = charm.unwrap();
    assert_eq!(charm.paas_config.as_ref().err(), None);
    charm
}

type Which = (&'static str, &'static str, bool);

static CHARMS: LazyLock<BTreeMap<Which, Charm>> = LazyLock::new(|| {
    let mut charms = BTreeMap::new();
    for framework in FRAMEWORKS {
        for channel in [FIRST, SECOND] {
            for is_verified in [false, true] {
                let charm = charm(framework, channel, is_verified);
                charms.insert((framework, channel, is_verified), charm);
            }
        }
    }
    charms
});

/// One state of the world.
#[derive(Clone, Debug)]
struct World {
    which: Which,
    leader: bool,
    /// Relations by endpoint.
    told: Vec<(&'static str, Databags)>,
    random: [u8; 32],
}

fn world() -> impl Strategy<Value = World> {
    let endpoint = select(ENDPOINTS.to_vec());
    let told = endpoint
        .prop_flat_map(|(name, interface)| (Just(name), databags(interface)))
        .boxed();
    let which = (
        select(FRAMEWORKS.to_vec()),
        select(vec![FIRST, SECOND]),
        any::<bool>(),
    );
    (
        which,
        any::<bool>(),
        proptest::collection::vec(told, 1..5),
        any::<[u8; 32]>(),
    )
        .prop_map(|(which, leader, told, random)| World {
            which,
            leader,
            told,
            random,
        })
}

impl World {
    fn observation(&self) -> Observation {
        let (framework, _, _) = self.which;
        let services = format!(
            "{framework}: {{override: replace, startup: enabled, command: x}}\n\
             a-worker: {{override: replace, startup: enabled, command: y}}\n"
        );
        let key = format!("{framework}_secret_key");
        let charm = CHARMS[&self.which].clone();
        let mut observation = unit(charm, (&key, CANARY), &services);
        observation.leader = self.leader;
        observation.random = self.random;
        observation.planned_units = Some([0].into());
        let observed = ["grafana-dashboard", "logging", "metrics-endpoint"];
        if self
            .told
            .iter()
            .any(|(endpoint, _)| observed.contains(endpoint))
        {
            observation.assets = ASSETS.clone();
        }
        let mut relations: Vec<Relation> = (7..)
            .zip(&self.told)
            .map(|(id, (endpoint, told))| told.relation(endpoint, id, self.leader))
            .collect();
        if framework == "django" {
            let mut database = postgresql("pw");
            database.id = 100;
            relations.push(database);
        }
        // As `observe` reads them: by endpoint and id, and of secrets only those that are asked for.
        let endpoints = &observation.charm.endpoints;
        let place = |relation: &Relation| {
            let place = endpoints
                .iter()
                .position(|endpoint| endpoint.name == relation.endpoint);
            (place.unwrap(), relation.id)
        };
        relations.sort_by_key(place);
        for relation in &mut relations {
            let (place, _) = place(relation);
            let speaks = endpoints[place].handler().unwrap();
            let uris: Vec<String> = speaks
                .secrets(relation)
                .into_iter()
                .map(|r| r.uri)
                .collect();
            relation.secrets.retain(|uri, _| uris.contains(uri));
        }
        observation.relations = relations;
        observation
    }
}

static ASSETS: LazyLock<Assets> =
    LazyLock::new(|| Assets::load("fastapi", std::path::Path::new("/nonexistent")));

/// The writes carried out, and the port open if it was to be.
fn after(observation: &Observation, decision: &Decision) -> Observation {
    let mut after = observation.clone();
    let later = decision
        .once_open
        .iter()
        .filter(|_| decision.port.is_some());
    for BagWrite {
        relation,
        app,
        changes,
        ..
    } in decision.bags.iter().chain(later)
    {
        let target = match &mut after.peer {
            Some(peer) if peer.id == *relation => &mut peer.app,
            _ => {
                let mut relations = after.relations.iter_mut();
                let relation = relations.find(|known| known.id == *relation).unwrap();
                if *app {
                    &mut relation.local_app
                } else {
                    &mut relation.local_unit
                }
            }
        };
        for (key, value) in changes {
            match value {
                Some(value) => target.insert(key.clone(), value.clone()),
                None => target.remove(key),
            };
        }
    }
    after
        .opened_ports
        .extend(decision.port.map(|port| format!("{port}/tcp")));
    after.random = [9; 32];
    after
}

/// What a run is to write down for Pebble is what a process can be given.
fn assert_well_formed(decision: &Decision) {
    let Work::Run(run) = &decision.work else {
        return;
    };
    for file in &run.files {
        assert!(
            file.path.starts_with('/') && !file.path.contains("/../"),
            "{}",
            file.path
        );
    }
    let Some(layer) = &run.layer else { return };
    let layer: Mapping = yaml::from_str(layer).expect("the layer is YAML");
    for (name, service) in layer["services"].as_mapping().unwrap() {
        let environment = service.get("environment").and_then(Value::as_mapping);
        for (variable, value) in environment.into_iter().flatten() {
            let (variable, value) = (variable.as_str().unwrap(), value.as_str().unwrap());
            let is_name = !variable.is_empty() && !variable.contains(['=', '\0']);
            assert!(is_name, "{name:?}: a variable is called {variable:?}");
            assert!(!value.contains('\0'), "{name:?}: {variable} has a NUL");
        }
    }
}

fn check(world: &World) {
    let observation = world.observation();
    let decision = decide(&observation);
    assert!(decision.verdict.is_some());
    assert_well_formed(&decision);
    let told = (&decision.verdict, &decision.remarks);
    let text = format!("{told:?}");
    assert!(!text.contains(CANARY), "{text}");
    for problem in [&decision.verdict].into_iter().flatten() {
        let lines = problem.message.chars().filter(|c| c.is_control()).count();
        assert_eq!(lines, 0, "{:?}", problem.message);
    }

    let after = after(&observation, &decision);
    let again = decide(&after);
    assert_eq!(again.bags, Vec::new(), "a second hook writes");
    assert_eq!(
        again.once_open,
        Vec::new(),
        "a second hook writes when the port is open"
    );
    // No answer is ours while nothing was asked that can be read.
    let is_asked_anew = |write: &BagWrite| write.endpoint == "http-proxy";
    if !decision.bags.iter().any(is_asked_anew) {
        assert_eq!(again.verdict, decision.verdict);
    }

    // Juju tells of endpoints in any order.
    let mut turned = observation.clone();
    turned.relations.sort_by(|a, b| b.endpoint.cmp(&a.endpoint));
    let mut other = decide(&turned);
    other.bags.sort_by_key(|write| (write.relation, write.app));
    let mut first = decision;
    first.bags.sort_by_key(|write| (write.relation, write.app));
    other
        .once_open
        .sort_by_key(|write| (write.relation, write.app));
    first
        .once_open
        .sort_by_key(|write| (write.relation, write.app));
    assert_eq!(other.bags, first.bags);
    assert_eq!(other.once_open, first.once_open);
    assert_eq!(other.verdict, first.verdict);
    assert_eq!(other.work, first.work);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("CASES").map_or(400, |n| n.parse().unwrap()), max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_databag_makes_a_hook_fail_or_tell_a_secret(world in world()) {
        check(&world);
    }
}

/// What the app prints when it fails may have any of its variables in it.
#[test]
fn no_variable_of_a_provider_shows_its_secret_when_it_is_told() {
    for (endpoint, interface) in ENDPOINTS {
        for databags in &good()[interface] {
            let mut databags = databags.clone();
            mark(&mut databags);
            for framework in FRAMEWORKS {
                let told = vec![(endpoint, databags.clone())];
                let which = (framework, FIRST, false);
                let world = World {
                    which,
                    leader: true,
                    told,
                    random: [1; 32],
                };
                let decision = decide(&world.observation());
                let Work::Run(run) = &decision.work else {
                    continue;
                };
                let layer: Mapping = yaml::from_str(run.layer.as_ref().unwrap()).unwrap();
                let environment = layer["services"][framework]["environment"].as_mapping();
                for (name, value) in environment.unwrap() {
                    let hidden = decision.mask.hide(value.as_str().unwrap());
                    assert!(
                        !hidden.contains(CANARY),
                        "{framework} {interface}: {name:?} {hidden}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_interface_has_good_databags_to_spoil() {
    for (name, interface) in ENDPOINTS {
        assert!(
            good().get(interface).is_some_and(|all| !all.is_empty()),
            "{name}"
        );
    }
}
