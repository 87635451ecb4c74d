//! Zip archives, for showing engines what they must unpack. Cannot fail.
//!
//! Written by hand, since the program that all mail runs through links no code
//! that reads archives. Sources: APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16 for zip, RFC
//! 1951 for deflate, RFC 1952 chapter 8 for the checksum.

use std::array;

/// How a file stands in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Byte for byte: a scanner finds it without unpacking.
    Stored,
    /// Compressed: only a scanner that unpacks finds it.
    Deflated,
    /// Byte for byte, with the mark of encryption.
    MarkedEncrypted,
}

/// One file of an archive.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) content: &'a [u8],
    pub(super) form: Form,
}

/// The archive of `members`. Each is far below the 4 GB that the format ends at.
pub(super) fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let start = number(archive.len());
        let (method, flags, stored) = match member.form {
            Form::Stored => (0_u16, 0_u16, None),
            Form::Deflated => (8, 0, Some(deflated(member.content))),
            Form::MarkedEncrypted => (0, 1, None),
        };
        let stored = stored.as_deref().unwrap_or(member.content);
        // Both headers have these fields: version needed, flags, method, time and
        // date (the first day that the format knows), checksum, sizes, lengths.
        let mut fields = Vec::with_capacity(26);
        for field in [VERSION, flags, method, 0, FIRST_DAY] {
            fields.extend(field.to_le_bytes());
        }
        for field in [checksum(member.content), number(stored.len()), number(member.content.len())] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend(number(member.name.len()).to_le_bytes());
        archive.extend([&b"PK\x03\x04"[..], &fields, member.name.as_bytes(), stored].concat());
        // Version made by; behind the common fields no comment, first disk, no
        // attributes.
        directory.extend([&b"PK\x01\x02"[..], &VERSION.to_le_bytes(), &fields, &[0; 10]].concat());
        directory.extend(start.to_le_bytes());
        directory.extend(member.name.as_bytes());
    }
    let (start, size) = (number(archive.len()), number(directory.len()));
    let count = number(members.len()).to_le_bytes();
    let (count, none) = (count.get(..2).unwrap_or_default(), [0; 4]);
    archive.extend(directory);
    archive.extend([b"PK\x05\x06", &none[..], count, count].concat());
    archive.extend([size.to_le_bytes(), start.to_le_bytes()].concat());
    archive.extend([0; 2]);
    archive
}

/// "2.0": directories and deflate. Source: APPNOTE.TXT, 4.4.3.2.
const VERSION: u16 = 20;

/// 1 January 1980. Source: APPNOTE.TXT, 4.4.6.
const FIRST_DAY: u16 = 1 << 5 | 1;

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// CRC-32.
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let step = |rest: u32, _| if rest & 1 == 1 { POLYNOMIAL ^ (rest >> 1) } else { rest >> 1 };
    let mut byte = 0;
    let table: [u32; 256] = array::from_fn(|_| {
        byte += 1;
        (0..8).fold(byte - 1, step)
    });
    let add = |rest: u32, byte: &u8| {
        let [low, ..] = rest.to_le_bytes();
        table.get(usize::from(low ^ byte)).copied().unwrap_or_default() ^ (rest >> 8)
    };
    !bytes.iter().fold(!0, add)
}

/// One block with the fixed codes, each byte by its own: nothing gets smaller,
/// but no byte stands there as it was. Source: RFC 1951, 3.2.6.
fn deflated(content: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, of the fixed codes.
    bits.push(0b011, 3);
    for byte in content {
        let byte = u16::from(*byte);
        match byte {
            0..144 => bits.push_code(0x30 + byte, 8),
            _ => bits.push_code(0x190 + (byte - 144), 9),
        }
    }
    // The end.
    bits.push_code(0, 7);
    bits.finish()
}

/// Bits on their way into bytes, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    open: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, bits: u16, length: u32) {
        self.open |= u32::from(bits) << self.count;
        self.count += length;
        while self.count >= 8 {
            let [low, ..] = self.open.to_le_bytes();
            self.bytes.push(low);
            self.open >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code starts with its highest bit.
    fn push_code(&mut self, code: u16, length: u32) {
        self.push(code.reverse_bits() >> (16 - length), length);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    /// Another reader takes out what was put in, checksums and all.
    #[test]
    fn an_archive_holds_what_was_put_in() {
        let every_byte: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let contents: [&[u8]; 4] = [b"", b"a", b"123456789", &every_byte];
        let mut met = 0;
        for form in [Form::Stored, Form::Deflated] {
            let members: Vec<_> =
                contents.iter().map(|content| Member { name: "file", content, form }).collect();
            for count in 1..=members.len() {
                // One name each: the other reader takes the last of several.
                let names = ["a", "bb", "ccc", "dddd"];
                let members: Vec<_> = members
                    .iter()
                    .zip(names)
                    .take(count)
                    .map(|(member, name)| Member { name, ..*member })
                    .collect();
                let mut archive = zip::ZipArchive::new(Cursor::new(zip(&members))).unwrap();
                assert_eq!(archive.len(), count);
                for member in members {
                    let mut content = Vec::new();
                    archive.by_name(member.name).unwrap().read_to_end(&mut content).unwrap();
                    assert_eq!(content, member.content, "{form:?}");
                    met += 1;
                }
            }
        }
        assert_eq!(met, 20);
    }

    #[test]
    fn the_checksum_is_crc_32() {
        // The check value of the Rocksoft model.
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn what_is_deflated_does_not_stand_there() {
        let content = b"only a scanner that unpacks finds this";
        let member = |form| [Member { name: "file", content, form }];
        let shows = |form| zip(&member(form)).windows(8).any(|window| content.starts_with(window));
        assert!(shows(Form::Stored) && !shows(Form::Deflated));
    }
}
