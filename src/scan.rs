//! The straight line from a part to a reply: [`examine`], [`disinfect`],
//! [`answer`]. Every way out is a reply; whatever fails ends in "try again".

pub mod commit;
mod hints;
mod notice;
mod panel;
mod record;
mod views;
pub mod watch;

pub use self::hints::{Headers, names};
use self::notice::notice;
pub use self::panel::examine;
use self::record::record;
pub use self::views::{Glance, Whole, examine_inside, glance};
use crate::config::Config;
use crate::engine::Farm;
use crate::engine::sample::{Cleaned, Sample};
use crate::os::clock::Deadline;
use crate::os::input::Input;
use crate::part::Part;
use crate::policy::{Action, Disinfection};
use crate::record::Record;
use crate::reply::{Body, Reply};
use crate::status::{Release, Status};
use crate::verdict::{ErrorKind, Findings, ScanError, Verdict};

/// What stands for an engine's name where we found something out ourselves.
const OURSELVES: &str = "convscan";

/// Has the first engine that can clean the part do so, and believes it only if
/// all engines then acquit the result and what is inside it. `None` where no
/// engine can clean.
pub fn disinfect(
    config: &Config,
    engines: &[Farm<'_>],
    sample: &Sample<'_>,
    whole: Whole<'_>,
    by: Deadline,
) -> Option<Result<Cleaned, String>> {
    let mut why = None;
    for engine in engines {
        let claim = match engine.clean(sample, by) {
            None => continue,
            Some(claim) => claim,
        };
        match claim
            .and_then(|cleaned| rescan(config, engines, sample, (whole, &cleaned), by).map(|()| cleaned))
        {
            Ok(cleaned) => return Some(Ok(cleaned)),
            Err(error) => {
                engine.not_cleaned(sample, &error, by);
                why = Some(Err(format!("not cleaned by `{}`: {}", engine.name(), error.detail)));
            }
        }
    }
    why
}

/// Whether the engines acquit what is left. Nothing is remembered of that: it
/// must be seen.
fn rescan(
    config: &Config,
    engines: &[Farm<'_>],
    sample: &Sample<'_>,
    (whole, cleaned): (Whole<'_>, &Cleaned),
    by: Deadline,
) -> Result<(), ScanError> {
    let input = &cleaned.input;
    let sample = Sample { file: &input.file, size: input.size, fingerprint: None, ..*sample };
    let mut findings = examine(config, engines, &sample, by, &mut || ());
    if findings.worst() == Ok(Verdict::Clean) {
        let whole = Whole { input, ..whole };
        findings.0.extend(examine_inside(config, engines, &sample, (whole, glance(whole, by)), by).0);
    }
    match findings.worst()? {
        Verdict::Clean => Ok(()),
        Verdict::Infected(_) => Err(ScanError::new(ErrorKind::Failed, "still infected after cleaning")),
        Verdict::Unscannable(..) => Err(ScanError::new(ErrorKind::Failed, "not scannable after cleaning")),
    }
}

/// What is known about a part when it is decided.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The part as the channel described it.
    pub part: &'a Part,
    /// Its content; `None` where it could not be opened.
    pub input: Option<&'a Input>,
    /// Its header blocks.
    pub headers: &'a Headers,
    /// Its file names, decoded.
    pub names: &'a [String],
    /// What the engines found.
    pub findings: &'a Findings,
    /// Whether there is a cleaned copy, or why not, where cleaning was tried.
    pub cleaned: Option<Result<(), &'a str>>,
    /// Whether the channel can be told anything at all.
    pub voice: Voice,
}

/// Whether the entry gave us a way to speak to the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// There is a writable `OUTPUT_OPTIONS`.
    Options,
    /// There is none: only content can be delivered.
    Mute,
}

/// Decides, and words the reply and the log line.
pub fn answer(config: &Config, evidence: &Evidence<'_>) -> (Reply, Record) {
    let worst = config.policy.strictest(evidence.findings);
    let action = decide(config, &worst, evidence);
    let mut record = record(config, evidence, &worst, action);
    if evidence.voice == Voice::Mute {
        record.warning = Some(
            "OUTPUT_OPTIONS is not given or cannot be written: nothing can be deferred or held".to_owned(),
        );
    }
    let release = config.release;
    let mut notice = || {
        let notice = notice(config, evidence, &worst, action, &record.reference);
        record.warning = record.warning.take().or(notice.warning);
        notice.text
    };
    // An infected part under a directive carries the notice as its content, so
    // that a channel that does not read options never delivers the original.
    let mut beside = || {
        if matches!(worst, Ok(Verdict::Infected(_))) { Body::Notice(notice()) } else { Body::Absent }
    };
    let reply = match action {
        Action::Pass => Reply::pass(),
        Action::Disinfect => match evidence.cleaned {
            Some(Ok(())) => Reply::cleaned(),
            Some(Err(_)) | None => Reply::defer(release),
        },
        Action::Replace => Reply::notice(notice(), &config.notice.description),
        Action::Delete => Reply::directive(Status::Delete, release, beside()),
        Action::Hold => Reply::directive(Status::Hold, release, beside()),
        Action::Discard => Reply::directive(Status::Discard, release, beside()),
        Action::Defer if evidence.voice == Voice::Mute => Reply::silence(),
        Action::Defer => Reply::defer(release),
    };
    (reply, record)
}

fn decide(config: &Config, worst: &Result<Verdict, ScanError>, evidence: &Evidence<'_>) -> Action {
    let policy = &config.policy;
    let infected = matches!(worst, Ok(Verdict::Infected(_)));
    if infected && policy.disinfection == Disinfection::Try && matches!(evidence.cleaned, Some(Ok(()))) {
        return Action::Disinfect;
    }
    let mut action = policy.decide(worst);
    if action == Action::Pass && evidence.input.is_none() {
        // What cannot be read cannot be passed.
        action = Action::Defer;
    }
    match (action, evidence.voice) {
        (Action::Pass | Action::Disinfect | Action::Replace, _) => action,
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Voice::Options) => {
            known(action, config.release)
        }
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Voice::Mute) if infected => {
            Action::Replace
        }
        (Action::Delete | Action::Hold | Action::Discard | Action::Defer, Voice::Mute) => {
            policy.without_options
        }
    }
}

/// The action as a server of `release` can carry it out.
fn known(action: Action, release: Release) -> Action {
    let status = match action {
        Action::Defer => Status::Again,
        Action::Discard => Status::Discard,
        Action::Pass | Action::Disinfect | Action::Replace | Action::Delete | Action::Hold => return action,
    };
    if status.known_to(release) == status { action } else { Action::Hold }
}
