//! Reads the text of a mappings file into tables. Cannot fail; what is wrong
//! becomes a fault.
//!
//! Table name in column 1, a blank line, entries that begin with a blank, a blank
//! line (6.3 Administration Guide, 10.3.1). Vendors' own samples leave out the
//! blank line after the name, so that is only a warning.

use std::collections::HashMap;
use std::iter::Peekable;
use std::ops::Range;
use std::sync::Arc;

use super::pattern::Pattern;
use super::{Entry, Mappings, Place, Table, route, template};
use crate::diagnostic::{Diagnostic, Severity};
use crate::mta::faults::Faults;
use crate::mta::form;
use crate::mta::lines::{Line, Logical, Physical, physical};
use crate::mta::source::{Lookup, Sources, Span, Syntax, Word, load};
use crate::mta::statement::{FileFaults, included};

/// Longest pattern, template and line of releases up to 2005Q4 and of 6.3.
const PATTERN: (usize, usize) = (252, 256);
const TEMPLATE: (usize, usize) = (252, 1024);
const LINE: usize = 4096;

/// What has been read so far, across files.
struct Reader<'s> {
    sources: &'s Sources,
    faults: FileFaults<'s>,
    tables: Vec<Table>,
    /// Names of tables in lower case, and the line of each.
    names: HashMap<String, usize>,
    above: Above,
}

/// What the last line that is no comment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    Blank,
    Text,
}

pub(super) fn read(path: &str, text: &str, lookup: Option<Lookup>) -> (Mappings, Vec<Diagnostic>) {
    let sources = load(path, text, Syntax::Mta, lookup);
    let mut reader = Reader {
        sources: &sources,
        faults: FileFaults::new(&sources),
        tables: Vec::new(),
        names: HashMap::new(),
        above: Above::Blank,
    };
    reader.file(0);
    let Reader { faults, tables, .. } = reader;
    let list = faults.into_list(path);
    (Mappings { sources, tables }, list)
}

impl Reader<'_> {
    fn file(&mut self, file: usize) {
        let sources = self.sources;
        let Some(source) = sources.files().get(file) else { return };
        let path: Arc<str> = source.path.as_str().into();
        let mut includes = sources.includes_of(file).peekable();
        let mut lines = physical(&source.text).peekable();
        while let Some(line) = lines.next() {
            if line.is_comment() {
                continue;
            }
            if line.is_blank() {
                self.above = Above::Blank;
                continue;
            }
            let here = line.at..=line.span().end;
            let place = Place { path: Arc::clone(&path), line: line.number };
            if let Some(include) = includes.next_if(|include| here.contains(&include.span.start)) {
                if let Some(inner) = included(include, &mut self.faults) {
                    self.file(inner);
                }
            } else if line.text.starts_with(char::is_whitespace) {
                self.entry(line, &mut lines, file, place);
            } else {
                self.name(line, file, place);
            }
            self.above = Above::Text;
        }
    }

    fn name(&mut self, line: Line, file: usize, place: Place) {
        let name = line.text.trim_end();
        let span = Span::new(file, line.at..line.at + name.len());
        if !is_name(name) {
            let hint =
                "a table's name stands alone in column 1; an entry begins with a blank; a comment with `!`";
            let message = "neither a table's name nor an entry";
            return self.faults.breaks(form::LEADING_BLANK, Severity::Error, span, message, hint);
        }
        if self.above == Above::Text {
            let hint = "put a blank line between two tables";
            self.faults.warning(span, format!("no blank line before table `{name}`"), hint);
        }
        let lower = name.to_ascii_lowercase();
        if let Some(first) = self.names.get(&lower) {
            let hint = format!("the first is in line {first}: put all entries into one");
            let message = format!("another table `{name}`");
            self.faults.breaks(form::DUPLICATE, Severity::Error, span, message, hint);
        }
        self.names.entry(lower).or_insert(place.line);
        let name = Word { text: name.to_owned(), span };
        self.tables.push(Table { name, place, entries: Vec::new() });
    }

    fn entry<'a>(&mut self, line: Line<'a>, lines: &mut Peekable<Physical<'a>>, file: usize, place: Place) {
        let Some(faults) = self.faults.of(file) else { return };
        let logical = Logical::read(line, lines, faults);
        // A lone name below a blank line was meant to be a table's, but not where the
        // first entry of a table is expected.
        let is_first = self.tables.last().is_some_and(|table| table.entries.is_empty());
        let is_indented = self.above == Above::Blank && !is_first && is_name(logical.text.trim());
        if is_indented {
            let message = format!("a blank before the name of table `{}`", logical.text.trim());
            let hint = "remove it: with one this is an entry of the table above";
            faults.breaks(form::LEADING_BLANK, Severity::Error, line.span(), message, hint);
        }
        let Some(table) = self.tables.last_mut() else {
            let hint = "write the table's name in column 1 and a blank line above";
            if !is_indented {
                faults.error(line.span(), "an entry before any table", hint);
            }
            return;
        };
        match (table.entries.is_empty(), self.above) {
            _ if is_indented => {}
            (true, Above::Text) => faults.warning(
                line.span(),
                format!("no blank line after the name of table `{}`", table.name.text),
                "put one between the name and the entries",
            ),
            (false, Above::Blank) => faults.error(
                line.span(),
                format!("a blank line above, inside table `{}`", table.name.text),
                "remove it: a blank line ends a table, so the server may not see this entry",
            ),
            (true, Above::Blank) | (false, Above::Text) => {}
        }
        let (pattern, template) = columns(&logical.text);
        let template_at = template.start;
        let word = |range: Range<usize>| Word {
            text: logical.text.get(range.clone()).unwrap_or_default().to_owned(),
            span: Span::new(file, logical.span(range)),
        };
        let entry = Entry { pattern: word(pattern), template: word(template), place };
        if !is_indented {
            check(&logical, template_at, &entry, faults);
        }
        if table.name.is(route::TABLE) {
            route::check(&entry, faults);
        }
        table.entries.push(entry);
    }
}

