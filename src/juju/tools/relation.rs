//! `relation-*`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Call, Tools};
use crate::juju::{Bag, Error, RelationId, mapping};

impl Tools {
    /// The relations of an endpoint; none when it has none. Before Juju 3.5 the relation that a
    /// broken hook is about may be among them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn relation_ids(&self, endpoint: &str) -> Result<Vec<RelationId>, Error> {
        const TOOL: &str = "relation-ids";
        let expected = "a list of relation ids";
        let call = Call::new(TOOL).arg(endpoint).arg("--format=json");
        let ids: Option<Vec<String>> = self.ask(call, expected).await?;
        let nonsense = |()| Error::Nonsense {
            tool: TOOL,
            expected,
        };
        ids.unwrap_or_default()
            .iter()
            .map(|id| id.parse().map_err(nonsense))
            .collect()
    }

    /// The remote units of a relation; of a peer relation, the other units.
    ///
    /// # Errors
    /// [`Error::RelationGone`] and others.
    pub async fn relation_list(&self, id: &RelationId) -> Result<Vec<String>, Error> {
        let call = Call::json("relation-list").arg("-r").arg(id.to_string());
        let units: Option<Vec<String>> = self.ask(call, "a list of units").await?;
        Ok(units.unwrap_or_default())
    }

    /// The remote application of a relation, where Juju knows it.
    ///
    /// # Errors
    /// [`Error::RelationGone`] and others.
    pub async fn relation_remote_app(&self, id: &RelationId) -> Result<Option<String>, Error> {
        let call = Call::json("relation-list")
            .arg("--app")
            .arg("-r")
            .arg(id.to_string());
        let app: Option<String> = self.ask(call, "an application").await?;
        Ok(app.filter(|app| !app.is_empty()))
    }

    /// The databag of one member of a relation: with `app` of an application such as `postgres`,
    /// else of a unit such as `postgres/0`. The own unit is allowed; the own application is for the
    /// leader, except in a peer relation.
    ///
    /// # Errors
    /// [`Error::RelationGone`]; [`Error::Denied`] for the own application's databag when not the
    /// leader, and in Juju 3.6 for the remote application's of a relation that is gone.
    pub async fn relation_get(
        &self,
        id: &RelationId,
        member: &str,
        app: bool,
    ) -> Result<Bag, Error> {
        let call = Call::json("relation-get")
            .arg("-r")
            .arg(id.to_string())
            .flag("--app", app)
            .arg("-")
            .arg(member);
        let bag: Option<BTreeMap<String, Value>> = self.ask(call, "a databag").await?;
        let text = |value| match value {
            Value::String(text) => text,
            // Juju stores strings only; should it ever answer otherwise, their text is the value.
            other => other.to_string(),
        };
        Ok(bag
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, text(value)))
            .collect())
    }

    /// Changes the databag of this unit or, with `app`, of this application: a value sets a key,
    /// none deletes it (and so does an empty value). Without changes nothing is started.
    ///
    /// # Errors
    /// [`Error::NotLeader`] with `app`, [`Error::RelationGone`] and others.
    pub async fn relation_set(
        &self,
        id: &RelationId,
        app: bool,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let entries = changes
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or_default()));
        let call = Call::new("relation-set")
            .arg("-r")
            .arg(id.to_string())
            .flag("--app", app)
            .arg("--file")
            .arg("-")
            .stdin(mapping::body(entries.clone()))
            .sent(entries.map(|(_, value)| value));
        self.tell(call).await
    }

    /// The UUID of the model at the other end (Juju 3.6.2).
    ///
    /// # Errors
    /// [`Error::RelationGone`], [`Error::ToolMissing`] before 3.6.2, and others.
    pub async fn relation_model_get(&self, id: &RelationId) -> Result<String, Error> {
        #[derive(serde::Deserialize)]
        struct Model {
            uuid: String,
        }
        let call = Call::json("relation-model-get")
            .arg("-r")
            .arg(id.to_string());
        let model: Model = self.ask(call, "a model").await?;
        Ok(model.uuid)
    }
}
