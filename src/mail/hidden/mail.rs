//! A message that is an attachment: a saved or forwarded one, which mail programs
//! open like any other. Cannot fail.

use std::iter;

use super::Kind;
use super::basket::Basket;
use crate::mail::field;
use crate::mail::pieces::Take;
use crate::mail::{encoding::Encoding, message::Message};

/// Longest beginning of a line that may become a field's name, RFC 5322, 2.1.1.
const LONGEST_LINE: usize = 998;

/// Fields that decide alone: with them something else is shown than stands there.
const DECISIVE: [&str; 2] = ["Content-Type", "Content-Transfer-Encoding"];

/// Fields of which two make a mail.
const KNOWN: [&str; 18] = [
    "From",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Received",
    "Message-ID",
    "MIME-Version",
    "Content-Disposition",
    "Return-Path",
    "Reply-To",
    "Sender",
    "Delivered-To",
    "Newsgroups",
    "X-Mailer",
    "User-Agent",
    "DKIM-Signature",
];

/// Whether the type alone says what it is.
pub(super) fn is_type(mime_type: &str) -> bool {
    ["message/rfc822", "message/global", "message/news"]
        .iter()
        .any(|known| mime_type.eq_ignore_ascii_case(known))
}

/// What a beginning is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Mail,
    Other,
    /// Only fields so far, but none that tell.
    Unsure,
}

/// Whether `content` begins with the header of a mail.
pub(super) fn start(content: &[u8]) -> Start {
    let mut weight = 0;
    for (i, line) in header_lines(header_of(content)).enumerate() {
        let is_folded = matches!(line, [b' ' | b'\t', ..]) && !line.trim_ascii().is_empty();
        let is_envelope = line.starts_with(b"From ") || line.starts_with(b">From ");
        if i > 0 && is_folded || i == 0 && is_envelope {
            continue;
        }
        match field(line) {
            Field::Named(name) => {
                let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
                weight += if DECISIVE.iter().any(is) { 2 } else { usize::from(KNOWN.iter().any(is)) };
                if weight >= 2 {
                    return Start::Mail;
                }
            }
            Field::Cut => return Start::Unsure,
            Field::None => return Start::Other,
        }
    }
    Start::Unsure
}

/// `content` without what mail programs pass over in front of a header: the mark
/// of UTF-8 and empty lines.
fn header_of(content: &[u8]) -> &[u8] {
    let mut rest = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    while let [b'\r' | b'\n', tail @ ..] = rest {
        rest = tail;
    }
    rest
}

/// The lines with their ends; of a long one its beginning, which tells enough.
fn header_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, behind) = rest.split_at_checked(end)?;
        rest = behind;
        let line = line.get(..=LONGEST_LINE).unwrap_or(line);
        (!line.is_empty()).then_some(line)
    })
}

/// What a line is to a header.
enum Field<'a> {
    Named(&'a [u8]),
    /// The beginning of a name, of which no more is there.
    Cut,
    None,
}

fn field(line: &[u8]) -> Field<'_> {
    let end = line.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b':').unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end).unwrap_or((line, b""));
    let behind = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    match behind {
        Some(b':') if end > 0 => Field::Named(name),
        None if line.len() <= LONGEST_LINE => Field::Cut,
        Some(_) | None => Field::None,
    }
}

pub(super) fn read(content: &[u8], mime_type: &str, basket: &mut Basket<'_>) {
    if !is_type(mime_type) && start(content) != Start::Mail {
        return;
    }
    let text = header_of(content);
    let message = Message::split_inside(text, &|| basket.goes_on());
    if message.beyond().is_some() {
        basket.overflow();
    }
    for leaf in message.leaves() {
        // Without any header it is what it was before.
        if message.raw(leaf).len() == text.len() {
            continue;
        }
        if !basket.is_open() {
            return;
        }
        let block = message.header(leaf);
        let read = block.get(..field::LONGEST as usize).unwrap_or(block);
        if read.len() < block.len() {
            basket.overflow();
        }
        let kind = [&leaf.main_type[..], b"/", &leaf.subtype].concat().to_ascii_lowercase();
        let kind = String::from_utf8_lossy(&kind);
        let encoding = Encoding::named(&leaf.encoding);
        let content = |take: Take<'_>| encoding.decode(message.raw(leaf), take);
        basket.put(Kind::Mail, field::file_names(read), &kind, &content);
    }
}
