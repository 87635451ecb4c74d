//! One complaint about a text file: place, line, caret, hint. Cannot fail.

use std::fmt;

use crate::text;

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is wrong; it may be worth knowing.
    Note,
    /// It works today, or on some servers, or is ignored.
    Warning,
    /// It does not do what it says.
    #[default]
    Error,
}

impl Severity {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
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
    /// The rule that it breaks, where that has a name of its own.
    pub rule: Option<&'static str>,
    source: String,
    indent: usize,
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
        let column = head.chars().count();
        let cut = if column > CONTEXT - BEFORE { column - BEFORE } else { 0 };
        let window = head.chars().chain(tail.chars()).skip(cut).take(CONTEXT);
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            message: message.into(),
            hint: None,
            severity: Severity::Error,
            rule: None,
            // No more than is shown: a file may be one line of a megabyte.
            source: if cut > 0 { CUT.chars().chain(window).collect() } else { window.collect() },
            indent: if cut > 0 { CUT.len() + BEFORE } else { column },
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
            rule: None,
            source: String::new(),
            indent: 0,
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

    #[cfg(any(test, feature = "testing"))]
    /// The same complaint, only a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// `path:line:col`, or `path` for a complaint about the whole file.
    pub fn place(&self) -> String {
        let Self { path, line, column, .. } = self;
        // Files may include others by any name.
        let path = text::aligned(path, usize::MAX);
        if *line == 0 { path } else { format!("{path}:{line}:{column}") }
    }

    /// The line and the caret, each with a line break before it; empty for a
    /// complaint about the whole file.
    pub fn excerpt(&self) -> String {
        if self.line == 0 || self.width == 0 {
            return String::new();
        }
        let shown = text::aligned(&self.source, usize::MAX);
        let caret = "^".repeat(self.width.min(CONTEXT));
        format!("\n  | {shown}\n  | {:indent$}{caret}", "", indent = self.indent)
    }

    /// Leaves out the line of the file if it speaks of `word`.
    pub fn hide(&mut self, word: &str) {
        if self.source.to_ascii_lowercase().contains(word) {
            self.source.clear();
            self.width = 0;
        }
    }

    /// The complaint in one line, for a log.
    pub fn one_line(&self) -> String {
        let hint = self.hint.as_deref().map_or(String::new(), |hint| format!(" (hint: {hint})"));
        format!("{}{hint}", self.headline())
    }

    /// Place and message; what is no error says so.
    fn headline(&self) -> String {
        let severity = match self.severity {
            Severity::Note | Severity::Warning => format!("{}: ", self.severity.word()),
            Severity::Error => String::new(),
        };
        format!("{}: {severity}{}", self.place(), self.message)
    }
}

/// Longest stretch of a source line that is shown.
const CONTEXT: usize = 100;

/// How much of it stands before the fault, if the line is longer.
const BEFORE: usize = 40;

/// What stands for the beginning of such a line.
const CUT: &str = "...";

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.headline(), self.excerpt())?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The largest character boundary of `text` that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// The candidate nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let farthest = length.max(3) / 3;
    candidates
        .into_iter()
        // One that is longer or shorter by more is farther away, and costs no look.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= farthest)
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= farthest)
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
    fn of_a_long_line_what_is_around_the_fault_is_shown() {
        let text = format!("{}fault {}", "a ".repeat(60), "z".repeat(200));
        let shown = Diagnostic::at("c", &text, 120..125, "x").to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "c:1:121: x");
        let at = lines[2].find('^').unwrap();
        assert!(lines[1].starts_with("  | ...") && lines[1].find("fault") == Some(at), "{shown}");
        assert!(lines[2].ends_with(" ^^^^^"), "{shown}");
        assert!(lines[1].len() < 120, "{shown}");
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
