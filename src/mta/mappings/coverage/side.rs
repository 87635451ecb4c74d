//! One side of the pairs: its names in classes, and the sets of classes that the
//! entries fit. Cannot fail.

use super::bits::Bits;
use super::classes::Classes;
use super::names::Names;
use super::{Fit, Way};

/// The classes of the names on one side of the probe.
pub(super) struct Side {
    /// Of each name in the order of [`Names`].
    pub(super) of: Vec<usize>,
    /// One name of each, by its index in the list that was given.
    one: Vec<usize>,
    /// The sets of names that were picked, as sets of classes.
    sets: Vec<Bits>,
}

impl Side {
    /// Of `names`; `set` is the number of the set that a fit has there.
    pub(super) fn new(names: &Names, fits: &[Fit], set: impl Fn(&Fit) -> usize) -> Self {
        let mut classes = Classes::new(names.len());
        let mut split = vec![false; names.sets().len()];
        let mut single = split.clone();
        for fit in fits {
            let number = set(fit);
            let Some(members) = names.sets().get(number) else { continue };
            let done = match fit.way {
                Way::Once(_) | Way::Never(_) => &mut split,
                Way::Each(_) | Way::Perhaps(_) => &mut single,
            };
            let Some(done) = done.get_mut(number).filter(|done| !**done) else { continue };
            *done = true;
            match fit.way {
                Way::Once(_) | Way::Never(_) => classes.split(members),
                Way::Each(_) | Way::Perhaps(_) => classes.single(members),
            }
        }
        let (of, firsts) = classes.finish();
        let indexes: Vec<usize> = names.indexes().collect();
        let one = firsts.into_iter().filter_map(|first| indexes.get(first).copied()).collect();
        let sets = names.sets().iter().map(|set| in_classes(set, &of)).collect();
        Self { of, one, sets }
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.one.len()
    }

    /// The classes in a set.
    pub(super) fn set(&self, number: usize) -> Option<&Bits> {
        self.sets.get(number)
    }

    /// A name of a class, by its index in the list that was given.
    pub(super) fn one(&self, class: usize) -> Option<usize> {
        self.one.get(class).copied()
    }
}

fn in_classes(names: &Bits, of: &[usize]) -> Bits {
    let mut classes: Vec<usize> = names.numbers().filter_map(|number| of.get(number).copied()).collect();
    classes.sort_unstable();
    Bits::of(classes)
}
