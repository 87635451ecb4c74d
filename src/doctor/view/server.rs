//! One view of both ways in which a server keeps its configuration: text files
//! and config.xml. Cannot fail.

use std::collections::HashSet;

use crate::doctor::at::{At, Mend};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Role;
use crate::mta::imta_cnf::{self, ImtaCnf};
use crate::mta::job_controller::JobController;
use crate::mta::option_file::Setting;
use crate::mta::source::{Source, Sources};
use crate::mta::unified::{Node, Unified, UnifiedChannel};

/// A channel of the server.
#[derive(Clone, Debug)]
pub struct Channel<'s> {
    /// Its name.
    pub name: &'s str,
    /// Where its name stands.
    pub at: At<'s>,
    kind: Kind<'s>,
}

#[derive(Clone, Debug)]
enum Kind<'s> {
    Legacy(&'s ImtaCnf, &'s imta_cnf::Channel),
    Unified(&'s Unified, UnifiedChannel<'s>),
}

/// Something that is set: a keyword of a channel, an option.
#[derive(Clone, Copy, Debug)]
pub struct Set<'s> {
    /// Its name as it is written.
    pub name: &'s str,
    /// Its value, the first one of several; may be empty.
    pub value: &'s str,
    /// Where name and value stand.
    pub at: At<'s>,
    /// Where the value stands; the name, if there is none.
    pub value_at: At<'s>,
}

impl Set<'_> {
    /// The value as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.value.trim().parse().ok()
    }
}

/// A pool of the Job Controller.
#[derive(Clone, Debug)]
pub struct Pool<'s> {
    /// Its name.
    pub name: &'s str,
    /// Where its name stands.
    pub at: At<'s>,
    /// How many processes it may have.
    pub job_limit: Option<Set<'s>>,
}

impl<'s> Channel<'s> {
    /// The keyword that holds, of all those that undo each other.
    pub fn last_of(&self, names: &[&str]) -> Option<Set<'s>> {
        match &self.kind {
            Kind::Legacy(imta, channel) => imta.last_of(channel, names).map(|keyword| {
                let value = keyword.argument();
                Set {
                    name: &keyword.name.text,
                    value: value.map_or("", |value| &value.text),
                    at: At::of(&imta.sources, keyword.span()),
                    value_at: At::of(&imta.sources, value.map_or(keyword.name.span, |value| value.span)),
                }
            }),
            Kind::Unified(unified, channel) => {
                names.iter().find_map(|name| channel.option(name)).map(|node| node_set(unified, node))
            }
        }
    }

    /// The keyword that holds.
    pub fn keyword(&self, name: &str) -> Option<Set<'s>> {
        self.last_of(&[name])
    }

    /// What gives the channel this keyword, with `value` behind it unless that is
    /// empty.
    pub fn set(&self, name: &str, value: &str) -> Mend {
        self.set_instead(&[name], value)
    }

    /// The same for keywords that undo each other: the first of `names` takes the
    /// place of whichever of them is there.
    pub fn set_instead(&self, names: &[&str], value: &str) -> Mend {
        let name = names.first().copied().unwrap_or_default();
        let said = if value.is_empty() { name.to_owned() } else { format!("{name} {value}") };
        match &self.kind {
            Kind::Legacy(imta, channel) => {
                let is_one = |keyword: &&imta_cnf::Keyword| names.iter().any(|name| keyword.is(name));
                let own = channel.keywords.iter().rev().find(is_one);
                Mend::Edit(match own {
                    Some(keyword) => At::of(&imta.sources, keyword.span()).replace(&said),
                    None => self.at.append(&format!(" {said}")),
                })
            }
            Kind::Unified(..) => Mend::Write(format!("msconfig set channel:{}.{said}", self.name)),
        }
    }

    /// What takes this keyword from the channel; none where a `defaults` line gives
    /// it.
    pub fn unset(&self, name: &str) -> Option<Mend> {
        match &self.kind {
            Kind::Legacy(imta, channel) => {
                let own = channel.keywords.iter().rev().find(|keyword| keyword.is(name))?;
                Some(Mend::Edit(At::of(&imta.sources, own.span()).replace("")))
            }
            Kind::Unified(..) => Some(Mend::Write(format!("msconfig unset channel:{}.{name}", self.name))),
        }
    }
}

