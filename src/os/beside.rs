//! Work that takes no deadline, done where it can be left alone. Fails with its
//! error; `TimedOut` when the deadline has passed.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use super::clock::Deadline;

/// Has `work` done beside us; what is too late ends with the process.
pub(super) fn beside<T: Send + 'static>(
    by: Deadline,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        // Nobody listens any more when it was too late.
        let _ = sender.send(work());
    })?;
    loop {
        match receiver.recv_timeout(by.wait().ok_or(ErrorKind::TimedOut)?) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("a thread of ours died")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_done_in_time_is_had_and_what_is_late_is_not_waited_for() {
        let by = Deadline::after(Duration::from_secs(20));
        assert_eq!(beside(by, || Ok(1)).unwrap(), 1);
        let error = beside::<()>(by, || Err(ErrorKind::NotFound.into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        // It ends when the test does: nobody sends.
        let (_sender, receiver) = mpsc::channel::<()>();
        let endless = move || receiver.recv().map_err(io::Error::other);
        let error = beside(Deadline::after(Duration::from_millis(1)), endless).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
