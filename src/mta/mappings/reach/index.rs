//! Earlier entries, found by what a later one asks for. Cannot fail; past a bound
//! of work nothing is found.
//!
//! All that fits a pattern begins with what stands before its first wildcard. So
//! a pattern that includes another begins with a part of the other's beginning,
//! and a pattern without wildcards includes only itself. Entries are kept by
//! these beginnings; as tables use few lengths of them, few places are looked at.

use std::collections::{BTreeMap, HashMap};

use super::Ask;
use crate::mta::glob::{Atom, Glob};

/// Comparisons of two entries: a tenth of a second of them. An entry is compared
/// with the earlier ones that begin alike, of which there are few.
const COMPARED: usize = 200_000;

/// Places looked at: a tenth of a second of them, a hundred for each of fifty
/// thousand entries.
const LOOKED_AT: usize = 5_000_000;

/// What is known of a pattern at a glance: how many characters stand before its
/// first wildcard, and whether there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Beginning {
    Whole,
    Part(usize),
}

/// Beginnings of source and destination.
type Shape = (Beginning, Beginning);

/// Entries that hide what they include.
#[derive(Default)]
pub(super) struct Index {
    /// In the order of the table.
    kept: Vec<Kept>,
    /// The place of the last entry of each shape and hash of both beginnings.
    last: BTreeMap<Shape, HashMap<u64, usize>>,
    compared: usize,
    looked_at: usize,
}

struct Kept {
    entry: usize,
    ask: Ask,
    /// The place of the one before with the same shape and hash.
    before: Option<usize>,
}

impl Index {
    pub(super) fn add(&mut self, entry: usize, ask: Ask) {
        let (source, destination) = (Hashes::of(&ask.source), Hashes::of(&ask.destination));
        let shape = (source.beginning(), destination.beginning());
        let Some(key) = key(&source, &destination, shape) else { return };
        let before = self.last.entry(shape).or_default().insert(key, self.kept.len());
        self.kept.push(Kept { entry, ask, before });
    }

    /// The first entry that includes all of `ways`.
    pub(super) fn first_over(&mut self, ways: &[Ask]) -> Option<usize> {
        let mut over: Option<Vec<usize>> = None;
        for way in ways {
            let mut found = self.over(way);
            if let Some(earlier) = over {
                found.retain(|entry| earlier.contains(entry));
            }
            if found.is_empty() {
                return None;
            }
            over = Some(found);
        }
        over?.into_iter().min()
    }

    /// The entries of which one way includes `way`.
    fn over(&mut self, way: &Ask) -> Vec<usize> {
        let (source, destination) = (Hashes::of(&way.source), Hashes::of(&way.destination));
        let mut found = Vec::new();
        for (shape, places) in &self.last {
            self.looked_at += 1;
            let key = key(&source, &destination, *shape);
            let mut place = key.and_then(|key| places.get(&key));
            while let Some(kept) = place.and_then(|place| self.kept.get(*place)) {
                self.compared += 1;
                if self.compared > COMPARED || self.looked_at > LOOKED_AT {
                    return Vec::new();
                }
                if kept.ask.includes(way) {
                    found.push(kept.entry);
                }
                place = kept.before.as_ref();
            }
        }
        found
    }
}

/// A hash of every beginning of a pattern, from the empty one on.
struct Hashes {
    beginnings: Vec<u64>,
    whole: bool,
}

impl Hashes {
    fn of(glob: &Glob) -> Self {
        // FNV-1a. Two beginnings with one hash cost a comparison, no more.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut beginnings = vec![hash];
        for atom in glob.atoms() {
            let Atom::Is(symbol) = atom else { break };
            hash = (hash ^ u64::from(*symbol)).wrapping_mul(0x0100_0000_01b3);
            beginnings.push(hash);
        }
        let whole = beginnings.len() > glob.atoms().len();
        Self { beginnings, whole }
    }

    fn beginning(&self) -> Beginning {
        if self.whole { Beginning::Whole } else { Beginning::Part(self.beginnings.len() - 1) }
    }

    /// The hash of a beginning, if there is one.
    fn hash(&self, beginning: Beginning) -> Option<u64> {
        match beginning {
            Beginning::Whole => self.beginnings.last().filter(|_| self.whole).copied(),
            Beginning::Part(length) => self.beginnings.get(length).copied(),
        }
    }
}

/// Where entries of `shape` are kept that begin like these.
fn key(source: &Hashes, destination: &Hashes, shape: Shape) -> Option<u64> {
    let (source, destination) = (source.hash(shape.0)?, destination.hash(shape.1)?);
    Some(source.rotate_left(32) ^ destination)
}
