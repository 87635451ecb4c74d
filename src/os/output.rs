//! Data to stdout, talk to stderr. A closed stream is not an error: whoever
//! closed it does not want to hear.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Longest line of talk. What a pipe takes without waiting, if it takes
/// anything (pipe(7), PIPE_BUF).
const LONGEST: usize = 4096;

/// Writes one line of data.
pub(crate) fn data(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Writes bytes of data as they are; fails when they cannot all be written.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes lines of talk. Talk that nobody takes is dropped: a pipe that is full
/// must not keep a part waiting.
pub(crate) fn talk(line: impl Display) {
    let text = format!("convscan: {line}\n");
    let mut stderr = io::stderr();
    for piece in text.as_bytes().chunks(LONGEST) {
        let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        let taken = poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0);
        if !taken || stderr.write_all(piece).is_err() {
            return;
        }
    }
}
