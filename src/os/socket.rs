//! Connections to scanner daemons, with an end to every wait. Fails with the
//! system's error; `TimedOut` when the deadline has passed.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, connect, sendmsg, setsockopt,
    socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use rustix::buffer::spare_capacity;

use super::beside::beside;
use super::clock::Deadline;
use crate::address::Address;

/// A connection to a daemon.
#[derive(Debug)]
pub enum Stream {
    /// Over a unix socket, which can carry descriptors.
    Unix(UnixStream),
    /// Over TCP.
    Tcp(TcpStream),
}

impl Stream {
    /// Connects to `address`.
    pub fn connect(address: &Address, by: Deadline) -> io::Result<Self> {
        match address {
            Address::Unix(path) => connect_unix(path, by).map(Self::Unix),
            Address::Tcp(host_port) => connect_tcp(host_port, by).map(Self::Tcp),
        }
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, mut bytes: &[u8], by: Deadline) -> io::Result<()> {
        while !bytes.is_empty() {
            let wait = Some(wait(by)?);
            let sent = match self {
                Self::Unix(stream) => stream.set_write_timeout(wait).and_then(|()| stream.write(bytes)),
                Self::Tcp(stream) => stream.set_write_timeout(wait).and_then(|()| stream.write(bytes)),
            };
            match sent {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads to the end of the stream, at most `limit` bytes. What came before
    /// a failure is in `into`.
    pub fn receive(&mut self, into: &mut Vec<u8>, limit: usize, by: Deadline) -> io::Result<()> {
        loop {
            let wait = Some(wait(by)?);
            match self {
                Self::Unix(stream) => stream.set_read_timeout(wait)?,
                Self::Tcp(stream) => stream.set_read_timeout(wait)?,
            }
            let before = into.len();
            into.reserve(ROOM);
            match rustix::io::read(self.as_fd(), spare_capacity(into)).map_err(io::Error::from) {
                Ok(0) => return Ok(()),
                Ok(_) if into.len() > limit => {
                    into.truncate(before);
                    return Err(io::Error::new(
                        ErrorKind::InvalidData,
                        format!("answer longer than {limit} bytes"),
                    ));
                }
                Ok(_) => {}
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Bytes that are received at a time, at the least. Most answers are a line.
const ROOM: usize = 4096;

/// Whether a failed call is just to be made again. A socket's own timeout shows
/// as "try again" (socket(7), `SO_RCVTIMEO`); [`wait`] tells when it was the last.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

fn wait(by: Deadline) -> io::Result<Duration> {
    by.wait().ok_or_else(|| io::Error::from(ErrorKind::TimedOut))
}

/// What a connection is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Something to read.
    Reading,
    /// Something to read, or room to write.
    Both,
}

/// What a connection is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Reading, be it the end or an error.
    Reading,
    /// Writing.
    Writing,
}

/// For talk in both directions at once.
impl Stream {
    /// Makes reading and writing return at once; [`Self::wait`] does the waiting.
    pub fn never_wait(&self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.set_nonblocking(true),
            // What is sent in two pieces must not wait for the other side's
            // delayed acknowledgement of the first (tcp(7), `TCP_NODELAY`).
            Self::Tcp(stream) => stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)),
        }
    }

    /// Waits until there is something to do; reading comes first.
    pub fn wait(&self, want: Want, by: Deadline) -> io::Result<Ready> {
        let flags = match want {
            Want::Reading => PollFlags::POLLIN,
            Want::Both => PollFlags::POLLIN | PollFlags::POLLOUT,
        };
        loop {
            // Rounded up: a wait of no milliseconds would be a busy loop.
            let millis = wait(by)?.as_micros().div_ceil(1000);
            let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
            let mut asked = [PollFd::new(self.as_fd(), flags)];
            match poll(&mut asked, timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(_) => {
                    let found = asked.iter().find_map(PollFd::revents).unwrap_or(PollFlags::POLLIN);
                    return Ok(if found == PollFlags::POLLOUT { Ready::Writing } else { Ready::Reading });
                }
            }
        }
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buf),
            Self::Tcp(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(buf),
            Self::Tcp(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends `file`'s descriptor with one byte that means nothing (unix(7):
/// ancillary data needs company).
pub fn send_descriptor(stream: &UnixStream, file: &File) -> io::Result<()> {
    let descriptors: [RawFd; 1] = [file.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&descriptors)];
    let byte = [IoSlice::new(&[0])];
    sendmsg::<()>(stream.as_raw_fd(), &byte, &control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// A plain connect() waits without end while the daemon's backlog is full; a
/// send timeout set before it bounds that wait too (socket(7)).
fn connect_unix(path: &Path, by: Deadline) -> io::Result<UnixStream> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let address = UnixAddr::new(path)?;
    loop {
        let micros = i64::try_from(wait(by)?.as_micros()).unwrap_or(i64::MAX);
        setsockopt(&fd, sockopt::SendTimeout, &TimeVal::microseconds(micros))?;
        match connect(fd.as_raw_fd(), &address) {
            Ok(()) => break,
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(UnixStream::from(fd))
}

fn connect_tcp(host_port: &str, by: Deadline) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in addresses(host_port, by)? {
        let left = left(by)?;
        let connect = move || TcpStream::connect_timeout(&address, left);
        // It cannot be called off, so one that may have to be runs beside us.
        match if by.is_stoppable() { beside(by, connect) } else { connect() } {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of `host:port`. The system's look-up of a name has no deadline
/// of its own.
fn addresses(host_port: &str, by: Deadline) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host_port.parse() {
        return Ok(vec![address]);
    }
    let name = host_port.to_owned();
    beside(by, move || name.to_socket_addrs().map(Iterator::collect)).map_err(lacking)
}

/// The system's look-up does not say that it had no descriptor, so ask for one.
fn lacking(error: io::Error) -> io::Error {
    match socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None) {
        Ok(_) => error,
        Err(errno) => errno.into(),
    }
}

fn left(by: Deadline) -> io::Result<Duration> {
    by.left().ok_or_else(|| io::Error::from(ErrorKind::TimedOut))
}
