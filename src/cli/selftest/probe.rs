//! What an engine is shown in the self-test, and which answers are right. Cannot
//! fail.

use crate::config::{Place, Protocol};
use crate::engine::eicar;
use crate::policy::{Action, Policy, Ruling};
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict, Weight, name_of};

/// One probe.
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) content: Vec<u8>,
    pub(super) expected: Expected,
}

/// The answers that are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Nothing is found.
    Clean,
    /// It is found.
    Infected,
    /// It is found, or at least not called clean, unless the policy passes what is
    /// unscannable for this reason.
    NotClean(Reason),
}

/// How an engine fares, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// All is well.
    Awake,
    /// Its definitions are old.
    Stale,
    /// It calls clean what it does not look into, or refuses what it is sent.
    Careless,
    /// It does not find what it must.
    Blind,
    /// It does not answer.
    Down,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Awake => "awake",
            Self::Stale => "STALE",
            Self::Careless => "CARELESS",
            Self::Blind => "BLIND",
            Self::Down => "DOWN",
        }
    }
}

/// What to do about an engine at `place` that fared like this; `missed` is the
/// first probe that it got wrong, `error` why it gave no answer to that.
pub(super) fn hint(
    state: State,
    place: Option<&Place>,
    missed: &str,
    error: Option<ErrorKind>,
) -> Option<&'static str> {
    let is_clamd = place.is_some_and(|place| place.protocol == Protocol::Clamd);
    match (state, error) {
        (State::Awake, _) => None,
        (State::Stale, _) => Some("see why its updater (freshclam, say) has not brought new definitions"),
        (State::Careless, _) if is_clamd => Some(
            "set `AlertExceedsMax yes` and `AlertEncrypted yes` in clamd.conf, and let `largest` of the engine be no more than it takes",
        ),
        (State::Careless, _) => Some(
            "have it report what is encrypted or over its limits, and let `largest` of the engine be no more than it takes",
        ),
        (State::Blind, _) if missed == NESTED => {
            Some("have it look into archives, and see whether its temporary directory is there and has room")
        }
        (State::Blind, _) => Some(
            "see whether its temporary directory is there and has room, and whether its definitions have a signature for EICAR",
        ),
        (State::Down, Some(ErrorKind::Unreachable | ErrorKind::NotInstalled)) => {
            Some("start it, or see its address and rights with `convscan check`")
        }
        (State::Down, Some(ErrorKind::TimedOut)) => {
            Some("it is there but does not answer: see whether it hangs, or is loading its definitions")
        }
        (State::Down, Some(ErrorKind::Configuration)) => Some("mend what the answer says"),
        (State::Down, _) => Some(
            "it answers, but fails: see its own log; with ICAP also the name of the service and the scanner behind it",
        ),
    }
}

/// A size that many limits are below: clamd's own was 25 MB for long.
const LARGE: usize = 30 << 20;

/// A depth that clamd does not go to as it is shipped. Source: clamd.conf(5),
/// `MaxRecursion`.
const DEEP: u32 = 20;

/// The probe that needs unpacking.
const NESTED: &str = "eicar-zip-zip";

/// An honest file.
const CLEAN: &[u8] = b"This file is clean. A scanner that finds something in it is wrong.\n";

/// What every engine is shown.
pub(super) fn probes() -> Vec<Probe> {
    vec![
        Probe { name: "clean", content: CLEAN.to_vec(), expected: Expected::Clean },
        Probe { name: "eicar", content: eicar::plain(), expected: Expected::Infected },
        Probe { name: NESTED, content: eicar::nested(), expected: Expected::Infected },
        Probe {
            name: "encrypted-zip",
            content: eicar::encrypted(),
            expected: Expected::NotClean(Reason::Encrypted),
        },
        Probe {
            name: "20-deep-zip",
            content: eicar::deep(DEEP),
            expected: Expected::NotClean(Reason::TooDeep),
        },
        Probe {
            name: "30-mb-zip",
            content: eicar::behind(LARGE),
            expected: Expected::NotClean(Reason::TooLarge),
        },
    ]
}

/// Whether this answer to a probe is right.
pub(super) fn state(
    result: &Result<Verdict, ScanError>,
    expected: Expected,
    weight: Weight,
    policy: &Policy,
) -> State {
    match (result, expected) {
        (Ok(Verdict::Clean), Expected::Clean)
        | (Ok(Verdict::Infected(_)), Expected::Infected)
        | (Ok(Verdict::Infected(_) | Verdict::Unscannable(..)), Expected::NotClean(_)) => State::Awake,
        // A list of known bad things need not know this one.
        (Ok(Verdict::Clean), Expected::Infected | Expected::NotClean(_)) if weight != Weight::Acquits => {
            State::Awake
        }
        (Ok(Verdict::Clean), Expected::NotClean(reason)) => {
            let passed = policy.ruling(reason) == Ruling::Act(Action::Pass);
            if passed { State::Awake } else { State::Careless }
        }
        (Ok(_), Expected::Clean | Expected::Infected) => State::Blind,
        (Err(_), Expected::NotClean(_)) => State::Careless,
        (Err(_), Expected::Clean | Expected::Infected) => State::Down,
    }
}

/// The answer in words.
pub(super) fn words(result: &Result<Verdict, ScanError>) -> String {
    match result {
        Ok(Verdict::Clean) => "clean".to_owned(),
        Ok(Verdict::Infected(threats)) => {
            threats.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
        }
        Ok(Verdict::Unscannable(reason, name)) => {
            let reason = name_of(&Reason::NAMES, reason);
            name.as_ref().map_or(reason.to_owned(), |name| format!("{reason}: {name}"))
        }
        Err(error) => error.to_string(),
    }
}
