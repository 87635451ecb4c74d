//! The answer on disk: the safe one first, the real one last. Fails with the
//! system's error, and then the safe answer still stands.
//!
//! The order of writes makes a kill at any point harmless: while
//! `OUTPUT_OPTIONS` says "try again later", nothing in `OUTPUT_FILE` matters;
//! it stops saying so only when everything else is in place.

use std::io;

use crate::os::files;
use crate::os::input::{Ahead, Input};
use crate::part::Outputs;
use crate::reply::{Body, Reply};

/// Puts the safe answer into `OUTPUT_OPTIONS`. Where that cannot be, no half of
/// it is left behind.
pub fn promise(outputs: &Outputs, defer: &Reply) -> io::Result<()> {
    let path = outputs.options.as_deref().ok_or(io::ErrorKind::NotFound)?;
    files::create(path, defer.options.as_bytes()).inspect_err(|_| {
        let _ = files::clear(path);
    })
}

/// What the content of an answer can come from.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// The part as it came.
    pub input: Option<&'a Input>,
    /// A copy of it beside `OUTPUT_FILE`, made before its verdict.
    pub ahead: Option<Ahead>,
    /// The part as it was cleaned and scanned again.
    pub cleaned: Option<&'a Input>,
}

/// Puts the real answer in place: content, headers, options last.
pub fn commit(outputs: &Outputs, reply: &Reply, sources: Sources<'_>) -> io::Result<()> {
    content(outputs, reply, sources)?;
    match &outputs.headers {
        Some(path) if reply.headers.is_empty() => files::remove_stale(path),
        Some(path) => files::replace(path, reply.headers.as_bytes())?,
        None => {}
    }
    match &outputs.options {
        Some(path) if reply.options.is_empty() => files::clear(path),
        Some(path) => files::replace(path, reply.options.as_bytes()),
        None => Ok(()),
    }
}

fn content(outputs: &Outputs, reply: &Reply, sources: Sources<'_>) -> io::Result<()> {
    let Sources { input, ahead, cleaned } = sources;
    let missing = |name: &str| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not given"));
    let path = || outputs.file.as_deref().ok_or_else(|| missing("OUTPUT_FILE"));
    match &reply.body {
        Body::Original => {
            let input = input.ok_or_else(|| missing("INPUT_FILE"))?;
            match ahead {
                Some(ahead) => ahead.commit(input, path()?),
                None => input.copy_to(path()?),
            }
        }
        Body::Cleaned | Body::Notice(_) | Body::Absent => {
            // The copy of a part that will not be delivered must be gone before
            // anything else is written: it takes room, and a name.
            drop(ahead);
            match &reply.body {
                Body::Cleaned => cleaned.ok_or_else(|| missing("a cleaned copy"))?.copy_to(path()?),
                Body::Notice(text) => files::replace(path()?, text.as_bytes()),
                Body::Original | Body::Absent => Ok(()),
            }
        }
    }
}
