//! Rules about the order of entries and the parts that come to ours. Cannot fail.

use std::collections::{BTreeMap, HashSet};

use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::command::Command;
use crate::doctor::view::entry::Ours;
use crate::doctor::view::traffic::Side;
use crate::mta::conversions::reach::{Extent, LeftOut, TYPES};
use crate::mta::conversions::{Action, Conversions, Entry, Qualifier, Value};
use crate::mta::mappings::Mappings;
use crate::mta::mappings::coverage::Says;
use crate::text;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "entry-above",
        severity: Severity::Error,
        what: "an entry above ours catches parts that convscan does not get then",
        why: "the first entry that matches is the one that is used: what this one catches goes on unscanned",
        source: "6.3 Administration Guide, 13.5.3; MS Technical Reference, \"Conversion entry scanning and application\"",
        cure: "put it below the entry of convscan, or let it catch less; if it is meant to be so, allow it",
        check: Check::Setup(above),
    },
    Rule {
        id: "types-left-out",
        severity: Severity::Warning,
        what: "some types of parts come to no entry with a command",
        why: "they go on unscanned, and whoever sends a virus chooses its type",
        source: "6.3 Administration Guide, 13.5.3; PMDF 6.8 System Manager's Guide, 22.1.3",
        cure: "let our entry say `in-type=*; in-subtype=*`",
        check: Check::Setup(types_left_out),
    },
];

/// Most pairs of entries that are compared, which takes a tenth of a second: real
/// files have a few entries of ours.
const COMPARED: usize = 50_000;

/// What an entry does to the parts that it catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Catch {
    /// Has them scanned, or may do so.
    Scans,
    /// Lets them go on.
    Opens,
    /// Deletes them.
    Deletes,
}

fn catch(entry: &Entry) -> Catch {
    match &entry.action {
        Action::Command(command) if Command::may_call(&command.text) || command.call_out().is_some() => {
            Catch::Scans
        }
        Action::Command(_) | Action::Nothing => Catch::Opens,
        Action::Delete => Catch::Deletes,
        // Such entries are passed over, so they catch nothing.
        Action::Relabel | Action::Service(_) => Catch::Scans,
    }
}

fn above(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(conversions) = &setup.conversions else { return Vec::new() };
    let catches: Vec<Catch> = conversions.entries.iter().map(catch).collect();
    let Some(first) = catches.iter().position(|catch| *catch != Catch::Scans) else { return Vec::new() };
    let mut left = COMPARED;
    let mut found: BTreeMap<usize, (Extent, usize)> = BTreeMap::new();
    for ours in setup.our_entries().into_iter().filter(|ours| ours.index > first) {
        let Some(rest) = left.checked_sub(ours.index) else { break };
        left = rest;
        for earlier in conversions.earlier(ours.index) {
            let is_wrong = match (catches.get(earlier.entry), earlier.extent) {
                (None | Some(Catch::Scans), _) | (Some(Catch::Deletes), Extent::Some) => false,
                (Some(Catch::Opens), _) | (Some(Catch::Deletes), Extent::All) => true,
            };
            if is_wrong && (earlier.extent == Extent::All || !found.contains_key(&earlier.entry)) {
                found.insert(earlier.entry, (earlier.extent, ours.entry.line));
            }
            // None of its parts come any further.
            if earlier.extent == Extent::All {
                break;
            }
        }
    }
    let complaint = |(index, (extent, line)): (usize, (Extent, usize))| {
        let at = setup.entry_at(conversions.entries.get(index)?.span.clone())?;
        Some(match extent {
            Extent::All => {
                Complaint::at(at, format!("this entry catches all parts for convscan in line {line}"))
            }
            Extent::Some => {
                let message = format!("what this entry catches does not come to convscan in line {line}");
                Complaint::at(at, message).severity(Severity::Warning)
            }
        })
    };
    found.into_iter().filter_map(complaint).collect()
}

/// Most steps from entry to entry, for all types and channels together: a tenth of a
/// second.
const STEPS: usize = 120_000;

fn types_left_out(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(conversions) = &setup.conversions else { return Vec::new() };
    let detours =
        setup.mappings.as_ref().filter(|mappings| mappings.constant_answers().any(|answer| answer.convert));
    let ours = setup.our_entries();
    // What never matches has a rule of its own.
    let asks = |ours: &&Ours<'_>| ours.type_value().is_some();
    let (Some(mappings), Some(last)) = (detours, ours.iter().rfind(asks)) else { return Vec::new() };
    let Some(end) = conversions.entries.len().checked_sub(1) else { return Vec::new() };
    let ways = ways(setup, conversions);
    let most = STEPS / (TYPES.len() * conversions.entries.len()).max(1);
    for way in ways.iter().take(most.max(1)) {
        let names = left_out(conversions, end, way, mappings);
        if !names.is_empty() {
            let complaint = lacking(last, way, &listed(&names));
            let alone = ours.len() == 1 && setup.commands().len() == 1;
            return complaint
                .map(|complaint| complaint.mend(last.widened().filter(|_| alone)))
                .into_iter()
                .collect();
        }
    }
    Vec::new()
}

