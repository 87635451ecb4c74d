//! Finds and reads the configuration. Fails when the file cannot be read; its
//! faults come back with what could be read of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::{self, Config, Parsed};
use crate::os::{files, vars};

/// The file to read: as the command line says, else the environment, else the
/// default place.
pub fn path(argument: Option<&Path>) -> PathBuf {
    argument
        .map(Path::to_path_buf)
        .or_else(|| vars::path(config::PATH_VARIABLE))
        .unwrap_or_else(|| PathBuf::from(config::DEFAULT_PATH))
}

/// Reads the configuration at `path`, faults and all.
pub(super) fn read(path: &Path) -> Result<Parsed> {
    let text = files::read_text(path, config::LARGEST)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    Ok(Config::parse(&path.to_string_lossy(), &text))
}

/// Reads a configuration that must have no fault.
pub fn sound(argument: Option<&Path>) -> Result<Config> {
    let path = path(argument);
    let parsed = read(&path)?;
    if parsed.faults.is_empty() {
        return Ok(parsed.config);
    }
    let faults: Vec<String> = parsed.faults.iter().map(ToString::to_string).collect();
    bail!("the configuration has faults\n{}", faults.join("\n"));
}
