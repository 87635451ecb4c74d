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
use super::{Entry, Include, Mappings, Place, Table, route, template};
use crate::diagnostic::{Diagnostic, LISTED};
use crate::mta::faults::Faults;
use crate::mta::lines::{Line, Logical, Physical, physical};
use crate::text;

/// How deep files may include files (6.3 Administration Guide, 10.3.1).
const DEEPEST: usize = 3;

/// How many files are read in all: a file that includes itself many times would
/// otherwise be read that many times to the power of three.
const FILES: usize = 64;

/// Longest pattern, template and line of releases up to 2005Q4 and of 6.3.
const PATTERN: (usize, usize) = (252, 256);
const TEMPLATE: (usize, usize) = (252, 1024);
const LINE: usize = 4096;

type Source<'s> = &'s mut dyn FnMut(&Include) -> Option<String>;

/// What has been read so far, across files.
struct Reader<'s> {
    mappings: Mappings,
    diagnostics: Vec<Diagnostic>,
    source: Option<Source<'s>>,
    files: usize,
    /// Names of tables in lower case, and the line of each.
    names: HashMap<String, usize>,
    /// Whether entries may follow, that is, a table's name was met.
    open: bool,
    above: Above,
}

/// What the last line that is no comment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    Blank,
    Text,
}

pub(super) fn read(path: &str, text: &str, source: Option<Source>) -> (Mappings, Vec<Diagnostic>) {
    let mut reader = Reader {
        mappings: Mappings::default(),
        diagnostics: Vec::new(),
        source,
        files: 0,
        names: HashMap::new(),
        open: false,
        above: Above::Blank,
    };
    reader.file(path, text, 0);
    (reader.mappings, bounded(path, reader.diagnostics))
}

/// The complaints about all files. Each file has its own bound; together they
/// have twice that.
fn bounded(path: &str, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let rest = diagnostics.split_off(diagnostics.len().min(2 * LISTED));
    if let Some(worst) = rest.iter().map(|fault| fault.severity).max() {
        let message = format!("{} more faults here and in included files are not listed", rest.len());
        let mut last = Diagnostic::whole(path, message).hint("mend the first ones");
        last.severity = worst;
        diagnostics.push(last);
    }
    diagnostics
}

impl Reader<'_> {
    fn file(&mut self, path: &str, text: &str, depth: usize) {
        self.files += 1;
        let shared: Arc<str> = path.into();
        let mut faults = Faults::new(path, text);
        let mut lines = physical(text).peekable();
        while let Some(line) = lines.next() {
            let place = Place { path: Arc::clone(&shared), line: line.number };
            if line.is_comment() {
                continue;
            }
            if line.is_blank() {
                self.above = Above::Blank;
                continue;
            }
            match line.text.strip_prefix('<') {
                Some(file) => {
                    self.include(line, Include { file: file.trim().into(), place }, depth, &mut faults)
                }
                None if line.text.starts_with(char::is_whitespace) => {
                    self.entry(line, &mut lines, place, &mut faults);
                }
                None => self.name(line, place, &mut faults),
            }
            self.above = Above::Text;
        }
        self.diagnostics.extend(faults.into_list());
    }

    fn include(&mut self, line: Line, include: Include, depth: usize, faults: &mut Faults) {
        let shown = text::printable_str(&include.file, text::SHOWN);
        self.mappings.includes.push(include.clone());
        if include.file.is_empty() {
            return faults.error(
                line.span(),
                "no file is named behind `<`",
                "write `<` and the file's full path",
            );
        }
        if depth == DEEPEST {
            return faults.error(
                line.span(),
                "files include files more than three deep",
                "put the tables into fewer files",
            );
        }
        let Some(source) = self.source.as_mut() else { return };
        if self.files == FILES {
            return faults.error(
                line.span(),
                format!("more than {FILES} files are included"),
                "does a file include itself?",
            );
        }
        match source(&include) {
            Some(content) => self.file(&include.file, &content, depth + 1),
            None => faults.error(
                line.span(),
                format!("cannot read `{shown}`"),
                "give the full path of a file that everybody may read",
            ),
        }
    }

    fn name(&mut self, line: Line, place: Place, faults: &mut Faults) {
        let name = line.text.trim_end();
        let sound = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
        if !sound {
            let hint =
                "a table's name stands alone in column 1; an entry begins with a blank; a comment with `!`";
            return faults.error(line.span(), "neither a table's name nor an entry", hint);
        }
        if self.above == Above::Text {
            let hint = "put a blank line between two tables";
            faults.warning(line.span(), format!("no blank line before table `{name}`"), hint);
        }
        let lower = name.to_ascii_lowercase();
        if let Some(first) = self.names.get(&lower) {
            let hint = format!("the first is in line {first}: put all entries into one");
            faults.error(line.span(), format!("another table `{name}`"), hint);
        }
        self.names.entry(lower).or_insert(place.line);
        self.mappings.tables.push(Table { name: name.to_owned(), place, entries: Vec::new() });
        self.open = true;
    }

    fn entry<'a>(
        &mut self,
        line: Line<'a>,
        lines: &mut Peekable<Physical<'a>>,
        place: Place,
        faults: &mut Faults,
    ) {
        let logical = Logical::read(line, lines, faults);
        let table = if self.open { self.mappings.tables.last_mut() } else { None };
        let Some(table) = table else {
            let hint = "write the table's name in column 1 and a blank line above";
            return faults.error(line.span(), "an entry before any table", hint);
        };
        match (table.entries.is_empty(), self.above) {
            (true, Above::Text) => faults.warning(
                line.span(),
                format!("no blank line after the name of table `{}`", table.name),
                "put one between the name and the entries",
            ),
            (false, Above::Blank) => faults.error(
                line.span(),
                format!("a blank line above, inside table `{}`", table.name),
                "remove it: a blank line ends a table, so the server may not see this entry",
            ),
            (true, Above::Blank) | (false, Above::Text) => {}
        }
        let (pattern, template) = columns(&logical.text);
        let of = |range: Range<usize>| logical.text.get(range).unwrap_or_default().to_owned();
        let entry = Entry { pattern: of(pattern.clone()), template: of(template.clone()), place };
        check(&logical, (pattern, template), &entry, faults);
        if table.name.eq_ignore_ascii_case(route::TABLE) {
            route::check(&logical, &entry, faults);
        }
        table.entries.push(entry);
    }
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

fn check(
    logical: &Logical,
    (pattern, template): (Range<usize>, Range<usize>),
    entry: &Entry,
    faults: &mut Faults,
) {
    let whole = logical.span(pattern.start..template.end);
    if entry.template.is_empty() {
        let hint = "write pattern and template, with a blank between";
        faults.error(logical.span(pattern.clone()), "an entry without a template", hint);
    }
    let pattern = logical.span(pattern);
    let template_at = template.start;
    let template = logical.span(template);
    long("pattern", &entry.pattern, PATTERN, &pattern, faults);
    long("template", &entry.template, TEMPLATE, &template, faults);
    if logical.text.chars().count() > LINE {
        let hint = "6.3 reads that many; earlier releases less";
        faults.warning(whole, format!("more than {LINE} characters in an entry"), hint);
    }
    if let Some(message) = Pattern::compile(&entry.pattern).fault {
        faults.error(pattern, message, "write `$$` for a dollar sign");
    }
    if let Some(message) = template::fault(&entry.template) {
        faults.error(template, message, "write `$$` for a dollar sign");
    }
    if let Some(blank) = lone_blank(&entry.template) {
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
        faults.warning(span.clone(), message, format!("{releases}: at most {limit}"));
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
