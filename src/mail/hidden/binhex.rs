//! A Macintosh file in a text, BinHex 4.0, RFC 1741. Cannot fail.

use std::iter;

use memchr::memmem;

use super::Kind;
use super::basket::Basket;
use super::lines::lines;
use super::reader::Reader;
use crate::mail::field;
use crate::mail::pieces::{Pieces, Take};

/// Of the line that announces it, the word that no program leaves out.
pub(super) const MARK: &[u8] = b"BinHex";

/// RFC 1741, Appendix A.
const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

/// Marks a run; RFC 1741, Appendix A.
const RUN: u8 = 0x90;

/// Whether the type alone says what it is; then nothing need announce it.
pub(super) fn is_type(mime_type: &str) -> bool {
    ["application/mac-binhex40", "application/binhex", "application/x-binhex40", "application/mac-binhex"]
        .iter()
        .any(|known| mime_type.eq_ignore_ascii_case(known))
}

pub(super) fn read(content: &[u8], mime_type: &str, basket: &mut Basket<'_>) {
    let announced = memmem::find_iter(content, MARK).map(|at| at + MARK.len());
    let start = is_type(mime_type).then_some(0);
    // Where the last section begins; of all that announce it the first will do.
    let mut last = 0;
    for at in start.into_iter().chain(announced) {
        if at < last {
            continue;
        }
        let Some((begins, section)) = section(content, at) else { return };
        last = begins;
        if !basket.is_open() || !basket.spend(section.len()) {
            return;
        }
        forks(section, basket);
    }
}

/// What stands between two colons behind `from`, of which the first begins a
/// line, and where.
fn section(content: &[u8], from: usize) -> Option<(usize, &[u8])> {
    let rest = content.get(from..)?;
    let mut at = from;
    for line in lines(rest) {
        if let Some(data) = line.trim_ascii_start().strip_prefix(b":")
            && !data.trim_ascii().is_empty()
        {
            let start = at + line.len() - data.len();
            let rest = content.get(start..)?;
            let end = memchr::memchr(b':', rest).unwrap_or(rest.len());
            return Some((start, rest.get(..end)?));
        }
        at += line.len() + 1;
    }
    None
}

/// Six bits a character, then runs.
fn decoded(section: &[u8]) -> impl Iterator<Item = u8> {
    let (mut bytes, mut last, mut again) = (bytes(section), 0, 0_u8);
    iter::from_fn(move || {
        loop {
            if again > 0 {
                again -= 1;
                return Some(last);
            }
            match bytes.next()? {
                RUN => match bytes.next()? {
                    0 => {
                        last = RUN;
                        return Some(last);
                    }
                    // The byte itself is there already.
                    count => again = count - 1,
                },
                byte => {
                    last = byte;
                    return Some(last);
                }
            }
        }
    })
}

fn bytes(section: &[u8]) -> impl Iterator<Item = u8> {
    let mut values = [None; 256];
    for (value, letter) in (0_u8..).zip(ALPHABET) {
        if let Some(slot) = values.get_mut(usize::from(*letter)) {
            *slot = Some(value);
        }
    }
    let sixes = section.iter().filter_map(move |byte| values.get(usize::from(*byte)).copied().flatten());
    let (mut group, mut bits) = (0_u32, 0_u32);
    sixes.filter_map(move |six| {
        group = (group << 6 | u32::from(six)) & 0xFFFF;
        bits += 6;
        let full = bits >= 8;
        bits -= if full { 8 } else { 0 };
        full.then_some((group >> bits & 0xFF) as u8)
    })
}

/// The two forks of a file. Checksums are passed over: not all programs look.
fn forks(section: &[u8], basket: &mut Basket<'_>) {
    let head: Vec<u8> = decoded(section).take(LONGEST_HEAD).collect();
    let mut reader = Reader::new(&head);
    let Some(name) = reader.u8().and_then(|length| reader.exactly(usize::from(length))) else { return };
    // Version, type, creator, flags.
    if reader.exactly(1 + 4 + 4 + 2).is_none() {
        return;
    }
    let (Some(data), Some(resource), Some(_checksum)) = (reader.u32_be(), reader.u32_be(), reader.exactly(2))
    else {
        return;
    };
    let mut at = 1 + name.len() + 1 + 4 + 4 + 2 + 4 + 4 + 2;
    for length in [data, resource] {
        let length = length as usize;
        let fork = |take: Take<'_>| {
            let mut out = Pieces::new(take);
            for byte in decoded(section).skip(at).take(length) {
                out.push(byte);
                if !out.is_wanted() {
                    break;
                }
            }
            out.end();
        };
        basket.put(Kind::BinHex, vec![field::file_name(name)], "", &fork);
        at = at.saturating_add(length).saturating_add(2);
    }
}

/// Longest head: a name of 255 bytes, and numbers.
const LONGEST_HEAD: usize = 300;
