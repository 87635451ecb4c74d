//! Rules about the entries of the CONVERSIONS table, each by itself and in their
//! order. Cannot fail.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{LISTED, Severity, nearest};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Outcome;
use crate::mta::mappings::reach::{self, Cause, Harm};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "not-in-use",
        severity: Severity::Note,
        what: "a file that the server does not read, since it has a config.xml",
        why: "with Unified Configuration what the old files say does not count, however right it is",
        source: "Unified Configuration, \"Overview\"",
        cure: "change the configuration by `msconfig`, and move the old file away",
        check: Check::Setup(not_in_use),
    },
    Rule {
        id: "channel-undefined",
        severity: Severity::Error,
        what: "the CONVERSIONS table sends mail through a channel that is not defined",
        why: "mail for it cannot be queued; without a channel called `conversion` there is no conversion at all",
        source: "PMDF 6.8 System Manager's Guide, 22.1.2; MS Technical Reference, \"CONVERSIONS mapping table\"",
        cure: "add its block to imta.cnf: `convscan snippets imta.cnf` writes it",
        check: Check::Setup(channel_undefined),
    },
    Rule {
        id: "channel-misspelt",
        severity: Severity::Warning,
        what: "an entry of the CONVERSIONS table names a channel that is not defined, and one with nearly that name is",
        why: "the entry fits no mail, and what it was meant for falls to another entry",
        source: "6.3 Administration Guide, 13.5.2",
        cure: "write the name as imta.cnf has it; if that channel is gone, remove the entry",
        check: Check::Setup(channel_misspelt),
    },
    Rule {
        id: "yes-too-early",
        severity: Severity::Warning,
        what: "an exception stands below an entry that says Yes to all of it",
        why: "the first entry that fits decides, so the exception never counts",
        source: "6.3 Administration Guide, 10.3.2; SIMS 4.0 Reference, the CONVERSIONS table",
        cure: "put the exception above",
        check: Check::Setup(yes_too_early),
    },
    Rule {
        id: "never-reached",
        severity: Severity::Warning,
        what: "an entry of the CONVERSIONS table that no mail reaches",
        why: "the first entry that fits decides, and one above fits all that this one does",
        source: "6.3 Administration Guide, 10.3.2",
        cure: "put it above that one, or remove it",
        check: Check::Setup(never_reached),
    },
    Rule {
        id: "fits-nothing",
        severity: Severity::Error,
        what: "a pattern of the CONVERSIONS table fits nothing that the table is asked",
        why: "the MTA asks `IN-CHAN=source;OUT-CHAN=destination;CONVERT`, and nothing else",
        source: "6.3 Administration Guide, 13.5.2",
        cure: "write the pattern in this form",
        check: Check::Setup(fits_nothing),
    },
    Rule {
        id: "conversion-tag",
        severity: Severity::Warning,
        what: "an entry does not fit tagged mail, and the server puts tags into the question",
        why: "with bit 1 of INCLUDE_CONVERSIONTAG `;TAG=...` stands before `;CONVERT`, so tagged mail goes past the entry",
        source: "MS Technical Reference, \"CONVERSIONS mapping table\"",
        cure: "let the pattern end in `;*CONVERT`",
        check: Check::Setup(conversion_tag),
    },
];

fn not_in_use(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(unified) = &setup.unified else { return Vec::new() };
    let unused = setup.files.iter().filter(|seen| seen.role.is_replaced() && seen.outcome == Outcome::Read);
    unused
        .map(|seen| {
            let message = format!("not in use, since there is `{}`", unified.path);
            Complaint::whole(seen.path.display().to_string(), message)
        })
        .collect()
}

fn channel_undefined(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(mappings), true, Some(table)) = (&setup.mappings, setup.knows_channels(), setup.table()) else {
        return Vec::new();
    };
    let channels: HashSet<String> =
        setup.channels().iter().map(|channel| channel.name.to_ascii_lowercase()).collect();
    let mut missing = HashSet::new();
    let mut complaints = Vec::new();
    for answer in mappings.constant_answers().filter(|answer| answer.convert) {
        let name = answer.channel.to_ascii_lowercase();
        if channels.contains(&name) || !missing.insert(name) {
            continue;
        }
        if complaints.len() >= LISTED {
            // Nobody sees its words; to look at the whole table for each takes long.
            complaints.push(Complaint::whole("", ""));
            continue;
        }
        let index = table.index_of(answer.entry);
        let message = format!("mail is sent through channel `{}`, which is not defined", answer.channel);
        let Some(at) = index.and_then(|index| table.at(index)) else { continue };
        let complaint = Complaint::at(at.part(&answer.channel), message);
        let lower = answer.channel.to_ascii_lowercase();
        complaints.push(match nearest(&lower, channels.iter().map(String::as_str)) {
            Some(near) => complaint.hint(format!("did you mean `{near}`?")),
            None => complaint,
        });
    }
    complaints
}

