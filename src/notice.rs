//! The notice that stands in for a part: template parsed, checked, rendered.
//! Parsing fails with the places of all faults; rendering cannot fail.

use crate::diagnostic::{Diagnostic, nearest};
use crate::text;

/// Largest template. A notice is a page, not a book.
pub const LARGEST: usize = 64 * 1024;

/// Most faults that are told of one template.
const MOST_FAULTS: usize = 20;

/// Something that a template may name between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Threat names, or why the part was not scanned.
    Finding,
    /// Original file name.
    Name,
    /// MIME type.
    Type,
    /// Size in bytes.
    Size,
    /// What was done.
    Action,
    /// Local date, time and zone.
    Date,
    /// Sender as the message claims.
    From,
    /// Subject as the message claims.
    Subject,
    /// Reference that is also in the log.
    Reference,
    /// Engines that were asked.
    Engine,
}

impl Field {
    const NAMES: [(Self, &'static str); 10] = [
        (Self::Finding, "finding"),
        (Self::Name, "name"),
        (Self::Type, "type"),
        (Self::Size, "size"),
        (Self::Action, "action"),
        (Self::Date, "date"),
        (Self::From, "from"),
        (Self::Subject, "subject"),
        (Self::Reference, "reference"),
        (Self::Engine, "engine"),
    ];
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// Which built-in text to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A threat was found.
    Infected,
    /// The part could not be scanned.
    NotScanned,
}

const INFECTED: &str = include_str!("notice/infected.txt");
const NOT_SCANNED: &str = include_str!("notice/not-scanned.txt");

impl Template {
    /// Reads a template: `{field}` names a field, `{{` and `}}` are braces.
    pub fn parse(path: &str, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut pieces = Vec::new();
        let mut faults = Vec::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}'])
            && faults.len() < MOST_FAULTS
        {
            let (text, tail) = rest.split_at(at);
            push_text(&mut pieces, text);
            let offset = source.len() - tail.len();
            rest = match brace(tail) {
                Brace::Literal(brace, rest) => {
                    push_text(&mut pieces, brace);
                    rest
                }
                Brace::Name(name, rest) => {
                    match Field::NAMES.iter().find(|(_, known)| *known == name) {
                        Some((field, _)) => pieces.push(Piece::Field(*field)),
                        None => faults.push(unknown(path, source, offset, name)),
                    }
                    rest
                }
                Brace::Lone(rest) => {
                    let fault = Diagnostic::at(path, source, offset..offset + 1, "lone brace");
                    faults.push(fault.hint("write `{{` or `}}` for a brace, `{name}` for a field"));
                    rest
                }
            };
        }
        push_text(&mut pieces, rest);
        if source.trim().is_empty() {
            faults.push(Diagnostic::whole(path, "the template is empty"));
        }
        if let Some(at) = source.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            let fault = Diagnostic::at(path, source, at..at + 1, "control character");
            faults.push(fault.hint("remove it"));
        }
        if faults.is_empty() { Ok(Self(pieces)) } else { Err(faults) }
    }

    /// The built-in template.
    pub fn built_in(kind: Kind) -> Self {
        let source = match kind {
            Kind::Infected => INFECTED,
            Kind::NotScanned => NOT_SCANNED,
        };
        // A test parses both; the raw text is what is left if it were wrong.
        Self::parse("built-in", source).unwrap_or_else(|_| Self(vec![Piece::Text(source.to_owned())]))
    }

    /// The text with every field put in. Values are foreign: each becomes one
    /// printable line.
    pub fn render(&self, value: impl Fn(Field) -> String) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(field) => out.push_str(&text::printable_str(&value(*field), 2 * text::SHOWN)),
            }
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    let unix = text.replace('\r', "");
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(&unix),
        Some(Piece::Field(_)) | None => pieces.push(Piece::Text(unix)),
    }
}

enum Brace<'a> {
    Literal(&'a str, &'a str),
    Name(&'a str, &'a str),
    Lone(&'a str),
}

/// What the brace at the start of `tail` means, and what follows it.
fn brace(tail: &str) -> Brace<'_> {
    for literal in ["{{", "}}"] {
        if let Some(rest) = tail.strip_prefix(literal) {
            return Brace::Literal(literal.get(..1).unwrap_or_default(), rest);
        }
    }
    if let Some(inside) = tail.strip_prefix('{')
        && let Some((name, rest)) = inside.split_once('}')
        && !name.contains(['\n', '{'])
    {
        return Brace::Name(name, rest);
    }
    let mut rest = tail.chars();
    rest.next();
    Brace::Lone(rest.as_str())
}

fn unknown(path: &str, source: &str, offset: usize, name: &str) -> Diagnostic {
    let message = if name.is_empty() {
        "a field without a name".to_owned()
    } else {
        format!("unknown field `{}`", text::printable_str(name, 40))
    };
    let fault = Diagnostic::at(path, source, offset..offset + name.len() + 2, message);
    let names = Field::NAMES.map(|(_, known)| known);
    match nearest(name, names) {
        Some(near) => fault.hint(format!("did you mean `{{{near}}}`?")),
        None => fault.hint(format!("the fields are {}", names.map(|n| format!("`{{{n}}}`")).join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str) -> String {
        Template::parse("t", source).unwrap().render(|field| format!("<{field:?}>"))
    }

    #[test]
    fn fields_are_put_in_and_braces_can_be_written() {
        assert_eq!(render("a {name} {{b}}"), "a <Name> {b}\n");
        assert_eq!(render("{date}{type}\r\n"), "<Date><Type>\n");
    }

    #[test]
    fn all_faults_are_found_in_one_run() {
        let faults = Template::parse("t", "x {nam}\n}\n{from").unwrap_err();
        let places: Vec<_> = faults.iter().map(|f| (f.line, f.column)).collect();
        assert_eq!(places, [(1, 3), (2, 1), (3, 1)]);
        assert_eq!(faults[0].hint.as_deref(), Some("did you mean `{name}`?"));
    }

    #[test]
    fn a_value_cannot_break_the_line() {
        let template = Template::parse("t", "[{subject}]").unwrap();
        assert_eq!(template.render(|_| "a\r\nBcc: {name}".to_owned()), "[a Bcc: {name}]\n");
    }

    #[test]
    fn an_empty_template_is_a_fault() {
        assert!(Template::parse("t", " \n").is_err());
    }

    #[test]
    fn the_built_in_templates_are_right_and_ascii() {
        for source in [INFECTED, NOT_SCANNED] {
            assert!(Template::parse("built-in", source).is_ok());
            assert!(source.is_ascii());
            assert!(source.lines().all(|line| line.len() <= 78));
        }
    }
}
