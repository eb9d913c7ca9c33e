//! `local logs`.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::super::output::{Failure, Outcome, Reader, write};
use super::place::Place;

/// How often `--follow` looks.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local logs
  charmwright local logs hello/0 --follow")]
pub struct Logs {
    /// A unit (default: all)
    unit: Option<String>,
    /// Go on with what is still to come
    #[arg(short, long)]
    follow: bool,
    /// The last lines only
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
}

pub(super) fn run(place: &Place, arguments: &Logs) -> Outcome {
    let name = arguments.unit.as_deref().unwrap_or("model");
    let path = place.directory.log(name);
    if !place.directory.has_model() {
        return Err(Failure::new(
            "there is no model here; start one with `charmwright local deploy CHARM`",
        ));
    }
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(_) if arguments.unit.is_none() => Vec::new(),
        Err(_) => return Err(Failure::new(format!("unit \"{name}\" has no log"))),
    };
    let reader = write(last(&text, arguments.lines))?;
    if arguments.follow && reader == Reader::There {
        follow(&path, text.len() as u64)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The last `lines` lines.
fn last(text: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else { return text };
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let ends = body.iter().enumerate().rev();
    let mut ends = ends.filter(|(_, byte)| **byte == b'\n');
    match lines.checked_sub(1) {
        None => &[],
        Some(before) => match ends.nth(before) {
            Some((at, _)) => text.get(at + 1..).unwrap_or_default(),
            None => text,
        },
    }
}

/// Until the model ends or nobody reads any more; the file may be renamed and begun anew meanwhile.
fn follow(path: &Path, mut at: u64) -> Result<(), Failure> {
    let mut inode = fs::metadata(path).map_or(0, |found| found.ino());
    while path.parent().is_some_and(Path::exists) {
        if let Ok(mut file) = File::open(path) {
            let found = file.metadata()?;
            if found.ino() != inode || found.len() < at {
                (inode, at) = (found.ino(), 0);
            }
            if found.len() > at {
                file.seek(SeekFrom::Start(at))?;
                let mut text = Vec::new();
                file.read_to_end(&mut text)?;
                at += text.len() as u64;
                if write(&text)? == Reader::Gone {
                    return Ok(());
                }
            }
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole() {
        let text = b"a\nb\nc\n";
        for (lines, expected) in [
            (0, &b""[..]),
            (1, b"c\n"),
            (2, b"b\nc\n"),
            (9, b"a\nb\nc\n"),
        ] {
            assert_eq!(last(text, Some(lines)), expected, "{lines}");
        }
        assert_eq!(last(text, None), text);
        assert_eq!(last(b"", Some(1)), b"");
    }
}
