//! The configuration: the TOML file read into a [`Config`]. Fails with the
//! places of all faults.

#[cfg(feature = "admin")]
mod admin;
mod command;
mod engine;
pub mod key;
mod memory;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;

#[cfg(feature = "admin")]
pub use self::admin::{ADMIN_PATH, ADMIN_VARIABLE, Admin, Allowance};
pub(crate) use self::command::FILE_MARK;
pub use self::command::{Argument, CommandConfig, Meaning, Pattern, Patterns, Private};
#[cfg(feature = "testing")]
pub use self::command::{Codes, Preset};
pub use self::engine::{Caching, EngineConfig, EngineKind, Place, Protocol};
pub use self::memory::{Clean, Memory};
pub(crate) use self::table::parse_duration;
use self::table::{File, Table};
use crate::diagnostic::Diagnostic;
use crate::policy::{Action, Disinfection, Policy, Ruling};
use crate::status::Release;
use crate::verdict::{ErrorKind, Reason, Weight, name_of};

/// Largest configuration file.
pub const LARGEST: usize = 64 * 1024;

/// Most engines. Each is asked for each part.
const MOST_ENGINES: usize = 32;

/// Where the configuration is when nobody says otherwise.
pub const DEFAULT_PATH: &str = "/etc/convscan/convscan.toml";

/// Environment variable that names another configuration file.
pub const PATH_VARIABLE: &str = "CONVSCAN_CONFIG";

/// Time for one part when the configuration gives none. Engines load for tens
/// of seconds after an update; the queue's first retry is minutes away.
const DEADLINE: Duration = Duration::from_secs(300);

/// The administrator's configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The mail server's release, as far as its directives differ, if it is stated.
    pub release: Option<Release>,
    /// Engines, in the order they are asked.
    pub engines: Vec<EngineConfig>,
    /// How many of them must agree.
    pub agreement: Agreement,
    /// What is remembered of parts.
    pub memory: Memory,
    /// What is done with what is found.
    pub policy: Policy,
    /// Bounds.
    pub limits: Limits,
    /// The notice.
    pub notice: NoticeConfig,
    /// The log.
    pub log: LogConfig,
    /// Directory for private copies and everything that outlives a part.
    pub state: Option<PathBuf>,
    /// Directory for private copies, where that is another one. No key names it: it is
    /// found out when the state directory is looked at.
    pub copies: Option<PathBuf>,
}

/// Which of several engines that may acquit are asked, and whose word counts.
/// Whichever convicts, convicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// All are asked, at the same time; every one must acquit.
    #[default]
    All,
    /// All are asked, at the same time; the first that gives a verdict decides.
    First,
    /// They are asked in order; the next one only if the one before failed.
    Backup,
}

impl Agreement {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::All, "all"), (Self::First, "first"), (Self::Backup, "backup")];
}

/// `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for one part: all engines together, cleaning included.
    pub deadline: Duration,
    /// Largest part that is read into memory to be searched for hidden files.
    pub inside_largest: u64,
    /// Most hidden files of one part that are shown to the engines.
    pub inside_most: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: DEADLINE, inside_largest: 64 << 20, inside_most: 500 }
    }
}

/// The most that `inside-largest` and `inside-most` may be: what one process can
/// have of memory and of time.
const INSIDE_LARGEST: u64 = 1 << 30;
const INSIDE_MOST: u32 = 100_000;

/// `[notice]`.
#[derive(Clone, Debug)]
pub struct NoticeConfig {
    /// Template for an infected part; built in when absent.
    pub infected: Option<PathBuf>,
    /// Template for a part that could not be scanned; built in when absent.
    pub not_scanned: Option<PathBuf>,
    /// Content-description of the notice.
    pub description: String,
}

impl Default for NoticeConfig {
    fn default() -> Self {
        Self { infected: None, not_scanned: None, description: "Virus notice".to_owned() }
    }
}

/// `[log]`.
#[derive(Clone, Debug, Default)]
pub struct LogConfig {
    /// File that gets one line a part.
    pub file: Option<PathBuf>,
    /// Socket of the system log, if lines go there too.
    pub syslog: Option<PathBuf>,
    /// Which parts get a digest.
    pub digest: Digest,
}

