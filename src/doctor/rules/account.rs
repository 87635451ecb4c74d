//! Rules about the account that the server runs commands as: what it must reach to
//! scan and to log. Cannot fail.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::address::Address;
use crate::config::{EngineKind, key};
use crate::diagnostic::Severity;
use crate::doctor::at::At;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::file::{Outcome, Role};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::own::Places;
use crate::os::access::{self, Need};
use crate::os::account::Account;
use crate::os::look;
use crate::os::permission::{self, Access, Refusal, Why};
use crate::text::{self, SHOWN};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "not-usable",
        severity: Severity::Error,
        what: "a scanner does not answer, or log or state directory cannot be used",
        why: "without an engine every part is deferred; without the state directory nothing is remembered",
        source: "docs/configuration.md",
        cure: "see that it is what the configuration says",
        check: Check::Setup(not_usable),
    },
    Rule {
        id: "account-cannot",
        severity: Severity::Error,
        what: "the server's account may not use what our configuration names, or read the server's own files",
        why: "the server runs convscan under that account: what works for root does not work for it",
        source: "docs/install.md, step 4; path_resolution(7)",
        cure: "give it, and the way to it, to the account",
        check: Check::Setup(account_cannot),
    },
    Rule {
        id: "account-unknown",
        severity: Severity::Warning,
        what: "the server's account is not on this machine",
        why: "what it may do is not looked at; a convscan that was built without libraries sees only the accounts of \
              /etc/passwd",
        source: "6.3 Administration Reference, \"Tailor File\", IMTA_USER",
        cure: "see whether IMTA_USER is right; name the account with --account, or say --elsewhere if the files are another machine's",
        check: Check::Setup(account_unknown),
    },
    Rule {
        id: "locks-owner",
        severity: Severity::Warning,
        what: "files in the state directory belong to another account than the server's",
        why: "only their owner may use them: the server's account scans without what it remembers, as after a run as \
              root",
        source: "docs/engines.md, \"What is remembered\"",
        cure: "give them to the server's account, or remove them: they are made anew",
        check: Check::Setup(locks_owner),
    },
];

/// Something that our configuration names, and what is done with it.
struct Use<'s> {
    at: At<'s>,
    what: Thing,
    need: Needed<'s>,
}

enum Needed<'s> {
    /// As a part needs it.
    Need(Need<'s>),
    /// To be read.
    Read(&'s Path),
}

/// What it is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing {
    Engine,
    Rules,
    Template,
    Log,
    SystemLog,
    State,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "the engine",
            Self::Rules => "the rules file",
            Self::Template => "the template",
            Self::Log => "the log",
            Self::SystemLog => "the system log",
            Self::State => "the state directory",
        })
    }
}

impl Use<'_> {
    /// The path that it takes, and how, if it takes one.
    fn path(&self) -> Option<(&Path, Access)> {
        Some(match self.need {
            Needed::Read(path) => (path, Access::Read),
            Needed::Need(Need::Connect(Address::Unix(path))) => (path, Access::Write),
            Needed::Need(Need::Connect(Address::Tcp(_))) => return None,
            Needed::Need(Need::Send(path)) => (path, Access::Write),
            Needed::Need(Need::Execute(path)) => (path, Access::Execute),
            Needed::Need(Need::Append(path)) => (path, Access::Append),
            Needed::Need(Need::Create(path)) => (path, Access::Create),
        })
    }
}

