//! Durations as Pebble reads them: Go's notation.

use std::time::Duration;

/// The most of Go's durations, which count nanoseconds in 63 bits.
const MOST_MILLIS: u128 = i64::MAX as u128 / 1_000_000;

/// Writes `duration` in seconds with milliseconds, such as `4.000s`.
///
/// Never less than a millisecond, since Pebble takes zero for "no limit", and never more than what Go can
/// hold, about 290 years.
pub(super) fn to_go(duration: Duration) -> String {
    let millis = duration.as_millis().clamp(1, MOST_MILLIS);
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
    fn for_ever_is_what_go_can_hold() {
        assert_eq!(to_go(Duration::MAX), "9223372036.854s");
    }

    #[test]
    fn nothing_is_rounded_to_zero_since_zero_means_for_ever() {
        assert_eq!(to_go(Duration::ZERO), "0.001s");
        assert_eq!(to_go(Duration::from_micros(10)), "0.001s");
    }
}