/// Which parts get a SHA-256 in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// All that are not plainly clean.
    #[default]
    Findings,
    /// All.
    All,
}

/// A configuration with its faults. With faults it must not be used to scan;
/// what could be read of it still tells how to defer.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What could be read.
    pub config: Config,
    /// All faults.
    pub faults: Vec<Diagnostic>,
}

impl Config {
    /// The mail server's release; where none is stated, the newest.
    pub fn release(&self) -> Release {
        self.release.unwrap_or_default()
    }

    /// Reads the text of the file at `path`; paths in it are relative to that.
    pub fn parse(path: &str, source: &str) -> Parsed {
        let file = File::new(path, source);
        let (document, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            file.fault(error.span().unwrap_or(0..0), error.message(), "see https://toml.io for the syntax");
        }
        let root = Table::new(&file, "", &document);
        let mut config = Self::default();
        if let Some(table) = root.table(key::SERVER_RELEASE.table()) {
            config.release = release(&table);
            table.finish();
        }
        if let Some(table) = root.table(key::LIMITS_DEADLINE.table()) {
            config.limits.deadline = table.duration(key::LIMITS_DEADLINE.name()).unwrap_or(DEADLINE);
            table.finish();
        }
        if let Some(table) = root.table(key::SCAN_ENGINES.table()) {
            config.agreement = table.choice(key::SCAN_ENGINES.name(), &Agreement::NAMES).unwrap_or_default();
            let limits = &mut config.limits;
            limits.inside_largest = inside_largest(&table).unwrap_or(limits.inside_largest);
            let most = table.number(key::SCAN_INSIDE_MOST.name(), 1, INSIDE_MOST);
            limits.inside_most = most.unwrap_or(limits.inside_most);
            table.finish();
        }
        config.memory = Memory::read(&root);
        if let Some(table) = root.table(key::POLICY_INFECTED.table()) {
            config.policy = policy(&table);
            table.finish();
        }
        if let Some(table) = root.table(key::NOTICE_INFECTED.table()) {
            config.notice = notice(&table);
            table.finish();
        }
        if let Some(table) = root.table(key::LOG_FILE.table()) {
            config.log = log(&table);
            table.finish();
        }
        if let Some(table) = root.table(key::STATE_DIRECTORY.table()) {
            config.state = table.path(key::STATE_DIRECTORY.name());
            table.finish();
        }
        let engines = root.tables(key::ENGINE_NAME.table());
        if engines.len() > MOST_ENGINES {
            root.fault(
                key::ENGINE_NAME.table(),
                format!("more than {MOST_ENGINES} engines"),
                "take some out",
            );
        }
        for table in engines.into_iter().take(MOST_ENGINES) {
            config.engines.extend(EngineConfig::read(&table));
            table.finish();
        }
        root.finish();
        if file.is_sound() {
            config.judge(&file);
        }
        Parsed { config, faults: file.into_faults() }
    }

    /// Faults that no single key has. Asked only of a file without others, which
    /// these may follow from.
    fn judge(&self, file: &File<'_>) {
        if !self.engines.iter().any(|engine| engine.weight == Weight::Acquits) {
            file.whole(
                "no engine that can acquit",
                "add an `[[engine]]`; a `rules` engine needs `acquits = true` to stand alone",
            );
        }
        for (i, engine) in self.engines.iter().enumerate() {
            if self.engines.iter().take(i).any(|other| other.name == engine.name) {
                file.whole(
                    format!("two engines are named `{}`", engine.name),
                    "the log tells them apart by name",
                );
            }
        }
        if self.state.is_some() {
            return;
        }
        let needing = self.engines.iter().find_map(|engine| Some((engine, engine.need_of_state()?)));
        if let Some((engine, need)) = needing {
            file.whole(
                format!("engine `{}` needs {need}", engine.name),
                "add `directory = \"/var/lib/convscan\"` under `[state]`",
            );
        }
    }
}

