//! Decides what becomes of one part: the only place that does. Pure; the table of
//! all combinations below is its proof.

use super::{Action, Disinfection, Policy};
use crate::status::{Release, Status};
use crate::verdict::{Findings, ScanError, Verdict};

/// All that a decision depends on besides the findings and the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// What came of cleaning the part.
    pub cleaning: Cleaning,
    /// Whether the part as it came could be delivered.
    pub content: Content,
    /// By which way the part came in, and what can be said on the way back.
    pub way: Way,
}

/// What came of cleaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// There was nothing to clean, or nobody who can.
    NotTried,
    /// No engine could, or the second scan did not acquit the result.
    Failed,
    /// There is a copy that the second scan acquitted.
    Proven,
}

/// Whether `INPUT_FILE` could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// It is open.
    Readable,
    /// It is missing, or not a file, or may not be read.
    Unreadable,
}

/// The way by which a part comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The conversion channel of a server of this release.
    Channel {
        /// Whether the channel can be told anything.
        voice: Voice,
        /// Which directives it knows.
        release: Release,
    },
}

/// Whether the entry gave us a way to speak to the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// There is a writable `OUTPUT_OPTIONS`.
    Options,
    /// There is none: only content can be delivered.
    Mute,
}

/// What was decided.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The finding that decided.
    pub worst: Result<Verdict, ScanError>,
    /// What is asked of the MTA.
    pub action: Action,
    /// What is put into `OUTPUT_FILE`.
    pub delivery: Delivery,
}

/// What the recipient gets, should the MTA deliver the part.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No file is written.
    Nothing,
    /// The part as it came, byte for byte.
    Original,
    /// The copy that was cleaned and scanned again.
    Cleaned,
    /// The notice.
    Notice,
}

/// Decides about a part with these findings.
pub fn judge(policy: &Policy, findings: &Findings, circumstances: Circumstances) -> Judgement {
    let worst = strictest(policy, findings);
    let action = possible(wanted(policy, &worst, circumstances), policy, &worst, circumstances);
    let delivery = match (action, &worst) {
        (Action::Pass, _) => Delivery::Original,
        (Action::Disinfect, _) => Delivery::Cleaned,
        (Action::Replace, _) => Delivery::Notice,
        // The directive comes with the notice as content, so that a channel that
        // does not read options never delivers the original.
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Ok(Verdict::Infected(_))) => {
            Delivery::Notice
        }
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, _) => Delivery::Nothing,
    };
    Judgement { worst, action, delivery }
}

/// The finding that decides: a conviction; else the failure, or the part that
/// could not be looked into, that the policy is strictest about. So a line that
/// passes one thing never passes another that was found beside it. Of two that
/// are equally strict the worse one is told.
fn strictest(policy: &Policy, findings: &Findings) -> Result<Verdict, ScanError> {
    let worst = findings.worst();
    if matches!(worst, Ok(Verdict::Infected(_) | Verdict::Clean)) {
        return worst;
    }
    let strictness = |result: &Result<Verdict, ScanError>| strictness(allowed(policy, result));
    let beside = findings.results().filter(|result| !matches!(result, Ok(Verdict::Clean)));
    match beside.max_by_key(|result| strictness(result)) {
        Some(rival) if strictness(rival) > strictness(&worst) => rival.clone(),
        Some(_) | None => worst,
    }
}

/// What the administrator wants, as far as the law lets him.
fn wanted(policy: &Policy, worst: &Result<Verdict, ScanError>, circumstances: Circumstances) -> Action {
    let Circumstances { cleaning, content, way: _ } = circumstances;
    let infected = matches!(worst, Ok(Verdict::Infected(_)));
    match allowed(policy, worst) {
        _ if infected && policy.disinfection == Disinfection::Try && cleaning == Cleaning::Proven => {
            Action::Disinfect
        }
        // A part that cannot be read cannot be delivered as it came.
        Action::Pass if content == Content::Unreadable => Action::Defer,
        action => action,
    }
}

/// The line of the policy for one result. The configuration offers no word that
/// passes an infected part or deletes one that was not scanned; should one be
/// there, it is not obeyed.
fn allowed(policy: &Policy, result: &Result<Verdict, ScanError>) -> Action {
    let action = policy.line(result);
    let (choices, safe): (&[Action], Action) = match result {
        Ok(Verdict::Clean) => return Action::Pass,
        Ok(Verdict::Infected(_)) => (&Action::INFECTED, Action::Replace),
        Ok(Verdict::Unscannable(..)) | Err(_) => (&Action::NOT_SCANNED, Action::Defer),
    };
    if choices.contains(&action) { action } else { safe }
}

/// `action`, or the nearest safe one that can be carried out on this way.
fn possible(
    action: Action,
    policy: &Policy,
    worst: &Result<Verdict, ScanError>,
    Circumstances { way, .. }: Circumstances,
) -> Action {
    let Way::Channel { voice, release } = way;
    match (action, voice) {
        (Action::Pass | Action::Disinfect | Action::Replace, Voice::Options | Voice::Mute) => action,
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Voice::Options) => {
            known(action, release)
        }
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Voice::Mute) => match worst {
            Ok(Verdict::Infected(_)) => Action::Replace,
            Ok(Verdict::Clean | Verdict::Unscannable(..)) | Err(_) => match policy.without_options {
                Action::Replace => Action::Replace,
                Action::Pass
                | Action::Disinfect
                | Action::Delete
                | Action::Hold
                | Action::Discard
                | Action::Defer => Action::Defer,
            },
        },
    }
}

/// The action as a server of `release` can carry it out.
fn known(action: Action, release: Release) -> Action {
    let status = match action {
        Action::Defer => Status::Again,
        Action::Discard => Status::Discard,
        Action::Delete => Status::Delete,
        Action::Hold => Status::Hold,
        Action::Pass | Action::Disinfect | Action::Replace => return action,
    };
    if status.known_to(release) == status { action } else { Action::Hold }
}

/// How far an action is from delivering what was not proven clean. Later beats
/// held: time may mend one of the findings, and the other is met again.
fn strictness(action: Action) -> u8 {
    match action {
        Action::Pass => 0,
        Action::Disinfect | Action::Replace => 1,
        Action::Delete | Action::Discard => 2,
        Action::Hold => 3,
        Action::Defer => 4,
    }
}

#[cfg(test)]
mod tests;
