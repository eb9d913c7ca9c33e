//! The container of `.xz`: one stream of one block with one filter, LZMA2.

use super::lzma;

/// Integrity is checked by CRC-32.
const FLAGS: [u8; 2] = [0, 1];
const LZMA2: u8 = 0x21;

/// `data` as the content of an `.xz` file; the same for the same data.
#[must_use]
pub fn compress(data: &[u8]) -> Vec<u8> {
    let mut file = vec![0xfd, b'7', b'z', b'X', b'Z', 0];
    file.extend(FLAGS);
    file.extend(crc(&FLAGS));

    // One filter, no sizes; the first byte is the header's length.
    let header = [2, 0, LZMA2, 1, lzma::DICTIONARY_PROPERTY, 0, 0, 0];
    let mut block = header.to_vec();
    block.extend(crc(&header));
    block.extend(lzma::chunks(data));
    block.push(0);
    // What the index says goes without the padding.
    let size = block.len() + 4;
    pad(&mut block);
    block.extend(crc(data));

    let mut index = vec![0, 1];
    number(size, &mut index);
    number(data.len(), &mut index);
    pad(&mut index);
    index.extend(crc(&index));

    let words = u32::try_from(index.len() / 4 - 1).unwrap_or(0);
    let mut footer = words.to_le_bytes().to_vec();
    footer.extend(FLAGS);
    file.extend(block);
    file.extend(index);
    file.extend(crc(&footer));
    file.extend(footer);
    file.extend(b"YZ");
    file
}

fn crc(data: &[u8]) -> [u8; 4] {
    crc32fast::hash(data).to_le_bytes()
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Seven bits a byte, the lowest first.
fn number(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// What the real tool makes of it.
    #[track_caller]
    fn decompress(data: &[u8]) -> Vec<u8> {
        let mut xz = Command::new("xz")
            .args(["--decompress", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`xz` is missing; run `sudo apt install xz-utils` or `make setup`");
        let mut stdin = xz.stdin.take().unwrap();
        let data = data.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&data));
        let output = xz.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    /// Numbers that look random, the same each time.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        let next = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn xz_gets_back_what_went_in() {
        let text = include_str!("../../metadata/cos/common.yaml").as_bytes();
        let mut far = noise(300_000);
        far.extend_from_within(..5_000);
        far.extend_from_within(100_000..200_000);
        let mut mixed = Vec::new();
        for (index, piece) in noise(40_000).chunks(7).enumerate() {
            mixed.extend(&text[index % 1000..index % 1000 + index % 300]);
            mixed.extend(piece);
        }
        for data in [
            &b""[..],
            b"a",
            b"ab",
            b"aaa",
            &[0; 100_000],
            &[255; 33_000],
            text,
            &text.repeat(30),
            &noise(3),
            &noise(40_000),
            &far,
            &mixed,
        ] {
            let file = compress(data);
            assert!(decompress(&file) == data, "{} bytes", data.len());
        }
    }

    #[test]
    fn text_becomes_much_smaller() {
        let text = include_str!("../../metadata/cos/common.yaml").as_bytes();
        let size = compress(text).len();
        assert!(size * 5 < text.len() * 2, "{size} of {}", text.len());
    }
}
