//! Which entry a part falls to, and why not the ones before. Cannot fail.
//!
//! The first entry of which all qualifiers match (MS Technical Reference,
//! "Conversion entry scanning and application"). `RELABEL` and `SERVICE-COMMAND`
//! entries belong to CHARSET-CONVERSION and are passed over (PMDF 6.8, chapter 6;
//! 6 2005Q4 Administration Guide, service conversions).

use super::value::{Resolved, Value};
use super::{Action, Conversions, Entry, InParameter, Qualifier, Section, parameter};
use crate::mta::mappings::Mappings;
use crate::mta::wildcard;
use crate::text;

/// A parameter of a part's Content-type or Content-disposition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartParameter {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value, without quotes.
    pub value: Vec<u8>,
}

/// What entries may ask about a part. What is absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartFacts {
    /// Channel that the message came from.
    pub in_channel: Vec<u8>,
    /// Channel that it is bound for.
    pub out_channel: Vec<u8>,
    /// Conversion tags.
    pub tags: Vec<Vec<u8>>,
    /// MIME type.
    pub main_type: Vec<u8>,
    /// MIME subtype.
    pub subtype: Vec<u8>,
    /// Parameters of Content-type in their order.
    pub parameters: Vec<PartParameter>,
    /// Content-disposition.
    pub disposition: Vec<u8>,
    /// Parameters of Content-disposition in their order.
    pub dparameters: Vec<PartParameter>,
    /// Content-description.
    pub description: Vec<u8>,
    /// Subject of the enclosing message.
    pub subject: Vec<u8>,
    /// Message-Context of the enclosing message.
    pub message_context: Vec<u8>,
    /// ALL-IN-1 type of the enclosing message.
    pub a1_type: Vec<u8>,
    /// ALL-IN-1 format of the enclosing message.
    pub a1_format: Vec<u8>,
    /// Content-transfer-encoding.
    pub encoding: Vec<u8>,
    /// Structured part number.
    pub part_number: Vec<u8>,
    /// Attachment number.
    pub attachment_number: Vec<u8>,
}

/// What the channel does with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The entry that matched, and its index; none leaves the part as it is.
    pub matched: Option<(usize, &'a Entry)>,
    /// The entries before it, each with what kept it from matching.
    pub passed: Vec<Passed>,
    /// Why this may not be what the MTA does.
    pub doubts: Vec<String>,
}

/// An entry that did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its index.
    pub index: usize,
    /// Its line.
    pub line: usize,
    /// What kept it from matching.
    pub reason: Reason,
}

/// What keeps an entry from matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is for relabelling, not for this channel.
    Relabel,
    /// It is a service conversion, not for this channel.
    Service,
    /// It has no `IN-TYPE`.
    NoType,
    /// A qualifier does not fit. All three are printable.
    Differs {
        /// The clause's name.
        name: String,
        /// What it asks for.
        pattern: String,
        /// What the part has; none if the parameter it asks for is absent.
        value: Option<String>,
    },
}

