//! What dashboards and rules are compressed with.

use std::io::Write as _;

use lzma_rust2::{CheckType, XzOptions, XzWriter};

/// How far back the encoder looks at most and at least, in bytes: more would only cost memory.
const FARTHEST: u32 = 2 << 20;
const NEAREST: u32 = 4 << 10;

/// `data` as the content of an `.xz` file; the same for the same data.
#[must_use]
pub fn compress(data: &[u8]) -> Vec<u8> {
    let mut options = XzOptions::with_preset(6);
    options.set_check_sum_type(CheckType::Crc32);
    let size = u32::try_from(data.len()).unwrap_or(FARTHEST);
    options.lzma_options.dict_size = size.min(FARTHEST).next_power_of_two().max(NEAREST);
    let written = XzWriter::new(Vec::new(), options).and_then(|mut writer| {
        writer.write_all(data)?;
        writer.finish()
    });
    // Memory takes whatever is written.
    written.unwrap_or_default()
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
