//! Making directories.

use serde::Serialize;
use serde_json::json;

use super::{FileResult, all_done, octal};
use crate::pebble::client::Client;
use crate::pebble::error::Error;
use crate::pebble::request::Request;

/// A directory to make.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MakeDir {
    /// Its absolute path.
    pub path: String,
    /// Make what is missing on the way, and accept that it exists. Without it an existing directory is an
    /// error.
    pub make_parents: bool,
    /// The mode; 755 when `None`. An existing directory keeps its own.
    pub permissions: Option<u32>,
    /// The owner; the daemon's user when `None`.
    pub user: Option<String>,
    /// The group; the owner's primary group when `None`. Needs `user`.
    pub group: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Wire<'a> {
    path: &'a str,
    make_parents: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

impl Client {
    /// Makes directories, in order.
    ///
    /// # Errors
    /// [`Error::File`] for the first that failed, while the others may have been made; those of every call.
    pub async fn make_dirs(&self, dirs: &[MakeDir]) -> Result<(), Error> {
        let results: Vec<FileResult> = self.sync(&make_dirs_request(dirs)).await?;
        all_done(results)
    }
}

fn make_dirs_request(dirs: &[MakeDir]) -> Request {
    let dirs: Vec<Wire<'_>> = dirs
        .iter()
        .map(|dir| Wire {
            path: &dir.path,
            make_parents: dir.make_parents,
            permissions: dir.permissions.map(octal),
            user: dir.user.as_deref(),
            group: dir.group.as_deref(),
        })
        .collect();
    Request::post("/v1/files", &json!({"action": "make-dirs", "dirs": dirs}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_left_to_pebble() {
        let dirs = [
            MakeDir {
                path: "/a".into(),
                ..MakeDir::default()
            },
            MakeDir {
                path: "/b/c".into(),
                make_parents: true,
                permissions: Some(0o50),
                user: Some("u".into()),
                group: Some("g".into()),
            },
        ];
        let body: serde_json::Value =
            serde_json::from_slice(&make_dirs_request(&dirs).body).unwrap();
        assert_eq!(
            body,
            json!({"action": "make-dirs", "dirs": [
                {"path": "/a", "make-parents": false},
                {"path": "/b/c", "make-parents": true, "permissions": "050", "user": "u", "group": "g"},
            ]})
        );
    }
}
