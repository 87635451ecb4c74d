//! What happened to a message and its parts, in lines of talk. Cannot fail.

use crate::cli::exit::Exit;
use crate::mail::message::{Change, Leaf};
use crate::mta::conversions::{Passed, Reason};
use crate::mta::mappings::Route;
use crate::os::output;
use crate::play::answer::{Ending, Outcome, Step};
use crate::play::channel::{Channel, Handled};
use crate::text;

/// Tells which way the mapping sends the message.
pub(super) fn route(route: &Route) {
    output::talk(format_args!("mapping asked: {}", text::printable_str(&route.probe, text::SHOWN)));
    for place in &route.tried {
        output::talk(format_args!("  {}:{} does not fit", place.path, place.line));
    }
    if let Some(place) = &route.matched {
        let answer = route.answer.as_deref().unwrap_or_default();
        output::talk(format_args!("  {}:{} fits: {answer}", place.path, place.line));
    }
    if let Some(doubt) = &route.doubt {
        output::talk(format_args!("  in doubt: {doubt}"));
    }
    let way =
        if route.convert { format!("through channel {}", route.channel) } else { "straight on".to_owned() };
    output::talk(format_args!("  the message goes {way}"));
}

/// Tells which entry a part fell to, why not others, and what came of it.
pub(super) fn part(channel: &Channel, leaf: &Leaf, handled: &Handled<'_>) {
    let kind = [leaf.main_type.as_slice(), b"/", &leaf.subtype].concat();
    let kind = text::printable(&kind, text::SHOWN);
    output::talk(format_args!("part {} ({kind}, {} bytes)", leaf.number, handled.size));
    for passed in &handled.choice.passed {
        output::talk(format_args!("  entry {}, line {}: {}", passed.index + 1, passed.line, reason(passed)));
    }
    for doubt in &handled.choice.doubts {
        output::talk(format_args!("  in doubt: {doubt}"));
    }
    match handled.choice.matched {
        None => output::talk("  no entry fits"),
        Some((index, entry)) => {
            let all = channel.conversions.entries.len();
            output::talk(format_args!("  entry {} of {all}, line {}: fits", index + 1, entry.line));
        }
    }
    if let Some(ran) = &handled.run {
        let status = ran.status.map_or("no STATUS".to_owned(), |status| format!("STATUS={status}"));
        let end = match ran.ending {
            Ending::Exited(code) => format!("exit {code}"),
            Ending::Killed => "killed by a signal".to_owned(),
            Ending::TimedOut => "killed at its time limit".to_owned(),
        };
        output::talk(format_args!("  command: {end}, {status}, {} ms", ran.elapsed.as_millis()));
    }
    output::talk(format_args!("  {}", step(&handled.step)));
}

fn reason(passed: &Passed) -> String {
    match &passed.reason {
        Reason::Relabel => "is for relabelling".to_owned(),
        Reason::Service => "is a service conversion".to_owned(),
        Reason::NoType => "has no IN-TYPE, so it never fits".to_owned(),
        Reason::Differs { name, pattern, value: Some(value) } => {
            format!("{name} is `{value}`, not `{pattern}`")
        }
        Reason::Differs { name, pattern, value: None } => format!("{name}: there is no `{pattern}`"),
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Keep => "the part stays as it is".to_owned(),
        Step::Change(Change::Delete) => "the part is deleted".to_owned(),
        Step::Change(Change::Replace(_)) => "the part is written anew".to_owned(),
        Step::AsIs => "the message goes on as it came".to_owned(),
        Step::Stop(outcome) => format!("the message is {}", words(*outcome).0),
    }
}

/// The word for what becomes of a message, and the exit that tells it.
pub(super) fn words(outcome: Outcome) -> (&'static str, Exit) {
    match outcome {
        Outcome::Delivered => ("delivered", Exit::Done),
        Outcome::Held => ("held", Exit::Held),
        Outcome::Discarded => ("discarded", Exit::Discarded),
        Outcome::Returned => ("returned", Exit::Returned),
        Outcome::Deferred => ("deferred", Exit::Later),
    }
}
