//! Reads the files of a set-up. Cannot fail; what cannot be read is in the list of
//! files with the reason.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::bound::Bound;
use super::file::{Outcome, Role, Seen, Want};
use super::find::{self, Found, Named, Paths, Search};
pub use super::sight::Machine;
use super::sight::{Modes, Origin, Sight};
use crate::config::{self, Config, EngineKind, Protocol};
use crate::diagnostic::Diagnostic;
use crate::doctor::setup::{Here, Own, Setup};
use crate::mta::conversions::Conversions;
use crate::mta::counters::Counters;
use crate::mta::imta_cnf::ImtaCnf;
use crate::mta::job_controller::JobController;
use crate::mta::mappings::Mappings;
use crate::mta::option_file::OptionFile;
use crate::mta::scanner_conf::{Dialect, ServerConf};
use crate::mta::source::Include;
use crate::mta::summarize::Summary;
use crate::mta::tailor::{File, Tailor};
use crate::mta::unified::Unified;
use crate::os::account::Account;
use crate::os::{clock, cores, files};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Files of the server and of the scanners.
    pub named: Named,
    /// Our own configuration.
    pub own: PathBuf,
    /// Whether the files are for this machine.
    pub machine: Machine,
    /// The account that the server runs commands as, if not as its files say.
    pub account: Option<String>,
    /// Cores of the machine, if another one.
    pub cores: Option<usize>,
}

/// Reads everything that is wanted.
pub fn setup(wanted: &Wanted) -> Setup {
    let mut reader = Reader {
        setup: Setup::default(),
        paths: Paths::default(),
        sight: Rc::new(Sight::new(None, Modes::Copy, [])),
        notes: Notes::default(),
    };
    let search = match wanted.machine {
        Machine::This => Search::Known,
        Machine::Other => Search::None,
    };
    let found = find::server(&wanted.named, search);
    if let Some(path) = &found.tailor {
        reader.setup.tailor =
            reader.read(Role::Tailor, path, Want::Needed, &Bound::of(Role::Tailor), Tailor::parse);
    }
    if let (Some(tailor), Some(path)) = (&reader.setup.tailor, &found.tailor) {
        reader.paths = Paths::new(tailor, path);
    }
    // A server without a tailor file does not say where it belongs.
    let is_copy = reader.paths.is_copy() || found.tailor.is_none() && found.is_elsewhere();
    let machine = if is_copy { Machine::Other } else { wanted.machine };
    reader.sight = sight(wanted, machine, &found, reader.setup.tailor.as_ref());
    let list = find::servers(&found, reader.setup.tailor.as_ref(), &reader.paths, &wanted.named);
    list.iter().for_each(|(role, path, want)| reader.servers_file(*role, path, *want));
    for (role, path) in &wanted.named.files {
        reader.file(*role, path, Want::Needed);
    }
    reader.own(&wanted.own);
    if machine == Machine::This {
        reader.scanners();
    }
    let place = |file| find::place(&found, reader.setup.tailor.as_ref(), &reader.paths, file);
    (reader.setup.queue, reader.setup.image) = (place(File::Queue), place(File::ConfigData));
    reader.finish(wanted, machine, &found)
}

/// On whose behalf the server's files are read: the account that was named, or that
/// they name. Root, and an account of another machine, must have been named.
fn sight(wanted: &Wanted, machine: Machine, found: &Found, tailor: Option<&Tailor>) -> Rc<Sight> {
    let known = |name: &str| Account::named(name).unwrap_or_default();
    let account = match (&wanted.account, machine) {
        (Some(name), _) => known(name),
        (None, Machine::Other) => None,
        (None, Machine::This) => {
            let said = tailor.and_then(Tailor::user).map(known);
            let usual = || found.layout.is_some().then(|| usual_account(found).1).flatten();
            said.unwrap_or_else(usual).filter(|account| account.uid != 0)
        }
    };
    let modes = match machine {
        Machine::This => Modes::Server,
        Machine::Other => Modes::Copy,
    };
    let beside = wanted.named.tailor.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let base = found.layout.as_ref().map(|(_, base)| PathBuf::from(base));
    Rc::new(Sight::new(account, modes, wanted.named.root.iter().cloned().chain(beside).chain(base)))
}

struct Reader {
    setup: Setup,
    paths: Paths,
    sight: Rc<Sight>,
    notes: Notes,
}

/// What comes to light while a file is read that may include others.
#[derive(Clone, Default)]
struct Notes(Rc<RefCell<Noted>>);

#[derive(Default)]
struct Noted {
    /// Names of files that are not UTF-8.
    latin1: Vec<String>,
    /// Included files that are larger than what may be read.
    refused: Vec<Seen>,
}

