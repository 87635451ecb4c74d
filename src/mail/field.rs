//! A header block read leniently: single fields, decoded names and addresses.
//! Cannot fail; what cannot be understood is left out.
//!
//! No manual tells for certain whether `INPUT_HEADERS` is the part's header or
//! that of the message around it, so nothing here depends on it.

use super::parameter::{once, parameters};
use super::words;
use crate::text;

/// How much of a header file is read. Real headers are a few kilobytes; the
/// rest of a larger one is an attack or somebody's collection of `Received:`.
pub const LONGEST: u64 = 256 * 1024;

/// Longest file name that is compared, in characters; no file system has longer ones.
const LONGEST_NAME: usize = 4096;

/// Longest name that is decoded, in bytes. A longer one loses its middle before, for a
/// whole part may be one name.
const LONGEST_RAW: usize = 64 * 1024;

/// The fields that name a file, and the parameters that they do it with. Each
/// field has been seen with that of the other, and mail programs take it.
const NAMING: [(&str, [&str; 2]); 2] =
    [("Content-Disposition", ["filename", "name"]), ("Content-Type", ["name", "filename"])];

/// The raw value of the first field `name`, unfolded onto one line.
pub fn field(block: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut lines = block.split(|byte| *byte == b'\n');
    let mut value = lines.find_map(|line| value(line, name))?.trim_ascii().to_vec();
    lines.take_while(|line| is_folded(line)).for_each(|line| unfold(&mut value, line));
    Some(value)
}

/// The value on `line` if it begins the field `name`. Mail programs let blanks
/// stand before the colon.
fn value<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    if !start.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    rest.trim_ascii_start().strip_prefix(b":")
}

fn is_folded(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

fn unfold(value: &mut Vec<u8>, line: &[u8]) {
    value.push(b' ');
    value.extend_from_slice(line.trim_ascii());
}

/// The value of field `name` with encoded words decoded (RFC 2047), printable.
pub fn decoded(block: &[u8], name: &str) -> String {
    field(block, name).map_or(String::new(), |value| decode_words(&value))
}

/// Text with encoded words decoded (RFC 2047), printable.
pub fn decode_words(raw: &[u8]) -> String {
    if !raw.windows(2).any(|pair| pair == b"=?") {
        return text::printable(raw, text::SHOWN);
    }
    text::printable_str(&words::decoded(raw), text::SHOWN)
}

/// A file name with encoded words decoded, for comparing: nothing in it is made
/// printable. What is too long loses its middle.
pub fn file_name(raw: &[u8]) -> String {
    let mut name = match (raw.get(..LONGEST_RAW / 2), raw.get(raw.len().saturating_sub(LONGEST_RAW / 2)..)) {
        (Some(start), Some(end)) if raw.len() > LONGEST_RAW => words::decoded(&[start, end].concat()),
        _ => words::decoded(raw),
    };
    if name.len() > LONGEST_NAME {
        name.retain(|c| !text::is_invisible(c));
    }
    text::without_middle(name, LONGEST_NAME)
}

/// Every file name that a mail program could take from the fields of a block, as
/// [`file_name`] has them, each once. Their number is bounded by the block's size.
pub fn file_names(block: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut fields = fields(block, &NAMING.map(|(name, _)| name));
    fields.sort_by_key(|(i, _)| *i);
    for (i, value) in fields {
        let wanted = NAMING.get(i).map(|(_, wanted)| wanted).into_iter().flatten();
        names.extend(wanted.flat_map(|wanted| named(&value, wanted)));
    }
    names.retain(|name| !name.is_empty());
    once(names)
}

/// What the parameter `wanted` names.
pub(super) fn named(value: &[u8], wanted: &str) -> impl Iterator<Item = String> {
    parameters(value, wanted).into_iter().map(|raw| file_name(&raw))
}

/// Every field of the `wanted` ones by its place there, unfolded, in one pass.
pub(super) fn fields(block: &[u8], wanted: &[&str]) -> Vec<(usize, Vec<u8>)> {
    let mut fields: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut inside = false;
    for line in block.split(|byte| *byte == b'\n') {
        if is_folded(line) {
            if inside && let Some((_, value)) = fields.last_mut() {
                unfold(value, line);
            }
            continue;
        }
        let mut known = wanted.iter().enumerate();
        let found = known.find_map(|(i, name)| Some((i, value(line, name)?.trim_ascii().to_vec())));
        inside = found.is_some();
        fields.extend(found);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_any_case_and_unfolded() {
        let block = b"Subject: x\r\nMESSAGE-id:\r\n <a@b>\r\n\t(c)\r\nTo: y\r\n";
        assert_eq!(field(block, "message-id").unwrap(), b" <a@b> (c)");
        assert_eq!(field(block, "message"), None);
        assert_eq!(field(b"", "to"), None);
        assert_eq!(field(b"to:", "to").unwrap(), b"");
        assert_eq!(field(b"To \t: x", "to").unwrap(), b"x");
    }

    #[test]
    fn encoded_words_are_decoded_and_made_printable() {
        assert_eq!(decode_words(b"=?utf-8?Q?r=C3=A9sum=C3=A9?= x"), "r\u{e9}sum\u{e9} x");
        assert_eq!(decode_words(b"=?utf-8?B?YQpiCmM=?="), "a b c");
        assert_eq!(decode_words(b"=?broken"), "=?broken");
        assert_eq!(decode_words(b"a\r\nBcc: x =?utf-8?Q?y?="), "a Bcc: x y");
    }

    #[test]
    fn names_are_decoded_by_every_rule() {
        let table: [(&str, &[&str]); 12] = [
            ("Content-Type: a/b; name=\"x.exe\"", &["x.exe"]),
            (
                "Content-Disposition: attachment; filename*0*=utf-8''na%C3%AF; filename*1=ve.exe",
                &["na\u{ef}ve.exe"],
            ),
            ("Content-Type: a/b; name=\"=?utf-8?B?dmlydXMuZXhl?=\"", &["virus.exe"]),
            ("Content-Type: a/b; charset=x", &[]),
            (
                "Content-Type: a/b; name=b.exe\nContent-Disposition: inline;\n filename=a.exe",
                &["a.exe", "b.exe"],
            ),
            ("Content-Disposition: x; filename=a.txt; filename*=utf-8''x.exe", &["a.txt", "x.exe"]),
            ("Content-Disposition: x; filename=a.txt; filename=x.exe", &["a.txt", "x.exe"]),
            (
                "Content-Type: x; name=a\nX: y\n\tname=no\nCONTENT-TYPE: x;\r\n name=b\r\nContent-Disposition: x\nContent-Disposition: y; filename=c",
                &["c", "a", "b"],
            ),
            ("Content-Disposition\t : x; filename=x.exe", &["x.exe"]),
            ("Content-Disposition: x; name=a.exe\nContent-Type: x; filename=b.exe", &["a.exe", "b.exe"]),
            ("Content-Type: x; name=\"=?utf-8?b?eC5leGU?=\"", &["x.exe"]),
            ("Content-Type: x; name=\"x\u{ad}.exe\u{3000}\"", &["x\u{ad}.exe\u{3000}"]),
        ];
        for (block, expected) in table {
            assert_eq!(file_names(block.as_bytes()), expected, "{block}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = file_name(("x".repeat(9000) + ".exe").as_bytes());
        assert_eq!(name.chars().count(), 4096);
        assert!(name.ends_with(".exe"));
        let name = file_name(format!("x.ex{}e", "\u{200b}".repeat(9000)).as_bytes());
        assert_eq!(name, "x.exe");
    }
}
