//! The environment. Cannot fail.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::channel::Vars;

/// The channel's variables as they are now.
pub fn capture() -> Vars {
    // One pass: to ask for each of them by name is a pass for each.
    Vars::from_pairs(std::env::vars_os())
}

/// Those of the variables `names` that are set, for a child process.
pub(crate) fn inherited(names: &[&str]) -> Vec<(OsString, OsString)> {
    names.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect()
}

/// The path that the variable `name` holds, unless it is empty or not set.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}
