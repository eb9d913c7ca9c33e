//! Durations as Pebble reads them: Go's notation.

use std::time::Duration;

/// Writes `duration` in seconds with milliseconds, such as `4.000s`.
///
/// Never less than a millisecond: Pebble takes zero for "no limit".
pub(super) fn to_go(duration: Duration) -> String {
    let millis = duration.as_millis().max(1);
    format!("{}.{:03}s", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_seconds_with_milliseconds() {
        for (millis, text) in [(4_000, "4.000s"), (500, "0.500s"), (61_001, "61.001s")] {
            assert_eq!(to_go(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn nothing_is_rounded_to_zero_since_zero_means_for_ever() {
        assert_eq!(to_go(Duration::ZERO), "0.001s");
        assert_eq!(to_go(Duration::from_micros(10)), "0.001s");
    }
}
