//! Rules about sizes: what the MTA takes, what engines are given, what scanners
//! look at. Cannot fail.

use crate::config::{EngineConfig, key};
use crate::diagnostic::Severity;
use crate::doctor::at::Mend;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::largest::{self, Message, megabytes, shown};
use crate::doctor::view::own::Places;
use crate::doctor::view::scanner::{self, Beyond, Bound};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "size-limit",
        severity: Severity::Warning,
        what: "the MTA takes larger messages than are scanned",
        why: "a part between the two limits is deferred until the MTA gives up on it; if the scanner keeps silent \
              about what is over its limit, the part is delivered unscanned",
        source: "6.3 Administration Guide, 12.9.2; PMDF 6.8 System Manager's Guide, 2.3.4.78; clamd.conf(5); c-icap's \
                 virus_scan.conf",
        cure: "raise this limit (clamd and c-icap must be restarted), or lower that of the MTA: `sourceblocklimit` of the \
               channel, BLOCK_LIMIT for all",
        check: Check::Setup(size_limit),
    },
    Rule {
        id: "largest-differs",
        severity: Severity::Warning,
        what: "`largest` of an engine is not what its scanner takes",
        why: "what is larger than the scanner's limit fails or is not looked at; what is larger than `largest` is not \
              even tried",
        source: "docs/configuration.md, `largest`; clamd.conf(5); c-icap's virus_scan.conf",
        cure: "set `largest` to the scanner's own limit",
        check: Check::Setup(largest_differs),
    },
];

/// Largest file that clamd scans at all, less a byte (clamd.conf(5), `MaxFileSize`).
const HARD: u64 = 2 << 30;

fn size_limit(setup: &Setup) -> Vec<Complaint<'_>> {
    let (bytes, by) = match largest::message(setup) {
        Message::Unknown => return Vec::new(),
        Message::Unlimited { channel, block } => {
            let Some((least, who)) = least(setup) else { return Vec::new() };
            let message = format!("channel `{}` takes messages of any size", channel.name);
            let blocks = (least / block).max(1);
            let hint =
                format!("say `sourceblocklimit {blocks}`: {who} takes parts of up to {}", shown(least));
            return vec![Complaint::at(channel.at, message).hint(hint)];
        }
        Message::UpTo { bytes, by } => (bytes, by),
    };
    let mut complaints: Vec<Complaint<'_>> = Vec::new();
    let takes = format!("{by} takes messages of up to {}", shown(bytes));
    for bound in all_bounds(setup).into_iter().filter(|bound| bound.bytes < bytes) {
        complaints.push(too_low(setup, &bound, bytes, &takes));
    }
    if let Some(own) = &setup.own {
        let places = Places::new(own);
        for (index, engine) in own.config.engines.iter().enumerate() {
            let Some(given) = engine.largest.filter(|given| *given < bytes) else { continue };
            let message =
                format!("engine `{}` is given parts of up to {}, and {takes}", engine.name, shown(given));
            let at =
                places.engine(index, key::ENGINE_LARGEST).map_or(places.engine_at(index), |value| value.at);
            let complaint = Complaint::at(at, message);
            // Beyond the scanner's own limit nothing would be won.
            complaints.push(match scanner::bounds(setup, engine) {
                Some(_) => complaint.mend(places.set_engine(index, key::ENGINE_LARGEST, &format!("\"{}\"", megabytes(bytes)))),
                None => complaint.hint("raise the scanner's own limit, then this one; or lower that of the MTA: `sourceblocklimit`"),
            });
        }
    }
    complaints
}

/// The limits of all scanners that are known.
fn all_bounds(setup: &Setup) -> Vec<Bound<'_>> {
    let clamds = scanner::clamds(setup);
    let mut bounds: Vec<Bound<'_>> =
        clamds.flat_map(|conf| scanner::clamd_bounds(conf, scanner::way(setup, conf))).collect();
    bounds.extend(scanner::icap_bounds(setup));
    bounds
}

fn too_low<'s>(setup: &'s Setup, bound: &Bound<'s>, bytes: u64, takes: &str) -> Complaint<'s> {
    let complaint = bound.conf.complaint(bound.key, format!("{}, and {takes}", bound.does()));
    // What is over `largest` is held back before it gets there.
    let gets_there = largest::given(setup).is_none_or(|given| given > bound.bytes);
    let complaint = match bound.beyond {
        Beyond::Clean if gets_there => complaint.severity(Severity::Error),
        Beyond::Clean | Beyond::NotScanned | Beyond::Failed => complaint,
    };
    let line = bound.conf.write(bound.key, &megabytes(bytes));
    complaint.mend((bytes < HARD).then_some(line))
}

/// The least of all limits, and whose it is.
fn least(setup: &Setup) -> Option<(u64, String)> {
    let scanners = all_bounds(setup).into_iter().map(|bound| (bound.bytes, bound.scanner.to_owned()));
    let engines = setup.own.iter().flat_map(|own| &own.config.engines);
    let given = engines.filter_map(|engine| Some((engine.largest?, format!("engine `{}`", engine.name))));
    given.chain(scanners).min_by_key(|(bytes, _)| *bytes)
}

fn largest_differs(setup: &Setup) -> Vec<Complaint<'_>> {
    // Where the MTA has a limit, that is what both are held against.
    let (Some(own), None, true) = (&setup.own, largest::message(setup).limit(), setup.knows_channels())
    else {
        return Vec::new();
    };
    let engines = own.config.engines.iter().enumerate();
    engines.filter_map(|(index, engine)| differs(setup, own, index, engine)).collect()
}

/// How much smaller `largest` may be before it is worth a word.
const FAR: u64 = 2;

fn differs<'s>(setup: &'s Setup, own: &'s Own, index: usize, engine: &EngineConfig) -> Option<Complaint<'s>> {
    let bounds = scanner::bounds(setup, engine)?;
    let least = bounds.iter().min_by_key(|bound| bound.bytes)?;
    let given = engine.largest?;
    let is_given = format!("engine `{}` is given parts of up to {}", engine.name, shown(given));
    let places = Places::new(own);
    let at = places.engine(index, key::ENGINE_LARGEST).map_or(places.engine_at(index), |value| value.at);
    if given > least.bytes {
        let message = format!("{is_given}, and {}: `{}`", least.does(), least.key);
        let complaint = Complaint::at(at, message).mend(places.set_engine(
            index,
            key::ENGINE_LARGEST,
            &exact(least.bytes),
        ));
        return Some(match least.beyond {
            Beyond::Clean => complaint.severity(Severity::Error),
            Beyond::NotScanned | Beyond::Failed => complaint,
        });
    }
    if given.saturating_mul(FAR) < least.bytes {
        let message = format!("{is_given}, and {} would take {}", least.scanner, shown(least.bytes));
        let mend: Mend = places.set_engine(index, key::ENGINE_LARGEST, &exact(least.bytes));
        return Some(Complaint::at(at, message).severity(Severity::Note).mend(mend));
    }
    None
}

/// As our configuration writes it, and no more than it is.
fn exact(bytes: u64) -> String {
    const MEGA: u64 = 1 << 20;
    if bytes.is_multiple_of(MEGA) {
        format!("\"{}M\"", bytes / MEGA)
    } else {
        format!("\"{}K\"", (bytes / 1024).max(1))
    }
}
