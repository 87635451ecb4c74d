//! The names of rules about the form of the server's files, which whoever reads a
//! file finds broken.

/// A blank line among rewrite rules, or none around a channel's block.
pub const BLANK_LINE: &str = "blank-line";

/// The first channel is not `l`.
pub const FIRST_CHANNEL: &str = "first-channel";

/// An included file that is missing, too deep, or named by a relative path.
pub const INCLUDE: &str = "include";

/// A line that is too long.
pub const LINE_LENGTH: &str = "line-length";

/// Two of one name.
pub const DUPLICATE: &str = "duplicate";

/// An entry without a blank before it, or a table's name with one.
pub const LEADING_BLANK: &str = "leading-blank";

/// An entry of conversions without `IN-TYPE`.
pub const IN_TYPE: &str = "in-type";
