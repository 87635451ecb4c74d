//! What the hot path runs with: its arguments, the configuration, and as much of the
//! state directory as may be used. Cannot fail; what is wrong is kept as the reason to
//! defer, what need not keep anybody from scanning as a warning.

use std::ffi::OsString;
use std::path::PathBuf;

use super::load;
use crate::config::Config;
use crate::os::writers::Writers;
use crate::policy::Policy;
use crate::status::Release;
use crate::verdict::{ErrorKind, ScanError};

/// The arguments of `convscan part`. Read by hand: the command-line parser
/// costs as much as the rest of a clean part.
#[derive(Debug, Default)]
pub(super) struct Given {
    config: Option<PathBuf>,
    /// The server's release, if the entry tells it.
    pub(super) release: Option<Release>,
    fault: Option<String>,
}

impl Given {
    pub(super) fn read(arguments: &[OsString]) -> Self {
        let mut given = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            let (flag, joined) = match text.split_once('=') {
                Some((flag, value)) => (flag, Some(OsString::from(value))),
                None => (text.as_ref(), None),
            };
            let mut value = || joined.clone().or_else(|| arguments.next().cloned());
            match flag {
                "--config" => given.config = value().map(PathBuf::from),
                "--release" => {
                    let value = value().unwrap_or_default();
                    match Release::parse(&value.to_string_lossy()) {
                        Some(release) => given.release = Some(release),
                        // "Hold" is what every release knows.
                        None => {
                            given.release = Some(Release::Before63);
                            given.fault =
                                Some(format!("`--release {}`: {}", value.display(), Release::SHAPE));
                        }
                    }
                }
                _ => {
                    let fault = || format!("unknown argument `{text}` to `convscan part`");
                    given.fault.get_or_insert_with(fault);
                }
            }
        }
        given
    }
}

/// The configuration, and why it must not be used to scan.
#[derive(Debug, Default)]
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) fault: Option<ScanError>,
    /// What is to be mended.
    pub(super) warnings: Vec<String>,
}

impl Setup {
    pub(super) fn load(given: &Given) -> Self {
        let mut setup = match load::read(&load::path(given.config.as_deref())) {
            Err(error) => Self::broken(Config::default(), format!("{error:#}")),
            // Not even the log is believed that it names: it may be any file.
            Ok((parsed, Some(exposure))) if exposure.writers == Writers::Everybody => {
                let release = parsed.config.release;
                Self::broken(Config { release, ..Config::default() }, exposure.of(load::FILE))
            }
            Ok((parsed, exposure)) => {
                let setup = match parsed.faults.first() {
                    Some(fault) => Self::broken(parsed.config, fault.one_line()),
                    None => Self { config: parsed.config, ..Self::default() },
                };
                let warnings = exposure.map(|exposure| exposure.of(load::FILE)).into_iter().collect();
                Self { warnings, ..setup }
            }
        };
        if let Some(fault) = &given.fault {
            setup = Self { warnings: setup.warnings, ..Self::broken(setup.config, fault.clone()) };
        }
        setup.config.release = given.release.or(setup.config.release);
        setup.warnings.extend(load::settle(&mut setup.config));
        setup
    }

    /// A setup that defers. What a faulty file says of the policy may be
    /// anything but what the administrator meant.
    fn broken(config: Config, detail: String) -> Self {
        let fault = Some(ScanError::new(ErrorKind::Configuration, detail));
        Self { config: Config { policy: Policy::default(), ..config }, fault, warnings: Vec::new() }
    }
}
