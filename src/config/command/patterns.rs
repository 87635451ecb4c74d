//! What the lines of a scanner's output mean.

use std::fmt;
use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::preset::Defaults;
use crate::config::key;
use crate::config::table::Table;

/// Patterns, each for one line without the blanks at its ends. In them `{file}`
/// stands for the path of the private copy, which no other text can imitate.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// A match convicts, whatever the exit code. The group `name`, else the
    /// first one, is the name of the threat.
    pub infected: Vec<Pattern>,
    /// Where there are any, a clean answer needs a match.
    pub clean: Vec<Pattern>,
    /// A match forbids a clean answer.
    pub error: Vec<Pattern>,
    /// A match says that something is encrypted.
    pub encrypted: Vec<Pattern>,
    /// A match says that something was not looked into.
    pub unscannable: Vec<Pattern>,
    /// Once one matches, a clean answer needs a match of each, and no count, the
    /// first group, may be 0.
    pub summary: Vec<Pattern>,
}

/// One pattern. A preset's is not compiled until there is a line to be read: a
/// part whose verdict is known needs none.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A preset's, of which tests know that it can be compiled.
    fn known(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    fn given(text: &str) -> Result<Self, regex::Error> {
        let regex = compile(text)?;
        Ok(Self { text: text.to_owned(), compiled: OnceLock::from(Some(regex)) })
    }

    /// Whether it matches `line`.
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(line))
    }

    /// What it catches in `line`.
    pub fn captures<'h>(&self, line: &'h [u8]) -> Option<Captures<'h>> {
        self.regex()?.captures(line)
    }

    /// There always is one: whatever is not known was compiled when it was read.
    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

/// The same whether it is compiled or not.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
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
        let given = table.table(key::ENGINE_PATTERNS.name());
        let mut sound = true;
        let mut list = |key: &'static str, default: &[&str]| {
            let Some(own) = given.as_ref().and_then(|table| table.strings(key)) else {
                return default.iter().map(|text| Pattern::known(text)).collect();
            };
            let mut patterns = Vec::new();
            if own.len() > MOST {
                let message = format!("`{key}` has more than {MOST} patterns");
                given.as_ref().unwrap_or(table).fault(key, message, "join some of them by `|`");
                sound = false;
                return patterns;
            }
            for text in own {
                match Pattern::given(&text) {
                    Ok(pattern) => patterns.push(pattern),
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

#[cfg(test)]
mod tests {
    use crate::config::command::preset::Preset;

    use super::*;

    #[test]
    fn every_pattern_of_a_preset_can_be_compiled() {
        let mut met = 0;
        for (preset, _) in Preset::NAMES {
            let Defaults { infected, clean_lines, error, encrypted, unscannable, summary, .. } =
                preset.defaults();
            let lists = [infected, clean_lines, error, encrypted, unscannable, summary];
            for text in lists.into_iter().copied().flatten() {
                assert!(Pattern::known(text).regex().is_some(), "{text}");
                met += 1;
            }
        }
        assert!(met > 30, "{met}");
    }
}
