//! The answer on disk: the safe one first, the real one last. Fails with the
//! system's error, and then the safe answer still stands.
//!
//! The order of writes makes a kill at any point harmless: while
//! `OUTPUT_OPTIONS` says "try again later", nothing in `OUTPUT_FILE` matters;
//! it stops saying so only when everything else is in place.

use std::io;
use std::path::Path;

use crate::os::clock::Deadline;
use crate::os::files;
use crate::os::input::{Ahead, Input};
use crate::part::Outputs;
use crate::reply::{Body, Reply};

/// Puts the safe answer into `OUTPUT_OPTIONS`. Where that cannot be, no half of
/// it is left behind.
pub fn promise(outputs: &Outputs, defer: &Reply) -> io::Result<()> {
    let path = outputs.options.as_deref().ok_or(io::ErrorKind::NotFound)?;
    files::create(path, defer.options.as_bytes(), &outputs.others(path))
}

/// What the content of an answer can come from.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// The part as it came.
    pub input: Option<&'a Input>,
    /// A copy of it for `OUTPUT_FILE`, made before its verdict.
    pub ahead: Option<Ahead>,
    /// The part as it was cleaned and scanned again.
    pub cleaned: Option<&'a Input>,
}

/// Puts the real answer in place: content, headers, options last. A copy of the part
/// that is not done at the deadline fails, and the safe answer stands.
pub fn commit(outputs: &Outputs, reply: &Reply, sources: Sources<'_>, by: Deadline) -> io::Result<()> {
    content(outputs, reply, sources, by)?;
    let replace = |path: &Path, text: &str| files::replace(path, text.as_bytes(), &outputs.others(path));
    match &outputs.headers {
        Some(path) if reply.headers.is_empty() => files::remove_stale(path),
        Some(path) => replace(path, &reply.headers)?,
        None => {}
    }
    match &outputs.options {
        Some(path) if reply.options.is_empty() => files::clear(path),
        Some(path) => replace(path, &reply.options),
        None => Ok(()),
    }
}

fn content(outputs: &Outputs, reply: &Reply, sources: Sources<'_>, by: Deadline) -> io::Result<()> {
    let Sources { input, ahead, cleaned } = sources;
    let missing = |name: &str| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not given"));
    let path = || outputs.file.as_deref().ok_or_else(|| missing("OUTPUT_FILE"));
    match &reply.body {
        Body::Original => {
            let (input, path) = (input.ok_or_else(|| missing("INPUT_FILE"))?, path()?);
            let copy = || input.copy_to(path, &outputs.others(path), by);
            match ahead {
                Some(ahead) => ahead.commit(input, path).or_else(|_| copy()),
                None => copy(),
            }
        }
        Body::Cleaned | Body::Notice(_) | Body::Absent => {
            // The copy of a part that will not be delivered must be gone before
            // anything else is written: it takes room.
            drop(ahead);
            match &reply.body {
                Body::Cleaned => {
                    let (cleaned, path) = (cleaned.ok_or_else(|| missing("a cleaned copy"))?, path()?);
                    cleaned.copy_to(path, &outputs.others(path), by)
                }
                Body::Notice(text) => {
                    let path = path()?;
                    files::replace(path, text.as_bytes(), &outputs.others(path))
                }
                Body::Original | Body::Absent => Ok(()),
            }
        }
    }
}
