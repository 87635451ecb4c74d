//! What is wrong with the mail server's and the scanners' own files: each by
//! itself, and whether the pools and channels that they name are there. Cannot
//! fail; what cannot be read is a complaint.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, LISTED};
use crate::mta::conversions::Conversions;
use crate::mta::imta_cnf::ImtaCnf;
use crate::mta::job_controller::JobController;
use crate::mta::mappings::{ConstantAnswer, Mappings};
use crate::mta::option_file::OptionFile;
use crate::mta::server_conf::{Dialect, ServerConf};
use crate::mta::source::{Include, Span};
use crate::mta::unified::Unified;
use crate::os::files;
use crate::text;

/// Largest file that is read: the largest of real sites have a few megabytes.
const LARGEST: usize = 64 << 20;

/// Files to be checked, as far as they are given.
#[derive(clap::Args)]
pub(super) struct Files {
    /// The MTA's configuration, imta.cnf
    #[arg(long, value_name = "FILE")]
    imta_cnf: Option<PathBuf>,
    /// The MTA's mappings
    #[arg(long, value_name = "FILE")]
    mappings: Option<PathBuf>,
    /// The MTA's conversions
    #[arg(long, value_name = "FILE")]
    conversions: Option<PathBuf>,
    /// The MTA's job_controller.cnf
    #[arg(long, value_name = "FILE")]
    job_controller: Option<PathBuf>,
    /// An option file of the MTA: option.dat, imta_tailor, dispatcher.cnf
    #[arg(long, value_name = "FILE")]
    option_file: Vec<PathBuf>,
    /// The MTA's config.xml
    #[arg(long, value_name = "FILE")]
    config_xml: Option<PathBuf>,
    /// A file of ClamAV: clamd.conf, freshclam.conf
    #[arg(long, value_name = "FILE")]
    clamav_conf: Vec<PathBuf>,
    /// A file of c-icap: c-icap.conf, virus_scan.conf
    #[arg(long, value_name = "FILE")]
    icap_conf: Vec<PathBuf>,
}

/// Everything that is wrong with `files`.
pub(super) fn faults(files: &Files) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let imta = files.imta_cnf.as_deref().and_then(|path| {
        read(path, &mut faults, |path, text| ImtaCnf::parse_with(path, text, &mut included))
    });
    let jobs = files.job_controller.as_deref().and_then(|path| {
        read(path, &mut faults, |path, text| JobController::parse_with(path, text, &mut included))
    });
    let mappings = files.mappings.as_deref().and_then(|path| {
        read(path, &mut faults, |path, text| Mappings::parse_with(path, text, &mut included))
    });
    if let Some(path) = &files.conversions {
        read(path, &mut faults, Conversions::parse);
    }
    if let Some(path) = &files.config_xml {
        read(path, &mut faults, Unified::parse);
    }
    for path in &files.option_file {
        read(path, &mut faults, |path, text| OptionFile::parse_with(path, text, &mut included));
    }
    for (paths, dialect) in [(&files.clamav_conf, Dialect::ClamAv), (&files.icap_conf, Dialect::CIcap)] {
        for path in paths {
            let parse = |path: &str, text: &str| ServerConf::parse_with(path, text, dialect, &mut included);
            read(path, &mut faults, parse);
        }
    }
    if let (Some(imta), Some(jobs)) = (&imta, &jobs) {
        faults.extend(undefined_pools(imta, jobs));
    }
    if let (Some(imta), Some(mappings)) = (&imta, &mappings) {
        faults.extend(undefined_channels(imta, mappings));
    }
    faults
}

fn read<T>(
    path: &Path,
    faults: &mut Vec<Diagnostic>,
    parse: impl FnOnce(&str, &str) -> (T, Vec<Diagnostic>),
) -> Option<T> {
    let shown = path.display().to_string();
    match content(path) {
        Ok(text) => {
            let (parsed, found) = parse(&shown, &text);
            faults.extend(found);
            Some(parsed)
        }
        Err(error) => {
            let fault = Diagnostic::whole(&shown, format!("cannot be read: {error}"));
            faults.push(fault.hint(match error.kind() {
                ErrorKind::NotFound => "see `imta_tailor` for where the server has its files",
                ErrorKind::PermissionDenied => "run this as an account that may read it",
                _ => "see whether this is the right file",
            }));
            None
        }
    }
}

/// These files are older than UTF-8; what a comment says in another character
/// set is nothing to complain about.
fn content(path: &Path) -> io::Result<String> {
    let bytes = files::read_start(path, LARGEST as u64 + 1)?;
    if bytes.len() > LARGEST {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("larger than {} MB", LARGEST >> 20)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn included(include: &Include) -> Option<String> {
    content(Path::new(&include.path)).ok()
}

/// Channels whose pool nobody defines: their mail waits without end (6.3
/// Administration Guide, "Processing Pools for Channel Execution").
fn undefined_pools(imta: &ImtaCnf, jobs: &JobController) -> Vec<Diagnostic> {
    let missing = imta.channels.iter().filter_map(|channel| {
        let pool = imta.keyword(channel, "pool")?.argument()?;
        jobs.pool(&pool.text).is_none().then(|| {
            let message = format!(
                "the pool of channel `{}` is not defined: its mail waits without end",
                channel.name.text
            );
            let hint = format!("add `[POOL={}]` with a `job_limit` to job_controller.cnf", pool.text);
            imta.sources.complaint(pool.span, message).hint(hint)
        })
    });
    missing.collect()
}

/// Conversion channels that the CONVERSIONS table sends mail to, but that are not
/// there.
fn undefined_channels(imta: &ImtaCnf, mappings: &Mappings) -> Vec<Diagnostic> {
    let missing = |answer: &ConstantAnswer| answer.convert && imta.channel(&answer.channel).is_none();
    let mut missing = mappings.constant_answers().filter(missing);
    let complaint = |answer: ConstantAnswer| {
        let channel = text::printable_str(&answer.channel, text::SHOWN);
        let message = format!("mail is sent through channel `{channel}`, which imta.cnf does not define");
        let hint = "add its block to imta.cnf: imta-snippets/imta.cnf-channels";
        mappings.complaint(answer.entry.template.span, message).hint(hint)
    };
    // Each complaint counts the lines above it anew.
    let mut faults: Vec<Diagnostic> = missing.by_ref().take(LISTED).map(complaint).collect();
    let rest = missing.count();
    if rest > 0 {
        faults.push(Diagnostic::unlisted(mappings.sources().path(Span::default()), rest));
    }
    faults
}
