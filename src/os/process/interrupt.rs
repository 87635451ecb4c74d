//! Signals that would end us are held back while a child runs: its process
//! group is its own and would outlive us. Cannot fail: what cannot be watched is
//! not held back.

use std::fs;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// What asks a process to end: from administrators and job controllers, from a
/// session that is over, from the terminal.
const ENDING: [Signal; 3] = [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT];

/// The signal that was taken, or 0. Having swallowed it we owe an end soon: no
/// child is started any more.
static TAKEN: AtomicI32 = AtomicI32::new(0);

/// The signal that has been taken by any watch so far.
pub(super) fn taken() -> Option<i32> {
    Some(TAKEN.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// A watch for such signals. They are let through again when it ends.
#[derive(Debug)]
pub(super) struct Watch {
    before: SigSet,
    signals: SignalFd,
}

impl Watch {
    pub(super) fn start() -> Option<Self> {
        let ending: SigSet = ENDING.into_iter().collect();
        let before = ending.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()?;
        match SignalFd::with_flags(&ending, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC) {
            Ok(signals) => Some(Self { before, signals }),
            Err(_) => {
                let _ = before.thread_set_mask();
                None
            }
        }
    }

    /// Takes the signals that have come.
    pub(super) fn take(&self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            // A signal's number is below 65.
            let signal = i32::try_from(signal.ssi_signo).unwrap_or_default();
            if !is_ignored(signal) {
                let _ = TAKEN.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that is let through now would end us before we have tidied up.
        self.take();
        let _ = self.before.thread_set_mask();
    }
}

/// Whether we were started with `signal` ignored, as by nohup(1): while it is
/// blocked it comes all the same. Source: proc(5), `SigIgn`.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default();
    u32::try_from(signal - 1).is_ok_and(|bit| set.checked_shr(bit).is_some_and(|set| set & 1 == 1))
}
