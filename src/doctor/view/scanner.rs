//! Which scanner an engine of ours asks, as far as the scanners' own files tell,
//! and the sizes over which that scanner does not look. Cannot fail; a scanner that
//! is not found is unknown.

use super::conf::Conf;
use super::largest::shown;
use super::server::Set;
use crate::address::Address;
use crate::config::{EngineConfig, EngineKind, Place, Protocol};
use crate::doctor::setup::Setup;

/// Limits of clamd in bytes, unless set (clamd.conf(5)).
const FILE: u64 = 100 << 20;
const SCAN: u64 = 400 << 20;
const STREAM: u64 = 100 << 20;

/// Limit of c-icap's virus_scan in bytes, unless set (virus_scan.conf).
const OBJECT: u64 = 5 << 20;

/// Jobs of clamd at once, unless set (clamd.conf(5)).
pub const THREADS: u64 = 10;

/// A size over which a scanner does not look.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'s> {
    /// Whose it is.
    pub scanner: &'static str,
    /// The key that sets it.
    pub key: &'static str,
    /// The file in which that stands, or would.
    pub conf: Conf<'s>,
    /// In bytes.
    pub bytes: u64,
    /// What the scanner says of what is larger.
    pub beyond: Beyond,
}

impl Bound<'_> {
    /// What the scanner does with what is larger.
    pub fn does(&self) -> String {
        let (scanner, limit) = (self.scanner, shown(self.bytes));
        match self.beyond {
            Beyond::Clean => format!("{scanner} calls what is larger than {limit} clean"),
            Beyond::NotScanned => format!("{scanner} scans nothing larger than {limit}"),
            Beyond::Failed => format!("{scanner} refuses what is larger than {limit}"),
        }
    }
}

/// What a scanner says of what is over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The same as of what is clean.
    Clean,
    /// That it did not look.
    NotScanned,
    /// That it failed.
    Failed,
}

/// How a part comes to clamd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As an open file.
    Descriptor,
    /// Piece by piece.
    Stream,
}

/// The files of all clamds.
pub fn clamds(setup: &Setup) -> impl Iterator<Item = Conf<'_>> {
    setup.clamd.iter().map(Conf)
}

/// The files of c-icap.
pub fn icaps(setup: &Setup) -> impl Iterator<Item = Conf<'_>> {
    setup.icap.iter().map(Conf)
}

/// Where the daemons of `engine` listen.
pub fn places(engine: &EngineConfig) -> &[Place] {
    match &engine.kind {
        EngineKind::Daemon(places) => places,
        EngineKind::Command(_) | EngineKind::Rules(_) => &[],
    }
}

/// All places of all engines that speak as clamd does.
pub fn clamd_places(setup: &Setup) -> impl Iterator<Item = &Place> {
    let engines = setup.own.iter().flat_map(|own| &own.config.engines);
    engines.flat_map(places).filter(|place| place.protocol == Protocol::Clamd)
}

/// Whether the clamd of this file listens at `address`. Of another machine only
/// the port can be held against it.
pub fn listens(clamd: Conf<'_>, address: &Address) -> bool {
    match address {
        Address::Unix(path) => {
            let path = path.to_string_lossy();
            clamd.all("LocalSocket").any(|socket| bare(socket.value) == bare(&path))
        }
        Address::Tcp(host_port) => {
            let (_, port) = host_port.rsplit_once(':').unwrap_or_default();
            clamd.all("TCPSocket").any(|socket| socket.value == port)
        }
    }
}

/// /var/run is a link to /run.
fn bare(path: &str) -> &str {
    match path.strip_prefix("/var") {
        Some(rest) if rest.starts_with("/run/") => rest,
        Some(_) | None => path,
    }
}

/// The file of the clamd at `place`: the one that listens there, or the only one.
fn clamd_at<'s>(setup: &'s Setup, place: &Place) -> Option<Conf<'s>> {
    let only = || match (setup.clamd.as_slice(), &place.address) {
        ([only], Address::Unix(_)) => Some(Conf(only)),
        _ => None,
    };
    clamds(setup).find(|conf| listens(*conf, &place.address)).or_else(only)
}

