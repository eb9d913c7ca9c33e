//! What a command printed, and how much of it to keep.

use std::collections::VecDeque;
use std::fmt;

use crate::pebble::error::CommandError;

/// How much of each output to keep: so many bytes from its beginning, and so many from its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutputLimit {
    /// Bytes from the beginning.
    pub head: usize,
    /// Bytes from the end.
    pub tail: usize,
}

impl OutputLimit {
    /// Everything, however much it is.
    pub const UNLIMITED: Self = Self {
        head: usize::MAX,
        tail: 0,
    };

    /// Only the last `bytes`.
    #[must_use]
    pub fn tail(bytes: usize) -> Self {
        Self {
            head: 0,
            tail: bytes,
        }
    }
}

impl Default for OutputLimit {
    /// The first 256 KiB and the last 256 KiB.
    fn default() -> Self {
        Self {
            head: 256 << 10,
            tail: 256 << 10,
        }
    }
}

/// How a command ended and what it printed, as bytes: nothing says that it is text.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Output {
    /// The exit code; 128 plus the signal's number when a signal ended it; −1 when it did not end by itself.
    pub exit_code: i32,
    /// What it printed, and its error output too when they were combined.
    pub stdout: Vec<u8>,
    /// Its error output.
    pub stderr: Vec<u8>,
    /// Whether bytes were left out between beginning and end of one of them.
    pub truncated: bool,
}

impl Output {
    /// Whether the exit code is 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code == 0
    }

    /// Itself when the exit code is 0, else the failure of `program`.
    ///
    /// # Errors
    /// The exit code is not 0.
    pub fn check(self, program: &str) -> Result<Self, Box<CommandError>> {
        if self.is_success() {
            return Ok(self);
        }
        Err(Box::new(CommandError {
            program: program.to_owned(),
            exit_code: self.exit_code,
            output: self,
        }))
    }

    /// The last line that is not blank, of the error output if it has one, else of the output. Bytes that
    /// are not UTF-8 are replaced.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        [&self.stderr, &self.stdout].into_iter().find_map(|bytes| {
            bytes
                .split(|byte| matches!(byte, b'\n' | b'\r'))
                .rev()
                .map(|line| String::from_utf8_lossy(line).trim().to_owned())
                .find(|line| !line.is_empty())
        })
    }
}

impl fmt::Debug for Output {
    /// Without what was printed, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("exit_code", &self.exit_code)
            .field("stdout_bytes", &self.stdout.len())
            .field("stderr_bytes", &self.stderr.len())
            .field("truncated", &self.truncated)
            .finish()
    }
}

/// Keeps the beginning and the end of what flows by.
#[derive(Debug)]
pub(super) struct Keeper {
    limit: OutputLimit,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: bool,
}

impl Keeper {
    pub fn new(limit: OutputLimit) -> Self {
        Self {
            limit,
            head: Vec::new(),
            tail: VecDeque::new(),
            dropped: false,
        }
    }

    pub fn push(&mut self, data: &[u8]) {
        let room = self.limit.head - self.head.len();
        let (head, rest) = data.split_at(room.min(data.len()));
        self.head.extend_from_slice(head);
        let kept = rest
            .get(rest.len().saturating_sub(self.limit.tail)..)
            .unwrap_or_default();
        let excess = (self.tail.len() + kept.len()).saturating_sub(self.limit.tail);
        self.dropped |= excess > 0 || kept.len() < rest.len();
        self.tail.drain(..excess);
        self.tail.extend(kept);
    }

    /// What was kept, and whether anything was not.
    pub fn into_kept(self) -> (Vec<u8>, bool) {
        let mut kept = self.head;
        kept.extend(self.tail);
        (kept, self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_are_kept_however_the_pieces_fall() {
        let data: Vec<u8> = (0..=255).collect();
        for (head, tail) in [
            (0, 0),
            (3, 5),
            (10, 0),
            (0, 10),
            (200, 56),
            (usize::MAX, 0),
            (4, 300),
        ] {
            for size in [1, 2, 7, 100, 256] {
                let mut keeper = Keeper::new(OutputLimit { head, tail });
                data.chunks(size).for_each(|piece| keeper.push(piece));
                let (kept, dropped) = keeper.into_kept();
                let expected = if head.saturating_add(tail) >= data.len() {
                    data.clone()
                } else {
                    [&data[..head], &data[data.len() - tail..]].concat()
                };
                assert_eq!(kept, expected, "{head} {tail} {size}");
                assert_eq!(dropped, expected.len() < data.len(), "{head} {tail} {size}");
            }
        }
    }

    #[test]
    fn the_last_line_is_of_the_error_output_first() {
        for (stdout, stderr, line) in [
            ("out\n", "one\ntwo\n\n", Some("two")),
            ("out\n", " \n", Some("out")),
            ("", "", None),
            ("a\rb", "", Some("b")),
        ] {
            let output = Output {
                stdout: stdout.into(),
                stderr: stderr.into(),
                ..Output::default()
            };
            assert_eq!(output.last_line().as_deref(), line, "{stdout:?} {stderr:?}");
        }
        let output = Output {
            stderr: b"caf\xe9\n".to_vec(),
            ..Output::default()
        };
        assert_eq!(output.last_line().as_deref(), Some("caf\u{fffd}"));
    }

    #[test]
    fn an_exit_code_becomes_a_failure_only_when_asked() {
        let failed = Output {
            exit_code: 3,
            ..Output::default()
        };
        let error = failed.check("migrate").unwrap_err();
        assert_eq!(error.exit_code, 3);
        assert_eq!(
            error.to_string(),
            "command `migrate` failed with exit code 3"
        );
        assert!(Output::default().check("true").is_ok());
    }
}
