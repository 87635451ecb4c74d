//! A place in a text that was read, and what could be written there. Cannot fail.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::mta::source::{Sources, Span};
use crate::text;

/// Bytes of one of the files that were read.
#[derive(Clone, Copy, Debug)]
pub struct At<'s> {
    /// The file as it was named.
    pub path: &'s str,
    text: &'s str,
    start: usize,
    end: usize,
}

/// A change of one file: the bytes of `range` become `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file as it was named.
    pub path: String,
    /// What is replaced; empty where something is put in.
    pub range: Range<usize>,
    /// What comes in its place.
    pub text: String,
    /// First line of what is replaced, from 1; until [`Edit::count`], how many lines
    /// below the one in which `range` begins.
    pub line: usize,
    /// The lines as they are to be, without the last line end.
    pub lines: String,
}

impl Edit {
    /// `path:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", text::aligned(&self.path, usize::MAX), self.line)
    }

    /// Counts the line, in the text of its file. That is a walk over the text, so it is
    /// done for what is shown, and not for each place that a rule looks at.
    pub(super) fn count(&mut self, text: &str) {
        self.line += number(text, self.range.start);
    }
}

/// How to mend something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// By changing a file that was read.
    Edit(Edit),
    /// By writing this, which a command or a file that was not read takes.
    Write(String),
}

impl<'s> At<'s> {
    /// The bytes `range` of `text`, cut to what there is of it.
    pub fn new(path: &'s str, text: &'s str, range: Range<usize>) -> Self {
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
        let start = boundary(range.start).unwrap_or(0);
        Self { path, text, start, end: boundary(range.end).unwrap_or(0).max(start) }
    }

    /// A place in the files of a reading.
    pub fn of(sources: &'s Sources, span: Span) -> Self {
        let file = sources.files().get(span.file);
        Self::new(file.map_or("", |file| &file.path), file.map_or("", |file| &file.text), span.range())
    }

    /// How far from the beginning of its file it is.
    pub fn offset(&self) -> usize {
        self.start
    }

    /// What stands there.
    pub fn text(&self) -> &'s str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The last place of `word` in it; all of it, if there is none.
    #[must_use]
    pub fn part(&self, word: &str) -> Self {
        match self.text().rfind(word).filter(|_| !word.is_empty()) {
            Some(at) => Self { start: self.start + at, end: self.start + at + word.len(), ..*self },
            None => *self,
        }
    }

    /// The line in which it begins, from 1.
    pub fn line(&self) -> usize {
        number(self.text, self.start)
    }

    /// A complaint about it.
    pub fn complaint(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.path, self.text, self.start..self.end, message)
    }

    /// `text` in place of it.
    pub fn replace(&self, text: &str) -> Edit {
        self.edit(self.start..self.end, text.to_owned())
    }

    /// `text` directly behind it.
    pub fn append(&self, text: &str) -> Edit {
        self.edit(self.end..self.end, text.to_owned())
    }

    /// `lines` above the line in which it begins.
    pub fn above(&self, lines: &str) -> Edit {
        let at = self.line_start();
        self.inserted(at, format!("{lines}\n"), lines)
    }

    /// `lines` below the line in which it ends.
    pub fn below(&self, lines: &str) -> Edit {
        let at = self.line_end();
        let missing = if self.ends_open(at) { "\n" } else { "" };
        self.inserted(at, format!("{missing}{lines}\n"), lines)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Without the lines in which it stands.
    pub fn without_lines(&self) -> Edit {
        self.edit(self.line_start()..self.line_end(), String::new())
    }

    fn line_start(&self) -> usize {
        let before = self.text.get(..self.start).unwrap_or_default();
        before.rfind('\n').map_or(0, |i| i + 1)
    }

    /// Behind the line end of the last line.
    fn line_end(&self) -> usize {
        let rest = self.text.get(self.end..).unwrap_or_default();
        let inside = self.end > self.start && self.text().ends_with('\n');
        if inside { self.end } else { rest.find('\n').map_or(self.text.len(), |i| self.end + i + 1) }
    }

    /// Whether the text before `at` lacks its last line end.
    fn ends_open(&self, at: usize) -> bool {
        self.text.get(..at).is_some_and(|before| !before.is_empty() && !before.ends_with('\n'))
    }

    fn inserted(&self, at: usize, text: String, lines: &str) -> Edit {
        let line = usize::from(self.ends_open(at));
        Edit { path: self.path.to_owned(), range: at..at, text, line, lines: lines.to_owned() }
    }

    fn edit(&self, range: Range<usize>, text: String) -> Edit {
        let before = self.text.get(..range.start).unwrap_or_default();
        let after = self.text.get(range.end..).unwrap_or_default();
        let head = before.rfind('\n').map_or(before, |i| before.get(i + 1..).unwrap_or_default());
        let tail =
            if text.is_empty() && head.is_empty() { "" } else { after.lines().next().unwrap_or_default() };
        let lines = format!("{head}{text}{tail}");
        Edit { path: self.path.to_owned(), line: 0, range, text, lines }
    }
}

/// The number of the line of `text` that `at` is in.
fn number(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, edit: &Edit) -> String {
        let mut text = text.to_owned();
        text.replace_range(edit.range.clone(), &edit.text);
        text
    }

    #[test]
    fn edits_do_what_they_show() {
        let text = "a b c\nd e\nf";
        let at = |range| At::new("x", text, range);
        let table: [(Edit, &str, usize, &str); 7] = [
            (at(2..3).replace("B"), "a B c\nd e\nf", 1, "a B c"),
            (at(2..3).append(" z"), "a b z c\nd e\nf", 1, "a b z c"),
            (at(6..7).above("n"), "a b c\nn\nd e\nf", 2, "n"),
            (at(6..7).below("n\nm"), "a b c\nd e\nn\nm\nf", 3, "n\nm"),
            (at(10..11).below("n"), "a b c\nd e\nf\nn\n", 4, "n"),
            (at(6..9).without_lines(), "a b c\nf", 2, ""),
            (at(8..99).replace("x"), "a b c\nd x", 2, "d x"),
        ];
        for (mut edit, expected, line, lines) in table {
            edit.count(text);
            assert_eq!(applied(text, &edit), expected, "{edit:?}");
            assert_eq!((edit.line, edit.lines.as_str()), (line, lines), "{edit:?}");
        }
        assert_eq!(applied("", &At::new("x", "", 0..0).below("n")), "n\n");
    }
}
