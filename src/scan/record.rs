//! The log line of one part. Cannot fail; what cannot be read is left out.

use super::evidence::Evidence;
use super::{OURSELVES, hints};
use crate::config::{Config, Digest};
use crate::os::clock::{self, Deadline};
use crate::os::digest;
use crate::os::fingerprint::Fingerprint;
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
        sha256: evidence.fingerprint.filter(|_| digest_wanted).and_then(|own| sha256(own, evidence.deadline)),
        from_channel: part.from_channel.clone(),
        to_channel: part.to_channel.clone(),
        tag: part.tag.clone(),
        message_id: hints::message_id(evidence.headers),
        engines: of_engines(findings).take(MOST_ENGINES).map(engine_record).collect(),
        warning: warning(findings),
        ..Record::default()
    }
}

/// Most findings in the log line; a part may hide hundreds of files.
const MOST_ENGINES: usize = 40;

/// The findings of engines, without those of our own.
fn of_engines(findings: &Findings) -> impl Iterator<Item = &Finding> {
    findings.0.iter().filter(|finding| finding.engine != OURSELVES)
}

/// The part's SHA-256. It may be had for a little while after the deadline: it is
/// wanted above all for parts that used up their time. Of a part that is too large for
/// that there is none.
fn sha256(fingerprint: &Fingerprint<'_>, deadline: Deadline) -> Option<String> {
    fingerprint.sha256(deadline.with_grace()).map(|digest| digest::hex(&digest))
}

fn engine_record(finding: &Finding) -> EngineRecord {
    EngineRecord {
        name: finding.engine.clone(),
        version: finding.version.clone(),
        address: finding.address.clone(),
        remembered: finding.remembered,
        verdict: verdict_name(&finding.result).to_owned(),
        inside: finding.inside.map(str::to_owned),
        file: finding.file.clone(),
        ms: millis(finding.took),
    }
}

/// Why the part was not scanned or not cleaned.
fn reason(worst: &Result<Verdict, ScanError>, evidence: &Evidence<'_>) -> Option<String> {
    let findings = evidence.findings;
    match worst {
        Ok(Verdict::Clean) => None,
        Ok(Verdict::Infected(_)) => evidence.cleaned.and_then(Result::err).map(str::to_owned),
        Ok(Verdict::Unscannable(reason, name)) => {
            let finding = findings.0.iter().find(|finding| finding.result == *worst);
            let line = finding.and_then(|finding| finding.line.clone());
            let said = name.as_ref().map(ToString::to_string).or(line);
            let place = finding.map_or(String::new(), |finding| place(finding, None));
            let reason = name_of(&Reason::NAMES, reason);
            Some(said.map_or(reason.to_owned(), |said| format!("{reason}: {said}")) + &place)
        }
        Err(error) => Some(failures(findings, error)),
    }
}

/// The worst failure, and behind it those of the other engines.
fn failures(findings: &Findings, worst: &ScanError) -> String {
    let mut engines: Vec<&str> = of_engines(findings).map(|finding| finding.engine.as_str()).collect();
    engines.sort_unstable();
    engines.dedup();
    let several = engines.len() > 1;
    let failed = findings.0.iter().filter(|finding| finding.weight != Weight::StoodInFor);
    let mut failed: Vec<(&Finding, &ScanError)> =
        failed.filter_map(|finding| Some((finding, finding.result.as_ref().err()?))).collect();
    // The policy went by the worst, so its word comes first.
    failed.sort_by_key(|(_, error)| *error != worst);
    let shown = failed.into_iter().map(|(finding, error)| {
        let engine = several.then_some(finding.engine.as_str());
        format!("{error}{}", place(finding, engine))
    });
    few(shown).unwrap_or_else(|| worst.to_string())
}

/// Which engine and which file a finding is of, where that is a question. Findings
/// of our own say it themselves.
fn place(finding: &Finding, engine: Option<&str>) -> String {
    if finding.engine == OURSELVES {
        return String::new();
    }
    let words = [
        engine.map(|engine| format!("engine `{engine}`")),
        finding.file.as_ref().map(|file| format!("file `{file}`")),
        finding.inside.map(|kind| format!("in {kind}")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// The failures that changed nothing, since another engine gave a verdict, and
/// what engines warn of.
fn warning(findings: &Findings) -> Option<String> {
    let failed = findings.0.iter().filter(|finding| finding.weight == Weight::StoodInFor);
    let said = failed.filter_map(|finding| Some((&finding.engine, finding.result.as_ref().err()?)));
    let said = said.map(|(engine, error)| format!("another engine stood in for `{engine}`: {error}"));
    few(said.chain(findings.0.iter().filter_map(|finding| finding.warning.clone())))
}

/// Most texts that are put together for one key: more than a site has engines.
const MOST_TEXTS: usize = 8;

/// The texts, each once; `None` where there is none. A part may hide hundreds of
/// files, and an engine may fail on each.
fn few(texts: impl Iterator<Item = String>) -> Option<String> {
    let (mut kept, mut left) = (Vec::new(), 0);
    for text in texts {
        if kept.contains(&text) {
            continue;
        }
        if kept.len() < MOST_TEXTS { kept.push(text) } else { left += 1 }
    }
    let more = if left > 0 { format!("; and {left} more") } else { String::new() };
    (!kept.is_empty()).then(|| kept.join("; ") + &more)
}

/// A reference that no other part has: time and process, in few characters.
fn reference(micros: u64) -> String {
    format!("{micros:x}-{:x}", itself::number())
}
