//! Rules about c-icap: what it lets through unscanned. Cannot fail.

use std::collections::HashSet;

use crate::config::{Agreement, EngineConfig, Protocol, key};
use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::conf::Said;
use crate::doctor::view::own::Places;
use crate::doctor::view::scanner::{self, Service};
use crate::verdict::Weight;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "pass-on-error",
        severity: Severity::Error,
        what: "c-icap passes what its scanner fails on",
        why: "a part on which clamd fails, or of any kind while clamd is away, comes back as clean",
        source: "c-icap's virus_scan.conf, PassOnError",
        cure: "say `virus_scan.PassOnError off` and restart c-icap",
        check: Check::Setup(pass_on_error),
    },
    Rule {
        id: "icap-scan-types",
        severity: Severity::Warning,
        what: "c-icap leaves some types of files unscanned",
        why: "such a part comes back unscanned: it is deferred as `excluded` where the service has a preview, and \
              delivered where it has none",
        source: "c-icap's virus_scan.conf, ScanFileTypes; c-icap.magic",
        cure: "list all groups of c-icap.magic and restart c-icap",
        check: Check::Setup(icap_scan_types),
    },
    Rule {
        id: "squidclamav",
        severity: Severity::Error,
        what: "an engine asks squidclamav",
        why: "whatever clamd answers but a virus, an error or a size over its limit too, comes back as clean",
        source: "the source of squidclamav 7.5; docs/engines.md, \"icap\"",
        cure: "ask clamd itself, or c-icap's virus_scan",
        check: Check::Setup(squidclamav),
    },
];

fn pass_on_error(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "virus_scan.PassOnError";
    let passing = scanner::icaps(setup).filter(|conf| conf.boolean(key) == Said::Is(true));
    passing
        .map(|conf| {
            conf.complaint(key, "what clamd fails on passes: `PassOnError` is on")
                .mend(conf.write(key, "off"))
        })
        .collect()
}

/// Groups of types, with their types as far as these can be named (c-icap.magic), and
/// how bad it is to leave one out: pictures and films carry few viruses.
const GROUPS: [(&str, &[&str], Severity); 7] = [
    ("TEXT", &[], Severity::Error),
    ("DATA", &[], Severity::Error),
    ("EXECUTABLE", &["MSEXE", "DOSEXE", "ELF", "JavaClass"], Severity::Error),
    (
        "ARCHIVE",
        &[
            "RAR",
            "ZIP",
            "GZip",
            "BZip",
            "Compress.exe",
            "Compress",
            "MSCAB",
            "TAR",
            "RPM",
            "TNEF",
            "ZOO",
            "LHA",
            "MSCHM",
            "debian",
        ],
        Severity::Error,
    ),
    ("DOCUMENT", &["MSOFFICE", "PDF", "PS"], Severity::Error),
    ("GRAPHICS", &["GIF", "BMP", "JPEG", "PNG", "ICO", "SWF", "WEBP", "AVIF"], Severity::Warning),
    ("STREAM", &[], Severity::Warning),
];

fn icap_scan_types(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "virus_scan.ScanFileTypes";
    let Some(loader) =
        scanner::icaps(setup).find(|conf| Service::all(*conf).any(|one| one.module == "virus_scan"))
    else {
        return Vec::new();
    };
    // Several lines add up.
    let lines: Vec<_> =
        scanner::icaps(setup).flat_map(|conf| conf.all(key).map(move |line| (conf, line))).collect();
    let all = GROUPS.map(|(group, ..)| group).join(" ");
    let Some((conf, last)) = lines.last() else {
        let message = "c-icap scans nothing: `virus_scan.ScanFileTypes` is not set";
        return vec![
            Complaint::whole(loader.path(), message).severity(Severity::Error).mend(loader.write(key, &all)),
        ];
    };
    let listed: HashSet<&str> = lines.iter().flat_map(|(_, line)| line.value.split_whitespace()).collect();
    let left = left_out(&listed);
    let Some(severity) = left.iter().map(|(_, severity)| *severity).max() else { return Vec::new() };
    let names: Vec<&str> = left.iter().map(|(name, _)| *name).collect();
    let message = format!("c-icap leaves unscanned what is of type {}", names.join(", "));
    vec![Complaint::at(last.value_at, message).severity(severity).mend(conf.write(key, &all))]
}

/// The groups that are not listed, and of those that are listed in part the types.
fn left_out(listed: &HashSet<&str>) -> Vec<(&'static str, Severity)> {
    let left =
        GROUPS.iter().filter(|(group, ..)| !listed.contains(group)).flat_map(|(group, types, severity)| {
            let missing: Vec<&str> = types.iter().copied().filter(|name| !listed.contains(name)).collect();
            let whole = missing.len() == types.len();
            let names = if whole { vec![*group] } else { missing };
            names.into_iter().map(move |name| (name, *severity))
        });
    left.collect()
}

fn squidclamav(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = &setup.own else { return Vec::new() };
    let places = Places::new(own);
    let asks = |engine: &EngineConfig| {
        scanner::places(engine).iter().any(|place| match &place.protocol {
            Protocol::Icap { service } => {
                Service::named(setup, service).is_some_and(|service| service.module == "squidclamav")
            }
            Protocol::Clamd => false,
        })
    };
    // Another engine that must acquit, too, catches what this one lets through.
    let others =
        own.config.engines.iter().filter(|engine| engine.weight == Weight::Acquits && !asks(engine)).count();
    let alone = others == 0 || own.config.agreement != Agreement::All;
    let severity = if alone { Severity::Error } else { Severity::Warning };
    let engines = own.config.engines.iter().enumerate().filter(|(_, engine)| asks(engine));
    engines
        .map(|(index, engine)| {
            let at =
                places.engine(index, key::ENGINE_ADDRESS).map_or(places.engine_at(index), |value| value.at);
            Complaint::at(
                at,
                format!("engine `{}` asks squidclamav, which calls clean what clamd fails on", engine.name),
            )
            .severity(severity)
        })
        .collect()
}
