//! Mail itself: fields, parameters, transfer encodings, splitting and rebuilding,
//! and what hides inside a part. Pure; knows nothing of files or servers.

pub mod ambiguity;
pub mod encoded;
pub(crate) mod encoding;
pub mod field;
pub mod hidden;
pub mod message;
pub mod parameter;
pub mod pieces;
mod words;
