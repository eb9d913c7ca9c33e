//! The envelope that every JSON answer of Pebble comes in.

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ApiError, ApiErrorKind, Error};

/// What a call answered, before it is read as something.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// The result of a call that is over.
    Sync(Value),
    /// A change that has begun, with what the call says about it.
    Async {
        /// The id of the change.
        change: String,
        /// The result; `null` but for exec.
        result: Value,
    },
}

impl Answer {
    /// Reads the result of a call that is over.
    ///
    /// # Errors
    /// [`Error::Protocol`] when a change began instead, or when the result does not fit `T`.
    pub fn into_result<T: DeserializeOwned>(self) -> Result<T, Error> {
        match self {
            Self::Sync(value) => from_value(value),
            Self::Async { .. } => Err(Error::protocol("a change began where a result was due")),
        }
    }

    /// The id of the change that has begun, and the result.
    ///
    /// # Errors
    /// [`Error::Protocol`] when no change began.
    pub fn into_change(self) -> Result<(String, Value), Error> {
        match self {
            Self::Async { change, result } => Ok((change, result)),
            Self::Sync(_) => Err(Error::protocol("no change began where one was due")),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    change: Option<String>,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    maintenance: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    value: Option<Box<Value>>,
}

/// Reads one answer.
///
/// # Errors
/// [`Error::Refused`] when Pebble refused, or when something before it (a proxy) answered an HTTP error
/// that is no envelope; [`Error::Protocol`] when the answer makes no sense.
pub(super) fn decode(status: StatusCode, body: &[u8]) -> Result<Answer, Error> {
    let envelope: Envelope = match serde_json::from_slice(body) {
        Ok(envelope) => envelope,
        Err(_) if !status.is_success() => return Err(Error::Refused(bare(status))),
        // The message of the parser may quote the answer, and answers hold secrets.
        Err(error) => {
            return Err(Error::protocol(format!(
                "the answer is not the expected JSON (line {}, column {})",
                error.line(),
                error.column()
            )));
        }
    };
    match envelope.kind.as_deref() {
        Some("sync") => Ok(Answer::Sync(envelope.result)),
        Some("async") => match envelope.change {
            Some(change) if !change.is_empty() => Ok(Answer::Async {
                change,
                result: envelope.result,
            }),
            _ => Err(Error::protocol("a change without an id")),
        },
        Some("error") => Err(Error::Refused(refusal(
            status,
            envelope.result,
            envelope.maintenance,
        ))),
        _ if !status.is_success() => Err(Error::Refused(bare(status))),
        _ => Err(Error::protocol("an answer of unknown type")),
    }
}

/// Reads a value of the expected shape, without quoting it when it does not fit.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|_| {
        Error::protocol(format!(
            "the result is not {}",
            std::any::type_name::<T>()
                .rsplit("::")
                .next()
                .unwrap_or_default()
                .trim_end_matches('>')
        ))
    })
}

fn refusal(status: StatusCode, result: Value, maintenance: Option<Refusal>) -> ApiError {
    let mut error = match serde_json::from_value::<Refusal>(result) {
        Ok(refusal) => ApiError {
            status: status.as_u16(),
            kind: refusal.kind.map(ApiErrorKind::from),
            message: refusal.message.unwrap_or_default(),
            value: refusal.value,
        },
        Err(_) => bare(status),
    };
    if error.kind.is_none() {
        error.kind = maintenance
            .and_then(|maintenance| maintenance.kind)
            .map(ApiErrorKind::from);
    }
    error
}

/// An HTTP error that is all there is to say.
fn bare(status: StatusCode) -> ApiError {
    ApiError {
        status: status.as_u16(),
        kind: None,
        message: status.canonical_reason().unwrap_or("no reason").to_owned(),
        value: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decode_json(status: u16, body: Value) -> Result<Answer, Error> {
        decode(
            StatusCode::from_u16(status).unwrap(),
            body.to_string().as_bytes(),
        )
    }

    #[test]
    fn a_sync_answer_is_its_result() {
        let answer = decode_json(200, json!({"type": "sync", "result": true})).unwrap();
        assert_eq!(answer, Answer::Sync(json!(true)));
    }

    #[test]
    fn an_async_answer_names_its_change() {
        let body = json!({"type": "async", "change": "7", "result": null});
        let (change, result) = decode_json(202, body).unwrap().into_change().unwrap();
        assert_eq!((change.as_str(), result), ("7", Value::Null));
    }

    #[test]
    fn an_error_answer_keeps_status_kind_message_and_value() {
        let body = json!({"type": "error", "status-code": 404,
            "result": {"message": "stat /nope: no such file or directory", "kind": "not-found", "value": 1}});
        let Err(Error::Refused(error)) = decode_json(404, body) else {
            panic!("not refused")
        };
        assert_eq!(error.status, 404);
        assert_eq!(error.kind, Some(ApiErrorKind::NotFound));
        assert_eq!(error.message, "stat /nope: no such file or directory");
        assert_eq!(error.value, Some(Box::new(json!(1))));
    }

    #[test]
    fn a_daemon_that_goes_down_says_so_in_the_kind() {
        let body = json!({"type": "error", "result": {"message": "no"},
            "maintenance": {"kind": "daemon-restart", "message": "daemon is restarting"}});
        let error = decode_json(503, body).unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
    }

    #[test]
    fn an_http_error_that_is_no_envelope_is_still_a_refusal() {
        let Err(Error::Refused(error)) = decode(StatusCode::BAD_GATEWAY, b"<html>") else {
            panic!("not refused")
        };
        assert_eq!((error.status, error.message.as_str()), (502, "Bad Gateway"));
    }

    #[test]
    fn nonsense_is_a_protocol_error_and_is_not_quoted() {
        for body in [
            &b""[..],
            b"{",
            b"hunter2",
            b"[1,2]",
            b"{}",
            br#"{"type":"hunter2"}"#,
            br#"{"type":"async","result":"hunter2"}"#,
            br#"{"type":7}"#,
        ] {
            let error = decode(StatusCode::OK, body).unwrap_err();
            assert!(matches!(error, Error::Protocol(_)), "{error:?}");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
        let error = Answer::Sync(json!("hunter2"))
            .into_result::<u32>()
            .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}
