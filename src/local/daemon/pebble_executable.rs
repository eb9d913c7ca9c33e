//! Finds the Pebble executable.

use std::path::{Path, PathBuf};

/// The one that was asked for, else `CHARMWRIGHT_PEBBLE`, else `pebble` on PATH.
pub(super) fn find(asked: Option<&Path>) -> Result<PathBuf, String> {
    let named = asked
        .map(Path::to_owned)
        .or_else(|| std::env::var_os("CHARMWRIGHT_PEBBLE").map(PathBuf::from));
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("there is no Pebble at `{}`", path.display()))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("pebble"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            "no Pebble found: give its executable with `--pebble FILE` or CHARMWRIGHT_PEBBLE, or put `pebble` on PATH; \
             `make pebble` in Charmwright's source builds one"
                .into()
        })
}
