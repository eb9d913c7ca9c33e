//! Reads what a charm prints, line by line, whatever it prints.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A line that is longer is cut into several.
const LINE_LIMIT: usize = 64 << 10;

/// Hands over each line as text, bytes that are not UTF-8 replaced, until the stream ends.
pub(super) async fn lines(mut stream: impl AsyncRead + Unpin, mut each: impl FnMut(&str)) {
    let mut pending: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 8 << 10];
    loop {
        let count = match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        for byte in buffer.iter().take(count) {
            if *byte == b'\n' || pending.len() >= LINE_LIMIT {
                each(&String::from_utf8_lossy(&pending));
                pending.clear();
            }
            if *byte != b'\n' {
                pending.push(*byte);
            }
        }
    }
    if !pending.is_empty() {
        each(&String::from_utf8_lossy(&pending));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_line_is_handed_over_even_the_last_without_an_end() {
        let mut seen = Vec::new();
        lines(&b"one\n\n\xfftwo"[..], |line| seen.push(line.to_owned())).await;
        assert_eq!(seen, ["one", "", "\u{fffd}two"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_cut() {
        let long = vec![b'x'; LINE_LIMIT * 2 + 1];
        let mut seen = Vec::new();
        lines(&long[..], |line| seen.push(line.len())).await;
        assert_eq!(seen, [LINE_LIMIT, LINE_LIMIT, 1]);
    }
}
