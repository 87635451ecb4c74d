//! Reads the configuration and what it names, and says what is wrong.
//!
//! Usage: convscan check [--config FILE] [--imta-cnf FILE] [--job-controller FILE]
//!                       [--mappings FILE] [--conversions FILE] [--config-xml FILE]
//!                       [--option-file FILE]... [--clamav-conf FILE]...
//!                       [--icap-conf FILE]...
//!
//! Checked are the configuration, the notice templates and the rules files, and
//! whether whoever runs this can reach the scanners and use log and state
//! directory: run it as the MTA's account. Whether the scanners answer rightly
//! is what selftest tells. Every fault comes with its place and a hint, all in
//! one run.
//!
//! Files of the mail server and of the scanners that are given are read, too:
//! what is wrong in them, pools that imta.cnf names and job_controller.cnf does
//! not have, channels that the CONVERSIONS table names and imta.cnf does not
//! have. Nothing is changed, and none of them need belong to this machine.
//!
//! Exit codes: 0 nothing wrong, 1 faults found.

mod server;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Exit, load, output};
use crate::config::{Config, EngineKind};
use crate::diagnostic::Diagnostic;
use crate::engine::rules::{self, RuleSet};
use crate::notice::{self, Template};
use crate::os::access::{self, Need};
use crate::os::files;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(about = "Read the configuration and what it names, and say what is wrong", long_about = super::manual(include_str!("check.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    files: server::Files,
}

/// Runs the check.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let path = load::path(arguments.config.as_deref());
    let mut faults: Vec<Diagnostic> = match load::read(&path) {
        Ok(parsed) => parsed.faults.into_iter().chain(named_files(&parsed.config)).collect(),
        Err(error) => {
            let fault = Diagnostic::whole(&path.display().to_string(), error.root_cause().to_string());
            let denied = error.root_cause().downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            vec![fault.hint(if denied == Some(ErrorKind::PermissionDenied) {
                "let the MTA's account read it"
            } else {
                "copy one from examples/, or name another with --config"
            })]
        }
    };
    faults.extend(server::faults(&arguments.files));
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

/// Things that must be there, or usable, for a part to be scanned and logged.
fn missing(config: &Config) -> Vec<Diagnostic> {
    let mut needs: Vec<(Need<'_>, &str)> = Vec::new();
    for engine in &config.engines {
        match &engine.kind {
            EngineKind::Daemon(places) => {
                needs.extend(places.iter().map(|place| (Need::Connect(&place.address), "the engine")));
            }
            EngineKind::Command(command) => needs.push((Need::Execute(&command.program), "the engine")),
            EngineKind::Rules(_) => {}
        }
    }
    needs.extend(config.log.file.as_deref().map(|file| (Need::Append(file), "the log")));
    needs.extend(config.log.syslog.as_deref().map(|socket| (Need::Send(socket), "the system log")));
    needs.extend(config.state.as_deref().map(|directory| (Need::Create(directory), "the state directory")));
    let faults = needs.into_iter().filter_map(|(need, what)| {
        let error = access::check(&need).err()?;
        let fault = Diagnostic::whole(&need.to_string(), format!("{error}"));
        Some(fault.hint(cure(&need, what, error.kind())))
    });
    faults.collect()
}

/// How to mend what keeps us from `need`.
fn cure(need: &Need<'_>, what: &str, kind: ErrorKind) -> String {
    match (kind, need) {
        (ErrorKind::PermissionDenied, Need::Connect(_)) => {
            "let the MTA's account write to it: see LocalSocketGroup and LocalSocketMode in clamd.conf"
                .to_owned()
        }
        (ErrorKind::PermissionDenied, _) => format!("give {what}, and the way to it, to the MTA's account"),
        (ErrorKind::NotFound, Need::Append(_)) => {
            "make its directory and give it to the MTA's account".to_owned()
        }
        (ErrorKind::NotFound, Need::Create(_)) => {
            "make it, mode 0700, and give it to the MTA's account".to_owned()
        }
        (ErrorKind::NotFound, Need::Execute(_)) => "install it, or set `program`".to_owned(),
        (_, Need::Connect(_)) => "start it, or see LocalSocket and TCPSocket in clamd.conf".to_owned(),
        (_, _) => format!("see that {what} is what the configuration says"),
    }
}

fn faults_of(
    file: &Path,
    largest: usize,
    parse: impl Fn(&str, &str) -> Option<Vec<Diagnostic>>,
) -> Vec<Diagnostic> {
    let path = file.display().to_string();
    match files::read_text(file, largest) {
        Ok(text) => parse(&path, &text).unwrap_or_default(),
        Err(error) => {
            let fault = Diagnostic::whole(&path, format!("cannot be read: {error}"));
            vec![fault.hint(match error.kind() {
                ErrorKind::PermissionDenied => "let the MTA's account read it",
                ErrorKind::InvalidData => "write it in UTF-8: `iconv -f latin1 -t utf-8` converts",
                _ => "see the name in the configuration; a relative one starts where that file is",
            })]
        }
    }
}
