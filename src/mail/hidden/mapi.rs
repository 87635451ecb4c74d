//! A list of MAPI properties as it stands in TNEF, [MS-OXTNEF] 2.1.3.4. Cannot
//! fail; it ends with the first property that is of no known type.

use super::reader::Reader;
use crate::mail::pieces::{self, Pieces, Take};

/// One value of a property.
pub(super) struct Property<'a> {
    /// Property ID, [MS-OXPROPS].
    pub(super) id: u16,
    /// What it says.
    pub(super) value: Value<'a>,
}

/// A value as it stands there; an object without the identifier of its interface.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    bytes: &'a [u8],
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Utf16,
}

impl<'a> Value<'a> {
    /// Bytes that are given as they are.
    pub(super) fn plain(bytes: &'a [u8]) -> Self {
        Self { bytes, form: Form::Plain }
    }

    pub(super) fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives `take` the value, text in UTF-8 where it was in UTF-16.
    pub(super) fn decode(self, take: Take<'_>) {
        if self.form == Form::Plain {
            return pieces::plain(self.bytes, take);
        }
        let (units, _) = self.bytes.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let mut out = Pieces::new(take);
        for character in char::decode_utf16(units) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            if !out.is_wanted() {
                break;
            }
        }
        out.end();
    }

    /// The first `most` bytes of the value.
    pub(super) fn start(self, most: usize) -> Vec<u8> {
        let mut start = Vec::new();
        self.decode(&mut |piece| {
            start.extend(piece.iter().take(most - start.len()));
            start.len() < most
        });
        start
    }
}

// Types: [MS-OXCDATA] 2.11.1.
const STRING8: u16 = 0x001E;
const STRING: u16 = 0x001F;
const BINARY: u16 = 0x0102;
const OBJECT: u16 = 0x000D;
const MULTIPLE: u16 = 0x1000;

/// From here on a property has a name, not only a number.
const FIRST_NAMED: u16 = 0x8000;

/// The interface identifier in front of an object, [MS-OXTNEF] 2.1.3.4.
const INTERFACE: usize = 16;

/// Gives `take` the values of all properties that are text or data.
pub(super) fn properties<'a>(data: &'a [u8], mut take: impl FnMut(Property<'a>)) {
    let mut reader = Reader::new(data);
    let count = reader.u32_le().unwrap_or(0);
    for _ in 0..count {
        if reader.is_empty() || property(&mut reader, &mut take).is_none() {
            break;
        }
    }
}

fn property<'a>(reader: &mut Reader<'a>, take: &mut impl FnMut(Property<'a>)) -> Option<()> {
    let kind = reader.u16_le()?;
    let id = reader.u16_le()?;
    if id >= FIRST_NAMED {
        name(reader)?;
    }
    let one = kind & !MULTIPLE;
    if let Some(size) = fixed(one) {
        let count = if kind == one { 1 } else { reader.u32_le()? as usize };
        reader.exactly(size.checked_mul(count)?)?;
        return Some(());
    }
    if ![STRING8, STRING, BINARY, OBJECT].contains(&one) {
        return None;
    }
    for _ in 0..reader.u32_le()? {
        let length = reader.u32_le()? as usize;
        let bytes = reader.up_to(length);
        reader.up_to(length.wrapping_neg() % 4);
        let value = match one {
            STRING => Value { bytes, form: Form::Utf16 },
            OBJECT => Value::plain(bytes.get(INTERFACE..).unwrap_or_default()),
            _ => Value::plain(bytes),
        };
        take(Property { id, value });
    }
    Some(())
}

/// A set, and a number or a text in it.
fn name(reader: &mut Reader<'_>) -> Option<()> {
    reader.exactly(16)?;
    if reader.u32_le()? == 0 {
        reader.u32_le()?;
    } else {
        let length = reader.u32_le()? as usize;
        reader.exactly(length.checked_next_multiple_of(4)?)?;
    }
    Some(())
}

/// How many bytes a value of type `kind` has with what fills it up, where that
/// is always the same.
fn fixed(kind: u16) -> Option<usize> {
    match kind {
        // Null, 16 bits, 32 bits, single, error, boolean.
        0x0001 | 0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
        // Double, currency, floating time, 64 bits, time.
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        // GUID.
        0x0048 => Some(16),
        _ => None,
    }
}
