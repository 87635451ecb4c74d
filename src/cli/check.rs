//! Reads the whole set-up and says what is wrong, why, and what to write.
//!
//! Usage: convscan check [--config FILE] [--tailor FILE | --root DIR]
//!                       [--imta-cnf FILE] [--job-controller FILE]
//!                       [--mappings FILE] [--conversions FILE] [--option-dat FILE]
//!                       [--dispatcher FILE] [--config-xml FILE]
//!                       [--clamd-conf FILE]... [--freshclam-conf FILE]
//!                       [--icap-conf FILE]... [--summarize FILE]
//!                       [--counters FILE] [--elsewhere] [--account NAME]
//!                       [--cores N] [--allow RULE[:PLACE]]... [--admin-config FILE]
//!                       [--json | --fix-diff | --coverage]
//!        convscan check --rules
//!
//! The server's files are found by its imta_tailor: the one that is named, or the
//! one in the server's directory DIR, or the one where a release has it. Each
//! file can be named by itself, too; without --tailor and --root no others of the
//! server are looked for then. With a config.xml the server uses none of the old
//! files. The scanners' files are looked for where ClamAV and c-icap
//! have them, if the configuration asks these. Nothing is changed, started or
//! sent.
//!
//! It also looks at all that the files name on this machine, as the server's
//! account would find it: programs, directories, sockets, space, the age of the
//! virus definitions. --elsewhere says that the files are of another machine; a
//! copy of a server's directory is taken for that, too. Then only the files count.
//! --account is for a server whose files do not say its account, --cores for
//! another machine's.
//!
//! A file that the server's files name or include is read only if the server's
//! account may read it, since findings are copied into tickets; in a copy, if
//! everybody may read it, or if it is in the copy. A file of more than 8 MB, or
//! with many times the words of real ones, is not read but reported.
//!
//! A running server is not asked. Save what it prints: --summarize takes the
//! output of `imsimta qm summarize`, --counters that of `imsimta counters -show`.
//!
//! Each finding names a rule; docs/rules.md and --rules list them all. --allow
//! leaves out what the site wants to be so: all findings of a rule, or those that
//! name a place (a channel, an entry, a file). An allowance that is to stay is
//! written into /etc/convscan/admin.toml ($CONVSCAN_ADMIN, --admin-config) with a
//! reason: [[allow]] with `rule`, `because` and, if wanted, `place` and `until`.
//! The summary counts and names what was allowed. --json prints one object with
//! findings, files and a summary. --fix-diff prints what can be mended by machine
//! as a unified diff for patch(1), and no findings. --coverage prints from where
//! to where mail is scanned, by kinds of channels, and no findings either.
//!
//! Run selftest to see whether the scanners answer rightly.
//!
//! Exit codes: 0 nothing worse than a note, 1 warnings or errors, 2 wrong usage,
//! 75 it cannot be written.

mod report;

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::admin;
use super::exit::{self, Exit};
use crate::config::Allowance;
use crate::doctor::rule::Rule;
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Role;
use crate::doctor::setup::find::Named;
use crate::doctor::setup::load::{Machine, Wanted};
use crate::doctor::view::traffic::Traffic;
use crate::doctor::{self, fix, rules};
use crate::os::{clock, output};
use crate::serve;
use crate::text;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(about = "Read the whole set-up and say what is wrong, why, and what to write", long_about = exit::manual(include_str!("check.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The MTA's imta_tailor
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    tailor: Option<PathBuf>,
    /// The server's directory, or a copy of it
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The MTA's configuration, imta.cnf
    #[arg(long, value_name = "FILE")]
    imta_cnf: Option<PathBuf>,
    /// The MTA's job_controller.cnf
    #[arg(long, value_name = "FILE")]
    job_controller: Option<PathBuf>,
    /// The MTA's mappings
    #[arg(long, value_name = "FILE")]
    mappings: Option<PathBuf>,
    /// The MTA's conversions
    #[arg(long, value_name = "FILE")]
    conversions: Option<PathBuf>,
    /// The MTA's option.dat
    #[arg(long, value_name = "FILE")]
    option_dat: Option<PathBuf>,
    /// The MTA's dispatcher.cnf
    #[arg(long, value_name = "FILE")]
    dispatcher: Option<PathBuf>,
    /// The MTA's config.xml
    #[arg(long, value_name = "FILE")]
    config_xml: Option<PathBuf>,
    /// A clamd.conf; may be repeated
    #[arg(long, value_name = "FILE")]
    clamd_conf: Vec<PathBuf>,
    /// A freshclam.conf
    #[arg(long, value_name = "FILE")]
    freshclam_conf: Option<PathBuf>,
    /// A file of c-icap: c-icap.conf, virus_scan.conf; may be repeated
    #[arg(long, value_name = "FILE")]
    icap_conf: Vec<PathBuf>,
    /// What `imsimta qm summarize` printed
    #[arg(long, value_name = "FILE")]
    summarize: Option<PathBuf>,
    /// What `imsimta counters -show` printed
    #[arg(long, value_name = "FILE")]
    counters: Option<PathBuf>,
    /// The files are another machine's: look at nothing that they name
    #[arg(long)]
    elsewhere: bool,
    /// The account that the server runs commands as
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Cores of the machine
    #[arg(long, value_name = "N")]
    cores: Option<usize>,
    /// Let this rule be broken, or only at this place; may be repeated
    #[arg(long, value_name = "RULE[:PLACE]", value_parser = allowance)]
    allow: Vec<Allowance>,
    /// Settings of the tools [default: $CONVSCAN_ADMIN, else /etc/convscan/admin.toml if it is there]
    #[arg(long, value_name = "FILE")]
    admin_config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "fix_diff")]
    json: bool,
    /// Print a unified diff of what can be mended by machine
    #[arg(long)]
    fix_diff: bool,
    /// Print which mail is scanned, by the CONVERSIONS table
    #[arg(long, conflicts_with_all = ["json", "fix_diff"])]
    coverage: bool,
    /// List all rules
    #[arg(long, exclusive = true)]
    rules: bool,
}

