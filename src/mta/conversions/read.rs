//! Groups lines into entries. Cannot fail; what is wrong becomes a fault.
//!
//! Every line of an entry but the last ends in `;`. A line that does not, or a
//! blank line, ends the entry (6.3 Administration Guide, 13.5.3).

use super::Entry;
use super::clause::clauses;
use super::draft::{Context, Draft};
use crate::diagnostic::{Diagnostic, Severity};
use crate::mta::faults::Faults;
use crate::mta::form;
use crate::mta::lines::{Logical, physical};

/// Longest physical line: by the 6.3 Administration Guide, 13.5.3, and by the
/// 6 2005Q4 Administration Reference.
const SAFE: usize = 252;
const LONGEST: usize = 1024;

/// Entries read so far, and the one being read.
struct Reader<'f> {
    entries: Vec<Entry>,
    draft: Draft,
    context: Context,
    faults: Faults<'f>,
}

/// Reads a whole file.
pub(super) fn read(path: &str, text: &str) -> (Vec<Entry>, Vec<Diagnostic>) {
    let mut reader = Reader {
        entries: Vec::new(),
        draft: Draft::default(),
        context: Context::Apart,
        faults: Faults::new(path, text),
    };
    let mut lines = physical(text).peekable();
    while let Some(line) = lines.next() {
        if line.is_blank() {
            reader.blank();
        } else if !line.is_comment() {
            let logical = Logical::read(line, &mut lines, &mut reader.faults);
            reader.line(&logical);
        }
    }
    reader.finish();
    // Last, so that long lines do not crowd out what is worse.
    check_lengths(text, &mut reader.faults);
    (reader.entries, reader.faults.into_list())
}

impl Reader<'_> {
    fn finish(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        self.entries.extend(draft.finish(&self.context, &mut self.faults));
    }

    fn blank(&mut self) {
        let open = !self.draft.is_empty();
        self.finish();
        if open {
            self.context = Context::BelowBlank;
        } else if matches!(self.context, Context::Below(_)) {
            self.context = Context::Apart;
        }
    }

    fn line(&mut self, logical: &Logical) {
        self.draft.extend(clauses(logical, &mut self.faults), &mut self.faults);
        self.draft.reach(logical.end);
        let end = logical.text.trim_end().len();
        if !logical.text.trim_end().ends_with(';') {
            if !self.draft.is_empty() {
                self.finish();
                self.context = Context::Below(logical.span(end.saturating_sub(1)..end));
            }
        } else if end < logical.text.len() {
            let blanks = logical.span(end..logical.text.len());
            let hint = "remove the blanks: the entry goes on only after a line that ends in `;`";
            self.faults.warning(blanks, "blanks after the `;` at the end of the line", hint);
        }
    }
}

fn check_lengths(text: &str, faults: &mut Faults) {
    let hint = "end the line in `\\` and go on in the next one";
    for line in physical(text) {
        // Comments are dropped whatever their length.
        let length = if line.is_comment() { 0 } else { line.text.chars().count() };
        if length > LONGEST {
            let message = format!("a line of {length} characters; no release reads more than {LONGEST}");
            faults.breaks(form::LINE_LENGTH, Severity::Error, line.span(), message, hint);
        } else if length > SAFE {
            let message = format!("a line of {length} characters; the 6.3 guide allows {SAFE}");
            faults.breaks(form::LINE_LENGTH, Severity::Warning, line.span(), message, hint);
        }
    }
}
