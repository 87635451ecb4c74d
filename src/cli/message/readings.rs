//! One message under every reading of the manuals: which of them deliver
//! infected bytes, lose mail, or alter clean mail. Fails as a run does.
//!
//! What the command wants is taken from the reading that loses nothing, the
//! default. A message that is held or deferred is late, not harmed.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::output;
use crate::mail::message::{Change, Leaf, Message};
use crate::mta::conversions::Action;
use crate::play::answer::{Outcome, Step};
use crate::play::channel::{Answered, Channel, judged};
use crate::play::reading::{InputForm, InputHeaders, Reading, Symbols};

/// What distinguishes runs of the command.
type How = (InputForm, InputHeaders, Symbols);

/// What becomes of one part, before it is judged.
enum Part {
    /// It is none of the channel's business.
    Left,
    /// The entry deletes it.
    Deleted,
    /// A command answered.
    Answered(Box<Answered>),
}

/// What a reading does to a message against the will of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    Infected,
    Lost,
    Altered,
}

impl Harm {
    fn words(self) -> &'static str {
        match self {
            Self::Infected => "delivers a part that the command did not let pass",
            Self::Lost => "loses mail that the command did not give up",
            Self::Altered => "alters a part that the command let pass as it came",
        }
    }
}

/// Prints which readings do harm; "no" when there is one.
pub(super) fn report(channel: &Channel, message: &Message<'_>) -> Result<Exit> {
    let mut runs: Vec<(How, Vec<Part>)> = Vec::new();
    let mut harmful: Vec<(Vec<String>, Harm)> = Vec::new();
    let readings = Reading::all();
    for reading in &readings {
        if !runs.iter().any(|(how, _)| *how == reading.run()) {
            runs.push((reading.run(), parts(channel, message, reading)?));
        }
        // The default reading comes first, and its run with it.
        let wanted = steps(runs.first().map(|(_, parts)| parts.as_slice()), &Reading::default());
        let parts = runs.iter().find(|(how, _)| *how == reading.run()).map(|(_, parts)| parts.as_slice());
        for harm in harms(&wanted, &steps(parts, reading)) {
            harmful.push((reading.settings(), harm));
        }
    }
    print(&harmful, readings.len(), message.leaves());
    Ok(if harmful.is_empty() { Exit::Done } else { Exit::No })
}

fn parts(channel: &Channel, message: &Message<'_>, reading: &Reading) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (i, leaf) in message.leaves().iter().enumerate() {
        let facts = channel.facts(message, leaf, i + 1);
        parts.push(match channel.conversions.choose(&facts, &channel.mappings).matched {
            None => Part::Left,
            Some((_, entry)) if entry.action == Action::Delete => Part::Deleted,
            Some((_, entry)) => channel
                .answered(message, leaf, entry, &facts, reading)?
                .map_or(Part::Left, |answered| Part::Answered(Box::new(answered))),
        });
    }
    Ok(parts)
}

/// The steps up to one that ends the message.
fn steps(parts: Option<&[Part]>, reading: &Reading) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in parts.unwrap_or_default() {
        let step = match part {
            Part::Left => Step::Keep,
            Part::Deleted => Step::Change(Change::Delete),
            Part::Answered(answered) => judged((**answered).clone(), reading),
        };
        let last = matches!(step, Step::Stop(_) | Step::AsIs);
        steps.push(step);
        if last {
            break;
        }
    }
    steps
}

/// What `steps` do that `wanted` does not.
fn harms(wanted: &[Step], steps: &[Step]) -> Vec<Harm> {
    let mut harms: Vec<Harm> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let wanted = wanted.get(i).unwrap_or(&Step::Keep);
        harms.extend(match (wanted, step) {
            (wanted, step) if wanted == step => None,
            (_, Step::Stop(Outcome::Discarded | Outcome::Returned)) => Some(Harm::Lost),
            (_, Step::Stop(Outcome::Held | Outcome::Deferred | Outcome::Delivered)) => None,
            (_, Step::Keep | Step::AsIs) => Some(Harm::Infected),
            (Step::Change(Change::Delete), Step::Change(_)) => None,
            (_, Step::Change(change)) if change.empties() => Some(Harm::Lost),
            (Step::Keep | Step::AsIs, Step::Change(_)) => Some(Harm::Altered),
            (Step::Change(_), Step::Change(_)) => None,
            (Step::Stop(_), Step::Change(_)) => Some(Harm::Infected),
        });
    }
    // A message that does not go on carries nothing to anyone.
    if matches!(steps.last(), Some(Step::Stop(Outcome::Held | Outcome::Deferred))) {
        harms.clear();
    }
    harms.sort_unstable();
    harms.dedup();
    harms
}

/// One line for each harm and each least set of settings that does it.
fn print(harmful: &[(Vec<String>, Harm)], readings: usize, leaves: &[Leaf]) {
    let mut least: BTreeMap<Vec<String>, Vec<Harm>> = BTreeMap::new();
    for (settings, harm) in harmful {
        let implied = harmful.iter().any(|(other, same)| {
            same == harm
                && other.len() < settings.len()
                && other.iter().all(|setting| settings.contains(setting))
        });
        if !implied {
            least.entry(settings.clone()).or_default().push(*harm);
        }
    }
    output::data("| reading | what becomes of the message |\n|---|---|");
    for (settings, harms) in &least {
        let settings = if settings.is_empty() { "the default".to_owned() } else { settings.join(", ") };
        let harms: Vec<&str> = harms.iter().map(|harm| harm.words()).collect();
        output::data(format_args!("| {settings} | {} |", harms.join("; ")));
    }
    output::data(format_args!(
        "| all {readings} readings, {} parts | {} |",
        leaves.len(),
        match least.len() {
            0 => "none delivers infected bytes, loses mail, or alters clean mail".to_owned(),
            1 => "harm by the line above".to_owned(),
            n => format!("harm by the {n} lines above"),
        }
    ));
}
