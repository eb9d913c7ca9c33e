//! Notices: things that happened, for whoever cares.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use super::duration;
use super::envelope::Answer;
use super::error::Error;
use super::request::Request;
use crate::percent::percent_encode;

/// Something that happened, once or more often.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Notice {
    /// Its id.
    pub id: String,
    /// The user it is for; `None` for everybody.
    pub user_id: Option<u32>,
    /// `custom`, `change-update` or `warning`.
    pub r#type: String,
    /// What it is about: with the type, what makes it this notice.
    pub key: String,
    /// When it first occurred, in RFC 3339.
    pub first_occurred: String,
    /// When it last occurred, in RFC 3339.
    pub last_occurred: String,
    /// When it was last repeated, in RFC 3339: what [`NoticeFilter::after`] is compared with.
    pub last_repeated: String,
    /// How often it occurred.
    pub occurrences: u64,
    /// What was said with the last occurrence.
    pub last_data: BTreeMap<String, String>,
    /// Go's notation of how long it is not repeated after it was.
    pub repeat_after: Option<String>,
    /// Go's notation of how long it is kept.
    pub expire_after: Option<String>,
}

/// Which notices to list; all by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NoticeFilter {
    /// Of one of these types.
    pub types: Vec<String>,
    /// With one of these keys.
    pub keys: Vec<String>,
    /// Last repeated after this time, in RFC 3339.
    pub after: Option<String>,
    /// For all users, which only an administrator may ask; else one's own and the public ones.
    pub all_users: bool,
}

#[derive(Deserialize)]
struct Added {
    id: String,
}

impl Client {
    /// Records a custom notice, and returns its id.
    ///
    /// `key` is at most 256 bytes in the form `example.com/path`; `data` at most 4 KiB as JSON. When the
    /// notice was repeated less than `repeat_after` ago, it only counts another occurrence.
    ///
    /// # Errors
    /// [`Error::Refused`] when key or data are not as said; those of every call.
    pub async fn notify(
        &self,
        key: &str,
        data: &BTreeMap<String, String>,
        repeat_after: Option<Duration>,
    ) -> Result<String, Error> {
        let added: Added = self.sync(&notify_request(key, data, repeat_after)).await?;
        Ok(added.id)
    }

    /// The notices that pass `filter`, by the time of their last repetition.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<Notice>, Error> {
        self.sync(&list_request(filter, None)).await
    }

    /// The same, but waits until there is one, at most for `limit`; then the list is empty.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn wait_notices(
        &self,
        filter: &NoticeFilter,
        limit: Duration,
    ) -> Result<Vec<Notice>, Error> {
        let request = list_request(filter, Some(limit));
        self.call_within(&request, limit.saturating_add(self.limits.request))
            .await
            .and_then(Answer::into_result)
    }

    /// One notice.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 when there is none of that id; those of every call.
    pub async fn notice(&self, id: &str) -> Result<Notice, Error> {
        let path = format!("/v1/notices/{}", percent_encode(id));
        self.sync(&Request::get(&path, [])).await
    }
}

fn notify_request(
    key: &str,
    data: &BTreeMap<String, String>,
    repeat_after: Option<Duration>,
) -> Request {
    let mut body = json!({"action": "add", "type": "custom", "key": key, "data": data});
    if let (Some(repeat_after), Some(body)) = (repeat_after, body.as_object_mut()) {
        body.insert("repeat-after".into(), duration::to_go(repeat_after).into());
    }
    Request::post("/v1/notices", &body)
}

fn list_request(filter: &NoticeFilter, limit: Option<Duration>) -> Request {
    let timeout = limit.map(duration::to_go);
    let types = filter.types.iter().map(|kind| ("types", kind.as_str()));
    let keys = filter.keys.iter().map(|key| ("keys", key.as_str()));
    let after = filter.after.iter().map(|after| ("after", after.as_str()));
    let users = filter.all_users.then_some(("users", "all"));
    let timeout = timeout.iter().map(|timeout| ("timeout", timeout.as_str()));
    Request::get(
        "/v1/notices",
        types.chain(keys).chain(after).chain(users).chain(timeout),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_becomes_a_query() {
        let filter = NoticeFilter {
            types: vec!["custom".into()],
            keys: vec!["example.com/x".into()],
            after: Some("2031-01-02T03:04:05.5+01:00".into()),
            all_users: true,
        };
        assert_eq!(
            list_request(&filter, Some(Duration::from_secs(1))).target,
            "/v1/notices?types=custom&keys=example.com%2Fx&after=2031-01-02T03%3A04%3A05.5%2B01%3A00\
             &users=all&timeout=1.000s"
        );
        assert_eq!(
            list_request(&NoticeFilter::default(), None).target,
            "/v1/notices"
        );
    }

    #[test]
    fn a_notice_says_how_often_it_may_repeat_only_when_asked() {
        let body = |repeat| -> serde_json::Value {
            let request = notify_request("example.com/x", &BTreeMap::new(), repeat);
            serde_json::from_slice(&request.body).unwrap()
        };
        assert_eq!(
            body(None),
            json!({"action": "add", "type": "custom", "key": "example.com/x", "data": {}})
        );
        assert_eq!(
            body(Some(Duration::from_secs(3600)))["repeat-after"],
            "3600.000s"
        );
    }
}
