//! The straight line from a part to a reply: [`examine`], [`disinfect`],
//! [`answer`]. Every way out is a reply; whatever fails ends in "try again".

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Config, Digest, EngineKind};
use crate::diagnostic::Diagnostic;
use crate::engine::{Cleaned, Engine, Sample};
use crate::mta::header;
use crate::notice::{Field, Kind, LARGEST, Template};
use crate::os::clock::{self, Deadline};
use crate::os::files::{self, Input, Until};
use crate::part::Part;
use crate::policy::{Action, Disinfection};
use crate::record::{EngineRecord, Record, millis};
use crate::reply::{Body, Reply};
use crate::status::{Release, Status};
use crate::text;
use crate::verdict::{ErrorKind, Finding, Findings, ScanError, Threat, Verdict, name_of};

/// Asks the engines in order until one convicts. An engine that fails does not
/// keep the next from convicting. `meanwhile` is called while an engine is
/// waited for; it must not mind being called again, or not at all.
pub fn examine(
    engines: &[Box<dyn Engine + '_>],
    sample: &Sample<'_>,
    by: Deadline,
    meanwhile: &mut dyn FnMut(),
) -> Findings {
    let mut findings = Findings::default();
    for engine in engines {
        let started = clock::instant();
        let response = match by.left() {
            Some(_) => engine.scan(sample, by.within(engine.config().timeout), meanwhile),
            None => Err(ScanError::new(ErrorKind::TimedOut, "no time left for this engine")),
        };
        let (version, result) = match response {
            Ok(response) => (response.version, Ok(response.verdict)),
            Err(error) => (None, Err(error)),
        };
        let convicted = matches!(result, Ok(Verdict::Infected(_)));
        findings.0.push(Finding {
            engine: engine.name().to_owned(),
            weight: engine.weight(),
            version,
            result,
            took: started.elapsed(),
        });
        if convicted {
            break;
        }
    }
    findings
}

/// Has the first engine that can clean the part do so, and believes it only if
/// all engines then acquit the result. `None` where no engine can clean.
pub fn disinfect(
    engines: &[Box<dyn Engine + '_>],
    sample: &Sample<'_>,
    by: Deadline,
) -> Option<Result<Cleaned, String>> {
    let mut why = None;
    for engine in engines {
        let claim = match engine.clean(sample, by.within(engine.config().timeout)) {
            None => continue,
            Some(claim) => claim,
        };
        match claim.and_then(|cleaned| rescan(engines, sample, &cleaned, by).map(|()| cleaned)) {
            Ok(cleaned) => return Some(Ok(cleaned)),
            Err(error) => why = Some(Err(format!("not cleaned by `{}`: {}", engine.name(), error.detail))),
        }
    }
    why
}

fn rescan(
    engines: &[Box<dyn Engine + '_>],
    sample: &Sample<'_>,
    cleaned: &Cleaned,
    by: Deadline,
) -> Result<(), ScanError> {
    let input = Input::open(&cleaned.path).map_err(|error| ScanError::new(ErrorKind::Part, error))?;
    let sample = Sample { file: &input.file, size: input.size, ..*sample };
    match examine(engines, &sample, by, &mut || ()).worst()? {
        Verdict::Clean => Ok(()),
        Verdict::Infected(_) => Err(ScanError::new(ErrorKind::Failed, "still infected after cleaning")),
        Verdict::Unscannable(_) => Err(ScanError::new(ErrorKind::Failed, "not scannable after cleaning")),
    }
}

/// What is known about a part when it is decided.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The part as the channel described it.
    pub part: &'a Part,
    /// Its content; `None` where it could not be opened.
    pub input: Option<&'a Input>,
    /// Its file names, decoded.
    pub names: &'a [String],
    /// What the engines found.
    pub findings: &'a Findings,
    /// The cleaned copy, or why there is none, where cleaning was tried.
    pub cleaned: Option<Result<&'a Path, &'a str>>,
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
    let worst = evidence.findings.worst();
    let action = decide(config, &worst, evidence);
    let mut record = record(config, evidence, &worst, action);
    let release = config.release;
    let mut notice = || {
        let (template, warning) = template(config, &worst);
        record.warning = warning;
        render(&template, evidence, &worst, action, &record.reference)
    };
    // An infected part under a directive carries the notice as its content, so
    // that a channel that does not read options never delivers the original.
    let mut beside = || {
        if matches!(worst, Ok(Verdict::Infected(_))) { Body::Notice(notice()) } else { Body::Absent }
    };
    let reply = match action {
        Action::Pass => Reply::pass(),
        Action::Disinfect => match evidence.cleaned {
            Some(Ok(path)) => Reply::cleaned(PathBuf::from(path)),
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
    if infected && policy.disinfection == Disinfection::Try && matches!(evidence.cleaned, Some(Ok(_))) {
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

/// The name of a result's kind in the log.
fn verdict_name(result: &Result<Verdict, ScanError>) -> &'static str {
    match result {
        Ok(Verdict::Clean) => "clean",
        Ok(Verdict::Infected(_)) => "infected",
        Ok(Verdict::Unscannable(_)) => "unscannable",
        Err(_) => "error",
    }
}

fn record(
    config: &Config,
    evidence: &Evidence<'_>,
    worst: &Result<Verdict, ScanError>,
    action: Action,
) -> Record {
    let Evidence { part, input, findings, .. } = evidence;
    let clean = matches!(worst, Ok(Verdict::Clean));
    let digest_wanted = !clean || config.log.digest == Digest::All;
    let micros = clock::micros();
    Record {
        time: clock::utc(micros),
        reference: reference(micros),
        verdict: verdict_name(worst).to_owned(),
        action: name_of(&Action::NAMES, &action).to_owned(),
        scanned: (action == Action::Pass && !clean).then_some(false),
        threats: findings.threats().iter().map(ToString::to_string).collect(),
        reason: reason(worst, evidence),
        part: part.number.clone(),
        names: evidence.names.to_vec(),
        mime_type: part.mime_type.clone(),
        size: input.map(|input| input.size),
        sha256: input.filter(|_| digest_wanted).and_then(digest),
        from_channel: part.from_channel.clone(),
        to_channel: part.to_channel.clone(),
        tag: part.tag.clone(),
        message_id: message_id(part),
        engines: findings.0.iter().map(engine_record).collect(),
        ..Record::default()
    }
}

/// The part's SHA-256. Its time is bounded for itself: it must be had even of a
/// part that used up the time for scanning.
fn digest(input: &Input) -> Option<String> {
    let content = Until::new(&input.file, Deadline::after(DIGEST_TIME)).ok()?;
    files::sha256(content).ok()
}

/// Longest time for the digest of one part.
const DIGEST_TIME: Duration = Duration::from_secs(60);

fn engine_record(finding: &Finding) -> EngineRecord {
    EngineRecord {
        name: finding.engine.clone(),
        version: finding.version.clone(),
        verdict: verdict_name(&finding.result).to_owned(),
        ms: millis(finding.took),
    }
}

/// Why the part was not scanned or not cleaned.
fn reason(worst: &Result<Verdict, ScanError>, evidence: &Evidence<'_>) -> Option<String> {
    match worst {
        Ok(Verdict::Clean) => None,
        Ok(Verdict::Infected(_)) => evidence.cleaned.and_then(Result::err).map(str::to_owned),
        Ok(Verdict::Unscannable(reason)) => Some(name_of(&crate::verdict::Reason::NAMES, reason).to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// A reference that no other part has: time and process, in few characters.
fn reference(micros: u64) -> String {
    format!("{micros:x}-{:x}", std::process::id())
}

/// The Message-ID, for the log line.
fn message_id(part: &Part) -> String {
    let value = message_header(part).and_then(|block| header::field(&block, "message-id"));
    value.map_or(String::new(), |value| text::printable(&value, text::SHOWN))
}

fn message_header(part: &Part) -> Option<Vec<u8>> {
    files::read_start(part.message_headers.as_deref()?, header::LONGEST).ok()
}

/// The part's file names, decoded, each once: from the entry's symbols, and
/// from its header where there are none or where a rule may turn on them. The
/// manuals disagree on which parameter a symbol holds.
pub fn names(config: &Config, part: &Part) -> Vec<String> {
    let mut names: Vec<String> = part.raw_names.iter().map(|raw| header::decode_words(raw)).collect();
    let thorough = config.engines.iter().any(|engine| matches!(engine.kind, EngineKind::Rules(_)));
    if names.is_empty() || thorough {
        let block = part.headers.as_deref().and_then(|path| files::read_start(path, header::LONGEST).ok());
        names.extend(block.iter().flat_map(|block| header::file_names(block)));
    }
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// The notice.
fn render(
    template: &Template,
    evidence: &Evidence<'_>,
    worst: &Result<Verdict, ScanError>,
    action: Action,
    reference: &str,
) -> String {
    let block = message_header(evidence.part).unwrap_or_default();
    let unknown = |text: String| if text.is_empty() { "(unknown)".to_owned() } else { text };
    template.render(|field| match field {
        Field::Finding => finding(worst),
        Field::Name => unknown(evidence.names.join(", ")),
        Field::Type => unknown(evidence.part.mime_type.clone()),
        Field::Size => unknown(evidence.input.map_or(String::new(), |input| input.size.to_string())),
        Field::Action => action_words(action).to_owned(),
        Field::Date => clock::local(),
        Field::From => unknown(header::decoded(&block, "from")),
        Field::Subject => unknown(header::decoded(&block, "subject")),
        Field::Reference => reference.to_owned(),
        Field::Engine => evidence.findings.0.iter().map(|f| f.engine.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// What was found, for a reader who is no administrator.
fn finding(worst: &Result<Verdict, ScanError>) -> String {
    match worst {
        Ok(Verdict::Clean) => String::new(),
        Ok(Verdict::Infected(threats)) => {
            threats.iter().map(Threat::to_string).collect::<Vec<_>>().join(", ")
        }
        Ok(Verdict::Unscannable(reason)) => reason.words().to_owned(),
        Err(_) => "the virus scanner gave no answer".to_owned(),
    }
}

fn action_words(action: Action) -> &'static str {
    match action {
        Action::Pass => "delivered",
        Action::Disinfect => "cleaned",
        Action::Replace => "replaced by this notice",
        Action::Delete => "deleted",
        Action::Hold => "held for the mail administrator",
        Action::Discard => "discarded",
        Action::Defer => "deferred",
    }
}

/// The administrator's template, or the built-in one where that is missing or
/// wrong, with what is wrong: a notice in other words is better than none.
fn template(config: &Config, worst: &Result<Verdict, ScanError>) -> (Template, Option<String>) {
    let (kind, file) = match worst {
        Ok(Verdict::Infected(_)) => (Kind::Infected, &config.notice.infected),
        Ok(Verdict::Clean | Verdict::Unscannable(_)) | Err(_) => {
            (Kind::NotScanned, &config.notice.not_scanned)
        }
    };
    let Some(path) = file else { return (Template::built_in(kind), None) };
    let shown = path.to_string_lossy();
    let own = files::read_text(path, LARGEST).map_err(|error| format!("{shown}: {error}")).and_then(|text| {
        Template::parse(&shown, &text)
            .map_err(|faults| faults.first().map(Diagnostic::one_line).unwrap_or_default())
    });
    match own {
        Ok(template) => (template, None),
        Err(fault) => (Template::built_in(kind), Some(format!("built-in notice used: {fault}"))),
    }
}
