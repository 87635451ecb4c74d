//! The `mappings` file: tables of patterns and templates, probed as the MTA
//! probes them. Cannot fail: what is wrong becomes a fault, and what cannot be
//! emulated is said.
//!
//! Source: Messaging Server 6.3 Administration Guide, 10.3 (form of the file,
//! patterns, templates); 6 2005Q4 Administration Reference, tables 4-14, 4-15.

mod compare;
pub mod coverage;
mod demand;
mod pattern;
mod probe;
pub mod reach;
mod read;
mod route;
mod says;
mod template;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::probe::{Hit, Outcome};
pub use self::route::{CONVERSION_CHANNEL, ConstantAnswer, Route};
#[cfg(any(test, feature = "testing"))]
use super::source::Span;
use super::source::{Lookup, Sources, Word};
use crate::diagnostic::Diagnostic;

/// A line of one of the files that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub path: Arc<str>,
    /// Line, from 1.
    pub line: usize,
}

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first column as it stands.
    pub pattern: Word,
    /// The second column as it stands; empty if there is none.
    pub template: Word,
    /// Where it begins: to find a line by its offset costs a walk over the text.
    pub place: Place,
}

/// A mapping table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name as it stands.
    pub name: Word,
    /// Where its name stands.
    pub place: Place,
    /// Its entries in order.
    pub entries: Vec<Entry>,
}

/// All tables of a mappings file and of the files it includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mappings {
    sources: Sources,
    tables: Vec<Table>,
}

impl Mappings {
    /// Reads `text`. Files that it includes are not read, only listed by
    /// [`Sources::includes`].
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        read::read(path, text, None)
    }

    /// Reads `text` and, in place of each `<file` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        read::read(path, text, Some(lookup))
    }

    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    #[cfg(any(test, feature = "testing"))]
    /// A complaint about bytes of one of the files.
    pub fn complaint(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.sources.complaint(span, message)
    }

    #[cfg(any(test, feature = "testing"))]
    /// The tables in the order of the file.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The first table called `name`, whatever the case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.is(name))
    }

    /// Which way mail from channel `source` to channel `destination` takes.
    ///
    /// `tags` are the conversion tags, separated by commas; give them only if the
    /// MTA option `INCLUDE_CONVERSIONTAG` has bit 1, which puts them into the
    /// probe as `;TAG=` before `;CONVERT` (6.3 release, table of that option).
    pub fn conversion(&self, source: &str, destination: &str, tags: Option<&str>) -> Route {
        route::route(self.table(route::TABLE), source, destination, tags)
    }

    /// The entries of the CONVERSIONS table whose answer is the same for every
    /// message that they fit, in order.
    pub fn constant_answers(&self) -> impl Iterator<Item = ConstantAnswer<'_>> {
        let entries = self.table(route::TABLE).map_or(&[][..], |table| &table.entries);
        entries.iter().filter_map(route::constant)
    }
}

impl Table {
    /// What the table makes of `input`; `None` if no entry fits.
    pub fn probe(&self, input: &str) -> Option<Hit> {
        probe::probe(&self.entries, input)
    }
}
