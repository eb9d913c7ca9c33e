//! Logs of the executable itself, on standard error: Juju takes that at WARNING, the local model's daemon keeps it.

use tracing::level_filters::LevelFilter;

/// The variable that asks for more: `debug` or `trace`, which also times every hook tool.
const VARIABLE: &str = "CHARMWRIGHT_LOG";

/// Lets warnings through, or what `CHARMWRIGHT_LOG` asks for. A second call does nothing.
pub fn start() {
    let asked = std::env::var(VARIABLE).ok();
    let level = asked
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
}
