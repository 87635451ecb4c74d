//! What the headers tell of a part: hints that its sender chose. Cannot fail;
//! what is not there or cannot be read is empty.

use crate::config::{Config, EngineKind};
use crate::mta::header;
use crate::mta::parameter::once;
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

/// Most names in log and notice. An honest part has one or two.
const MOST_SHOWN: usize = 8;

/// The part's file names for comparing, decoded, each once: from the entry's
/// symbols, and from its header where there are none or where a rule may turn on
/// them. The manuals disagree on which parameter a symbol holds. None of them is
/// fit for being shown; [`shown`] makes it so.
pub fn names(config: &Config, part: &Part) -> Vec<String> {
    let mut names: Vec<String> = part.raw_names.iter().map(|raw| header::file_name(raw)).collect();
    let thorough = config.engines.iter().any(|engine| matches!(engine.kind, EngineKind::Rules(_)));
    if names.is_empty() || thorough {
        let block = part.headers.as_deref().and_then(|path| files::read_start(path, header::LONGEST).ok());
        names.extend(block.iter().flat_map(|block| header::file_names(block)));
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
