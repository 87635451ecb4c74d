//! The names the conversion channel uses: variables it sets, options it reads.
//!
//! Source: Messaging Server 6.3 Administration Reference, table 4-12
//! (variables); 6.3 Administration Guide, 13.5.3.3 (options).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A variable of the channel's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Var {
    /// File that holds the part's decoded content.
    InputFile,
    /// File that the helper creates with the content to deliver.
    OutputFile,
    /// File with the header lines of the part (or of its enclosing part).
    InputHeaders,
    /// File with the header of the message.
    MessageHeaders,
    /// File for replacement header lines.
    OutputHeaders,
    /// File for `NAME=value` options, `STATUS` among them.
    OutputOptions,
    /// MIME type.
    InputType,
    /// MIME subtype.
    InputSubtype,
    /// Content-description.
    InputDescription,
    /// Content-disposition.
    InputDisposition,
    /// Transfer encoding that the part had in the message.
    InputEncoding,
    /// Channel that the message came from.
    InputChannel,
    /// Channel that the message is bound for.
    OutputChannel,
    /// Conversion tags of this message copy.
    ConversionTag,
    /// Number of the attachment.
    AttachmentNumber,
    /// Structured part number, `a.b.c`.
    PartNumber,
    /// Size in bytes.
    PartSize,
    /// `name` parameter of Content-type, by `parameter-symbol-0=NAME`.
    Name,
    /// `filename` parameter of Content-disposition, by `dparameter-symbol-0=FILENAME`.
    Filename,
}

/// Every variable with its name, in the order of [`Var`].
pub const VARS: [(Var, &str); 19] = [
    (Var::InputFile, "INPUT_FILE"),
    (Var::OutputFile, "OUTPUT_FILE"),
    (Var::InputHeaders, "INPUT_HEADERS"),
    (Var::MessageHeaders, "MESSAGE_HEADERS"),
    (Var::OutputHeaders, "OUTPUT_HEADERS"),
    (Var::OutputOptions, "OUTPUT_OPTIONS"),
    (Var::InputType, "INPUT_TYPE"),
    (Var::InputSubtype, "INPUT_SUBTYPE"),
    (Var::InputDescription, "INPUT_DESCRIPTION"),
    (Var::InputDisposition, "INPUT_DISPOSITION"),
    (Var::InputEncoding, "INPUT_ENCODING"),
    (Var::InputChannel, "INPUT_CHANNEL"),
    (Var::OutputChannel, "OUTPUT_CHANNEL"),
    (Var::ConversionTag, "CONVERSION_TAG"),
    (Var::AttachmentNumber, "ATTACHMENT_NUMBER"),
    (Var::PartNumber, "PART_NUMBER"),
    (Var::PartSize, "PART_SIZE"),
    (Var::Name, "NAME"),
    (Var::Filename, "FILENAME"),
];

impl Var {
    /// The name of the variable.
    pub fn name(self) -> &'static str {
        VARS.get(self as usize).map_or("", |(_, name)| name)
    }
}

/// A snapshot of the variables. An empty value counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    values: [Option<OsString>; VARS.len()],
}

impl Vars {
    /// Takes the values from `lookup`, which is asked once for every name.
    #[cfg(test)]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut vars = Self::default();
        for ((_, name), slot) in VARS.iter().zip(&mut vars.values) {
            *slot = lookup(name).filter(|value| !value.is_empty());
        }
        vars
    }

    /// Takes the values from `pairs`; the first of a name counts, as for getenv(3).
    pub fn from_pairs(pairs: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut seen = [false; VARS.len()];
        let mut vars = Self::default();
        for (name, value) in pairs {
            let slots = VARS.iter().zip(&mut vars.values).zip(&mut seen);
            let own = slots.into_iter().find(|(((_, own), _), _)| name.as_encoded_bytes() == own.as_bytes());
            if let Some(((_, slot), seen @ false)) = own {
                *slot = Some(value).filter(|value| !value.is_empty());
                *seen = true;
            }
        }
        vars
    }

    /// The value of `var`, unless it is absent or empty.
    pub fn get(&self, var: Var) -> Option<&OsStr> {
        self.values.get(var as usize)?.as_deref()
    }

    /// The value of `var` as a path.
    pub fn path(&self, var: Var) -> Option<PathBuf> {
        self.get(var).map(PathBuf::from)
    }

    /// The bytes of the value of `var`; empty when it is absent.
    pub fn bytes(&self, var: Var) -> &[u8] {
        self.get(var).map_or(b"", OsStr::as_encoded_bytes)
    }
}

/// Options that the channel reads from `OUTPUT_OPTIONS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputOption {
    /// MIME type of what is delivered.
    Type,
    /// MIME subtype.
    Subtype,
    /// Content-description.
    Description,
    /// Content-disposition.
    Disposition,
    /// `TEXT` or `BLOCK`: how the channel reads `OUTPUT_FILE`.
    Mode,
    /// The directive to the channel, decimal.
    Status,
}

impl OutputOption {
    /// The name as it stands before `=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "OUTPUT_TYPE",
            Self::Subtype => "OUTPUT_SUBTYPE",
            Self::Description => "OUTPUT_DESCRIPTION",
            Self::Disposition => "OUTPUT_DISPOSITION",
            Self::Mode => "OUTPUT_MODE",
            Self::Status => "STATUS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (i, (var, _)) in VARS.iter().enumerate() {
            assert_eq!(*var as usize, i);
        }
    }

    #[test]
    fn an_empty_value_counts_as_absent() {
        let vars = Vars::from_lookup(|name| (name != "NAME").then(OsString::new));
        assert!(VARS.iter().all(|(var, _)| vars.get(*var).is_none()));
    }

    #[test]
    fn the_first_of_a_name_counts_and_others_are_none_of_ours() {
        let pairs = [("PATH", "/bin"), ("NAME", "a"), ("NAME", "b"), ("FILENAME", ""), ("FILENAME", "c")];
        let vars = Vars::from_pairs(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(vars.bytes(Var::Name), b"a");
        assert!(VARS.iter().all(|(var, _)| *var == Var::Name || vars.get(*var).is_none()));
    }
}
