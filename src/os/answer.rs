//! The answer on disk: the safe one first, the real one last. Fails with the
//! system's error, and then the safe answer still stands.
//!
//! The order of writes makes a kill at any point harmless: while
//! `OUTPUT_OPTIONS` says "try again later", nothing in `OUTPUT_FILE` matters;
//! it stops saying so only when everything else is in place.

use std::io;

use super::files::{self, Ahead, Input};
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

/// Puts the real answer in place: content, headers, options last. `ahead` is a
/// copy of the part that was made before its verdict.
pub fn commit(
    outputs: &Outputs,
    reply: &Reply,
    input: Option<&Input>,
    ahead: Option<Ahead>,
) -> io::Result<()> {
    content(outputs, reply, input, ahead)?;
    if let (Some(path), false) = (&outputs.headers, reply.headers.is_empty()) {
        files::replace(path, reply.headers.as_bytes())?;
    }
    match &outputs.options {
        Some(path) if reply.options.is_empty() => files::clear(path),
        Some(path) => files::replace(path, reply.options.as_bytes()),
        None => Ok(()),
    }
}

fn content(outputs: &Outputs, reply: &Reply, input: Option<&Input>, ahead: Option<Ahead>) -> io::Result<()> {
    if reply.body == Body::Absent {
        return Ok(());
    }
    let missing = |name: &str| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not given"));
    let path = outputs.file.as_deref().ok_or_else(|| missing("OUTPUT_FILE"))?;
    match &reply.body {
        Body::Absent => Ok(()),
        Body::Original => {
            let input = input.ok_or_else(|| missing("INPUT_FILE"))?;
            ahead.map_or_else(|| input.copy_to(path), |ahead| ahead.commit(input, path))
        }
        Body::Cleaned(cleaned) => files::copy(cleaned, path),
        Body::Notice(text) => files::replace(path, text.as_bytes()),
    }
}
