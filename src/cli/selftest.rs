//! Proves every configured engine awake, at each of its addresses.
//!
//! Usage: convscan selftest [--config FILE] [--json] [--max-age DAYS] [--watch TIME]
//!
//! Each is shown a clean file, the EICAR test file, that file in a zip in a zip,
//! an encrypted zip, a zip 20 deep, and one of 30 MB with the test file at its
//! end, by the same path as a part of a message. For each address there is a line
//! with its version and the age of its definitions, and one for each probe: the
//! answer and the time it took.
//!
//! awake: all is right. STALE: its definitions are older than --max-age (7 days).
//! CARELESS: it calls clean what it does not look into, or refuses what convscan
//! would send it; mail passes unscanned, or is deferred. So is a uvscan from 6.1 on
//! that is not asked to show encrypted documents: a hint names the right preset.
//! BLIND: it does not find what it must. DOWN: it gives no answer. An engine that
//! only convicts need not find anything, and an engine need not notice what the
//! policy passes unscanned.
//!
//! A state directory that cannot be used, or that others may write to, is told with
//! each address: the scanners answer, but nothing is remembered of that.
//!
//! With --watch the test is repeated after each TIME (10m, say) without end. An
//! address is then printed at first, and when its answers have changed, with the
//! time before it.
//!
//! Exit codes: 0 all awake, 1 one is not, or the state directory cannot be used,
//! 75 the configuration cannot be used.

mod probe;
mod report;
mod uvscan;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use self::probe::{Expected, Probe, State};
use self::report::{Outcome, Report};
use super::exit::{self, Exit};
use crate::config::{Config, Place, parse_duration};
use crate::engine::sample::Sample;
use crate::engine::{self, Farm, Member};
use crate::history;
use crate::os::clock::{self, Deadline};
use crate::os::output;
use crate::os::{files, stamp, state};
use crate::record::millis;
use crate::serve;
use crate::verdict::{Reason, Verdict, Weight};

/// Arguments of `selftest`.
#[derive(clap::Args)]
#[command(about = "Prove every configured engine awake, at each of its addresses", long_about = exit::manual(include_str!("selftest.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object for each address
    #[arg(long)]
    json: bool,
    /// Age from which definitions are old
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    max_age: u32,
    /// Repeat without end, and tell of changes only
    #[arg(long, value_name = "TIME", value_parser = |text: &str| parse_duration(text).ok_or("not a time: write `10m`"))]
    watch: Option<Duration>,
}

/// Runs the self-test.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let mut told = HashMap::new();
    loop {
        let tested = test(arguments, &mut told);
        match (arguments.watch, tested) {
            (None, tested) => return tested,
            // It may be put right again.
            (Some(_), Err(error)) if !told.is_empty() => output::talk(format_args!("{error:#}")),
            (Some(_), Err(error)) => return Err(error),
            (Some(_), Ok(_)) => {}
        }
        clock::pause(arguments.watch.unwrap_or_default());
    }
}

/// What was told of each address.
type Told = HashMap<(String, String), (State, Vec<String>)>;

fn test(arguments: &Arguments, told: &mut Told) -> Result<Exit> {
    let mut config = serve::sound(arguments.config.as_deref())?;
    let warning = config.state.as_deref().and_then(state::complaint);
    serve::settle(&mut config);
    let probes = probe::probes();
    let mut worst = State::Awake;
    for farm in engine::open(&config) {
        for member in farm.members() {
            let mut report = examine(&config, &farm, member, (&probes, arguments.max_age))?;
            report.warning.clone_from(&warning);
            worst = worst.max(report.state);
            let essence = report.essence();
            let place = (report.engine.clone(), report.address.clone());
            if told.get(&place) == Some(&essence) {
                continue;
            }
            told.insert(place, essence);
            output::data(match (arguments.json, arguments.watch) {
                (true, _) => serde_json::to_string(&report)?,
                (false, None) => report.lines(),
                (false, Some(_)) => format!("{} {}", report.time, report.lines()),
            });
        }
    }
    if arguments.watch.is_none()
        && let Some(held) = config.log.file.as_deref().and_then(|log| history::held_in(log).ok()?.words())
    {
        output::talk(format_args!("{held}: `imsimta qm messages` does not count these; docs/held.md"));
    }
    Ok(if worst == State::Awake && warning.is_none() { Exit::Done } else { Exit::No })
}

