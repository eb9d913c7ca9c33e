//! `action-*`: only within an action.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Call, Tools, pieces};
use crate::juju::Error;

/// Result keys that Juju fills itself.
const RESERVED: &[&str] = &["stderr", "stderr-encoding", "stdout", "stdout-encoding"];

/// How long a result may be, in bytes: with its key it is one argument of a process.
pub const LONGEST_RESULT: usize = 128_000;

impl Tools {
    /// The action's parameters, with the defaults of its schema.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn action_get(&self) -> Result<Map<String, Value>, Error> {
        let parameters: Option<Map<String, Value>> = self
            .ask(Call::json("action-get"), "an action's parameters")
            .await?;
        Ok(parameters.unwrap_or_default())
    }

    /// Adds to the action's results; dots in keys nest. Kept even when the action fails.
    /// The values are arguments, and so in the agent's log: Juju has no other way. Without results nothing is started.
    ///
    /// # Errors
    /// [`Error::Unsendable`] for a key that Juju refuses or a value of 128 KiB and more; others.
    pub async fn action_set(&self, results: &BTreeMap<String, String>) -> Result<(), Error> {
        if results.is_empty() {
            return Ok(());
        }
        let mut call = Call::new("action-set");
        for (key, value) in results {
            if !is_result_key(key) {
                return Err(call.unsendable(format!(
                    "`{key}` cannot be a key of a result: use `a-z`, `0-9`, `-` and `.`, and none of {}",
                    RESERVED.join(", ")
                )));
            }
            let argument = format!("{key}={}", value.replace('\0', "\u{fffd}"));
            if argument.len() > super::LONGEST_ARGUMENT {
                return Err(call.unsendable(format!("the result `{key}` is too long")));
            }
            call = call.arg(argument);
        }
        let call = call.sent(results.values().map(String::as_str));
        self.tell(call).await
    }

    /// Says that the action failed, and why.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn action_fail(&self, message: &str) -> Result<(), Error> {
        self.tell(Call::new("action-fail").text(message)).await
    }

    /// Shows progress to whoever waits for the action; a long text in several pieces.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn action_log(&self, message: &str) -> Result<(), Error> {
        for piece in pieces(message) {
            self.tell(Call::new("action-log").text(&piece)).await?;
        }
        Ok(())
    }
}

/// Whether Juju takes this as the key of a result: `[a-z0-9]([a-z0-9.-]*[a-z0-9])?` and not reserved.
#[must_use]
pub fn is_result_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    key.starts_with(plain)
        && key.ends_with(plain)
        && key.chars().all(|c| plain(c) || c == '.' || c == '-')
        && !RESERVED.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_juju_takes() {
        for key in ["a", "a.b", "secret-key", "0"] {
            assert!(is_result_key(key), "{key}");
        }
        for key in ["", "-a", "a.", "A", "a_b", "a=b", "stdout"] {
            assert!(!is_result_key(key), "{key}");
        }
    }
}
