//! Whether an executable can be a charm's `dispatch`: ELF, for the right architecture, and with no interpreter.
//!
//! Only the headers are read (System V ABI, "Object Files").

use std::path::Path;

use crate::project::Error;

/// `e_machine` by Debian architecture, with the bytes' order where one machine has both.
const MACHINES: &[(u16, bool, &str)] = &[
    (3, true, "i386"),
    (21, true, "ppc64el"),
    (22, false, "s390x"),
    (40, true, "armhf"),
    (62, true, "amd64"),
    (183, true, "arm64"),
    (243, true, "riscv64"),
];

/// The program header that names the dynamic linker.
const PT_INTERP: u32 = 3;

/// The Debian name of the architecture that this executable was built for.
pub(super) fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64el",
        "arm" => "armhf",
        "x86" => "i386",
        other => other,
    }
}

/// The architecture, by Debian name, of a static executable.
///
/// # Errors
/// It is none: the message says what it is and how to get one.
pub(super) fn architecture(path: &Path, content: &[u8]) -> Result<&'static str, Error> {
    let refuse = |what: &str| {
        Error::Usage(format!(
            "`{}` cannot be a charm's `dispatch`: {what}",
            path.display()
        ))
    };
    let header = Header::read(content)
        .ok_or_else(|| refuse("it is no Linux executable (ELF); give one with `--runtime FILE`"))?;
    let known = MACHINES
        .iter()
        .find(|(machine, little, _)| (*machine, *little) == (header.machine, header.little));
    let (_, _, architecture) =
        known.ok_or_else(|| refuse("it is for a machine that Juju does not know"))?;
    match header.has_interpreter(content) {
        Some(false) => Ok(architecture),
        Some(true) => Err(refuse(
            "it is dynamically linked, and the charm's container has other libraries than this machine; build a static one with \
             RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target x86_64-unknown-linux-gnu, and give it with `--runtime FILE`",
        )),
        None => Err(refuse("its program headers are cut off")),
    }
}

struct Header {
    wide: bool,
    little: bool,
    machine: u16,
}

impl Header {
    fn read(content: &[u8]) -> Option<Self> {
        if content.get(..4)? != b"\x7fELF" {
            return None;
        }
        let wide = match content.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        let little = match content.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let mut header = Self {
            wide,
            little,
            machine: 0,
        };
        // ET_EXEC or ET_DYN (static-pie); anything else does not run.
        if !matches!(header.number(content, 16, 2)?, 2 | 3) {
            return None;
        }
        header.machine = u16::try_from(header.number(content, 18, 2)?).ok()?;
        Some(header)
    }

    fn number(&self, content: &[u8], at: usize, size: usize) -> Option<u64> {
        let bytes = content.get(at..at.checked_add(size)?)?;
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.little {
            bytes.iter().rev().fold(0, join)
        } else {
            bytes.iter().fold(0, join)
        })
    }

    fn has_interpreter(&self, content: &[u8]) -> Option<bool> {
        let (offset, size, count) = if self.wide {
            ((32, 8), 54, 56)
        } else {
            ((28, 4), 42, 44)
        };
        let start = usize::try_from(self.number(content, offset.0, offset.1)?).ok()?;
        let size = usize::try_from(self.number(content, size, 2)?).ok()?;
        let count = usize::try_from(self.number(content, count, 2)?).ok()?;
        for index in 0..count {
            let at = start.checked_add(index.checked_mul(size)?)?;
            if self.number(content, at, 4)? == u64::from(PT_INTERP) {
                return Some(true);
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian 64-bit header with one program header of the given type.
    fn elf(machine: u16, kind: u32) -> Vec<u8> {
        let mut content = vec![0; 64 + 56];
        content[..6].copy_from_slice(b"\x7fELF\x02\x01");
        content[16] = 3;
        content[18..20].copy_from_slice(&machine.to_le_bytes());
        content[32] = 64;
        content[54] = 56;
        content[56] = 1;
        content[64..68].copy_from_slice(&kind.to_le_bytes());
        content
    }

    #[test]
    fn a_static_executable_says_its_architecture() {
        for (machine, expected) in [(62, "amd64"), (183, "arm64")] {
            assert_eq!(
                architecture(Path::new("x"), &elf(machine, 1)).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn what_cannot_be_dispatch_is_refused() {
        let truncated = elf(62, 1).into_iter().take(66).collect();
        for (content, text) in [
            (elf(62, 3), "dynamically linked"),
            (elf(9, 1), "a machine that Juju does not know"),
            (truncated, "cut off"),
            (b"#!/bin/sh\n".to_vec(), "no Linux executable"),
            (Vec::new(), "no Linux executable"),
        ] {
            let error = architecture(Path::new("x"), &content)
                .unwrap_err()
                .to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn no_header_crashes_the_reader() {
        let whole = elf(62, 3);
        for length in 0..whole.len() {
            let _ = architecture(Path::new("x"), &whole[..length]);
        }
        for at in 0..64 {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            let _ = architecture(Path::new("x"), &broken);
        }
    }
}
