//! Writes the fragments that put convscan into the files of a mail server.
//!
//! Usage: convscan snippets [--release RELEASE] [--format legacy|msconfig]
//!                          [--jobs N] [--external-jobs N]
//!                          [--external CHANNEL]... [--store CHANNEL]...
//!                          [--program PATH] [--config FILE]
//!                          [--local-host HOST] [--output DIR | PART]
//!
//! PART is job_controller.cnf, imta.cnf, conversions or mappings. Without it all
//! four go to stdout, in this order, which is that of putting them in. A line
//! `! ---- file NAME ----` stands above each. With --output they become files in
//! DIR, with the names that they have in the source tree. Where one of them is
//! there already with other content, nothing is written.
//!
//! --release is that of the mail server [6.3]. Before 6.3, and for PMDF, the
//! entry tells it to convscan, and holds where others try again later. From
//! 7.0.5 on there is --format msconfig, for a server with a config.xml: pools and
//! channels are lines for that command then, the other two are texts for its
//! `edit`, without comments.
//!
//! --jobs is for mail from inside, --external-jobs for mail from outside. Left
//! out, they share the cores of this machine by three to five; one left out gets
//! the cores that the other leaves.
//!
//! --external is a channel by which mail comes from outside and goes there
//! [tcp_local], --store one to mailboxes [ims-ms; for PMDF l and msgstore]. Each
//! may be repeated. Mail from inside that goes to neither is not scanned.
//!
//! --program and --config are the paths that the entry names [the program:
//! /usr/local/bin/convscan-part; no configuration]. --local-host is the host in the
//! rewrite rules that a comment shows.
//!
//! Exit codes: 0 written, 1 a file is there with other content, 2 wrong usage,
//! 75 it cannot be written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::exit::{self, Exit};
use crate::os::cores;
use crate::os::new_file::{self, There};
use crate::os::output;
use crate::snippets::{
    ChannelName, Contradiction, EntryPath, Format, Fragment, HostName, Jobs, Part, Server, Site, Wishes,
};

/// Arguments of `snippets`.
#[derive(clap::Args)]
#[command(about = "Write the fragments that put convscan into the files of a mail server", long_about = exit::manual(include_str!("snippets.rs")))]
pub(super) struct Arguments {
    /// Print only this one: job_controller.cnf, imta.cnf, conversions or mappings
    #[arg(value_parser = Part::parse, conflicts_with = "output")]
    part: Option<Part>,
    /// The mail server's release, or pmdf
    #[arg(long, value_name = "RELEASE", default_value = "6.3", value_parser = Server::parse)]
    release: Server,
    /// Text files, or lines and texts for msconfig
    #[arg(long, value_name = "legacy|msconfig", default_value = "legacy", value_parser = Format::parse)]
    format: Format,
    /// Jobs of the channel for mail from inside
    #[arg(long, value_name = "N", value_parser = Jobs::parse)]
    jobs: Option<u32>,
    /// Jobs of the channel for mail from outside
    #[arg(long, value_name = "N", value_parser = Jobs::parse)]
    external_jobs: Option<u32>,
    /// Channel from and to outside; may be repeated
    #[arg(long, value_name = "CHANNEL", default_value = "tcp_local", value_parser = ChannelName::parse)]
    external: Vec<ChannelName>,
    /// Channel to mailboxes; may be repeated [default: ims-ms; for PMDF l and msgstore]
    #[arg(long, value_name = "CHANNEL", value_parser = ChannelName::parse)]
    store: Vec<ChannelName>,
    /// Where convscan-part, or convscan, is on the mail server
    #[arg(long, value_name = "PATH", default_value = "/usr/local/bin/convscan-part", value_parser = EntryPath::parse)]
    program: EntryPath,
    /// Configuration file that the entry names
    #[arg(long, value_name = "FILE", value_parser = EntryPath::parse)]
    config: Option<EntryPath>,
    /// Name of the mail server's host
    #[arg(long, value_name = "HOST", value_parser = HostName::parse)]
    local_host: Option<HostName>,
    /// Write files below this directory
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Writes what is asked for.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let cores = cores::count();
    let site = match Site::new(wishes(arguments, cores)) {
        Ok(site) => site,
        Err(Contradiction { message, hint }) => {
            output::talk(format_args!("{message}\n  hint: {hint}"));
            return Ok(Exit::Usage);
        }
    };
    if says_jobs(arguments.part) && (arguments.jobs.is_none() || arguments.external_jobs.is_none()) {
        output::talk(format_args!(
            "jobs are for the cores of this machine ({cores}): say --jobs and --external-jobs for another one"
        ));
    }
    for note in site.notes() {
        output::talk(note);
    }
    if let Some(directory) = &arguments.output {
        return written(directory, &site.fragments());
    }
    let text = match arguments.part {
        Some(part) => site.fragment(part).text,
        None => site
            .fragments()
            .map(|Fragment { file, text, .. }| format!("! ---- file {file} ----\n{text}"))
            .concat(),
    };
    output::bytes(text.as_bytes()).context("cannot write the fragments")?;
    Ok(Exit::Done)
}

/// Whether the number of jobs is in what is printed.
fn says_jobs(part: Option<Part>) -> bool {
    match part {
        None | Some(Part::JobController | Part::Channels) => true,
        Some(Part::Conversions | Part::Mappings) => false,
    }
}

fn wishes(arguments: &Arguments, cores: usize) -> Wishes {
    Wishes {
        server: arguments.release.clone(),
        jobs: Jobs::new(arguments.jobs, arguments.external_jobs, cores),
        program: arguments.program.clone(),
        config: arguments.config.clone(),
        external: arguments.external.clone(),
        store: arguments.store.clone(),
        local_host: arguments.local_host.clone(),
        format: arguments.format,
    }
}

/// Makes the files that are not there yet, if none is there with other content.
fn written(directory: &Path, fragments: &[Fragment]) -> Result<Exit> {
    let mut missing = Vec::new();
    let mut exit = Exit::Done;
    for fragment in fragments {
        let path = directory.join(fragment.file);
        let there = new_file::compare(&path, fragment.text.as_bytes());
        match there.with_context(|| format!("cannot read `{}`", path.display()))? {
            There::Nothing => missing.push((path, fragment)),
            There::Same => output::talk(format_args!("there already: {}", path.display())),
            There::Other => {
                output::talk(format_args!(
                    "there with other content, so nothing is written: {}",
                    path.display()
                ));
                exit = Exit::No;
            }
        }
    }
    if exit == Exit::No {
        output::talk("hint: choose another directory, or move that file away");
        return Ok(exit);
    }
    for (path, fragment) in missing {
        new_file::create(&path, fragment.text.as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        output::talk(format_args!("written: {}", path.display()));
    }
    Ok(Exit::Done)
}
