//! Rules about the queue directory, the compiled configuration and what runs.
//! Cannot fail.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::account::names;
use crate::config::{EngineKind, key};
use crate::diagnostic::Severity;
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::file::Role;
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::own::Places;
use crate::history;
use crate::mta::source::Source;
use crate::mta::summarize::State;
use crate::mta::tailor::File;
use crate::os::look;
use crate::text::{self, SHOWN};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "image-stale",
        severity: Severity::Error,
        what: "the compiled configuration is older than the files",
        why: "the server uses what `cnbuild` made of the files: a change has no effect until that is run again",
        source: "6.3 Administration Reference, \"imsimta cnbuild\"",
        cure: "run `imsimta cnbuild`, then restart what the change concerns",
        check: Check::Setup(image_stale),
    },
    Rule {
        id: "under-queue",
        severity: Severity::Error,
        what: "something of ours is in the directory of the queues",
        why: "the server takes what is there for its own: directories for channels, files for messages",
        source: "6 2005Q4 Administration Guide, \"Channel Message Queues\"",
        cure: "put it elsewhere: /var/lib/convscan, /var/log/convscan, /usr/local/bin",
        check: Check::Setup(under_queue),
    },
    Rule {
        id: "foreign-files",
        severity: Severity::Warning,
        what: "the directory of the queues holds what belongs to no channel",
        why: "mail in the directory of a channel that was removed is not delivered; anything else does not belong there",
        source: "6 2005Q4 Administration Guide, \"Channel Message Queues\"",
        cure: "if there is mail in it, define the channel again until that is delivered; else remove it",
        check: Check::Setup(foreign_files),
    },
    Rule {
        id: "channel-stopped",
        severity: Severity::Warning,
        what: "a channel was stopped",
        why: "its mail waits until somebody starts it: that outlives a restart of the server and of the machine",
        source: "6.3 Administration Reference, \"imsimta qm\", stop",
        cure: "start it when what it was stopped for is over",
        check: Check::Setup(channel_stopped),
    },
    Rule {
        id: "counters-missing",
        severity: Severity::Note,
        what: "the conversion channels have no counters",
        why: "counters tell how much mail waits and is delivered; they are made anew after each start of the MTA",
        source: "6.3 Administration Reference, \"imsimta counters\"",
        cure: "run `imsimta counters -create` whenever the server was started",
        check: Check::Setup(counters_missing),
    },
    Rule {
        id: "held-lately",
        severity: Severity::Note,
        what: "our log says that mail was held in the last 7 days",
        why: "`imsimta qm messages` does not count held messages: nobody misses them but their recipients",
        source: "6.3 Administration Reference, \"imsimta qm\"; docs/held.md",
        cure: "look at them and release or delete them: docs/held.md says how",
        check: Check::Setup(held_lately),
    },
];

fn held_lately(setup: &Setup) -> Vec<Complaint<'_>> {
    let log = setup.own.as_ref().and_then(|own| own.config.log.file.as_ref());
    let Some(log) = log.filter(|_| setup.here.is_some()) else { return Vec::new() };
    // A log that cannot be read is another rule's.
    let held = history::held_in(log).ok().and_then(|held| held.words());
    held.map(|words| Complaint::whole(log.display().to_string(), words)).into_iter().collect()
}

fn image_stale(setup: &Setup) -> Vec<Complaint<'_>> {
    let image = setup.image.as_ref().filter(|_| setup.here.is_some() && !setup.is_unified());
    let Some(built) = image.and_then(|image| look::at(image).ok()?.modified) else { return Vec::new() };
    let is_newer =
        |path: &PathBuf| look::at(path).is_ok_and(|facts| facts.modified.is_some_and(|at| at > built));
    let newer = compiled(setup).into_iter().filter(is_newer);
    newer
        .map(|path| {
            let message = "is newer than the compiled configuration, so what was changed does not count";
            Complaint::whole(path.display().to_string(), message)
                .mend(Mend::Write("imsimta cnbuild".to_owned()))
        })
        .collect()
}

/// The files that are compiled, with those that they include.
fn compiled(setup: &Setup) -> Vec<PathBuf> {
    let roles = [Role::Imta, Role::Options, Role::Mappings, Role::Conversions];
    let mut paths: Vec<PathBuf> = roles.into_iter().filter_map(|role| setup.path_of(role).cloned()).collect();
    let expand =
        |path: &str| setup.tailor.as_ref().map_or_else(|| path.to_owned(), |tailor| tailor.expand(path));
    let included = |files: &[Source]| {
        files.iter().skip(1).map(|file| setup.paths.local(&expand(&file.path))).collect::<Vec<_>>()
    };
    let readings = [
        setup.imta.as_ref().map(|imta| imta.sources.files()),
        setup.options.as_ref().map(|options| options.sources.files()),
        setup.mappings.as_ref().map(|mappings| mappings.sources().files()),
    ];
    paths.extend(readings.into_iter().flatten().flat_map(included));
    paths
}

