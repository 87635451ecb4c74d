//! Logical lines of a file and, in place, of the files that it includes. Cannot
//! fail; what looks wrong becomes a fault.

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;

use super::faults::Faults;
use super::form;
use super::lines::{Line, Logical, Physical, physical};
use super::source::{DEEPEST, FILES, Include, Inclusion, Sources, Span, Word};
use crate::diagnostic::{Diagnostic, LISTED, Severity};
use crate::text;

/// A logical line that is neither blank nor a comment.
pub(super) struct Statement<'s> {
    pub(super) text: Cow<'s, str>,
    /// A blank line stands between this one and the one above.
    pub(super) below_blank: bool,
    place: Place,
    file: usize,
}

/// Where a statement stands.
enum Place {
    /// In one line, from this offset on; nearly all do.
    Plain(usize),
    /// In several lines.
    Joined(Logical),
}

impl Statement<'_> {
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let range = match &self.place {
            Place::Plain(at) => at + range.start..at + range.end,
            Place::Joined(logical) => logical.span(range),
        };
        Span::new(self.file, range)
    }

    pub(super) fn whole(&self) -> Span {
        self.span(0..self.text.trim_end().len())
    }

    /// The piece `range` of the text; blanks around it are left out.
    pub(super) fn word(&self, range: Range<usize>) -> Word {
        let piece = self.text.get(range.clone()).unwrap_or_default();
        let start = range.start + piece.len() - piece.trim_start().len();
        let text = piece.trim();
        Word { text: text.to_owned(), span: self.span(start..start + text.len()) }
    }

    /// What blanks separate; `"` holds blanks together at the start of a word.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        let mut at = 0;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            at += rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            if rest.is_empty() {
                return words;
            }
            let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let (text, length) = match quoted {
                Some((text, _)) => (text, text.len() + 2),
                None => {
                    let text = rest.split(char::is_whitespace).next().unwrap_or_default();
                    (text, text.len())
                }
            };
            words.push(Word { text: text.to_owned(), span: self.span(at..at + length) });
            at += length;
        }
    }
}

/// The complaints about several files.
pub(super) struct FileFaults<'a>(Vec<Faults<'a>>);

impl<'a> FileFaults<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self(sources.files().iter().map(|file| Faults::new(&file.path, &file.text)).collect())
    }

    /// Those of one file.
    pub(super) fn of(&mut self, file: usize) -> Option<&mut Faults<'a>> {
        self.0.get_mut(file)
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, span, || (message.into(), hint.into()));
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, span, || (message.into(), hint.into()));
    }

    /// Something that breaks a rule of [`form`].
    pub(super) fn breaks(
        &mut self,
        rule: &'static str,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if let Some(faults) = self.of(span.file) {
            faults.breaks(rule, severity, span.range(), message, hint);
        }
    }

    /// A complaint whose words (message, hint) are made only if it is listed.
    pub(super) fn add(&mut self, severity: Severity, span: Span, words: impl FnOnce() -> (String, String)) {
        if let Some(faults) = self.of(span.file) {
            faults.add(severity, span.range(), words);
        }
    }

    /// Those of all files. Each file has its own bound; together they have twice
    /// that.
    pub(super) fn into_list(self, path: &str) -> Vec<Diagnostic> {
        let mut list: Vec<Diagnostic> = self.0.into_iter().flat_map(Faults::into_list).collect();
        let rest = list.split_off(list.len().min(2 * LISTED));
        if let Some(worst) = rest.iter().map(|fault| fault.severity).max() {
            let message = format!("{} more faults here and in included files are not listed", rest.len());
            let mut last = Diagnostic::whole(path, message).hint("mend the first ones");
            last.severity = worst;
            list.push(last);
        }
        list
    }
}

/// All statements of the first file, each include replaced by what it names.
pub(super) fn statements<'s>(sources: &'s Sources, faults: &mut FileFaults) -> Vec<Statement<'s>> {
    let mut walk = Walk { sources, faults, statements: Vec::new(), below_blank: false };
    walk.file(0);
    walk.statements
}

struct Walk<'s, 'f, 'a> {
    sources: &'s Sources,
    faults: &'f mut FileFaults<'a>,
    statements: Vec<Statement<'s>>,
    below_blank: bool,
}

impl<'s> Walk<'s, '_, '_> {
    fn file(&mut self, file: usize) {
        let sources = self.sources;
        let mut includes = sources.includes_of(file).peekable();
        let Some(source) = sources.files().get(file) else { return };
        let mut lines = physical(&source.text).peekable();
        while let Some(line) = lines.next() {
            let here = line.at..=line.span().end;
            if let Some(include) = includes.next_if(|include| here.contains(&include.span.start)) {
                self.include(include);
            } else if line.is_blank() {
                self.below_blank = true;
            } else if !line.is_comment() {
                self.statement(file, line, &mut lines);
            }
        }
    }

    fn statement(&mut self, file: usize, line: Line<'s>, lines: &mut Peekable<Physical<'s>>) {
        let Some(faults) = self.faults.of(file) else { return };
        let below_blank = std::mem::take(&mut self.below_blank);
        let (text, place) = if line.text.trim_end().ends_with('\\') {
            let mut logical = Logical::read(line, lines, faults);
            (Cow::Owned(std::mem::take(&mut logical.text)), Place::Joined(logical))
        } else {
            (Cow::Borrowed(line.text), Place::Plain(line.at))
        };
        self.statements.push(Statement { text, below_blank, place, file });
    }

    fn include(&mut self, include: &Include) {
        if let Some(file) = included(include, self.faults) {
            self.file(file);
        }
    }
}

/// The file that an include of the MTA stands for, if it was read; else a fault says
/// why.
pub(super) fn included(include: &Include, faults: &mut FileFaults) -> Option<usize> {
    let Include { path, span, .. } = include;
    if !path.is_empty() && !include.is_absolute() {
        let shown = text::printable_str(path, text::SHOWN);
        let hint = "write the full path: the server's programs run in other directories";
        let message = format!("`{shown}` is not a full path");
        faults.breaks(form::INCLUDE, Severity::Warning, *span, message, hint);
    }
    file_of(include).unwrap_or_else(|(message, hint)| {
        faults.breaks(form::INCLUDE, Severity::Error, *span, message, hint);
        None
    })
}

/// The file that an include stands for, if files are read at all; else message and
/// hint.
pub(super) fn file_of(include: &Include) -> Result<Option<usize>, (String, &'static str)> {
    let shown = text::printable_str(&include.path, text::SHOWN);
    Err(match include.outcome {
        Inclusion::Read(file) => return Ok(Some(file)),
        Inclusion::Unasked => return Ok(None),
        Inclusion::Unreadable => {
            (format!("cannot read `{shown}`"), "give the full path of a file that everybody may read")
        }
        Inclusion::Nameless => ("no file is named".to_owned(), "give the file's full path"),
        Inclusion::TooDeep => {
            (format!("files include files more than {DEEPEST} deep"), "put all into fewer files")
        }
        Inclusion::TooMany => {
            (format!("more than {FILES} files are included"), "does a file include itself?")
        }
    })
}
