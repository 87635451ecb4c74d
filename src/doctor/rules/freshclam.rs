//! Rules about the virus definitions of ClamAV: whether they come to where clamd
//! has them, and how old they are. Cannot fail.

use std::io::ErrorKind;
use std::path::Path;

use crate::diagnostic::Severity;
use crate::doctor::at::Mend;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::conf::Conf;
use crate::doctor::view::definitions::{self, Set};
use crate::doctor::view::scanner;
use crate::os::look;
use crate::text::{self, SHOWN};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "notify-clamd",
        severity: Severity::Warning,
        what: "freshclam does not tell clamd of new definitions",
        why: "clamd then learns of them only when it looks by itself: every SelfCheck seconds, and never where that is 0",
        source: "freshclam.conf(5), NotifyClamd; clamd.conf(5), SelfCheck",
        cure: "say `NotifyClamd` and the path of clamd.conf",
        check: Check::Setup(notify_clamd),
    },
    Rule {
        id: "database-differs",
        severity: Severity::Error,
        what: "freshclam puts definitions where clamd does not look",
        why: "clamd scans with those that it has had since it was installed, and calls every newer virus clean",
        source: "clamd.conf(5), DatabaseDirectory",
        cure: "give both the same DatabaseDirectory",
        check: Check::Setup(database_differs),
    },
    Rule {
        id: "definitions-age",
        severity: Severity::Warning,
        what: "the virus definitions are old",
        why: "there are new ones every day; what is newer than they are is called clean",
        source: "freshclam.conf(5), Checks; docs/commands.md, `selftest`",
        cure: "see what freshclam writes to its log, or run it by hand",
        check: Check::Setup(definitions_age),
    },
    Rule {
        id: "definitions-future",
        severity: Severity::Warning,
        what: "virus definitions are from the future",
        why: "either the clock of this machine is wrong, and so are the times in all logs, or the file is not what it \
              says",
        source: "sigtool(1), --info",
        cure: "set the clock; if it is right, remove the file and run freshclam",
        check: Check::Setup(definitions_future),
    },
];

/// Seconds between two looks of clamd, unless set (clamd.conf(5)).
const SELF_CHECK: u64 = 600;

fn notify_clamd(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "NotifyClamd";
    let Some(conf) = setup.freshclam.as_ref().map(Conf).filter(|conf| conf.key(key).is_none()) else {
        return Vec::new();
    };
    let slowest = |looks: &[u64]| if looks.contains(&0) { Some(0) } else { looks.iter().copied().max() };
    let looks: Vec<u64> =
        scanner::clamds(setup).filter_map(|clamd| clamd.number("SelfCheck").or(SELF_CHECK)).collect();
    let (message, severity) = match slowest(&looks) {
        Some(0) => (
            "clamd never learns of new definitions: no `NotifyClamd`, and `SelfCheck` is 0".to_owned(),
            Severity::Error,
        ),
        Some(seconds) => {
            (format!("clamd learns of new definitions only after up to {seconds} seconds"), Severity::Warning)
        }
        None => ("freshclam does not tell clamd of new definitions".to_owned(), Severity::Warning),
    };
    let clamd = scanner::clamds(setup).next().map(Conf::path).filter(|path| path.starts_with('/'));
    let mend = match clamd {
        Some(path) => conf.write(key, path),
        // From here it is not known where that is for freshclam.
        None => Mend::Write(format!("{key} /etc/clamav/clamd.conf")),
    };
    vec![Complaint::whole(conf.path(), message).severity(severity).mend(mend)]
}

const DIRECTORY: &str = "DatabaseDirectory";

fn database_differs(setup: &Setup) -> Vec<Complaint<'_>> {
    let fresh = setup.freshclam.as_ref().and_then(|conf| Conf(conf).key(DIRECTORY));
    let Some(fresh) = fresh else { return Vec::new() };
    let differing = scanner::clamds(setup).filter_map(|conf| {
        let own = conf.key(DIRECTORY).filter(|own| !is_same(setup, own.value, fresh.value))?;
        let message =
            format!("freshclam writes to `{}`, and clamd reads `{}`", shown(fresh.value), shown(own.value));
        Some(Complaint::at(own.value_at, message))
    });
    differing.collect()
}

fn is_same(setup: &Setup, one: &str, other: &str) -> bool {
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    bare(one) == bare(other) || setup.here.is_some() && look::is_same(Path::new(one), Path::new(other))
}

const DAY: u64 = 24 * 3600;

/// An age in days that should not be, and one that must not: up to that `selftest`
/// calls them fresh.
const OLD: (u64, u64) = (3, 7);

/// How far ahead of ours another clock may be.
const AHEAD: u64 = 3600;

/// The directories that clamds read, each once, as one of them says it.
fn directories(setup: &Setup) -> Vec<Conf<'_>> {
    let mut found: Vec<Conf<'_>> = Vec::new();
    if setup.here.is_some() {
        for conf in scanner::clamds(setup).chain(setup.freshclam.as_ref().map(Conf)) {
            let is_new = |key: &str| {
                !found
                    .iter()
                    .any(|other| other.key(DIRECTORY).is_some_and(|other| is_same(setup, other.value, key)))
            };
            if conf.key(DIRECTORY).is_some_and(|key| is_new(key.value)) {
                found.push(conf);
            }
        }
    }
    found
}

fn definitions_age(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(here) = &setup.here else { return Vec::new() };
    let old = directories(setup).into_iter().filter_map(|conf| {
        let key = conf.key(DIRECTORY)?;
        let directory = shown(key.value);
        let (message, severity) = match definitions::sets(Path::new(key.value)) {
            Err(error) if error.kind() == ErrorKind::NotFound => (
                format!("the directory of the virus definitions is not there: `{directory}`"),
                Severity::Error,
            ),
            // Who may not look does not know.
            Err(_) => return None,
            Ok(sets) if sets.is_empty() => {
                (format!("no official virus definitions are in `{directory}`"), Severity::Error)
            }
            Ok(sets) => {
                let made = |set: &&Set| set.made <= here.now.saturating_add(AHEAD);
                let newest = sets.iter().filter(made).max_by_key(|set| set.made)?;
                let days = here.now.saturating_sub(newest.made) / DAY;
                let severity = if days >= OLD.1 { Severity::Error } else { Severity::Warning };
                if days < OLD.0 {
                    return None;
                }
                (format!("the newest virus definitions are {days} days old: `{}`", newest.name), severity)
            }
        };
        Some(Complaint::at(key.value_at, message).severity(severity))
    });
    old.collect()
}

fn definitions_future(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(here) = &setup.here else { return Vec::new() };
    let ahead = directories(setup).into_iter().flat_map(|conf| {
        let key = conf.key(DIRECTORY);
        let sets = key.map_or(Vec::new(), |key| definitions::sets(Path::new(key.value)).unwrap_or_default());
        let ahead = sets.into_iter().filter(|set| set.made > here.now.saturating_add(AHEAD));
        ahead.filter_map(move |set| {
            let hours = set.made.saturating_sub(here.now) / 3600;
            Some(Complaint::at(key?.value_at, format!("`{}` was made in {hours} hours from now", set.name)))
        })
    });
    ahead.collect()
}

fn shown(text: &str) -> String {
    text::printable_str(text, SHOWN)
}
