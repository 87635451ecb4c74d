//! Rules about who may write what a part depends on: the server's account and root, and
//! nobody else. Cannot fail; what cannot be looked at is for other rules.

use std::path::{Path, PathBuf};

use crate::config::EngineKind;
use crate::config::key::{self, Key};
use crate::diagnostic::Severity;
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::own::Places;
use crate::os::account::Account;
use crate::os::writers::{self, Exposure};
use crate::text::{self, SHOWN};

const SOURCE: &str = "docs/operation.md, \"Files that others may write\"";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "state-writable",
        severity: Severity::Error,
        what: "others may write to the state directory",
        why: "they could make convscan believe a scanner that is blind: nothing in it is believed, so each part costs \
              more",
        source: SOURCE,
        cure: "give it to the server's account, mode 0700, and remove what is in it",
        check: Check::Setup(state_writable),
    },
    Rule {
        id: "config-writable",
        severity: Severity::Error,
        what: "others may change our configuration",
        why: "they could have convscan run another program, or pass a virus; where all may, everything is deferred",
        source: SOURCE,
        cure: "give file and directory to root, modes 0644 and 0755",
        check: Check::Setup(config_writable),
    },
    Rule {
        id: "scanner-writable",
        severity: Severity::Error,
        what: "others may change the program of a scanner",
        why: "it runs under the server's account for each part, and its word is believed; where all may, it is not run",
        source: SOURCE,
        cure: "give program and directory to root, mode 0755",
        check: Check::Setup(scanner_writable),
    },
    Rule {
        id: "rules-writable",
        severity: Severity::Error,
        what: "others may change a rules file",
        why: "they could take rules out, or have any mail convicted: convscan does without the file, and defers",
        source: SOURCE,
        cure: "give file and directory to root, modes 0644 and 0755",
        check: Check::Setup(rules_writable),
    },
    Rule {
        id: "template-writable",
        severity: Severity::Error,
        what: "others may change the template of a notice",
        why: "they could speak to all recipients in the name of the mail system: the built-in notice stands in",
        source: SOURCE,
        cure: "give file and directory to root, modes 0644 and 0755",
        check: Check::Setup(template_writable),
    },
    Rule {
        id: "log-writable",
        severity: Severity::Error,
        what: "others may write to the log or its directory",
        why: "they could remove lines, or put a link in the place of the log, through which convscan does not write",
        source: SOURCE,
        cure: "give the directory to the server's account, mode 0750",
        check: Check::Setup(log_writable),
    },
];

/// Our configuration and the server's account, where both are known here.
fn known(setup: &Setup) -> Option<(&Own, &Account)> {
    Some((setup.own.as_ref()?, setup.here.as_ref()?.account.as_ref()?))
}

/// Who should own what is exposed.
#[derive(Clone, Copy)]
enum Owner<'s> {
    Root,
    Account(&'s Account),
}

/// What is said of something exposed, with the command that ends it.
fn complaint<'s>(at: Option<At<'s>>, exposure: &Exposure, owner: Owner<'_>) -> Complaint<'s> {
    let name = match owner {
        Owner::Root => "root".to_owned(),
        Owner::Account(account) => text::printable_str(&account.name, SHOWN),
    };
    let path = exposure.path.display().to_string();
    let message = exposure.to_string();
    at.map_or_else(|| Complaint::whole(path, message.clone()), |at| Complaint::at(at, message.clone()))
        .mend(Mend::Write(exposure.cure(&name)))
}

/// Complaints about files that should be root's, each with its place.
fn about<'s>(
    account: &Account,
    files: impl IntoIterator<Item = (Option<At<'s>>, PathBuf)>,
) -> Vec<Complaint<'s>> {
    let exposed = files.into_iter().filter_map(|(at, path)| {
        let exposure = writers::exposure(&path, account.uid).ok()??;
        Some(complaint(at, &exposure, Owner::Root))
    });
    exposed.collect()
}

fn state_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some((own, account)) = known(setup) else { return Vec::new() };
    let directory = own.config.state.as_deref();
    let exposure = directory.and_then(|path| writers::of_directory(path, account.uid).ok()?);
    let at = Places::new(own).key(key::STATE_DIRECTORY).map(|value| value.at);
    exposure.iter().map(|exposure| complaint(at, exposure, Owner::Account(account))).collect()
}

fn config_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some((own, account)) = known(setup) else { return Vec::new() };
    about(account, [(None, PathBuf::from(&own.path))])
}

fn scanner_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    engines(setup, key::ENGINE_PROGRAM, |kind| match kind {
        EngineKind::Command(command) => Some(&command.program),
        EngineKind::Daemon(_) | EngineKind::Rules(_) => None,
    })
}

fn rules_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    engines(setup, key::ENGINE_FILE, |kind| match kind {
        EngineKind::Rules(file) => Some(file),
        EngineKind::Daemon(_) | EngineKind::Command(_) => None,
    })
}

/// Complaints about a file of each engine, which `key` names.
fn engines<'s>(setup: &'s Setup, key: Key, file: fn(&EngineKind) -> Option<&PathBuf>) -> Vec<Complaint<'s>> {
    let Some((own, account)) = known(setup) else { return Vec::new() };
    let places = Places::new(own);
    let files = own.config.engines.iter().enumerate().filter_map(|(index, engine)| {
        let at = places.engine(index, key).map_or(places.engine_at(index), |value| value.at);
        Some((Some(at), file(&engine.kind)?.clone()))
    });
    about(account, files)
}

fn template_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some((own, account)) = known(setup) else { return Vec::new() };
    let (places, notice) = (Places::new(own), &own.config.notice);
    let named = [(key::NOTICE_INFECTED, &notice.infected), (key::NOTICE_NOT_SCANNED, &notice.not_scanned)];
    let files = named
        .into_iter()
        .filter_map(|(key, path)| Some((places.key(key).map(|value| value.at), path.clone()?)));
    about(account, files)
}

fn log_writable(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some((own, account)) = known(setup) else { return Vec::new() };
    let Some(file) = &own.config.log.file else { return Vec::new() };
    let directory = file.parent().unwrap_or(Path::new("/"));
    let of_directory = writers::of_directory(directory, account.uid).ok().flatten();
    // Of a log that is not there yet the directory is all there is.
    let exposure = of_directory.or_else(|| writers::exposure(file, account.uid).ok()?);
    let at = Places::new(own).key(key::LOG_FILE).map(|value| value.at);
    exposure.iter().map(|exposure| complaint(at, exposure, Owner::Account(account))).collect()
}
