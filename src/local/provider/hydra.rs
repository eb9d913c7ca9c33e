//! What the description of `hydra` cannot say.

use serde_json::{Value, json};

use super::View;

/// The server's program.
const SCRIPT: &str = include_str!("../../../metadata/providers/hydra/provider.mjs");

/// The program.
///
/// # Errors
/// None.
pub(super) fn code(_: &View) -> Result<Value, String> {
    Ok(json!({ "script": SCRIPT }))
}
