//! The fragments that put convscan into the files of one site's mail server.
//! Fails only where what the site asks for does not go together.

mod fill;
mod jobs;
mod name;
mod server;
mod text;

use self::fill::uncommented;
pub use self::jobs::Jobs;
pub use self::name::{ChannelName, EntryPath, HostName};
pub use self::server::{Configuration, Server};
use crate::status::Release;

/// Longest line of the server's files (6.3 Administration Guide, 13.5.3).
const LINE: usize = 252;

/// The file of the server that a fragment goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Pools.
    JobController,
    /// Channels.
    Channels,
    /// The entry.
    Conversions,
    /// The table.
    Mappings,
}

impl Part {
    /// In the order in which they are put in: the table turns the traffic, so it
    /// is the last.
    pub const ALL: [Self; 4] = [Self::JobController, Self::Channels, Self::Conversions, Self::Mappings];

    /// The name of the server's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::JobController => "job_controller.cnf",
            Self::Channels => "imta.cnf",
            Self::Conversions => "conversions",
            Self::Mappings => "mappings",
        }
    }

    /// The part with this name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let part = Self::ALL.into_iter().find(|part| part.name() == text);
        part.ok_or_else(|| format!("write one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What a fragment is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The server's text files.
    Legacy,
    /// The `msconfig` command of Unified Configuration.
    Msconfig,
}

impl Format {
    /// The format with this name.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "legacy" => Ok(Self::Legacy),
            "msconfig" => Ok(Self::Msconfig),
            _ => Err("write legacy or msconfig".to_owned()),
        }
    }
}

/// What a site asks for.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Its mail server.
    pub server: Server,
    /// Jobs of both channels.
    pub jobs: Jobs,
    /// Where convscan is.
    pub program: EntryPath,
    /// The configuration that the entry names, if any.
    pub config: Option<EntryPath>,
    /// Channels from and to outside.
    pub external: Vec<ChannelName>,
    /// Channels of the message store; none stands for those of the server.
    pub store: Vec<ChannelName>,
    /// The name of the server's host, if rewrite rules are to have it.
    pub local_host: Option<HostName>,
    /// What the fragments are written for.
    pub format: Format,
}

/// Wishes that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What is wrong, with the option's name.
    pub message: String,
    /// How to mend it.
    pub hint: &'static str,
}

/// A site whose wishes go together.
#[derive(Clone, Debug)]
pub struct Site(Wishes);

/// A piece of text for one of the server's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it goes.
    pub part: Part,
    /// The name it has as a file.
    pub file: &'static str,
    /// What it says.
    pub text: String,
}

impl Site {
    /// Sees whether `wishes` go together.
    pub fn new(mut wishes: Wishes) -> Result<Self, Contradiction> {
        let fail = |message: String, hint| Err(Contradiction { message, hint });
        if wishes.format == Format::Msconfig {
            if wishes.server.configuration() == Configuration::Legacy {
                let message = "--format msconfig: this release has no `msconfig`".to_owned();
                return fail(message, "say --release 7.0.5 or later, or leave --format out");
            }
            if let Some(host) = &wishes.local_host {
                let message =
                    format!("--local-host {host}: with --format msconfig there are no rewrite rules");
                return fail(message, "leave --local-host out");
            }
        }
        if wishes.external.is_empty() {
            let message = "--external: no channel is named".to_owned();
            return fail(message, "name the channel that mail from outside comes by");
        }
        if wishes.store.is_empty() {
            wishes.store = stores(wishes.server.release())?;
        }
        if let Some(message) = named_twice(&wishes.external, &wishes.store) {
            return fail(message, "name each channel once, with --external or with --store");
        }
        let length = text::conversions(&wishes).lines().map(str::len).max().unwrap_or(0);
        if length > LINE {
            let message =
                format!("--program, --config: with them a line of the entry has {length} characters");
            return fail(message, "choose shorter paths, together at most 140 characters");
        }
        Ok(Self(wishes))
    }

