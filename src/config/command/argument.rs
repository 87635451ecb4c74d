//! Arguments of a command line, with places for the private copy.

use std::ffi::OsString;
use std::path::Path;

use crate::config::table::Table;

/// One argument: text and places in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    File,
    Directory,
}

/// What the places of an argument stand for.
#[derive(Clone, Copy, Debug)]
pub struct Private<'a> {
    /// `{file}`: the private copy of the part.
    pub file: &'a Path,
    /// `{directory}`: the private directory that holds it.
    pub directory: &'a Path,
}

impl Argument {
    /// The argument with its places filled.
    pub fn fill(&self, private: Private<'_>) -> OsString {
        let mut filled = OsString::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push(text),
                Piece::File => filled.push(private.file),
                Piece::Directory => filled.push(private.directory),
            }
        }
        filled
    }

    /// Whether it is this text and nothing else.
    pub fn is(&self, text: &str) -> bool {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::File | Piece::Directory => return false,
            }
        }
        filled == text
    }

    /// Parses `text`; `None` when a brace is not one of the two places.
    fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, place)) = rest.split_once('{') {
            let (place, after) = place.split_once('}')?;
            if before.contains('}') {
                return None;
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(match place {
                "file" => Piece::File,
                "directory" => Piece::Directory,
                _ => return None,
            });
            rest = after;
        }
        if rest.contains('}') {
            return None;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Some(Self(pieces))
    }

    fn names_the_part(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::File | Piece::Directory))
    }
}

/// Whether a command line must name the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// It must.
    Part,
    /// It must, or be empty: there is no such command.
    PartOrNothing,
    /// It must not.
    NoPart,
}

/// The argument list `key`, else `default`, which may be empty; `None` when it
/// has a fault.
pub(super) fn read(
    table: &Table<'_, '_>,
    key: &'static str,
    default: &[&str],
    needs: Needs,
) -> Option<Vec<Argument>> {
    let given = table.strings(key);
    if needs != Needs::Part && given.as_ref().is_some_and(Vec::is_empty)
        || given.is_none() && default.is_empty()
    {
        return Some(Vec::new());
    }
    let list = given.unwrap_or_else(|| default.iter().map(|text| (*text).to_owned()).collect());
    let arguments: Option<Vec<_>> = list.iter().map(|text| Argument::parse(text)).collect();
    let Some(arguments) = arguments else {
        let message = format!("`{key}` has a brace that stands for nothing");
        table.fault(key, message, "only `{file}` and `{directory}` have a meaning");
        return None;
    };
    let named = arguments.iter().any(Argument::names_the_part);
    if named == (needs == Needs::NoPart) {
        let (message, hint) = if named {
            (format!("`{key}` names the part"), "there is no part when the version is asked")
        } else {
            (format!("`{key}` does not name the part"), "add \"{file}\"")
        };
        table.fault(key, message, hint);
        return None;
    }
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_other_braces_refused() {
        let private = Private { file: Path::new("/s/part"), directory: Path::new("/s") };
        let table = [
            ("--secure", Some("--secure")),
            ("{file}", Some("/s/part")),
            ("--tempdir={directory}/x", Some("--tempdir=/s/x")),
            ("{directory}{file}", Some("/s/s/part")),
            ("", Some("")),
            ("{fil}", None),
            ("{file", None),
            ("file}", None),
            ("}{file}", None),
            ("{}", None),
            ("{{file}}", None),
        ];
        for (text, expected) in table {
            let filled = Argument::parse(text).map(|argument| argument.fill(private));
            assert_eq!(filled, expected.map(OsString::from), "{text}");
        }
    }
}