impl Notes {
    /// These files are older than UTF-8: what is not in that is taken for ISO 8859-1,
    /// in which every byte means something, so that nothing is lost.
    fn text(&self, path: &Path, name: &str, bound: &Bound) -> io::Result<String> {
        let bytes = files::read_start(path, bound.bytes() as u64 + 1)?;
        bound.take(&bytes)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
            self.0.borrow_mut().latin1.push(name.to_owned());
            from_latin1(error.as_bytes())
        }))
    }

    /// The text of an included file; what is too large is told.
    fn included(&self, role: Role, path: &Path, name: &str, bound: &Bound) -> Option<String> {
        self.text(path, name, bound)
            .map_err(|error| {
                if error.kind() == ErrorKind::InvalidData {
                    let outcome = Outcome::Unreadable(format!("with all that includes it, {error}"));
                    self.0.borrow_mut().refused.push(Seen { role, path: path.to_path_buf(), outcome });
                }
            })
            .ok()
    }
}

/// In one piece: to grow a string costs up to twice its size.
fn from_latin1(bytes: &[u8]) -> String {
    let pairs = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let mut text = String::with_capacity(bytes.len() + pairs);
    text.extend(bytes.iter().map(|byte| char::from(*byte)));
    text
}

impl Reader {
    /// A file that nobody named.
    fn servers_file(&mut self, role: Role, path: &Path, want: Want) {
        if self.sight.may_read(path, Origin::Server) {
            self.file(role, path, want);
        } else {
            let why = "not looked at, for the server's account may not read it: name it by its own option";
            self.saw(role, path, Outcome::Unreadable(why.to_owned()));
        }
    }

    fn file(&mut self, role: Role, path: &Path, want: Want) {
        let bound = Bound::of(role);
        let tailor = self.names(path);
        let paths = self.paths.clone();
        let (notes, sight) = (self.notes.clone(), Rc::clone(&self.sight));
        let mut included = |include: &Include| {
            let said = tailor.expand(&include.path);
            let path = paths.local(&said);
            let origin = if path == Path::new(&said) { Origin::Included } else { Origin::Moved };
            sight.may_read(&path, origin).then(|| notes.included(role, &path, &include.path, &bound))?
        };
        match role {
            Role::Tailor => self.setup.tailor = self.read(role, path, want, &bound, Tailor::parse),
            Role::ConfigXml => self.setup.unified = self.read(role, path, want, &bound, Unified::parse),
            Role::Imta => {
                let parse = |path: &str, text: &str| ImtaCnf::parse_with(path, text, &mut included);
                self.setup.imta = self.read(role, path, want, &bound, parse);
            }
            Role::JobController => {
                let parse = |path: &str, text: &str| JobController::parse_with(path, text, &mut included);
                self.setup.jobs = self.read(role, path, want, &bound, parse);
            }
            Role::Options | Role::Dispatcher => {
                let parse = |path: &str, text: &str| OptionFile::parse_with(path, text, &mut included);
                let read = self.read(role, path, want, &bound, parse);
                let place =
                    if role == Role::Options { &mut self.setup.options } else { &mut self.setup.dispatcher };
                *place = read;
            }
            Role::Mappings => {
                let parse = |path: &str, text: &str| Mappings::parse_with(path, text, &mut included);
                self.setup.mappings = self.read(role, path, want, &bound, parse);
            }
            Role::Conversions => {
                self.setup.conversions = self.read(role, path, want, &bound, Conversions::parse);
            }
            Role::Clamd | Role::Freshclam | Role::Icap => self.scanner(role, path, want, &bound),
            Role::Summary => self.setup.summary = self.read(role, path, want, &bound, Summary::parse),
            Role::Counters => {
                let parse = |path: &str, text: &str| (Counters::parse(path, text), Vec::new());
                self.setup.counters = self.read(role, path, want, &bound, parse);
            }
            Role::Own => self.own(path),
        }
    }

    /// What the names before colons stand for: as the tailor file says, else what is
    /// known without it, beginning from where the server's first file is.
    fn names(&mut self, path: &Path) -> Tailor {
        if let Some(tailor) = &self.setup.tailor {
            return tailor.clone();
        }
        let beside = || Tailor::parse(&path.with_file_name("imta_tailor").to_string_lossy(), "").0;
        self.setup.names.get_or_insert_with(beside).clone()
    }

    fn scanner(&mut self, role: Role, path: &Path, want: Want, bound: &Bound) {
        let dialect = if role == Role::Icap { Dialect::CIcap } else { Dialect::ClamAv };
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        // c-icap takes the names of its includes from its own directory.
        let (notes, sight) = (self.notes.clone(), Sight::new(None, Modes::Copy, [base.clone()]));
        let mut included = |include: &Include| {
            let path = base.join(&include.path);
            let is_beside = Path::new(&include.path).is_relative();
            let origin = if is_beside { Origin::Moved } else { Origin::Included };
            sight.may_read(&path, origin).then(|| notes.included(role, &path, &include.path, bound))?
        };
        let parse = |path: &str, text: &str| ServerConf::parse_with(path, text, dialect, &mut included);
        let read = self.read(role, path, want, bound, parse);
        match role {
            Role::Freshclam => self.setup.freshclam = read,
            Role::Icap => self.setup.icap.extend(read),
            _ => self.setup.clamd.extend(read),
        }
    }

