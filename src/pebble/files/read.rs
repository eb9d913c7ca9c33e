//! Reading files, in memory or as a stream.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::stream;
use hyper::header;
use multer::Multipart;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::FileResult;
use super::multipart::{is_named, parameter};
use crate::pebble::client::Client;
use crate::pebble::envelope;
use crate::pebble::error::{Error, FileError};
use crate::pebble::request::{MULTIPART, Request};
use crate::pebble::transport::Reply;

/// The longest list of results that is read, in bytes.
const MAX_RESULTS: usize = 64 << 20;

/// A file's content as it was received, under the name that it came with.
type Part = (String, Vec<u8>);

/// A path, and its content or why there is none.
pub type ReadFile = (String, Result<Vec<u8>, FileError>);

impl Client {
    /// Reads files into memory, in one request. The answer has one entry per path, in order.
    ///
    /// # Errors
    /// [`Error::Protocol`] when the contents are together larger than [`Limits::in_memory`](super::super::Limits);
    /// those of every call. A file that cannot be read is not an error of the call.
    pub async fn read_files(&self, paths: &[&str]) -> Result<Vec<ReadFile>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut form = self.open_files(paths).await?;
        let mut parts = VecDeque::new();
        let mut room = self.limits.in_memory;
        loop {
            match form.next().await? {
                Next::File(name) => {
                    let mut content = Vec::new();
                    while let Some(data) = form.chunk().await? {
                        room = room.checked_sub(data.len()).ok_or_else(|| {
                            Error::protocol(format!(
                                "the files are larger than {} bytes; stream them",
                                self.limits.in_memory
                            ))
                        })?;
                        content.extend_from_slice(&data);
                    }
                    parts.push_back((name, content));
                }
                Next::Results(results) => return pair(paths, parts, results),
            }
        }
    }

    /// Reads one file into memory.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read; those of [`Client::read_files`].
    pub async fn read_file(&self, path: &str) -> Result<Vec<u8>, Error> {
        let mut files = self.read_files(&[path]).await?;
        match files.pop() {
            Some((_, content)) => Ok(content?),
            None => Err(Error::protocol("no answer for the file")),
        }
    }

    /// Copies one file of any size into `writer`, and returns its length in bytes.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, also in the middle, when some of it has been written;
    /// [`Error::Local`] when `writer` fails; those of every call.
    pub async fn read_file_to(
        &self,
        path: &str,
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Result<u64, Error> {
        let mut form = self.open_files(&[path]).await?;
        let mut copied = None;
        loop {
            match form.next().await? {
                Next::File(_) => {
                    let mut length = 0;
                    while let Some(data) = form.chunk().await? {
                        writer.write_all(&data).await.map_err(local)?;
                        length += data.len() as u64;
                    }
                    copied = Some(length);
                }
                Next::Results(results) => {
                    super::all_done(results)?;
                    writer.flush().await.map_err(local)?;
                    return copied.ok_or_else(|| Error::protocol("no content for a file"));
                }
            }
        }
    }

    async fn open_files(&self, paths: &[&str]) -> Result<Form, Error> {
        let request = read_request(paths);
        let reply = self
            .transport
            .within(self.limits.transfer, async {
                let reply = self.transport.send(&request).await?;
                let content_type = reply.response.headers().get(header::CONTENT_TYPE);
                let boundary = content_type
                    .and_then(|value| value.to_str().ok())
                    .and_then(|value| multer::parse_boundary(value).ok());
                match boundary {
                    Some(boundary) => Ok((reply, boundary)),
                    None => {
                        let answer = self.transport.read_to_end(reply, MAX_RESULTS).await?;
                        envelope::decode(answer.status(), answer.body())?;
                        Err(Error::protocol("the answer holds no files"))
                    }
                }
            })
            .await;
        let (reply, boundary) = reply?;
        Ok(Form::new(self.clone(), reply, boundary))
    }
}

fn local(source: std::io::Error) -> Error {
    Error::Local {
        action: "write the content of a file",
        source,
    }
}

/// A form that is being received.
struct Form {
    multipart: Multipart<'static>,
    field: Option<multer::Field<'static>>,
}

enum Next {
    /// A file of this name, whose content comes in chunks.
    File(String),
    /// The end: what became of each path.
    Results(Vec<FileResult>),
}

