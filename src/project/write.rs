//! Writing a file whole or not at all.

use std::io::Write;
use std::path::Path;

use super::Error;

/// Puts `content` at `path`, replacing what is there: through a temporary file beside it, so that a full disk or a
/// kill leaves the old file as it was.
///
/// # Errors
/// The operating system refuses; the error names `path`.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        Error::Write {
            path: path.to_owned(),
            source,
        }
    })
}
