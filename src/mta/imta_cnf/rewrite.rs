//! Reads one rewrite rule. Cannot fail; what is wrong becomes a fault.

use super::RewriteRule;
use crate::mta::statement::{FileFaults, Statement};

/// In which part of the file a rewrite rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    First,
    BelowBlank,
}

pub(super) fn rule(statement: &Statement, placement: Placement, faults: &mut FileFaults) -> RewriteRule {
    let mut words = statement.words().into_iter();
    let pattern = words.next().unwrap_or_default();
    let template = words.next().unwrap_or_default();
    if template.text.is_empty() {
        let hint = "write pattern and template; if this is a channel, put a blank line above the first one";
        faults.error(statement.whole(), "a rewrite rule without a template", hint);
    } else if placement == Placement::First && !is_rule(statement) {
        let hint = "a template has `$U` or `@`; if this is a channel, put a blank line above the first one";
        faults.warning(statement.whole(), "this does not look like a rewrite rule", hint);
    }
    if let Some(word) = words.find(|word| word.text.starts_with('!')) {
        let hint = "a comment has its `!` in column 1 of a line of its own";
        faults.warning(word.span, "a `!` inside a line", hint);
    }
    RewriteRule { pattern, template, lost: placement == Placement::BelowBlank }
}

/// Whether the second word is a template, and not a keyword.
pub(super) fn is_rule(statement: &Statement) -> bool {
    let second = statement.text.split_whitespace().nth(1).unwrap_or_default();
    second.contains(['$', '@', '%']) && !second.starts_with('"')
}
