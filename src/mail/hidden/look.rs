//! Whether a part may hold something hidden, by a look at it piece by piece, so
//! that a large one is not read into memory for nothing. Cannot fail.

use memchr::memmem::Finder;

use super::{Search, binhex, mail, tnef, uuencode, yenc};

/// How much is kept of a piece, for what stands across two: no marker, with the
/// line end before it and what must follow it, is longer.
const KEPT: usize = 48;

/// How much of the beginning is looked at for header fields. Where it is nothing
/// else, the part is a mail, or made to look like one.
const LOOKED_AT: usize = 64 * 1024;

/// A look at a part, of constant size.
pub struct Look {
    begin: Finder<'static>,
    binhex: Finder<'static>,
    found: bool,
    /// The beginning, while it is not clear what it is.
    start: Option<Vec<u8>>,
    /// The end of what was seen, and where in it the part begins, if it does.
    tail: Vec<u8>,
    seen: usize,
}

impl Look {
    /// At a part of type `mime_type`.
    pub fn new(mime_type: &str) -> Self {
        Self {
            begin: Finder::new(b"begin"),
            binhex: Finder::new(binhex::MARK),
            found: mail::is_type(mime_type) || binhex::is_type(mime_type),
            start: Some(Vec::new()),
            tail: Vec::new(),
            seen: 0,
        }
    }

    /// Looks at the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.found || piece.is_empty() {
            return;
        }
        let first = self.seen == 0;
        self.seen = self.seen.saturating_add(piece.len());
        self.feed_start(piece);
        if !first {
            let across = [&self.tail, piece.get(..KEPT).unwrap_or(piece)].concat();
            // The tail begins in the middle of a line, or where the part does.
            let whole = self.tail.len() + piece.len() >= self.seen;
            self.found |= self.is_marked(&across, if whole { Edge::Start } else { Edge::Middle });
        }
        self.found |= self.is_marked(piece, if first { Edge::Start } else { Edge::Middle });
        let kept = piece.get(piece.len().saturating_sub(KEPT)..).unwrap_or_default();
        self.tail.extend_from_slice(kept);
        self.tail.drain(..self.tail.len().saturating_sub(KEPT));
    }

    /// Whether [`super::find`] may find anything in what was seen.
    pub fn is_worthwhile(&self) -> bool {
        self.found
    }

    fn feed_start(&mut self, piece: &[u8]) {
        let Some(mut start) = self.start.take() else { return };
        let seen = if start.is_empty() {
            piece
        } else {
            start.extend_from_slice(piece);
            &start
        };
        if tnef::is_signed(seen) {
            self.found = true;
            return;
        }
        match mail::start(seen) {
            mail::Start::Mail => self.found = true,
            mail::Start::Unsure if seen.len() >= LOOKED_AT => self.found = true,
            mail::Start::Unsure => {
                if start.is_empty() {
                    start.extend_from_slice(piece);
                }
                self.start = Some(start);
            }
            // A signature may be in pieces.
            mail::Start::Other if seen.len() < tnef::SIGNATURE.len() => {
                self.start = Some(seen.to_vec());
            }
            mail::Start::Other => (),
        }
    }

    fn is_marked(&self, text: &[u8], edge: Edge) -> bool {
        let here = |at: usize| at > 0 || edge == Edge::Start;
        self.binhex.find(text).is_some()
            || self.begin.find_iter(text).any(|at| {
                (here(at) && uuencode::begins(text, at))
                    || at.checked_sub(2).is_some_and(|at| here(at) && yenc::begins(text, at))
            })
    }
}

impl Search for Look {
    fn feed(&mut self, piece: &[u8]) {
        Self::feed(self, piece);
    }

    fn is_worthwhile(&self) -> bool {
        Self::is_worthwhile(self)
    }
}

/// Where a text is from that is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The part begins where it does.
    Start,
    /// Its first byte need not begin a line.
    Middle,
}

/// A look at all of `content`.
#[cfg(test)]
pub(super) fn whole(content: &[u8], mime_type: &str) -> Look {
    let mut look = Look::new(mime_type);
    look.feed(content);
    look
}
