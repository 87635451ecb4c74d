//! A header block read leniently: single fields, decoded names and addresses.
//! Cannot fail; what cannot be understood is left out.
//!
//! No manual tells for certain whether `INPUT_HEADERS` is the part's header or
//! that of the message around it, so nothing here depends on it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser};

use super::parameter;
use crate::text;

/// How much of a header file is read. Real headers are a few kilobytes; the
/// rest of a larger one is an attack or somebody's collection of `Received:`.
pub const LONGEST: u64 = 256 * 1024;

/// The raw value of the first field `name`, unfolded onto one line.
pub fn field(block: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut lines = block.split(|byte| *byte == b'\n').skip_while(|line| !is_field(line, name));
    let first = lines.next()?;
    let mut value = first.get(name.len() + 1..)?.trim_ascii().to_vec();
    for line in lines.take_while(|line| line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))) {
        value.push(b' ');
        value.extend_from_slice(line.trim_ascii());
    }
    Some(value)
}

fn is_field(line: &[u8], name: &str) -> bool {
    line.get(name.len()) == Some(&b':')
        && line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
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
    // The parser decodes words in the fields it knows as text.
    let line: Vec<u8> =
        raw.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect();
    let message = [b"Subject: ", line.as_slice(), b"\n\n"].concat();
    let decoded = parse(&message).and_then(|message| message.subject().map(str::to_owned));
    decoded.map_or_else(
        || text::printable(raw, text::SHOWN),
        |decoded| text::printable_str(&decoded, text::SHOWN),
    )
}

/// File names in the Content-Disposition and Content-Type of a block, by every
/// way of writing them (RFC 2231, RFC 2047), printable, each once.
pub fn file_names(block: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (field_name, parameter) in [("Content-Disposition", "filename"), ("Content-Type", "name")] {
        let value = field(block, field_name).unwrap_or_default();
        for raw in parameter::parameters(&value, parameter) {
            let name = decode_words(&raw);
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The parser's reading of a header. Some hostile input makes it panic; a name
/// that it cannot decode must not keep a part from its answer.
fn parse(message: &[u8]) -> Option<Message<'_>> {
    catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse_headers(message))).ok().flatten()
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
        let table: [(&str, &[&str]); 5] = [
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
        ];
        for (block, expected) in table {
            assert_eq!(file_names(block.as_bytes()), expected, "{block}");
        }
    }
}
