//! Names that no pattern tells apart, put into classes. Cannot fail.

use super::bits::Bits;

/// A partition of the numbers below a bound.
#[derive(Debug)]
pub(super) struct Classes {
    of: Vec<usize>,
    sizes: Vec<usize>,
}

impl Classes {
    /// All in one class.
    pub(super) fn new(count: usize) -> Self {
        Self { of: vec![0; count], sizes: vec![count] }
    }

    /// Puts what is in `members` and what is not into different classes. Takes
    /// as many steps as there are members.
    pub(super) fn split(&mut self, members: &Bits) {
        let mut met = vec![];
        for class in members.numbers().filter_map(|number| self.of.get(number)) {
            met.push(*class);
        }
        met.sort_unstable();
        // The new class of each old one of which only some are members.
        let mut moves = Vec::new();
        for same in met.chunk_by(|a, b| a == b) {
            let Some(old) = same.first().copied() else { continue };
            let Some(size) = self.sizes.get_mut(old).filter(|size| **size > same.len()) else { continue };
            *size -= same.len();
            moves.push((old, self.sizes.len()));
            self.sizes.push(same.len());
        }
        if moves.is_empty() {
            return;
        }
        for number in members.numbers() {
            let Some(class) = self.of.get_mut(number) else { continue };
            if let Ok(i) = moves.binary_search_by_key(class, |(old, _)| *old) {
                *class = moves.get(i).map_or(*class, |(_, new)| *new);
            }
        }
    }

    /// Makes a class of its own of each member.
    pub(super) fn single(&mut self, members: &Bits) {
        for number in members.numbers() {
            let Some(class) = self.of.get_mut(number) else { continue };
            let Some(size) = self.sizes.get_mut(*class).filter(|size| **size > 1) else { continue };
            *size -= 1;
            *class = self.sizes.len();
            self.sizes.push(1);
        }
    }

    /// The class of each number, counted in the order in which they are met, and
    /// the first number of each.
    pub(super) fn finish(self) -> (Vec<usize>, Vec<usize>) {
        let mut renamed = vec![None; self.sizes.len()];
        let mut firsts = Vec::new();
        let mut of = Vec::with_capacity(self.of.len());
        for (number, class) in self.of.into_iter().enumerate() {
            let Some(new) = renamed.get_mut(class) else { continue };
            of.push(*new.get_or_insert_with(|| {
                firsts.push(number);
                firsts.len() - 1
            }));
        }
        (of, firsts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_tell_apart_who_is_in_them() {
        let bits = |numbers: &[usize]| Bits::of(numbers.iter().copied());
        let mut classes = Classes::new(6);
        classes.split(&bits(&[0, 1, 2, 3, 4, 5]));
        classes.split(&bits(&[1, 2, 3]));
        classes.split(&bits(&[3, 4]));
        classes.split(&bits(&[]));
        assert_eq!(classes.finish(), (vec![0, 1, 1, 2, 3, 0], vec![0, 1, 3, 4]));
        let mut classes = Classes::new(4);
        classes.single(&bits(&[0, 2]));
        classes.single(&bits(&[2]));
        assert_eq!(classes.finish().0, [0, 1, 2, 1]);
    }
}
