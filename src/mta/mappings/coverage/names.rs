//! The names of channels, and which of them a piece of a pattern picks. Cannot
//! fail; what takes too long is picked in doubt.

use std::collections::HashMap;

use super::bits::Bits;
use crate::mta::mappings::demand;
use crate::mta::mappings::pattern::{Class, Run, Token};

/// Names in small letters, sorted, and the sets of them that were asked for.
pub(super) struct Names {
    /// Each with its index in the list that was given.
    sorted: Vec<(Vec<char>, usize)>,
    sets: Vec<Bits>,
    /// Sets of names next to each other.
    ranges: HashMap<(usize, usize), usize>,
    /// Sets by the pieces that pick them; none picks nobody.
    pieces: HashMap<Vec<u32>, Option<usize>>,
}

/// Whether exactly these fit, or at most these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picked {
    Exactly(usize),
    AtMost(usize),
}

impl Picked {
    /// The number of the set.
    pub(super) fn set(self) -> usize {
        match self {
            Self::Exactly(set) | Self::AtMost(set) => set,
        }
    }
}

impl Names {
    /// Of those in `names` that can stand in a probe.
    pub(super) fn new(names: &[&str]) -> Self {
        let sound = names.iter().enumerate().filter(|(_, name)| !name.contains(';'));
        let mut sorted: Vec<(Vec<char>, usize)> =
            sound.map(|(i, name)| (name.chars().map(|c| c.to_ascii_lowercase()).collect(), i)).collect();
        sorted.sort_unstable();
        Self { sorted, sets: Vec::new(), ranges: HashMap::new(), pieces: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The index in the list that was given, of each in order.
    pub(super) fn indexes(&self) -> impl Iterator<Item = usize> {
        self.sorted.iter().map(|(_, index)| *index)
    }

    /// The sets picked so far, by their numbers.
    pub(super) fn sets(&self) -> &[Bits] {
        &self.sets
    }

    pub(super) fn all(&mut self) -> usize {
        self.range(0, self.sorted.len())
    }

    /// The set of those that fit `piece`; none if nobody does. Takes from `steps`.
    pub(super) fn pick(&mut self, piece: &[Token], steps: &mut usize) -> Option<Picked> {
        let prefix: Vec<char> = piece.iter().map_while(literal).collect();
        let rest = piece.get(prefix.len()..).unwrap_or_default();
        let from = self.sorted.partition_point(|(name, _)| *name < prefix);
        let behind = self.sorted.get(from..).unwrap_or_default();
        let count = if rest.is_empty() {
            behind.partition_point(|(name, _)| *name == prefix)
        } else {
            behind.partition_point(|(name, _)| name.starts_with(&prefix))
        };
        if count == 0 {
            return None;
        }
        if demand::is_any(rest) {
            return Some(Picked::Exactly(self.range(from, from + count)));
        }
        let code = code(piece);
        if let Some(known) = self.pieces.get(&code) {
            return known.map(Picked::Exactly);
        }
        let Some(fitting) = fitting(behind.get(..count).unwrap_or_default(), prefix.len(), rest, steps)
        else {
            return Some(Picked::AtMost(self.range(from, from + count)));
        };
        let set = (!fitting.is_empty()).then_some(self.sets.len());
        if set.is_some() {
            self.sets.push(Bits::of(fitting.into_iter().map(|i| from + i)));
        }
        self.pieces.insert(code, set);
        set.map(Picked::Exactly)
    }

    fn range(&mut self, from: usize, to: usize) -> usize {
        *self.ranges.entry((from, to)).or_insert_with(|| {
            self.sets.push(Bits::of(from..to));
            self.sets.len() - 1
        })
    }
}

/// Which of `names`, without their first `skip` characters, fit `rest`; none if
/// the steps are used up.
fn fitting(
    names: &[(Vec<char>, usize)],
    skip: usize,
    rest: &[Token],
    steps: &mut usize,
) -> Option<Vec<usize>> {
    let plain = demand::is_plain(rest);
    let mut suffix: Vec<char> = rest.iter().rev().map_while(literal).collect();
    suffix.reverse();
    let mut found = Vec::new();
    for (i, (name, _)) in names.iter().enumerate() {
        *steps = steps.checked_sub(1)?;
        let Some(name) = name.get(skip..).filter(|name| name.ends_with(&suffix)) else { continue };
        let fits = if plain {
            *steps = steps.checked_sub(name.len())?;
            fits_plain(rest, name)
        } else {
            demand::fits(rest, name, steps)?
        };
        if fits {
            found.push(i);
        }
    }
    Some(found)
}

/// Whether `name` fits `tokens` that are [`demand::is_plain`]; like
/// [`crate::mta::wildcard`], whose patterns are bytes.
fn fits_plain(tokens: &[Token], name: &[char]) -> bool {
    let (mut t, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match tokens.get(t) {
            Some(Token::Wild { run: Run::Greedy | Run::Lazy, .. }) => {
                t += 1;
                star = Some((t, n));
                continue;
            }
            Some(Token::Wild { run: Run::One, .. }) => (t, n) = (t + 1, n + 1),
            Some(Token::Literal(wanted)) if wanted.eq_ignore_ascii_case(c) => (t, n) = (t + 1, n + 1),
            Some(Token::Literal(_) | Token::Back(_)) | None => {
                let Some((after, end)) = star else { return false };
                (t, n) = (after, end + 1);
                star = Some((after, n));
            }
        }
    }
    demand::is_any(tokens.get(t..).unwrap_or_default())
}

fn literal(token: &Token) -> Option<char> {
    match token {
        Token::Literal(c) => Some(c.to_ascii_lowercase()),
        Token::Wild { .. } | Token::Back(_) => None,
    }
}

/// The same numbers for the same `tokens`, and for no others: characters, and
/// behind the last of them the wildcards.
fn code(tokens: &[Token]) -> Vec<u32> {
    let wild = |number: u32| u32::from(char::MAX) + number;
    let mut codes = Vec::with_capacity(tokens.len());
    for token in tokens {
        let (class, run) = match token {
            Token::Literal(c) => {
                codes.push(u32::from(c.to_ascii_lowercase()));
                continue;
            }
            Token::Back(_) => (&Class::Any, Run::Greedy),
            Token::Wild { class, run, .. } => (class, *run),
        };
        codes.push(wild(if run == Run::One { 1 } else { 2 }));
        let class = match class {
            Class::Any => wild(3),
            Class::Alphabetic => wild(4),
            Class::Binary => wild(5),
            Class::Decimal => wild(6),
            Class::Hexadecimal => wild(7),
            Class::Octal => wild(8),
            Class::Symbol => wild(9),
            Class::Blank => wild(10),
            Class::Set(ranges) => {
                codes.extend(ranges.iter().flat_map(|(from, to)| [u32::from(*from), u32::from(*to)]));
                wild(11)
            }
        };
        codes.push(class);
    }
    codes
}
