//! A stand-in for any other application: it answers every relation with the data that it was given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BoxFuture, Provider, ProviderSecret, SECRET_SCHEME, Update, View};
use crate::local::model::{Bag, Charm, Endpoint, Role, Status};

/// An application with one endpoint and fixed data, for `local provide`. The model keeps it (it is plain data).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StandIn {
    interface: String,
    endpoint: String,
    app_data: Bag,
    unit_data: Bag,
    secrets: BTreeMap<String, Bag>,
}

impl StandIn {
    /// A stand-in that provides `interface` at `endpoint`. The data goes into the bags as it is; a value
    /// `secret://LABEL` becomes the URI of a secret with the content `secrets[LABEL]`, one for each relation.
    #[must_use]
    pub fn new(
        interface: impl Into<String>,
        endpoint: impl Into<String>,
        app_data: Bag,
        unit_data: Bag,
        secrets: BTreeMap<String, Bag>,
    ) -> Self {
        Self {
            interface: interface.into(),
            endpoint: endpoint.into(),
            app_data,
            unit_data,
            secrets,
        }
    }

    /// The labels that the bags refer to and `secrets` lacks: a mistake of the user's, to be refused.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<String> {
        let mut missing: Vec<String> = self
            .app_data
            .values()
            .chain(self.unit_data.values())
            .filter_map(|value| value.strip_prefix(SECRET_SCHEME))
            .filter(|label| !self.secrets.contains_key(*label))
            .map(str::to_owned)
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    fn update(&self, view: &View) -> Update {
        let mut update = Update {
            status: Status::active(""),
            ..Update::default()
        };
        let missing = self.missing_secrets();
        if let Some(label) = missing.first() {
            update.status = Status::blocked(format!("no secret `{label}` was given"));
            return update;
        }
        for (id, relation) in &view.relations {
            if relation.endpoint != self.endpoint {
                continue;
            }
            update
                .application_bags
                .insert(*id, refer(&self.app_data, *id));
            update.unit_bags.insert(*id, refer(&self.unit_data, *id));
            for (label, content) in &self.secrets {
                let secret = ProviderSecret {
                    content: content.clone(),
                    relation: *id,
                };
                update.secrets.insert(label_for(label, *id), secret);
            }
        }
        update
    }
}

impl Provider for StandIn {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: self.interface.clone(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        Charm {
            name: self.interface.clone(),
            endpoints: BTreeMap::from([(self.endpoint.clone(), endpoint)]),
            ..Charm::default()
        }
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(async move { Ok(self.update(view)) })
    }

    fn stop<'a>(&'a mut self, _remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// A secret is granted to one relation's application, so each relation has secrets of its own.
fn label_for(label: &str, relation: u32) -> String {
    format!("{label}.{relation}")
}

fn refer(bag: &Bag, relation: u32) -> Bag {
    bag.iter()
        .map(|(key, value)| {
            let value = match value.strip_prefix(SECRET_SCHEME) {
                Some(label) => format!("{SECRET_SCHEME}{}", label_for(label, relation)),
                None => value.clone(),
            };
            (key.clone(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::test_bag as bag;
    use crate::local::provider::test_view;

    fn smtp() -> StandIn {
        StandIn::new(
            "smtp",
            "smtp",
            bag(&[("host", "mx.example"), ("password_id", "secret://password")]),
            bag(&[("state", "ready")]),
            BTreeMap::from([("password".into(), bag(&[("password", "pw")]))]),
        )
    }

    #[tokio::test]
    async fn each_relation_gets_the_data_and_secrets_of_its_own() {
        let mut view = test_view("mail");
        for id in [3, 7] {
            view.relations
                .insert(id, super::super::test_relation("smtp", "smtp"));
        }
        view.relations
            .insert(9, super::super::test_relation("other", "smtp"));
        let update = smtp().reconcile(&view).await.unwrap();
        assert_eq!(update.status, Status::active(""));
        assert_eq!(
            update.application_bags.keys().copied().collect::<Vec<_>>(),
            [3, 7]
        );
        assert_eq!(
            update.application_bags[&7],
            bag(&[
                ("host", "mx.example"),
                ("password_id", "secret://password.7")
            ])
        );
        assert_eq!(update.unit_bags[&3], bag(&[("state", "ready")]));
        assert_eq!(update.secrets["password.3"].relation, 3);
        assert_eq!(
            update.secrets["password.7"].content,
            bag(&[("password", "pw")])
        );
    }

    #[tokio::test]
    async fn a_label_without_a_secret_blocks() {
        let mut stand_in = smtp();
        stand_in.secrets.clear();
        assert_eq!(stand_in.missing_secrets(), ["password"]);
        let update = stand_in.reconcile(&test_view("mail")).await.unwrap();
        assert_eq!(
            update.status,
            Status::blocked("no secret `password` was given")
        );
    }

    #[test]
    fn it_survives_being_stored() {
        let text = serde_json::to_string(&smtp()).unwrap();
        assert_eq!(serde_json::from_str::<StandIn>(&text).unwrap(), smtp());
    }
}
