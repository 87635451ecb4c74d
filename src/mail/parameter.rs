//! Parameters of a header field: plain (RFC 2045, 5.1) and extended (RFC 2231).
//! Cannot fail; what cannot be decoded stays as it is.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use mail_parser::decoders::charsets::map::charset_decoder;

/// A field's value up to the first `;`: `text/plain` or `attachment`.
pub fn main_value(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Every value that a mail program could take for the parameter `wanted`, each
/// once: plain ones without their quotes, then extended ones, decoded. An honest
/// field has one; mail programs differ in which they take of several.
pub fn parameters(value: &[u8], wanted: &str) -> Vec<Vec<u8>> {
    // Only those that count are kept: a value may have very many others.
    let is_about = |(name, _): &(&[u8], &[u8])| {
        name.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    // The first should be no parameter, but some take it for one where it is.
    let mut pairs: Vec<(&[u8], &[u8])> = segments(value).filter_map(pair).filter(is_about).collect();
    if has_doubtful_quotes(value) {
        pairs.extend(value.split(|byte| *byte == b';').filter_map(pair).filter(is_about));
    }
    let plain = pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    let mut values: Vec<Vec<u8>> = plain.flat_map(|(_, value)| readings(value)).collect();
    values.extend(extended(&pairs, wanted));
    once(values)
}

/// `values` without those that came before.
pub(crate) fn once<T: Ord + Clone>(mut values: Vec<T>) -> Vec<T> {
    if values.len() > 1 {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
    }
    values
}

/// Whether mail programs may differ in which semicolons stand in quotes: one
/// quote is never closed, or one is escaped, which not all of them know.
fn has_doubtful_quotes(value: &[u8]) -> bool {
    let quotes = value.iter().filter(|byte| **byte == b'"').count();
    quotes % 2 == 1 || (quotes > 0 && value.windows(2).any(|pair| pair == b"\\\""))
}

/// A value without its quotes, and the same with what stands behind them.
fn readings(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let (inside, behind) = read(value);
    let whole = (!behind.is_empty()).then(|| [&inside, behind].concat());
    [inside].into_iter().chain(whole)
}

/// The names of all parameters in their order.
pub fn names(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    segments(value).skip(1).filter_map(pair).map(|(name, _)| name)
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
    read(value).0
}

/// A value without its quotes, and what stands behind the second.
fn read(value: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return (value.to_vec(), b"");
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
    (out, bytes.as_slice())
}

/// One piece of an extended parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Piece<'a> {
    /// `None` where the parameter is in one piece.
    number: Option<usize>,
    value: &'a [u8],
    percent: bool,
}

/// `name*=`, or the pieces `name*0=`, `name*1*=`, ... in their order; where some
/// are missing or there twice, by each way of making sense of them.
fn extended(pairs: &[(&[u8], &[u8])], wanted: &str) -> Vec<Vec<u8>> {
    let mut pieces: Vec<Piece<'_>> =
        pairs.iter().filter_map(|(name, value)| piece(name, value, wanted)).collect();
    if pieces.is_empty() {
        return Vec::new();
    }
    pieces.sort_by_key(|piece| piece.number);
    pieces.dedup();
    let mut values = vec![joined(&pieces)];
    let alone = pieces.iter().filter(|piece| piece.number.is_none());
    values.extend(alone.map(|piece| joined(&[*piece])));

    let mut first: Vec<Piece<'_>> = pieces.into_iter().filter(|piece| piece.number.is_some()).collect();
    let mut last = first.clone();
    last.reverse();
    last.dedup_by_key(|piece| piece.number);
    last.reverse();
    first.dedup_by_key(|piece| piece.number);
    for pieces in [first, last] {
        let run = pieces.iter().enumerate().take_while(|(i, piece)| piece.number == Some(*i)).count();
        values.extend(pieces.get(..run).filter(|run| !run.is_empty()).map(joined));
        values.extend((!pieces.is_empty()).then(|| joined(&pieces)));
    }
    values
}

/// The pieces in one. The first tells the charset of all.
fn joined(pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut charset = Vec::new();
    let mut bytes = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        let mut value = unquoted(piece.value);
        if i == 0 && piece.percent {
            let mut fields = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(name), Some(_language), Some(text)) = (fields.next(), fields.next(), fields.next()) {
                (charset, value) = (name.to_vec(), text.to_vec());
            }
        }
        bytes.extend(if piece.percent { percent_decoded(&value) } else { value });
    }
    in_utf8(&charset, bytes)
}