impl Setup {
    /// The channels in the order of the file.
    pub fn channels(&self) -> Vec<Channel<'_>> {
        if let Some(unified) = &self.unified {
            let channels = unified.channels().into_iter();
            return channels.map(|channel| unified_channel(unified, channel)).collect();
        }
        let Some(imta) = &self.imta else { return Vec::new() };
        imta.channels.iter().map(|channel| legacy_channel(imta, channel)).collect()
    }

    /// The channel called `name`, whatever the case.
    pub fn channel(&self, name: &str) -> Option<Channel<'_>> {
        match &self.unified {
            Some(unified) => Some(unified_channel(unified, unified.channel(name)?)),
            None => self.imta.as_ref().and_then(|imta| Some(legacy_channel(imta, imta.channel(name)?))),
        }
    }

    /// Whether the channels of the server are known.
    pub fn knows_channels(&self) -> bool {
        self.unified.is_some() || self.imta.is_some()
    }

    /// The conversion channels; of two with one name the first.
    pub fn conversion_channels(&self) -> Vec<Channel<'_>> {
        let mut names = HashSet::new();
        let mut channels = self.channels();
        channels
            .retain(|channel| is_conversion(channel.name) && names.insert(channel.name.to_ascii_lowercase()));
        channels
    }

    /// The pools in the order of the file; none if they are not known.
    pub fn pools(&self) -> Vec<Pool<'_>> {
        if let Some(unified) = &self.unified {
            let pools = unified.pools().into_iter();
            return pools
                .map(|pool| {
                    let job_limit = pool.job_limit.map(|node| node_set(unified, node));
                    let at = job_limit.map_or(At::new(&unified.path, &unified.text, 0..0), |limit| limit.at);
                    Pool { name: pool.name, at, job_limit }
                })
                .collect();
        }
        let Some(jobs) = &self.jobs else { return Vec::new() };
        jobs.pools()
            .map(|pool| Pool {
                name: &pool.name.text,
                at: At::of(jobs.sources(), pool.name.span),
                job_limit: jobs.job_limit(pool).map(|limit| setting(jobs.sources(), limit)),
            })
            .collect()
    }

    /// The pool of `channel`: the one it names, else the first.
    pub fn pool_of(&self, channel: &Channel<'_>) -> Option<Pool<'_>> {
        let mut pools = self.pools().into_iter();
        match channel.last_of(&["pool", "queue"]) {
            Some(named) => pools.find(|pool| pool.name.eq_ignore_ascii_case(named.value)),
            None => pools.next(),
        }
    }

    /// What makes a pool.
    pub fn add_pool(&self, name: &str, job_limit: u32) -> Mend {
        let first = self.jobs.as_ref().and_then(JobController::default_pool);
        // PMDF says QUEUE.
        let kind = first.map_or("POOL", |pool| &pool.kind.text);
        let lines = format!("[{kind}={name}]\njob_limit={job_limit}");
        match (&self.unified, &self.jobs) {
            (Some(_), _) => {
                Mend::Write(format!("msconfig set job_controller.job_pool:{name}.job_limit {job_limit}"))
            }
            (None, Some(jobs)) => {
                let sources = jobs.sources();
                let last = jobs.pools().filter(|pool| pool.span.file == 0).last();
                Mend::Edit(match last {
                    Some(pool) => At::of(sources, pool.span).below(&lines),
                    None => end_of(sources.files().first()).below(&lines),
                })
            }
            (None, None) => Mend::Write(lines),
        }
    }

    /// Whether it is known which options of the MTA are set.
    pub fn knows_options(&self) -> bool {
        self.options.is_some() || self.is_unified() || self.file(Role::Options).is_some()
    }

    /// The file that options of the MTA stand in.
    pub fn options_path(&self) -> String {
        let role = if self.is_unified() { Role::ConfigXml } else { Role::Options };
        self.file(role).map_or_else(|| role.name().to_owned(), |seen| seen.path.display().to_string())
    }

    /// The option of the MTA called `name`, from option.dat or config.xml.
    pub fn option(&self, name: &str) -> Option<Set<'_>> {
        match &self.unified {
            Some(unified) => unified
                .find(&format!("mta.{}", name.to_ascii_lowercase()))
                .map(|node| node_set(unified, node)),
            None => {
                let options = self.options.as_ref()?;
                options.last(name).map(|found| setting(&options.sources, found))
            }
        }
    }

    /// What sets an option of the MTA.
    pub fn set_option(&self, name: &str, value: &str) -> Mend {
        let line = format!("{name}={value}");
        match (&self.unified, &self.options) {
            (Some(_), _) => Mend::Write(format!("msconfig set mta.{} {value}", name.to_ascii_lowercase())),
            (None, Some(options)) => Mend::Edit(match self.option(name) {
                Some(set) => set.at.replace(&line),
                None => end_of(options.sources.files().first()).below(&line),
            }),
            (None, None) => Mend::Write(line),
        }
    }
}

/// Whether a channel of this name is a conversion channel (PMDF 6.8 System
/// Manager's Guide, 22.1.2).
pub fn is_conversion(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "conversion" || name.starts_with("conversion_")
}

/// A setting of a file of options.
pub(super) fn setting<'s>(sources: &'s Sources, setting: &'s Setting) -> Set<'s> {
    let value = if setting.value.text.is_empty() { setting.name.span } else { setting.value.span };
    Set {
        name: &setting.name.text,
        value: &setting.value.text,
        at: At::of(sources, setting.span()),
        value_at: At::of(sources, value),
    }
}

/// The place behind all of a file.
pub(super) fn end_of(file: Option<&Source>) -> At<'_> {
    let (path, text) = file.map_or(("", ""), |file| (&file.path, &file.text));
    At::new(path, text, text.len()..text.len())
}

fn node_set<'s>(unified: &'s Unified, node: &'s Node) -> Set<'s> {
    let at = At::new(&unified.path, &unified.text, node.span.clone());
    Set { name: &node.name, value: &node.value, at, value_at: at }
}

fn legacy_channel<'s>(imta: &'s ImtaCnf, channel: &'s imta_cnf::Channel) -> Channel<'s> {
    let at = At::of(&imta.sources, channel.name.span);
    Channel { name: &channel.name.text, at, kind: Kind::Legacy(imta, channel) }
}

fn unified_channel<'s>(unified: &'s Unified, channel: UnifiedChannel<'s>) -> Channel<'s> {
    let first = channel.options.first().map_or(0..0, |node| node.span.clone());
    let at = At::new(&unified.path, &unified.text, first);
    Channel { name: channel.name, at, kind: Kind::Unified(unified, channel) }
}