fn examine(
    config: &Config,
    farm: &Farm<'_>,
    member: &Member<'_>,
    (probes, max_age): (&[Probe], u32),
) -> Result<Report> {
    let mut report = Report {
        time: clock::utc(clock::micros()),
        engine: farm.name().to_owned(),
        address: member.place.map_or(String::new(), Place::to_string),
        version: None,
        definitions_hours: None,
        state: State::Awake,
        probes: Vec::new(),
        hint: None,
        warning: None,
    };
    for probe in probes.iter().filter(|probe| is_asked(farm, probe)) {
        let outcome = shown(config, farm, member, probe)?;
        report.state = report.state.max(outcome.state);
        let is_down = outcome.state == State::Down;
        report.probes.push(outcome);
        report.hint = hint(&report, member);
        if is_down {
            // The next probe would wait as long for nothing.
            return Ok(report);
        }
    }
    report.version = member.engine.version(Deadline::after(VERSION_TIME)).ok();
    let definitions = report.version.as_deref().and_then(clock::date_in);
    let changed = definitions.or_else(|| stamp::newest(&farm.config().definitions));
    report.definitions_hours = changed.map(|at| clock::micros().saturating_sub(at) / HOUR);
    if report.definitions_hours.is_some_and(|hours| hours > u64::from(max_age) * 24) {
        report.state = report.state.max(State::Stale);
        report.hint = hint(&report, member);
    }
    let version = report.version.as_deref().unwrap_or_default();
    if let Some(told) = uvscan::misfit(&farm.config().kind, version, &config.policy) {
        report.state = report.state.max(told.state);
        report.hint = report.hint.or(Some(told.hint));
    }
    Ok(report)
}

/// What to do about the worst of what was found.
fn hint(report: &Report, member: &Member<'_>) -> Option<&'static str> {
    let worst = report.probes.iter().find(|outcome| outcome.state == report.state);
    let (missed, error) = worst.map_or(("", None), |outcome| (outcome.probe, outcome.error));
    probe::hint(report.state, member.place, missed, error)
}

/// Microseconds in an hour.
const HOUR: u64 = 3_600_000_000;

/// A list of rules has no limits to know.
fn is_asked(farm: &Farm<'_>, probe: &Probe) -> bool {
    farm.weight() == Weight::Acquits || !matches!(probe.expected, Expected::NotClean(_))
}

fn shown(config: &Config, farm: &Farm<'_>, member: &Member<'_>, probe: &Probe) -> Result<Outcome> {
    let file = files::in_memory(&probe.content).context("cannot make a probe")?;
    let size = probe.content.len() as u64;
    let sample = Sample { file: &file, size, mime_type: "", names: &[], fingerprint: None };
    let started = clock::instant();
    let by = Deadline::after(farm.config().patience);
    let result = if farm.is_too_large(size) {
        Ok(Verdict::unscannable(Reason::TooLarge))
    } else {
        member.engine.scan(&sample, by, &mut || ()).map(|response| response.verdict)
    };
    let state = probe::state(&result, probe.expected, farm.weight(), &config.policy);
    let error = result.as_ref().err().map(|error| error.kind);
    let ms = millis(clock::instant().duration_since(started));
    Ok(Outcome { probe: probe.name, answer: probe::words(&result), state, ms, error })
}

/// Time for telling a version. Some scanners load all definitions for it.
const VERSION_TIME: Duration = Duration::from_secs(60);
