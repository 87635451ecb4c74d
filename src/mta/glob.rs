//! Two patterns of `*` and `%` compared: whether a string fits both, and whether
//! one fits all that the other does. Cannot fail; past a bound of work both
//! answer what claims less, "perhaps" and "not that we know".

use std::collections::HashSet;

/// Most elements of a pattern that includes another: one bit of a set for each,
/// and one for the end. The manuals allow patterns of 256 characters, channel
/// names have 32.
const LONGEST: usize = 127;

/// Most steps of one comparison. Patterns of the longest channel names take a few
/// dozen; only one `*` after the other makes many.
const STEPS: usize = 20_000;

/// What stands for a character that no pattern names. It is beyond Unicode.
const OTHER: u32 = u32::MAX;

/// One element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// This character or byte.
    Is(u32),
    /// `%`: any one.
    One,
    /// `*`: any run, an empty one too.
    Run,
}

/// A pattern in its shortest form, letters in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Glob {
    atoms: Box<[Atom]>,
}

impl Glob {
    /// Of these elements.
    pub(super) fn new(atoms: impl IntoIterator<Item = Atom>) -> Self {
        let mut shortest = Vec::new();
        // `*%*` is `%*`: a run goes behind the single characters next to it.
        let mut run = false;
        for atom in atoms {
            match atom {
                Atom::Run => run = true,
                Atom::One => shortest.push(atom),
                Atom::Is(symbol) => {
                    if std::mem::take(&mut run) {
                        shortest.push(Atom::Run);
                    }
                    shortest.push(Atom::Is(lower(symbol)));
                }
            }
        }
        if run {
            shortest.push(Atom::Run);
        }
        Self { atoms: shortest.into() }
    }

    /// Of a pattern as [`super::wildcard::fits`] takes it.
    pub(super) fn of(pattern: &[u8]) -> Self {
        Self::new(pattern.iter().map(|byte| match byte {
            b'*' => Atom::Run,
            b'%' => Atom::One,
            byte => Atom::Is(u32::from(*byte)),
        }))
    }

    /// Its elements.
    pub(super) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Whether everything fits it.
    pub(super) fn is_all(&self) -> bool {
        *self.atoms == [Atom::Run]
    }

    /// Whether some string fits both; "yes" also where that takes too long to tell.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.atoms, &other.atoms);
        if ours.len().saturating_mul(theirs.len()) > STEPS {
            return true;
        }
        // From the end: whether what is left of both has a string in common, for
        // each place in theirs, when ours is at the place below and at this one.
        let mut below = vec![false; theirs.len() + 1];
        for i in (0..=ours.len()).rev() {
            let a = ours.get(i);
            let mut row = vec![false; theirs.len() + 1];
            for j in (0..=theirs.len()).rev() {
                let b = theirs.get(j);
                let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or_default();
                let common = match (a, b) {
                    // A run ends, or takes what stands opposite.
                    (Some(Atom::Run), _) | (_, Some(Atom::Run)) => {
                        (a.is_some() && at(&below, j)) || (b.is_some() && at(&row, j + 1))
                    }
                    (Some(Atom::Is(x)), Some(Atom::Is(y))) => x == y && at(&below, j + 1),
                    (Some(_), Some(_)) => at(&below, j + 1),
                    (None, None) => true,
                    (None, Some(_)) | (Some(_), None) => false,
                };
                if let Some(cell) = row.get_mut(j) {
                    *cell = common;
                }
            }
            below = row;
        }
        below.first().copied().unwrap_or_default()
    }

    /// Whether all that fits `narrow` fits this; "no" also where that takes too
    /// long to tell.
    ///
    /// What `narrow` leaves open is worst for this where it is a character that
    /// no pattern names, so only the lengths of its runs are tried. Patterns that
    /// name every character there is are not expected.
    pub(super) fn includes(&self, narrow: &Self) -> bool {
        if self.is_all() || self == narrow {
            return true;
        }
        let Some(machine) = Machine::of(&self.atoms) else { return false };
        let mut steps = STEPS;
        let mut open = vec![(0, machine.start())];
        let mut seen = HashSet::new();
        while let Some((place, mut states)) = open.pop() {
            let Some(atom) = narrow.atoms.get(place) else {
                if !machine.accepts(states) {
                    return false;
                }
                continue;
            };
            if *atom != Atom::Run {
                let Some(left) = steps.checked_sub(1) else { return false };
                steps = left;
                open.push((place + 1, machine.step(states, *atom)));
                continue;
            }
            // One more character each time, until that changes nothing.
            loop {
                let Some(left) = steps.checked_sub(1) else { return false };
                steps = left;
                if seen.insert((place, states)) {
                    open.push((place + 1, states));
                }
                let longer = machine.step(states, Atom::One);
                if longer == states {
                    break;
                }
                states = longer;
            }
        }
        true
    }
}

/// A set of places in a pattern, a bit for each.
type States = u128;

