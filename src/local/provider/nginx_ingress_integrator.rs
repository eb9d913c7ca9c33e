//! `nginx-ingress-integrator`: a real reverse proxy on 127.0.0.1.

use std::collections::BTreeMap;

use super::{BoxFuture, Provider, Update, View};
use crate::local::model::{Charm, Endpoint, Role};

/// The charm that this stands in for.
pub const NAME: &str = "nginx-ingress-integrator";

/// The provider; nothing runs before its first `reconcile`.
#[derive(Default)]
pub struct NginxIngressIntegrator {}

impl Provider for NginxIngressIntegrator {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: "ingress".into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        Charm {
            name: NAME.into(),
            endpoints: BTreeMap::from([("ingress".into(), endpoint)]),
            ..Charm::default()
        }
    }

    fn reconcile<'a>(&'a mut self, _view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(async { Err("not there yet".into()) })
    }

    fn stop<'a>(&'a mut self, _remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
