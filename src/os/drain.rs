//! Bounded reading of a child's output. Cannot fail: what cannot be read has
//! come to its end.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Most of a stream that is kept. The longest real report of one part is a
/// tenth of this.
const KEPT: usize = 64 * 1024;

/// Most of a stream that is read at all, so that its writer can come to its end.
const READ: usize = 32 * 1024 * 1024;

/// One stream of a child.
pub(super) struct Stream {
    pipe: Option<File>,
    kept: Vec<u8>,
    read: usize,
}

/// What came of listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Output, or its end.
    Something,
    /// Nothing in that time.
    Nothing,
    /// More than any honest child says.
    TooMuch,
}

impl Stream {
    pub(super) fn new(pipe: Option<OwnedFd>) -> Self {
        Self { pipe: pipe.map(File::from), kept: Vec::new(), read: 0 }
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    pub(super) fn was_cut(&self) -> bool {
        self.read > self.kept.len()
    }

    pub(super) fn into_kept(self) -> Vec<u8> {
        self.kept
    }

    /// Reads what is there, once. Must not be called when nothing is.
    fn take(&mut self, buf: &mut [u8]) {
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(buf) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => self.pipe = None,
            Ok(count) => {
                let room = KEPT - self.kept.len();
                self.kept.extend(buf.iter().take(count.min(room)));
                self.read += count;
            }
        }
    }
}

/// Listens to both streams for at most `wait`; only waits when both have ended.
pub(super) fn hear(streams: &mut [Stream; 2], wait: Duration) -> Heard {
    let ready = ready(streams, wait);
    let mut buf = [0; 16 * 1024];
    for (stream, ready) in streams.iter_mut().zip(ready) {
        if ready {
            stream.take(&mut buf);
        }
    }
    if streams.iter().any(|stream| stream.read > READ) {
        Heard::TooMuch
    } else if ready.contains(&true) {
        Heard::Something
    } else {
        Heard::Nothing
    }
}

fn ready(streams: &[Stream; 2], wait: Duration) -> [bool; 2] {
    let mut open: Vec<_> = streams
        .iter()
        .filter_map(|stream| stream.pipe.as_ref())
        .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
        .collect();
    // Rounded up: a wait of no milliseconds would be a busy loop.
    let millis = wait.as_micros().div_ceil(1000);
    let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
    if poll(&mut open, timeout).is_err() {
        return [false; 2];
    }
    let mut answers = open.iter().map(|fd| fd.any().unwrap_or(true));
    streams.each_ref().map(|stream| stream.is_open() && answers.next().unwrap_or(false))
}
