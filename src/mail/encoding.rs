//! Transfer encodings, read tolerantly and written strictly. Cannot fail.
//!
//! Read: what a mail program would still show must reach the scanner, so
//! nothing is rejected; bytes that do not belong are skipped or kept as they are.
//! Written: lines of at most 76 characters, as RFC 2045 asks for in 6.7 and 6.8.

use crate::mail::pieces::{self, Pieces, Take};

/// The transfer encodings that are known. What is unknown counts as `Identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 7bit, 8bit, binary, none, or unknown.
    Identity,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
}

/// Longest line that RFC 5322, 2.1.1 lets through.
const LONGEST_LINE: usize = 998;

/// Longest line of encoded text, RFC 2045, 6.7 (5).
const ENCODED_LINE: usize = 76;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Encoding {
    /// The encoding named by the value of a Content-Transfer-Encoding field. Mail
    /// programs find the word among comments, quotes and separators; so do we.
    pub(crate) fn named(value: &[u8]) -> Self {
        let mut depth = 0_usize;
        let separates = |byte: &u8| {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => (),
            }
            depth > 0 || byte.is_ascii_whitespace() || b");,\"'".contains(byte)
        };
        let word = value.split(separates).find(|word| !word.is_empty());
        match word.unwrap_or_default() {
            word if word.eq_ignore_ascii_case(b"base64") => Self::Base64,
            word if word.eq_ignore_ascii_case(b"quoted-printable") => Self::QuotedPrintable,
            _ => Self::Identity,
        }
    }

    /// `bytes` without this encoding.
    pub(crate) fn decoded(self, bytes: &[u8]) -> Vec<u8> {
        let capacity = match self {
            Self::Identity | Self::QuotedPrintable => bytes.len(),
            Self::Base64 => bytes.len() / 4 * 3 + 3,
        };
        pieces::whole(capacity, |take| self.decode(bytes, take))
    }

    /// Gives `take` the bytes without this encoding, in pieces.
    pub(crate) fn decode(self, bytes: &[u8], take: Take<'_>) {
        match self {
            Self::Identity => pieces::plain(bytes, take),
            Self::Base64 => from_base64(bytes, take),
            Self::QuotedPrintable => from_quoted_printable(bytes, take),
        }
    }

    /// `bytes` in this encoding. Decoding gives exactly `bytes` again.
    pub(crate) fn encoded(self, bytes: &[u8], eol: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Base64 => to_base64(bytes, eol),
            Self::QuotedPrintable => to_quoted_printable(bytes, eol),
        }
    }
}

/// `text` with every CRLF and every lone LF as `eol`; a lone CR stays.
pub(crate) fn lines_ended_by(text: &[u8], eol: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(rest) => {
                out.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
                out.extend_from_slice(eol);
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// What keeps a text from being sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// Only ASCII, all lines short: 7bit.
    Seven,
    /// As `Seven`, but some bytes are not ASCII: 8bit.
    Eight,
    /// NUL, a lone CR or too long a line: needs an encoding.
    Unsafe,
}

/// How wide `text` is, whose lines end in `eol`.
pub(crate) fn width(text: &[u8], eol: &[u8]) -> Width {
    let fits = text.split_inclusive(|byte| *byte == b'\n').all(|line| {
        let line = line.strip_suffix(eol).unwrap_or(line);
        line.len() <= LONGEST_LINE && !line.iter().any(|byte| b"\0\r\n".contains(byte))
    });
    match (fits, text.is_ascii()) {
        (false, _) => Width::Unsafe,
        (true, true) => Width::Seven,
        (true, false) => Width::Eight,
    }
}

/// Padding ends a group and not the text: some mail programs join pieces.
fn from_base64(bytes: &[u8], take: Take<'_>) {
    let mut out = Pieces::new(take);
    let (mut group, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                bits = 0;
                continue;
            }
            _ => continue,
        };
        group = (group << 6 | u32::from(value)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits & 0xFF) as u8);
            if !out.is_wanted() {
                break;
            }
        }
    }
    out.end();
}

fn to_base64(bytes: &[u8], eol: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 54 * 76 + 80);
    for line in bytes.chunks(ENCODED_LINE / 4 * 3) {
        for group in line.chunks(3) {
            let mut word = [0_u8; 4];
            for (slot, byte) in word.iter_mut().skip(1).zip(group) {
                *slot = *byte;
            }
            let word = u32::from_be_bytes(word);
            for i in 0..4 {
                let value = (word >> (18 - 6 * i) & 0x3F) as usize;
                let letter = if i <= group.len() { BASE64.get(value) } else { None };
                out.push(letter.copied().unwrap_or(b'='));
            }
        }
        out.extend_from_slice(eol);
    }
    out
}

/// Blanks at the end of a line are transport's work and go, RFC 2045, 6.7 (3);
/// a `=` that starts nothing stays as it is.
fn from_quoted_printable(bytes: &[u8], take: Take<'_>) {
    let mut out = Pieces::new(take);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let eol = line.strip_prefix(body).unwrap_or_default();
        let blanks = body.iter().rev().take_while(|byte| b" \t".contains(byte)).count();
        let body = body.get(..body.len() - blanks).unwrap_or(body);
        match body.strip_suffix(b"=") {
            Some(body) => unquote(body, &mut |byte| out.push(byte)),
            None => {
                unquote(body, &mut |byte| out.push(byte));
                out.extend(eol);
            }
        }
        if !out.is_wanted() {
            break;
        }
    }
    out.end();
}

