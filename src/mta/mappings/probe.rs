//! Probes a table: entries in order, the first that fits, and round again where
//! its template says so. Cannot fail; what cannot be emulated is an outcome.
//!
//! 6.3 Administration Guide, 10.3.2.

use super::compare::Match;
use super::pattern::Pattern;
use super::template::{self, Expansion, Flow};
use super::{Entry, Place};

/// How often a probe may begin again at the top. The manual gives no number;
/// real tables need one or two, and a table that needs more is going round.
const TURNS: usize = 10;

/// Steps for all comparisons of a probe, so that patterns made to backtrack end.
const STEPS: usize = 10_000_000;

/// What a probe came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer.
    Answer(String),
    /// Only the MTA itself can tell; why.
    CannotTell(String),
}

/// The entry that decided, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where that entry stands; with `$C`, `$L` and `$R` the last that fitted.
    pub place: Place,
    /// Its answer.
    pub outcome: Outcome,
    /// Letters set by the templates (`$Y`, `$N`, ...), in upper case.
    pub flags: Vec<char>,
}

/// A probe in full.
pub(super) struct Scan {
    pub(super) hit: Option<Hit>,
    /// Entries that did not fit, in the order in which they were tried.
    pub(super) tried: Vec<usize>,
}

pub(super) fn probe(entries: &[Entry], input: &str) -> Option<Hit> {
    scan(entries, input).hit
}

pub(super) fn scan(entries: &[Entry], input: &str) -> Scan {
    let mut scan = Scan { hit: None, tried: Vec::new() };
    let mut text: Vec<char> = input.chars().collect();
    let (mut i, mut turns, mut steps) = (0, 0, STEPS);
    // Whether `$L` asks for one more pass.
    let mut again = false;
    while let Some(entry) = entries.get(i) {
        let flow = match answer(entry, &text, &mut steps) {
            Ok(None) => {
                scan.tried.push(i);
                Flow::Next
            }
            Ok(Some(expansion)) => {
                text = expansion.text.chars().collect();
                scan.fits(entry, expansion)
            }
            Err(why) => scan.cannot_tell(entry, why),
        };
        again |= flow == Flow::Again;
        let round = flow == Flow::Restart || (again && flow != Flow::Exit && i + 1 == entries.len());
        if round {
            (i, again) = (0, again && flow == Flow::Restart);
            turns += 1;
        } else if flow == Flow::Exit {
            return scan;
        } else {
            i += 1;
        }
        if turns > TURNS {
            scan.cannot_tell(entry, format!("the table goes round more than {TURNS} times"));
            return scan;
        }
    }
    scan
}

impl Scan {
    fn fits(&mut self, entry: &Entry, expansion: Expansion) -> Flow {
        let mut flags = self.hit.take().map_or(Vec::new(), |hit| hit.flags);
        for flag in expansion.flags {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        self.hit = Some(Hit { place: entry.place.clone(), outcome: Outcome::Answer(expansion.text), flags });
        expansion.flow
    }

    fn cannot_tell(&mut self, entry: &Entry, why: String) -> Flow {
        let flags = self.hit.take().map_or(Vec::new(), |hit| hit.flags);
        self.hit = Some(Hit { place: entry.place.clone(), outcome: Outcome::CannotTell(why), flags });
        Flow::Exit
    }
}

/// What `entry` answers, if it fits; or why that cannot be told.
fn answer(entry: &Entry, input: &[char], steps: &mut usize) -> Result<Option<Expansion>, String> {
    let pattern = Pattern::compile(&entry.pattern.text);
    match pattern.compare(input, steps) {
        // Whether a glob for addresses is numbered for back matches is not known.
        Match::Differs if !(pattern.partial && pattern.back) => Ok(None),
        Match::TooLong => Err("the patterns take too many steps".to_owned()),
        Match::Fits(_) | Match::Differs if pattern.partial => {
            Err("the pattern compares IP addresses".to_owned())
        }
        Match::Differs => Ok(None),
        Match::Fits(saved) => template::expand(&entry.template.text, input, &saved)
            .map(Some)
            .map_err(|what| format!("the template {what}")),
    }
}
