//! Content that still has its transfer encoding. Cannot fail.
//!
//! The manuals let one infer that the channel hands parts over decoded; none says
//! so. A part that looks as its `INPUT_ENCODING` would make it look is therefore
//! seen both ways.

use crate::mail::encoding::Encoding;

/// How much of a part is looked at.
pub const LOOKED_AT: usize = 4096;

/// How much tells whether it is base64.
const ENOUGH: usize = 1024;

/// Whether content that begins with `start` looks encoded by `encoding`. A
/// decoded part seldom does, and is only looked at twice if it does.
pub fn looks_encoded(start: &[u8], encoding: &str) -> bool {
    match Encoding::named(encoding.as_bytes()) {
        Encoding::Identity => false,
        Encoding::Base64 => {
            // Decoders pass over what is not of the alphabet (RFC 2045, 6.8), so a
            // few such bytes must not hide the rest.
            let start = start.get(..ENOUGH).unwrap_or(start);
            let is_foreign = |byte: &&u8| !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' | b'\r' | b'\n');
            start.len() >= 4 && start.iter().filter(is_foreign).nth(start.len() / 16).is_none()
        }
        Encoding::QuotedPrintable => {
            // Decoders mind neither long lines nor bytes above ASCII.
            let is_escape = |triple: &[u8]| matches!(triple, [b'=', high, low] if [high, low].iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b)));
            start.windows(3).any(is_escape) || start.windows(2).any(|pair| pair == b"=\n" || pair == b"=\r")
        }
    }
}

/// `content` without `encoding`; `look` sees it piece by piece.
pub fn decoded(content: &[u8], encoding: &str, look: &mut dyn FnMut(&[u8])) -> Vec<u8> {
    let mut out = Vec::new();
    Encoding::named(encoding.as_bytes()).decode(content, &mut |piece| {
        look(piece);
        out.extend_from_slice(piece);
        true
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encoded_looks_so() {
        let table: [(&[u8], &str, bool); 14] = [
            (b"WDVPIVAlQEFQ\r\nWzRc\r\n", "BASE64", true),
            (b"Hello there.", "base64", false),
            (b"MZ\x90\x00", "base64", false),
            (b"WDVPIVAl", "7bit", false),
            (b"", "base64", false),
            (b"Gr=C3=BC=C3=9Fe", "Quoted-Printable", true),
            (b"soft=\nbreak", "quoted-printable", true),
            (b"a = b; c == d", "quoted-printable", false),
            (b"Gr\xc3\xbc\xc3\x9fe =41", "quoted-printable", true),
            // One foreign byte, which decoders pass over, used to hide the rest.
            (b"WDVPIVAl QEFQWzRcUFpY", "base64", true),
            (b"The quick brown fox. It jumps.", "base64", false),
            (b"plain", "quoted-printable", false),
            (&[b'='; 100], "quoted-printable", false),
            (b"a=\r\nb", "8bit", false),
        ];
        for (start, encoding, expected) in table {
            assert_eq!(looks_encoded(start, encoding), expected, "{}", start.escape_ascii());
        }
    }
}
