//! What breaks a rule: where, why, and what to write. Cannot fail.

use std::fmt;

use super::at::Mend;
use super::complaint::{Complaint, Place};
use super::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::text;

/// A broken rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which.
    pub rule: &'static Rule,
    /// Where, what, how bad, and the cure.
    pub diagnostic: Diagnostic,
    /// What to write.
    pub mends: Vec<Mend>,
}

impl Finding {
    /// What `complaint` says breaks `rule`.
    pub(super) fn new(complaint: Complaint<'_>, rule: &'static Rule) -> Self {
        let Complaint { place, message, hint, severity, mends } = complaint;
        let mut diagnostic = match place {
            Place::At(at) => at.complaint(message),
            Place::Known(diagnostic) => *diagnostic,
        };
        let hint = hint.or(diagnostic.hint).unwrap_or_else(|| rule.cure.to_owned());
        // Both may quote names from the files, whoever wrote these.
        diagnostic.message = text::aligned(&diagnostic.message, LONGEST);
        diagnostic.hint = Some(text::aligned(&hint, LONGEST));
        diagnostic.severity = severity.unwrap_or(rule.severity);
        Self { rule, diagnostic, mends }
    }

    /// As a compiler says it: place, line, caret, the reason if `reason` asks for
    /// it, cure, lines to write.
    pub fn shown(&self, reason: Reason) -> impl fmt::Display {
        let Self { rule, diagnostic, mends } = self;
        let mut out = format!(
            "{}: {}[{}]: {}{}",
            diagnostic.place(),
            diagnostic.severity.word(),
            rule.id,
            diagnostic.message,
            diagnostic.excerpt()
        );
        if reason == Reason::Said {
            out += &format!("\nwhy: {} ({})", rule.why, rule.source);
        }
        if let Some(hint) = &diagnostic.hint {
            out += &format!("\nhint: {hint}");
        }
        for mend in mends {
            out += &match mend {
                Mend::Edit(edit) if edit.lines.is_empty() => {
                    format!("\nremove: {}", edit.place())
                }
                Mend::Edit(edit) => format!("\nwrite: {}{}", edit.place(), quoted(&edit.lines)),
                Mend::Write(lines) => format!("\nwrite:{}", quoted(lines)),
            };
        }
        out
    }
}

/// Whether the reason is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Said.
    Said,
    /// Said before.
    Known,
}

/// Longest message, and longest line to write, that is shown whole.
const LONGEST: usize = 1024;

fn quoted(lines: &str) -> String {
    lines.lines().map(|line| format!("\n  + {}", text::aligned(line, LONGEST))).collect()
}
