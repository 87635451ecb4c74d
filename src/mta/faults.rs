//! The complaints about one text file while it is read. Cannot fail.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, LISTED, Severity};

/// Complaints in the order in which they are found.
pub(super) struct Faults<'a> {
    path: &'a str,
    text: &'a str,
    list: Vec<(usize, Diagnostic)>,
    unlisted: usize,
    worst_unlisted: Severity,
}

impl<'a> Faults<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, list: Vec::new(), unlisted: 0, worst_unlisted: Severity::Warning }
    }

    /// Something that does not do what it says.
    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, span, || (message.into(), hint.into()));
    }

    /// Something that breaks a rule of [`super::form`].
    pub(super) fn breaks(
        &mut self,
        rule: &'static str,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Some(rule), severity, span, || (message.into(), hint.into()));
    }

    /// Something that is odd, ignored, or works on some servers only.
    pub(super) fn warning(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Warning, span, || (message.into(), hint.into()));
    }

    /// A complaint whose words (message, hint) are made only if it is listed.
    pub(super) fn add(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        words: impl FnOnce() -> (String, String),
    ) {
        self.push(None, severity, span, words);
    }

    fn push(
        &mut self,
        rule: Option<&'static str>,
        severity: Severity,
        span: Range<usize>,
        words: impl FnOnce() -> (String, String),
    ) {
        if self.list.len() == LISTED {
            self.unlisted += 1;
            self.worst_unlisted = self.worst_unlisted.max(severity);
            return;
        }
        let (message, hint) = words();
        let at = span.start;
        let mut fault = Diagnostic::at(self.path, self.text, span, message).hint(hint);
        (fault.severity, fault.rule) = (severity, rule);
        self.list.push((at, fault));
    }

    /// All of them in the order of the text, and a last one that counts what is
    /// not listed.
    pub(super) fn into_list(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|(at, _)| *at);
        let mut list: Vec<Diagnostic> = self.list.into_iter().map(|(_, fault)| fault).collect();
        if self.unlisted > 0 {
            let mut rest = Diagnostic::unlisted(self.path, self.unlisted);
            rest.severity = self.worst_unlisted;
            list.push(rest);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_counted_with_its_severity() {
        let text = "x\n".repeat(300);
        let mut faults = Faults::new("f", &text);
        for i in (0..150).rev() {
            faults.warning(i * 2..i * 2 + 1, "odd", "mend");
        }
        faults.error(0..1, "wrong", "mend");
        let list = faults.into_list();
        assert_eq!(list.len(), LISTED + 1);
        assert!(list[..LISTED].is_sorted_by_key(|fault| fault.line));
        assert_eq!(list[LISTED].message, "51 more faults are not listed");
        assert_eq!(list[LISTED].severity, Severity::Error);
    }
}
