//! Parameters of a header field: plain (RFC 2045, 5.1) and extended (RFC 2231).
//! Cannot fail; what cannot be decoded stays as it is.

use std::panic::catch_unwind;

use mail_parser::decoders::charsets::map::charset_decoder;

/// Most pieces of one extended parameter. A file name has few.
const MOST_PIECES: usize = 100;

/// A field's value up to the first `;`: `text/plain` or `attachment`.
pub fn main_value(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Every value of the parameter `wanted`: the plain one as it stands there
/// without its quotes, then the extended one, decoded. An honest field has one
/// of them; mail programs differ in which they take of two.
pub fn parameters(value: &[u8], wanted: &str) -> Vec<Vec<u8>> {
    let pairs: Vec<(&[u8], &[u8])> = segments(value).skip(1).filter_map(pair).collect();
    let plain = pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    let plain = plain.map(|(_, value)| unquoted(value));
    plain.into_iter().chain(extended(&pairs, wanted)).collect()
}

/// All parameters in their order, as they stand there without their quotes.
pub fn all(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    segments(value).skip(1).filter_map(pair).map(|(name, value)| (name.to_vec(), unquoted(value))).collect()
}

fn pair(segment: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = segment.iter().position(|byte| *byte == b'=')?;
    let (name, value) = segment.split_at(equals);
    Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// The pieces between semicolons that do not stand in quotes.
fn segments(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value.split(move |byte| {
        if *byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && *byte == b'\\' && !escaped;
        *byte == b';' && !quoted
    })
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return value.to_vec();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => out.extend(bytes.next()),
            _ => out.push(*byte),
        }
    }
    out
}

/// One piece of an extended parameter.
struct Piece<'a> {
    number: usize,
    value: &'a [u8],
    percent: bool,
}

/// `name*=`, or the pieces `name*0=`, `name*1*=`, ... in their order. The first
/// piece tells the charset of all.
fn extended(pairs: &[(&[u8], &[u8])], wanted: &str) -> Option<Vec<u8>> {
    let mut pieces: Vec<Piece<'_>> =
        pairs.iter().filter_map(|(name, value)| piece(name, value, wanted)).collect();
    pieces.truncate(MOST_PIECES);
    pieces.sort_by_key(|piece| piece.number);
    let mut charset: &[u8] = b"";
    let mut bytes = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        let mut value = unquoted(piece.value);
        if i == 0 && piece.percent {
            let mut fields = piece.value.splitn(3, |byte| *byte == b'\'');
            if let (Some(name), Some(_language), Some(text)) = (fields.next(), fields.next(), fields.next()) {
                charset = name;
                value = text.to_vec();
            }
        }
        bytes.extend(if piece.percent { percent_decoded(&value) } else { value });
    }
    if pieces.is_empty() { None } else { Some(in_utf8(charset, bytes)) }
}

fn piece<'a>(name: &[u8], value: &'a [u8], wanted: &str) -> Option<Piece<'a>> {
    let (start, mut mark) = name.split_at_checked(wanted.len())?;
    if !start.eq_ignore_ascii_case(wanted.as_bytes()) || mark.first() != Some(&b'*') {
        return None;
    }
    let percent = mark.ends_with(b"*");
    mark = mark.strip_suffix(b"*").unwrap_or(mark);
    let digits = mark.strip_prefix(b"*").unwrap_or_default();
    let number = if digits.is_empty() { 0 } else { str::from_utf8(digits).ok()?.parse().ok()? };
    Some(Piece { number, value, percent })
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, tail)) = rest.split_first() {
        let hex =
            tail.first_chunk::<2>().and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        match hex {
            Some(decoded) if *byte == b'%' => {
                out.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    out
}

fn in_utf8(charset: &[u8], bytes: Vec<u8>) -> Vec<u8> {
    if str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    let decoded = charset_decoder(charset).and_then(|decode| catch_unwind(|| decode(&bytes)).ok());
    decoded.map_or(bytes, String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &[u8], wanted: &str) -> Vec<String> {
        parameters(value, wanted).iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect()
    }

    #[test]
    fn plain_and_extended_parameters_are_read() {
        let table: [(&[u8], &[&str]); 18] = [
            (b"text/plain; name=a.txt", &["a.txt"]),
            (b"text/plain; NAME = \"a;b.txt\"; x=y", &["a;b.txt"]),
            (b"text/plain; x=\"name=no\"; name=yes", &["yes"]),
            (b"text/plain; name=\"a\\\"b\"", &["a\"b"]),
            (b"text/plain; name=\"open", &["open"]),
            (b"text/plain; name==?utf-8?Q?x?=", &["=?utf-8?Q?x?="]),
            (b"text/plain; name=two words.exe", &["two words.exe"]),
            (b"text/plain; name*=utf-8''a%20b", &["a b"]),
            (b"text/plain; name*0=\"a\"; name*1=\"b\"", &["ab"]),
            (b"text/plain; name*1=b; name*0=a", &["ab"]),
            (
                b"x; name*0*=iso-8859-1'de'J%FCrg%20; name*1*=M%FCller; name*2=.pdf",
                &["J\u{fc}rg M\u{fc}ller.pdf"],
            ),
            (b"x; name=a.txt; name*=utf-8''virus%2Eexe", &["a.txt", "virus.exe"]),
            (b"x; name*=nonsense''%FF", &["\u{fffd}"]),
            (b"x; name*=%zz%4", &["%zz%4"]),
            (b"text/plain;; name=", &[""]),
            (b"text/plain; filename=a", &[]),
            (b"name=a", &[]),
            (b"x; name*999999999999999999999999=a", &[]),
        ];
        for (value, expected) in table {
            assert_eq!(all(value, "name"), expected, "{}", value.escape_ascii());
        }
    }
}
