//! Rules about the CONVERSIONS table: which mail makes the detour. Cannot fail.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Severity, nearest};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::{Outcome, Role};
use crate::doctor::view::table::ConversionsTable;
use crate::doctor::view::traffic::{Flow, Side, Traffic};
use crate::mta::mappings::reach::{self, Cause, Harm};
use crate::mta::mappings::{CONVERSION_CHANNEL, Entry, Mappings};

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
        id: "nothing-scanned",
        severity: Severity::Error,
        what: "no entry of the CONVERSIONS table says Yes, or there is no such table",
        why: "no mail makes the detour through the conversion channel: nothing is scanned",
        source: "6.3 Administration Guide, 13.5.2",
        cure: "put in the table that `convscan snippets mappings` writes",
        check: Check::Setup(nothing_scanned),
    },
    Rule {
        id: "uncovered",
        severity: Severity::Warning,
        what: "mail between some channels goes past the scanner",
        why: "a virus that comes by that way is delivered; `convscan check --coverage` shows all ways",
        source: "6.3 Administration Guide, 13.5.2",
        cure: "put the entry in front of the one that decides now; if it is meant to be so, allow it",
        check: Check::Setup(uncovered),
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
        let index = table.index_of(answer.entry);
        let message = format!("mail is sent through channel `{}`, which is not defined", answer.channel);
        let Some(at) = index.and_then(|index| table.at(index)) else { continue };
        let complaint = Complaint::at(at.part(&answer.channel), message);
        complaints.push(
            match nearest(&answer.channel.to_ascii_lowercase(), channels.iter().map(String::as_str)) {
                Some(near) => complaint.hint(format!("did you mean `{near}`?")),
                None => complaint,
            },
        );
    }
    complaints
}

/// Unknown names that are compared with all channels: slips are few.
const COMPARED: usize = 100;

fn channel_misspelt(setup: &Setup) -> Vec<Complaint<'_>> {
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

/// Whether some entry may send mail through a conversion channel.
fn says_yes(setup: &Setup) -> bool {
    let Some(table) = setup.table() else { return false };
    let constant = setup.mappings.as_ref().map_or(0, |mappings| mappings.constant_answers().count());
    let yes = setup
        .mappings
        .as_ref()
        .is_some_and(|mappings| mappings.constant_answers().any(|answer| answer.convert));
    yes || constant < table.table.entries.len()
}

/// Whether of all mail that there can be some is scanned, or may be.
fn scans_some(traffic: &Traffic<'_>) -> bool {
    let flows = traffic.flows();
    flows.is_empty() || flows.iter().any(|flow| flow.converted + flow.unknown > 0)
}

/// The table, and the entry that keeps all mail from the scanner.
fn turned_off(setup: &Setup) -> Option<(ConversionsTable<'_>, usize)> {
    let (traffic, table) = (Traffic::of(setup)?, setup.table()?);
    if scans_some(&traffic) {
        return None;
    }
    let deciding =
        traffic.flows().iter().flat_map(|flow| flow.straight.clone()).find_map(|(.., entry)| entry)?;
    Some((table, deciding))
}

fn nothing_scanned(setup: &Setup) -> Vec<Complaint<'_>> {
    if setup.mappings.is_none() && !setup.is_unified() {
        return Vec::new();
    }
    if says_yes(setup) {
        let found = turned_off(setup).and_then(|(table, entry)| table.at(entry));
        let complaint = found.map(|at| {
            let hint = "if entries below are to count, put this one below them";
            Complaint::at(at, "no mail is scanned: this entry decides, though others say Yes").hint(hint)
        });
        return complaint.into_iter().collect();
    }
    match setup.table() {
        Some(table) => {
            let message = "no entry of CONVERSIONS says Yes";
            table.name_at().map(|at| Complaint::at(at, message)).into_iter().collect()
        }
        None => {
            let role = if setup.is_unified() { Role::ConfigXml } else { Role::Mappings };
            let path = setup
                .file(role)
                .map_or_else(|| role.name().to_owned(), |seen| seen.path.display().to_string());
            vec![Complaint::whole(path, "no CONVERSIONS table")]
        }
    }
}

