//! As much of DER (X.690) as requests, keys and certificates need.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]` around other values.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// A value with the contents of these parts, one after the other.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut made = vec![tag];
    let bytes = length.to_be_bytes();
    let significant = bytes.iter().position(|byte| *byte != 0);
    let bytes = bytes.get(significant.unwrap_or(bytes.len())..);
    match (length, bytes) {
        (128.., Some(bytes)) => {
            // A length has at most eight bytes.
            made.push(0x80 | u8::try_from(bytes.len()).unwrap_or(0));
            made.extend(bytes);
        }
        _ => made.push(u8::try_from(length).unwrap_or(0)),
    }
    for part in parts {
        made.extend(*part);
    }
    made
}

/// A bit string of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &[&[0], bytes])
}

/// A value that was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

impl<'a> Value<'a> {
    /// The values in it, if it has this tag.
    pub fn inside(self, tag: u8) -> Option<Reader<'a>> {
        (self.tag == tag).then_some(Reader(self.content))
    }
}

/// Reads one value after the other; what is no value ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Iterator for Reader<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            rest = after;
            length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some(Value { tag, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_its_length() {
        // X.690, section 8.1.3: the short form to 127, then the fewest bytes.
        for (length, head) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (256, &[4, 0x82, 1, 0]),
            (65536, &[4, 0x83, 1, 0, 0]),
        ] {
            let content = vec![7; length];
            let (left, right) = content.split_at(length / 2);
            let made = value(OCTET_STRING, &[left, right]);
            assert_eq!(made[..head.len()], *head);
            let mut reader = Reader(&made);
            let read = reader.next().unwrap();
            assert_eq!((read.tag, read.content), (4, content.as_slice()));
            assert_eq!(reader.next(), None);
        }
    }

    #[test]
    fn what_is_no_value_ends_the_reading() {
        for bytes in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80],
            &[4, 0x81],
            &[4, 0x85, 0, 0, 0, 0, 0],
            &[4, 0x84, 255, 255, 255, 255],
        ] {
            assert_eq!(Reader(bytes).next(), None, "{bytes:?}");
        }
    }
}