    /// All fragments, in the order in which they are put in.
    pub fn fragments(&self) -> [Fragment; 4] {
        Part::ALL.map(|part| self.fragment(part))
    }

    /// The fragment for one file.
    pub fn fragment(&self, part: Part) -> Fragment {
        let wishes = &self.0;
        let (file, text) = match (part, wishes.format) {
            (Part::JobController, Format::Legacy) => {
                ("job-controller-snippets/job_controller.cnf-pools", text::pools(wishes))
            }
            (Part::JobController, Format::Msconfig) => {
                ("job-controller-snippets/msconfig-pools", text::msconfig_pools(wishes))
            }
            (Part::Channels, Format::Legacy) => ("imta-snippets/imta.cnf-channels", text::channels(wishes)),
            (Part::Channels, Format::Msconfig) => {
                ("imta-snippets/msconfig-channels", text::msconfig_channels(wishes))
            }
            (Part::Conversions, format) => {
                (conversions_file(wishes.server.release()), commented(format, text::conversions(wishes)))
            }
            (Part::Mappings, format) => {
                ("imta-snippets/mappings-CONVERSIONS", commented(format, text::mappings(wishes)))
            }
        };
        Fragment { part, file, text }
    }

    /// What whoever uses the fragments must know besides.
    pub fn notes(&self) -> &'static [&'static str] {
        match (self.0.format, self.0.server.release()) {
            (Format::Msconfig, _) => &[
                "not tried on a live server: docs/configuration.md, \"Unified Configuration\", tells what to look at before `write`",
                "conversions and mappings are texts for `edit conversions` and `edit mappings` of msconfig",
            ],
            (Format::Legacy, Release::Pmdf) => &[
                "for PMDF these were made by its manual and not tried; channels go into pmdf.cnf, queues into job_controller.cnf_site",
            ],
            (Format::Legacy, Release::From63 | Release::Before63) => &[],
        }
    }
}

/// The entry alone, without what it says of itself.
pub fn entry(server: &Server, program: &EntryPath, config: Option<&EntryPath>) -> String {
    uncommented(&text::entry(server, program, config))
}

/// What the entry of a server does where convscan gives no answer.
pub fn guard(release: Release) -> String {
    text::guard(&text::status(release))
}

/// The channels that bring mail to mailboxes, where the site names none.
fn stores(release: Release) -> Result<Vec<ChannelName>, Contradiction> {
    let names: &[&str] = match release {
        Release::From63 | Release::Before63 => &["ims-ms"],
        // PMDF 6.8 System Manager's Guide, 10.4.
        Release::Pmdf => &["l", "msgstore"],
    };
    let names = names.iter().map(|name| ChannelName::parse(name));
    names.collect::<Result<_, _>>().map_err(|message| Contradiction { message, hint: "say --store" })
}

/// A complaint about the first channel that has been named before.
fn named_twice(external: &[ChannelName], store: &[ChannelName]) -> Option<String> {
    let named = |option: &'static str| move |name| (option, name);
    let all: Vec<(&str, &ChannelName)> =
        external.iter().map(named("--external")).chain(store.iter().map(named("--store"))).collect();
    let twice = |(i, (option, name)): (usize, &(&'static str, &ChannelName))| {
        let (other, _) = all.iter().take(i).find(|(_, before)| before.is(name))?;
        Some(format!("{option} {name}: {other} has named this channel already"))
    };
    all.iter().enumerate().find_map(twice)
}

/// The name of the entry's file.
fn conversions_file(release: Release) -> &'static str {
    match release {
        Release::From63 => "imta-snippets/conversions",
        Release::Before63 | Release::Pmdf => "imta-snippets/conversions-before-6.3",
    }
}

/// With or without the comments: whether `msconfig` keeps them is not known.
fn commented(format: Format, text: String) -> String {
    match format {
        Format::Legacy => text,
        Format::Msconfig => uncommented(&text),
    }
}
