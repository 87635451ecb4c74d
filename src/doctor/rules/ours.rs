//! Rules about what our own configuration says. Cannot fail.

use std::io::ErrorKind;
use std::path::Path;

use crate::address::Address;
use crate::config::{Caching, Clean, Config, EngineConfig, EngineKind, Protocol, key};
use crate::diagnostic::{Diagnostic, Severity};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::own::Places;
use crate::engine::rules::{self, RuleSet};
use crate::notice::{self, Template};
use crate::os::files;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "own-file",
        severity: Severity::Error,
        what: "a notice template or a rules file has a fault, or cannot be read",
        why: "the built-in notice stands in for a template; without its rules an engine gives no verdict, and parts are deferred",
        source: "docs/configuration.md",
        cure: "see the name in the configuration; a relative one starts where that file is",
        check: Check::Setup(own_files),
    },
    Rule {
        id: "unscannable-pass",
        severity: Severity::Warning,
        what: "the policy delivers what was not scanned",
        why: "whoever knows how to keep a scanner from looking gets any virus through",
        source: "docs/configuration.md, \"unscannable and error, line by line\"",
        cure: "say `hold` or `replace`; if it must be so, --allow unscannable-pass",
        check: Check::Setup(unscannable_pass),
    },
    Rule {
        id: "canary-off",
        severity: Severity::Warning,
        what: "an engine is believed without proof that it sees",
        why: "a scanner that has lost its temporary directory or its definitions may call everything clean, and nobody \
              notices",
        source: "docs/engines.md, \"The canary\"",
        cure: "remove the line, unless the engine's definitions lack the EICAR test file",
        check: Check::Setup(canary_off),
    },
    Rule {
        id: "timeout-over-deadline",
        severity: Severity::Note,
        what: "an engine may take longer than the whole part",
        why: "the deadline ends the scan before, and nothing is left of it for a second engine or a second scan",
        source: "docs/configuration.md, `timeout` and `deadline`",
        cure: "let `timeout` be less than `deadline`",
        check: Check::Setup(timeout_over_deadline),
    },
    Rule {
        id: "cache-idle",
        severity: Severity::Note,
        what: "verdicts are to be remembered that cannot be",
        why: "an acquittal is remembered only where it is certain which definitions gave it",
        source: "docs/engines.md, \"What is remembered\"",
        cure: "give the engine `definitions`, or remove the line",
        check: Check::Setup(cache_idle),
    },
];

fn own_files(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(Own { config, .. }) = &setup.own else { return Vec::new() };
    let template = |path: &str, text: &str| Template::parse(path, text).err();
    let rules = |path: &str, text: &str| RuleSet::parse(path, text).err();
    let mut faults = Vec::new();
    for file in [&config.notice.infected, &config.notice.not_scanned].into_iter().flatten() {
        faults.extend(faults_of(file, notice::LARGEST, template));
    }
    for engine in &config.engines {
        if let EngineKind::Rules(file) = &engine.kind {
            faults.extend(faults_of(file, rules::LARGEST, rules));
        }
    }
    faults.into_iter().map(Complaint::from).collect()
}

fn faults_of(
    file: &Path,
    largest: usize,
    parse: impl Fn(&str, &str) -> Option<Vec<Diagnostic>>,
) -> Vec<Diagnostic> {
    let path = file.display().to_string();
    match files::read_text(file, largest) {
        Ok(text) => parse(&path, &text).unwrap_or_default(),
        Err(error) => {
            let fault = Diagnostic::whole(&path, format!("cannot be read: {error}"));
            vec![fault.hint(match error.kind() {
                ErrorKind::PermissionDenied => "let the MTA's account read it",
                ErrorKind::InvalidData => "write it in UTF-8: `iconv -f latin1 -t utf-8` converts",
                _ => "see the name in the configuration; a relative one starts where that file is",
            })]
        }
    }
}

fn unscannable_pass(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = &setup.own else { return Vec::new() };
    let places = Places::new(own);
    let mut complaints = Vec::new();
    for (key, what) in
        [(key::POLICY_UNSCANNABLE, "what is unscannable"), (key::POLICY_ERROR, "what an engine failed on")]
    {
        if let Some(value) = places.key(key).filter(|value| value.text() == Some("pass")) {
            complaints.push(Complaint::at(value.at, format!("{what} is delivered")));
        }
        let mut lines = places.keys(key);
        lines.sort_by_key(|(_, value)| value.at.offset());
        for (line, value) in lines.into_iter().filter(|(_, value)| value.text() == Some("pass")) {
            complaints.push(Complaint::at(value.at, format!("{what} is delivered: `{line}`")));
        }
    }
    complaints
}

