//! The table of parameter names. Fails for a name that is not in it.
//!
//! 6.3 Administration Guide, table 13-6; MS Technical Reference, "Conversion
//! entry scanning and application".

use super::{Flag, Output, Qualifier, Section};
use crate::diagnostic::nearest;

/// What a clause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Parameter {
    Qualifier(Qualifier),
    In(Section, Piece),
    Symbol(Section),
    Flag(Flag),
    Field(Output),
    Out(Section, Piece),
    Copy(Section),
    Command,
    Delete,
    Relabel,
    Service,
}

/// Which piece of a header field's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Piece {
    Name,
    Value,
    Default,
}

/// Why a name means nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It lacks its number, or has one that is none.
    Number(&'static str),
    /// It has a number and takes none.
    NoNumber(&'static str),
    /// Nobody knows it.
    Name,
}

/// Every name, in upper case as the manual prints them.
const PARAMETERS: [(&str, Parameter); 46] = [
    ("IN-CHAN", Parameter::Qualifier(Qualifier::InChannel)),
    ("IN-CHANNEL", Parameter::Qualifier(Qualifier::InChannel)),
    ("OUT-CHAN", Parameter::Qualifier(Qualifier::OutChannel)),
    ("OUT-CHANNEL", Parameter::Qualifier(Qualifier::OutChannel)),
    ("PART-NUMBER", Parameter::Qualifier(Qualifier::PartNumber)),
    ("ATTACHMENT-NUMBER", Parameter::Qualifier(Qualifier::AttachmentNumber)),
    ("IN-TYPE", Parameter::Qualifier(Qualifier::Type)),
    ("IN-SUBTYPE", Parameter::Qualifier(Qualifier::Subtype)),
    ("IN-DISPOSITION", Parameter::Qualifier(Qualifier::Disposition)),
    ("IN-DESCRIPTION", Parameter::Qualifier(Qualifier::Description)),
    ("IN-SUBJECT", Parameter::Qualifier(Qualifier::Subject)),
    ("IN-MESSAGE-CONTEXT", Parameter::Qualifier(Qualifier::MessageContext)),
    ("IN-A1-TYPE", Parameter::Qualifier(Qualifier::A1Type)),
    ("IN-A1-FORMAT", Parameter::Qualifier(Qualifier::A1Format)),
    ("IN-ENCODING", Parameter::Qualifier(Qualifier::Encoding)),
    ("TAG", Parameter::Qualifier(Qualifier::Tag)),
    ("IN-PARAMETER-NAME", Parameter::In(Section::ContentType, Piece::Name)),
    ("IN-PARAMETER-VALUE", Parameter::In(Section::ContentType, Piece::Value)),
    ("IN-PARAMETER-DEFAULT", Parameter::In(Section::ContentType, Piece::Default)),
    ("IN-DPARAMETER-NAME", Parameter::In(Section::Disposition, Piece::Name)),
    ("IN-DPARAMETER-VALUE", Parameter::In(Section::Disposition, Piece::Value)),
    ("IN-DPARAMETER-DEFAULT", Parameter::In(Section::Disposition, Piece::Default)),
    ("PARAMETER-SYMBOL", Parameter::Symbol(Section::ContentType)),
    ("DPARAMETER-SYMBOL", Parameter::Symbol(Section::Disposition)),
    ("MESSAGE-HEADER-FILE", Parameter::Flag(Flag::MessageHeader)),
    ("ORIGINAL-HEADER-FILE", Parameter::Flag(Flag::OriginalHeader)),
    ("OVERRIDE-HEADER-FILE", Parameter::Flag(Flag::OverrideHeader)),
    ("OVERRIDE-OPTION-FILE", Parameter::Flag(Flag::OverrideOption)),
    ("OUT-TYPE", Parameter::Field(Output::Type)),
    ("OUT-SUBTYPE", Parameter::Field(Output::Subtype)),
    ("OUT-MODE", Parameter::Field(Output::Mode)),
    ("OUT-ENCODING", Parameter::Field(Output::Encoding)),
    ("OUT-DISPOSITION", Parameter::Field(Output::Disposition)),
    ("OUT-DESCRIPTION", Parameter::Field(Output::Description)),
    ("OUT-A1-TYPE", Parameter::Field(Output::A1Type)),
    ("OUT-A1-FORMAT", Parameter::Field(Output::A1Format)),
    ("OUT-PARAMETER-NAME", Parameter::Out(Section::ContentType, Piece::Name)),
    ("OUT-PARAMETER-VALUE", Parameter::Out(Section::ContentType, Piece::Value)),
    ("OUT-DPARAMETER-NAME", Parameter::Out(Section::Disposition, Piece::Name)),
    ("OUT-DPARAMETER-VALUE", Parameter::Out(Section::Disposition, Piece::Value)),
    ("PARAMETER-COPY", Parameter::Copy(Section::ContentType)),
    ("DPARAMETER-COPY", Parameter::Copy(Section::Disposition)),
    ("COMMAND", Parameter::Command),
    ("DELETE", Parameter::Delete),
    ("RELABEL", Parameter::Relabel),
    ("SERVICE-COMMAND", Parameter::Service),
];

/// Longest word that a near name is sought for.
const LONGEST_NEAR: usize = 40;

impl Parameter {
    /// Whether its name ends in a number.
    fn is_numbered(self) -> bool {
        match self {
            Self::In(..) | Self::Symbol(_) | Self::Out(..) | Self::Copy(_) => true,
            Self::Qualifier(_) | Self::Flag(_) | Self::Field(_) => false,
            Self::Command | Self::Delete | Self::Relabel | Self::Service => false,
        }
    }

    /// The parameter called `name` and its number.
    pub(super) fn named(name: &str) -> Result<(Self, Option<u32>), Unknown> {
        if let Some((known, parameter)) = known(name) {
            return if parameter.is_numbered() { Err(Unknown::Number(known)) } else { Ok((parameter, None)) };
        }
        let (base, number) = name.rsplit_once('-').ok_or(Unknown::Name)?;
        let (known, parameter) = known(base).ok_or(Unknown::Name)?;
        if !parameter.is_numbered() {
            return Err(Unknown::NoNumber(known));
        }
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits).ok_or(Unknown::Number(known))?;
        Ok((parameter, Some(number)))
    }
}

