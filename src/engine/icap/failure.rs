//! Which error a failed exchange is. Cannot fail.

use std::io;

use crate::os::lack;
use crate::verdict::{ErrorKind, ScanError};

/// What follows from an error of the connection.
pub(super) fn failure(doing: &str, error: &io::Error) -> ScanError {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            ScanError::new(ErrorKind::TimedOut, format!("no verdict in time while {doing}"))
        }
        io::ErrorKind::InvalidData => garbled(error.to_string()),
        io::ErrorKind::InvalidInput => ScanError::new(ErrorKind::Part, error),
        io::ErrorKind::UnexpectedEof => {
            ScanError::new(ErrorKind::Crashed, format!("connection closed while {doing}"))
        }
        _ => ScanError::new(ErrorKind::Crashed, format!("connection lost while {doing}: {error}"))
            .own_if(lack::is_own(error)),
    }
}

/// An answer that is none of the documented ones.
pub(super) fn garbled(detail: impl Into<String>) -> ScanError {
    ScanError::new(ErrorKind::Garbled, detail.into())
}
