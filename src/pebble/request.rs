//! Requests as values: what to send, apart from sending it.

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use crate::percent::percent_encode;

/// The type of a JSON body, and what plain requests accept.
pub(super) const JSON: &str = "application/json";

/// The type of file contents in either direction.
pub(super) const MULTIPART: &str = "multipart/form-data";

/// One request to Pebble's API, with its body in memory.
#[derive(Clone, PartialEq)]
pub(super) struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub target: String,
    /// The `Accept` header.
    pub accept: &'static str,
    /// The `Content-Type` header, for requests with a body.
    pub content_type: Option<String>,
    /// The body, empty for `GET`.
    pub body: Bytes,
}

impl Request {
    /// A `GET` of `path` with `query` pairs, in order; a name may repeat.
    pub fn get<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            method: Method::GET,
            target: target(path, query),
            accept: JSON,
            content_type: None,
            body: Bytes::new(),
        }
    }

    /// A `POST` of `body` as JSON.
    pub fn post(path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            target: path.to_owned(),
            accept: JSON,
            content_type: Some(JSON.to_owned()),
            body: Bytes::from(body.to_string()),
        }
    }

    /// Whether sending it twice does no more than sending it once.
    pub fn is_safe_to_repeat(&self) -> bool {
        self.method == Method::GET
    }
}

/// A path with its query, values percent-encoded.
fn target<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut target = path.to_owned();
    for (index, (name, value)) in query.into_iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        target.push_str(&percent_encode(value));
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_percent_encoded_and_names_may_repeat() {
        let request = Request::get("/v1/files", [("path", "/a b"), ("path", "/é+&=")]);
        assert_eq!(
            request.target,
            "/v1/files?path=%2Fa%20b&path=%2F%C3%A9%2B%26%3D"
        );
    }

    #[test]
    fn a_request_without_a_query_has_no_question_mark() {
        assert_eq!(Request::get("/v1/plan", []).target, "/v1/plan");
    }

    #[test]
    fn only_reading_may_be_repeated() {
        assert!(Request::get("/", []).is_safe_to_repeat());
        assert!(!Request::post("/", &Value::Null).is_safe_to_repeat());
    }
}
