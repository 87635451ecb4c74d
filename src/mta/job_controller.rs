//! job_controller.cnf: pools, channel classes and what they are allowed. Cannot
//! fail: what is wrong becomes a fault.
//!
//! Source: Messaging Server 6.3 Administration Reference, "Job Controller
//! Configuration File"; 6.3 Administration Guide, "The Job Controller"; SIMS 4.0
//! and PMDF call a pool QUEUE; MS Technical Reference, "Channel class".

use std::collections::HashSet;

use super::form;
use super::option_file::{self, OptionFile, Section, Setting};
use super::source::{Lookup, Sources};
use super::statement::FileFaults;
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::text;

/// What may stand behind the `[` of a section.
const SECTIONS: [&str; 4] = ["POOL", "QUEUE", "CHANNEL", "PERIODIC_JOB"];

/// Options that are whole numbers.
const NUMBERS: [&str; 15] = [
    "tcp_port",
    "udp_port",
    "debug",
    "use_nslog",
    "max_messages",
    "max_cache_messages",
    "capacity",
    "rebuild_parallel_channels",
    "job_limit",
    "max_life_age",
    "max_life_conns",
    "max_life_askwork",
    "max_life_time",
    "anon_host",
    "rebuild_in_order",
];

/// Options that are not.
const TEXTS: [&str; 16] = [
    "secret",
    "interface_address",
    "synch_time",
    "sync_time",
    "master_command",
    "slave_command",
    "args",
    "command",
    "time",
    "start",
    "user",
    "urgent_delivery",
    "normal_delivery",
    "nonurgent_delivery",
    "tcp_ports",
    "periodic_command",
];

/// A file for the Job Controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobController {
    /// Options before the first section hold for all sections that do not say
    /// otherwise.
    pub options: OptionFile,
}

impl JobController {
    #[cfg(any(test, feature = "testing"))]
    /// Reads `text`. Files that it includes are not read, only listed by
    /// [`Sources::includes`].
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let (options, faults) = option_file::read(path, text, None, check);
        (Self { options }, faults)
    }

    /// Reads `text` and, in place of each `<file` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        let (options, faults) = option_file::read(path, text, Some(lookup), check);
        (Self { options }, faults)
    }

    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.options.sources
    }

    /// The pools in the order of the file.
    pub fn pools(&self) -> impl Iterator<Item = &Section> {
        self.options.sections.iter().filter(|section| is_pool(section))
    }

    #[cfg(any(test, feature = "testing"))]
    /// The first pool called `name`, whatever the case.
    pub fn pool(&self, name: &str) -> Option<&Section> {
        self.pools().find(|section| section.name.is(name))
    }

    /// The pool of channels that name none: the first one.
    pub fn default_pool(&self) -> Option<&Section> {
        self.pools().next()
    }

    /// The option of `section`, or else the one before the first section.
    pub fn effective<'a>(&'a self, section: &'a Section, name: &str) -> Option<&'a Setting> {
        section.last(name).or_else(|| self.options.last(name))
    }

    /// How many processes `pool` may have at once, and where that is said;
    /// `None` if it is said nowhere.
    pub fn job_limit<'a>(&'a self, pool: &'a Section) -> Option<&'a Setting> {
        self.effective(pool, "JOB_LIMIT")
    }

    /// The section that `channel` falls to: the one with its full name, else the
    /// longest that ends in `*` and fits. No manual says which of two sections
    /// that fit counts.
    pub fn channel_section_for(&self, channel: &str) -> Option<&Section> {
        let channel = channel.to_ascii_lowercase();
        let sections = self.options.sections.iter().filter(|section| section.kind.is("CHANNEL"));
        let fitting = sections.filter_map(|section| Some((fit(&section.name.text, &channel)?, section)));
        // The first of those that fit equally well.
        fitting.rev().max_by_key(|(fit, _)| *fit).map(|(_, section)| section)
    }
}

fn is_pool(section: &Section) -> bool {
    section.kind.is("POOL") || section.kind.is("QUEUE")
}

/// How well `name`, which may end in `*`, fits `channel`.
fn fit(name: &str, channel: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    match name.strip_suffix('*') {
        Some(start) => channel.starts_with(start).then_some(start.len()),
        None => (name == channel).then_some(usize::MAX),
    }
}

