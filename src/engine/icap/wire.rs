//! A connection on which we go on sending while we wait for the answer: a server
//! may send a part back before it has all of it, and would wait for us while we
//! wait for it. Fails with what the system says.

use std::io::{self, BufReader, ErrorKind, Read, Write};

use super::answer::Peer;
use super::upload::Upload;
use crate::os::clock::Deadline;
use crate::os::socket::{Ready, Stream, Want};

/// A connection and what goes out on it.
pub(super) struct Wire<'a> {
    stream: Stream,
    upload: Upload<'a>,
    by: Deadline,
}

/// A connection, read through a buffer.
pub(super) type Link<'a> = BufReader<Wire<'a>>;

impl<'a> Wire<'a> {
    /// Takes over a fresh connection.
    pub(super) fn new(stream: Stream, by: Deadline) -> io::Result<Link<'a>> {
        stream.never_wait()?;
        Ok(BufReader::new(Self { stream, upload: Upload::bare(String::new()), by }))
    }

    /// Begins a request: sends what the system takes at once.
    pub(super) fn begin(&mut self, upload: Upload<'a>) -> io::Result<()> {
        self.upload = upload;
        self.push()
    }

    fn push(&mut self) -> io::Result<()> {
        let sent = self.stream.write(self.upload.pending()?);
        match sent {
            Ok(count) => self.upload.advance(count),
            Err(error) if is_early(&error) => {}
            // The answer may be there all the same.
            Err(_) => self.upload.refuse(),
        }
        Ok(())
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let want = if self.upload.is_going() { Want::Both } else { Want::Reading };
            match self.stream.wait(want, self.by)? {
                Ready::Writing => self.push()?,
                Ready::Reading => match self.stream.read(buf) {
                    Err(error) if is_early(&error) => {}
                    result => return result,
                },
            }
        }
    }
}

/// Not an end, only too early.
fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Peer for Link<'_> {
    fn go_on(&mut self) -> bool {
        self.get_mut().upload.go_on()
    }

    fn is_whole(&self) -> bool {
        self.get_ref().upload.is_whole()
    }

    fn has_more(&mut self) -> bool {
        // The connection never waits: without more it says so, or that it ended.
        !self.buffer().is_empty() || self.get_mut().stream.read(&mut [0]).is_ok_and(|count| count > 0)
    }
}
