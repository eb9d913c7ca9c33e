//! What a dispatch finds in its environment (contract "Juju", section 1).

use std::path::PathBuf;

use super::Model;
use super::events::{QueuedEvent, RelationHook};

/// What only the agent knows of a dispatch.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// The charm's directory as the dispatch sees it.
    pub charm_directory: PathBuf,
    /// Names the dispatch to hook tools.
    pub context_id: String,
    /// The Unix socket of the hook tools as the dispatch sees it.
    pub socket: PathBuf,
    /// The directory of resources as the dispatch sees it: `NAME/content.yaml` below it.
    pub resources: PathBuf,
}

impl QueuedEvent {
    /// The environment of a dispatch of this event, as Juju's uniter makes it, without `PATH` and `HOME`.
    #[must_use]
    pub fn environment(&self, model: &Model, unit: &str, agent: &Agent) -> Vec<(String, String)> {
        let directory = agent.charm_directory.display().to_string();
        let hook_name = match self {
            Self::Action { .. } => String::new(),
            _ => self.name(model),
        };
        let mut variables: Vec<(&str, String)> = vec![
            ("JUJU_DISPATCH_PATH", self.path(model)),
            ("JUJU_HOOK_NAME", hook_name),
            ("CHARM_DIR", directory.clone()),
            ("JUJU_CHARM_DIR", directory),
            ("JUJU_CONTEXT_ID", agent.context_id.clone()),
            (
                "JUJU_AGENT_SOCKET_ADDRESS",
                agent.socket.display().to_string(),
            ),
            ("JUJU_AGENT_SOCKET_NETWORK", "unix".into()),
            ("JUJU_UNIT_NAME", unit.into()),
            ("JUJU_MODEL_NAME", model.name.clone()),
            ("JUJU_MODEL_UUID", model.uuid.clone()),
            ("JUJU_VERSION", model.juju_version.to_string()),
            ("JUJU_API_ADDRESSES", String::new()),
            ("JUJU_MACHINE_ID", String::new()),
            ("JUJU_PRINCIPAL_UNIT", String::new()),
            ("JUJU_AVAILABILITY_ZONE", String::new()),
            ("CLOUD_API_VERSION", String::new()),
            ("JUJU_CHARM_HTTP_PROXY", String::new()),
            ("JUJU_CHARM_HTTPS_PROXY", String::new()),
            ("JUJU_CHARM_FTP_PROXY", String::new()),
            ("JUJU_CHARM_NO_PROXY", String::new()),
        ];
        self.own_variables(model, unit, &mut variables);
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn own_variables(
        &self,
        model: &Model,
        unit: &str,
        variables: &mut Vec<(&'static str, String)>,
    ) {
        match self {
            Self::Relation {
                hook,
                relation,
                endpoint,
                remote_application,
                remote_unit,
                departing_unit,
            } => {
                variables.extend([
                    ("JUJU_RELATION", endpoint.clone()),
                    ("JUJU_RELATION_ID", format!("{endpoint}:{relation}")),
                    ("JUJU_REMOTE_APP", remote_application.clone()),
                    ("JUJU_REMOTE_UNIT", remote_unit.clone().unwrap_or_default()),
                ]);
                if *hook == RelationHook::Departed {
                    let departing = departing_unit.clone().unwrap_or_default();
                    variables.push(("JUJU_DEPARTING_UNIT", departing));
                }
            }
            Self::PebbleReady { container } => {
                variables.push(("JUJU_WORKLOAD_NAME", container.clone()));
            }
            Self::PebbleNotice { container, id, key } => variables.extend([
                ("JUJU_WORKLOAD_NAME", container.clone()),
                ("JUJU_NOTICE_ID", id.clone()),
                ("JUJU_NOTICE_TYPE", "custom".into()),
                ("JUJU_NOTICE_KEY", key.clone()),
            ]),
            Self::PebbleCheck {
                container, check, ..
            } => variables.extend([
                ("JUJU_WORKLOAD_NAME", container.clone()),
                ("JUJU_PEBBLE_CHECK_NAME", check.clone()),
            ]),
            Self::Secret {
                secret, revision, ..
            } => {
                variables.extend([
                    ("JUJU_SECRET_ID", format!("secret:{secret}")),
                    ("JUJU_SECRET_LABEL", model.secret_label_for(secret, unit)),
                ]);
                if let Some(revision) = revision {
                    variables.push(("JUJU_SECRET_REVISION", revision.to_string()));
                }
            }
            Self::Action { action } => variables.extend([
                ("JUJU_ACTION_NAME", self.name(model)),
                ("JUJU_ACTION_UUID", action.to_string()),
                ("JUJU_ACTION_TAG", format!("action-{action}")),
            ]),
            _ => {}
        }
    }
}
