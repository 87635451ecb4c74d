//! A set-up: every file that was read, and what is known of the machine it is
//! for. Cannot fail; what was not read is not there.

mod bound;
pub mod file;
pub mod find;
pub mod load;
mod sight;

use std::path::PathBuf;

use toml::de::DeTable;

use self::file::{Outcome, Role, Seen};
use self::find::Paths;
use crate::config::{Config, key};
use crate::diagnostic::Diagnostic;
use crate::mta::conversions::Conversions;
use crate::mta::counters::Counters;
use crate::mta::imta_cnf::ImtaCnf;
use crate::mta::job_controller::JobController;
use crate::mta::mappings::Mappings;
use crate::mta::option_file::OptionFile;
use crate::mta::scanner_conf::ServerConf;
use crate::mta::summarize::Summary;
use crate::mta::tailor::Tailor;
use crate::mta::unified::Unified;
use crate::os::account::Account;
use crate::status::Release;

/// Everything that rules look at.
#[derive(Debug, Default)]
pub struct Setup {
    /// Every file that was asked for, read or not.
    pub files: Vec<Seen>,
    /// What the readers complained of, and about which kind of file.
    pub faults: Vec<(Role, Diagnostic)>,
    /// imta_tailor.
    pub tailor: Option<Tailor>,
    /// What stands for it, where no such file was read.
    pub names: Option<Tailor>,
    /// config.xml; with it the server does not use imta.cnf and its like.
    pub unified: Option<Unified>,
    /// imta.cnf.
    pub imta: Option<ImtaCnf>,
    /// job_controller.cnf.
    pub jobs: Option<JobController>,
    /// option.dat.
    pub options: Option<OptionFile>,
    /// dispatcher.cnf.
    pub dispatcher: Option<OptionFile>,
    /// mappings, or the tables of config.xml as such a file.
    pub mappings: Option<Mappings>,
    /// conversions, or the entries of config.xml as such a file.
    pub conversions: Option<Conversions>,
    /// clamd.conf, one for each clamd.
    pub clamd: Vec<ServerConf>,
    /// freshclam.conf.
    pub freshclam: Option<ServerConf>,
    /// c-icap.conf and the files of its modules.
    pub icap: Vec<ServerConf>,
    /// What `imsimta qm summarize` printed.
    pub summary: Option<Summary>,
    /// What `imsimta counters -show` printed.
    pub counters: Option<Counters>,
    /// Our own configuration.
    pub own: Option<Own>,
    /// The machine, if this is the one that the files are for.
    pub here: Option<Here>,
    /// The directory of the queues, if it is known.
    pub queue: Option<PathBuf>,
    /// What `cnbuild` made of the server's files, if it is known where that is.
    pub image: Option<PathBuf>,
    /// How the paths that the server's files name are found here.
    pub paths: Paths,
    /// The files, as they were named, that are not UTF-8 but ISO 8859-1.
    pub latin1: Vec<String>,
    /// Cores of the machine that the files are for, if known.
    pub cores: Option<usize>,
}

/// Our own configuration, as far as it is understood.
#[derive(Debug)]
pub struct Own {
    /// The file as it was named.
    pub path: String,
    /// All of it.
    pub text: String,
    /// What it says.
    pub config: Config,
}

/// The release that our configuration states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// As it is written.
    pub text: String,
    /// What that means.
    pub release: Release,
}

impl Own {
    /// What `[server] release` says, if it is there.
    pub fn stated_release(&self) -> Option<Stated> {
        let (release, key) = (self.config.release?, key::SERVER_RELEASE);
        let table = DeTable::parse(&self.text).ok()?;
        let server = table.get_ref().get(key.table())?.get_ref().as_table()?;
        let text = server.get(key.name())?.get_ref().as_str()?.to_owned();
        Some(Stated { release, text })
    }
}

/// This machine.
#[derive(Debug)]
pub struct Here {
    /// The account that the server runs commands as.
    pub account: Option<Account>,
    /// Its name, whether or not this machine knows it.
    pub account_name: String,
    /// Seconds since 1970.
    pub now: u64,
}

impl Setup {
    /// Whether the server keeps its configuration in config.xml.
    pub fn is_unified(&self) -> bool {
        self.unified.is_some()
    }

    /// The server's release, as far as our own configuration says it.
    pub fn release(&self) -> Release {
        self.own.as_ref().map_or_else(Release::default, |own| own.config.release())
    }

    /// The file of this kind that was read, or was to be.
    pub fn file(&self, role: Role) -> Option<&Seen> {
        self.files.iter().find(|seen| seen.role == role)
    }

    /// Where the file of this kind was read.
    pub fn path_of(&self, role: Role) -> Option<&PathBuf> {
        self.file(role).filter(|seen| seen.outcome == Outcome::Read).map(|seen| &seen.path)
    }
}

impl Setup {
    /// The files of the server, as they were named, and what is in them.
    pub fn servers_texts(&self) -> Vec<(&str, &str)> {
        let lists = [
            self.tailor.as_ref().map(|tailor| tailor.options.sources.files()),
            self.imta.as_ref().map(|imta| imta.sources.files()),
            self.jobs.as_ref().map(|jobs| jobs.sources().files()),
            self.options.as_ref().map(|options| options.sources.files()),
            self.mappings.as_ref().filter(|_| !self.is_unified()).map(|mappings| mappings.sources().files()),
        ];
        let sources = lists.into_iter().flatten().flatten();
        let conversions = self.conversions.as_ref().filter(|_| !self.is_unified());
        let conversions = conversions.map(|conversions| (&*conversions.path, &*conversions.text));
        sources.map(|source| (&*source.path, &*source.text)).chain(conversions).collect()
    }

    /// Where a file that was read is on this machine: included ones go by the name
    /// that the server has for them.
    pub fn local(&self, path: &str) -> PathBuf {
        match self.tailor.as_ref().or(self.names.as_ref()) {
            Some(tailor) => self.paths.local(&tailor.expand(path)),
            None => PathBuf::from(path),
        }
    }

    /// The text of a file of the server, of the scanners or of ours, as it was named.
    pub fn text(&self, path: &str) -> Option<&str> {
        let scanners = self.clamd.iter().chain(&self.freshclam).chain(&self.icap);
        let scanners = scanners.flat_map(|conf| conf.sources.files()).map(|file| (&*file.path, &*file.text));
        let own = self.own.iter().map(|own| (&*own.path, &*own.text));
        let all = self.servers_texts().into_iter().chain(scanners).chain(own);
        all.into_iter().find(|(known, _)| *known == path).map(|(_, text)| text)
    }
}
