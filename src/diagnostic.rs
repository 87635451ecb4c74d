//! One complaint about a text file: place, line, caret, hint. Cannot fail.

use std::fmt;

use crate::text;

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works today, or on some servers, or is ignored.
    Warning,
    /// It does not do what it says.
    #[default]
    Error,
}

/// How many complaints about one file are listed. Who has more has the wrong
/// file; and each costs a walk over the text to count its lines.
pub const LISTED: usize = 100;

/// A complaint about one place of a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the user named it.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// An error, unless said otherwise.
    pub severity: Severity,
    source: String,
    width: usize,
}

impl Diagnostic {
    /// A complaint about the bytes `span` of `text`.
    pub fn at(path: &str, text: &str, span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let (before, rest) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let head = before.get(line_start..).unwrap_or_default();
        let tail = rest.lines().next().unwrap_or_default();
        let covered = text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: head.chars().count() + 1,
            message: message.into(),
            hint: None,
            severity: Severity::Error,
            // No more than is shown: a file may be one line of a megabyte.
            source: head.chars().chain(tail.chars()).take(CONTEXT).collect(),
            width: covered.chars().count().max(1),
        }
    }

    /// A complaint about a file as a whole.
    pub fn whole(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: None,
            severity: Severity::Error,
            source: String::new(),
            width: 0,
        }
    }

    /// The last complaint of a list that stops at [`LISTED`].
    pub fn unlisted(path: &str, count: usize) -> Self {
        Self::whole(path, format!("{count} more faults are not listed"))
            .hint("mend the first ones, or see whether this is the right file")
    }

    /// The same complaint with its cure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same complaint, only a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The complaint in one line, for a log.
    pub fn one_line(&self) -> String {
        let hint = self.hint.as_deref().map_or(String::new(), |hint| format!(" (hint: {hint})"));
        format!("{}{}{hint}", Place(self), self.message)
    }
}

/// `path:line:col: `, or `path: ` for a complaint about the whole file; then
/// `warning: `, if it is one.
struct Place<'a>(&'a Diagnostic);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { path, line, column, severity, .. } = self.0;
        if *line == 0 {
            write!(f, "{path}: ")?
        } else {
            write!(f, "{path}:{line}:{column}: ")?
        }
        match severity {
            Severity::Warning => write!(f, "warning: "),
            Severity::Error => Ok(()),
        }
    }
}

/// Longest stretch of a source line that is shown before and after the fault.
const CONTEXT: usize = 100;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Place(self), self.message)?;
        if self.line > 0 && self.column <= CONTEXT {
            let shown: String = self.source.chars().map(plain).collect();
            let caret = "^".repeat(self.width.min(CONTEXT));
            write!(f, "\n  | {shown}\n  | {:indent$}{caret}", "", indent = self.column - 1)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// One character of a source line, kept one column wide so the caret fits.
fn plain(c: char) -> char {
    if c == '\t' { ' ' } else { text::printable_str(c.encode_utf8(&mut [0; 4]), 1).pop().unwrap_or(' ') }
}

/// The largest character boundary of `text` that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// The candidate nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= word.chars().count().max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let change = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = change.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_line_caret_and_hint_are_shown() {
        let text = "[log]\nfiel = 1\n";
        let diagnostic =
            Diagnostic::at("c.toml", text, 6..10, "unknown key `fiel`").hint("did you mean `file`?");
        assert_eq!(
            diagnostic.to_string(),
            "c.toml:2:1: unknown key `fiel`\n  | fiel = 1\n  | ^^^^\nhint: did you mean `file`?"
        );
        assert_eq!(diagnostic.one_line(), "c.toml:2:1: unknown key `fiel` (hint: did you mean `file`?)");
    }

    #[test]
    fn a_warning_says_so() {
        let diagnostic = Diagnostic::at("c", "a b\n", 2..3, "odd").warning();
        assert_eq!(diagnostic.to_string(), "c:1:3: warning: odd\n  | a b\n  |   ^");
        assert!(Severity::Warning < Severity::Error);
    }

    #[test]
    fn a_place_outside_the_text_is_harmless() {
        let diagnostic = Diagnostic::at("c", "\u{e9}", 1..99, "x");
        assert_eq!((diagnostic.line, diagnostic.column), (1, 1));
    }

    #[test]
    fn the_nearest_word_must_be_near() {
        assert_eq!(nearest("adress", ["address", "name"]), Some("address"));
        assert_eq!(nearest("xyzzy", ["address", "name"]), None);
    }
}
