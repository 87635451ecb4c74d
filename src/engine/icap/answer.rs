//! One answer, read to its end and not a byte further: servers keep the
//! connection open. Everything but the documented answers is an error.
//!
//! Source: RFC 3507, 4.4 to 4.6.

use std::fs::File;
use std::io::{BufRead, ErrorKind as IoKind, Read, Write};

use super::chunk::Chunked;
use super::encapsulated::{Body, Encapsulated};
use super::failure::{failure, garbled};
use super::head::Head;
use super::options::{refuse_blind, tag};
use super::said::{Ending, Said};
use crate::os::files;
use crate::text;
use crate::verdict::{ErrorKind, ScanError, Verdict};

/// The other side, and how far we are with sending.
pub(super) trait Peer: BufRead {
    /// Sends what the preview left; `false` where it left nothing.
    fn go_on(&mut self) -> bool;
    /// Whether all of the part has been sent.
    fn is_whole(&self) -> bool;
    /// Whether something has come behind what was read. Waits for nothing.
    fn has_more(&mut self) -> bool;
}

/// What was asked.
pub(super) struct Question<R> {
    /// The part again, to compare it with what comes back.
    pub(super) content: R,
    /// Its size.
    pub(super) size: u64,
    /// Whether the server may say "unchanged" at any time.
    pub(super) allow_204: bool,
    /// Whether it saw a preview first.
    pub(super) has_preview: bool,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) verdict: Result<Verdict, ScanError>,
    /// The state of the signatures that it was given by.
    pub(super) istag: Option<String>,
    /// A repaired copy that came along.
    pub(super) repaired: Option<File>,
    /// Whether anything came at all.
    pub(super) was_heard: bool,
}

/// Reads the answer to `question`.
pub(super) fn read<P: Peer, R: Read>(peer: &mut P, question: Question<R>) -> Answer {
    let mut reading = Reading {
        peer,
        question,
        said: Said::default(),
        istag: None,
        repaired: None,
        was_heard: false,
        is_in_preview: true,
    };
    let ending = reading.ending().and_then(|ending| reading.last_word(ending));
    let Reading { said, istag, repaired, was_heard, .. } = reading;
    Answer { verdict: said.verdict(ending), istag, repaired, was_heard }
}

struct Reading<'p, P, R> {
    peer: &'p mut P,
    question: Question<R>,
    said: Said,
    istag: Option<String>,
    repaired: Option<File>,
    was_heard: bool,
    is_in_preview: bool,
}

