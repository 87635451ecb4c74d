//! The `conversions` file: which parts the channel hands over to which command.
//! Cannot fail: what is wrong becomes a fault.
//!
//! Source: Messaging Server 6.3 Administration Guide, 13.5.3 and table 13-6; PMDF
//! 6.8 System Manager's Guide, 22.1.3; MS Technical Reference, "Conversion entry
//! scanning and application", "Conversion entry mapping table callouts".

mod choose;
mod clause;
mod command;
mod draft;
mod parameter;
pub mod reach;
mod read;
mod symbol;
mod value;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::choose::{Choice, PartFacts, PartParameter, Passed, Reason};
pub use self::symbol::SymbolReading;
pub use self::value::{Resolved, Value};
use crate::diagnostic::Diagnostic;

/// A conversions file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversions {
    /// As it was named.
    pub path: String,
    /// All of it.
    pub text: String,
    /// In the order of the file, which is the order of trial.
    pub entries: Vec<Entry>,
}

impl Conversions {
    /// Reads `text`; entries with faults are kept as far as they are understood.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let (entries, faults) = read::read(path, text);
        (Self { path: path.to_owned(), text: text.to_owned(), entries }, faults)
    }

    #[cfg(any(test, feature = "testing"))]
    /// A complaint about bytes of the file.
    pub fn complaint(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.path, &self.text, span, message)
    }
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Line of its first clause.
    pub line: usize,
    /// Bytes from its first clause to the end of its last line.
    pub span: Range<usize>,
    /// What must match, in the order of the file.
    pub qualifiers: Vec<(Qualifier, Value)>,
    /// Parameters of header fields that must match.
    pub in_parameters: Vec<InParameter>,
    /// What the command is given.
    pub passing: Passing,
    /// What becomes of the part's header.
    pub outputs: Outputs,
    /// What is done.
    pub action: Action,
    /// Clauses that no manual knows; the channel ignores them.
    pub unknown: Vec<(String, Value)>,
}

/// A fact about a part that an entry may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Qualifier {
    /// `IN-CHAN`, `IN-CHANNEL`: where the message came from.
    InChannel,
    /// `OUT-CHAN`, `OUT-CHANNEL`: where the message goes.
    OutChannel,
    /// `PART-NUMBER`.
    PartNumber,
    /// `ATTACHMENT-NUMBER` (6.3).
    AttachmentNumber,
    /// `IN-TYPE`; an entry without it never matches.
    Type,
    /// `IN-SUBTYPE`.
    Subtype,
    /// `IN-DISPOSITION`.
    Disposition,
    /// `IN-DESCRIPTION`.
    Description,
    /// `IN-SUBJECT`, of the enclosing message.
    Subject,
    /// `IN-MESSAGE-CONTEXT`, of the enclosing message.
    MessageContext,
    /// `IN-A1-TYPE`, of the enclosing message.
    A1Type,
    /// `IN-A1-FORMAT`, of the enclosing message.
    A1Format,
    /// `IN-ENCODING` (7.0.5).
    Encoding,
    /// `TAG`: one of the conversion tags.
    Tag,
}

/// The header field that a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// Content-type.
    ContentType,
    /// Content-disposition.
    Disposition,
}

/// `IN-PARAMETER-*-n` or `IN-DPARAMETER-*-n` of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InParameter {
    /// Of which field.
    pub section: Section,
    /// The `n`.
    pub number: u32,
    /// What the parameter is called.
    pub name: Option<Value>,
    /// What its value must match.
    pub value: Option<Value>,
    /// The value assumed where the parameter is absent.
    pub default: Option<Value>,
}

/// `OUT-PARAMETER-*-n` or `OUT-DPARAMETER-*-n` of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutParameter {
    /// Of which field.
    pub section: Section,
    /// The `n`.
    pub number: u32,
    /// What the parameter is called.
    pub name: Option<Value>,
    /// What it is set to.
    pub value: Option<Value>,
}

/// A clause that belongs to a field and has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Of which field.
    pub section: Section,
    /// The `n`.
    pub number: u32,
    /// What the clause says.
    pub value: Value,
}

/// What the command is given besides the part, and what is read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passing {
    /// `PARAMETER-SYMBOL-n`, `DPARAMETER-SYMBOL-n`.
    pub symbols: Vec<Numbered>,
    /// `MESSAGE-HEADER-FILE`.
    pub message_header: MessageHeader,
    /// `ORIGINAL-HEADER-FILE`: `INPUT_HEADERS` is written.
    pub original_header: bool,
    /// `OVERRIDE-HEADER-FILE`: `OUTPUT_HEADERS` is read.
    pub override_header: bool,
    /// `OVERRIDE-OPTION-FILE`: `OUTPUT_OPTIONS` is read.
    pub override_option: bool,
    /// The clauses that say so, also those that say 0.
    pub flags: Vec<(Flag, Value)>,
}

impl Passing {
    /// What the entry says about `flag`, if it says anything.
    pub fn clause(&self, flag: Flag) -> Option<&Value> {
        self.flags.iter().find(|(known, _)| *known == flag).map(|(_, value)| value)
    }
}

/// A file that the command is given or that is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// `MESSAGE-HEADER-FILE`.
    MessageHeader,
    /// `ORIGINAL-HEADER-FILE`.
    OriginalHeader,
    /// `OVERRIDE-HEADER-FILE`.
    OverrideHeader,
    /// `OVERRIDE-OPTION-FILE`.
    OverrideOption,
}

/// Which header `MESSAGE_HEADERS` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageHeader {
    /// 0: none.
    #[default]
    Absent,
    /// 1: that of the message around the part.
    Enclosing,
    /// 2: that of the message as a whole.
    Outermost,
}

/// What becomes of the part's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Whole fields and the mode.
    pub fields: Vec<(Output, Value)>,
    /// Parameters that are set.
    pub parameters: Vec<OutParameter>,
    /// `PARAMETER-COPY-n`, `DPARAMETER-COPY-n`: names, or `*` for all.
    pub copies: Vec<Numbered>,
}

/// A property of what is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// `OUT-TYPE`.
    Type,
    /// `OUT-SUBTYPE`.
    Subtype,
    /// `OUT-MODE`: `block` or `text`.
    Mode,
    /// `OUT-ENCODING`.
    Encoding,
    /// `OUT-DISPOSITION`.
    Disposition,
    /// `OUT-DESCRIPTION`.
    Description,
    /// `OUT-A1-TYPE`.
    A1Type,
    /// `OUT-A1-FORMAT`.
    A1Format,
}

/// What an entry does with a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing is said; the manual knows no such entry.
    #[default]
    Nothing,
    /// `COMMAND`.
    Command(Value),
    /// `DELETE=1`.
    Delete,
    /// `RELABEL=1`: not for this channel.
    Relabel,
    /// `SERVICE-COMMAND`: not for this channel.
    Service(Value),
}