/// The directory of the queues, as the server calls it and as it is here.
fn queues(setup: &Setup) -> Vec<PathBuf> {
    let said = setup.tailor.as_ref().and_then(|tailor| tailor.path(File::Queue)).map(PathBuf::from);
    let known = [said, setup.queue.clone()].into_iter().flatten();
    known.filter(|path| path.is_absolute() && path.parent().is_some()).collect()
}

fn under_queue(setup: &Setup) -> Vec<Complaint<'_>> {
    let queues = queues(setup);
    let inside = |path: &Path| {
        let is_one =
            |above: &Path| setup.here.is_some() && queues.iter().any(|queue| look::is_same(above, queue));
        queues.iter().any(|queue| path.starts_with(queue)) || path.ancestors().any(is_one)
    };
    if queues.is_empty() {
        return Vec::new();
    }
    let ours = ours(setup).into_iter().filter(|(_, path, _)| inside(path));
    ours.map(|(at, path, what)| {
        let shown = text::printable_str(&path.to_string_lossy(), SHOWN);
        Complaint::at(at, format!("{what} is in the directory of the queues: `{shown}`"))
    })
    .collect()
}

/// What our configuration names to be written or read, and what our entries run.
fn ours(setup: &Setup) -> Vec<(At<'_>, PathBuf, &'static str)> {
    let mut found = setup.own.as_ref().map_or(Vec::new(), own_paths);
    let programs = setup.our_entries().into_iter().filter(|ours| ours.call.program.is_absolute());
    found.extend(programs.map(|ours| {
        let program = &ours.call.program;
        let path =
            setup.tailor.as_ref().map_or_else(|| program.text.clone(), |tailor| tailor.expand(&program.text));
        (ours.at(program.span.clone()), PathBuf::from(path), "the program")
    }));
    found
}

fn own_paths(own: &Own) -> Vec<(At<'_>, PathBuf, &'static str)> {
    let (places, config) = (Places::new(own), &own.config);
    let named = [
        (key::STATE_DIRECTORY, &config.state, "the state directory"),
        (key::LOG_FILE, &config.log.file, "the log"),
        (key::NOTICE_INFECTED, &config.notice.infected, "a template"),
        (key::NOTICE_NOT_SCANNED, &config.notice.not_scanned, "a template"),
    ];
    let tables =
        named.into_iter().filter_map(|(key, path, what)| Some((places.key(key)?.at, path.clone()?, what)));
    let engines = config.engines.iter().enumerate().filter_map(|(index, engine)| match &engine.kind {
        EngineKind::Rules(file) => {
            Some((places.engine(index, key::ENGINE_FILE)?.at, file.clone(), "the rules file"))
        }
        EngineKind::Daemon(_) | EngineKind::Command(_) => None,
    });
    tables.chain(engines).collect()
}

/// Most things in the directory of the queues: one for each channel, and some.
const MOST: usize = 20_000;

fn foreign_files(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(queue) = setup.queue.as_ref().filter(|_| setup.here.is_some() && setup.knows_channels()) else {
        return Vec::new();
    };
    let channels: HashSet<String> =
        setup.channels().iter().map(|channel| channel.name.to_ascii_lowercase()).collect();
    let is_foreign = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        // The server has files there for a moment, too (SIMS 4.0 Reference).
        !name.starts_with(['.', '$']) && !channels.contains(&name)
    };
    let all = look::names(queue, MOST).unwrap_or_default();
    let foreign: Vec<PathBuf> = all.into_iter().filter(is_foreign).collect();
    if foreign.is_empty() {
        return Vec::new();
    }
    vec![Complaint::whole(queue.display().to_string(), format!("no channels: {}", names(&foreign)))]
}

fn channel_stopped(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(summary) = &setup.summary else { return Vec::new() };
    let stopped = summary.queues.iter().filter(|queue| queue.state == State::Stopped);
    stopped
        .map(|queue| {
            let name = text::printable_str(&queue.channel, SHOWN);
            let at = At::new(&summary.path, &summary.text, queue.span.clone());
            let message = format!("channel `{name}` is stopped; messages that wait: {}", queue.messages);
            Complaint::at(at, message).mend(Mend::Write(format!("imsimta qm start {name}")))
        })
        .collect()
}

fn counters_missing(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(counters) = &setup.counters else { return Vec::new() };
    let mut names: Vec<String> =
        setup.conversion_channels().iter().map(|channel| channel.name.to_owned()).collect();
    if names.is_empty() {
        names.push("conversion".to_owned());
    }
    let is_missing = |name: &String| !counters.channels.iter().any(|known| known.eq_ignore_ascii_case(name));
    let missing: Vec<PathBuf> = names.into_iter().filter(is_missing).map(PathBuf::from).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let message = match counters.channels.len() {
        0 => "there are no counters".to_owned(),
        _ => format!("no counters of {}", self::names(&missing)),
    };
    vec![
        Complaint::whole(counters.path.clone(), message)
            .mend(Mend::Write("imsimta counters -create".to_owned())),
    ]
}
