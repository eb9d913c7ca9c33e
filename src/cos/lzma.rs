//! A small LZMA encoder: greedy, fast, and good enough for text of some kilobytes. It gives the chunks of an LZMA2
//! stream, as the container of `.xz` has them (the format: "The .xz File Format" and the LZMA specification of 7-Zip).

/// How far back a match may be, in bytes, and how the filter's properties say so.
const DICTIONARY: usize = 2 << 20;
pub(super) const DICTIONARY_PROPERTY: u8 = 18;

/// How many bytes go into one chunk: even when they do not shrink, the chunk stays below its limit of 64 KiB.
const CHUNK: usize = 32 << 10;
/// Literals depend on three bits of the byte before, all else on two bits of the position.
const PROPERTIES: u8 = (2 * 5) * 9 + 3;
const POSITIONS: usize = 4;
const STATES: usize = 12;

const SHORTEST: usize = 3;
const LONGEST: usize = 273;
const HASH_BITS: u32 = 14;
/// How many places with the same beginning are looked at.
const DEPTH: usize = 48;

/// A probability of a zero, of 2048.
type Probability = u16;
const EVEN: Probability = 1024;

/// The chunks, without the byte that ends them.
pub(super) fn chunks(data: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(data);
    let mut chunks = Vec::new();
    for start in (0..data.len()).step_by(CHUNK) {
        let end = data.len().min(start + CHUNK);
        let compressed = encoder.encode(start, end);
        // Everything is reset for the first chunk only.
        chunks.push(if start == 0 { 0xe0 } else { 0x80 });
        for size in [end - start - 1, compressed.len() - 1] {
            chunks.extend([(size >> 8) as u8, size as u8]);
        }
        if start == 0 {
            chunks.push(PROPERTIES);
        }
        chunks.extend(compressed);
    }
    chunks
}

/// Turns decisions into bytes.
struct Range {
    low: u64,
    range: u32,
    held: u8,
    held_count: usize,
    bytes: Vec<u8>,
}

impl Range {
    fn new() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
            held: 0,
            held_count: 1,
            bytes: Vec::new(),
        }
    }

    fn bit(&mut self, probability: &mut Probability, bit: bool) {
        let bound = (self.range >> 11) * u32::from(*probability);
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
            *probability -= *probability >> 5;
        } else {
            self.range = bound;
            *probability += (2048 - *probability) >> 5;
        }
        self.normalise();
    }

    /// The lower bits of `value`, highest first, each as likely as not.
    fn direct(&mut self, value: usize, bits: u32) {
        for bit in (0..bits).rev() {
            self.range >>= 1;
            if (value >> bit) & 1 == 1 {
                self.low += u64::from(self.range);
            }
            self.normalise();
        }
    }

    fn normalise(&mut self) {
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.shift();
        }
    }

    fn shift(&mut self) {
        let carry = (self.low >> 32) as u8;
        if (self.low as u32) < 0xff00_0000 || carry != 0 {
            let mut byte = self.held;
            for _ in 0..self.held_count {
                self.bytes.push(byte.wrapping_add(carry));
                byte = 0xff;
            }
            self.held_count = 0;
            self.held = (self.low >> 24) as u8;
        }
        self.held_count += 1;
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.shift();
        }
        self.bytes
    }
}

/// Probabilities of a symbol of `bits` bits, one for each beginning of it.
#[derive(Clone)]
struct Tree {
    bits: u32,
    probabilities: Vec<Probability>,
}

impl Tree {
    fn new(bits: u32) -> Self {
        Self {
            bits,
            probabilities: vec![EVEN; 1 << bits],
        }
    }

    fn encode(&mut self, range: &mut Range, symbol: usize) {
        self.walk(
            range,
            (0..self.bits).rev().map(|bit| (symbol >> bit) & 1 == 1),
        );
    }

    /// The lowest bit first.
    fn encode_reversed(&mut self, range: &mut Range, symbol: usize) {
        self.walk(range, (0..self.bits).map(|bit| (symbol >> bit) & 1 == 1));
    }

    fn walk(&mut self, range: &mut Range, bits: impl Iterator<Item = bool>) {
        let mut node = 1;
        for bit in bits {
            if let Some(probability) = self.probabilities.get_mut(node) {
                range.bit(probability, bit);
            }
            node = node << 1 | usize::from(bit);
        }
    }
}

/// Probabilities of a match's length.
struct Lengths {
    choices: [Probability; 2],
    short: Vec<Tree>,
    middle: Vec<Tree>,
    long: Tree,
}

impl Lengths {
    fn new() -> Self {
        Self {
            choices: [EVEN; 2],
            short: vec![Tree::new(3); POSITIONS],
            middle: vec![Tree::new(3); POSITIONS],
            long: Tree::new(8),
        }
    }

    fn encode(&mut self, range: &mut Range, length: usize, position: usize) {
        let length = length - 2;
        let [first, second] = &mut self.choices;
        range.bit(first, length >= 8);
        if length < 8 {
            self.short[position].encode(range, length);
            return;
        }
        range.bit(second, length >= 16);
        if length < 16 {
            self.middle[position].encode(range, length - 8);
        } else {
            self.long.encode(range, length - 16);
        }
    }
}

struct Encoder<'a> {
    data: &'a [u8],
    /// The last place with each hash, and for each place the one before it; one more than the place, 0 for none.
    heads: Vec<u32>,
    chain: Vec<u32>,
    /// What came before: below 7 after a literal.
    state: usize,
    /// The last match's distance less one.
    repeated: usize,
    is_match: [[Probability; POSITIONS]; STATES],
    is_repeated: [Probability; STATES],
    is_older: [Probability; STATES],
    is_long: [[Probability; POSITIONS]; STATES],
    literals: Vec<[Probability; 0x300]>,
    lengths: Lengths,
    repeated_lengths: Lengths,
    slots: Vec<Tree>,
    middle_distances: Vec<Tree>,
    far_distances: Tree,
}

