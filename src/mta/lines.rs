//! Physical and logical lines of the MTA's text files, with the way back to
//! their places. Cannot fail; what looks wrong becomes a fault.
//!
//! A `\` at the end of a physical line joins the next one to it; `!` in column 1
//! makes a comment (6.3 Administration Guide, 13.5.3 and 10.3).

use std::iter::Peekable;
use std::ops::Range;

use super::faults::Faults;

/// A line of the file without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Offset in the file.
    pub(super) at: usize,
    /// From 1.
    pub(super) number: usize,
}

impl Line<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(super) fn is_comment(&self) -> bool {
        self.text.starts_with('!')
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The physical lines of a text.
pub(super) struct Physical<'a> {
    rest: &'a str,
    at: usize,
    number: usize,
}

pub(super) fn physical(text: &str) -> Physical<'_> {
    Physical { rest: text, at: 0, number: 0 }
}

impl<'a> Iterator for Physical<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (text, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        let at = self.at;
        self.at += self.rest.len() - rest.len();
        self.rest = rest;
        self.number += 1;
        Some(Line { text: text.strip_suffix('\r').unwrap_or(text), at, number: self.number })
    }
}

/// A physical line and those that `\` joins to it.
#[derive(Debug)]
pub(super) struct Logical {
    pub(super) text: String,
    /// Offset in the file of the end of the last physical line.
    pub(super) end: usize,
    pieces: Vec<Piece>,
}

/// Where a physical line begins in the logical one, and in the file.
#[derive(Debug)]
struct Piece {
    start: usize,
    at: usize,
    number: usize,
}

impl Logical {
    /// The line that begins with `first`; takes from `more` what is joined to it.
    pub(super) fn read<'a>(first: Line<'a>, more: &mut Peekable<Physical<'a>>, faults: &mut Faults) -> Self {
        let mut logical = Self { text: String::new(), end: 0, pieces: Vec::new() };
        let mut line = first;
        while let Some(piece) = line.text.trim_end().strip_suffix('\\') {
            let backslash = line.at + piece.len();
            if line.span().end > backslash + 1 {
                faults.error(
                    backslash..line.span().end,
                    "blanks after the `\\` at the end of the line",
                    "remove the blanks: `\\` joins lines only as the very last character",
                );
            }
            logical.push(piece, line);
            let Some(next) = more.find(|next| !next.is_comment()) else {
                faults.error(
                    backslash..backslash + 1,
                    "nothing follows the `\\` at the end of the line",
                    "remove the `\\`",
                );
                return logical;
            };
            line = next;
        }
        logical.push(line.text, line);
        logical
    }

    fn push(&mut self, text: &str, line: Line) {
        self.pieces.push(Piece { start: self.text.len(), at: line.at, number: line.number });
        self.text.push_str(text);
        self.end = line.span().end;
    }

    /// The bytes of the file that `range` of the text stands for. What ends with a
    /// physical line ends there, not where the next one begins.
    pub(super) fn span(&self, range: Range<usize>) -> Range<usize> {
        let start = self.place(range.start);
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start);
        start..last.map_or(start, |last| self.place(last) + 1)
    }

    /// The number of the physical line that offset `at` of the text is from.
    pub(super) fn number(&self, at: usize) -> usize {
        self.piece(at).map_or(1, |piece| piece.number)
    }

    fn place(&self, at: usize) -> usize {
        self.piece(at).map_or(0, |piece| at - piece.start + piece.at)
    }

    fn piece(&self, at: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.start <= at);
        self.pieces.get(after.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<Logical>, usize) {
        let mut faults = Faults::new("f", text);
        let mut lines = physical(text).peekable();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            found.push(Logical::read(line, &mut lines, &mut faults));
        }
        (found, faults.into_list().len())
    }

    #[test]
    fn a_backslash_at_the_end_joins_lines_and_places_stay_right() {
        let text = "one\r\nt\\\n!no\nw\\\no\nend";
        let (lines, faults) = all(text);
        let texts: Vec<_> = lines.iter().map(|line| (line.number(0), line.text.as_str())).collect();
        assert_eq!(texts, [(1, "one"), (2, "two"), (6, "end")]);
        let w = text.find('w').unwrap();
        assert_eq!((lines[1].span(1..2), lines[1].span(2..2)), (w..w + 1, w + 3..w + 3));
        assert_eq!((lines[1].span(0..3), lines[1].end), (text.find("t\\").unwrap()..w + 4, w + 4));
        assert_eq!(lines[1].number(2), 5);
        assert_eq!(lines[2].span(0..3), text.len() - 3..text.len());
        assert_eq!(faults, 0);
    }

    #[test]
    fn a_backslash_that_joins_nothing_is_a_fault() {
        for (text, line) in [("a\\", "a"), ("a\\\n!c", "a"), ("a\\ \nb", "ab")] {
            let (lines, faults) = all(text);
            assert_eq!((lines[0].text.as_str(), faults), (line, 1), "{text}");
        }
    }
}
