//! What the lines of a scanner's output mean.

use std::fmt;
use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::preset::Defaults;
use crate::config::key;
use crate::config::table::Table;
use crate::verdict::Reason;

/// Patterns, each for one line without the blanks at its ends. In them `{file}`
/// stands for the path of the private copy, which no other text can imitate.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// A match convicts, whatever the exit code. The group `name`, else the
    /// first one, is the name of the threat.
    pub infected: Vec<Pattern>,
    /// Where there are any, a clean answer needs a match.
    pub clean: Vec<Pattern>,
    /// A match forbids a clean answer, unless the line is about one file.
    pub error: Vec<Pattern>,
    /// A match counts errors. It forbids a clean answer, unless another line says
    /// of one file why it was not looked into: that is what was counted.
    pub errors: Vec<Pattern>,
    /// A match says of one file why it was not looked into; the clearest reason
    /// first.
    pub about_files: Vec<(Reason, Vec<Pattern>)>,
    /// A match counts files that were not looked into. It needs no reason where
    /// another line gives one.
    pub left_out: Vec<Pattern>,
    /// A match is something to be told beside a verdict.
    pub warning: Vec<Pattern>,
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

/// What lines say of one file, with the names of the lists in the configuration,
/// the clearest first.
pub(super) const ABOUT_FILES: [(Reason, &str); 9] = [
    (Reason::Encrypted, "encrypted"),
    (Reason::Corrupt, "corrupt"),
    (Reason::Excluded, "excluded"),
    (Reason::TooLong, "time-limit"),
    (Reason::TooMany, "too-many-files"),
    (Reason::TooDeep, "too-deep"),
    (Reason::TooLarge, "too-large"),
    (Reason::OverLimit, "over-limit"),
    (Reason::NotScanned, "unscannable"),
];

impl Patterns {
    /// Reads `patterns`; a list that is given takes the place of the preset's.
    pub(super) fn read(table: &Table<'_, '_>, defaults: &Defaults) -> Option<Self> {
        let given = table.table(key::ENGINE_PATTERNS.name());
        let known = |texts: &[&str]| texts.iter().map(|text| Pattern::known(text)).collect();
        let mut own_lists = Vec::new();
        let mut sound = true;
        let mut list = |key: &'static str, default: &[&str]| {
            let Some(own) = given.as_ref().and_then(|table| table.strings(key)) else {
                return known(default);
            };
            own_lists.push(key);
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
        let mut patterns = Self {
            infected: list("infected", defaults.infected),
            clean: list("clean", defaults.clean_lines),
            error: list("error", defaults.error),
            errors: known(defaults.errors),
            about_files: ABOUT_FILES
                .iter()
                .map(|(reason, key)| (*reason, list(key, defaults.about_files(*reason))))
                .collect(),
            left_out: known(defaults.left_out),
            warning: list("warning", defaults.warning),
            summary: list("summary", defaults.summary),
        };
        // A list in the configuration replaces the preset's list, counts included.
        if own_lists.contains(&"error") {
            patterns.errors.clear();
        }
        if own_lists.contains(&"unscannable") {
            patterns.left_out.clear();
        }
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
            let defaults = preset.defaults();
            let Defaults { infected, clean_lines, error, errors, left_out, warning, summary, .. } = defaults;
            let lists = [infected, clean_lines, error, errors, left_out, warning, summary];
            let about_files = ABOUT_FILES.map(|(reason, _)| defaults.about_files(reason));
            for text in lists.into_iter().copied().chain(about_files).flatten() {
                assert!(Pattern::known(text).regex().is_some(), "{text}");
                met += 1;
            }
        }
        assert!(met > 60, "{met}");
    }
}
