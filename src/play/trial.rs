//! One message under every reading of the manuals: which of them deliver
//! infected bytes, lose mail, or alter clean mail. Fails as a run does.
//!
//! What the command wants is taken from the reading that loses nothing, the
//! default. A message that is held or deferred is late, not harmed.

use anyhow::Result;

use super::answer::{Outcome, Step};
use super::channel::{Answered, Channel, judged};
use super::reading::{InputForm, InputHeaders, Reading, Symbols};
use crate::mail::message::{Change, Message};
use crate::mta::conversions::Action;

/// What distinguishes runs of the command.
type How = (InputForm, InputHeaders, Symbols);

/// What becomes of one part, before it is judged.
enum Course {
    /// It is none of the channel's business.
    Left,
    /// The entry deletes it.
    Deleted,
    /// A command answered.
    Answered(Box<Answered>),
}

/// What a reading does to a message against the will of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Harm {
    /// A part is delivered that the command did not let pass.
    Infected,
    /// Mail is lost that the command did not give up.
    Lost,
    /// A part is altered that the command let pass as it came.
    Altered,
}

impl Harm {
    /// What it is, for the table.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Infected => "delivers a part that the command did not let pass",
            Self::Lost => "loses mail that the command did not give up",
            Self::Altered => "alters a part that the command let pass as it came",
        }
    }
}

/// Runs the command once for each way to run it and judges its answers under each
/// of `readings`, of which the first loses nothing: the settings of each that does
/// harm, and the harm.
pub(crate) fn harmful(
    channel: &Channel,
    message: &Message<'_>,
    readings: &[Reading],
) -> Result<Vec<(Vec<String>, Harm)>> {
    let mut runs: Vec<(How, Vec<Course>)> = Vec::new();
    let mut harmful: Vec<(Vec<String>, Harm)> = Vec::new();
    for reading in readings {
        if !runs.iter().any(|(how, _)| *how == reading.run()) {
            runs.push((reading.run(), courses(channel, message, reading)?));
        }
        // The default reading comes first, and its run with it.
        let wanted = steps(runs.first().map(|(_, parts)| parts.as_slice()), &Reading::default());
        let parts = runs.iter().find(|(how, _)| *how == reading.run()).map(|(_, parts)| parts.as_slice());
        for harm in harms(&wanted, &steps(parts, reading)) {
            harmful.push((reading.settings(), harm));
        }
    }
    Ok(harmful)
}

fn courses(channel: &Channel, message: &Message<'_>, reading: &Reading) -> Result<Vec<Course>> {
    let mut parts = Vec::new();
    for (i, leaf) in message.leaves().iter().enumerate() {
        let facts = channel.facts(message, leaf, i + 1);
        parts.push(match channel.conversions.choose(&facts, &channel.mappings).matched {
            None => Course::Left,
            Some((_, entry)) if entry.action == Action::Delete => Course::Deleted,
            Some((_, entry)) => channel
                .answered(message, leaf, entry, &facts, reading)?
                .map_or(Course::Left, |answered| Course::Answered(Box::new(answered))),
        });
    }
    Ok(parts)
}

/// The steps up to one that ends the message.
fn steps(parts: Option<&[Course]>, reading: &Reading) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in parts.unwrap_or_default() {
        let step = match part {
            Course::Left => Step::Keep,
            Course::Deleted => Step::Change(Change::Delete),
            Course::Answered(answered) => judged((**answered).clone(), reading),
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