/// Unknown names that are compared with all channels: slips are few.
const COMPARED: usize = 100;

pub(super) fn channel_misspelt(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(table), true) = (setup.table(), setup.knows_channels()) else { return Vec::new() };
    let names: Vec<String> =
        setup.channels().iter().map(|channel| channel.name.to_ascii_lowercase()).collect();
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut seen = HashSet::new();
    let mut complaints = Vec::new();
    for index in 0..table.table.entries.len() {
        let literal = |glob: &&str| !glob.is_empty() && !glob.contains(['*', '%', '$']);
        for name in table.globs(index).into_iter().flat_map(<[&str; 2]>::from).filter(literal) {
            let lower = name.to_ascii_lowercase();
            if known.contains(lower.as_str()) || seen.len() == COMPARED || !seen.insert(lower.clone()) {
                continue;
            }
            let near = nearest(&lower, names.iter().map(String::as_str));
            if let (Some(near), Some(at)) = (near, table.at(index)) {
                let message = format!("channel `{name}` is not defined; did you mean `{near}`?");
                // Only the administrator knows whether it is a slip or a channel of old.
                complaints.push(Complaint::at(at, message));
            }
        }
    }
    complaints
}

fn yes_too_early(setup: &Setup) -> Vec<Complaint<'_>> {
    unreached(setup, |cause| match cause {
        Cause::Hidden { by, harm: Harm::LateNo } => Some((by, "says Yes to all of it")),
        Cause::Hidden { harm: Harm::LateYes | Harm::Nothing | Harm::Other, .. } | Cause::FitsNothing => None,
    })
}

fn never_reached(setup: &Setup) -> Vec<Complaint<'_>> {
    unreached(setup, |cause| match cause {
        Cause::Hidden { by, harm: Harm::LateYes } => Some((by, "says No to all of it")),
        Cause::Hidden { by, harm: Harm::Nothing | Harm::Other } => {
            Some((by, "decides about all that it fits"))
        }
        Cause::Hidden { harm: Harm::LateNo, .. } | Cause::FitsNothing => None,
    })
}

/// Entries behind one that are told one by one.
const MANY: usize = 2;

/// The entries that never count, for a reason that `words` has words for. Nothing
/// is mended by machine here: an exception that counts again is a hole.
fn unreached(setup: &Setup, words: fn(Cause) -> Option<(usize, &'static str)>) -> Vec<Complaint<'_>> {
    let Some(table) = setup.table() else { return Vec::new() };
    let unreached = reach::unreached(table.table, table.tags());
    let mut hidden: HashMap<usize, usize> = HashMap::new();
    for found in &unreached {
        if let Cause::Hidden { by, .. } = found.cause {
            *hidden.entry(by).or_default() += 1;
        }
    }
    let mut told = HashSet::new();
    let complaints = unreached.into_iter().filter_map(|found| {
        let (above, what) = words(found.cause)?;
        // Many behind one are one fault.
        let many = hidden.get(&above).copied().filter(|many| *many > MANY);
        if let Some(many) = many {
            let message = format!("{many} entries below never count: this one {what}");
            let hint = "put it below them";
            return told
                .insert(above)
                .then(|| table.at(above))
                .flatten()
                .map(|at| Complaint::at(at, message).hint(hint));
        }
        let line = table.line(above)?;
        let complaint =
            Complaint::at(table.at(found.entry)?, format!("this entry never counts: line {line} {what}"));
        Some(match found.cause {
            Cause::Hidden { harm: Harm::Nothing, .. } => {
                complaint.severity(Severity::Note).hint("remove one of them")
            }
            Cause::Hidden { .. } | Cause::FitsNothing => complaint,
        })
    });
    complaints.collect()
}

/// An entry that fits nothing at all.
fn fits_nothing(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(table) = setup.table() else { return Vec::new() };
    let unfit = reach::unreached(table.table, table.tags()).into_iter();
    let unfit = unfit.filter(|found| found.cause == Cause::FitsNothing);
    unfit
        .filter_map(|found| {
            Some(Complaint::at(table.at(found.entry)?, "this pattern fits nothing that the table is asked"))
        })
        .collect()
}

fn conversion_tag(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(table), true) = (setup.table(), setup.has_tags()) else { return Vec::new() };
    let blind = table.table.entries.iter().enumerate().filter_map(|(index, entry)| {
        let before = entry.pattern.text.strip_suffix(";CONVERT")?;
        if before.ends_with('*') {
            return None;
        }
        let at = table.at(index)?;
        let message = "this pattern does not fit tagged mail";
        let complaint = Complaint::at(at, message);
        if setup.is_unified() {
            return Some(complaint);
        }
        let pattern = at.text().replacen(&entry.pattern.text, &format!("{before};*CONVERT"), 1);
        Some(complaint.edit(at.replace(&pattern)))
    });
    blind.collect()
}
