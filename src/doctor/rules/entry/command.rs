//! Rules about the command of our entries: which program, with what arguments.
//! Cannot fail.

use std::collections::{HashMap, HashSet};

use crate::channel::Var;
use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::command::Word;
use crate::doctor::view::entry::Ours;
use crate::mta::conversions::{Qualifier, Value};
use crate::snippets::Server;
use crate::status::Release;
use crate::text;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "command-not-absolute",
        severity: Severity::Error,
        what: "an entry names convscan or its configuration without the full path",
        why: "no manual says in which directory commands run, nor where they look for programs: convscan may not be \
              found, or another one run, or it defers for want of a configuration",
        source: "6.3 Administration Guide, 13.5.3.2; MS Technical Reference, \"Alias conversion tag alias option\"",
        cure: "write the full path, or `IMTA_PROGRAM:` before a program that is in the server's directory of programs",
        check: Check::Setup(not_absolute),
    },
    Rule {
        id: "entry-arguments",
        severity: Severity::Error,
        what: "an entry gives convscan an argument that it does not understand",
        why: "convscan takes that for a mistake and defers or holds every message",
        source: "docs/commands.md, \"convscan part\"",
        cure: "remove it: `convscan part` takes --config and --release, and finds all else in its environment",
        check: Check::Setup(arguments),
    },
    Rule {
        id: "release-differs",
        severity: Severity::Error,
        what: "an entry tells convscan another release of the server than the configuration does, or none",
        why: "what the entry says counts, and without that nothing is known as long as the configuration cannot be \
              read: convscan may tell the server what that does not understand",
        source: "docs/commands.md, \"convscan part\"; 6.3 Administration Guide, 13.5.4",
        cure: "say the server's release in both places",
        check: Check::Setup(release_differs),
    },
    Rule {
        id: "entry-channels",
        severity: Severity::Warning,
        what: "an entry runs convscan only for a channel that the server does not have",
        why: "it never matches: its parts go on unscanned, or to another entry",
        source: "6.3 Administration Guide, 13.5.3",
        cure: "write the channel's name as imta.cnf has it, or `*`",
        check: Check::Setup(channels),
    },
];

fn not_absolute(setup: &Setup) -> Vec<Complaint<'_>> {
    let mut complaints = Vec::new();
    for ours in setup.our_entries() {
        let program = Some(&ours.call.program).filter(|program| !program.is_absolute());
        // convscan knows nothing of the tailor's names.
        let config = ours.call.config.as_ref().filter(|config| !config.text.starts_with('/'));
        for word in [program, config].into_iter().flatten().filter(|word| !word.varies) {
            let message = format!("no full path: `{}`", shown(&word.text));
            complaints.push(Complaint::at(ours.at(word.span.clone()), message));
        }
    }
    complaints
}

fn shown(word: &str) -> String {
    text::printable_str(word, text::SHOWN)
}

/// Whether a word is an argument for certain: what the shell puts in may be nothing,
/// but for the names of files that the channel gives to every command.
fn is_something(word: &Word) -> bool {
    let name = word.text.trim_matches(['$', '\'', '{', '}']);
    !word.varies || [Var::InputFile, Var::OutputFile].iter().any(|var| var.name() == name)
}

fn arguments(setup: &Setup) -> Vec<Complaint<'_>> {
    let odd = setup.our_entries().into_iter().filter_map(|ours| {
        if let Some(word) = ours.call.unknown.as_ref().filter(|word| is_something(word)) {
            let message = format!("convscan takes no argument `{}`", shown(&word.text));
            return Some(Complaint::at(ours.at(word.span.clone()), message));
        }
        let word = ours.call.release.as_ref().filter(|word| !word.varies && ours.release().is_none())?;
        let message = format!("no release: `{}`", shown(&word.text));
        Some(Complaint::at(ours.at(word.span.clone()), message).hint(Release::SHAPE))
    });
    odd.collect()
}

fn release_differs(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(stated) = setup.own.as_ref().and_then(Own::stated_release) else { return Vec::new() };
    let differing = setup.our_entries().into_iter().filter_map(|ours| {
        let Ours { call, .. } = &ours;
        let Some(word) = &call.release else {
            // What convscan takes for granted.
            if stated.release == Release::default() {
                return None;
            }
            let message = format!("the entry does not say the release, which is `{}`", shown(&stated.text));
            let complaint =
                Complaint::at(ours.at(call.program.span.clone()), message).severity(Severity::Warning);
            let word = Server::parse(&stated.text).ok()?.word()?.to_owned();
            return Some(complaint.mend(ours.with(call.end..call.end, &format!(" --release {word}"))));
        };
        ours.release().filter(|release| *release != stated.release)?;
        let [said, other] = [&word.text, &stated.text].map(|release| shown(release));
        let message = format!("the entry says release `{said}`, the configuration `{other}`");
        Some(Complaint::at(ours.at(word.span.clone()), message))
    });
    differing.collect()
}

/// Most patterns that fit no channel and are compared with all of them.
const COMPARED: usize = 1000;

fn channels(setup: &Setup) -> Vec<Complaint<'_>> {
    if !setup.knows_channels() {
        return Vec::new();
    }
    let channels = setup.channels();
    let names: HashSet<String> = channels.iter().map(|channel| channel.name.to_ascii_lowercase()).collect();
    let mut known: HashMap<String, bool> = HashMap::new();
    let mut idle = 0;
    let mut fits = |value: &Value| {
        let pattern = value.text.to_ascii_lowercase();
        if value.call_out().is_some() || names.contains(&pattern) || idle == COMPARED {
            return true;
        }
        *known.entry(pattern).or_insert_with(|| {
            let fits = channels.iter().any(|channel| value.fits(channel.name));
            idle += usize::from(!fits);
            fits
        })
    };
    let mut complaints = Vec::new();
    for ours in setup.our_entries() {
        for (qualifier, value) in &ours.entry.qualifiers {
            if matches!(qualifier, Qualifier::InChannel | Qualifier::OutChannel) && !fits(value) {
                let message = format!("no channel is called `{}`", shown(&value.text));
                complaints.push(Complaint::at(ours.value_at(value), message));
            }
        }
    }
    complaints
}