/// All that a part may need.
fn uses(own: &Own) -> Vec<Use<'_>> {
    let (places, config) = (Places::new(own), &own.config);
    let mut uses = Vec::new();
    for (index, engine) in config.engines.iter().enumerate() {
        let at = |key| places.engine(index, key).map_or(places.engine_at(index), |value| value.at);
        match &engine.kind {
            EngineKind::Daemon(daemons) => uses.extend(daemons.iter().map(|place| {
                let need = Needed::Need(Need::Connect(&place.address));
                Use { at: at(key::ENGINE_ADDRESS), what: Thing::Engine, need }
            })),
            EngineKind::Command(command) => {
                let need = Needed::Need(Need::Execute(&command.program));
                uses.push(Use { at: at(key::ENGINE_PROGRAM), what: Thing::Engine, need });
            }
            EngineKind::Rules(file) => {
                uses.push(Use { at: at(key::ENGINE_FILE), what: Thing::Rules, need: Needed::Read(file) });
            }
        }
    }
    let tables = [
        (key::NOTICE_INFECTED, Thing::Template, config.notice.infected.as_deref().map(Needed::Read)),
        (key::NOTICE_NOT_SCANNED, Thing::Template, config.notice.not_scanned.as_deref().map(Needed::Read)),
        (key::LOG_FILE, Thing::Log, config.log.file.as_deref().map(|file| Needed::Need(Need::Append(file)))),
        (
            key::LOG_SYSLOG,
            Thing::SystemLog,
            config.log.syslog.as_deref().map(|file| Needed::Need(Need::Send(file))),
        ),
        (
            key::STATE_DIRECTORY,
            Thing::State,
            config.state.as_deref().map(|file| Needed::Need(Need::Create(file))),
        ),
    ];
    for (key, what, need) in tables {
        uses.extend(places.key(key).zip(need).map(|(value, need)| Use { at: value.at, what, need }));
    }
    uses
}

/// The server's account, if that is another one than ours.
fn other(setup: &Setup) -> Option<&Account> {
    let account = setup.here.as_ref()?.account.as_ref()?;
    Account::own().ok().filter(|own| own.uid != account.uid).map(|_| account)
}

/// What we cannot use ourselves. Of what another account will use, only whether
/// somebody answers is asked so.
fn not_usable(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(own), Some(_)) = (&setup.own, &setup.here) else { return Vec::new() };
    let other = other(setup);
    let complaints = uses(own).into_iter().filter_map(|found| {
        let Needed::Need(need) = &found.need else { return None };
        let is_connection = matches!(need, Need::Connect(_));
        if other.is_some() && !is_connection {
            return None;
        }
        let error = access::check(need).err()?;
        if other.is_some() && error.kind() == ErrorKind::PermissionDenied {
            return None;
        }
        let shown = text::printable_str(&need.to_string(), SHOWN);
        let message = format!("{} cannot be used: {error}: `{shown}`", found.what);
        Some(Complaint::at(found.at, message).hint(cure(need, found.what, error.kind())))
    });
    complaints.collect()
}

/// How to mend what keeps us from `need`.
fn cure(need: &Need<'_>, what: Thing, kind: ErrorKind) -> String {
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

fn account_cannot(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(account) = other(setup) else { return Vec::new() };
    let name = text::printable_str(&account.name, SHOWN);
    let refused = setup.own.iter().flat_map(uses).filter_map(|found| {
        let (path, access) = found.path()?;
        let refusal = permission::check(account, path, access).err()?;
        let is_told =
            matches!(found.need, Needed::Need(Need::Connect(_))) && matches!(refusal.why, Why::Missing);
        // What is not there somebody else says; what we may not look at may be fine.
        if is_told || matches!(refusal.why, Why::Unknown(_)) {
            return None;
        }
        let message = format!("account `{name}` may not {} {}: {refusal}", verb(access), found.what);
        Some(Complaint::at(found.at, message).hint(mend(access, &refusal)))
    });
    refused.chain(unread(setup, account)).collect()
}

/// Files of the server that we can read and the server's account cannot.
fn unread<'s>(setup: &'s Setup, account: &'s Account) -> impl Iterator<Item = Complaint<'s>> {
    let read = setup.files.iter().filter(|seen| seen.role.is_servers() && seen.outcome == Outcome::Read);
    read.filter_map(|seen| {
        let refusal = permission::check(account, &seen.path, Access::Read).err()?;
        let name = text::printable_str(&account.name, SHOWN);
        let message = format!("account `{name}` may not read {}: {refusal}", seen.role.name());
        let complaint = Complaint::whole(seen.path.display().to_string(), message);
        Some(complaint.hint(mend(Access::Read, &refusal)))
    })
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "connect to",
        Access::Execute => "run",
        Access::Enter => "enter",
        Access::Create => "make files in",
        Access::Append => "write to",
    }
}