/// Engines with their indices that do more than read a list of our own.
fn scanners(config: &Config) -> impl Iterator<Item = (usize, &EngineConfig)> {
    config.engines.iter().enumerate().filter(|(_, engine)| match engine.kind {
        EngineKind::Daemon(_) | EngineKind::Command(_) => true,
        EngineKind::Rules(_) => false,
    })
}

fn canary_off(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = &setup.own else { return Vec::new() };
    let places = Places::new(own);
    let blind = scanners(&own.config).filter(|(_, engine)| engine.canary.is_none());
    blind
        .map(|(index, engine)| {
            let at =
                places.engine(index, key::ENGINE_CANARY).map_or(places.engine_at(index), |value| value.at);
            Complaint::at(at, format!("engine `{}` need not prove that it sees", engine.name))
        })
        .collect()
}

fn timeout_over_deadline(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = &setup.own else { return Vec::new() };
    let places = Places::new(own);
    let deadline = own.config.limits.deadline;
    let longer = scanners(&own.config).filter(|(_, engine)| engine.timeout > deadline);
    longer
        .map(|(index, engine)| {
            let said = places.engine(index, key::ENGINE_TIMEOUT).or_else(|| places.key(key::LIMITS_DEADLINE));
            let at = said.map_or(places.engine_at(index), |value| value.at);
            let message =
                format!("engine `{}` may take {:?}, and the part {deadline:?}", engine.name, engine.timeout);
            Complaint::at(at, message)
        })
        .collect()
}

fn cache_idle(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = &setup.own else { return Vec::new() };
    let Own { config, .. } = own;
    let places = Places::new(own);
    let remembered: Vec<_> =
        scanners(config).filter(|(_, engine)| engine.caching == Caching::Remembered).collect();
    let mut complaints = Vec::new();
    if config.state.is_none() {
        let asked = remembered
            .iter()
            .filter_map(|(index, engine)| Some((places.engine(*index, key::ENGINE_CACHE)?, engine)));
        complaints.extend(asked.map(|(value, engine)| {
            let message =
                format!("verdicts of engine `{}` have no place: there is no state directory", engine.name);
            Complaint::at(value.at, message).hint("add `directory = \"/var/lib/convscan\"` under `[state]`")
        }));
        return complaints;
    }
    let always = places.key(key::CACHE_CLEAN).filter(|_| config.memory.clean == Clean::Always);
    let Some(always) = always else { return complaints };
    if remembered.is_empty() {
        let hint = "say `cache = true` for an engine whose definitions are known, or remove the line";
        complaints.push(Complaint::at(always.at, "no engine's verdicts are remembered").hint(hint));
    }
    for (index, engine) in remembered {
        if let Some((why, hint)) = unknown_definitions(engine) {
            let message = format!("acquittals of engine `{}` are not remembered: {why}", engine.name);
            let at =
                places.engine(index, key::ENGINE_CACHE).map_or(places.engine_at(index), |value| value.at);
            complaints.push(Complaint::at(at, message).hint(hint));
        }
    }
    complaints
}

/// Why nobody can tell with which definitions `engine` acquitted, as far as the
/// configuration shows it, and what to do; what a daemon tells is known only when it
/// is asked.
fn unknown_definitions(engine: &EngineConfig) -> Option<(&'static str, &'static str)> {
    match &engine.kind {
        EngineKind::Command(_) if engine.definitions.is_empty() => Some((
            "it has no `definitions`",
            "name the files or directories that change when its definitions do",
        )),
        EngineKind::Daemon(places) => match places.as_slice() {
            [one] => match (&one.protocol, &one.address) {
                (Protocol::Clamd, Address::Tcp(_)) => Some((
                    "behind a port there may be several clamds",
                    "ask it at its unix socket; convictions are remembered all the same",
                )),
                (Protocol::Clamd, Address::Unix(_)) | (Protocol::Icap { .. }, _) => None,
            },
            _ => Some((
                "the daemon that scans need not be the one that tells its version",
                "convictions are remembered all the same; remove `clean`, or let it be \"storm\"",
            )),
        },
        EngineKind::Command(_) | EngineKind::Rules(_) => None,
    }
}
