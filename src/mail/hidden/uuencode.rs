//! Files in a text between `begin` and `end`, POSIX.1-2017, uuencode. Cannot fail.

use memchr::memmem;

use super::Kind;
use super::Source;
use super::basket::Basket;
use super::lines::{begins_line, line_at, lines};
use crate::mail::encoding::Encoding;
use crate::mail::field;
use crate::mail::pieces::{Pieces, Take};

const BEGIN: &[u8] = b"begin";

const END: &[u8] = b"end";

/// What ends base64, and in part what ends the rest.
const END_OF_BASE64: &[u8] = b"====";

/// How the lines behind a `begin` line are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Historical,
    Base64,
}

/// A `begin` line.
struct Begin {
    form: Form,
    name: String,
    mode: Mode,
}

/// Whether a `begin` line has the file's mode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Given,
    /// Outlook Express takes `begin`, two blanks and a name. So begin lines of
    /// programs, too: the next line must look like data.
    Missing,
}

pub(super) fn read(content: &[u8], _: &str, basket: &mut Basket<'_>) {
    for at in memmem::find_iter(content, BEGIN) {
        if !begins(content, at) {
            continue;
        }
        let (line, body) = line_at(content, at);
        let Some(begin) = begin(line) else { continue };
        if begin.mode == Mode::Missing && !lines(body).find(|line| !line.is_empty()).is_some_and(is_likely) {
            continue;
        }
        for section in sections(body, begin.form) {
            if !basket.is_open() || !basket.spend(section.len()) {
                return;
            }
            let put = |basket: &mut Basket<'_>, content: &Source<'_>| {
                basket.put(Kind::Uuencoded, vec![begin.name.clone()], "", content);
            };
            if begin.form == Form::Base64 {
                put(basket, &|take| Encoding::Base64.decode(section, take));
                continue;
            }
            put(basket, &|take| decode_lines(section, Taken::Likely, take));
            if !is_all_likely(section) {
                if !basket.is_open() || !basket.spend(section.len()) {
                    return;
                }
                put(basket, &|take| decode_lines(section, Taken::All, take));
            }
        }
    }
}

/// Whether a `begin` line may begin at `at`, where the word stands.
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + BEGIN.len()..).unwrap_or_default();
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let octal = |byte: &u8| matches!(byte, b'0'..=b'7');
    begins_line(text, at)
        && match rest {
            [b'-', ..] => rest.starts_with(b"-base64") || rest.starts_with(b"-encoded"),
            [first, second, ..] if blank(first) && blank(second) => true,
            [first, digits @ ..] if blank(first) => {
                digits.get(..3).is_some_and(|digits| digits.iter().all(octal))
            }
            _ => false,
        }
}

/// `begin 644 name`, `begin-base64 644 name`; with `-encoded` (GNU sharutils)
/// the name is in base64, too.
fn begin(line: &[u8]) -> Option<Begin> {
    let rest = line.strip_prefix(BEGIN)?;
    let (form, rest) = match rest.strip_prefix(b"-base64") {
        Some(rest) => (Form::Base64, rest),
        None => (Form::Historical, rest),
    };
    let plain = rest.strip_prefix(b"-encoded");
    let is_encoded = plain.is_some();
    let rest = plain.unwrap_or(rest);
    let trimmed = rest.trim_ascii();
    let blanks = rest.len() - rest.trim_ascii_start().len();
    let digits = trimmed.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (number, name) = trimmed.split_at_checked(digits)?;
    let is_word = name.first().is_none_or(u8::is_ascii_whitespace);
    let (mode, name) = match (blanks, number.len()) {
        (1.., 3..=6) if is_word => (Mode::Given, name.trim_ascii()),
        (2.., _) if !trimmed.is_empty() => (Mode::Missing, trimmed),
        _ => return None,
    };
    let name =
        if is_encoded { field::file_name(&Encoding::Base64.decoded(name)) } else { field::file_name(name) };
    Some(Begin { form, name, mode })
}

