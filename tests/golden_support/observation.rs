//! The state that a recorded case begins with, as `observe` would read it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use charmwright::cos::Assets;
use charmwright::frameworks::{Frameworks, Generation};
use charmwright::interfaces::{self, Bag, Relation, table};
use charmwright::juju::{self, Event, LifecycleKind, RelationKind};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::observation::{
    Container, Identity, Observation, Peer, SecretProblem, Workload,
};
use charmwright::yaml::{self, Mapping, Value as Yaml};
use serde_json::{Value, json};

use super::case::{Case, bag};

const FRESH_KEY: &str = "fresh-secret-key";

/// The interfaces that publish dashboards and alert rules.
const OBSERVED: [&str; 3] = ["grafana_dashboard", "loki_push_api", "prometheus_scrape"];

impl Case {
    pub(super) fn charm(&self) -> Charm {
        let variant = self.charm["variant"].as_str().unwrap();
        let path = format!("tests/golden/projects/{variant}/charmcraft.yaml");
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let project: Value = yaml::from_str(&text).unwrap();
        let framework = Frameworks::shipped()
            .find(&self.framework)
            .unwrap()
            .unwrap();
        let extension = framework
            .charm()
            .unwrap()
            .adds(&self.framework, Generation::V1);
        let adds: Value = yaml::from_str(&yaml::to_string(&extension).unwrap()).unwrap();
        let both = |pointer: &str| {
            let of = |value: &Value| {
                let section = value.pointer(pointer).and_then(Value::as_object);
                section.cloned().unwrap_or_default()
            };
            // `pack` sorts what it writes.
            let both: BTreeMap<String, Value> = of(&adds).into_iter().chain(of(&project)).collect();
            both
        };
        let metadata = match &self.charm["metadata"] {
            Value::Null => json!({
                "name": project["name"],
                "containers": adds["containers"],
                "peers": adds["peers"],
                "requires": both("/requires"),
                "provides": both("/provides"),
            }),
            metadata => metadata.clone(),
        };
        let config = match &self.charm["config"] {
            Value::Null => json!({"options": both("/config/options")}),
            config => config.clone(),
        };
        let manifest = format!(
            "charmwright: {{framework: {}}}\nbases: [{{channel: '24.04'}}]\n",
            self.framework
        );
        let text = |value: &Value| yaml::to_string(value).unwrap();
        let paas = self.input["paas_config"].as_str();
        Charm::parse(
            &text(&metadata),
            Some(&text(&config)),
            Some(&manifest),
            paas,
        )
        .unwrap()
    }

    fn event(&self) -> Event {
        let event = &self.input["event"];
        if let Some(name) = event["action"].as_str() {
            return Event::Action {
                name: name.into(),
                uuid: "1".into(),
            };
        }
        let name = event["name"].as_str().unwrap();
        let kind = match name {
            "config-changed" => return Event::Lifecycle(LifecycleKind::ConfigChanged),
            "install" => return Event::Lifecycle(LifecycleKind::Install),
            "update-status" => return Event::Lifecycle(LifecycleKind::UpdateStatus),
            "upgrade-charm" => return Event::Lifecycle(LifecycleKind::UpgradeCharm),
            "relation-created" => RelationKind::Created,
            "relation-joined" => RelationKind::Joined,
            "relation-changed" => RelationKind::Changed,
            "relation-departed" => RelationKind::Departed,
            "relation-broken" => RelationKind::Broken,
            other => return Event::Unknown(other.into()),
        };
        let endpoint = event["relation"].as_str().unwrap();
        let relations = self.input["relations"].as_array().unwrap();
        let relation = relations
            .iter()
            .find(|relation| relation["endpoint"] == endpoint)
            .unwrap();
        Event::Relation {
            endpoint: endpoint.into(),
            kind,
            id: juju::RelationId::new(endpoint, relation["id"].as_u64().unwrap()),
            remote_app: relation["remote_app"].as_str().map(str::to_owned),
            remote_unit: event["remote_unit"].as_str().map(str::to_owned),
            departing_unit: None,
        }
    }

    fn secret(&self, uri: &str) -> Option<Bag> {
        let secrets = self.input["secrets"].as_array().unwrap();
        let secret = secrets.iter().find(|secret| secret["id"] == uri)?;
        Some(bag(&secret["content"]))
    }

