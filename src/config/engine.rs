//! `[[engine]]`: what gives verdicts, where it listens, and how it is watched.
//! Fails with faults in the table it is read from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::command::CommandConfig;
use super::key;
use super::table::Table;
use crate::address::{Address, is_host_port};
use crate::text;
use crate::verdict::Weight;

/// Time for one scan when the configuration gives none.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Most addresses of one engine.
const MOST_PLACES: usize = 64;

/// One `[[engine]]`.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Its name in log and notice.
    pub name: String,
    /// Time for one scan, whatever the number of addresses tried.
    pub timeout: Duration,
    /// Time for one address, where there are others.
    pub patience: Duration,
    /// Whether its "nothing found" counts.
    pub weight: Weight,
    /// How old the proof may be that it sees; `None` where none is asked for.
    pub canary: Option<Duration>,
    /// Largest part that it takes; `None` where nobody said.
    pub largest: Option<u64>,
    /// Files and directories that change when its definitions do.
    pub definitions: Vec<PathBuf>,
    /// Whether its verdicts are remembered.
    pub caching: Caching,
    /// What it is.
    pub kind: EngineKind,
}

/// Whether an engine's verdicts are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// They are.
    Remembered,
    /// It is asked each time.
    Asked,
}

/// The kinds of engine.
#[derive(Clone, Debug)]
pub enum EngineKind {
    /// Daemons, any of which may be asked.
    Daemon(Vec<Place>),
    /// A command-line scanner.
    Command(Box<CommandConfig>),
    /// A local file of rules.
    Rules(PathBuf),
}

/// One of an engine's daemons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is spoken there.
    pub protocol: Protocol,
    /// Where it listens.
    pub address: Address,
    /// Its share of the parts, relative to the others.
    pub share: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.protocol, &self.address) {
            (Protocol::Icap { service }, Address::Tcp(host_port)) => {
                write!(f, "icap://{host_port}/{service}")
            }
            (Protocol::Icap { service }, Address::Unix(path)) => {
                write!(f, "icap:{}/{service}", path.display())
            }
            (Protocol::Clamd, address) => write!(f, "{address}"),
        }
    }
}

/// What a daemon speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// clamd's own.
    Clamd,
    /// ICAP, RFC 3507.
    Icap {
        /// The service's path, without the slash before it.
        service: String,
    },
}

/// The kinds of engine, before their own keys are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Clamd,
    Icap,
    Command,
    Rules,
}

const TYPES: [(Type, &str); 4] =
    [(Type::Clamd, "clamd"), (Type::Icap, "icap"), (Type::Command, "command"), (Type::Rules, "rules")];

/// What is so when the configuration does not say.
struct Defaults {
    canary: Option<Duration>,
    largest: Option<u64>,
    caching: Caching,
}

impl Type {
    /// The limits are the servers' own defaults: clamd.conf(5), `StreamMaxLength`
    /// and `MaxFileSize`; c-icap's virus_scan.conf, `MaxObjectSize`. A command
    /// takes seconds where a daemon takes milliseconds, so it is proven more
    /// rarely and its verdicts are worth keeping.
    fn defaults(self) -> Defaults {
        let minutes = |n: u64| Some(Duration::from_secs(n * 60));
        match self {
            Self::Clamd => Defaults { canary: minutes(2), largest: Some(100 << 20), caching: Caching::Asked },
            Self::Icap => Defaults { canary: minutes(2), largest: Some(5 << 20), caching: Caching::Asked },
            Self::Command => Defaults { canary: minutes(60), largest: None, caching: Caching::Remembered },
            Self::Rules => Defaults { canary: None, largest: None, caching: Caching::Asked },
        }
    }
}

impl EngineConfig {
    /// Reads the keys of an engine.
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Self> {
        let name = required(table, key::ENGINE_NAME.name(), "clamd");
        if name == Some("convscan") {
            let hint = "name it after the scanner: findings of our own have this name";
            table.fault(key::ENGINE_NAME.name(), "an engine cannot be called `convscan`", hint);
        }
        let timeout = table.duration(key::ENGINE_TIMEOUT.name()).unwrap_or(TIMEOUT);
        let kind_of = required(table, key::ENGINE_TYPE.name(), "clamd")
            .and_then(|_| table.choice(key::ENGINE_TYPE.name(), &TYPES))?;
        let Defaults { canary, largest, caching } = kind_of.defaults();
        let mut weight = Weight::Acquits;
        let kind = match kind_of {
            Type::Clamd | Type::Icap => EngineKind::Daemon(places(table, kind_of)?),
            Type::Command => EngineKind::Command(Box::new(CommandConfig::read(table)?)),
            Type::Rules => {
                if table.boolean(key::ENGINE_ACQUITS.name()) != Some(true) {
                    weight = Weight::ConvictsOnly;
                }
                required(table, key::ENGINE_FILE.name(), "/etc/convscan/rules.txt")?;
                EngineKind::Rules(table.path(key::ENGINE_FILE.name())?)
            }
        };
        let mut engine = Self {
            name: text::printable_str(name?, 60),
            timeout,
            patience: timeout,
            weight,
            canary,
            largest,
            definitions: Vec::new(),
            caching,
            kind,
        };
        engine.read_watch(table, kind_of);
        Some(engine)
    }

