//! What a hook tool says when it cannot: one line that begins with `ERROR`, and an exit code.

use super::reply::Reply;

/// A tool that did not do what was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Failure {
    pub message: String,
    pub code: u8,
}

impl Failure {
    /// The arguments or the context are wrong: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 2,
        }
    }

    /// The server refuses: exit code 1.
    pub fn server(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }

    pub fn not_leader() -> Self {
        Self::server("this unit is not the leader")
    }
}

impl From<crate::local::model::SecretError> for Failure {
    fn from(error: crate::local::model::SecretError) -> Self {
        Self::server(error.to_string())
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self {
            stdout: String::new(),
            stderr: format!("ERROR {}\n", failure.message),
            code: failure.code,
        }
    }
}
