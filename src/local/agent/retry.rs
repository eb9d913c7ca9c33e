//! When a failed hook runs again: after 5 s, then twice as long each time, up to 5 min.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(5);
const CEILING: Duration = Duration::from_secs(300);

/// The back-off of one unit.
#[derive(Debug, Default)]
pub(super) struct Retry {
    at: Option<Instant>,
    last: Option<Duration>,
    interruptions: u32,
}

impl Retry {
    /// The hook failed at `now`.
    pub fn failed(&mut self, now: Instant) {
        let next = self.last.map_or(FIRST, |last| (last * 2).min(CEILING));
        self.last = Some(next);
        self.at = Some(now + next);
    }

    /// The hook was killed: no failure, it runs again soon; not at once for ever, should something kill each one.
    pub fn interrupted(&mut self) {
        let wait = Duration::from_millis(100) * self.interruptions.min(100);
        self.interruptions += 1;
        self.at = Some(Instant::now() + wait);
    }

    /// The hook succeeded, or another one is to run in its place.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Not to wait any longer; the next failure waits as long as it would have.
    pub fn now(&mut self) {
        self.at = None;
    }

    /// How long to wait from `now` on, if at all.
    pub fn waits_until(&self, now: Instant) -> Option<Instant> {
        self.at.filter(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_five_seconds_to_five_minutes() {
        let mut retry = Retry::default();
        let now = Instant::now();
        assert_eq!(retry.waits_until(now), None);
        let mut waits = Vec::new();
        for _ in 0..8 {
            retry.failed(now);
            waits.push((retry.waits_until(now).unwrap() - now).as_secs());
            retry.now();
            assert_eq!(retry.waits_until(now), None);
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        retry.forget();
        retry.failed(now);
        assert_eq!((retry.waits_until(now).unwrap() - now).as_secs(), 5);
    }
}
