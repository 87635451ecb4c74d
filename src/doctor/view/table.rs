//! The CONVERSIONS table of either kind of server, and which channel's traffic it
//! sends round. Cannot fail.

use crate::doctor::at::{At, Mend};
use crate::doctor::setup::Setup;
use crate::mta::mappings::coverage::{Coverage, Tags};
use crate::mta::mappings::{CONVERSION_CHANNEL, Entry, Table};
use crate::mta::unified::Unified;

/// Name of the table.
const NAME: &str = "CONVERSIONS";

/// Bit of INCLUDE_CONVERSIONTAG that puts tags into the probe (MS Technical
/// Reference, "CONVERSIONS mapping table").
const IN_PROBE: i64 = 2;

/// The table.
#[derive(Clone, Debug)]
pub struct ConversionsTable<'s> {
    /// As it was read.
    pub table: &'s Table,
    setup: &'s Setup,
}

impl Setup {
    /// The CONVERSIONS table, if there is one.
    pub fn table(&self) -> Option<ConversionsTable<'_>> {
        let table = self.mappings.as_ref()?.table(NAME)?;
        Some(ConversionsTable { table, setup: self })
    }

    /// Whether conversion tags may stand in what the table is asked.
    pub fn has_tags(&self) -> bool {
        let option = self.option("INCLUDE_CONVERSIONTAG").and_then(|option| option.number());
        option.is_some_and(|bits| bits & IN_PROBE != 0)
    }
}

impl<'s> ConversionsTable<'s> {
    /// An entry with its index.
    pub fn entry(&self, index: usize) -> Option<&'s Entry> {
        self.table.entries.get(index)
    }

    /// Where an entry stands.
    pub fn at(&self, index: usize) -> Option<At<'s>> {
        let entry = self.entry(index)?;
        match &self.setup.unified {
            Some(unified) => rule(unified, index),
            None => {
                let sources = self.setup.mappings.as_ref()?.sources();
                Some(At::of(sources, entry.pattern.span.through(entry.template.span)))
            }
        }
    }

    /// Where its name stands.
    pub fn name_at(&self) -> Option<At<'s>> {
        match &self.setup.unified {
            Some(unified) => rule(unified, 0),
            None => Some(At::of(self.setup.mappings.as_ref()?.sources(), self.table.name.span)),
        }
    }

    /// What puts `lines` in front of an entry, or behind all.
    pub fn insert(&self, index: Option<usize>, lines: &[String]) -> Option<Mend> {
        if self.setup.is_unified() {
            return Some(msconfig(lines));
        }
        let text = lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n");
        let last = self.table.entries.len().checked_sub(1);
        Some(Mend::Edit(match (index, last) {
            (Some(index), _) => self.at(index)?.above(&text),
            (None, Some(last)) => self.at(last)?.below(&text),
            (None, None) => self.name_at()?.below(&format!("\n{text}")),
        }))
    }

    /// The index of an entry of this table.
    pub fn index_of(&self, entry: &Entry) -> Option<usize> {
        self.table.entries.iter().position(|own| std::ptr::eq(own, entry))
    }

    /// The line that an entry stands in; in config.xml, that of its rule.
    pub fn line(&self, index: usize) -> Option<usize> {
        match &self.setup.unified {
            Some(_) => Some(self.at(index)?.line()),
            None => Some(self.entry(index)?.place.line),
        }
    }

    /// The conversion channel that other mail from this source goes through, if it is
    /// not the usual one.
    pub fn channel_from(&self, source: &str) -> Option<String> {
        let mappings = self.setup.mappings.as_ref()?;
        let is_named = |entry: &Entry| {
            let pattern = entry.pattern.text.to_ascii_lowercase();
            pattern.starts_with(&format!("in-chan={};", source.to_ascii_lowercase()))
        };
        let mut answers =
            mappings.constant_answers().filter(|answer| answer.convert && is_named(answer.entry));
        answers
            .next()
            .map(|answer| answer.channel)
            .filter(|channel| !channel.eq_ignore_ascii_case(CONVERSION_CHANNEL))
    }

    /// What the pattern asks of the source and of the destination, if it is of the
    /// usual shape.
    pub fn globs(&self, index: usize) -> Option<(&'s str, &'s str)> {
        let pattern = &self.entry(index)?.pattern.text;
        let (source, rest) = pattern.strip_prefix("IN-CHAN=")?.split_once(";OUT-CHAN=")?;
        Some((source, rest.split_once(';')?.0))
    }

    /// The tags that may stand in what the table is asked.
    pub fn tags(&self) -> Tags<'static> {
        if self.setup.has_tags() { Tags::Any } else { Tags::Absent }
    }

    /// What the table says for mail between all channels that has no tags.
    pub fn coverage(&self, sources: &[&str], destinations: &[&str]) -> Coverage {
        Coverage::new(self.table, sources, destinations, Tags::Absent)
    }
}

/// The `index`-th rule of the table in config.xml.
fn rule(unified: &Unified, index: usize) -> Option<At<'_>> {
    let tables = unified.mappings();
    let table = tables.iter().find(|table| table.name.eq_ignore_ascii_case(NAME))?;
    let rule = table.rules.get(index).or(table.rules.first())?;
    Some(At::new(&unified.path, &unified.text, rule.node.span.clone()))
}

fn msconfig(lines: &[String]) -> Mend {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    Mend::Write(format!("msconfig edit mappings\n{NAME}\n\n{}", lines.join("\n")))
}