/// How to mend a refusal.
fn mend(access: Access, refusal: &Refusal) -> String {
    let path = text::printable_str(&refusal.path.to_string_lossy(), SHOWN);
    match (&refusal.why, access) {
        (Why::Denied { .. }, Access::Write) => format!(
            "let it in at `{path}`: if that is the socket, see LocalSocketGroup and LocalSocketMode in clamd.conf"
        ),
        (Why::Denied { .. }, _) => format!("let it in at `{path}`: by chown, chgrp or chmod"),
        (Why::Missing, Access::Create | Access::Append) => {
            format!("make the directory and give it to the account: `{path}`")
        }
        (Why::Missing, _) => "see the name in the configuration, or put there what it names".to_owned(),
        (Why::NotExecutable, _) => format!("is it the program? then `chmod a+x {path}`"),
        (Why::ReadOnly | Why::NoExec, _) => "put it elsewhere, or mount that otherwise".to_owned(),
        (Why::NotDirectory | Why::NotRegular | Why::Unknown(_), _) => {
            "see that it is what the configuration says".to_owned()
        }
    }
}

fn account_unknown(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(here) =
        setup.here.as_ref().filter(|here| here.account.is_none() && !here.account_name.is_empty())
    else {
        return Vec::new();
    };
    let name = text::printable_str(&here.account_name, SHOWN);
    let message = format!("this machine has no account `{name}`");
    let said = setup.tailor.as_ref().and_then(|tailor| {
        let options = &tailor.options;
        let setting = options.last("IMTA_USER").or_else(|| options.last("PMDF_USER"))?;
        (setting.value.text == here.account_name).then(|| At::of(&options.sources, setting.value.span))
    });
    let tailor = || {
        setup.path_of(Role::Tailor).map_or_else(|| "--account".to_owned(), |path| path.display().to_string())
    };
    vec![
        said.map_or_else(
            || Complaint::whole(tailor(), message.clone()),
            |at| Complaint::at(at, message.clone()),
        ),
    ]
}

/// Most things in the state directory that are looked at: addresses of engines have
/// one each, and that is the most there is.
const MOST: usize = 10_000;

/// Most names that are listed.
const LISTED: usize = 5;

fn locks_owner(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(own), Some(here)) = (&setup.own, &setup.here) else { return Vec::new() };
    // Root may use whatever it finds.
    let Some(account) = here.account.as_ref().filter(|account| account.uid != 0) else { return Vec::new() };
    let Some(directory) = &own.config.state else { return Vec::new() };
    // A note is a link to no file: whoever may write the directory may replace it.
    let is_foreign = |path: &PathBuf| look::at(path).is_ok_and(|facts| facts.owner != account.uid);
    let all = look::names(directory, MOST).unwrap_or_default();
    let foreign: Vec<PathBuf> = all.into_iter().filter(is_foreign).collect();
    if foreign.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "not those of account `{}` in the state directory: {}",
        text::printable_str(&account.name, SHOWN),
        names(&foreign)
    );
    let places = Places::new(own);
    let at = places.key(key::STATE_DIRECTORY).map(|value| value.at);
    vec![at.map_or_else(
        || Complaint::whole(own.path.clone(), message.clone()),
        |at| Complaint::at(at, message.clone()),
    )]
}

/// The last components of some paths, and how many more there are.
pub(super) fn names(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("`{}`", text::printable_str(&name, SHOWN))
    };
    let shown: Vec<String> = paths.iter().take(LISTED).map(name).collect();
    match paths.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
