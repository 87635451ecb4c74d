//! The log line of one part. Cannot fail; what cannot be read is left out.

use std::time::Duration;

use super::evidence::Evidence;
use super::hints;
use crate::config::{Config, Digest};
use crate::os::clock::{self, Deadline};
use crate::os::digest;
use crate::os::input::{Input, Until};
use crate::os::itself;
use crate::policy::{Action, Judgement};
use crate::record::{EngineRecord, Record, millis};
use crate::verdict::{Finding, Findings, Reason, ScanError, Verdict, Weight, name_of};

/// The name of a result's kind in the log.
fn verdict_name(result: &Result<Verdict, ScanError>) -> &'static str {
    match result {
        Ok(Verdict::Clean) => "clean",
        Ok(Verdict::Infected(_)) => "infected",
        Ok(Verdict::Unscannable(..)) => "unscannable",
        Err(_) => "error",
    }
}

/// The log line of a part, but for the times of its steps.
pub(super) fn record(config: &Config, evidence: &Evidence<'_>, judgement: &Judgement) -> Record {
    let Judgement { worst, action, delivery: _ } = judgement;
    let Evidence { part, input, findings, .. } = evidence;
    let clean = matches!(worst, Ok(Verdict::Clean));
    let digest_wanted = !clean || config.log.digest == Digest::All;
    let micros = clock::micros();
    Record {
        time: clock::utc(micros),
        reference: reference(micros),
        verdict: verdict_name(worst).to_owned(),
        action: name_of(&Action::NAMES, action).to_owned(),
        scanned: (*action == Action::Pass && !clean).then_some(false),
        threats: findings.threats().iter().map(ToString::to_string).collect(),
        reason: reason(worst, evidence),
        part: part.number.clone(),
        names: hints::shown(evidence.names),
        mime_type: part.mime_type.clone(),
        size: input.map(|input| input.size),
        sha256: input.filter(|_| digest_wanted).and_then(digest),
        from_channel: part.from_channel.clone(),
        to_channel: part.to_channel.clone(),
        tag: part.tag.clone(),
        message_id: hints::message_id(evidence.headers),
        engines: findings.0.iter().take(MOST_ENGINES).map(engine_record).collect(),
        warning: stood_in_for(findings),
        ..Record::default()
    }
}

/// Most findings in the log line; a part may hide hundreds of files.
const MOST_ENGINES: usize = 40;

/// The part's SHA-256. Its time is bounded for itself: it must be had even of a
/// part that used up the time for scanning.
fn digest(input: &Input) -> Option<String> {
    digest::sha256(Until::new(&input.file, Deadline::after(DIGEST_TIME))).ok()
}

/// Longest time for the digest of one part, and so the most by which a part may
/// end after its deadline: enough for a gigabyte on a slow machine.
const DIGEST_TIME: Duration = Duration::from_secs(5);

fn engine_record(finding: &Finding) -> EngineRecord {
    EngineRecord {
        name: finding.engine.clone(),
        version: finding.version.clone(),
        address: finding.address.clone(),
        remembered: finding.remembered,
        verdict: verdict_name(&finding.result).to_owned(),
        inside: finding.inside.map(str::to_owned),
        ms: millis(finding.took),
    }
}

/// Why the part was not scanned or not cleaned.
fn reason(worst: &Result<Verdict, ScanError>, evidence: &Evidence<'_>) -> Option<String> {
    match worst {
        Ok(Verdict::Clean) => None,
        Ok(Verdict::Infected(_)) => evidence.cleaned.and_then(Result::err).map(str::to_owned),
        Ok(Verdict::Unscannable(reason, name)) => {
            let reason = name_of(&Reason::NAMES, reason);
            Some(name.as_ref().map_or(reason.to_owned(), |name| format!("{reason}: {name}")))
        }
        Err(error) => Some(
            failed_engine(evidence).map_or(error.to_string(), |name| format!("{error} (engine `{name}`)")),
        ),
    }
}

/// The failures that changed nothing, since another engine gave a verdict.
fn stood_in_for(findings: &Findings) -> Option<String> {
    let failed = findings.0.iter().filter(|finding| finding.weight == Weight::StoodInFor);
    let mut said = failed.filter_map(|finding| Some((&finding.engine, finding.result.as_ref().err()?)));
    let of_engine =
        said.next().map(|(engine, error)| format!("another engine stood in for `{engine}`: {error}"));
    of_engine.or_else(|| findings.0.iter().find_map(|finding| finding.warning.clone()))
}

/// The engine that failed, where several were asked.
fn failed_engine<'a>(evidence: &'a Evidence<'_>) -> Option<&'a str> {
    let findings = &evidence.findings.0;
    let failed = findings.iter().find(|finding| finding.result.is_err())?;
    (findings.len() > 1).then_some(failed.engine.as_str())
}

/// A reference that no other part has: time and process, in few characters.
fn reference(micros: u64) -> String {
    format!("{micros:x}-{:x}", itself::number())
}