impl<P: Peer, R: Read> Reading<'_, P, R> {
    fn ending(&mut self) -> Result<Ending, ScanError> {
        loop {
            let mut head = Head::default();
            let read = head.read(self.peer).map_err(|error| failure("reading the answer", &error));
            self.was_heard |= !head.start().is_empty();
            let Some(status) = head.status(&["ICAP/1.0"]) else {
                return if head.start().is_empty() { read } else { Ok(()) }
                    .and_then(|()| Err(garbled(format!("no ICAP: `{}`", shown(head.start())))));
            };
            self.said.add(&head);
            read?;
            self.istag = tag(&head).or(self.istag.take());
            if self.is_told() {
                return Ok(Ending::Told);
            }
            refuse_blind(&head)?;
            match status {
                100 if self.is_in_preview && self.peer.go_on() => self.is_in_preview = false,
                100 => return Err(garbled("`100 Continue`, but there is nothing left to send")),
                200 => return self.encapsulated(&head),
                204 => return self.unmodified(&head),
                400..=599 => return Err(ScanError::new(ErrorKind::Failed, shown(head.start()))),
                _ => return Err(garbled(format!("unknown status `{}`", shown(head.start())))),
            }
        }
    }

    /// The ending, unless the server goes on after it has let the part be: the
    /// rest may say the contrary.
    fn last_word(&mut self, ending: Ending) -> Result<Ending, ScanError> {
        match ending {
            Ending::Untouched | Ending::Unseen if self.peer.has_more() => {
                Err(garbled("something behind the end of the answer"))
            }
            Ending::Untouched | Ending::Unseen | Ending::Forbidden | Ending::Changed | Ending::Told => {
                Ok(ending)
            }
        }
    }

    /// Whether the fields convict, and there is no repaired copy to wait for.
    fn is_told(&self) -> bool {
        self.said.convicts() && !self.said.is_repaired
    }

    /// What "unchanged" is worth.
    fn unchanged(&self) -> Ending {
        if self.peer.is_whole() { Ending::Untouched } else { Ending::Unseen }
    }

    /// Whether the server may say "unchanged" now.
    fn may_say_unchanged(&self) -> Result<(), ScanError> {
        let may = self.question.allow_204 || (self.question.has_preview && self.is_in_preview);
        if may { Ok(()) } else { Err(garbled("`204`, which was not allowed")) }
    }

    fn unmodified(&self, head: &Head) -> Result<Ending, ScanError> {
        self.may_say_unchanged()?;
        match Encapsulated::read(head).map_err(garbled)? {
            None | Some(Encapsulated { head: None | Some(0), body: Body::Null }) => Ok(self.unchanged()),
            Some(_) => Err(garbled("`204` with content")),
        }
    }

    fn encapsulated(&mut self, head: &Head) -> Result<Ending, ScanError> {
        let parts = Encapsulated::read(head).map_err(garbled)?;
        let Some(Encapsulated { head: Some(size), body }) = parts else {
            return Err(garbled("`200` without an HTTP header"));
        };
        if (size, body) == (0, Body::Null) {
            // A 204 in other words: c-icap, `Allow204As200okZeroEncaps`.
            return self.may_say_unchanged().map(|()| self.unchanged());
        }
        let mut http = Head::default();
        let read = http.read(self.peer).map_err(|error| failure("reading the HTTP header", &error));
        self.said.add(&http);
        read?;
        if self.is_told() {
            return Ok(Ending::Told);
        }
        if http.size() != size {
            return Err(garbled(format!("an HTTP header of {} bytes instead of {size}", http.size())));
        }
        match (http.status(&["HTTP/1.0", "HTTP/1.1"]), body) {
            (None, _) => Err(garbled(format!("no HTTP: `{}`", shown(http.start())))),
            (Some(403), _) => Ok(Ending::Forbidden),
            (Some(200), Body::Chunked) => self.body(),
            (Some(200), Body::Null) if self.question.size == 0 => Ok(self.unchanged()),
            (Some(_), _) => Ok(Ending::Changed),
        }
    }

    /// Compares the body with the part, and keeps it where it is a repaired copy.
    fn body(&mut self) -> Result<Ending, ScanError> {
        let (mut count, mut same) = (0, true);
        let mut copy =
            if self.said.is_repaired { Some(files::anonymous(&[]).map_err(unkept)?) } else { None };
        let mut body = Chunked::new(self.peer);
        let mut buf = vec![0; PIECE];
        loop {
            let n = body.read(&mut buf).map_err(|error| failure("reading the body", &error))?;
            let piece = buf.get(..n).unwrap_or_default();
            if n == 0 {
                break;
            }
            count += n as u64;
            same = same && begins_with(&mut self.question.content, piece)?;
            match &mut copy {
                Some(_) if count > most_repaired(self.question.size) => {
                    return Err(garbled(format!("a repaired copy of more than {count} bytes")));
                }
                Some(copy) => copy.write_all(piece).map_err(unkept)?,
                None if same => {}
                None => return Ok(Ending::Changed),
            }
        }
        self.said.add(&body.trailer);
        if same && count == self.question.size {
            return Ok(self.unchanged());
        }
        self.repaired = copy.filter(|_| count > 0);
        Ok(Ending::Changed)
    }
}

/// Bytes of a body that are compared at a time.
const PIECE: usize = 16 * 1024;

/// Largest repaired copy of a part of `size` bytes: a container may be packed
/// less well than before.
fn most_repaired(size: u64) -> u64 {
    size.saturating_mul(2).saturating_add(1 << 20)
}

/// Whether `content` goes on with `piece`.
fn begins_with(content: &mut impl Read, piece: &[u8]) -> Result<bool, ScanError> {
    let mut expected = vec![0; piece.len()];
    match content.read_exact(&mut expected) {
        Ok(()) => Ok(expected == piece),
        Err(error) if error.kind() == IoKind::UnexpectedEof => Ok(false),
        Err(error) => Err(failure("comparing the part", &error)),
    }
}

fn unkept(error: std::io::Error) -> ScanError {
    ScanError::new(ErrorKind::Part, format!("cannot keep the repaired copy: {error}"))
}

fn shown(start: &[u8]) -> String {
    text::printable(start, text::SHOWN)
}