/// The lines up to the end; and up to each place before it that is the end to
/// some programs only: a line without bytes, an `end` among blanks, the next
/// `begin` line. To others it is a line of data like any other.
fn sections(body: &[u8], form: Form) -> Vec<&[u8]> {
    let (mut at, mut cuts) = (0, [None; 3]);
    for line in lines(body) {
        let trimmed = line.trim_ascii();
        let is_end = match form {
            Form::Historical => line == END,
            Form::Base64 => trimmed.starts_with(END_OF_BASE64),
        };
        if is_end {
            break;
        }
        let early = [
            form == Form::Historical && matches!(line, [b'`' | b' ', ..]) && trimmed != END,
            form == Form::Historical && trimmed == END,
            line.starts_with(BEGIN) && begin(line).is_some(),
        ];
        for (cut, _) in cuts.iter_mut().zip(early).filter(|(_, early)| *early) {
            cut.get_or_insert(at);
        }
        at += line.len() + 1;
    }
    let mut ends: Vec<usize> = cuts.into_iter().flatten().chain([at.min(body.len())]).collect();
    ends.sort_unstable_by(|one, other| other.cmp(one));
    ends.dedup();
    ends.into_iter().filter_map(|end| body.get(..end)).collect()
}

/// The number of bytes that a line has by its first character, and the
/// characters that they stand in.
fn measured(line: &[u8]) -> Option<(usize, &[u8])> {
    let (first, data) = line.split_first()?;
    Some((usize::from(first.wrapping_sub(b' ') & 0x3F), data))
}

/// Whether all of `data` is from the alphabet.
fn is_pure(data: &[u8]) -> bool {
    data.iter().all(|byte| matches!(byte, b' '..=b'`'))
}

fn has_length(count: usize, length: usize) -> bool {
    // Some leave the last group unfilled, some add a character of checksum.
    ((count * 4).div_ceil(3)..=count.div_ceil(3) * 4 + 1).contains(&length)
}

/// Whether `line` looks like one of data beyond doubt.
fn is_likely(line: &[u8]) -> bool {
    measured(line).is_some_and(|(count, data)| count > 0 && is_pure(line) && has_length(count, data.len()))
}

/// Which lines are decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Those that can be data. Some programs pass over the rest.
    Likely,
    /// All of them. Some programs look at the first character of a line, and at
    /// as much of it as that says.
    All,
}

/// Whether a line has data, and whether it can be such beyond doubt.
fn data_of(line: &[u8]) -> Option<(usize, &[u8], bool)> {
    let (count, data) = measured(line)?;
    (count > 0).then(|| (count, data, is_pure(line) || has_length(count, data.len())))
}

/// Whether no line is passed over.
fn is_all_likely(section: &[u8]) -> bool {
    lines(section).filter_map(data_of).all(|(_, _, is_likely)| is_likely)
}

/// Decodes lines of data. A line that is too short lost blanks at its end, which
/// stand for zeros; of one that is too long only as much counts as its first
/// character says.
fn decode_lines(section: &[u8], taken: Taken, take: Take<'_>) {
    let mut out = Pieces::new(take);
    for (count, data, is_likely) in lines(section).filter_map(data_of) {
        if taken == Taken::Likely && !is_likely {
            continue;
        }
        if !out.is_wanted() {
            break;
        }
        let sixes = data.iter().map(|byte| byte.wrapping_sub(b' ') & 0x3F).chain(std::iter::repeat(0));
        let mut sixes = sixes.map(u32::from).take(count.div_ceil(3) * 4);
        // A line has 63 bytes at most, and up to two that fill up its last group.
        let mut bytes = [0; 66];
        let mut slots = bytes.chunks_exact_mut(3);
        while let (Some(slot), Some(first)) = (slots.next(), sixes.next()) {
            let group = sixes.by_ref().take(3).fold(first, |group, six| group << 6 | six);
            let [_, decoded @ ..] = group.to_be_bytes();
            slot.copy_from_slice(&decoded);
        }
        out.extend(bytes.get(..count).unwrap_or_default());
    }
    out.end();
}
