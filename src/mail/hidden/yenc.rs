//! Files in a text between `=ybegin` and `=yend`, yEnc 1.3 as of 2002, which
//! newsreaders know and the mail programs that are also newsreaders. Cannot fail.

use memchr::memmem;

use super::Kind;
use super::basket::Basket;
use super::lines::{begins_line, line_at, lines};
use crate::mail::field;
use crate::mail::pieces::{Pieces, Take};

const BEGIN: &[u8] = b"=ybegin ";

pub(super) fn read(content: &[u8], _: &str, basket: &mut Basket<'_>) {
    for at in memmem::find_iter(content, BEGIN) {
        if !begins(content, at) {
            continue;
        }
        let (line, body) = line_at(content, at);
        let (long, short) = section(body);
        if !basket.is_open() || !basket.spend(long.len() + short.map_or(0, <[u8]>::len)) {
            return;
        }
        // The name is the last parameter and goes to the end of the line.
        let name = memmem::find(line, b"name=").and_then(|at| line.get(at + 5..));
        let name = field::file_name(name.unwrap_or_default().trim_ascii());
        for section in [Some(long), short].into_iter().flatten() {
            basket.put(Kind::Yenc, vec![name.clone()], "", &|take| decode(section, take));
        }
    }
}

/// Whether the mark begins a line at `at`.
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    begins_line(text, at) && text.get(at..).is_some_and(|rest| rest.starts_with(BEGIN))
}

/// The lines up to the end; and up to the next beginning.
fn section(body: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    let mut short = None;
    for line in lines(body) {
        if line.starts_with(b"=yend") {
            break;
        }
        if short.is_none() && line.starts_with(BEGIN) {
            short = body.get(..at);
        }
        at += line.len() + 1;
    }
    (body.get(..at).unwrap_or(body), short)
}

fn decode(section: &[u8], take: Take<'_>) {
    let mut out = Pieces::new(take);
    for line in lines(section).filter(|line| !line.starts_with(b"=y")) {
        let mut bytes = line.iter();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'=' => bytes.next().map(|byte| byte.wrapping_sub(64)),
                _ => Some(*byte),
            };
            byte.into_iter().for_each(|byte| out.push(byte.wrapping_sub(42)));
        }
        if !out.is_wanted() {
            break;
        }
    }
    out.end();
}
