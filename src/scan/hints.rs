//! What the headers tell of a part: hints that its sender chose. Cannot fail;
//! what is not there or cannot be read is empty.

use std::cell::OnceCell;
use std::path::PathBuf;

use crate::config::{Config, EngineKind};
use crate::mail::field;
use crate::mail::parameter::once;
use crate::os::files;
use crate::part::Part;
use crate::text;

/// The header blocks that came with a part, each read when it is first asked for.
#[derive(Debug)]
pub(super) struct Headers {
    paths: [Option<PathBuf>; 2],
    blocks: [OnceCell<Vec<u8>>; 2],
}

/// Places in [`Headers`].
const PART: usize = 0;
const MESSAGE: usize = 1;

impl Headers {
    /// Those of `part`.
    pub(super) fn of(part: &Part) -> Self {
        let paths = [part.headers.clone(), part.message_headers.clone()];
        Self { paths, blocks: [OnceCell::new(), OnceCell::new()] }
    }

    /// The block at one place; empty where there is none.
    fn block(&self, place: usize) -> &[u8] {
        let (Some(path), Some(block)) = (self.paths.get(place), self.blocks.get(place)) else { return &[] };
        let read = |path| files::read_start(path, field::LONGEST).ok();
        block.get_or_init(|| path.as_deref().and_then(read).unwrap_or_default())
    }

    /// All of them.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        [PART, MESSAGE].into_iter().map(|place| self.block(place))
    }

    /// The header of the message; else that of the part, which is the same for a
    /// message of one part.
    pub(super) fn message(&self) -> &[u8] {
        let of_message = self.block(MESSAGE);
        if of_message.is_empty() { self.block(PART) } else { of_message }
    }
}

/// The Message-ID, for the log line.
pub(super) fn message_id(headers: &Headers) -> String {
    let value = field::field(headers.message(), "message-id");
    value.map_or(String::new(), |value| text::printable(&value, text::SHOWN))
}

/// Most names in log and notice. An honest part has one or two.
const MOST_SHOWN: usize = 8;

/// The part's file names for comparing, decoded, each once: from the entry's
/// symbols, and from its header where there are none or where a rule may turn on
/// them. The manuals disagree on which parameter a symbol holds. None of them is
/// fit for being shown; [`shown`] makes it so.
pub(super) fn names(config: &Config, part: &Part, headers: &Headers) -> Vec<String> {
    let mut names: Vec<String> = part.raw_names.iter().map(|raw| field::file_name(raw)).collect();
    let thorough = config.engines.iter().any(|engine| matches!(engine.kind, EngineKind::Rules(_)));
    if names.is_empty() || thorough {
        names.extend(field::file_names(headers.block(PART)));
    }
    once(names)
}

/// `names` for log and notice: printable, short, and few.
pub(super) fn shown(names: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = text::printable_ends(name, text::SHOWN);
        if !name.is_empty() && !shown.contains(&name) {
            shown.push(name);
        }
        if shown.len() == MOST_SHOWN {
            break;
        }
    }
    shown
}
