//! What one entry of the CONVERSIONS table says, by the exact probe. Cannot fail.

use super::probe::{self, Outcome};
use super::template::{self, Flow};
use super::{Entry, Table, route};

/// What the table says about mail between two channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Says {
    /// It makes the detour.
    Convert {
        /// Through this channel.
        channel: String,
        /// Charsets are converted on the way into it.
        preprocess: bool,
    },
    /// It goes straight on.
    Straight,
    /// No entry fits, so it goes straight on.
    Nothing,
    /// Only the MTA itself can tell; why.
    CannotTell(String),
}

/// What kind of answer a template gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The same for whatever fits, and it is the last word.
    Constant,
    /// One made of what the wildcards stand for; the last word.
    Varying,
    /// The same for whatever fits, but the table goes on with it.
    GoesOn,
    /// One made of what the wildcards stand for, and the table goes on with it.
    VaryingGoesOn,
    /// It cannot be told. If it comes from outside the file and there is none, the
    /// MTA goes on as if the pattern did not fit.
    Open,
}

/// What kind `template` is.
pub(super) fn kind(template: &str) -> Kind {
    if !template.contains('$') {
        return Kind::Constant;
    }
    let Ok(bare) = template::expand(template, &[], &[]) else { return Kind::Open };
    let saved = std::array::from_fn::<_, 10, _>(|_| 0..1);
    let varies = template::expand(template, &['x'], &saved).map_or(true, |filled| filled.text != bare.text);
    match (bare.flow, varies) {
        (Flow::Exit, false) => Kind::Constant,
        (Flow::Exit, true) => Kind::Varying,
        (Flow::Next | Flow::Again | Flow::Restart, false) => Kind::GoesOn,
        (Flow::Next | Flow::Again | Flow::Restart, true) => Kind::VaryingGoesOn,
    }
}

/// Whether the table may go on with what `template` gives, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Onward {
    Nowhere,
    /// With the entries below.
    Down,
    /// From the top.
    Round,
}

/// Where `template` may send its answer, by the letters alone, so that it is
/// known of one that cannot be told as well.
pub(super) fn onward(template: &str) -> Onward {
    let letters = template.bytes().zip(template.bytes().skip(1)).filter(|(dollar, _)| *dollar == b'$');
    let onward = letters.map(|(_, letter)| match letter {
        b'R' | b'r' | b'L' | b'l' => Onward::Round,
        b'C' | b'c' => Onward::Down,
        _ => Onward::Nowhere,
    });
    onward.max().unwrap_or(Onward::Nowhere)
}

/// What the table is asked.
pub(super) fn probe(source: &str, destination: &str, tags: Option<&str>) -> String {
    route::route(None, source, destination, tags).probe
}

/// What `entry` says as if it stood alone; none if it does not fit.
pub(super) fn alone(entry: &Entry, source: &str, destination: &str, tags: Option<&str>) -> Option<Says> {
    let mut route = route::route(None, source, destination, tags);
    let hit = probe::scan(std::slice::from_ref(entry), &route.probe).hit?;
    Some(match hit.outcome {
        Outcome::CannotTell(why) => Says::CannotTell(why),
        Outcome::Answer(text) => {
            route.obey(&text);
            of(route)
        }
    })
}

/// What a template says that says the same for all and is the last word.
pub(super) fn constant(template: &str) -> Option<Says> {
    let text = template::constant(template)?;
    let mut route = route::route(None, "", "", None);
    route.obey(&text);
    Some(of(route))
}

/// What a whole table says, and the entry that said it. Of the entries that stand
/// in the same line of a file that is included twice, that is the first from
/// `from` on.
pub(super) fn in_full(
    table: &Table,
    from: usize,
    source: &str,
    destination: &str,
    tags: Option<&str>,
) -> (Option<usize>, Says) {
    let route = route::route(Some(table), source, destination, tags);
    let index = route.matched.as_ref().and_then(|place| {
        let here = |entry: &Entry| entry.place == *place;
        let below = table.entries.get(from..).unwrap_or_default().iter().position(here);
        below.map(|i| from + i).or_else(|| table.entries.iter().position(here))
    });
    let says = if route.matched.is_some() { of(route) } else { Says::Nothing };
    (index, says)
}

fn of(route: route::Route) -> Says {
    if let Some(why) = route.doubt {
        Says::CannotTell(why)
    } else if route.convert {
        Says::Convert { channel: route.channel, preprocess: route.preprocess }
    } else {
        Says::Straight
    }
}
