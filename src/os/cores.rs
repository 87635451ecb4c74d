//! The processors of this machine. Cannot fail.

use std::num::NonZero;

/// How many this process may use; 1 where the system does not tell.
pub(crate) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
