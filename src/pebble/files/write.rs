//! Writing files, from memory or as a stream.

use std::fmt;
use std::pin::pin;

use bytes::Bytes;
use hyper::Method;
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;

use super::multipart::Boundary;
use super::{FileResult, all_done, octal};
use crate::pebble::client::Client;
use crate::pebble::envelope;
use crate::pebble::error::Error;
use crate::pebble::request::{JSON, Request};
use crate::pebble::transport::{Body, Piece};

/// How much of a stream is read at a time, in bytes.
const PIECE: usize = 64 << 10;

/// The longest answer to a write, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// A file to write. It replaces an existing one at once and as a whole.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct WriteFile {
    /// Its absolute path.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
    /// Make the directories on the way, with mode 755 and the same owner.
    pub make_dirs: bool,
    /// The mode; 644 when `None`, also for a file that exists with another.
    pub permissions: Option<u32>,
    /// The owner; the daemon's user when `None`, also for a file that exists with another.
    pub user: Option<String>,
    /// The group; the owner's primary group when `None`. Needs `user`.
    pub group: Option<String>,
}

impl fmt::Debug for WriteFile {
    /// Without the content, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteFile")
            .field("path", &self.path)
            .field("bytes", &self.content.len())
            .field("permissions", &self.permissions)
            .field("user", &self.user)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Wire<'a> {
    path: &'a str,
    make_dirs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

impl Client {
    /// Writes files in one request. Paths must differ.
    ///
    /// # Errors
    /// [`Error::File`] for the first that failed, while the others may have been written; those of every
    /// call.
    pub async fn write_files(&self, files: &[WriteFile]) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let boundary = Boundary::random().map_err(no_boundary)?;
        let request = Request {
            body: Bytes::from(form(&boundary, files)),
            ..write_request(&boundary)
        };
        let response = self
            .transport
            .exchange(&request, self.limits.transfer)
            .await?;
        let results: Vec<FileResult> =
            envelope::decode(response.status(), response.body())?.into_result()?;
        all_done(results)
    }

    /// Writes one file of any size: `file.content`, and after it all that `reader` yields. Returns its
    /// length in bytes.
    ///
    /// When `reader` fails or this is dropped, the file stays as it was.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written; [`Error::Local`] when `reader` fails; those of every call.
    pub async fn write_file_from(
        &self,
        file: &WriteFile,
        reader: &mut (impl AsyncRead + Unpin),
    ) -> Result<u64, Error> {
        let boundary = Boundary::random().map_err(no_boundary)?;
        let (feeder, body) = mpsc::channel(2);
        let request = write_request(&boundary);
        let head = form_head(&boundary, file);
        let mut answer = pin!(async {
            let reply = self.transport.send_body(&request, Body::Fed(body)).await?;
            self.transport.read_to_end(reply, MAX_ANSWER).await
        });
        let mut feed = pin!(self.feed(feeder, head, &boundary, reader));
        let (fed, response) = tokio::select! {
            // An answer before all was sent can only be a refusal.
            early = &mut answer => (0, early),
            fed = &mut feed => match fed? {
                Some(fed) => (fed, self.transport.within(self.limits.transfer, answer).await),
                None => (0, self.transport.within(self.limits.request, answer).await),
            },
        };
        let response = response?;
        let results: Vec<FileResult> =
            envelope::decode(response.status(), response.body())?.into_result()?;
        all_done(results)?;
        Ok(fed + file.content.len() as u64)
    }

    /// Feeds a form piece by piece, and returns how many bytes `reader` had; `None` when nobody takes them
    /// any more.
    async fn feed(
        &self,
        feeder: mpsc::Sender<Piece>,
        head: Vec<u8>,
        boundary: &Boundary,
        reader: &mut (impl AsyncRead + Unpin),
    ) -> Result<Option<u64>, Error> {
        let send = async |piece| {
            let sent = async { Ok(feeder.send(piece).await.is_ok()) };
            self.transport.within(self.limits.transfer, sent).await
        };
        if !send(Piece::Data(Bytes::from(head))).await? {
            return Ok(None);
        }
        let mut length = 0;
        loop {
            let mut piece = bytes::BytesMut::with_capacity(PIECE);
            let read = reader
                .read_buf(&mut piece)
                .await
                .map_err(|source| Error::Local {
                    action: "read the content for a file",
                    source,
                })?;
            if read == 0 {
                break;
            }
            length += read as u64;
            if !send(Piece::Data(piece.freeze())).await? {
                return Ok(None);
            }
        }
        let end = Piece::Data(Bytes::from(boundary.end()));
        if send(end).await? && send(Piece::End).await? {
            Ok(Some(length))
        } else {
            Ok(None)
        }
    }
}

fn no_boundary(source: std::io::Error) -> Error {
    Error::Local {
        action: "make a random boundary",
        source,
    }
}

fn write_request(boundary: &Boundary) -> Request {
    Request {
        method: Method::POST,
        target: "/v1/files".to_owned(),
        accept: JSON,
        content_type: Some(boundary.content_type()),
        body: Bytes::new(),
    }
}

/// The whole form for files in memory.
fn form(boundary: &Boundary, files: &[WriteFile]) -> Vec<u8> {
    let mut form = boundary.request_part(&metadata(files)).into_bytes();
    for file in files {
        form.extend_from_slice(boundary.file_head(&file.path).as_bytes());
        form.extend_from_slice(&file.content);
    }
    form.extend_from_slice(boundary.end().as_bytes());
    form
}

/// The form for one file up to the end of its content in memory.
fn form_head(boundary: &Boundary, file: &WriteFile) -> Vec<u8> {
    let mut head = boundary
        .request_part(&metadata(std::slice::from_ref(file)))
        .into_bytes();
    head.extend_from_slice(boundary.file_head(&file.path).as_bytes());
    head.extend_from_slice(&file.content);
    head
}

fn metadata(files: &[WriteFile]) -> String {
    let files: Vec<Wire<'_>> = files
        .iter()
        .map(|file| Wire {
            path: &file.path,
            make_dirs: file.make_dirs,
            permissions: file.permissions.map(octal),
            user: file.user.as_deref(),
            group: file.group.as_deref(),
        })
        .collect();
    json!({"action": "write", "files": files}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_say_only_what_was_asked() {
        let files = [
            WriteFile {
                path: "/a".into(),
                ..WriteFile::default()
            },
            WriteFile {
                path: "/b".into(),
                make_dirs: true,
                permissions: Some(0o600),
                user: Some("u".into()),
                group: Some("g".into()),
                ..WriteFile::default()
            },
        ];
        assert_eq!(
            metadata(&files),
            r#"{"action":"write","files":[{"path":"/a","make-dirs":false},{"path":"/b","make-dirs":true,"permissions":"600","user":"u","group":"g"}]}"#
        );
    }

    #[test]
    fn the_content_of_a_file_is_not_in_its_debug_form() {
        let file = WriteFile {
            content: b"hunter2".to_vec(),
            ..WriteFile::default()
        };
        let debug = format!("{file:?}");
        assert!(
            debug.contains("bytes: 7") && !debug.contains("hunter2"),
            "{debug}"
        );
        assert!(!debug.contains("104"), "{debug}");
    }
}