impl PartFacts {
    /// The variables that the channel sets from these facts.
    pub fn symbols(&self) -> Vec<(String, Vec<u8>)> {
        [
            ("INPUT_TYPE", self.main_type.clone()),
            ("INPUT_SUBTYPE", self.subtype.clone()),
            ("INPUT_DESCRIPTION", self.description.clone()),
            ("INPUT_DISPOSITION", self.disposition.clone()),
            ("INPUT_ENCODING", self.encoding.clone()),
            ("INPUT_CHANNEL", self.in_channel.clone()),
            ("OUTPUT_CHANNEL", self.out_channel.clone()),
            ("CONVERSION_TAG", self.tags.join(&b","[..])),
            ("ATTACHMENT_NUMBER", self.attachment_number.clone()),
            ("PART_NUMBER", self.part_number.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// What `qualifier` asks for; of tags the one that fits `pattern`, else all.
    fn value(&self, qualifier: Qualifier, pattern: &[u8]) -> Vec<u8> {
        let value = match qualifier {
            Qualifier::InChannel => &self.in_channel,
            Qualifier::OutChannel => &self.out_channel,
            Qualifier::PartNumber => &self.part_number,
            Qualifier::AttachmentNumber => &self.attachment_number,
            Qualifier::Type => &self.main_type,
            Qualifier::Subtype => &self.subtype,
            Qualifier::Disposition => &self.disposition,
            Qualifier::Description => &self.description,
            Qualifier::Subject => &self.subject,
            Qualifier::MessageContext => &self.message_context,
            Qualifier::A1Type => &self.a1_type,
            Qualifier::A1Format => &self.a1_format,
            Qualifier::Encoding => &self.encoding,
            Qualifier::Tag => {
                let fitting = self.tags.iter().find(|tag| wildcard::fits(pattern, tag));
                return fitting.cloned().unwrap_or_else(|| self.tags.join(&b","[..]));
            }
        };
        value.clone()
    }
}

impl Conversions {
    /// The entry that a part with these facts falls to; one without any action
    /// ends the search too, as the manuals tell of no exception. `mappings` answers the
    /// call-outs of qualifiers; without a table they are ignored.
    pub fn choose(&self, facts: &PartFacts, mappings: &Mappings) -> Choice<'_> {
        let mut trial = Trial { facts, mappings, symbols: facts.symbols(), doubts: Vec::new() };
        let mut passed = Vec::new();
        let mut matched = None;
        for (index, entry) in self.entries.iter().enumerate() {
            match trial.reason_against(entry) {
                Some(reason) => passed.push(Passed { index, line: entry.line, reason }),
                None => {
                    matched = Some((index, entry));
                    break;
                }
            }
        }
        Choice { matched, passed, doubts: trial.doubts }
    }
}

struct Trial<'a> {
    facts: &'a PartFacts,
    mappings: &'a Mappings,
    symbols: Vec<(String, Vec<u8>)>,
    doubts: Vec<String>,
}

impl Trial<'_> {
    fn reason_against(&mut self, entry: &Entry) -> Option<Reason> {
        match entry.action {
            Action::Relabel => return Some(Reason::Relabel),
            Action::Service(_) => return Some(Reason::Service),
            Action::Command(_) | Action::Delete | Action::Nothing => {}
        }
        if !entry.qualifiers.iter().any(|(qualifier, _)| *qualifier == Qualifier::Type) {
            return Some(Reason::NoType);
        }
        for (qualifier, value) in &entry.qualifiers {
            let Some(pattern) = self.pattern(value) else { continue };
            let has = self.facts.value(*qualifier, &pattern);
            if !wildcard::fits(&pattern, &has) || (*qualifier == Qualifier::Tag && self.facts.tags.is_empty())
            {
                return Some(differs(parameter::name(*qualifier).to_owned(), &pattern, Some(&has)));
            }
        }
        entry.in_parameters.iter().find_map(|asked| self.parameter_against(asked))
    }

    fn parameter_against(&mut self, asked: &InParameter) -> Option<Reason> {
        let (list, letter) = match asked.section {
            Section::ContentType => (&self.facts.parameters, ""),
            Section::Disposition => (&self.facts.dparameters, "D"),
        };
        let name = self.pattern(asked.name.as_ref()?)?;
        let found = list.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(&name));
        let has = match (found, &asked.default) {
            (Some(found), _) => Some(found.value.clone()),
            (None, Some(default)) => self.pattern(default),
            (None, None) => None,
        };
        let number = asked.number;
        let Some(has) = has else {
            return Some(differs(format!("IN-{letter}PARAMETER-NAME-{number}"), &name, None));
        };
        let pattern = self.pattern(asked.value.as_ref()?)?;
        (!wildcard::fits(&pattern, &has))
            .then(|| differs(format!("IN-{letter}PARAMETER-VALUE-{number}"), &pattern, Some(&has)))
    }

    /// What a clause asks for, unless a table says that it is to be ignored.
    fn pattern(&mut self, value: &Value) -> Option<Vec<u8>> {
        let Some((table, _)) = value.call_out() else { return Some(value.text.clone().into_bytes()) };
        match value.resolved(&self.symbols, self.mappings) {
            Resolved::Text(text) => Some(text),
            Resolved::Ignored => None,
            Resolved::CannotTell(why) => {
                self.doubts.push(format!("line {}, table `{table}`: {why}", value.line));
                None
            }
        }
    }
}

fn differs(name: String, pattern: &[u8], value: Option<&[u8]>) -> Reason {
    let shown = |bytes| text::printable(bytes, text::SHOWN);
    Reason::Differs { name, pattern: shown(pattern), value: value.map(shown) }
}