/// Whether a table may be called so.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'))
}

/// Where pattern and template of an entry stand; `$` quotes a blank.
fn columns(text: &str) -> (Range<usize>, Range<usize>) {
    let start = text.len() - text.trim_start().len();
    let mut chars = text.char_indices().skip_while(|(i, _)| *i < start);
    let mut end = text.len();
    while let Some((i, c)) = chars.next() {
        if c.is_whitespace() {
            end = i;
            break;
        }
        if c == '$' {
            chars.next();
        }
    }
    let rest = text.get(end..).unwrap_or_default();
    let second = end + rest.len() - rest.trim_start().len();
    let template = text.get(second..).unwrap_or_default();
    // A blank that `$` quotes belongs to the template.
    let mut last = second + template.trim_end().len();
    if quotes_next(text.get(second..last).unwrap_or_default()) {
        last += text.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    (start..end, second..last)
}

/// Whether `text` ends in a `$` that is not itself quoted.
fn quotes_next(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'$').count() % 2 == 1
}

/// Complains about an entry whose template begins at `template_at` of the line.
fn check(logical: &Logical, template_at: usize, entry: &Entry, faults: &mut Faults) {
    let (pattern, template) = (entry.pattern.span.range(), entry.template.span.range());
    if entry.template.text.is_empty() {
        let hint = "write pattern and template, with a blank between";
        faults.error(pattern.clone(), "an entry without a template", hint);
    }
    long("pattern", &entry.pattern.text, PATTERN, &pattern, faults);
    long("template", &entry.template.text, TEMPLATE, &template, faults);
    if logical.text.chars().count() > LINE {
        let hint = "6.3 reads that many; earlier releases less";
        let message = format!("more than {LINE} characters in an entry");
        let span = pattern.start..template.end.max(pattern.end);
        faults.breaks(form::LINE_LENGTH, Severity::Warning, span, message, hint);
    }
    if let Some(message) = Pattern::compile(&entry.pattern.text).fault {
        faults.error(pattern, message, "write `$$` for a dollar sign");
    }
    if let Some(message) = template::fault(&entry.template.text) {
        faults.error(template, message, "write `$$` for a dollar sign");
    }
    if let Some(blank) = lone_blank(&entry.template.text) {
        let span = logical.span(template_at + blank..template_at + blank + 1);
        faults.warning(
            span,
            "a blank in the template",
            "remove it, or write `$` before a blank that is meant",
        );
    }
}

fn long(what: &str, text: &str, (old, new): (usize, usize), span: &Range<usize>, faults: &mut Faults) {
    let length = text.chars().count();
    let (limit, releases) = if length > new { (new, "6.3") } else { (old, "releases up to 2005Q4") };
    if length > limit {
        let message = format!("{what} of {length} characters");
        let hint = format!("{releases}: at most {limit}");
        faults.breaks(form::LINE_LENGTH, Severity::Warning, span.clone(), message, hint);
    }
}

/// Where a blank stands that no `$` quotes.
fn lone_blank(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        if c.is_whitespace() {
            return Some(i);
        }
        if c == '$' {
            chars.next();
        }
    }
    None
}