impl Form {
    fn new(client: Client, reply: Reply, boundary: String) -> Self {
        let pieces = stream::unfold((client, reply), |(client, mut reply)| async move {
            let limit = client.limits.transfer;
            let next = client.transport.next_data(reply.response.body_mut());
            let item: Result<Bytes, Error> =
                client.transport.within(limit, next).await.transpose()?;
            Some((item, (client, reply)))
        });
        Self {
            multipart: Multipart::new(pieces, boundary),
            field: None,
        }
    }

    async fn next(&mut self) -> Result<Next, Error> {
        self.field = None;
        let Some(field) = self.multipart.next_field().await.map_err(form_error)? else {
            return Err(Error::protocol("the answer ends before its results"));
        };
        let disposition = field.headers().get(header::CONTENT_DISPOSITION);
        let named = |wanted| disposition.and_then(|value| parameter(value.as_bytes(), wanted));
        match named("name").as_deref() {
            Some("files") => {
                let name = named("filename").unwrap_or_default();
                self.field = Some(field);
                Ok(Next::File(name))
            }
            Some("response") => {
                self.field = Some(field);
                let mut body = Vec::new();
                while let Some(data) = self.chunk().await? {
                    if body.len() + data.len() > MAX_RESULTS {
                        return Err(Error::protocol("too many results"));
                    }
                    body.extend_from_slice(&data);
                }
                let answer = envelope::decode(hyper::StatusCode::OK, &body)?;
                Ok(Next::Results(answer.into_result()?))
            }
            _ => Err(Error::protocol("a part that is neither file nor results")),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match &mut self.field {
            Some(field) => field.chunk().await.map_err(form_error),
            None => Ok(None),
        }
    }
}

/// The transport's own error when that is what broke the form.
fn form_error(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => Error::protocol("the form cannot be read"),
        },
        other => Error::protocol(format!("not a form: {other}")),
    }
}

/// Puts contents and results together. A path that failed may have a part all the same, cut short.
fn pair(
    paths: &[&str],
    mut parts: VecDeque<Part>,
    results: Vec<FileResult>,
) -> Result<Vec<ReadFile>, Error> {
    if results.len() != paths.len() {
        return Err(Error::protocol("not one result per file"));
    }
    let mut files = Vec::with_capacity(paths.len());
    for (path, result) in paths.iter().zip(results) {
        let is_next = parts.front().is_some_and(|(name, _)| is_named(name, path));
        let part = if is_next { parts.pop_front() } else { None };
        let content = match (result.into_result(), part) {
            (Err(error), _) => Err(error),
            (Ok(()), Some((_, content))) => Ok(content),
            (Ok(()), None) => return Err(Error::protocol("no content for a file")),
        };
        files.push(((*path).to_owned(), content));
    }
    Ok(files)
}

fn read_request(paths: &[&str]) -> Request {
    let paths = paths.iter().map(|path| ("path", *path));
    let action = std::iter::once(("action", "read"));
    Request {
        accept: MULTIPART,
        ..Request::get("/v1/files", action.chain(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_accepts_nothing_but_a_form() {
        let request = read_request(&["/a", "/b"]);
        assert_eq!(request.target, "/v1/files?action=read&path=%2Fa&path=%2Fb");
        assert_eq!(request.accept, "multipart/form-data");
    }

    fn results(json: &str) -> Vec<FileResult> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn contents_find_their_paths_though_some_failed() {
        let parts = VecDeque::from([
            ("/a".to_owned(), b"A".to_vec()),
            ("/cut".to_owned(), b"half".to_vec()),
            ("/c".to_owned(), b"C".to_vec()),
        ]);
        let results = results(
            r#"[{"path":"/a"},{"path":"/nope","error":{"kind":"not-found","message":"no"}},
                {"path":"/cut","error":{"kind":"generic-file-error","message":"i/o"}},{"path":"/c"}]"#,
        );
        let files = pair(&["/a", "/nope", "/cut", "/c"], parts, results).unwrap();
        let contents: Vec<_> = files
            .iter()
            .map(|(_, content)| content.as_deref().ok())
            .collect();
        assert_eq!(contents, [Some(&b"A"[..]), None, None, Some(&b"C"[..])]);
    }

    #[test]
    fn an_answer_that_does_not_add_up_is_a_protocol_error() {
        let no_content = pair(&["/a"], VecDeque::new(), results(r#"[{"path":"/a"}]"#));
        assert!(matches!(no_content, Err(Error::Protocol(_))));
        let no_result = pair(&["/a"], VecDeque::new(), Vec::new());
        assert!(matches!(no_result, Err(Error::Protocol(_))));
    }
}