/// A pattern made to be in many places at once.
struct Machine {
    ones: States,
    runs: States,
    /// Places of each character, in its order.
    symbols: Vec<(u32, States)>,
    end: States,
}

impl Machine {
    /// None if the pattern is too long.
    fn of(atoms: &[Atom]) -> Option<Self> {
        if atoms.len() > LONGEST {
            return None;
        }
        let mut machine = Self { ones: 0, runs: 0, symbols: Vec::new(), end: 1 << atoms.len() };
        for (place, atom) in atoms.iter().enumerate() {
            match atom {
                Atom::Is(symbol) => machine.symbols.push((*symbol, 1 << place)),
                Atom::One => machine.ones |= 1 << place,
                Atom::Run => machine.runs |= 1 << place,
            }
        }
        machine.symbols.sort_unstable();
        machine.symbols.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 |= next.1;
            }
            same
        });
        Some(machine)
    }

    fn start(&self) -> States {
        self.past_runs(1)
    }

    /// A run may end before it began. No two are next to each other.
    fn past_runs(&self, states: States) -> States {
        states | (states & self.runs) << 1
    }

    /// The places behind what `atom` stands for, a single character at its worst.
    fn step(&self, states: States, atom: Atom) -> States {
        let symbol = match atom {
            Atom::Is(symbol) => symbol,
            Atom::One | Atom::Run => OTHER,
        };
        let found = self.symbols.binary_search_by_key(&symbol, |(known, _)| *known);
        let named = found.ok().and_then(|i| self.symbols.get(i)).map_or(0, |(_, places)| *places);
        self.past_runs((states & self.runs) | (states & (self.ones | named)) << 1)
    }

    fn accepts(&self, states: States) -> bool {
        states & self.end != 0
    }
}

/// The symbol of the small letter, for letters of ASCII.
fn lower(symbol: u32) -> u32 {
    u8::try_from(symbol).map_or(symbol, |byte| u32::from(byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mta::wildcard::fits;

    fn glob(text: &str) -> Glob {
        Glob::of(text.as_bytes())
    }

    /// Every string of `letters` up to `longest`.
    fn strings(letters: &[u8], longest: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..longest {
            let to = all.len();
            for i in from..to {
                for letter in letters {
                    let mut longer = all[i].clone();
                    longer.push(*letter);
                    all.push(longer);
                }
            }
            from = to;
        }
        all
    }

    /// All pairs of patterns up to four elements, against all strings that could
    /// tell them apart: `c` is the character that no pattern names.
    #[test]
    fn comparisons_are_those_of_all_short_strings() {
        let patterns = strings(b"ab*%", 4);
        let values = strings(b"abc", 7);
        let fitting: Vec<Vec<u64>> = patterns
            .iter()
            .map(|pattern| {
                let mut words = vec![0_u64; values.len() / 64 + 1];
                for (i, value) in values.iter().enumerate() {
                    words[i / 64] |= u64::from(fits(pattern, value)) << (i % 64);
                }
                words
            })
            .collect();
        let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::of(pattern)).collect();
        for (a, (first, one)) in globs.iter().zip(&fitting).enumerate() {
            for (b, (second, other)) in globs.iter().zip(&fitting).enumerate() {
                let shown = || format!("{} {}", patterns[a].escape_ascii(), patterns[b].escape_ascii());
                let includes = one.iter().zip(other).all(|(one, other)| other & !one == 0);
                assert_eq!(first.includes(second), includes, "{}", shown());
                let meets = one.iter().zip(other).any(|(one, other)| one & other != 0);
                assert_eq!(first.meets(second), meets, "{}", shown());
            }
        }
        assert!(patterns.len() > 300 && values.len() > 3000);
    }

    #[test]
    fn names_of_channels() {
        let table = [
            ("*", "tcp_*", true, true),
            ("tcp_*", "TCP_local", true, true),
            ("tcp_*", "tcp*", false, true),
            ("tcp_local", "tcp_intranet", false, false),
            ("*_local", "tcp_*", false, true),
            ("*c*_*", "tcp_*", true, true),
            ("%*", "*x*", true, true),
            ("ims-*", "tcp_*", false, false),
            ("", "", true, true),
            ("", "*", false, true),
        ];
        for (first, second, includes, meets) in table {
            assert_eq!(glob(first).includes(&glob(second)), includes, "{first} {second}");
            assert_eq!(glob(first).meets(&glob(second)), meets, "{first} {second}");
            assert_eq!(glob(second).meets(&glob(first)), meets, "{first} {second}");
        }
    }

    #[test]
    fn what_is_too_long_to_compare_is_in_doubt() {
        let long = "a*".repeat(100);
        assert!(!glob(&long).includes(&glob(&(long.clone() + "b*a"))));
        assert!(glob(&long).includes(&glob(&long)));
        assert!(glob("*").includes(&glob(&long)));
        assert!(glob(&long).meets(&glob(&"b".repeat(1000))));
        let runs = "*%%a%%".repeat(20);
        assert!(!glob(&runs).includes(&glob(&"*%".repeat(5_000))));
    }
}
