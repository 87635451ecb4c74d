//! The `CONVERSIONS` table: which way a message takes. Cannot fail; an answer
//! that is not understood is a doubt, and the message goes straight on.
//!
//! Probe and answers: 6.3 Administration Guide, 13.5.2; PMDF 6.8, table 22-1
//! (`Channel=`, no blanks in the answer); MS Technical Reference, "Interactions
//! between conversions and character set conversions" (`Preprocess`).

use super::probe::{self, Outcome};
use super::{Entry, Place, Table, template};
use crate::diagnostic::{Severity, nearest};
use crate::mta::faults::Faults;
use crate::text;

/// Name of the table.
pub(super) const TABLE: &str = "CONVERSIONS";

/// The channel that `Yes` stands for.
pub const CONVERSION_CHANNEL: &str = "conversion";

/// Words of an answer, for hints.
const WORDS: [&str; 4] = ["yes", "no", "preprocess", "channel="];

/// The way of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What the table was asked.
    pub probe: String,
    /// Whether the message makes the detour.
    pub convert: bool,
    /// Through which channel, if it does.
    pub channel: String,
    /// Whether charsets are converted on the way into that channel.
    pub preprocess: bool,
    /// What the table answered, printable.
    pub answer: Option<String>,
    /// The entry that decided.
    pub matched: Option<Place>,
    /// Entries that were tried before and did not fit.
    pub tried: Vec<Place>,
    /// Why this may not be what the MTA does.
    pub doubt: Option<String>,
}

/// What an entry answers to every message that it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstantAnswer<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Whether the message makes the detour.
    pub convert: bool,
    /// Through which channel, if it does; as it is written.
    pub channel: String,
}

/// An answer taken apart.
#[derive(Debug, Default)]
struct Answer<'a> {
    convert: Option<bool>,
    channel: Option<&'a str>,
    preprocess: bool,
    unknown: Option<&'a str>,
    contradiction: bool,
}

impl<'a> Answer<'a> {
    fn read(answer: &'a str) -> Self {
        let mut found = Self::default();
        let mut said_no = false;
        for word in answer.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let lower = word.to_ascii_lowercase();
            match lower.as_str() {
                "yes" => found.convert = Some(true),
                "no" => said_no = true,
                "preprocess" => found.preprocess = true,
                _ if lower.starts_with("channel=") && lower.len() > "channel=".len() => {
                    found.channel = word.get("channel=".len()..);
                    found.convert = Some(true);
                }
                _ => found.unknown = found.unknown.or(Some(word)),
            }
        }
        found.contradiction = said_no && found.convert == Some(true);
        if said_no {
            found.convert = Some(false);
        }
        found
    }
}

pub(super) fn route(table: Option<&Table>, source: &str, destination: &str, tags: Option<&str>) -> Route {
    let tag = tags.map_or(String::new(), |tags| format!(";TAG={tags}"));
    let mut route = Route {
        probe: format!("IN-CHAN={source};OUT-CHAN={destination}{tag};CONVERT"),
        convert: false,
        channel: CONVERSION_CHANNEL.to_owned(),
        preprocess: false,
        answer: None,
        matched: None,
        tried: Vec::new(),
        doubt: None,
    };
    let Some(table) = table else { return route };
    let scan = probe::scan(&table.entries, &route.probe);
    let place = |i: &usize| table.entries.get(*i).map(|entry| entry.place.clone());
    route.tried = scan.tried.iter().filter_map(place).collect();
    let Some(hit) = scan.hit else { return route };
    route.matched = Some(hit.place);
    match hit.outcome {
        Outcome::Answer(answer) => route.obey(&answer),
        Outcome::CannotTell(why) => route.doubt = Some(why),
    }
    route
}

impl Route {
    pub(super) fn obey(&mut self, text: &str) {
        let answer = Answer::read(text);
        self.answer = Some(text::printable_str(text, text::SHOWN));
        self.convert = answer.convert == Some(true);
        self.preprocess = answer.preprocess;
        if let Some(channel) = answer.channel {
            self.channel = text::printable_str(channel, text::SHOWN);
        }
        self.doubt = match (answer.unknown, answer.convert) {
            (Some(word), _) => {
                Some(format!("unknown word in the answer: `{}`", text::printable_str(word, text::SHOWN)))
            }
            (None, None) => Some("the answer says neither `Yes` nor `No`".to_owned()),
            (None, Some(_)) => answer.contradiction.then(|| "the answer says both yes and no".to_owned()),
        };
    }
}

pub(super) fn constant(entry: &Entry) -> Option<ConstantAnswer<'_>> {
    let text = constant_text(entry)?;
    let answer = Answer::read(&text);
    let channel = answer.channel.unwrap_or(CONVERSION_CHANNEL).to_owned();
    Some(ConstantAnswer { entry, convert: answer.convert == Some(true), channel })
}

/// The answer, unless it depends on the message or there is none.
fn constant_text(entry: &Entry) -> Option<String> {
    let template = &entry.template.text;
    if template.is_empty() { None } else { template::constant(template) }
}

/// Complains about an answer that is the same for every message and is not
/// understood.
pub(super) fn check(entry: &Entry, faults: &mut Faults) {
    let Some(text) = constant_text(entry) else { return };
    let span = entry.template.span.range();
    let answer = Answer::read(&text);
    let severity = if answer.convert.is_none() { Severity::Error } else { Severity::Warning };
    if let Some(word) = answer.unknown {
        faults.add(severity, span, || {
            let shown = text::printable_str(word, text::SHOWN);
            let known = "the words are `Yes`, `No`, `Channel=name` and `Preprocess`";
            let lower = word.to_ascii_lowercase();
            let near = nearest(lower.get(..16).unwrap_or(&lower), WORDS);
            let hint = near.map_or(known.to_owned(), |near| format!("did you mean `{near}`? {known}"));
            (format!("unknown word in the answer: `{shown}`"), hint)
        });
    } else if answer.convert.is_none() {
        let hint = "write `Yes` or `No` as the first word; without them mail is not scanned";
        faults.error(span, "the answer says neither `Yes` nor `No`", hint);
    } else if answer.contradiction {
        faults.error(span, "the answer says both yes and no", "remove one of them");
    }
}