/// A complaint about what keeps parts from `ours`, the last of our entries.
fn lacking<'s>(ours: &Ours<'s>, way: &Way<'_>, what: &str) -> Option<Complaint<'s>> {
    let mut message = format!("no command for {what}");
    let narrow = match (ours.tag_value(), way.among) {
        (Some(tag), _) => {
            message += " in mail without a conversion tag";
            Some(tag)
        }
        (None, Among::Some) => {
            let [source, destination] =
                [way.source, way.destination].map(|name| text::printable_str(name, text::SHOWN));
            message += &format!(" in mail from `{source}` to `{destination}`");
            ours.channel_value()
        }
        (None, Among::All) => None,
    };
    let complaint = Complaint::at(ours.value_at(narrow.or(ours.type_value())?), message);
    let hint = "let our entry catch these, too, or let the CONVERSIONS table send such mail straight on";
    Some(if narrow.is_some() { complaint.hint(hint) } else { complaint })
}

/// Most names in a message.
const NAMES: usize = 6;

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The types that fall to no entry on this way; what falls to one without a command
/// has a rule of its own. The channel takes multiparts and
/// messages apart, so these alone are nothing to complain about.
fn left_out(conversions: &Conversions, end: usize, way: &Way<'_>, mappings: &Mappings) -> Vec<String> {
    let mut left = conversions.left_out(end, way.source, way.destination, mappings);
    left.retain(|left| left.doubts.is_empty() && left.entry.is_none() && left.main_type != "multipart");
    if left.iter().all(|left| left.main_type == "message") { Vec::new() } else { type_names(&left) }
}

fn type_names(left: &[LeftOut]) -> Vec<String> {
    let handed_over = TYPES.iter().filter(|(main_type, _)| *main_type != "multipart");
    if left.len() == handed_over.count() {
        return vec!["parts of any type".to_owned()];
    }
    let mut names = Vec::new();
    let mut done = HashSet::new();
    for LeftOut { main_type, .. } in left {
        if !done.insert(*main_type) {
            continue;
        }
        let all = TYPES.iter().filter(|(known, _)| known == main_type).count();
        let subtypes: Vec<&str> =
            left.iter().filter(|left| left.main_type == *main_type).map(|left| left.subtype).collect();
        match *main_type {
            "" => {}
            "x-unknown" => names.push("unknown types".to_owned()),
            whole if subtypes.len() == all => names.push(format!("`{whole}/*`")),
            part => {
                let named = subtypes.iter().filter(|subtype| !subtype.is_empty());
                names.extend(named.map(|subtype| format!("`{part}/{subtype}`")));
            }
        }
    }
    names
}

/// From which channel to which.
#[derive(Clone, Copy, Debug)]
struct Way<'s> {
    source: &'s str,
    destination: &'s str,
    among: Among,
}

/// Whether entries tell ways apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Among {
    All,
    Some,
}

/// Most channels on either side that are tried.
const CHANNELS: usize = 24;

/// Most patterns of channels that are told apart.
const PATTERNS: usize = 64;

/// One way for all where no entry asks for channels; else one for each kind of
/// channel that mail makes the detour from or to.
fn ways<'s>(setup: &'s Setup, conversions: &Conversions) -> Vec<Way<'s>> {
    let [sources, destinations] =
        [Qualifier::InChannel, Qualifier::OutChannel].map(|qualifier| patterns(conversions, qualifier));
    if sources.is_empty() && destinations.is_empty() {
        return vec![Way { source: "tcp_local", destination: "ims-ms", among: Among::All }];
    }
    let Some(table) = setup.table() else { return Vec::new() };
    let sources = kinds(setup, &sources, &Side::SOURCES);
    let destinations = kinds(setup, &destinations, &Side::DESTINATIONS);
    let coverage = table.coverage(&sources, &destinations);
    let mut ways = Vec::new();
    for (i, source) in sources.iter().enumerate() {
        for (j, destination) in destinations.iter().enumerate() {
            let says = coverage.answer(i, j).map(|answer| &answer.says);
            if matches!(says, Some(Says::Convert { .. })) {
                ways.push(Way { source, destination, among: Among::Some });
            }
        }
    }
    ways
}

/// What entries ask of the channel, each once.
fn patterns(conversions: &Conversions, qualifier: Qualifier) -> Vec<&Value> {
    let mut seen = HashSet::new();
    let qualifiers = conversions.entries.iter().flat_map(|entry| &entry.qualifiers);
    let values =
        qualifiers.filter(|(asked, value)| *asked == qualifier && value.text != "*").map(|(_, value)| value);
    values.filter(|value| seen.insert(value.text.to_ascii_lowercase())).take(PATTERNS).collect()
}

/// One channel of each kind that the patterns tell apart.
fn kinds<'s>(setup: &'s Setup, patterns: &[&Value], sides: &[Side]) -> Vec<&'s str> {
    let mut kinds: HashSet<(Vec<bool>, usize)> = HashSet::new();
    let mut names = Vec::new();
    for channel in setup.channels() {
        let side = Side::of(channel.name, setup.release());
        let Some(side) = sides.iter().position(|known| *known == side) else { continue };
        let fitting = patterns.iter().map(|pattern| pattern.fits(channel.name)).collect();
        if names.len() < CHANNELS && kinds.insert((fitting, side)) {
            names.push(channel.name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_few_as_can_be() {
        let all = |main_type: &str| {
            let of = TYPES.iter().filter(move |(known, _)| *known == main_type);
            of.map(|(main_type, subtype)| LeftOut { main_type, subtype, entry: None, doubts: Vec::new() })
                .collect::<Vec<_>>()
        };
        let mut left = all("text");
        left.extend(all("message").into_iter().take(2));
        left.extend(all("x-unknown"));
        left.extend(all(""));
        assert_eq!(type_names(&left), ["`text/*`", "`message/rfc822`", "`message/partial`", "unknown types"]);
    }
}