    fn own(&mut self, path: &Path) {
        let shown = path.display().to_string();
        match files::read_text(path, config::LARGEST) {
            Ok(text) => {
                let parsed = Config::parse(&shown, &text);
                self.saw(Role::Own, path, Outcome::Read);
                self.setup.own = Some(Own { path: shown, text, config: parsed.config });
                self.setup.faults.extend(parsed.faults.into_iter().map(|fault| (Role::Own, fault)));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.saw(Role::Own, path, Outcome::Missing);
            }
            Err(error) => self.saw(Role::Own, path, Outcome::Unreadable(error.to_string())),
        }
    }

    /// The files of the scanners that our configuration asks, where the command
    /// line names none.
    fn scanners(&mut self) {
        let Some(own) = &self.setup.own else { return };
        let asks = |wanted: fn(&Protocol) -> bool| {
            own.config.engines.iter().any(|engine| match &engine.kind {
                EngineKind::Daemon(places) => places.iter().any(|place| wanted(&place.protocol)),
                EngineKind::Command(_) | EngineKind::Rules(_) => false,
            })
        };
        let clamd = asks(|protocol| matches!(protocol, Protocol::Clamd));
        let icap = asks(|protocol| matches!(protocol, Protocol::Icap { .. }));
        for (role, asked) in [(Role::Clamd, clamd), (Role::Freshclam, clamd), (Role::Icap, icap)] {
            let named = self.setup.files.iter().any(|seen| seen.role == role);
            if let Some(path) = find::scanners(role).filter(|_| asked && !named) {
                self.file(role, &path, Want::Optional);
            }
        }
    }

    fn read<T>(
        &mut self,
        role: Role,
        path: &Path,
        want: Want,
        bound: &Bound,
        parse: impl FnOnce(&str, &str) -> (T, Vec<Diagnostic>),
    ) -> Option<T> {
        let shown = path.display().to_string();
        match self.notes.text(path, &shown, bound) {
            Ok(text) => {
                let (parsed, faults) = parse(&shown, &text);
                self.setup.faults.extend(faults.into_iter().map(|fault| (role, fault)));
                self.saw(role, path, Outcome::Read);
                Some(parsed)
            }
            Err(error) if error.kind() == ErrorKind::NotFound && want == Want::Optional => {
                self.saw(role, path, Outcome::Absent);
                None
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.saw(role, path, Outcome::Missing);
                None
            }
            Err(error) => {
                self.saw(role, path, Outcome::Unreadable(error.to_string()));
                None
            }
        }
    }

    fn saw(&mut self, role: Role, path: &Path, outcome: Outcome) {
        self.setup.files.push(Seen { role, path: path.to_path_buf(), outcome });
    }

    fn finish(mut self, wanted: &Wanted, machine: Machine, found: &Found) -> Setup {
        self.unified_tables();
        let setup = &mut self.setup;
        setup.cores = wanted.cores;
        if machine == Machine::This {
            setup.cores = setup.cores.or_else(|| Some(cores::count()));
            let said = setup.tailor.as_ref().and_then(Tailor::user).map(str::to_owned);
            let (account_name, account) = match wanted.account.clone().or(said) {
                Some(name) => (name.clone(), Account::named(&name).unwrap_or_default()),
                None => usual_account(found),
            };
            setup.here = Some(Here { account, account_name, now: clock::micros() / 1_000_000 });
        }
        setup.paths = self.paths;
        let Noted { latin1, refused } = self.notes.0.take();
        setup.latin1 = latin1;
        setup.files.extend(refused);
        self.setup
    }

    /// What config.xml holds of other files takes their place.
    fn unified_tables(&mut self) {
        let Some(unified) = &self.setup.unified else { return };
        // What the old files say does not count, nor what is wrong with it.
        (self.setup.imta, self.setup.jobs, self.setup.options) = (None, None, None);
        (self.setup.mappings, self.setup.conversions) = (None, None);
        self.setup.faults.retain(|(role, _)| !role.is_replaced());
        let mappings = unified.mappings_text();
        if !mappings.is_empty() {
            // Its form is not the site's own: complaints about it would be ours.
            self.setup.mappings = Some(Mappings::parse(&unified.path, &mappings).0);
        }
        if let Some(node) = unified.conversions() {
            let (conversions, faults) =
                Conversions::parse(&format!("{}(mta.conversions)", unified.path), &node.value);
            self.setup.conversions = Some(conversions);
            self.setup.faults.extend(faults.into_iter().map(|fault| (Role::Conversions, fault)));
        }
    }
}

/// The account that a server runs as which does not say it: the usual one of its
/// release that this machine has. Without a server, whoever runs this.
fn usual_account(found: &Found) -> (String, Option<Account>) {
    let usual = found.layout.as_ref().map_or(&[][..], |(layout, _)| layout.accounts);
    let known = usual.iter().find_map(|name| Account::named(name).ok().flatten());
    match (known, usual.first()) {
        (Some(account), _) => (account.name.clone(), Some(account)),
        (None, Some(name)) => ((*name).to_owned(), None),
        (None, None) => {
            let own = Account::own().ok();
            (own.as_ref().map_or(String::new(), |own| own.name.clone()), own)
        }
    }
}
