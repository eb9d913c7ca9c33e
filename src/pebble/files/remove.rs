//! Removing files and directories.

use serde_json::json;

use super::{FileResult, all_done};
use crate::pebble::client::Client;
use crate::pebble::envelope::Answer;
use crate::pebble::error::Error;
use crate::pebble::request::Request;

impl Client {
    /// Removes files and directories. With `recursive` also what is in them, and what is not there is no
    /// error.
    ///
    /// # Errors
    /// [`Error::File`] for the first that failed, while the others may have been removed; those of every
    /// call.
    pub async fn remove(&self, paths: &[&str], recursive: bool) -> Result<(), Error> {
        let request = remove_request(paths, recursive);
        let results: Vec<FileResult> = self
            .call_within(&request, self.limits.transfer)
            .await
            .and_then(Answer::into_result)?;
        all_done(results)
    }
}

fn remove_request(paths: &[&str], recursive: bool) -> Request {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| json!({"path": path, "recursive": recursive}))
        .collect();
    Request::post("/v1/files", &json!({"action": "remove", "paths": paths}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_says_whether_what_is_in_it_goes_too() {
        assert_eq!(
            remove_request(&["/a"], true).body.as_ref(),
            br#"{"action":"remove","paths":[{"path":"/a","recursive":true}]}"#
        );
    }
}
