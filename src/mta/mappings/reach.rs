//! Entries of the CONVERSIONS table that never decide, whatever the channels: an
//! earlier one fits all that they fit, or no probe fits them. Cannot fail; what is
//! in doubt or takes too long is not claimed.
//!
//! One pattern includes another if it asks no more of each name in the probe
//! ([`super::demand`]). An entry that goes on with the next ones hides nothing,
//! and below one that rewrites what is asked nothing is claimed.

mod index;

#[cfg(test)]
mod tests;

use self::index::Index;
pub use super::demand::Tags;
use super::demand::{self, Demand, demands};
use super::pattern::{Pattern, Token};
use super::says::{self, Kind, Onward, Says};
use super::{Entry, Table};
use crate::mta::glob::Glob;

/// An entry that never decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// The entry, by its index in the table.
    pub entry: usize,
    /// Why.
    pub cause: Cause,
}

/// Why an entry never decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its pattern fits nothing that the table is asked.
    FitsNothing,
    /// An earlier entry fits all that it fits.
    Hidden {
        /// That entry, the first if there are several.
        by: usize,
        /// What that does to mail.
        harm: Harm,
    },
}

/// What becomes of mail that a hidden entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It says `No`, and comes too late: the earlier one says `Yes`.
    LateNo,
    /// It says `Yes`, and comes too late: the earlier one says `No`.
    LateYes,
    /// Both say the same.
    Nothing,
    /// They say something else, such as another channel, or it cannot be told.
    Other,
}

/// The entries of `table` that never decide. Of `tags` it only matters whether
/// they stand in the probe.
pub fn unreached(table: &Table, tags: Tags) -> Vec<Unreached> {
    let tags = match tags {
        Tags::Absent => Tags::Absent,
        Tags::These(_) | Tags::Any => Tags::Any,
    };
    let mut index = Index::default();
    let mut found = Vec::new();
    for (number, entry) in table.entries.iter().enumerate() {
        let pattern = Pattern::compile(&entry.pattern.text);
        let ways = ways(&pattern, tags);
        let cause = match &ways {
            Some(ways) if ways.is_empty() => Some(Cause::FitsNothing),
            Some(ways) => {
                index.first_over(ways).map(|by| Cause::Hidden { by, harm: harm(table, by, number) })
            }
            None => None,
        };
        if let Some(cause) = cause {
            found.push(Unreached { entry: number, cause });
            continue;
        }
        match says::onward(&entry.template.text) {
            Onward::Nowhere => {}
            // What it makes is asked of the entries below, and if one of those
            // begins again, of all.
            Onward::Down if begins_again(table, number) => return Vec::new(),
            Onward::Down => break,
            // And of those above.
            Onward::Round => return Vec::new(),
        }
        if hides(&pattern, entry) {
            ways.into_iter().flatten().filter(|way| way.exact).for_each(|way| index.add(number, way));
        }
    }
    found
}

/// Whether an entry below the one of this `index` may ask the table from the top.
fn begins_again(table: &Table, index: usize) -> bool {
    let below = table.entries.iter().skip(index + 1);
    below.map(|entry| says::onward(&entry.template.text)).any(|onward| onward == Onward::Round)
}

/// What a pattern asks of the names in one way to fit.
#[derive(Debug)]
struct Ask {
    source: Glob,
    destination: Glob,
    /// None if tags do not stand in the probe.
    tags: Option<Glob>,
    /// It asks for no more than that.
    exact: bool,
}

impl Ask {
    fn includes(&self, narrow: &Self) -> bool {
        let tags = match (&self.tags, &narrow.tags) {
            (Some(ours), Some(theirs)) => ours.includes(theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        tags && self.destination.includes(&narrow.destination) && self.source.includes(&narrow.source)
    }
}

/// All ways to fit; none if they are too many.
fn ways(pattern: &Pattern, tags: Tags) -> Option<Vec<Ask>> {
    // Only ruled out or not, by a rule that is not known.
    if pattern.partial && pattern.back {
        return None;
    }
    let demands = demands(&pattern.tokens, tags).ok()?;
    Some(demands.into_iter().map(|demand| ask(&pattern.tokens, demand)).collect())
}

fn ask(tokens: &[Token], demand: Demand) -> Ask {
    let piece = |range| tokens.get(range).unwrap_or_default();
    let (source, destination) = (piece(demand.source), piece(demand.destination));
    let tags = demand.tags.map(piece);
    let exact = [Some(source), Some(destination), tags].into_iter().flatten().all(demand::is_plain);
    Ask {
        source: demand::widened(source),
        destination: demand::widened(destination),
        tags: tags.map(demand::widened),
        exact,
    }
}

/// Whether nothing gets past an entry that it fits.
fn hides(pattern: &Pattern, entry: &Entry) -> bool {
    let last = match says::kind(&entry.template.text) {
        Kind::Constant | Kind::Varying => true,
        Kind::GoesOn | Kind::VaryingGoesOn | Kind::Open => false,
    };
    // A back match may ask for more than is known here, addresses do.
    last && !pattern.partial && !pattern.back
}

fn harm(table: &Table, by: usize, hidden: usize) -> Harm {
    let says = |index: usize| table.entries.get(index).and_then(|entry| says::constant(&entry.template.text));
    match (says(by), says(hidden)) {
        (Some(Says::Convert { .. }), Some(Says::Straight)) => Harm::LateNo,
        (Some(Says::Straight), Some(Says::Convert { .. })) => Harm::LateYes,
        (Some(by), Some(hidden)) if by == hidden && !matches!(by, Says::CannotTell(_)) => Harm::Nothing,
        (Some(_) | None, Some(_) | None) => Harm::Other,
    }
}
