//! A set of small numbers, for many sets that are few or close together. Cannot
//! fail.

/// Bits of a word.
const WORD: usize = 64;

/// A set of numbers; words before the first and behind the last are left out.
#[derive(Debug, Default)]
pub(super) struct Bits {
    first: usize,
    words: Box<[u64]>,
}

impl Bits {
    /// Of numbers that do not fall.
    pub(super) fn of(rising: impl IntoIterator<Item = usize>) -> Self {
        let mut rising = rising.into_iter().peekable();
        let first = rising.peek().map_or(0, |number| number / WORD);
        let mut words: Vec<u64> = Vec::new();
        for number in rising {
            let place = (number / WORD).saturating_sub(first);
            if words.len() <= place {
                words.resize(place + 1, 0);
            }
            if let Some(word) = words.get_mut(place) {
                *word |= 1 << (number % WORD);
            }
        }
        Self { first, words: words.into() }
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        (self.first..).zip(self.words.iter()).flat_map(|(place, word)| in_word(place, *word))
    }

    /// The place of its first word.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// Its words from the first on.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether a number is in it and in the set of these `words` from 0 on.
    pub(super) fn meets(&self, words: &[u64]) -> bool {
        let words = words.get(self.first..).unwrap_or_default();
        words.iter().zip(&self.words).any(|(ours, theirs)| ours & theirs != 0)
    }
}

/// How many words hold so many numbers.
pub(super) fn words(numbers: usize) -> usize {
    numbers.div_ceil(WORD)
}

/// The word at `place` when all numbers below `count` are in the set.
pub(super) fn full_word(place: usize, count: usize) -> u64 {
    match count.saturating_sub(place * WORD) {
        rest if rest >= WORD => u64::MAX,
        rest => (1 << rest) - 1,
    }
}

/// The numbers that the word at `place` holds.
pub(super) fn in_word(place: usize, word: u64) -> impl Iterator<Item = usize> {
    let mut left = word;
    std::iter::from_fn(move || {
        let lowest = usize::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
        left &= left - 1;
        Some(place * WORD + lowest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for numbers in [&[][..], &[0], &[63, 64], &[200, 200, 201, 500]] {
            let found: Vec<usize> = Bits::of(numbers.iter().copied()).numbers().collect();
            let mut expected = numbers.to_vec();
            expected.dedup();
            assert_eq!(found, expected);
        }
        assert_eq!(
            (full_word(0, 3), full_word(0, 64), full_word(1, 64), full_word(1, 65)),
            (7, u64::MAX, 0, 1)
        );
        assert_eq!((words(0), words(64), words(65)), (0, 1, 2));
    }
}
