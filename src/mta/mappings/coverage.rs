//! Which traffic makes the detour: what the CONVERSIONS table says for every pair
//! of channels at once. Cannot fail; what would take too long cannot be told.
//!
//! The answers are those of [`super::Mappings::conversion`]. Patterns fall apart
//! into what they ask of the source and of the destination ([`super::demand`]);
//! each is asked once of all names. Channels that no pattern tells apart are one
//! row or column of a matrix, which the entries fill in their order. Only where
//! an answer depends on more than that is the exact probe asked, pair by pair.

mod ask;
mod bits;
mod classes;
mod matrix;
mod names;
mod side;

#[cfg(test)]
pub(super) mod tests;

use self::ask::Ask;
use self::names::{Names, Picked};
use self::side::Side;
pub use super::demand::Tags;
use super::demand::{TooMany, demands, is_all};
use super::pattern::Pattern;
pub use super::says::Says;
use super::says::{self, Kind};
use super::{Entry, Table};

/// Characters of names that are compared with patterns: a tenth of a second of
/// them. Names are sorted, so only wildcards before the end of a name need any.
const COMPARED: usize = 15_000_000;

const TOO_LONG: &str = "it takes too long to compare all names with the pattern";
const TAGGED: &str = "it depends on the conversion tags";

/// What the table says for one pair of channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The entry that decides, by its index in the table.
    pub entry: Option<usize>,
    /// What it says.
    pub says: Says,
}

/// What the table says for all pairs.
#[derive(Debug)]
pub struct Coverage {
    /// The row of each source; none if it can stand in no probe.
    rows: Vec<Option<usize>>,
    columns: Vec<Option<usize>>,
    /// The number of an answer for each row and column.
    cells: Vec<Vec<u32>>,
    answers: Vec<Answer>,
    unsound: Answer,
}

impl Coverage {
    /// Asks `table` about mail from each of `sources` to each of `destinations`.
    pub fn new<S: AsRef<str>, D: AsRef<str>>(
        table: &Table,
        sources: &[S],
        destinations: &[D],
        tags: Tags,
    ) -> Self {
        let sources: Vec<&str> = sources.iter().map(AsRef::as_ref).collect();
        let destinations: Vec<&str> = destinations.iter().map(AsRef::as_ref).collect();
        survey(table, &sources, &destinations, tags)
    }

    /// What the table says for mail from the source to the destination of these
    /// indexes in the lists; none if there are no such.
    pub fn answer(&self, source: usize, destination: usize) -> Option<&Answer> {
        let (row, column) = (self.rows.get(source)?, self.columns.get(destination)?);
        let (Some(row), Some(column)) = (row, column) else { return Some(&self.unsound) };
        let number = self.cells.get(*row)?.get(*column)?;
        self.answers.get(usize::try_from(*number).ok()?)
    }
}

/// How the exact answer for a pair is found where an entry fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As for any other pair.
    Once(Kind),
    /// By asking for the pair itself.
    Each(Kind),
    /// The same, and it is not known whether the entry fits at all.
    Perhaps(Kind),
    /// Not at all; why.
    Never(&'static str),
}

/// An entry fits what comes from one set of sources to one set of destinations.
#[derive(Clone, Copy, Debug)]
struct Fit {
    entry: usize,
    sources: usize,
    destinations: usize,
    way: Way,
}

fn survey(table: &Table, sources: &[&str], destinations: &[&str], tags: Tags) -> Coverage {
    let mut from = Names::new(sources);
    let mut to = Names::new(destinations);
    let mut steps = COMPARED;
    let mut fits = Vec::new();
    for (index, entry) in table.entries.iter().enumerate() {
        fits_of((index, entry), tags, (&mut from, &mut to), &mut steps, &mut fits);
    }
    let rows = Side::new(&from, &fits, |fit| fit.sources);
    let columns = Side::new(&to, &fits, |fit| fit.destinations);
    let filled = matrix::filled(Ask { table, sources, destinations, tags }, &rows, &columns, &fits);
    Coverage {
        rows: places(sources.len(), &from, &rows),
        columns: places(destinations.len(), &to, &columns),
        cells: filled.cells,
        answers: filled.answers,
        unsound: Answer { entry: None, says: Says::CannotTell("the channel's name has a `;`".to_owned()) },
    }
}

/// The class of each name in the list that was given.
fn places(count: usize, names: &Names, side: &Side) -> Vec<Option<usize>> {
    let mut places = vec![None; count];
    for (index, class) in names.indexes().zip(&side.of) {
        if let Some(place) = places.get_mut(index) {
            *place = Some(*class);
        }
    }
    places
}

/// Adds what `entry` fits.
fn fits_of(
    (index, entry): (usize, &Entry),
    tags: Tags,
    (from, to): (&mut Names, &mut Names),
    steps: &mut usize,
    fits: &mut Vec<Fit>,
) {
    let pattern = Pattern::compile(&entry.pattern.text);
    let kind = if pattern.partial { Kind::Open } else { says::kind(&entry.template.text) };
    let found = if pattern.partial && pattern.back {
        // Whatever the probe, it cannot be told whether this one fits.
        Err(Way::Once(Kind::Open))
    } else {
        demands(&pattern.tokens, tags).map_err(|TooMany| pair_by_pair(kind, tags))
    };
    let demands = match found {
        Ok(demands) => demands,
        Err(way) => {
            fits.push(Fit { entry: index, sources: from.all(), destinations: to.all(), way });
            return;
        }
    };
    for demand in demands {
        let piece = |range| pattern.tokens.get(range).unwrap_or_default();
        let Some(sources) = from.pick(piece(demand.source), steps) else { continue };
        let Some(destinations) = to.pick(piece(demand.destination), steps) else { continue };
        let way = match (sources, destinations) {
            (Picked::AtMost(_), _) | (_, Picked::AtMost(_)) => Way::Never(TOO_LONG),
            (Picked::Exactly(_), Picked::Exactly(_))
                if demand.tags.is_some_and(|tags| !is_all(piece(tags))) =>
            {
                Way::Never(TAGGED)
            }
            (Picked::Exactly(_), Picked::Exactly(_)) if pattern.back => pair_by_pair(kind, tags),
            (Picked::Exactly(_), Picked::Exactly(_)) => way(kind, tags),
        };
        let (sources, destinations) = (sources.set(), destinations.set());
        fits.push(Fit { entry: index, sources, destinations, way });
    }
}

/// How the answer is found where the entry fits.
fn way(kind: Kind, tags: Tags) -> Way {
    match (kind, tags) {
        (Kind::Constant | Kind::GoesOn | Kind::Open, _) => Way::Once(kind),
        (Kind::Varying | Kind::VaryingGoesOn, Tags::Any) => Way::Never(TAGGED),
        (Kind::Varying | Kind::VaryingGoesOn, Tags::Absent | Tags::These(_)) => Way::Each(kind),
    }
}

/// How it is found where the entry may fit or not.
fn pair_by_pair(kind: Kind, tags: Tags) -> Way {
    match tags {
        Tags::Any => Way::Never(TAGGED),
        Tags::Absent | Tags::These(_) => Way::Perhaps(kind),
    }
}
