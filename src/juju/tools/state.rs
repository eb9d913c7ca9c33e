//! `state-*`: the charm's own notes that Juju keeps.

use std::collections::BTreeMap;

use super::{Call, Tools};
use crate::juju::{Error, mapping};

impl Tools {
    /// One value of the charm's state; none when absent or empty.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn state_get(&self, key: &str) -> Result<Option<String>, Error> {
        let call = Call::json("state-get").arg(key);
        let value: Option<String> = self.ask(call, "a value of the state").await?;
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// Sets values of the charm's state. Without values nothing is started.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn state_set(&self, values: &BTreeMap<String, String>) -> Result<(), Error> {
        if values.is_empty() {
            return Ok(());
        }
        let entries = values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let call = Call::new("state-set")
            .arg("--file")
            .arg("-")
            .stdin(mapping::body(entries.clone()))
            .sent(entries.map(|(_, value)| value));
        self.tell(call).await
    }

    /// Forgets one value of the charm's state.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn state_delete(&self, key: &str) -> Result<(), Error> {
        self.tell(Call::new("state-delete").arg(key)).await
    }
}