/// Mail that must be scanned: whatever comes from outside, goes outside or goes to
/// mailboxes. Mail between machines inside is the site's own affair, and so is what
/// they hand to each other of what stopped over or was submitted.
fn must_be_scanned(flow: &Flow<'_>) -> bool {
    flow.from == Side::Outside || flow.to != Side::Inside
}

fn uncovered(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(traffic), Some(table)) = (Traffic::of(setup), setup.table()) else { return Vec::new() };
    // Without any Yes, or one that counts, another rule says so, once.
    if !says_yes(setup) || !scans_some(&traffic) {
        return Vec::new();
    }
    // A name that is mended may cover it.
    let gap = if channel_misspelt(setup).is_empty() { Gap::Table } else { Gap::Name };
    let open = traffic.flows().into_iter().filter(|flow| must_be_scanned(flow) && !flow.straight.is_empty());
    let yes = yes(setup);
    open.filter_map(|flow| uncovered_flow(&table, &flow, gap, yes.as_deref())).collect()
}

/// What sends mail round here, as a template: the channel that a bare `Yes` means
/// may not be there. None if only the administrator knows.
fn yes(setup: &Setup) -> Option<String> {
    if setup.channel(CONVERSION_CHANNEL).is_some() {
        return Some("Yes".to_owned());
    }
    let answers = setup.mappings.iter().flat_map(Mappings::constant_answers);
    let mut used = answers.filter(|answer| answer.convert).map(|answer| answer.channel.to_ascii_lowercase());
    let only = used.next()?;
    let is_one = is_literal(&only) && setup.channel(&only).is_some() && used.all(|other| other == only);
    is_one.then(|| format!("Yes,Channel={only}"))
}

/// Whether a name means itself in a pattern and in a template.
fn is_literal(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Why mail is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// The table has nothing for it.
    Table,
    /// Perhaps what it has for it has a slip.
    Name,
}

fn uncovered_flow<'s>(
    table: &ConversionsTable<'s>,
    flow: &Flow<'_>,
    gap: Gap,
    yes: Option<&str>,
) -> Option<Complaint<'s>> {
    let (source, destination, _) = flow.straight.first()?;
    let deciding = flow.straight.iter().filter_map(|(_, _, entry)| *entry).min();
    let at = match deciding {
        Some(index) => table.at(index)?,
        None => table.name_at()?,
    };
    let open = flow.pairs - flow.converted - flow.unknown;
    let message = match open {
        1 => format!("{} is not scanned: `{source}` to `{destination}`", flow.name()),
        many => {
            format!("{} is not scanned: `{source}` to `{destination}` and {} more", flow.name(), many - 1)
        }
    };
    let complaint = Complaint::at(at, message);
    let exception = deciding.and_then(|index| table.entry(index)).filter(|entry| !is_catch_all(entry));
    if exception.is_some() {
        return Some(
            complaint
                .hint("this exception lets it past: remove it, or allow this rule if it is meant to be so"),
        );
    }
    // Of more pairs than are kept only the administrator knows the pattern.
    if open > flow.straight.len() || gap == Gap::Name {
        return Some(complaint);
    }
    let is_plain =
        flow.straight.iter().all(|(source, destination, _)| is_literal(source) && is_literal(destination));
    let Some(yes) = yes.filter(|_| is_plain) else { return Some(complaint) };
    let lines: Vec<String> = flow
        .straight
        .iter()
        .map(|(source, destination, _)| {
            let through = table.channel_from(source).map(|channel| format!("Yes,Channel={channel}"));
            let yes = through.as_deref().unwrap_or(yes);
            format!("IN-CHAN={source};OUT-CHAN={destination};*CONVERT  {yes}")
        })
        .collect();
    Some(complaint.mend(table.insert(deciding, &lines)))
}

/// Whether an entry is for all that none above it is for.
fn is_catch_all(entry: &Entry) -> bool {
    entry.pattern.text.starts_with("IN-CHAN=*;OUT-CHAN=*;") || entry.pattern.is("*")
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
