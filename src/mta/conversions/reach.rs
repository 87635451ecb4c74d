//! What reaches an entry: which earlier ones are asked first, and which types of
//! parts come to no command by then. Cannot fail; what is in doubt is called
//! possible.
//!
//! The first entry of which all qualifiers match is used ([`super::choose`]).

#[cfg(test)]
mod tests;

use super::choose::PartFacts;
use super::value::Value;
use super::{Action, Conversions, Entry, InParameter, Qualifier};
use crate::mta::glob::Glob;
use crate::mta::mappings::Mappings;

/// Types and subtypes that stand for all others, some of which are left out by
/// entries for "documents" or "attachments". The channel takes multiparts and
/// messages apart and hands over what is in them.
pub const TYPES: [(&str, &str); 24] = [
    ("text", "plain"),
    ("text", "html"),
    ("text", "calendar"),
    ("text", ""),
    ("message", "rfc822"),
    ("message", "partial"),
    ("message", "external-body"),
    ("message", "delivery-status"),
    ("application", "octet-stream"),
    ("application", "zip"),
    ("application", "msword"),
    ("application", "pdf"),
    ("application", "ms-tnef"),
    ("application", "pkcs7-mime"),
    ("application", ""),
    ("image", "png"),
    ("audio", "mpeg"),
    ("video", "mp4"),
    ("model", "vrml"),
    ("font", "woff2"),
    ("multipart", "mixed"),
    ("multipart", "encrypted"),
    ("x-unknown", "x-unknown"),
    ("", ""),
];

/// An earlier entry that catches parts before another is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its index.
    pub entry: usize,
    /// How much it catches.
    pub extent: Extent,
}

/// How many of the parts that an entry would fit an earlier one catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All, so that the later one is never used.
    All,
    /// Some, as far as can be told.
    Some,
}

/// A type of parts for which no command is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The type.
    pub main_type: &'static str,
    /// The subtype.
    pub subtype: &'static str,
    /// The entry that it falls to, which has no command; none if no entry fits.
    pub entry: Option<usize>,
    /// Why this may not be what the MTA does.
    pub doubts: Vec<String>,
}

impl Conversions {
    /// The earlier entries that catch parts that the entry of this `index` fits.
    pub fn earlier(&self, index: usize) -> Vec<Earlier> {
        let Some(entry) = self.entries.get(index).filter(|entry| is_used(entry)) else { return Vec::new() };
        let asked = Asked::of(entry);
        let before = self.entries.iter().take(index).enumerate().filter(|(_, entry)| is_used(entry));
        let caught = before.filter_map(|(number, earlier)| {
            let extent = Asked::of(earlier).extent(&asked)?;
            Some(Earlier { entry: number, extent })
        });
        caught.collect()
    }

    /// The [`TYPES`] that come to no command in the entries up to the one of this
    /// `index`, in mail from one channel to another.
    pub fn left_out(
        &self,
        index: usize,
        in_channel: &str,
        out_channel: &str,
        mappings: &Mappings,
    ) -> Vec<LeftOut> {
        let left_out = TYPES.iter().filter_map(|(main_type, subtype)| {
            let facts = PartFacts {
                in_channel: in_channel.into(),
                out_channel: out_channel.into(),
                main_type: (*main_type).into(),
                subtype: (*subtype).into(),
                ..PartFacts::default()
            };
            let choice = self.choose(&facts, mappings);
            let matched = choice.matched.filter(|(number, _)| *number <= index);
            let entry = match matched {
                Some((_, Entry { action: Action::Command(_), .. })) => return None,
                Some((number, _)) => Some(number),
                None => None,
            };
            Some(LeftOut { main_type, subtype, entry, doubts: choice.doubts })
        });
        left_out.collect()
    }
}

/// Whether the channel uses an entry that fits; it passes over the others.
fn is_used(entry: &Entry) -> bool {
    let for_channel = match entry.action {
        Action::Command(_) | Action::Delete | Action::Nothing => true,
        Action::Relabel | Action::Service(_) => false,
    };
    for_channel && entry.qualifiers.iter().any(|(qualifier, _)| *qualifier == Qualifier::Type)
}

/// What an entry asks of a part.
struct Asked<'a> {
    qualifiers: Vec<(Qualifier, Pattern)>,
    parameters: &'a [InParameter],
}

/// What a clause asks for.
enum Pattern {
    Fits(Glob),
    /// A mapping table says what, or that the clause does not count.
    Table,
}

impl<'a> Asked<'a> {
    fn of(entry: &'a Entry) -> Self {
        let pattern = |value: &Value| match value.call_out() {
            Some(_) => Pattern::Table,
            None => Pattern::Fits(Glob::of(value.text.as_bytes())),
        };
        let qualifiers = entry.qualifiers.iter().map(|(qualifier, value)| (*qualifier, pattern(value)));
        Self { qualifiers: qualifiers.collect(), parameters: &entry.in_parameters }
    }

    /// How many of the parts that fit `later` fit this; none if none do.
    fn extent(&self, later: &Self) -> Option<Extent> {
        let mut extent = Extent::All;
        for (qualifier, ours) in &self.qualifiers {
            let theirs = later.qualifiers.iter().filter(|(theirs, _)| theirs == qualifier);
            match asks(*qualifier, ours, theirs.map(|(_, pattern)| pattern)) {
                Asks::Nothing => {}
                Asks::More => extent = Extent::Some,
                Asks::Else => return None,
            }
        }
        if !self.parameters.iter().all(|ours| is_implied(ours, later.parameters)) {
            extent = Extent::Some;
        }
        Some(extent)
    }
}

/// What a clause asks for beyond what other clauses about the same fact do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Nothing,
    More,
    /// Something that no value is that they let through.
    Else,
}

fn asks<'p>(qualifier: Qualifier, ours: &Pattern, theirs: impl Iterator<Item = &'p Pattern>) -> Asks {
    let Pattern::Fits(ours) = ours else { return Asks::More };
    // Even `*` asks for a tag, and parts may have several of them.
    let tags = qualifier == Qualifier::Tag;
    let mut asks = if ours.is_all() && !tags { Asks::Nothing } else { Asks::More };
    for theirs in theirs {
        let Pattern::Fits(theirs) = theirs else { continue };
        if ours.includes(theirs) {
            asks = Asks::Nothing;
        } else if !tags && !ours.meets(theirs) {
            return Asks::Else;
        }
    }
    asks
}

/// Whether a part that has what `theirs` ask for has what `ours` asks for.
fn is_implied(ours: &InParameter, theirs: &[InParameter]) -> bool {
    // Without a name it is not compared.
    let Some(name) = &ours.name else { return true };
    theirs.iter().any(|theirs| {
        let same_name = theirs.name.as_ref().is_some_and(|theirs| is_same(name, theirs));
        let same_default = match (&ours.default, &theirs.default) {
            (Some(ours), Some(theirs)) => is_same(ours, theirs),
            (None, Some(_)) => false,
            // The part has the parameter, so the default does not count.
            (Some(_) | None, None) => true,
        };
        let value = match (&ours.value, &theirs.value) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => {
                let plain = ours.call_out().is_none() && theirs.call_out().is_none();
                plain && Glob::of(ours.text.as_bytes()).includes(&Glob::of(theirs.text.as_bytes()))
            }
        };
        ours.section == theirs.section && same_name && same_default && value
    })
}

/// Whether two values are the same text, whatever the case, and no table is asked.
fn is_same(one: &Value, other: &Value) -> bool {
    one.text.eq_ignore_ascii_case(&other.text) && one.call_out().is_none()
}
