//! Encoded words, RFC 2047, read as lenient mail programs read them: unpadded,
//! with blanks inside, of any length. Cannot fail; what is no encoded word
//! stays as it is.

use crate::mail::encoding::{Encoding, unquote};
use crate::mail::parameter::in_utf8;

/// Longest name of a charset, with its language. Known ones stay below 45.
const LONGEST_CHARSET: usize = 100;

/// One encoded word.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
}

/// `raw` with its encoded words decoded.
pub(super) fn decoded(raw: &[u8]) -> String {
    let mut out = Vec::with_capacity(raw.len());
    // Bytes of words side by side: one character may be spread over two.
    let mut open: Option<Word<'_>> = None;
    let mut rest = raw;
    while let Some(at) = find(rest, b"=?") {
        let (before, start) = rest.split_at(at);
        if open.is_none() || !before.trim_ascii().is_empty() {
            close(&mut out, open.take());
            out.extend_from_slice(before);
        }
        match word(start) {
            Found::Word(word, behind) => {
                match &mut open {
                    Some(open) if open.charset.eq_ignore_ascii_case(word.charset) => {
                        open.bytes.extend(word.bytes);
                    }
                    Some(_) | None => {
                        close(&mut out, open.take());
                        open = Some(word);
                    }
                }
                rest = behind;
            }
            Found::Nothing => {
                if open.is_some() {
                    close(&mut out, open.take());
                    out.extend_from_slice(before);
                }
                out.extend_from_slice(b"=?");
                rest = start.get(2..).unwrap_or_default();
            }
            // No later word ends either; looking for its end each time would
            // take the square of the length.
            Found::NoEnd => {
                rest = if open.is_some() { rest } else { start };
                break;
            }
        }
    }
    close(&mut out, open);
    out.extend_from_slice(rest);
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn close(out: &mut Vec<u8>, word: Option<Word<'_>>) {
    out.extend(word.map_or(Vec::new(), |word| in_utf8(word.charset, word.bytes)));
}

enum Found<'a> {
    /// A word, and what is behind it.
    Word(Word<'a>, &'a [u8]),
    /// No word begins here.
    Nothing,
    /// A word begins, but none ends here or later.
    NoEnd,
}

/// The word that `start`, which begins with `=?`, begins with.
fn word(start: &[u8]) -> Found<'_> {
    let inside = start.get(2..).unwrap_or_default();
    let Some(end) = inside.iter().take(LONGEST_CHARSET).position(|byte| *byte == b'?') else {
        return Found::Nothing;
    };
    let (charset, rest) = inside.split_at(end);
    let (letter, text) = match rest {
        [b'?', letter @ (b'b' | b'B' | b'q' | b'Q'), b'?', text @ ..] => (letter, text),
        _ => return Found::Nothing,
    };
    let Some(end) = find(text, b"?=") else { return Found::NoEnd };
    let (text, behind) = text.split_at(end);
    let bytes = match letter {
        b'b' | b'B' => Encoding::Base64.decoded(text),
        _ => from_q(text),
    };
    // RFC 2231, 5 lets a language follow the charset.
    let charset = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    Found::Word(Word { charset, bytes }, behind.get(2..).unwrap_or_default())
}

/// RFC 2047, 4.2. An underscore is a blank; the rest is as in quoted-printable.
fn from_q(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    let mut out = Vec::with_capacity(text.len());
    unquote(&text, &mut |byte| out.push(byte));
    out
}

fn find(bytes: &[u8], wanted: &[u8; 2]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_leniently() {
        let table: [(&[u8], &str); 24] = [
            (b"plain", "plain"),
            (b"=?utf-8?b?eC5leGU=?=", "x.exe"),
            (b"=?utf-8?b?eC5leGU?=", "x.exe"),
            (b"=?UTF-8*en?B?eC5l?= \t =?utf-8?b?eGU?=", "x.exe"),
            (b"=?utf-8?b?eC5l?==?utf-8?q?xe?=", "x.exe"),
            (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\u{e9}"),
            (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            (b"a =?utf-8?q?b?= ", "a b "),
            (b"=?utf-8?q?a?= =?x", "a =?x"),
            (b"=?utf-8?q?a?= =?x?z?y?=", "a =?x?z?y?="),
            (b"=?utf-8?q?a?= =?utf-8?q?b", "a =?utf-8?q?b"),
            (b"=?utf-8?q?two words_three?=", "two words three"),
            (b"=?utf-8?q?x=2Eexe_?=", "x.exe "),
            (b"=?utf-8?q?=4?=", "=4"),
            (b"=?utf-8?q??=", ""),
            (b"=?iso-8859-1?q?=FC?=", "\u{fc}"),
            (b"=?utf-7?q?x+AC4-exe?=", "x.exe"),
            (b"=?utf-16be?b?AHgALgBlAHgAZQ==?=", "x.exe"),
            (b"=?nonsense?q?x=2Eexe?=", "x.exe"),
            (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
            (b"=?", "=?"),
            (b"=?=?utf-8?q?a?=", "=?a"),
            (b"\xff=?utf-8?q?=FF?=", "\u{fffd}\u{fffd}"),
            (b"", ""),
        ];
        for (raw, expected) in table {
            assert_eq!(decoded(raw), expected, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn many_beginnings_take_no_time() {
        for text in ["=?a?b?x ", "=?", "=?a?q?", "=?a?q?x?= "] {
            assert!(!decoded(text.repeat(100_000).as_bytes()).is_empty());
        }
    }
}
