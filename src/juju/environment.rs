//! What the unit agent says in the environment of a dispatch.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::event::Event;
use super::version::JujuVersion;

/// The facts of one dispatch, all from environment variables.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Environment {
    /// This unit, such as `web/0`.
    pub unit: String,
    /// This unit's application, such as `web`.
    pub app: String,
    /// This unit's number.
    pub unit_number: u64,
    /// The model's name.
    pub model: String,
    /// The model's UUID.
    pub model_uuid: String,
    /// Where the charm is unpacked.
    pub charm_dir: PathBuf,
    /// The controller's version.
    pub version: JujuVersion,
    /// The model's proxies.
    pub proxies: Proxies,
    /// Why the charm was started.
    pub event: Event,
}

/// The model's proxies for charms; an empty variable is no proxy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proxies {
    /// `JUJU_CHARM_HTTP_PROXY`
    pub http: Option<String>,
    /// `JUJU_CHARM_HTTPS_PROXY`
    pub https: Option<String>,
    /// `JUJU_CHARM_FTP_PROXY`
    pub ftp: Option<String>,
    /// `JUJU_CHARM_NO_PROXY`
    pub no_proxy: Option<String>,
}

/// The environment is not that of a dispatch.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotInJuju {
    /// A variable that Juju always sets is absent or empty.
    #[error("`{variable}` is not set: this program is started by Juju as a charm's `dispatch`")]
    Missing {
        /// Its name.
        variable: &'static str,
    },
    /// A variable has a value that Juju never gives.
    #[error("`{variable}` is `{value}`, which is nothing Juju sets")]
    Malformed {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

impl NotInJuju {
    pub(super) fn malformed(variable: &'static str, value: &str) -> Self {
        Self::Malformed {
            variable,
            value: value.to_owned(),
        }
    }
}

/// Environment variables by name; an empty one is as good as absent.
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) fn given(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub(super) fn needed(&self, name: &'static str) -> Result<&str, NotInJuju> {
        self.0
            .get(name)
            .map(String::as_str)
            .ok_or(NotInJuju::Missing { variable: name })
    }
}

impl Environment {
    /// Reads the environment of a dispatch, such as `std::env::vars_os()`. Variables that are
    /// no Juju ones, or no UTF-8, are ignored.
    ///
    /// # Errors
    /// A variable that Juju always sets, or sets for this event, is missing or malformed.
    pub fn from_vars<I, N, V>(variables: I) -> Result<Self, NotInJuju>
    where
        I: IntoIterator<Item = (N, V)>,
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = Variables(
            variables
                .into_iter()
                .filter_map(|(name, value)| {
                    let name = name.into().into_string().ok()?;
                    let value = value.into().into_string().ok()?;
                    (!value.is_empty()).then_some((name, value))
                })
                .collect(),
        );
        let unit = variables.needed("JUJU_UNIT_NAME")?;
        let malformed_unit = || NotInJuju::malformed("JUJU_UNIT_NAME", unit);
        let (app, number) = unit.split_once('/').ok_or_else(malformed_unit)?;
        if app.is_empty() {
            return Err(malformed_unit());
        }
        let version = variables.needed("JUJU_VERSION")?;
        Ok(Self {
            unit: unit.to_owned(),
            app: app.to_owned(),
            unit_number: number.parse().map_err(|_| malformed_unit())?,
            model: variables.needed("JUJU_MODEL_NAME")?.to_owned(),
            model_uuid: variables.given("JUJU_MODEL_UUID").unwrap_or_default(),
            charm_dir: variables
                .given("JUJU_CHARM_DIR")
                .or_else(|| variables.given("CHARM_DIR"))
                .map_or_else(|| PathBuf::from("."), PathBuf::from),
            version: version
                .parse()
                .map_err(|_| NotInJuju::malformed("JUJU_VERSION", version))?,
            proxies: Proxies {
                http: variables.given("JUJU_CHARM_HTTP_PROXY"),
                https: variables.given("JUJU_CHARM_HTTPS_PROXY"),
                ftp: variables.given("JUJU_CHARM_FTP_PROXY"),
                no_proxy: variables.given("JUJU_CHARM_NO_PROXY"),
            },
            event: Event::from_variables(&variables)?,
        })
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
