//! Proves every configured engine awake.
//!
//! Usage: convscan selftest [--config FILE] [--json]
//!
//! Each engine is asked about a clean file, the EICAR test file, and that file
//! in a zip in a zip, by the same path as a part of a message. One line an
//! engine tells its version, the answers and the times: "awake" when all are
//! right, "BLIND" when one is wrong, "DOWN" when it gives none. An engine that
//! only convicts need not know EICAR.
//!
//! Exit codes: 0 all awake, 1 an engine is blind or down, 75 the configuration
//! cannot be used.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Exit, load, output};
use crate::engine::{self, Farm, Sample, eicar};
use crate::os::clock::{self, Deadline};
use crate::os::files;
use crate::record::millis;
use crate::verdict::{ScanError, Verdict, Weight};

/// Arguments of `selftest`.
#[derive(clap::Args)]
#[command(about = "Prove every configured engine awake: clean, EICAR, EICAR nested in archives", long_about = super::manual(include_str!("selftest.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object for each engine
    #[arg(long)]
    json: bool,
}

/// One probe: what the engine is asked about and what it must say.
struct Probe {
    name: &'static str,
    content: Vec<u8>,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Clean,
    Infected,
}

/// How an engine fares, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Awake,
    Blind,
    Down,
}

/// What came of one probe.
#[derive(Serialize)]
struct Outcome {
    probe: &'static str,
    answer: String,
    state: State,
    ms: f64,
}

/// What came of one engine.
#[derive(Serialize)]
struct Report {
    engine: String,
    version: Option<String>,
    state: State,
    probes: Vec<Outcome>,
}

/// Runs the self-test.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let config = load::sound(arguments.config.as_deref())?;
    let probes = probes()?;
    let mut all_awake = true;
    for engine in engine::open(&config) {
        let by = Deadline::after(config.limits.deadline);
        let report = examine(&engine, &probes, by)?;
        all_awake &= report.state == State::Awake;
        if arguments.json {
            output::data(serde_json::to_string(&report)?);
        } else {
            output::data(line(&report));
        }
    }
    Ok(if all_awake { Exit::Done } else { Exit::No })
}

fn examine(engine: &Farm<'_>, probes: &[Probe], by: Deadline) -> Result<Report> {
    let mut report =
        Report { engine: engine.name().to_owned(), version: None, state: State::Awake, probes: Vec::new() };
    let member = engine.members().first().context("no address")?;
    for probe in probes {
        let file = files::anonymous(&probe.content).context("cannot write a probe")?;
        let size = probe.content.len() as u64;
        let sample = Sample { file: &file, size, mime_type: "", names: &[], fingerprint: None };
        let started = clock::instant();
        let result = member.engine.scan(&sample, by.within(engine.config().timeout), &mut || ());
        let result = result.map(|response| response.verdict);
        let state = state(&result, probe.expected, engine.weight());
        report.probes.push(Outcome {
            probe: probe.name,
            answer: words(&result),
            state,
            ms: millis(started.elapsed()),
        });
        report.state = report.state.max(state);
        if state == State::Down {
            // The next probe would wait as long for nothing.
            return Ok(report);
        }
    }
    report.version = member.engine.version(by.within(VERSION_TIME)).ok();
    Ok(report)
}

/// Time for telling a version. Some scanners load all definitions for it.
const VERSION_TIME: Duration = Duration::from_secs(60);

fn state(result: &Result<Verdict, ScanError>, expected: Expected, weight: Weight) -> State {
    match (result, expected) {
        (Ok(Verdict::Clean), Expected::Clean) | (Ok(Verdict::Infected(_)), Expected::Infected) => {
            State::Awake
        }
        // A list of known bad things need not know this one.
        (Ok(Verdict::Clean), Expected::Infected) if weight == Weight::ConvictsOnly => State::Awake,
        (Ok(_), _) => State::Blind,
        (Err(_), _) => State::Down,
    }
}

fn words(result: &Result<Verdict, ScanError>) -> String {
    match result {
        Ok(Verdict::Clean) => "clean".to_owned(),
        Ok(Verdict::Infected(threats)) => {
            threats.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
        }
        Ok(Verdict::Unscannable(reason, _)) => format!("not scanned: {}", reason.words()),
        Err(error) => error.to_string(),
    }
}

fn line(report: &Report) -> String {
    let version = report.version.as_deref().unwrap_or("version unknown");
    let probes = report.probes.iter().map(|outcome| {
        let mark = if outcome.state == State::Awake { "ok" } else { "WRONG" };
        format!("{} {mark} ({}) {:.1} ms", outcome.probe, outcome.answer, outcome.ms)
    });
    let probes = probes.collect::<Vec<_>>().join("; ");
    let (state, hint) = match report.state {
        State::Awake => ("awake", ""),
        State::Blind => (
            "BLIND",
            "\nhint: without a signature for EICAR no engine finds it; without looking into archives none finds the nested one",
        ),
        State::Down => ("DOWN", "\nhint: start it, or see its address and rights with `convscan check`"),
    };
    format!("{}: {state}; {version}; {probes}{hint}", report.engine)
}

fn probes() -> Result<Vec<Probe>> {
    let eicar = eicar::plain();
    let nested = eicar::nested().context("cannot build the nested probe")?;
    Ok(vec![
        Probe { name: "clean", content: CLEAN.to_vec(), expected: Expected::Clean },
        Probe { name: "eicar", content: eicar, expected: Expected::Infected },
        Probe { name: "eicar-zip-zip", content: nested, expected: Expected::Infected },
    ])
}

/// An honest file.
const CLEAN: &[u8] = b"This file is clean. A scanner that finds something in it is wrong.\n";
