//! The environment. Cannot fail.

use crate::channel::Vars;

/// The channel's variables as they are now.
pub fn capture() -> Vars {
    Vars::from_lookup(|name| std::env::var_os(name))
}
