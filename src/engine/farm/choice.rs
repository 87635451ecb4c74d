//! The order in which the addresses of an engine are asked: by chance, each first
//! as often as its share says. Cannot fail.
//!
//! Rendezvous hashing with a key of the process: no counter is shared, and the
//! load of one that is away falls to the others by their shares.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The places of `shares`, the first to be asked first.
pub(super) fn order(shares: impl Iterator<Item = u32>) -> Vec<usize> {
    order_by(shares, &RandomState::new())
}

fn order_by(shares: impl Iterator<Item = u32>, chance: &impl BuildHasher) -> Vec<usize> {
    let mut scored: Vec<(f64, usize)> =
        shares.enumerate().map(|(i, share)| (score(chance.hash_one(i), share), i)).collect();
    scored.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    scored.into_iter().map(|(_, i)| i).collect()
}

/// The smallest of several such scores belongs to each in proportion to its
/// share: they are waiting times of processes with these rates.
fn score(chance: u64, share: u32) -> f64 {
    // The upper 53 bits, as a number above 0 and up to 1.
    let unit = ((chance >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    -unit.ln() / f64::from(share.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hasher};

    struct Keyed(u64);

    impl BuildHasher for Keyed {
        type Hasher = DefaultHasher;

        fn build_hasher(&self) -> DefaultHasher {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(self.0);
            hasher
        }
    }

    #[test]
    fn each_is_first_as_often_as_its_share_says_and_all_are_there() {
        let mut first = [0; 3];
        for key in 0..6000 {
            let mut order = order_by([3, 2, 1].into_iter(), &Keyed(key));
            first[order[0]] += 1;
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2]);
        }
        let expected = [3000, 2000, 1000];
        for (count, expected) in first.into_iter().zip(expected) {
            assert!((expected - 150..expected + 150).contains(&count), "{first:?}");
        }
    }
}
