//! Asks the engines about one sample: in turn, or all at once, as many as the
//! configuration wants to agree. Cannot fail; an engine's failure is a finding.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Scan;
use crate::config::{Agreement, Config, EngineKind};
use crate::engine::Farm;
use crate::engine::sample::{Response, Sample};
use crate::os::clock::{self, Deadline};
use crate::os::files;
use crate::os::process::{self, Held};
use crate::verdict::{ErrorKind, Finding, Findings, ScanError, Verdict, Weight};

/// Asks the engines. Those that only convict come first; whoever convicts spares
/// the others the work. `meanwhile` is called while an engine is waited for; it
/// must not mind being called again, or not at all.
pub(super) fn ask(scan: &Scan<'_>, sample: &Sample<'_>, meanwhile: &mut dyn FnMut()) -> Findings {
    let Scan { config, engines, deadline } = *scan;
    let of = |weight| engines.iter().filter(move |engine| engine.weight() == weight);
    let mut findings = Findings::default();
    for engine in of(Weight::ConvictsOnly) {
        findings.0.push(ask_one(config, engine, sample, deadline, meanwhile));
        if findings.convict() {
            return findings;
        }
    }
    let acquitting: Vec<_> = of(Weight::Acquits).collect();
    match (acquitting.as_slice(), config.agreement) {
        ([], _) => {}
        ([one], _) => findings.0.push(ask_one(config, one, sample, deadline, meanwhile)),
        (several, Agreement::Backup) => {
            findings.0.extend(in_turn(config, several, sample, deadline, meanwhile).0);
        }
        (several, agreement @ (Agreement::All | Agreement::First)) => {
            findings.0.extend(at_once(config, several, sample, deadline, (agreement, meanwhile)).0);
        }
    }
    findings
}

/// Asks each only if those before it failed, or could not look.
fn in_turn(
    config: &Config,
    engines: &[&Farm<'_>],
    sample: &Sample<'_>,
    by: Deadline,
    meanwhile: &mut dyn FnMut(),
) -> Findings {
    let mut findings = Findings::default();
    for engine in engines {
        let finding = ask_one(config, engine, sample, by, meanwhile);
        let decided = matches!(finding.result, Ok(Verdict::Clean | Verdict::Infected(_)));
        findings.0.push(finding);
        if decided {
            break;
        }
    }
    findings.stand_in();
    findings
}

/// How often is looked whether we are asked to end.
const LOOK: Duration = Duration::from_millis(20);

/// Asks all of them at the same time, until nothing that is still to come can
/// change the answer.
fn at_once(
    config: &Config,
    engines: &[&Farm<'_>],
    sample: &Sample<'_>,
    by: Deadline,
    (agreement, meanwhile): (Agreement, &mut dyn FnMut()),
) -> Findings {
    let (by, stop) = by.stoppable();
    let runs_children = engines.iter().any(|engine| matches!(engine.config().kind, EngineKind::Command(_)));
    let held = runs_children.then(process::hold_signals);
    let mut answers: Vec<(usize, Finding)> = thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let mut alone = Vec::new();
        for (i, engine) in engines.iter().copied().enumerate() {
            let sender = sender.clone();
            let work = move || {
                // Two engines must not move each other's place in the file.
                let own = files::reopened(sample.file);
                let sample = Sample { file: own.as_ref().unwrap_or(sample.file), ..*sample };
                // Nobody listens once all is decided.
                let _ = sender.send((i, ask_one(config, engine, &sample, by, &mut || ())));
            };
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                alone.push((i, engine));
            }
        }
        drop(sender);
        meanwhile();
        let mut answers = Vec::new();
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok((i, finding)) => {
                    let decided = is_decided(&finding, agreement);
                    answers.push((i, finding));
                    if decided {
                        stop.stop();
                        // We wait for the others to end anyway, and one of them may
                        // have found something.
                        answers.extend(receiver.iter().filter(|(_, finding)| finding.convicts()));
                        return answers;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if held.as_ref().is_some_and(Held::is_interrupted) {
                stop.stop();
            }
        }
        for (i, engine) in alone {
            answers.push((i, ask_one(config, engine, sample, by, &mut || ())));
        }
        answers
    });
    answers.sort_by_key(|(i, _)| *i);
    let mut findings = Findings(answers.into_iter().map(|(_, finding)| finding).collect());
    match agreement {
        Agreement::All => {}
        Agreement::First | Agreement::Backup => findings.stand_in(),
    }
    findings
}

fn is_decided(finding: &Finding, agreement: Agreement) -> bool {
    match (&finding.result, agreement) {
        (Ok(Verdict::Infected(_)), _) => true,
        (Ok(Verdict::Clean), agreement) => agreement == Agreement::First,
        // Another engine may see what this one could not look at.
        (Ok(Verdict::Unscannable(..)) | Err(_), _) => false,
    }
}

fn ask_one(
    config: &Config,
    engine: &Farm<'_>,
    sample: &Sample<'_>,
    by: Deadline,
    meanwhile: &mut dyn FnMut(),
) -> Finding {
    let started = clock::instant();
    let response = match by.left() {
        Some(_) => engine.scan(sample, by, meanwhile),
        None => Err(ScanError::new(ErrorKind::TimedOut, "no time left for this engine")),
    }
    .map_err(interrupted);
    let finding = Finding {
        weight: engine.weight(),
        took: clock::instant().duration_since(started),
        ..Finding::of(engine.name())
    };
    match response {
        Ok(Response { verdict, version, address, warning, line, remembered }) => {
            let result = Ok(config.policy.count(verdict));
            Finding { version, address, warning, line, remembered, result, ..finding }
        }
        Err(error) => Finding { result: Err(error), ..finding },
    }
}

/// Where we were asked to end, an engine out of time is out of time for that.
fn interrupted(error: ScanError) -> ScanError {
    match process::interruption() {
        Some(signal) if error.kind.is_late() => {
            ScanError::new(ErrorKind::Failed, format!("interrupted by signal {signal}"))
        }
        Some(_) | None => error,
    }
}
