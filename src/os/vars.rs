//! The environment. Cannot fail.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::channel::Vars;

/// The channel's variables as they are now.
pub fn capture() -> Vars {
    Vars::from_lookup(|name| std::env::var_os(name))
}

/// Those of the variables `names` that are set, for a child process.
pub(crate) fn inherited(names: &[&str]) -> Vec<(OsString, OsString)> {
    names.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect()
}

/// The path that the variable `name` holds, unless it is empty or not set.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}
