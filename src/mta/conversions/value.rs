//! A value, and what stands for it when the entry is used: call-outs to mapping
//! tables and symbols. Cannot fail; what cannot be emulated is said.
//!
//! `'TABLE:input'` asks a table (6.3 Administration Guide, 13.5.3.5): `$Y` gives
//! the value; no match or `$N` makes the clause count as if it were not there.

use std::collections::HashMap;
use std::ops::Range;

use crate::mta::mappings::{Mappings, Outcome};
use crate::mta::wildcard;

/// The value of a clause, without the quotes around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// As it reads after the quoting is undone.
    pub text: String,
    /// The line of its clause.
    pub line: usize,
    /// Bytes of the file that it takes up as it is written, with its quotes.
    pub span: Range<usize>,
}

/// What a value comes to for one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// This.
    Text(Vec<u8>),
    /// The clause counts as if it were not there.
    Ignored,
    /// Only the MTA itself can tell; why.
    CannotTell(String),
}

/// Names and values of symbols.
pub(super) type Symbols<'a> = HashMap<&'a str, &'a [u8]>;

impl Value {
    /// Table and input, if the value asks a mapping table.
    pub fn call_out(&self) -> Option<(String, String)> {
        let inner = self.text.strip_prefix('\'')?.strip_suffix('\'')?;
        let (table, input) = inner.split_once(':')?;
        let sound = table.starts_with(|c: char| c.is_ascii_alphabetic())
            && table.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
        Some((table.to_owned(), unquoted(input)?)).filter(|_| sound)
    }

    /// Whether `text` fits the value as a pattern.
    pub fn fits(&self, text: &str) -> bool {
        wildcard::fits(self.text.as_bytes(), text.as_bytes())
    }

    /// The value with `symbols` put in for `'SYMBOL'`, and the answer of a mapping
    /// table in place of a call-out.
    pub fn resolved(&self, symbols: &[(String, Vec<u8>)], mappings: &Mappings) -> Resolved {
        let symbols = table(symbols);
        match self.call_out() {
            Some((table, input)) => {
                ask(mappings, &table, &substituted(&input, |name| symbols.get(name).copied()))
            }
            None => Resolved::Text(substituted(&self.text, |name| symbols.get(name).copied())),
        }
    }
}

/// `symbols` by name; of several with one name the last.
pub(super) fn table(symbols: &[(String, Vec<u8>)]) -> Symbols<'_> {
    symbols.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
}

/// The input of a call-out without its backslashes; none if a quote in it is not
/// quoted, for then the value is no call-out.
fn unquoted(input: &str) -> Option<String> {
    let mut plain = String::with_capacity(input.len());
    let mut chars = input.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => return None,
            '\\' => plain.push(chars.next()?),
            _ => plain.push(c),
        }
    }
    Some(plain)
}

/// What `table` makes of `input`.
pub(super) fn ask(mappings: &Mappings, table: &str, input: &[u8]) -> Resolved {
    let hit = mappings.table(table).and_then(|table| table.probe(&String::from_utf8_lossy(input)));
    let Some(hit) = hit else { return Resolved::Ignored };
    match hit.outcome {
        Outcome::CannotTell(why) => Resolved::CannotTell(why),
        Outcome::Answer(text) if hit.flags.contains(&'Y') && !hit.flags.contains(&'N') => {
            Resolved::Text(text.into_bytes())
        }
        Outcome::Answer(_) => Resolved::Ignored,
    }
}

/// `text` with the value that `lookup` knows in place of each `'SYMBOL'`.
pub(super) fn substituted<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a [u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\'') {
        out.extend_from_slice(before.as_bytes());
        match symbol(after).and_then(|(name, behind)| Some((lookup(name)?, behind))) {
            Some((value, behind)) => {
                out.extend_from_slice(value);
                rest = behind;
            }
            None => {
                out.push(b'\'');
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// A symbol's name and what stands behind its closing quote, if `text` begins
/// with them.
pub(super) fn symbol(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (name, rest) = text.split_at_checked(length)?;
    Some((name, rest.strip_prefix('\'')?)).filter(|_| !name.is_empty())
}
