//! The charm's own files, as they lie beside `dispatch`.

mod framework;
mod read;

use std::collections::BTreeMap;

use super::code::Code;
use super::endpoint::{Endpoint, Role};
use crate::frameworks::runtime::{JsonLogging, Runtime};
use crate::frameworks::{self, Generation};
use crate::paas_config::PaasConfig;

pub use read::Error;

/// What the charm declares.
#[derive(Clone, Debug)]
pub struct Charm {
    /// The charm's name.
    pub name: String,
    /// The framework's name, such as `fastapi`.
    pub framework: String,
    /// What the charm needs to know of its framework.
    pub runtime: Runtime,
    /// Which of the peer's generations the base asks for.
    pub generation: Generation,
    /// The workload container.
    pub container: String,
    /// Endpoints in the order of `metadata.yaml`, peers first.
    pub endpoints: Vec<Endpoint>,
    /// Options in the order of `config.yaml`.
    pub options: Vec<DeclaredOption>,
    /// `paas-config.yaml`, or why it cannot be used.
    pub paas_config: Result<PaasConfig, String>,
    /// What is in the folder of a framework of the project's own.
    own_files: BTreeMap<String, String>,
    /// The charm's own code.
    pub(super) code: Code,
}

/// An option of `config.yaml`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeclaredOption {
    /// Its name.
    pub name: String,
    /// `string`, `int`, `float`, `boolean` or `secret`.
    pub kind: String,
    /// `optional: false`: it must be set.
    pub required: bool,
}

impl Charm {
    /// The charm with code of its own.
    #[must_use]
    pub fn with_code(mut self, mut code: Code) -> Self {
        code.refuse_taken(self.runtime.actions.keys());
        for endpoint in &mut self.endpoints {
            endpoint.speak(&code);
        }
        self.code = code;
        self
    }

    /// The peer relation that holds the secret key: `secret-storage`, or `peers` in the second generation.
    #[must_use]
    pub fn peer_endpoint(&self) -> Option<&Endpoint> {
        let peers = || {
            self.endpoints
                .iter()
                .filter(|endpoint| endpoint.role == Role::Peer)
        };
        peers()
            .find(|endpoint| endpoint.name == "secret-storage")
            .or_else(|| peers().next())
    }

    /// An option's declaration.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&DeclaredOption> {
        self.options.iter().find(|option| option.name == name)
    }

    /// What JSON logs need, where the project asks for them and the framework has them.
    #[must_use]
    pub fn json_logging(&self) -> Option<&JsonLogging> {
        let asked = self
            .paas_config
            .as_ref()
            .is_ok_and(PaasConfig::json_logging);
        self.runtime.json_logging.as_ref().filter(|_| asked)
    }

    /// The text of a file that the framework's table names.
    #[must_use]
    pub fn framework_file(&self, name: &str) -> Option<&str> {
        let own = self.own_files.get(name).map(String::as_str);
        own.or_else(|| frameworks::shipped_file(&self.framework, name))
    }
}
