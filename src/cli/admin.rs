//! Finds and reads the settings of the tools. Fails when the file has faults, or was
//! named and cannot be read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::{ADMIN_PATH, ADMIN_VARIABLE, Admin, LARGEST};
use crate::os::{files, vars};

/// Whether somebody named the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It must be there.
    Named,
    /// It may be there.
    Default,
}

/// The file to read: as the command line says, else the environment, else the
/// default place.
pub(super) fn path(argument: Option<&Path>) -> (PathBuf, Wanted) {
    match argument.map(Path::to_path_buf).or_else(|| vars::path(ADMIN_VARIABLE)) {
        Some(path) => (path, Wanted::Named),
        None => (PathBuf::from(ADMIN_PATH), Wanted::Default),
    }
}

/// Reads the file; one that nobody named need not be there.
pub(super) fn sound(argument: Option<&Path>) -> Result<Admin> {
    let (path, wanted) = path(argument);
    let text = match files::read_text(&path, LARGEST) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && wanted == Wanted::Default => {
            return Ok(Admin::default());
        }
        read => read.with_context(|| format!("cannot read the settings of the tools {}", path.display()))?,
    };
    let (admin, faults) = Admin::parse(&path.to_string_lossy(), &text);
    if faults.is_empty() {
        return Ok(admin);
    }
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    bail!("the settings of the tools have faults\n{}", faults.join("\n"));
}
