//! Extensions that the peer calls experimental.

/// Whether the user asked for what is experimental.
///
/// The peer's variable does it; the tutorial sets it where nothing needs it, which is fine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// `CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS` is set, and not empty.
    On,
    /// It is not.
    Off,
}

impl Switch {
    /// The variable.
    pub const VARIABLE: &str = "CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS";

    /// As the environment has it.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os(Self::VARIABLE) {
            Some(value) if !value.is_empty() => Self::On,
            _ => Self::Off,
        }
    }
}