    /// Reads how the engine is watched; for one that only reads a list there is
    /// nothing to watch.
    fn read_watch(&mut self, table: &Table<'_, '_>, kind_of: Type) {
        if kind_of == Type::Rules {
            return;
        }
        if let Some(canary) = table.duration_or_off(key::ENGINE_CANARY.name()) {
            self.canary = canary;
        }
        self.largest = table.size(key::ENGINE_LARGEST.name()).or(self.largest);
        self.definitions = table.paths(key::ENGINE_DEFINITIONS.name()).unwrap_or_default();
        if let Some(remember) = table.boolean(key::ENGINE_CACHE.name()) {
            self.caching = if remember { Caching::Remembered } else { Caching::Asked };
        }
        if let EngineKind::Daemon(places) = &self.kind {
            // Two addresses that never answer leave half of the time for a third.
            let patience = if places.len() > 1 { self.timeout / 4 } else { self.timeout };
            self.patience = table.duration(key::ENGINE_PATIENCE.name()).unwrap_or(patience).min(self.timeout);
        }
    }

    /// What it needs the state directory for, if it cannot do without.
    pub(super) fn need_of_state(&self) -> Option<&'static str> {
        match &self.kind {
            EngineKind::Command(_) => Some("a place for its private copy"),
            EngineKind::Daemon(places) if places.len() > 1 => {
                Some("a place to keep which of its addresses answer")
            }
            EngineKind::Daemon(_) | EngineKind::Rules(_) => None,
        }
    }
}

fn required<'t>(table: &Table<'t, '_>, key: &'static str, example: &str) -> Option<&'t str> {
    let value = table.string(key);
    if value.is_none() {
        table.fault(key, format!("an engine needs `{key}`"), format!("add `{key} = \"{example}\"`"));
    }
    value
}

/// The daemons: `address`, or `[[engine.addresses]]` with shares.
fn places(table: &Table<'_, '_>, kind_of: Type) -> Option<Vec<Place>> {
    let listed = table.tables(key::ENGINE_ADDRESSES.name());
    if listed.is_empty() {
        let example =
            if kind_of == Type::Icap { "icap://localhost:1344/avscan" } else { "unix:/run/clamav/clamd.ctl" };
        required(table, key::ENGINE_ADDRESS.name(), example)?;
        return place(table, kind_of).map(|place| vec![place]);
    }
    if table.string(key::ENGINE_ADDRESS.name()).is_some() {
        table.fault(
            key::ENGINE_ADDRESS.name(),
            "both `address` and `addresses`",
            "give one of them: `[[engine.addresses]]` for a farm",
        );
    }
    if listed.len() > MOST_PLACES {
        table.fault(
            key::ENGINE_ADDRESSES.name(),
            format!("more than {MOST_PLACES} addresses"),
            "take some out",
        );
        return None;
    }
    let mut places: Vec<Place> = Vec::new();
    for entry in listed {
        let one = required(&entry, key::ENGINE_ADDRESS.name(), "unix:/run/clamav/clamd.ctl")
            .and_then(|_| place(&entry, kind_of));
        let again = places.iter().any(|other| {
            one.as_ref().is_some_and(|one| one.address == other.address && one.protocol == other.protocol)
        });
        if again {
            entry.fault(
                key::ENGINE_ADDRESS.name(),
                "this address is there twice",
                "give one entry a larger `share`",
            );
        }
        places.extend(one);
        entry.finish();
    }
    Some(places)
}

