//! `postgresql-k8s`: a real PostgreSQL server of the machine's, with a database and a user for each relation.

use std::collections::BTreeMap;

use super::{BoxFuture, Provider, Update, View};
use crate::local::model::{Charm, Endpoint, Role};

/// The charm that this stands in for.
pub const NAME: &str = "postgresql-k8s";

/// The provider; nothing runs before its first `reconcile`.
#[derive(Default)]
pub struct PostgresqlK8s {}

impl Provider for PostgresqlK8s {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: "postgresql_client".into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        Charm {
            name: NAME.into(),
            endpoints: BTreeMap::from([("database".into(), endpoint)]),
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
