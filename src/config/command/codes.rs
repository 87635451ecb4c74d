//! What a scanner's exit codes mean: lists of codes and masks of bits.

use crate::config::key;
use crate::config::table::Table;

/// What an exit code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Scanned, nothing found.
    Clean,
    /// Something was found.
    Infected,
    /// Something was found and all of it was removed.
    Cleaned,
    /// Something was found and removing it failed.
    NotCleaned,
    /// Not looked into.
    Unscannable,
    /// Not looked into, for it is encrypted.
    Encrypted,
    /// Scanned, but not all of it: a line says of which file and why. Without
    /// one the scanner failed.
    Incomplete,
    /// The scanner failed.
    Error,
}

impl Meaning {
    /// Every meaning with its name in the configuration.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Clean, "clean"),
        (Self::Infected, "infected"),
        (Self::Cleaned, "cleaned"),
        (Self::NotCleaned, "not-cleaned"),
        (Self::Unscannable, "unscannable"),
        (Self::Encrypted, "encrypted"),
        (Self::Incomplete, "incomplete"),
        (Self::Error, "error"),
    ];

    /// The meanings of masks, the strongest first. No bit means clean: that is
    /// having none.
    const OF_MASKS: [Self; 7] = [
        Self::Infected,
        Self::Error,
        Self::NotCleaned,
        Self::Incomplete,
        Self::Unscannable,
        Self::Encrypted,
        Self::Cleaned,
    ];
}

/// Lists and masks of a known scanner.
pub(super) type Known = (&'static [(Meaning, &'static [u8])], &'static [(Meaning, u8)]);

/// What the exit codes of one scanner mean. A code is in one list at most.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    lists: Vec<(Meaning, Vec<u8>)>,
    masks: Vec<(Meaning, u8)>,
}

impl Codes {
    /// The meaning of `code`; `None` when the scanner's documentation, as far
    /// as it was configured, does not know it.
    pub fn meaning(&self, code: u8) -> Option<Meaning> {
        if let Some((meaning, _)) = self.lists.iter().find(|(_, list)| list.contains(&code)) {
            return Some(*meaning);
        }
        if self.masks.is_empty() {
            return None;
        }
        if code == 0 {
            return Some(Meaning::Clean);
        }
        let mask_of =
            |wanted| self.masks.iter().find(|(meaning, _)| *meaning == wanted).map_or(0, |(_, mask)| *mask);
        let known = self.masks.iter().fold(0, |known, (_, mask)| known | mask);
        if code & mask_of(Meaning::Infected) == 0 && code & !known != 0 {
            return None;
        }
        Meaning::OF_MASKS.into_iter().find(|meaning| code & mask_of(*meaning) != 0)
    }

    /// Whether no code means clean.
    pub(super) fn clean_is_unknown(&self) -> bool {
        (0..=u8::MAX).all(|code| self.meaning(code) != Some(Meaning::Clean))
    }

    /// Reads `codes` and `masks`; a code that is given in one list leaves the
    /// preset's others.
    pub(super) fn read(table: &Table<'_, '_>, (known_lists, known_masks): Known) -> Option<Self> {
        let mut lists: Vec<(Meaning, Vec<u8>)> = Vec::new();
        let mut sound = true;
        if let Some(table) = table.table(key::ENGINE_CODES.name()) {
            for (meaning, name) in Meaning::NAMES {
                let Some(list) = table.codes(name) else { continue };
                if let Some(code) =
                    list.iter().find(|code| lists.iter().any(|(_, other)| other.contains(code)))
                {
                    table.fault(name, format!("exit code {code} is in two lists"), "a code has one meaning");
                    sound = false;
                }
                lists.push((meaning, list));
            }
            table.finish();
        }
        let given: Vec<u8> = lists.iter().flat_map(|(_, list)| list).copied().collect();
        for (meaning, list) in known_lists {
            if !lists.iter().any(|(known, _)| known == meaning) {
                lists.push((*meaning, list.iter().filter(|code| !given.contains(code)).copied().collect()));
            }
        }
        Some(Self { lists, masks: masks(table, known_masks) }).filter(|_| sound)
    }

    /// The same with exit code 0 for clean, where nothing is: a pattern decides.
    #[must_use]
    pub(super) fn or_zero_is_clean(mut self) -> Self {
        if self.clean_is_unknown() && self.meaning(0).is_none() {
            self.lists.push((Meaning::Clean, vec![0]));
        }
        self
    }
}

fn masks(table: &Table<'_, '_>, known: &[(Meaning, u8)]) -> Vec<(Meaning, u8)> {
    let mut masks: Vec<(Meaning, u8)> = Vec::new();
    if let Some(table) = table.table(key::ENGINE_MASKS.name()) {
        for (meaning, name) in Meaning::NAMES {
            if Meaning::OF_MASKS.contains(&meaning) {
                masks.extend(table.code(name).map(|mask| (meaning, mask)));
            }
        }
        table.finish();
    }
    for (meaning, mask) in known {
        if !masks.iter().any(|(given, _)| given == meaning) {
            masks.push((*meaning, *mask));
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_fall_to_the_strongest_bit_and_unknown_bits_are_no_answer() {
        let codes = Codes {
            lists: vec![(Meaning::Clean, vec![32])],
            masks: vec![
                (Meaning::Infected, 3),
                (Meaning::Error, 4),
                (Meaning::Unscannable, 64),
                (Meaning::Cleaned, 128),
            ],
        };
        let table = [
            (0, Some(Meaning::Clean)),
            (1, Some(Meaning::Infected)),
            (129, Some(Meaning::Infected)),
            (7, Some(Meaning::Infected)),
            (9, Some(Meaning::Infected)),
            (132, Some(Meaning::Error)),
            (192, Some(Meaning::Unscannable)),
            (128, Some(Meaning::Cleaned)),
            (8, None),
            (136, None),
            (32, Some(Meaning::Clean)),
            (96, None),
        ];
        for (code, expected) in table {
            assert_eq!(codes.meaning(code), expected, "{code}");
        }
        assert_eq!(Codes::default().meaning(0), None);
    }
}
