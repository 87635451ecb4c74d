//! Rules about the files that an entry gives to convscan and takes from it. Cannot
//! fail.

use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::entry::Ours;
use crate::mta::conversions::{Flag, MessageHeader};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "override-option-file",
        severity: Severity::Error,
        what: "an entry runs convscan without `override-option-file=1`",
        why: "the channel does not read OUTPUT_OPTIONS, so convscan cannot defer, hold or delete: what it cannot \
              scan may be delivered",
        source: "PMDF 6.8 System Manager's Guide, 22.1.4; 6.3 Administration Guide, 13.5.4",
        cure: "add `override-option-file=1`",
        check: Check::Setup(override_option),
    },
    Rule {
        id: "override-header-file",
        severity: Severity::Warning,
        what: "an entry runs convscan without `override-header-file=1`",
        why: "the notice that stands in for a virus keeps its name and type: programs open it as what it was",
        source: "6.3 Administration Guide, 13.5.3.2",
        cure: "add `override-header-file=1`",
        check: Check::Setup(override_header),
    },
    Rule {
        id: "message-header-file",
        severity: Severity::Warning,
        what: "an entry runs convscan without `message-header-file=2`",
        why: "log line and notice lack sender, recipient, subject and message id, or have those of a message inside",
        source: "6.3 Administration Guide, 13.5.3.2",
        cure: "write `message-header-file=2`: the header of the whole message",
        check: Check::Setup(message_header),
    },
    Rule {
        id: "original-header-file",
        severity: Severity::Warning,
        what: "an entry runs convscan without `original-header-file=1`",
        why: "convscan does not see the header of the part: a name that no symbol holds is unknown to its rules, and \
              a header that can be read in two ways is not noticed",
        source: "6.3 Administration Guide, 13.5.3.2",
        cure: "add `original-header-file=1`",
        check: Check::Setup(original_header),
    },
];

fn override_option(setup: &Setup) -> Vec<Complaint<'_>> {
    without(setup, (Flag::OverrideOption, "override-option-file", "1"), |ours| {
        ours.entry.passing.override_option
    })
}

fn override_header(setup: &Setup) -> Vec<Complaint<'_>> {
    without(setup, (Flag::OverrideHeader, "override-header-file", "1"), |ours| {
        ours.entry.passing.override_header
    })
}

fn message_header(setup: &Setup) -> Vec<Complaint<'_>> {
    let has = |ours: &Ours<'_>| ours.entry.passing.message_header == MessageHeader::Outermost;
    without(setup, (Flag::MessageHeader, "message-header-file", "2"), has)
}

fn original_header(setup: &Setup) -> Vec<Complaint<'_>> {
    without(setup, (Flag::OriginalHeader, "original-header-file", "1"), |ours| {
        ours.entry.passing.original_header
    })
}

/// Our entries without a clause, which is put in.
fn without<'s>(
    setup: &'s Setup,
    (flag, name, value): (Flag, &str, &str),
    has: impl Fn(&Ours<'s>) -> bool,
) -> Vec<Complaint<'s>> {
    let lacking = setup.our_entries().into_iter().filter(|ours| !has(ours));
    lacking
        .map(|ours| {
            let complaint = match ours.entry.passing.clause(flag) {
                Some(said) => Complaint::at(ours.value_at(said), format!("`{name}` is not {value}")),
                None => {
                    Complaint::at(ours.at(ours.call.program.span.clone()), format!("no `{name}={value}`"))
                }
            };
            complaint.mend(ours.flag(flag, name, value))
        })
        .collect()
}