fn piece<'a>(name: &[u8], value: &'a [u8], wanted: &str) -> Option<Piece<'a>> {
    let (start, mut mark) = name.split_at_checked(wanted.len())?;
    mark = mark.trim_ascii_start();
    if !start.eq_ignore_ascii_case(wanted.as_bytes()) || mark.first() != Some(&b'*') {
        return None;
    }
    let percent = mark.ends_with(b"*");
    mark = mark.strip_suffix(b"*").unwrap_or(mark);
    let digits = mark.strip_prefix(b"*").unwrap_or_default();
    let number = if digits.is_empty() { None } else { Some(str::from_utf8(digits).ok()?.parse().ok()?) };
    Some(Piece { number, value, percent })
}

/// `value` with the `%XX` of RFC 2231 decoded.
pub(crate) fn percent_decoded(value: &[u8]) -> Vec<u8> {
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

/// `bytes` of `charset` in UTF-8; as they are where the charset is not known or
/// was a lie.
pub(crate) fn in_utf8(charset: &[u8], bytes: Vec<u8>) -> Vec<u8> {
    let is = |name: &&str| charset.eq_ignore_ascii_case(name.as_bytes());
    if ["", "utf-8", "utf8", "us-ascii"].iter().any(is) && str::from_utf8(&bytes).is_ok() {
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
        let table: [(&[u8], &[&str]); 33] = [
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
            (b"x; name=a.txt; name=b.exe; NAME=a.txt", &["a.txt", "b.exe"]),
            (b"x; name*=utf-8''a.exe; name*=utf-8''b.txt", &["a.exeutf-8''b.txt", "a.exe", "b.txt"]),
            (b"x; name*0=a.txt; name*0=b.exe", &["a.txtb.exe", "a.txt", "b.exe"]),
            (b"x; name*0=a.exe; name*2=.txt", &["a.exe.txt", "a.exe"]),
            (b"x; name*0=a; name*1=.exe; name*1=.txt", &["a.exe.txt", "a.exe", "a.txt"]),
            (b"x; name*=a.exe; name*1=.txt", &["a.exe.txt", "a.exe", ".txt"]),
            (b"x; name*=\"utf-8''x%2Eexe\"", &["x.exe"]),
            (b"x; name*=utf-7''x+AC4-exe", &["x.exe"]),
            (b"x; name=\"a.txt\".exe", &["a.txt", "a.txt.exe"]),
            (b"x; name=\"a.txt; name=b.exe", &["a.txt; name=b.exe", "a.txt", "b.exe"]),
            (b"x; y=\"; name=b.exe", &["b.exe"]),
            (b"x; y=\"\\\"; name=b.exe", &["b.exe"]),
            (b"x; y=\"\\\"; name=b.exe\"", &["b.exe\""]),
            (b"x; y=\"a; name=b.exe\"", &[]),
            (b"x; name*=nonsense''%FF", &["\u{fffd}"]),
            (b"x; name*=%zz%4", &["%zz%4"]),
            (b"text/plain;; name=", &[""]),
            (b"text/plain; filename=a", &[]),
            (b"name=a", &["a"]),
            (b"x; name *=utf-8''a", &["a"]),
            (b"x; name*999999999999999999999999=a", &[]),
        ];
        for (value, expected) in table {
            assert_eq!(all(value, "name"), expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn hundreds_of_pieces_are_one_value() {
        let pieces: String = (0..999).map(|i| format!("; name*{i}=a")).collect();
        let value = format!("x{pieces}; name*999=.exe");
        assert_eq!(all(value.as_bytes(), "name"), ["a".repeat(999) + ".exe"]);
    }
}
