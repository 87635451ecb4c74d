//! What tests, benches and fuzz targets see of the rooms. No program does.

/// The room of this name.
pub mod address {
    pub use crate::address::*;
}

/// The room of this name.
pub mod channel {
    pub use crate::channel::*;
}

/// The room of this name.
pub mod diagnostic {
    pub use crate::diagnostic::*;
}

/// The room of this name.
pub mod status {
    pub use crate::status::*;
}

/// The room of this name.
pub mod text {
    pub use crate::text::*;
}

/// The room of this name.
pub mod part {
    pub use crate::part::*;
}

/// The room of this name.
pub mod verdict {
    pub use crate::verdict::*;
}

/// The room of this name.
pub mod notice {
    pub use crate::notice::*;
}

/// The room of this name.
pub mod policy {
    pub use crate::policy::*;
}

/// The room of this name.
pub mod config {
    pub use crate::config::*;
}

/// The room of this name.
pub mod record {
    pub use crate::record::*;
}

/// The room of this name.
pub mod reply {
    pub use crate::reply::*;
}

/// The room of this name.
pub mod mail {
    pub use crate::mail::*;
}

/// The room of this name.
pub mod os {
    pub use crate::os::*;
}

/// The room of this name.
pub mod engine {
    pub use crate::engine::*;
}

/// The room of this name.
pub mod scan {
    pub use crate::scan::*;
}

/// The room of this name.
#[cfg(feature = "admin")]
pub mod mta {
    pub use crate::mta::*;
}

/// The room of this name.
#[cfg(feature = "admin")]
pub mod play {
    pub use crate::play::*;
}

/// The room of this name.
#[cfg(feature = "admin")]
pub mod snippets {
    pub use crate::snippets::*;
}

/// The room of this name.
#[cfg(feature = "admin")]
pub mod doctor {
    pub use crate::doctor::*;
}
