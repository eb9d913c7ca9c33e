//! The local model: units that run a packed charm without Juju or Kubernetes.

pub mod container;
pub mod hook_tool;
pub mod model;
pub mod provider;
