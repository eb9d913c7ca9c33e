//! Looking at files and directories.

use serde::Deserialize;

use crate::pebble::client::Client;
use crate::pebble::error::{ApiErrorKind, Error, FileError, FileErrorKind};
use crate::pebble::request::Request;

/// A file or directory.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub struct FileInfo {
    /// Its absolute path.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// What it is. An entry of a directory may be a symbolic link; the path that was asked for is
    /// followed.
    pub r#type: FileType,
    /// Its length in bytes; only for files.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its mode, the lowest nine bits.
    #[serde(deserialize_with = "from_octal")]
    pub permissions: u32,
    /// When it was last written, in RFC 3339 with whole seconds.
    #[serde(default)]
    pub last_modified: String,
    /// Its owner's id.
    #[serde(default)]
    pub user_id: Option<u32>,
    /// Its owner's name; `None` or empty when the container does not know it.
    #[serde(default)]
    pub user: Option<String>,
    /// Its group's id.
    #[serde(default)]
    pub group_id: Option<u32>,
    /// Its group's name; `None` or empty when the container does not know it.
    #[serde(default)]
    pub group: Option<String>,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A Unix socket.
    Socket,
    /// A FIFO.
    NamedPipe,
    /// A block or character device.
    Device,
    /// Anything else.
    #[serde(other)]
    Unknown,
}

fn from_octal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    u32::from_str_radix(&text, 8).map_err(serde::de::Error::custom)
}

impl Client {
    /// Lists a directory, or the file at `path`; with `itself` the directory and not what is in it.
    ///
    /// `pattern` is a glob for names (Go's `path.Match`). Entries are sorted by name.
    ///
    /// # Errors
    /// [`Error::File`] when `path` does not exist or may not be read; [`Error::Refused`] when it is not
    /// absolute; those of every call.
    pub async fn list_files(
        &self,
        path: &str,
        pattern: Option<&str>,
        itself: bool,
    ) -> Result<Vec<FileInfo>, Error> {
        let request = list_request(path, pattern, itself);
        let answer = self.call_within(&request, self.limits.transfer).await;
        answer
            .and_then(crate::pebble::envelope::Answer::into_result)
            .map_err(|error| about(path, error))
    }

    /// Whether `path` exists; a symbolic link counts when what it leads to exists.
    ///
    /// # Errors
    /// As for [`Client::list_files`], but for the file not being there.
    pub async fn exists(&self, path: &str) -> Result<bool, Error> {
        match self.list_files(path, None, true).await {
            Ok(found) => Ok(!found.is_empty()),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A refusal that is about the file.
fn about(path: &str, error: Error) -> Error {
    let (kind, message) = match error {
        Error::Refused(error) => {
            let kind = match error.kind {
                Some(ApiErrorKind::NotFound) => FileErrorKind::NotFound,
                Some(ApiErrorKind::PermissionDenied) => FileErrorKind::PermissionDenied,
                Some(ApiErrorKind::GenericFileError) => FileErrorKind::Generic,
                _ => return Error::Refused(error),
            };
            (kind, error.message)
        }
        other => return other,
    };
    Error::File(FileError {
        path: path.to_owned(),
        kind,
        message,
    })
}

fn list_request(path: &str, pattern: Option<&str>, itself: bool) -> Request {
    // Pebble joins the parent and the name, so that `/a/` would come back as `/a/a`.
    let path = match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        trimmed => trimmed,
    };
    let query = [("action", "list"), ("path", path)];
    let pattern = pattern.map(|pattern| ("pattern", pattern));
    let itself = itself.then_some(("itself", "true"));
    Request::get("/v1/files", query.into_iter().chain(pattern).chain(itself))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_asked_by_path_and_pattern() {
        for (path, pattern, itself, target) in [
            ("/app", None, false, "/v1/files?action=list&path=%2Fapp"),
            (
                "/app/",
                Some("*.py"),
                false,
                "/v1/files?action=list&path=%2Fapp&pattern=%2A.py",
            ),
            (
                "/",
                None,
                true,
                "/v1/files?action=list&path=%2F&itself=true",
            ),
            ("rel", None, false, "/v1/files?action=list&path=rel"),
        ] {
            assert_eq!(list_request(path, pattern, itself).target, target);
        }
    }

    #[test]
    fn an_entry_is_read_with_its_mode_in_octal() {
        let info: FileInfo = serde_json::from_str(
            r#"{"path":"/a/b","name":"b","type":"named-pipe","permissions":"640",
                "last-modified":"2031-01-02T03:04:05Z","user-id":0,"user":"root","group-id":7,"group":""}"#,
        )
        .unwrap();
        assert_eq!(info.r#type, FileType::NamedPipe);
        assert_eq!((info.permissions, info.size), (0o640, None));
        assert_eq!((info.user_id, info.group_id), (Some(0), Some(7)));
    }

    #[test]
    fn a_sort_of_file_never_heard_of_is_unknown() {
        let kind: FileType = serde_json::from_str("\"wormhole\"").unwrap();
        assert_eq!(kind, FileType::Unknown);
    }
}
