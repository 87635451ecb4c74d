//! Whether a header block says one thing twice, so that mail programs may differ
//! in which they believe. Cannot fail.
//!
//! What one program takes for the boundary, another may not; what it finds then
//! was never shown to an engine.

use std::collections::BTreeSet;
use std::fmt;

use super::field::{fields, named};
use super::parameter::{self, parameters};

/// What a header block says twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// Content-Type.
    Types,
    /// The parameter `boundary`, or it reads in two ways.
    Boundaries,
    /// Content-Transfer-Encoding.
    Encodings,
    /// Content-Disposition, each time with other file names.
    Dispositions,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Types => "two Content-Type fields",
            Self::Boundaries => "two boundaries",
            Self::Encodings => "two Content-Transfer-Encoding fields",
            Self::Dispositions => "two Content-Disposition fields with different file names",
        })
    }
}

/// Where these stand in what [`fields`] gives.
const FIELDS: [&str; 3] = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"];

/// Everything that `block` says twice, each once. A field that is there twice
/// counts even if both say the same: few programs compare them.
pub fn ambiguities(block: &[u8]) -> Vec<Ambiguity> {
    let fields = fields(block, &FIELDS);
    let of = |wanted: usize| fields.iter().filter(move |(i, _)| *i == wanted).map(|(_, value)| &value[..]);
    let mut dispositions = of(2).map(|value| {
        let names = ["filename", "name"].iter().flat_map(|wanted| named(value, wanted));
        names.collect::<BTreeSet<String>>()
    });
    let first = dispositions.next();
    let found = [
        (Ambiguity::Types, of(0).nth(1).is_some()),
        (Ambiguity::Boundaries, of(0).any(has_two_boundaries)),
        (Ambiguity::Encodings, of(1).nth(1).is_some()),
        (Ambiguity::Dispositions, dispositions.any(|names| Some(names) != first)),
    ];
    found.into_iter().filter(|(_, holds)| *holds).map(|(ambiguity, _)| ambiguity).collect()
}

/// Whether there are two, alike or not, in plain form, extended form (RFC 2231)
/// or in pieces; of pieces, whether two have one number.
fn has_two_boundaries(value: &[u8]) -> bool {
    const NAME: &[u8] = b"boundary";
    let mut forms = BTreeSet::new();
    let mut piece_numbers = BTreeSet::new();
    for name in parameter::names(value) {
        let Some((start, mark)) = name.split_at_checked(NAME.len()) else { continue };
        if !start.eq_ignore_ascii_case(NAME) || !matches!(mark.first(), None | Some(b'*')) {
            continue;
        }
        let number = mark.strip_suffix(b"*").unwrap_or(mark);
        let is_piece = !number.is_empty();
        let form = match (mark, is_piece) {
            (b"", _) => Form::Plain,
            (_, false) => Form::Extended,
            (_, true) => Form::Pieces,
        };
        let is_new = forms.insert(form);
        if is_piece && !piece_numbers.insert(number) || !is_piece && !is_new {
            return true;
        }
    }
    forms.len() > 1 || parameters(value, "boundary").len() > 1
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Plain,
    Extended,
    Pieces,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_found() {
        use Ambiguity::{Boundaries, Dispositions, Encodings, Types};
        let table: [(&str, &[Ambiguity]); 24] = [
            ("", &[]),
            ("Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline\n", &[]),
            ("Content-Type: multipart/x; boundary=\"a b\"; x=y\n", &[]),
            ("Content-Type: multipart/x;\r\n\tBOUNDARY=\"=_;b=c\"\r\n", &[]),
            ("Content-Type: multipart/x; boundary*0=a; boundary*1=b\n", &[]),
            ("Content-Type: multipart/x; boundary*=us-ascii''a\n", &[]),
            ("Content-Type: multipart/x; x=\"; boundary=a\"; boundary=b\n", &[]),
            ("Content-Type: text/plain\nX: y\nCONTENT-TYPE : text/plain\n", &[Types]),
            ("Content-Type: multipart/x; boundary=a\nContent-Type: multipart/x; boundary=b\n", &[Types]),
            ("Content-Type: multipart/x; boundary=a; Boundary=b\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary=a; boundary=a\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary=a; boundary*=utf-8''a\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary=a;\n boundary*0=a\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary*0=a; boundary*0*=b\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary*1=a; boundary*1=a\n", &[Boundaries]),
            ("Content-Type: multipart/x; boundary=\"a\"b\n", &[Boundaries]),
            ("Content-Type: multipart/x; x=\"; boundary=a; boundary=b\n", &[Boundaries]),
            ("Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: base64\n", &[Encodings]),
            ("Content-Transfer-Encoding: base64\n 7bit\n", &[]),
            ("Content-Disposition: x; filename=a\nContent-Disposition: x; filename=b\n", &[Dispositions]),
            ("Content-Disposition: x; filename=a\nContent-Disposition: x; FileName=\"a\"\n", &[]),
            ("Content-Disposition: x\nContent-Disposition: x; filename=a\n", &[Dispositions]),
            ("X: y\n Content-Type: a/b\n\tContent-Type: a/b\n", &[]),
            (
                "Content-Type: a/b\nContent-Type: a/b; boundary=a; boundary=a\nContent-Transfer-Encoding: x\n\
                    Content-Transfer-Encoding: x\n",
                &[Types, Boundaries, Encodings],
            ),
        ];
        for (block, expected) in table {
            assert_eq!(ambiguities(block.as_bytes()), expected, "{block}");
        }
    }
}
