//! Cuts a logical line into `name=value` clauses. Cannot fail; what is wrong
//! becomes a fault and costs no more than its own clause.
//!
//! Quoting is that of MIME parameters (6.3 Administration Guide, 13.5.3; RFC 2045,
//! 5.1): a value with blanks or specials stands in double quotes, and `\` quotes
//! the next character. Single quotes mean nothing here.

use std::ops::Range;

use super::parameter::Parameter;
use crate::mta::faults::Faults;
use crate::mta::lines::Logical;
use crate::text;

/// A clause and where it stands in the file.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) name: String,
    pub(super) name_span: Range<usize>,
    pub(super) value: String,
    pub(super) value_span: Range<usize>,
    pub(super) line: usize,
}

/// Characters that MIME allows only in double quotes (RFC 2045, 5.1), without
/// those that end a value or begin a quotation.
const SPECIALS: [char; 13] = ['(', ')', '<', '>', '@', ',', ':', '/', '[', ']', '?', '=', ' '];

struct Cutter<'a, 'f, 'g> {
    line: &'a Logical,
    at: usize,
    faults: &'f mut Faults<'g>,
}

/// The clauses of `line`.
pub(super) fn clauses(line: &Logical, faults: &mut Faults) -> Vec<Clause> {
    let mut cutter = Cutter { line, at: 0, faults };
    let mut found = Vec::new();
    loop {
        cutter.skip_blanks();
        match cutter.rest().chars().next() {
            None => return found,
            Some(';') => {
                let span = cutter.span(cutter.at..cutter.at + 1);
                cutter.faults.warning(span, "nothing before the `;`", "remove one `;`");
                cutter.at += 1;
            }
            Some(_) => found.extend(cutter.clause()),
        }
    }
}

impl Cutter<'_, '_, '_> {
    fn rest(&self) -> &str {
        self.line.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, range: Range<usize>) -> Range<usize> {
        self.line.span(range)
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The clause that begins here, up to and with its `;`.
    fn clause(&mut self) -> Option<Clause> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(['=', ';']).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().trim_end().to_owned();
        let name_span = self.span(start..start + name.len().max(1));
        let line = self.line.number(start);
        let has_value = rest.get(length..).is_some_and(|rest| rest.starts_with('='));
        self.at += length;
        if !has_value {
            let shown = text::printable_str(&name, 40);
            self.faults.error(
                name_span,
                format!("no `=` in `{shown}`"),
                "write `name=value`, and `;` between",
            );
            self.end();
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        let from = self.at;
        let value = if self.rest().starts_with('"') { self.quoted() } else { self.bare() };
        let written = self.line.text.get(from..self.at).unwrap_or_default().trim_end();
        let value_span = self.span(from..from + written.len());
        self.end();
        if name.is_empty() {
            self.faults.error(name_span, "no name before the `=`", "write `name=value`");
            return None;
        }
        Some(Clause { name, name_span, value, value_span, line })
    }

    /// Goes behind the `;` that ends the clause.
    fn end(&mut self) {
        let rest = self.rest();
        self.at += rest.find(';').map_or(rest.len(), |i| i + 1);
    }

    /// A value in double quotes; stands behind the closing one afterwards.
    fn quoted(&mut self) -> String {
        let open = self.at;
        let mut value = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        let mut close = None;
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    close = Some(i);
                    break;
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                _ => value.push(c),
            }
        }
        let Some(close) = close else {
            self.at = self.line.text.len();
            let hint = "add `\"` where the value ends; a value ends on its line, unless `\\` continues that";
            self.faults.error(self.line.span(open..open + 1), "this `\"` is never closed", hint);
            return value.trim_end().trim_end_matches(';').to_owned();
        };
        self.at += close + 1;
        let rest = self.rest();
        let after = rest.get(..rest.find(';').unwrap_or(rest.len())).unwrap_or_default();
        if !after.trim().is_empty() {
            let start = self.at + after.len() - after.trim_start().len();
            let span = self.line.span(start..self.at + after.trim_end().len());
            let hint = "put `;` between clauses, and `\\` before a `\"` that belongs to the value";
            self.faults.error(span, "text after the closing `\"`", hint);
        }
        self.typographic(&value, open..self.at);
        value
    }

    /// A value without quotes, up to the `;`.
    fn bare(&mut self) -> String {
        let from = self.at;
        let rest = self.rest();
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let mut length = rest.len();
        while let Some((i, c)) = chars.next() {
            match c {
                ';' => {
                    length = i;
                    break;
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                _ => value.push(c),
            }
        }
        let raw = rest.get(..length).unwrap_or_default().trim_end();
        let span = from..from + raw.len();
        self.check_bare(raw.to_owned(), span);
        self.at += length;
        value.truncate(value.trim_end().len());
        value
    }

    fn check_bare(&mut self, raw: String, span: Range<usize>) {
        if self.typographic(&raw, span.clone()) {
            return;
        }
        let whole = self.span(span.clone());
        if raw.is_empty() {
            return self.faults.error(whole, "no value behind the `=`", "write `\"\"` for an empty value");
        }
        if let Some(at) = raw.find('"') {
            let at = span.start + at;
            let hint = "put the whole value in double quotes, with `\\` before those inside";
            return self.faults.error(self.line.span(at..at + 1), "a `\"` inside a value", hint);
        }
        if let Some(at) = second_clause(&raw) {
            let at = span.start + at;
            let hint = "put `;` before it";
            return self.faults.error(
                self.line.span(at..span.end),
                "another clause without `;` before it",
                hint,
            );
        }
        let special = raw.char_indices().find(|(_, c)| SPECIALS.contains(c) || c.is_whitespace());
        if let Some((i, c)) = special {
            let span = self.span(span.start + i..span.start + i + c.len_utf8());
            let what = if c.is_whitespace() { "a blank".to_owned() } else { format!("`{c}`") };
            let hint = "put the whole value in double quotes";
            self.faults.warning(span, format!("{what} in a value without quotes"), hint);
        }
    }

    /// Complains about quotes that a word processor, or a printed manual, made.
    fn typographic(&mut self, value: &str, span: Range<usize>) -> bool {
        let found = value.contains(['\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}']);
        if found {
            let hint = "type plain quotes, `\"` around the value and `'` around symbols";
            self.faults.error(self.line.span(span), "typographic quotes", hint);
        }
        found
    }
}

/// Where, behind a blank, the name of a parameter and `=` follow.
fn second_clause(raw: &str) -> Option<usize> {
    let mut at = 0;
    for word in raw.split_inclusive(char::is_whitespace) {
        let name = word.split_once('=').map(|(name, _)| name);
        if at > 0 && name.is_some_and(|name| Parameter::named(name).is_ok()) {
            return Some(at);
        }
        at += word.len();
    }
    None
}
