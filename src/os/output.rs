//! Data to stdout, talk to stderr. A closed stream is not an error: whoever
//! closed it does not want to hear.
//!
//! All text passes here, so here it is made printable: names and paths in it are
//! whatever somebody wrote. [`bytes`] alone goes out as it is, for what is not ours to
//! change: a message, a diff, a fragment.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::text;

/// Longest line of talk. What a pipe takes without waiting, if it takes
/// anything (pipe(7), PIPE_BUF).
const LONGEST: usize = 4096;

/// Writes one line of data, or several.
pub(crate) fn data(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{}", text::lines(&line.to_string()));
}

/// Writes text; fails when it cannot all be written.
pub(crate) fn text(text: &str) -> io::Result<()> {
    bytes(text::lines(text).as_bytes())
}

/// Writes text in JSON; fails when it cannot all be written. What a terminal would obey
/// is escaped, so that a program reads what was there.
pub(crate) fn json(text: &str) -> io::Result<()> {
    // JSON itself has such characters in its strings only, but for line ends.
    let mut out = String::new();
    for c in text.chars() {
        if c != '\n' && text::is_unseen(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    bytes(out.as_bytes())
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
    say(&format!("convscan: {line}\n"));
}

/// Writes text to stderr, under the same terms.
pub(crate) fn say(text: &str) {
    let text = text::lines(text);
    let mut stderr = io::stderr();
    for piece in text.as_bytes().chunks(LONGEST) {
        let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        let taken = poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0);
        if !taken || stderr.write_all(piece).is_err() {
            return;
        }
    }
}
