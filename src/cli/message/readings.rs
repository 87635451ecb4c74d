//! Prints which readings of the manuals do harm to a message. Fails as a run does.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::mail::message::{Leaf, Message};
use crate::os::output;
use crate::play::channel::Channel;
use crate::play::reading::Reading;
use crate::play::trial::{Harm, harmful};

/// Prints which readings do harm; "no" when there is one.
pub(super) fn report(channel: &Channel, message: &Message<'_>) -> Result<Exit> {
    let readings = Reading::all();
    let harmful = harmful(channel, message, &readings)?;
    print(&harmful, readings.len(), message.leaves());
    Ok(if harmful.is_empty() { Exit::Done } else { Exit::No })
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
