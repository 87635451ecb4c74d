//! Signals that must not end the process. Cannot fail.

use nix::sys::signal::{SigSet, Signal};

/// A file that is longer than the process may make files ends it by default
/// (setrlimit(2)). Blocked, the write fails instead, as on a full disk. It is
/// let through again for programs that we start.
pub fn ignore_file_size() {
    let mut set = SigSet::empty();
    set.add(Signal::SIGXFSZ);
    // Without it such a limit ends us, and the promise stands.
    let _ = set.thread_block();
}