/// A name as it may be written, of what `qualifier` asks for.
pub(super) fn name(qualifier: Qualifier) -> &'static str {
    let wanted = Parameter::Qualifier(qualifier);
    PARAMETERS.iter().find(|(_, parameter)| *parameter == wanted).map_or("", |(name, _)| name)
}

fn known(name: &str) -> Option<(&'static str, Parameter)> {
    PARAMETERS.iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// The name that is probably meant by `name`.
pub(super) fn near(name: &str) -> Option<String> {
    if name.len() > LONGEST_NEAR {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let base = upper.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = upper.get(base.len()..).unwrap_or_default();
    let word = base.strip_suffix('-').unwrap_or(base);
    let found = nearest(word, PARAMETERS.iter().map(|(name, _)| *name))?;
    let (_, parameter) = known(found)?;
    let number = if number.is_empty() { "0" } else { number };
    Some(if parameter.is_numbered() { format!("{found}-{number}") } else { found.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_and_with_their_numbers() {
        let value = Parameter::In(Section::ContentType, Piece::Value);
        let channel = Parameter::Qualifier(Qualifier::InChannel);
        let table = [
            ("in-chan", Ok((channel, None))),
            ("In-Channel", Ok((channel, None))),
            ("in-parameter-value-12", Ok((value, Some(12)))),
            ("in-parameter-value", Err(Unknown::Number("IN-PARAMETER-VALUE"))),
            ("in-parameter-value-x", Err(Unknown::Number("IN-PARAMETER-VALUE"))),
            ("in-parameter-value-+1", Err(Unknown::Number("IN-PARAMETER-VALUE"))),
            ("in-parameter-value-99999999999", Err(Unknown::Number("IN-PARAMETER-VALUE"))),
            ("in-type-0", Err(Unknown::NoNumber("IN-TYPE"))),
            ("in-tipe", Err(Unknown::Name)),
            ("", Err(Unknown::Name)),
        ];
        for (name, expected) in table {
            assert_eq!(Parameter::named(name), expected, "{name}");
        }
    }

    #[test]
    fn the_nearest_name_comes_with_a_number_if_it_needs_one() {
        assert_eq!(near("in-tipe").unwrap(), "IN-TYPE");
        assert_eq!(near("paramter-copy-3").unwrap(), "PARAMETER-COPY-3");
        assert_eq!(near("comand").unwrap(), "COMMAND");
        assert_eq!(near("x-anything"), None);
        assert_eq!(near(&"x".repeat(10_000)), None);
    }
}
