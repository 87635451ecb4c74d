//! The exact probe, asked where the matrix cannot know. Cannot fail; past a bound
//! of work the answer cannot be told.

use std::collections::HashMap;

use super::{Answer, Fit, Way};
use crate::mta::mappings::compare::Match;
use crate::mta::mappings::demand::Tags;
use crate::mta::mappings::pattern::Pattern;
use crate::mta::mappings::says::{self, Kind, Says};
use crate::mta::mappings::{Entry, Table};

/// What the exact probe may cost: a tenth of a second. One that fits costs about
/// ten and one that does not 1, so this is enough for an answer made of the names
/// of seventy channels, and for a back match among two hundred.
const MOST: usize = 60_000;
const FITS: usize = 8;

/// Characters of a pattern and template that cost 1.
const CHARS: usize = 32;

/// Steps of a comparison that cost 1, and most of them; patterns of names need
/// some hundred.
const STEPS_FOR_ONE: usize = 128;
const STEPS: usize = 100_000;

const TOO_MUCH: &str = "it takes too long to try all pairs of channels";

/// Whom the table is asked about.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) table: &'a Table,
    pub(super) sources: &'a [&'a str],
    pub(super) destinations: &'a [&'a str],
    pub(super) tags: Tags<'a>,
}

/// Two channels by their indexes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) source: usize,
    pub(super) destination: usize,
}

/// The number of an answer, and whether later entries may give another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Sure(u32),
    Doubtful(u32),
}

/// The answers so far.
pub(super) struct Probes {
    answers: Vec<Answer>,
    /// Numbers of the answers of which there may be one for each pair.
    numbers: HashMap<Answer, Number>,
    /// What templates that say the same for all say.
    said: HashMap<String, Says>,
    /// The pattern of the entry that was asked last.
    pattern: Option<(usize, Pattern)>,
    spent: usize,
}

impl Default for Probes {
    fn default() -> Self {
        let nothing = Answer { entry: None, says: Says::Nothing };
        Self {
            answers: vec![nothing],
            numbers: HashMap::new(),
            said: HashMap::new(),
            pattern: None,
            spent: 0,
        }
    }
}

impl Probes {
    /// By their numbers; that nothing fits is number 0.
    pub(super) fn into_answers(self) -> Vec<Answer> {
        self.answers
    }

    pub(super) fn are_used_up(&self) -> bool {
        self.spent >= MOST
    }

    /// The answer where nothing more is asked.
    pub(super) fn used_up(&mut self) -> Number {
        self.known(Answer { entry: None, says: Says::CannotTell(TOO_MUCH.to_owned()) })
    }

    /// What an entry says that fits all its pairs and says the same of them, of
    /// which `pair` is one.
    pub(super) fn same(&mut self, ask: &Ask, fit: &Fit, pair: Pair) -> Number {
        let Some(entry) = ask.table.entries.get(fit.entry) else { return self.used_up() };
        let says = match fit.way {
            Way::Never(why) => Some(Says::CannotTell(why.to_owned())),
            Way::Once(Kind::Constant) => self.constant(&entry.template.text),
            Way::Once(_) | Way::Each(_) | Way::Perhaps(_) if self.are_used_up() => None,
            Way::Once(_) | Way::Each(_) | Way::Perhaps(_) => {
                self.spent += FITS + cost(entry);
                ask.alone(entry, pair)
            }
        };
        let Some(says) = says else { return self.used_up() };
        self.add(Answer { entry: Some(fit.entry), says })
    }

    fn constant(&mut self, template: &str) -> Option<Says> {
        if let Some(says) = self.said.get(template) {
            return Some(says.clone());
        }
        let says = says::constant(template)?;
        self.said.insert(template.to_owned(), says.clone());
        Some(says)
    }

