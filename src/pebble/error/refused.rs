//! Pebble says no.

use serde_json::Value;

use super::Reason;

/// An `error` answer of Pebble's API.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("Pebble refused: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The kind, which most refusals do not have.
    pub kind: Option<ApiErrorKind>,
    /// Pebble's own words.
    pub message: String,
    /// More about it, which nearly no refusal has.
    pub value: Option<Box<Value>>,
}

impl ApiError {
    /// What the message says, where it is one that a caller may want to act on.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        Reason::of(self)
    }

    /// Whether this speaks of a daemon that is not there or is going away.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        matches!(self.status, 502..=504)
            || matches!(
                self.kind,
                Some(ApiErrorKind::DaemonRestart | ApiErrorKind::SystemRestart)
            )
    }
}

/// The kinds of error that Pebble has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApiErrorKind {
    /// The peer's user may not do this.
    LoginRequired,
    /// Nothing is enabled, so there is nothing to autostart.
    NoDefaultServices,
    /// A file does not exist.
    NotFound,
    /// The daemon's user may not touch a file.
    PermissionDenied,
    /// Anything else about a file.
    GenericFileError,
    /// The machine is going down.
    SystemRestart,
    /// The daemon is going down.
    DaemonRestart,
    /// A kind that this client does not know.
    Other(String),
}

impl From<String> for ApiErrorKind {
    fn from(kind: String) -> Self {
        match kind.as_str() {
            "login-required" => Self::LoginRequired,
            "no-default-services" => Self::NoDefaultServices,
            "not-found" => Self::NotFound,
            "permission-denied" => Self::PermissionDenied,
            "generic-file-error" => Self::GenericFileError,
            "system-restart" => Self::SystemRestart,
            "daemon-restart" => Self::DaemonRestart,
            _ => Self::Other(kind),
        }
    }
}