fn check(file: &OptionFile, faults: &mut FileFaults) {
    file.settings.iter().for_each(|setting| check_setting(setting, faults));
    let mut pools = HashSet::new();
    for section in &file.sections {
        section.settings.iter().for_each(|setting| check_setting(setting, faults));
        let name = text::printable_str(&section.name.text, text::SHOWN);
        if is_pool(section) && !pools.insert(section.name.text.to_ascii_lowercase()) {
            let hint = "give it another name, or make one pool of the two";
            let message = format!("another pool `{name}`");
            faults.breaks(form::DUPLICATE, Severity::Error, section.name.span, message, hint);
        }
        if !section.kind.text.is_empty() && !SECTIONS.iter().any(|known| section.kind.is(known)) {
            faults.add(Severity::Error, section.kind.span, || {
                unknown(&section.kind.text, "section", &SECTIONS)
            });
        }
    }
}

fn check_setting(setting: &Setting, faults: &mut FileFaults) {
    let Setting { name, value } = setting;
    if NUMBERS.iter().any(|known| name.is(known)) {
        if value.number().is_none_or(|number| number < 0) {
            faults.add(Severity::Error, value.span.max(name.span), || {
                let shown = text::printable_str(&value.text, text::SHOWN);
                let hint = format!("`{}` takes a number without sign", name.text.to_ascii_uppercase());
                (format!("no number: `{shown}`"), hint)
            });
        }
    } else if !name.text.is_empty() && !TEXTS.iter().any(|known| name.is(known)) {
        let known: Vec<&str> = NUMBERS.iter().chain(&TEXTS).copied().collect();
        faults.add(Severity::Warning, name.span, || unknown(&name.text, "option", &known));
    }
}

/// The words for something that no manual knows.
fn unknown(word: &str, what: &str, known: &[&str]) -> (String, String) {
    let shown = text::printable_str(word, text::SHOWN);
    let near = match known.iter().copied().find(|known| known.eq_ignore_ascii_case(word)) {
        Some(same) => Some(same),
        None => nearest(&shown.to_ascii_lowercase(), known.iter().copied())
            .or_else(|| nearest(&shown.to_ascii_uppercase(), known.iter().copied())),
    };
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "does the manual of your release know it?".to_owned(),
    };
    (format!("unknown {what} `{shown}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "! defaults\ntcp_port=27442\nJob_Limit = 7\nslave_command=NULL\n!\n\
        [POOL=DEFAULT]\njob_limit=10\n[pool=Conv_Pool]\n[CHANNEL=conversion*]\n\
        master_command=IMTA_BIN:conversion\n[CHANNEL=conversion_ext]\n[CHANNEL=*]\n[CHANNEL=tcp_*]\nanon_host=0\n";

    #[test]
    fn pools_inherit_and_channels_find_their_section() {
        let (file, faults) = JobController::parse("j", SAMPLE);
        assert_eq!(faults, []);
        assert_eq!(file.default_pool().unwrap().name.text, "DEFAULT");
        let limit = |name| file.job_limit(file.pool(name).unwrap()).unwrap();
        assert_eq!((limit("default").number(), limit("CONV_POOL").number()), (Some(10), Some(7)));
        assert_eq!(file.sources().line(limit("conv_pool").value.span), 3);
        assert_eq!(file.pool("other"), None);
        for (channel, section) in [
            ("conversion", "conversion*"),
            ("CONVERSION_2", "conversion*"),
            ("conversion_ext", "conversion_ext"),
            ("tcp_local", "tcp_*"),
            ("ims-ms", "*"),
        ] {
            assert_eq!(file.channel_section_for(channel).unwrap().name.text, section, "{channel}");
        }
        let section = file.channel_section_for("conversion").unwrap();
        assert_eq!(file.effective(section, "slave_command").unwrap().value.text, "NULL");
    }

    #[test]
    fn faults_have_hints() {
        for (text, message, hint) in [
            ("[POOL=A]\njob_limit=x\n", "no number: `x`", "`JOB_LIMIT` takes a number without sign"),
            ("job_limit=\n", "no number: ``", "`JOB_LIMIT` takes a number without sign"),
            ("job_limits=1\n", "unknown option `job_limits`", "did you mean `job_limit`?"),
            ("xyzzy=1\n", "unknown option `xyzzy`", "does the manual of your release know it?"),
            ("[Pools=A]\n", "unknown section `Pools`", "did you mean `POOL`?"),
            (
                "[POOL=A]\n[QUEUE=a]\n",
                "another pool `a`",
                "give it another name, or make one pool of the two",
            ),
        ] {
            let (_, faults) = JobController::parse("j", text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!((faults[0].message.as_str(), faults[0].hint.as_deref()), (message, Some(hint)));
        }
    }
}