fn inside_largest(table: &Table<'_, '_>) -> Option<u64> {
    let largest = table.size(key::SCAN_INSIDE_LARGEST.name())?;
    if largest > INSIDE_LARGEST {
        table.fault(
            key::SCAN_INSIDE_LARGEST.name(),
            "`inside-largest` is more than one process can search",
            "write at most \"1G\"",
        );
        return None;
    }
    Some(largest)
}

/// The release; one that cannot be read is taken as old, since every server
/// knows "hold".
fn release(table: &Table<'_, '_>) -> Option<Release> {
    let text = table.string(key::SERVER_RELEASE.name())?;
    Some(Release::parse(text).unwrap_or_else(|| {
        table.fault(key::SERVER_RELEASE.name(), "unknown release", Release::SHAPE);
        Release::Before63
    }))
}

/// The actions among all that are allowed in one place, with their names.
fn allowed(actions: &[Action]) -> Vec<(Action, &'static str)> {
    actions.iter().map(|action| (*action, name_of(&Action::NAMES, action))).collect()
}

fn policy(table: &Table<'_, '_>) -> Policy {
    let mut policy = Policy::default();
    policy.infected =
        table.choice(key::POLICY_INFECTED.name(), &allowed(&Action::INFECTED)).unwrap_or(policy.infected);
    if table.boolean(key::POLICY_DISINFECT.name()) == Some(false) {
        policy.disinfection = Disinfection::Skip;
    }
    let any = allowed(&Action::NOT_SCANNED);
    // A fault of ours must not open the gate, not even by a sweeping `pass`.
    let but_pass: Vec<_> = any.iter().filter(|(action, _)| *action != Action::Pass).copied().collect();
    let rulings: Vec<_> = any
        .iter()
        .map(|(action, name)| (Ruling::Act(*action), *name))
        .chain([(Ruling::Convict, "infected")])
        .collect();
    table.lines(key::POLICY_UNSCANNABLE.name(), &Reason::NAMES, |_| &rulings, &mut policy.unscannable);
    table.lines(
        key::POLICY_ERROR.name(),
        &ErrorKind::NAMES,
        |kind| if kind.is_ours() { &but_pass } else { &any },
        &mut policy.error,
    );
    let choices = allowed(&[Action::Defer, Action::Replace]);
    policy.without_options =
        table.choice(key::POLICY_WITHOUT_OPTIONS.name(), &choices).unwrap_or(policy.without_options);
    policy
}

fn notice(table: &Table<'_, '_>) -> NoticeConfig {
    let mut notice = NoticeConfig {
        infected: table.path(key::NOTICE_INFECTED.name()),
        not_scanned: table.path(key::NOTICE_NOT_SCANNED.name()),
        ..NoticeConfig::default()
    };
    if let Some(description) = table.string(key::NOTICE_DESCRIPTION.name()) {
        // It becomes a header line and an option value, whose quoting no manual tells.
        if description.len() <= 60
            && description.bytes().all(|b| b.is_ascii_alphanumeric() || b" .,:-_()".contains(&b))
        {
            description.clone_into(&mut notice.description);
        } else {
            table.fault(
                key::NOTICE_DESCRIPTION.name(),
                "`description` must be plain",
                "use at most 60 ASCII letters, digits, blanks and . , : - _ ( )",
            );
        }
    }
    notice
}

