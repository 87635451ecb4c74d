//! The command line of an entry, with symbols put in so that no value can break
//! out of its place in the shell. Cannot fail.
//!
//! `'SYMBOL'` is replaced here; `$SYMBOL` is left to the shell, which has it in
//! its environment (6.3 Administration Guide, 13.5.3.2 and 13.5.5; service
//! conversions, "a `$` before the variable name"). The `IMTA_PROGRAM:` prefix
//! stays as it is.

use std::collections::HashSet;

use super::value::{self, Resolved, Symbols, Value};
use super::{Action, Entry};
use crate::channel::VARS;
use crate::mta::mappings::Mappings;

/// Where in the shell's grammar a place of the command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    Outside,
    Single,
    Double,
}

/// What begins a quotation within a quotation, or one of other rules. In a
/// command with any of these no place counts as being outside of quotes.
const NESTING: [&str; 5] = ["`", "$(", "${", "$'", "<<"];

impl Entry {
    /// The command for a part with these variables and symbols; none if the entry
    /// has no command. A symbol without a value becomes an empty word.
    ///
    /// Outside of quotes a value is put in as one word in single quotes. Elsewhere
    /// (inside of double quotes, say for another shell, or in a command with
    /// `$(...)`) no quoting is right for every reader, so all that a shell could
    /// take for its own becomes `_` there.
    pub fn command_line(&self, symbols: &[(String, Vec<u8>)], mappings: &Mappings) -> Option<Resolved> {
        let Action::Command(command) = &self.action else { return None };
        let values = value::table(symbols);
        let mut known: HashSet<&str> = VARS.iter().map(|(_, name)| *name).collect();
        known.extend(self.passing.symbols.iter().map(|symbol| symbol.value.text.as_str()));
        known.extend(values.keys());
        Some(match command.call_out() {
            Some(asked) => called_out(asked, &values, mappings),
            None => Resolved::Text(filled(command, &known, &values)),
        })
    }
}

/// A command that a mapping table gives. The table may repeat its input
/// anywhere in the answer, so nothing that means anything to a shell goes in.
fn called_out((table, input): (String, String), values: &Symbols, mappings: &Mappings) -> Resolved {
    let harmless: Vec<(String, Vec<u8>)> =
        values.iter().map(|(name, value)| ((*name).to_owned(), tamed(value))).collect();
    let harmless = value::table(&harmless);
    value::ask(mappings, &table, &value::substituted(&input, |name| harmless.get(name).copied()))
}

fn filled(command: &Value, known: &HashSet<&str>, values: &Symbols) -> Vec<u8> {
    let mut out = Vec::with_capacity(command.text.len());
    let nested = NESTING.iter().any(|begin| command.text.contains(begin));
    let mut quotes = Quotes::Outside;
    let mut rest = command.text.as_str();
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let symbol = if c == '\'' { value::symbol(after) } else { None };
        if let Some((name, behind)) = symbol.filter(|(name, _)| known.contains(name)) {
            let value = values.get(name).copied().unwrap_or_default();
            // Behind `\` a single quote would mean something else.
            if quotes == Quotes::Outside && !nested && before != '\\' {
                quote(value, &mut out);
            } else {
                out.extend_from_slice(&tamed(value));
            }
            rest = behind;
            before = '\'';
            continue;
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        let escaped = before == '\\' && quotes != Quotes::Single;
        if !escaped {
            quotes = quotes.behind(c);
        }
        // A quoted `\` quotes nothing itself.
        before = if escaped && c == '\\' { ' ' } else { c };
        rest = after;
    }
    out
}

impl Quotes {
    fn behind(self, c: char) -> Self {
        match (self, c) {
            (Self::Outside, '\'') => Self::Single,
            (Self::Outside, '"') => Self::Double,
            (Self::Single, '\'') | (Self::Double, '"') => Self::Outside,
            (Self::Outside | Self::Single | Self::Double, _) => self,
        }
    }
}

/// `value` as one word of the shell. Controls would end a comment or the word.
fn quote(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in value {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            0..=31 | 127 => out.push(b'_'),
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
}

/// `value` with `_` for all but letters, digits, what names and paths consist of,
/// and bytes above ASCII.
fn tamed(value: &[u8]) -> Vec<u8> {
    let keep = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || *byte >= 0x80
            || matches!(byte, b'_' | b'.' | b'/' | b',' | b':' | b'=' | b'@' | b'%' | b'+' | b'-')
    };
    value.iter().map(|byte| if keep(byte) { *byte } else { b'_' }).collect()
}
