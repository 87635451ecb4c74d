//! What the lines of a scanner's output mean.

use regex::bytes::{Regex, RegexBuilder};

use super::preset::Defaults;
use crate::config::table::Table;

/// Patterns, each for one line without the blanks at its ends. In them `{file}`
/// stands for the path of the private copy, which no other text can imitate.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// A match convicts, whatever the exit code. The group `name`, else the
    /// first one, is the name of the threat.
    pub infected: Vec<Regex>,
    /// Where there are any, a clean answer needs a match.
    pub clean: Vec<Regex>,
    /// A match forbids a clean answer.
    pub error: Vec<Regex>,
    /// A match says that something is encrypted.
    pub encrypted: Vec<Regex>,
    /// A match says that something was not looked into.
    pub unscannable: Vec<Regex>,
    /// Once one matches, a clean answer needs a match of each, and no count, the
    /// first group, may be 0.
    pub summary: Vec<Regex>,
}

/// What stands for the path of the private copy in a line: no line can hold it
/// otherwise, for it is taken out of all lines first.
pub(crate) const FILE_MARK: u8 = 0;

/// Largest pattern, compiled. Four times what the presets need; twenty thousand
/// letters, written as `x{1000}{20}`, are too many.
const LARGEST: usize = 256 * 1024;

/// Most patterns in a list: each may take the memory of the largest, and is
/// tried on each line.
const MOST: usize = 64;

impl Patterns {
    /// Reads `patterns`; a list that is given takes the place of the preset's.
    pub(super) fn read(table: &Table<'_, '_>, defaults: &Defaults) -> Option<Self> {
        let given = table.table("patterns");
        let mut sound = true;
        let mut list = |key: &'static str, default: &[&str]| {
            let own = given.as_ref().and_then(|table| table.strings(key));
            let own = own.as_ref().map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
            let mut patterns = Vec::new();
            let list = own.as_deref().unwrap_or(default);
            if list.len() > MOST {
                let message = format!("`{key}` has more than {MOST} patterns");
                given.as_ref().unwrap_or(table).fault(key, message, "join some of them by `|`");
                sound = false;
                return patterns;
            }
            for text in list {
                match compile(text) {
                    Ok(regex) => patterns.push(regex),
                    Err(error) => {
                        given.as_ref().unwrap_or(table).fault(
                            key,
                            format!("`{key}` has a faulty pattern: {}", reason(&error)),
                            "see https://docs.rs/regex for the syntax",
                        );
                        sound = false;
                    }
                }
            }
            patterns
        };
        let patterns = Self {
            infected: list("infected", defaults.infected),
            clean: list("clean", defaults.clean_lines),
            error: list("error", defaults.error),
            encrypted: list("encrypted", defaults.encrypted),
            unscannable: list("unscannable", defaults.unscannable),
            summary: list("summary", defaults.summary),
        };
        if let Some(table) = given {
            table.finish();
        }
        Some(patterns).filter(|_| sound)
    }
}

/// Bytes, not characters: what a scanner prints need not be UTF-8.
fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&text.replace("{file}", r"\x00")).unicode(false).size_limit(LARGEST).build()
}

/// The last line of the error: the one that says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
