//! How a part is to be changed: its content, its fields, the parameters of its
//! fields. Values alone; they cannot fail.

/// What becomes of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is removed.
    Delete,
    /// It is written anew.
    Replace(Box<Replacement>),
}

impl Change {
    /// Whether nothing of the part's content is left.
    pub fn empties(&self) -> bool {
        match self {
            Self::Delete => true,
            Self::Replace(replacement) => replacement.content.as_ref().is_some_and(Vec::is_empty),
        }
    }
}

/// A part written anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// The new content; `None` where only the header changes.
    pub(crate) content: Option<Vec<u8>>,
    /// Header fields without their last line end, which replace all Content-* fields.
    pub(crate) fields: Vec<Vec<u8>>,
    pub(crate) options: Options,
    /// What the entry says of the header's parameters.
    pub(crate) parameters: ByEntry,
}

/// Parameters of Content-type and Content-disposition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByEntry {
    /// Of Content-type.
    pub content_type: Parameters,
    /// Of Content-disposition.
    pub disposition: Parameters,
}

/// Which parameters of a field are kept, and which are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Those that are kept.
    pub kept: Kept,
    /// Those that are set, with their values.
    pub set: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Which parameters of a field are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// All, by `parameter-copy-N=*`.
    #[default]
    All,
    /// Those with these names.
    Only(Vec<Vec<u8>>),
}

/// The options that change a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) main_type: Option<Vec<u8>>,
    pub(crate) subtype: Option<Vec<u8>>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) disposition: Option<Vec<u8>>,
    pub(crate) mode: Option<Vec<u8>>,
    pub(crate) encoding: Option<Vec<u8>>,
}
