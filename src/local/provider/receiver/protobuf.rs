//! The wire format of Protocol Buffers, as far as reading goes (protobuf.dev, "Encoding").

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'a> {
    /// A number: wire types varint, 64-bit and 32-bit.
    Number(u64),
    /// A text, some bytes or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers, in their order.
///
/// `None` when that is no message.
pub(super) fn fields(mut rest: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut rest)?),
            1 => Field::Number(u64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Field::Bytes(take(&mut rest, length)?)
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?).into()),
            _ => return None,
        };
        fields.push((tag >> 3, field));
    }
    Some(fields)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Little-endian groups of seven bits; at most ten of them.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for group in 0..10 {
        let byte = *take(rest, 1)?.first()?;
        number |= u64::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_wire_type_are_read() {
        // The first two are the examples of the documentation.
        assert_eq!(
            fields(&[0x08, 0x96, 0x01]),
            Some(vec![(1, Field::Number(150))])
        );
        assert_eq!(
            fields(b"\x12\x07testing"),
            Some(vec![(2, Field::Bytes(b"testing"))])
        );
        assert_eq!(
            fields(&[0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x15, 2, 0, 0, 0]),
            Some(vec![(1, Field::Number(1)), (2, Field::Number(2))])
        );
        assert_eq!(fields(&[]), Some(vec![]));
    }

    #[test]
    fn what_is_cut_short_or_endless_is_no_message() {
        for wrong in [
            &[0x08][..],
            &[0x12, 7, b't'],
            &[0x09, 1],
            &[0x0b],
            &[0xff; 11],
            &[
                0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            ],
        ] {
            assert_eq!(fields(wrong), None, "{wrong:?}");
        }
    }
}