fn allowance(text: &str) -> Result<Allowance, String> {
    let (rule, place) = text.split_once(':').map_or((text, None), |(rule, place)| (rule, Some(place)));
    if place.is_some_and(|place| place.trim().is_empty()) {
        return Err("no place behind the `:`: name one, or leave the `:` out".to_owned());
    }
    match rules::named(rule) {
        Some(rule) => Ok(Allowance {
            rule: rule.id.to_owned(),
            place: place.map(str::to_owned),
            because: "--allow".to_owned(),
            until: None,
        }),
        None => Err("no such rule: `convscan check --rules` lists them".to_owned()),
    }
}

/// Runs the check.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    if arguments.rules {
        let line = |rule: &Rule| format!("{} ({}): {}\n", rule.id, rule.severity.word(), rule.what);
        output::text(&rules::all().map(line).collect::<String>())?;
        return Ok(Exit::Done);
    }
    let setup = doctor::setup::load::setup(&wanted(arguments));
    if arguments.coverage {
        return coverage(&setup);
    }
    let mut allowances = admin::sound(arguments.admin_config.as_deref())?.allow;
    if let Some(unknown) = allowances.iter().find(|allowance| rules::named(&allowance.rule).is_none()) {
        let path = admin::path(arguments.admin_config.as_deref()).0;
        bail!(
            "{}: no such rule: `{}`\nhint: `convscan check --rules` lists them",
            path.display(),
            text::printable_str(&unknown.rule, text::SHOWN)
        );
    }
    allowances.extend(arguments.allow.iter().cloned());
    let today = clock::utc(clock::micros());
    let (findings, allowed) = doctor::examine(&setup, &allowances, today.get(..10).unwrap_or_default());
    if arguments.fix_diff {
        let diff = fix::diff(&setup, &findings);
        if diff.is_empty() {
            output::talk(format_args!(
                "nothing that could be mended by machine; findings: {}",
                findings.len()
            ));
        }
        output::bytes(&diff)?;
    } else if arguments.json {
        report::json(&setup, &findings, &allowed)?;
    } else {
        report::text(&setup, &findings, &allowed)?;
    }
    Ok(if report::is_bad(&findings) { Exit::No } else { Exit::Done })
}

fn coverage(setup: &Setup) -> Result<Exit> {
    match Traffic::of(setup) {
        Some(traffic) => {
            output::text(&format!("{}\n", traffic.shown()))?;
            Ok(Exit::Done)
        }
        None => {
            output::talk("the channels and the CONVERSIONS table are not known: name the server's files");
            Ok(Exit::Usage)
        }
    }
}

fn wanted(arguments: &Arguments) -> Wanted {
    let single = [
        (Role::ConfigXml, &arguments.config_xml),
        (Role::Imta, &arguments.imta_cnf),
        (Role::JobController, &arguments.job_controller),
        (Role::Options, &arguments.option_dat),
        (Role::Dispatcher, &arguments.dispatcher),
        (Role::Mappings, &arguments.mappings),
        (Role::Conversions, &arguments.conversions),
        (Role::Freshclam, &arguments.freshclam_conf),
        (Role::Summary, &arguments.summarize),
        (Role::Counters, &arguments.counters),
    ];
    let mut files: Vec<(Role, PathBuf)> =
        single.into_iter().filter_map(|(role, path)| Some((role, path.clone()?))).collect();
    files.extend(arguments.clamd_conf.iter().map(|path| (Role::Clamd, path.clone())));
    files.extend(arguments.icap_conf.iter().map(|path| (Role::Icap, path.clone())));
    Wanted {
        named: Named { tailor: arguments.tailor.clone(), root: arguments.root.clone(), files },
        own: serve::path(arguments.config.as_deref()),
        machine: if arguments.elsewhere { Machine::Other } else { Machine::This },
        account: arguments.account.clone(),
        cores: arguments.cores,
    }
}