    /// What is said of `pair` if the first entry to fit it is this one; none if it
    /// does not fit.
    pub(super) fn each(&mut self, ask: &Ask, fit: &Fit, pair: Pair) -> Option<Number> {
        if self.are_used_up() {
            return Some(self.used_up());
        }
        let entry = ask.table.entries.get(fit.entry)?;
        if !self.may_fit(ask, fit.entry, entry, pair) {
            return None;
        }
        self.spent += FITS + cost(entry);
        let says = ask.alone(entry, pair)?;
        let (Way::Once(kind) | Way::Each(kind) | Way::Perhaps(kind)) = fit.way else { return None };
        let answer = match kind {
            Kind::Constant | Kind::Varying | Kind::Open => Answer { entry: Some(fit.entry), says },
            Kind::GoesOn | Kind::VaryingGoesOn => {
                self.spent += ask.table.entries.iter().map(cost).sum::<usize>();
                ask.in_full(fit.entry, pair)?
            }
        };
        Some(self.known(answer))
    }

    /// Whether the pattern fits. That is the larger half of all exact probes, so
    /// it is compiled once for all pairs.
    fn may_fit(&mut self, ask: &Ask, index: usize, entry: &Entry, pair: Pair) -> bool {
        let same = self.pattern.take().filter(|(of, _)| *of == index);
        let (_, pattern) = same.unwrap_or_else(|| (index, Pattern::compile(&entry.pattern.text)));
        let probe: Vec<char> = ask.probe(pair).unwrap_or_default().chars().collect();
        let mut steps = STEPS;
        let fits = pattern.partial || pattern.compare(&probe, &mut steps) != Match::Differs;
        self.spent += 1 + (STEPS - steps) / STEPS_FOR_ONE;
        self.pattern = Some((index, pattern));
        fits
    }

    fn known(&mut self, answer: Answer) -> Number {
        if let Some(number) = self.numbers.get(&answer) {
            return *number;
        }
        let number = self.add(answer.clone());
        self.numbers.insert(answer, number);
        number
    }

    fn add(&mut self, answer: Answer) -> Number {
        // There are no more answers than cells, of which memory holds fewer.
        let number = u32::try_from(self.answers.len()).unwrap_or_default();
        let doubtful = matches!(answer.says, Says::CannotTell(_));
        self.answers.push(answer);
        if doubtful { Number::Doubtful(number) } else { Number::Sure(number) }
    }
}

/// What the exact probe of an entry may cost. Without back matches it tries a
/// wildcard at each place once, with them it may try all places together.
fn cost(entry: &Entry) -> usize {
    let (pattern, template) = (&entry.pattern.text, &entry.template.text);
    let wildcards = pattern.bytes().filter(|byte| *byte == b'*').count();
    let backtracking = match (wildcards.saturating_sub(2), pattern.contains('$')) {
        (0, _) => 0,
        (_, false) => pattern.len(),
        (many, true) => 1 << (2 * many.min(7)),
    };
    1 + (pattern.len() + template.len()) / CHARS + backtracking
}

impl Ask<'_> {
    /// The tags that are put into the probe.
    fn tags(&self) -> Option<&str> {
        match self.tags {
            Tags::Absent => None,
            Tags::These(tags) => Some(tags),
            // What is asked then fits whatever they are.
            Tags::Any => Some(""),
        }
    }

    fn names(&self, pair: Pair) -> Option<(&str, &str)> {
        Some((self.sources.get(pair.source)?, self.destinations.get(pair.destination)?))
    }

    fn probe(&self, pair: Pair) -> Option<String> {
        let (source, destination) = self.names(pair)?;
        Some(says::probe(source, destination, self.tags()))
    }

    fn alone(&self, entry: &Entry, pair: Pair) -> Option<Says> {
        let (source, destination) = self.names(pair)?;
        says::alone(entry, source, destination, self.tags())
    }

    fn in_full(&self, from: usize, pair: Pair) -> Option<Answer> {
        let (source, destination) = self.names(pair)?;
        let (entry, says) = says::in_full(self.table, from, source, destination, self.tags());
        Some(Answer { entry, says })
    }
}
