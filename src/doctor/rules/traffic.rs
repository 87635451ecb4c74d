//! Rules about traffic: which mail the CONVERSIONS table sends round, and which goes
//! past the scanner. Cannot fail.

use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::rules::mapping::channel_misspelt;
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Role;
use crate::doctor::view::table::ConversionsTable;
use crate::doctor::view::traffic::{Flow, Side, Traffic};
use crate::mta::mappings::coverage::Says;
use crate::mta::mappings::{CONVERSION_CHANNEL, Entry, Mappings};

pub(super) const RULES: &[Rule] = &[
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
        id: "round-again",
        severity: Severity::Note,
        what: "the CONVERSIONS table says Yes to what comes from a conversion channel",
        why: "no manual says that the table is asked again about such mail; if it is, mail goes round and is held in the end",
        source: "MS Technical Reference, \"Interactions between conversions and character set conversions\"",
        cure: "put `IN-CHAN=conversion*;OUT-CHAN=*;CONVERT  No` in front",
        check: Check::Setup(round_again),
    },
];

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

/// What leaves a conversion channel and would enter one again.
fn round_again(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(table) = setup.table() else { return Vec::new() };
    let conversion = setup.conversion_channels();
    let sources: Vec<&str> = conversion.iter().map(|channel| channel.name).collect();
    let destinations: Vec<&str> = setup.channels().iter().map(|channel| channel.name).collect();
    let coverage = table.coverage(&sources, &destinations);
    let pairs = (0..sources.len()).flat_map(|i| (0..destinations.len()).map(move |j| (i, j)));
    let again = pairs
        .filter_map(|(i, j)| coverage.answer(i, j))
        .find(|answer| matches!(answer.says, Says::Convert { .. }));
    let at = again.and_then(|answer| table.at(answer.entry?));
    let message = "this says Yes to what comes from a conversion channel";
    let Some(at) = at else { return Vec::new() };
    let line = ["IN-CHAN=conversion*;OUT-CHAN=*;CONVERT  No".to_owned()];
    vec![Complaint::at(at, message).mend(table.insert(Some(0), &line))]
}
