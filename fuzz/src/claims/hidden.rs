//! What is hidden inside a part.

use convscan::testing::mail::hidden::{Found, Kind, Look, MOST_ITEMS, find, most_bytes};

/// What is found is bounded, a look in pieces misses none of it, and whatever was
/// encoded is found again. The first byte of `data` chooses the size of pieces
/// and the claimed type.
pub fn hidden(data: &[u8]) {
    let (first, content) = data.split_first().unwrap_or((&0, b""));
    let mime_type = ["text/plain", "", "message/rfc822", "application/mac-binhex40"][usize::from(first >> 6)];
    let found = look_and_find(content, mime_type, usize::from(first & 0x3F) + 1);
    for (kind, text) in encoded(content) {
        let found = look_and_find(&text, "text/plain", 7);
        let is_there = found.items.iter().any(|item| {
            item.kind == kind && item.content == content && item.names.iter().any(|name| name == "x.exe")
        });
        // What is in `content` itself may stand first, and leave no room.
        assert!(
            is_there || content.is_empty() || found.beyond,
            "{} of {}",
            kind.word(),
            content.escape_ascii()
        );
    }
    let again = find(content, mime_type);
    assert_eq!(again, found);
}

fn look_and_find(content: &[u8], mime_type: &str, size: usize) -> Found {
    let found = find(content, mime_type);
    let sum: usize = found.items.iter().map(|item| item.content.len()).sum();
    assert!(found.items.len() <= MOST_ITEMS && sum <= most_bytes(content.len()));
    assert!(found.items.iter().all(|item| !item.content.is_empty()));
    for size in [size, content.len().max(1)] {
        let mut look = Look::new(mime_type);
        content.chunks(size).for_each(|piece| look.feed(piece));
        assert!(look.is_worthwhile() || found.items.is_empty(), "overlooked in pieces of {size}");
    }
    found
}

/// `content` by each encoding, as the plainest encoder writes it.
fn encoded(content: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let short = u32::try_from(content.len()).unwrap();
    let mut tnef = b"\x78\x9f\x3e\x22\0\0\x02\x02\x90\x06\0\0\0\0\0\0\0".to_vec();
    tnef.extend_from_slice(b"\x02\x10\x80\x01\0\x06\0\0\0x.exe\0\0\0\x02\x0f\x80\x06\0");
    tnef.extend_from_slice(&short.to_le_bytes());
    tnef.extend_from_slice(content);
    let mail = b"From: a\nSubject: b\nContent-Type: x/y; name=x.exe\nContent-Transfer-Encoding: base64\n\n";
    vec![
        (Kind::Uuencoded, uuencoded(content, b'`')),
        (Kind::Uuencoded, uuencoded(content, b' ')),
        (Kind::Uuencoded, [b"begin-base64 644 x.exe\n", &base64(content)[..], b"====\n"].concat()),
        (Kind::Yenc, yenc(content)),
        (Kind::BinHex, binhex(content, short)),
        (Kind::Tnef, tnef),
        (Kind::Mail, [&mail[..], &base64(content)].concat()),
    ]
}

/// Six bits a letter, all of the last group.
fn sixes(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.chunks(3).flat_map(|group| {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        (0..4).rev().map(move |i| (word >> (6 * i) & 0x3F) as u8)
    })
}

fn base64(content: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for line in content.chunks(57) {
        let letters = (line.len() * 4).div_ceil(3);
        out.extend(sixes(line).take(letters).map(|six| LETTERS[usize::from(six)]));
        out.extend(std::iter::repeat_n(b'=', letters.next_multiple_of(4) - letters));
        out.push(b'\n');
    }
    out
}

/// Blanks at the ends of lines are lost on the way, as they often are.
fn uuencoded(content: &[u8], zero: u8) -> Vec<u8> {
    let letter = |six: u8| if six == 0 { zero } else { six + b' ' };
    let mut out = b"Hello,\r\nbegin 644 x.exe\r\n".to_vec();
    for line in content.chunks(45) {
        out.push(letter(line.len() as u8));
        out.extend(sixes(line).map(letter));
        out.truncate(out.trim_ascii_end().len());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"`\r\nend\r\n");
    out
}

fn yenc(content: &[u8]) -> Vec<u8> {
    let mut out = b"=ybegin line=128 name=x.exe\r\n".to_vec();
    for (i, byte) in content.iter().enumerate() {
        match byte.wrapping_add(42) {
            byte @ (0 | b'\n' | b'\r' | b'=') => out.extend([b'=', byte.wrapping_add(64)]),
            byte => out.push(byte),
        }
        if i % 128 == 127 {
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n=yend\r\n");
    out
}

fn binhex(content: &[u8], length: u32) -> Vec<u8> {
    const LETTERS: &[u8] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut bytes = b"\x05x.exe\0TYPECREA\0\0".to_vec();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(b"\0\0\0\0cc");
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(b"cccc");
    // The mark of a run stands for itself only before a zero.
    let marked: Vec<u8> =
        bytes.iter().flat_map(|byte| [*byte, 0].into_iter().take(1 + usize::from(*byte == 0x90))).collect();
    let letters: Vec<u8> = sixes(&marked).map(|six| LETTERS[usize::from(six)]).collect();
    let mut out = b"(This file must be converted with BinHex 4.0)\r\n:".to_vec();
    for line in letters.chunks(64) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b":\r\n");
    out
}
