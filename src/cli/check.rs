//! Reads the configuration and what it names, and says what is wrong.
//!
//! Usage: convscan check [--config FILE]
//!
//! Checked are the configuration, the notice templates and the rules files, and
//! whether scanners, log and state directory can be used by whoever runs this:
//! run it as the MTA's account. Every fault comes with its place and a hint, all
//! in one run.
//!
//! Exit codes: 0 nothing wrong, 1 faults found.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Exit, load, output};
use crate::config::{Address, Config, EngineKind};
use crate::diagnostic::Diagnostic;
use crate::engine::rules::{self, RuleSet};
use crate::notice::{self, Template};
use crate::os::access::{self, Need};
use crate::os::files;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(about = "Read the configuration and what it names, and say what is wrong")]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the check.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let path = load::path(arguments.config.as_deref());
    let faults = match load::read(&path) {
        Ok(parsed) => parsed.faults.into_iter().chain(named_files(&parsed.config)).collect(),
        Err(error) => vec![
            Diagnostic::whole(&path.display().to_string(), error.root_cause().to_string())
                .hint("copy one from examples/, or name another with --config"),
        ],
    };
    for fault in &faults {
        output::data(fault);
    }
    if faults.is_empty() {
        output::talk(format_args!("{}: nothing wrong", path.display()));
        Ok(Exit::Done)
    } else {
        output::talk(format_args!(
            "{} found",
            if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) }
        ));
        Ok(Exit::No)
    }
}

/// Faults of the files that the configuration names.
fn named_files(config: &Config) -> Vec<Diagnostic> {
    let template = |path: &str, text: &str| Template::parse(path, text).err();
    let rules = |path: &str, text: &str| RuleSet::parse(path, text).err();
    let mut faults = missing(config);
    for file in [&config.notice.infected, &config.notice.not_scanned].into_iter().flatten() {
        faults.extend(faults_of(file, notice::LARGEST, template));
    }
    for engine in &config.engines {
        if let EngineKind::Rules(file) = &engine.kind {
            faults.extend(faults_of(file, rules::LARGEST, rules));
        }
    }
    faults
}

/// Things that must be there, or writable, for a part to be scanned and logged.
fn missing(config: &Config) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut expect = |path: &Path, need: Need, hint: &str| {
        if let Err(error) = access::check(path, need) {
            faults.push(Diagnostic::whole(&path.display().to_string(), error.to_string()).hint(hint));
        }
    };
    for engine in &config.engines {
        match &engine.kind {
            EngineKind::Clamd(Address::Unix(socket)) => {
                expect(socket, Need::Connect, "start clamd, or see LocalSocket in clamd.conf");
            }
            EngineKind::Command(command) => {
                expect(&command.program, Need::Execute, "install it, or set `program`")
            }
            EngineKind::Clamd(Address::Tcp(_)) | EngineKind::Rules(_) => {}
        }
    }
    if let Some(file) = &config.log.file {
        expect(file, Need::Append, "make its directory and give it to the MTA's account");
    }
    if let Some(directory) = &config.state {
        expect(directory, Need::Create, "make it and give it to the MTA's account, mode 0700");
    }
    faults
}

fn faults_of(
    file: &Path,
    largest: usize,
    parse: impl Fn(&str, &str) -> Option<Vec<Diagnostic>>,
) -> Vec<Diagnostic> {
    let path = file.display().to_string();
    match files::read_text(file, largest) {
        Ok(text) => parse(&path, &text).unwrap_or_default(),
        Err(error) => vec![Diagnostic::whole(&path, format!("cannot be read: {error}"))],
    }
}
