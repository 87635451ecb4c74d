//! Finds and reads the configuration. Fails when the file cannot be read; its
//! faults come back with what could be read of it, and whether others may change it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::{self, Config, Parsed};
use crate::os::state::{self, State};
use crate::os::writers::{self, Exposure, Writers};
use crate::os::{files, output, vars};

/// The file to read: as the command line says, else the environment, else the
/// default place.
pub fn path(argument: Option<&Path>) -> PathBuf {
    argument
        .map(Path::to_path_buf)
        .or_else(|| vars::path(config::PATH_VARIABLE))
        .unwrap_or_else(|| PathBuf::from(config::DEFAULT_PATH))
}

/// Reads the configuration at `path`, faults and all; tells who else may change it.
pub(super) fn read(path: &Path) -> Result<(Parsed, Option<Exposure>)> {
    let cannot = || format!("cannot read the configuration {}", path.display());
    let text = files::read_text(path, config::LARGEST).with_context(cannot)?;
    let exposure = writers::exposure(path, writers::ourselves()).with_context(cannot)?;
    Ok((Config::parse(&path.to_string_lossy(), &text), exposure))
}

/// The name of the configuration where it is said who may change it.
pub(super) const FILE: &str = "the configuration";

/// Leaves of the state directory in `config` what may be used; gives what is to be
/// mended about it.
pub fn settle(config: &mut Config) -> Option<String> {
    let State { memory, copies, warning } = state::look(config.state.take());
    (config.state, config.copies) = (memory, copies);
    warning
}

/// Reads a configuration that must have no fault, and that not anybody may change.
pub fn sound(argument: Option<&Path>) -> Result<Config> {
    let path = path(argument);
    let (parsed, exposure) = read(&path)?;
    match exposure {
        Some(exposure) if exposure.writers == Writers::Everybody => bail!("{}", exposure.of(FILE)),
        Some(exposure) => output::talk(format_args!("warning: {}", exposure.of(FILE))),
        None => {}
    }
    if parsed.faults.is_empty() {
        return Ok(parsed.config);
    }
    let faults: Vec<String> = parsed.faults.iter().map(ToString::to_string).collect();
    bail!("the configuration has faults\n{}", faults.join("\n"));
}