/// The limits of a clamd on what comes to it this way.
pub fn clamd_bounds(conf: Conf<'_>, way: Way) -> Vec<Bound<'_>> {
    let beyond = match conf.boolean("AlertExceedsMax").or(false) {
        Some(false) => Beyond::Clean,
        Some(true) | None => Beyond::NotScanned,
    };
    let stream = (way == Way::Stream).then_some(("StreamMaxLength", STREAM, Beyond::Failed));
    let keys = [Some(("MaxFileSize", FILE, beyond)), Some(("MaxScanSize", SCAN, beyond)), stream];
    let bound = |(key, default, beyond)| {
        // 0 is no limit, as clamconf(1) shows.
        let bytes = conf.size(key).or(default).filter(|bytes| *bytes > 0)?;
        Some(Bound { scanner: "clamd", key, conf, bytes, beyond })
    };
    keys.into_iter().flatten().filter_map(bound).collect()
}

/// How parts come to the clamd of this file, as far as our configuration tells.
pub fn way(setup: &Setup, conf: Conf<'_>) -> Way {
    let is_tcp = |place: &&Place| matches!(place.address, Address::Tcp(_));
    if clamd_places(setup).filter(is_tcp).any(|place| listens(conf, &place.address)) {
        Way::Stream
    } else {
        Way::Descriptor
    }
}

/// A service of c-icap.
#[derive(Clone, Debug)]
pub struct Service<'s> {
    /// The line that loads it.
    pub loaded: Set<'s>,
    /// The file that is loaded, without directory and ending.
    pub module: &'s str,
    /// What stands behind the `?` of its name and of its alias.
    pub arguments: String,
    conf: Conf<'s>,
}

impl<'s> Service<'s> {
    /// All services that `conf` loads (c-icap.conf, `Service`).
    pub fn all(conf: Conf<'s>) -> impl Iterator<Item = Self> {
        conf.all("Service").filter_map(move |loaded| {
            let file = loaded.value.split_whitespace().nth(1)?;
            let name = file.rsplit('/').next().unwrap_or(file);
            let module = name.strip_suffix(".so").unwrap_or(name);
            Some(Self { loaded, module, arguments: String::new(), conf })
        })
    }

    /// The service that is asked for under this name.
    pub fn named(setup: &'s Setup, asked: &str) -> Option<Self> {
        let (name, arguments) = asked.split_once('?').unwrap_or((asked, ""));
        let aliases = icaps(setup).flat_map(|conf| conf.all("ServiceAlias"));
        let mut targets = aliases.filter_map(|alias| {
            let mut words = alias.value.split_whitespace();
            (words.next()? == name).then(|| words.next()).flatten()
        });
        let target = targets.next().unwrap_or(name);
        let (name, more) = target.split_once('?').unwrap_or((target, ""));
        let is_it = |service: &Self| {
            let alias = service.loaded.value.split_whitespace().next();
            service.module == name || alias == Some(name)
        };
        let found = icaps(setup).flat_map(Self::all).find(is_it)?;
        Some(Self { arguments: format!("{more}&{arguments}"), ..found })
    }

    /// The size over which it does not look.
    fn bound(&self, setup: &'s Setup) -> Option<Bound<'s>> {
        let is_free = self.arguments.split('&').any(|argument| argument == "sizelimit=off");
        if self.module != "virus_scan" || is_free {
            return None;
        }
        let key = "virus_scan.MaxObjectSize";
        let conf = icaps(setup).find(|conf| conf.key(key).is_some()).unwrap_or(self.conf);
        let bytes = conf.size(key).or(OBJECT).filter(|bytes| *bytes > 0)?;
        Some(Bound { scanner: "c-icap", key, conf, bytes, beyond: Beyond::Clean })
    }
}

/// The limits of all scanners of `engine`; none if one of them is not known.
pub fn bounds<'s>(setup: &'s Setup, engine: &EngineConfig) -> Option<Vec<Bound<'s>>> {
    let mut bounds = Vec::new();
    for place in places(engine) {
        match &place.protocol {
            Protocol::Clamd => {
                let conf = clamd_at(setup, place)?;
                bounds.extend(clamd_bounds(conf, way_to(place)));
            }
            Protocol::Icap { service } => {
                bounds.extend(Service::named(setup, service)?.bound(setup));
            }
        }
    }
    Some(bounds).filter(|_| !places(engine).is_empty())
}

fn way_to(place: &Place) -> Way {
    match place.address {
        Address::Unix(_) => Way::Descriptor,
        Address::Tcp(_) => Way::Stream,
    }
}

/// The limits of the services of c-icap that our engines ask.
pub fn icap_bounds(setup: &Setup) -> Vec<Bound<'_>> {
    let engines = setup.own.iter().flat_map(|own| &own.config.engines);
    let asked = engines.flat_map(places).filter_map(|place| match &place.protocol {
        Protocol::Icap { service } => Some(service),
        Protocol::Clamd => None,
    });
    // They share one key.
    asked.filter_map(|service| Service::named(setup, service)?.bound(setup)).take(1).collect()
}
