//! The version of Juju that a model pretends to be where nothing else is asked for.

use crate::juju::JujuVersion;

impl Default for JujuVersion {
    fn default() -> Self {
        Self::new(3, 6, 14)
    }
}