fn log(table: &Table<'_, '_>) -> LogConfig {
    LogConfig {
        file: table.path(key::LOG_FILE.name()),
        syslog: table.path(key::LOG_SYSLOG.name()),
        digest: table
            .choice(key::LOG_DIGEST.name(), &[(Digest::Findings, "findings"), (Digest::All, "all")])
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::address::Address;

    const SMALLEST: &str = "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/run/clamav/clamd.ctl\"\n\n[log]\nfile = \"/var/log/convscan/parts.jsonl\"\n\n[state]\ndirectory = \"/var/lib/convscan\"\n";

    fn faults(source: &str) -> Vec<String> {
        Config::parse("/etc/c.toml", source).faults.iter().map(Diagnostic::one_line).collect()
    }

    #[test]
    fn the_smallest_configuration_stands() {
        let parsed = Config::parse("/etc/c.toml", SMALLEST);
        assert_eq!(parsed.faults, []);
        let config = parsed.config;
        assert!(
            matches!(&config.engines[0].kind, EngineKind::Daemon(places) if matches!(&places[..], [Place { address: Address::Unix(p), .. }] if p.ends_with("clamd.ctl")))
        );
        assert_eq!(config.policy.infected, Action::Replace);
        assert_eq!(config.release, None);
    }

    #[test]
    fn all_faults_come_in_one_run_with_place_and_hint() {
        let source = "[[engine]]\nname = \"a\"\ntype = \"clamd\"\nadress = \"unix:/x\"\n[polcy]\n[limits]\ndeadline = 30\n";
        let faults = faults(source);
        assert_eq!(faults.len(), 4, "{faults:#?}");
        assert!(faults.iter().any(|f| f.contains(":4:1: unknown key `adress` in `engine` (hint: did you mean `address`?)")), "{faults:#?}");
        assert!(
            faults.iter().any(|f| f.contains(":5:2: unknown key `polcy` (hint: did you mean `policy`?)")),
            "{faults:#?}"
        );
        assert!(faults.iter().any(|f| f.contains(":7:12: `deadline` must be a time")), "{faults:#?}");
        assert!(faults.iter().any(|f| f.contains("an engine needs `address`")), "{faults:#?}");
    }

    #[test]
    fn an_infected_part_cannot_be_configured_to_pass_or_bounce() {
        for word in ["pass", "defer", "bounce", "return"] {
            let source = format!("{SMALLEST}[policy]\ninfected = \"{word}\"\n");
            assert_eq!(faults(&source).len(), 1, "{word}");
        }
    }

    #[test]
    fn policy_lines_take_one_word_or_a_table() {
        let one = Config::parse("c", &format!("{SMALLEST}[policy]\nerror = \"hold\"\n"));
        assert!(one.faults.is_empty() && one.config.policy.error.iter().all(|a| *a == Action::Hold));
        let source = format!("{SMALLEST}[policy.error]\ndefault = \"hold\"\ntimed-out = \"pass\"\n");
        let table = Config::parse("c", &source);
        assert_eq!(table.faults, []);
        assert_eq!(table.config.policy.error[6], Action::Pass);
        assert_eq!(table.config.policy.error[0], Action::Hold);
        assert_eq!(faults(&format!("{SMALLEST}[policy.error]\ntimeout = \"pass\"\n")).len(), 1);
    }

    #[test]
    fn how_to_defer_is_known_even_from_a_broken_file() {
        let parsed = Config::parse("c", "[server]\nrelease = \"5.2\"\n[nonsense\n");
        assert!(!parsed.faults.is_empty());
        assert_eq!(parsed.config.release, Some(Release::Before63));
        let parsed = Config::parse("c", "[server]\nrelease = \"V6\"\n");
        assert_eq!(parsed.config.release, Some(Release::Before63));
    }

    #[test]
    fn a_sweeping_pass_does_not_cover_faults_of_ours() {
        let parsed = Config::parse("c", &format!("{SMALLEST}[policy]\nerror = \"pass\"\n"));
        assert_eq!(parsed.faults, []);
        for (action, (kind, name)) in parsed.config.policy.error.iter().zip(ErrorKind::NAMES) {
            let expected = if kind.is_ours() { Action::Defer } else { Action::Pass };
            assert_eq!(*action, expected, "{name}");
        }
        assert_eq!(faults(&format!("{SMALLEST}[policy.error]\nconfiguration = \"pass\"\n")).len(), 1);
    }

    #[test]
    fn relative_paths_start_at_the_file() {
        let source = "[[engine]]\nname = \"r\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n";
        let parsed = Config::parse("/a/b/c.toml", source);
        assert_eq!(parsed.faults, []);
        assert!(
            matches!(&parsed.config.engines[0].kind, EngineKind::Rules(p) if p == std::path::Path::new("/a/b/rules.txt"))
        );
    }
}
