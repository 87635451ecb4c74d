//! What the headers tell of a part: hints that its sender chose. Cannot fail;
//! what is not there or cannot be read is empty.

use crate::config::{Config, EngineKind};
use crate::mta::header;
use crate::os::files;
use crate::part::Part;
use crate::text;

/// The Message-ID, for the log line.
pub(super) fn message_id(part: &Part) -> String {
    let value = header::field(&message_header(part), "message-id");
    value.map_or(String::new(), |value| text::printable(&value, text::SHOWN))
}

/// The header of the message; else that of the part, which is the same for a
/// message of one part.
pub(super) fn message_header(part: &Part) -> Vec<u8> {
    let files = [&part.message_headers, &part.headers];
    let mut blocks = files.into_iter().flatten().flat_map(|path| files::read_start(path, header::LONGEST));
    blocks.next().unwrap_or_default()
}

/// The part's file names, decoded, each once: from the entry's symbols, and
/// from its header where there are none or where a rule may turn on them. The
/// manuals disagree on which parameter a symbol holds.
pub fn names(config: &Config, part: &Part) -> Vec<String> {
    let mut names: Vec<String> = part.raw_names.iter().map(|raw| header::decode_words(raw)).collect();
    let thorough = config.engines.iter().any(|engine| matches!(engine.kind, EngineKind::Rules(_)));
    if names.is_empty() || thorough {
        let block = part.headers.as_deref().and_then(|path| files::read_start(path, header::LONGEST).ok());
        names.extend(block.iter().flat_map(|block| header::file_names(block)));
    }
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}
