//! The files that a reading was made from, what they include, and places in them.
//! Cannot fail: an include that is not read says why.

mod load;

use std::ops::Range;

pub(super) use self::load::{Syntax, load};
use crate::diagnostic::Diagnostic;

/// Largest file that is read: the largest of real sites have a few megabytes, and a
/// file of short lines takes many times its size in memory.
pub(crate) const LARGEST: usize = 8 << 20;

/// How deep files may include files (6.3 Administration Reference, "Including
/// Other Files in the Configuration File").
pub const DEEPEST: usize = 3;

/// How many files are read in all: a file that includes itself many times would
/// otherwise be read that many times to the power of three.
pub const FILES: usize = 64;

/// Bytes of one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index in [`Sources::files`].
    pub file: usize,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    pub(super) fn new(file: usize, range: Range<usize>) -> Self {
        Self { file, start: range.start, end: range.end }
    }

    /// The offsets alone.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// From here to the end of `last`, if that is in the same file.
    #[must_use]
    pub fn through(self, last: Self) -> Self {
        if last.file == self.file { Self { end: last.end.max(self.end), ..self } } else { self }
    }
}

/// A piece of a file: what is meant, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Without the quotes around it, and without a `\` that joins two lines.
    pub text: String,
    /// With the quotes.
    pub span: Span,
}

impl Word {
    /// Whether the text is `other`, whatever the case.
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }

    /// The text as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.text.parse().ok()
    }
}

/// One of the files that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// As it was named.
    pub path: String,
    /// All of it.
    pub text: String,
    /// 0 for the first file, 1 for what it includes.
    pub depth: usize,
    includes: Vec<usize>,
}

/// A line that asks for another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The file as it is named, without quotes.
    pub path: String,
    /// Where the name stands.
    pub span: Span,
    /// Depth of the file that would be read, from 1.
    pub depth: usize,
    /// What became of it.
    pub outcome: Inclusion,
}

/// What became of an include.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// Read as this one of [`Sources::files`].
    Read(usize),
    /// Nobody offered to read it.
    Unasked,
    /// It could not be read.
    Unreadable,
    /// No name is given.
    Nameless,
    /// Deeper than [`DEEPEST`].
    TooDeep,
    /// More than [`FILES`].
    TooMany,
}

impl Include {
    /// Whether the name is a full path, or one that begins with a name from the
    /// tailor file, such as `IMTA_TABLE:`.
    pub fn is_absolute(&self) -> bool {
        let named =
            |(table, rest): (&str, &str)| !table.is_empty() && !table.contains('/') && !rest.is_empty();
        self.path.starts_with(['/', '\\']) || self.path.split_once(':').is_some_and(named)
    }
}

/// All files that were read, the first one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<Source>,
    includes: Vec<Include>,
}

impl Sources {
    /// The files; the first is the one that was given.
    pub fn files(&self) -> &[Source] {
        &self.files
    }

    /// Every line that asks for another file, read or not.
    pub fn includes(&self) -> &[Include] {
        &self.includes
    }

    #[cfg(any(test, feature = "testing"))]
    /// The bytes of `span`; empty if it is none of this reading.
    pub fn text(&self, span: Span) -> &str {
        self.files.get(span.file).and_then(|file| file.text.get(span.range())).unwrap_or_default()
    }

    /// The file that `span` is in, as it was named.
    pub fn path(&self, span: Span) -> &str {
        self.files.get(span.file).map_or("", |file| &file.path)
    }

    #[cfg(any(test, feature = "testing"))]
    /// The line that `span` begins in, from 1; walks over the text.
    pub fn line(&self, span: Span) -> usize {
        let text = self.files.get(span.file).map_or("", |file| &file.text);
        1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
    }

    /// A complaint about `span`.
    pub fn complaint(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let text = self.files.get(span.file).map_or("", |file| &file.text);
        Diagnostic::at(self.path(span), text, span.range(), message)
    }

    pub(super) fn includes_of(&self, file: usize) -> impl Iterator<Item = &Include> {
        let indices = self.files.get(file).map_or(&[][..], |file| &file.includes);
        indices.iter().filter_map(|index| self.includes.get(*index))
    }
}

/// What reads the included files: the text, or `None` where there is none.
pub type Lookup<'l> = &'l mut dyn FnMut(&Include) -> Option<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_tailor_file_makes_a_path_absolute() {
        for (path, absolute) in [
            ("/a", true),
            ("IMTA_TABLE:x", true),
            ("C:\\x", true),
            ("x", false),
            ("./a:b", false),
            (":x", false),
        ] {
            let outcome = Inclusion::Unasked;
            let include = Include { path: path.into(), span: Span::default(), depth: 1, outcome };
            assert_eq!(include.is_absolute(), absolute, "{path}");
        }
    }
}