fn place(table: &Table<'_, '_>, kind_of: Type) -> Option<Place> {
    let share = table.number(key::ENGINE_SHARE.name(), 1, 1000).unwrap_or(1);
    let address = table.string(key::ENGINE_ADDRESS.name())?;
    let (protocol, address) = if let Some(rest) = address.strip_prefix("icap://") {
        icap(rest).map(|(address, service)| (Protocol::Icap { service }, address))
    } else if kind_of == Type::Icap && !address.starts_with("unix:") && !address.starts_with("tcp:") {
        None
    } else {
        clamd(address).map(|address| (Protocol::Clamd, address))
    }
    .or_else(|| {
        let (message, hint) = if kind_of == Type::Icap {
            ("`address` is no address of an ICAP service", "write \"icap://host:1344/service\"")
        } else {
            (
                "`address` is neither a socket nor host and port",
                "write \"unix:/run/clamav/clamd.ctl\" or \"tcp:host:3310\"",
            )
        };
        table.fault(key::ENGINE_ADDRESS.name(), message, hint);
        None
    })?;
    Some(Place { protocol, address, share })
}

fn clamd(address: &str) -> Option<Address> {
    if let Some(path) = address.strip_prefix("unix:") {
        return path.starts_with('/').then(|| Address::Unix(PathBuf::from(path)));
    }
    address.strip_prefix("tcp:").filter(|text| is_host_port(text)).map(|text| Address::Tcp(text.to_owned()))
}

/// The port that ICAP has without one. Source: RFC 3507, 4.2.
const ICAP_PORT: u16 = 1344;

/// What stands behind `icap://`. The service becomes part of a request line, so
/// nothing may stand in it that ends one.
fn icap(rest: &str) -> Option<(Address, String)> {
    let (host, service) = rest.split_once('/')?;
    let is_plain = |byte: u8| byte.is_ascii_graphic();
    if service.is_empty() || service.len() > 1000 || !service.bytes().all(is_plain) {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let host_port = if has_port { host.to_owned() } else { format!("{host}:{ICAP_PORT}") };
    is_host_port(&host_port).then(|| (Address::Tcp(host_port), service.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::diagnostic::Diagnostic;

    use super::*;

    fn places_of(lines: &str) -> Result<Vec<String>, Vec<String>> {
        let source = format!("[state]\ndirectory = \"/s\"\n[[engine]]\nname = \"c\"\n{lines}\n");
        let parsed = Config::parse("c", &source);
        match parsed.config.engines.first().map(|engine| &engine.kind) {
            Some(EngineKind::Daemon(places)) if parsed.faults.is_empty() => {
                Ok(places.iter().map(|place| format!("{place} {}", place.share)).collect())
            }
            _ => Err(parsed.faults.iter().map(Diagnostic::one_line).collect()),
        }
    }

    #[test]
    fn addresses_are_checked() {
        for address in ["unix:relative", "tcp:host", "tcp::3310", "tcp:h:0", "tcp:h:99999", "/run/x", ""] {
            assert!(places_of(&format!("type = \"clamd\"\naddress = \"{address}\"")).is_err(), "{address}");
        }
        for address in ["icap://h", "icap://h/", "icap://:1344/s", "icap://h:x/s", "icap://h/a b", "h:1344/s"]
        {
            assert!(places_of(&format!("type = \"icap\"\naddress = \"{address}\"")).is_err(), "{address}");
        }
    }

    #[test]
    fn an_icap_address_has_a_port_and_a_service() {
        let place = |address: &str| places_of(&format!("type = \"icap\"\naddress = \"{address}\""));
        assert_eq!(place("icap://h/srv_clamav"), Ok(vec!["icap://h:1344/srv_clamav 1".to_owned()]));
        assert_eq!(place("icap://10.0.0.1:1345/a/b?c"), Ok(vec!["icap://10.0.0.1:1345/a/b?c 1".to_owned()]));
        assert_eq!(place("icap://[::1]/s"), Ok(vec!["icap://[::1]:1344/s 1".to_owned()]));
    }

    #[test]
    fn an_engine_may_have_many_addresses_of_both_protocols() {
        let lines = "type = \"clamd\"\naddresses = [{ address = \"unix:/a\", share = 3 }, { address = \"tcp:h:3310\" }, { address = \"icap://h/s\" }]";
        let expected = ["/a 3", "h:3310 1", "icap://h:1344/s 1"].map(str::to_owned).to_vec();
        assert_eq!(places_of(lines), Ok(expected));
        let twice = "type = \"clamd\"\naddresses = [{ address = \"unix:/a\" }, { address = \"unix:/a\" }]";
        assert!(places_of(twice).unwrap_err()[0].contains("twice"));
    }
}
