//! Whether a system call failed because this process lacks something: descriptors,
//! memory, rights, room for one more process. Cannot fail.
//!
//! Such a failure says nothing about what was asked. Another process, with other
//! limits or another account, may well succeed.

use std::io;

use nix::errno::Errno;

/// Source: errno(3), connect(2), fork(2), sendmsg(2), pipe(2). `EAGAIN` is that of
/// fork(2) and of threads: callers that may have to wait handle their own.
const LACKS: [Errno; 11] = [
    Errno::EMFILE,
    Errno::ENFILE,
    Errno::ENOMEM,
    Errno::ENOBUFS,
    Errno::EACCES,
    Errno::EPERM,
    Errno::EAGAIN,
    // No local port is left, or none of this kind is allowed here.
    Errno::EADDRNOTAVAIL,
    Errno::EAFNOSUPPORT,
    Errno::ENOSYS,
    // Too many descriptors of this account are on their way through sockets.
    Errno::ETOOMANYREFS,
];

/// Whether `error` is for want of something of our own.
pub(crate) fn is_own(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|number| LACKS.contains(&Errno::from_raw(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_lack_is_told_from_what_the_other_side_does() {
        for errno in LACKS {
            assert!(is_own(&errno.into()), "{errno}");
        }
        let others = [Errno::ECONNREFUSED, Errno::ENOENT, Errno::ECONNRESET, Errno::EPIPE, Errno::ETIMEDOUT];
        for errno in others {
            assert!(!is_own(&errno.into()), "{errno}");
        }
        assert!(!is_own(&io::ErrorKind::TimedOut.into()));
        // A name may stand for a failure that the system never told.
        assert!(!is_own(&io::ErrorKind::PermissionDenied.into()));
    }
}
