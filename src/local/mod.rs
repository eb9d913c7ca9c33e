//! The local model: units that run a packed charm without Juju or Kubernetes.

pub mod agent;
pub mod client;
pub mod container;
pub mod daemon;
pub mod hook_tool;
pub mod log;
pub mod model;
mod process_record;
pub mod protocol;
pub mod provider;
pub mod store;