impl<'a> Encoder<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            heads: vec![0; 1 << HASH_BITS],
            chain: vec![0; data.len()],
            state: 0,
            repeated: 0,
            is_match: [[EVEN; POSITIONS]; STATES],
            is_repeated: [EVEN; STATES],
            is_older: [EVEN; STATES],
            is_long: [[EVEN; POSITIONS]; STATES],
            literals: vec![[EVEN; 0x300]; 8],
            lengths: Lengths::new(),
            repeated_lengths: Lengths::new(),
            slots: vec![Tree::new(6); 4],
            // Slots 4 to 13 have one to five bits of their own.
            middle_distances: (4..14).map(|slot| Tree::new(slot / 2 - 1)).collect(),
            far_distances: Tree::new(4),
        }
    }

    /// The bytes from `start` to `end`, after all before `start`.
    fn encode(&mut self, start: usize, end: usize) -> Vec<u8> {
        let mut range = Range::new();
        let mut at = start;
        while at < end {
            let limit = LONGEST.min(end - at);
            let repeated = self.common(at, self.repeated + 1, limit);
            let (length, distance) = self.longest(at, limit);
            let position = at % POSITIONS;
            let advance = if repeated >= 2 && repeated + 1 >= length {
                range.bit(&mut self.is_match[self.state][position], true);
                range.bit(&mut self.is_repeated[self.state], true);
                range.bit(&mut self.is_older[self.state], false);
                range.bit(&mut self.is_long[self.state][position], true);
                self.repeated_lengths.encode(&mut range, repeated, position);
                self.state = if self.state < 7 { 8 } else { 11 };
                repeated
            } else if length >= SHORTEST {
                range.bit(&mut self.is_match[self.state][position], true);
                range.bit(&mut self.is_repeated[self.state], false);
                self.lengths.encode(&mut range, length, position);
                self.distance(&mut range, distance - 1, length);
                self.state = if self.state < 7 { 7 } else { 10 };
                self.repeated = distance - 1;
                length
            } else {
                range.bit(&mut self.is_match[self.state][position], false);
                self.literal(&mut range, at);
                1
            };
            for place in at..at + advance {
                self.remember(place);
            }
            at += advance;
        }
        range.finish()
    }

    fn literal(&mut self, range: &mut Range, at: usize) {
        let before = at.checked_sub(1).map_or(0, |before| self.data[before]);
        let matched = if self.state < 7 {
            None
        } else {
            at.checked_sub(self.repeated + 1)
                .map(|place| usize::from(self.data[place]))
        };
        let byte = usize::from(self.data[at]);
        let probabilities = &mut self.literals[usize::from(before >> 5)];
        // What stands where the last match would go on tells much, until the first bit that differs.
        let mut matched = matched;
        let mut node = 1;
        for shift in (0..8).rev() {
            let bit = (byte >> shift) & 1;
            let offset = match matched {
                Some(other) => {
                    let other = (other >> shift) & 1;
                    if other != bit {
                        matched = None;
                    }
                    (1 + other) << 8
                }
                None => 0,
            };
            range.bit(&mut probabilities[offset + node], bit == 1);
            node = node << 1 | bit;
        }
        self.state = match self.state {
            0..4 => 0,
            4..10 => self.state - 3,
            _ => self.state - 6,
        };
    }

    fn distance(&mut self, range: &mut Range, distance: usize, length: usize) {
        let bits = distance.checked_ilog2().unwrap_or(0);
        let slot = if distance < 4 {
            distance
        } else {
            2 * bits as usize + (distance >> (bits - 1) & 1)
        };
        self.slots[(length - 2).min(3)].encode(range, slot);
        if slot < 4 {
            return;
        }
        let rest = distance & ((1 << (bits - 1)) - 1);
        match self.middle_distances.get_mut(slot - 4) {
            Some(tree) => tree.encode_reversed(range, rest),
            None => {
                range.direct(rest >> 4, bits - 5);
                self.far_distances.encode_reversed(range, rest & 15);
            }
        }
    }

    /// How many bytes are the same as those `distance` before, at most `limit`.
    fn common(&self, at: usize, distance: usize, limit: usize) -> usize {
        let Some(before) = at.checked_sub(distance) else {
            return 0;
        };
        let pairs = self.data[at..].iter().zip(&self.data[before..]);
        pairs
            .take(limit)
            .take_while(|(one, other)| one == other)
            .count()
    }

    /// The longest match and its distance.
    fn longest(&self, at: usize, limit: usize) -> (usize, usize) {
        let mut best = (0, 0);
        let Some(hash) = self.hash(at) else {
            return best;
        };
        let mut place = self.heads[hash] as usize;
        for _ in 0..DEPTH {
            let Some(before) = place
                .checked_sub(1)
                .filter(|before| at - before <= DICTIONARY)
            else {
                break;
            };
            let length = self.common(at, at - before, limit);
            if length > best.0 {
                best = (length, at - before);
            }
            place = self.chain[before] as usize;
        }
        best
    }

    fn remember(&mut self, place: usize) {
        if let Some(hash) = self.hash(place) {
            self.chain[place] = self.heads[hash];
            self.heads[hash] = u32::try_from(place + 1).unwrap_or(0);
        }
    }

    fn hash(&self, at: usize) -> Option<usize> {
        let bytes = self.data.get(at..at + SHORTEST)?;
        let value = bytes
            .iter()
            .fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        Some((value.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize)
    }
}