    /// The state as `observe` would read it.
    pub fn observation(&self) -> Observation {
        let charm = self.charm();
        let input = &self.input;
        let event = self.event();
        let unit = input["unit"].as_str().unwrap();
        let leader = input["leader"].as_bool().unwrap();
        let config: BTreeMap<String, Value> = input["config"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let secret_options = charm
            .options
            .iter()
            .filter(|option| option.kind == "secret");
        let config_secrets = secret_options
            .filter_map(|option| Some((option.name.clone(), config.get(&option.name)?.as_str()?)))
            .map(|(name, uri)| (name, self.secret(uri).ok_or(SecretProblem::NotFound)))
            .collect();
        let broken = match &event {
            Event::Relation {
                kind: RelationKind::Broken,
                id,
                ..
            } => Some(id.number()),
            _ => None,
        };
        let mut peer = None;
        let mut relations = Vec::new();
        for relation in input["relations"].as_array().unwrap() {
            let id = relation["id"].as_u64().unwrap();
            let endpoint = relation["endpoint"].as_str().unwrap().to_owned();
            let local_app = bag(&relation["local_app_data"]);
            if relation["peer"] == true {
                let others = relation["peers"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|n| n.as_u64().unwrap());
                peer = Some(Peer {
                    endpoint,
                    id,
                    app: local_app,
                    others: others.collect(),
                    secret: None,
                });
                continue;
            }
            if Some(id) == broken {
                continue;
            }
            let units = relation["remote_units"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let remote = relation["remote_app"].as_str().unwrap();
            let mut read = Relation {
                endpoint,
                id,
                remote_application: remote.into(),
                remote_app: bag(&relation["remote_app_data"]),
                remote_units: units
                    .iter()
                    .map(|(n, data)| (format!("{remote}/{n}"), bag(data)))
                    .collect(),
                local_app: if leader { local_app } else { Bag::new() },
                local_unit: Bag::new(),
                address: Some("192.0.2.0".into()),
                secrets: BTreeMap::new(),
                own_secret: None,
            };
            let row = table::find(relation["interface"].as_str().unwrap());
            if let Some(interface) = row.and_then(|row| interfaces::handler(&row)) {
                for request in interface.secrets(&read) {
                    if let Some(content) = self.secret(&request.uri) {
                        read.secrets.insert(request.uri, content);
                    }
                }
            }
            relations.push(read);
        }
        let proxy = |name: &str| input["environ"][name].as_str().map(str::to_owned);
        let planned = input["planned_units"].as_u64().unwrap();
        let number = unit.rsplit('/').next().unwrap().parse().unwrap();
        Observation {
            workload: self.workload(&charm),
            charm,
            identity: Identity {
                unit: unit.into(),
                number,
                app: input["app"].as_str().unwrap().into(),
                model: input["model"]["name"].as_str().unwrap().into(),
                model_uuid: input["model"]["uuid"].as_str().unwrap().into(),
                juju: input["juju_version"].as_str().unwrap().parse().unwrap(),
                proxies: juju::Proxies {
                    http: proxy("JUJU_CHARM_HTTP_PROXY"),
                    https: proxy("JUJU_CHARM_HTTPS_PROXY"),
                    ftp: None,
                    no_proxy: proxy("JUJU_CHARM_NO_PROXY"),
                },
            },
            event,
            parameters: parameters(&input["event"]["params"]),
            leader,
            config,
            config_secrets,
            peer,
            relations,
            opened_ports: BTreeSet::new(),
            unit_status: None,
            app_status: None,
            planned_units: Some(
                (0..planned.max(1))
                    .map(|n| if planned == 1 { number } else { n })
                    .collect(),
            ),
            assets: if leader
                && self
                    .active_interfaces()
                    .any(|name| OBSERVED.contains(&name))
            {
                Assets::load(&self.framework, Path::new("/nonexistent"))
            } else {
                Assets::default()
            },
            fresh_key: FRESH_KEY.into(),
            random: [1; 32],
            key_seed: Some([2; 32]),
            now: 1_800_000_000,
        }
    }

    fn workload(&self, charm: &Charm) -> Workload {
        let container = &self.input["container"];
        if container["can_connect"] == false {
            return Workload::Unreachable;
        }
        let services: Mapping =
            yaml::from_str(&container["base_plan"]["services"].to_string()).unwrap_or_default();
        let files = container["files"].as_object().unwrap();
        let file = |path: &str| {
            files
                .get(path)
                .map(|content| content.as_str().unwrap().to_owned())
        };
        let directory = format!("{}/", charm.runtime.app_directory);
        let names = services.keys().filter_map(Yaml::as_str);
        let running: Vec<&str> = container["running"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let state = |name: &str| {
            if running.contains(&name) {
                "active"
            } else {
                "inactive"
            }
        };
        Workload::Reachable(Box::new(Container {
            states: names
                .map(|name| (name.to_owned(), state(name).to_owned()))
                .collect(),
            snapshot: [
                Some(&charm.runtime.state_directory),
                charm.runtime.peer_state_directory.as_ref(),
            ]
            .into_iter()
            .flatten()
            .find_map(|directory| file(&format!("{directory}/original-services.json"))),
            migration_status: file(&format!(
                "/tmp/{}/state/database-migration-status",
                self.framework
            )),
            migration_record: None,
            layer_pending: false,
            scripts: files
                .keys()
                .filter_map(|path| path.strip_prefix(&directory))
                .map(str::to_owned)
                .collect(),
            files: BTreeMap::new(),
            services,
            log_targets: Mapping::new(),
        }))
    }
}

fn parameters(value: &Value) -> BTreeMap<String, Value> {
    let given = value.as_object().cloned().unwrap_or_default();
    given.into_iter().collect()
}