/// Takes the `=XX` of quoted-printable out of one line.
pub(crate) fn unquote(mut rest: &[u8], put: &mut impl FnMut(u8)) {
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'=', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    put(high << 4 | low);
                    tail
                }
                _ => {
                    put(b'=');
                    rest.get(1..).unwrap_or_default()
                }
            },
            _ => {
                put(*first);
                tail
            }
        };
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Only line ends that are `eol` stay line ends; every other CR and LF is
/// quoted, so that binary data survives too. `From ` and `.` at the start of a
/// line are quoted: mailbox files and SMTP give them a meaning.
fn to_quoted_printable(bytes: &[u8], eol: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    let mut rest = bytes;
    let mut column = 0;
    while let Some((byte, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(eol) {
            out.extend_from_slice(eol);
            (rest, column) = (tail, 0);
            continue;
        }
        let ends_line = tail.is_empty() || tail.starts_with(eol);
        let plain = match byte {
            b' ' | b'\t' => !ends_line,
            b'=' => false,
            b'.' => column > 0,
            b'F' => column > 0 || !rest.starts_with(b"From "),
            b'!'..=b'~' => true,
            _ => false,
        };
        let size = if plain { 1 } else { 3 };
        // One column is kept for the soft line break.
        if column + size > ENCODED_LINE - 1 {
            out.push(b'=');
            out.extend_from_slice(eol);
            column = 0;
            continue;
        }
        if plain {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
        }
        column += size;
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_encodings_are_read_as_far_as_they_go() {
        let table: [(Encoding, &[u8], &[u8]); 15] = [
            (Encoding::Base64, b"aGVsbG8=", b"hello"),
            (Encoding::Base64, b"aGVs\r\nbG8", b"hello"),
            (Encoding::Base64, b"aG!Vs-bG*8=\0", b"hello"),
            (Encoding::Base64, b"aGVsbG8=aGVsbG8=", b"hellohello"),
            (Encoding::Base64, b"a", b""),
            (Encoding::Base64, b"====", b""),
            (Encoding::QuotedPrintable, b"a=3Db=\r\nc \r\nd\n", b"a=bc\r\nd\n"),
            (Encoding::QuotedPrintable, b"=", b""),
            (Encoding::QuotedPrintable, b"=\n", b""),
            (Encoding::QuotedPrintable, b"=\n--b", b"--b"),
            (Encoding::QuotedPrintable, b"=zz=4", b"=zz=4"),
            (Encoding::QuotedPrintable, b"==41", b"=A"),
            (Encoding::QuotedPrintable, b"=e4=E4", b"\xe4\xe4"),
            (Encoding::QuotedPrintable, b"a\rb\0", b"a\rb\0"),
            (Encoding::Identity, b"a=3D", b"a=3D"),
        ];
        for (encoding, bytes, expected) in table {
            assert_eq!(
                encoding.decoded(bytes).escape_ascii().to_string(),
                expected.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn names_of_encodings() {
        for (value, expected) in [
            ("BASE64", Encoding::Base64),
            (" base64 (really)", Encoding::Base64),
            ("(x) base64", Encoding::Base64),
            ("(a (b) c)base64(d)", Encoding::Base64),
            ("\"base64\"", Encoding::Base64),
            ("'base64'", Encoding::Base64),
            ("base64,", Encoding::Base64),
            ("base64;x", Encoding::Base64),
            ("; base64, 7bit", Encoding::Base64),
            ("7bit, base64", Encoding::Identity),
            ("(base64) 8bit", Encoding::Identity),
            ("Quoted-Printable;", Encoding::QuotedPrintable),
            ("8bit", Encoding::Identity),
            ("", Encoding::Identity),
            ("x-uuencode", Encoding::Identity),
        ] {
            assert_eq!(Encoding::named(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let all: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let texts: [&[u8]; 8] = [
            b"",
            b"a",
            b"two\nlines \n\n",
            b"two\r\nlines\t\r\n",
            b"From me\n.\n",
            b"\r\n\n\r",
            &all,
            &[b'='; 200],
        ];
        for text in texts {
            for eol in [&b"\n"[..], b"\r\n"] {
                for encoding in [Encoding::Base64, Encoding::QuotedPrintable] {
                    let written = encoding.encoded(text, eol);
                    assert_eq!(encoding.decoded(&written), text);
                    assert_eq!(width(&written, eol), Width::Seven, "{}", written.escape_ascii());
                    assert!(written.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
                }
            }
        }
    }

    #[test]
    fn width_and_line_ends() {
        let long = [b'x'; 999];
        let table: [(&[u8], Width); 7] = [
            (b"plain\r\n", Width::Seven),
            (b"\xe4\r\n", Width::Eight),
            (b"a\0", Width::Unsafe),
            (b"a\rb", Width::Unsafe),
            (b"a\n", Width::Unsafe),
            (&long, Width::Unsafe),
            (b"", Width::Seven),
        ];
        for (text, expected) in table {
            assert_eq!(width(text, b"\r\n"), expected);
        }
        assert_eq!(lines_ended_by(b"a\nb\r\nc\rd", b"\r\n"), b"a\r\nb\r\nc\rd");
        assert_eq!(lines_ended_by(b"a\nb\r\nc", b"\n"), b"a\nb\nc");
    }
}
