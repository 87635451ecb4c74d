//! How large a message the server takes, and how large a part of it the engines
//! are given. Cannot fail; what no file says is unknown.

use std::collections::HashSet;

use super::server::Channel;
use super::traffic::Side;
use crate::config::EngineKind;
use crate::doctor::setup::Setup;

/// Bytes of a block where BLOCK_SIZE does not say otherwise (6.3 Administration
/// Guide, 12.9.2).
const BLOCK: u64 = 1024;

/// The largest message that is scanned.
#[derive(Clone, Debug)]
pub enum Message<'s> {
    /// Nobody knows: its channels are not known.
    Unknown,
    /// Any size.
    Unlimited {
        /// What takes it.
        channel: Channel<'s>,
        /// Bytes of a block.
        block: u64,
    },
    /// No larger than this.
    UpTo {
        /// In bytes.
        bytes: u64,
        /// What takes it: a channel, or all of them.
        by: String,
    },
}

impl Message<'_> {
    /// Its size in bytes, if it has a limit that is known.
    pub fn limit(&self) -> Option<u64> {
        match self {
            Self::UpTo { bytes, .. } => Some(*bytes),
            Self::Unknown | Self::Unlimited { .. } => None,
        }
    }
}

/// The largest message that the server takes from where scanned mail enters it.
pub fn message(setup: &Setup) -> Message<'_> {
    let block = blocks(setup.option("BLOCK_SIZE").and_then(|size| size.number())).unwrap_or(BLOCK);
    let all = setup.option("BLOCK_LIMIT").and_then(|limit| blocks(limit.number()));
    let detour = through_conversion(setup);
    let mut most: Option<(u64, &str)> = None;
    for channel in entrances(setup) {
        let own = channel.keyword("sourceblocklimit").and_then(|limit| blocks(limit.number()));
        let Some(blocks) = [own, all, detour].into_iter().flatten().min() else {
            return Message::Unlimited { channel, block };
        };
        if most.is_none_or(|(most, _)| blocks > most) {
            most = Some((blocks, channel.name));
        }
    }
    match (most, all) {
        (Some((blocks, name)), _) => {
            Message::UpTo { bytes: blocks.saturating_mul(block), by: format!("channel `{name}`") }
        }
        // No channel lets mail in that is known; whatever does, this holds.
        (None, Some(blocks)) => {
            Message::UpTo { bytes: blocks.saturating_mul(block), by: "the MTA".to_owned() }
        }
        (None, None) => Message::Unknown,
    }
}

fn blocks(number: Option<i64>) -> Option<u64> {
    u64::try_from(number?).ok().filter(|blocks| *blocks > 0)
}

/// What all conversion channels take: `blocklimit` is for what is queued to a
/// channel.
fn through_conversion(setup: &Setup) -> Option<u64> {
    let limits = setup
        .conversion_channels()
        .into_iter()
        .map(|channel| blocks(channel.last_of(&["blocklimit", "noblocklimit"])?.number()));
    let limits: Option<Vec<u64>> = limits.collect();
    limits?.into_iter().max()
}

/// The channels by which scanned mail enters: those of SMTP that the CONVERSIONS
/// table names where it says yes to all that comes from them. An entry for mail
/// from anywhere makes entrances only of those from outside, and of those that have
/// a limit: the others are inside as a rule, and who limits what comes from outside
/// need not limit them.
fn entrances(setup: &Setup) -> Vec<Channel<'_>> {
    let named = Named::of(setup);
    let is_one = |channel: &Channel<'_>| {
        let name = channel.name.to_ascii_lowercase();
        let is_outside = || Side::of(&name, setup.release()) == Side::Outside;
        let has_limit = || channel.keyword("sourceblocklimit").is_some();
        name.starts_with("tcp_") && (named.has(&name) || named.anywhere && (is_outside() || has_limit()))
    };
    setup.channels().into_iter().filter(is_one).collect()
}

/// What the CONVERSIONS table says yes to as IN-CHAN.
struct Named {
    names: HashSet<String>,
    prefixes: HashSet<String>,
    anywhere: bool,
}

/// Most beginnings of names that are tried: sites have a few, `tcp_*` as a rule.
const PREFIXES: usize = 64;

impl Named {
    fn of(setup: &Setup) -> Self {
        let mut named = Self { names: HashSet::new(), prefixes: HashSet::new(), anywhere: false };
        let Some(found) = setup.table() else { return Self { anywhere: true, ..named } };
        for entry in &found.table.entries {
            let yes = entry.template.text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("yes"));
            if !yes {
                continue;
            }
            let pattern = entry.pattern.text.to_ascii_lowercase();
            let mut fields = pattern.split(';');
            match fields.next().and_then(|field| field.strip_prefix("in-chan=")) {
                Some("*") | None => named.anywhere = true,
                // Who names some of its mail only may mean what leaves by one channel.
                Some(name) if fields.next() == Some("out-chan=*") => named.add(name),
                Some(_) => {}
            }
        }
        named
    }

    fn add(&mut self, name: &str) {
        match name.strip_suffix('*') {
            // What stands for more than that is no name.
            _ if name.contains(['$', '%']) => {}
            Some(prefix) if prefix.contains('*') => {}
            Some(prefix) => {
                if self.prefixes.len() < PREFIXES {
                    self.prefixes.insert(prefix.to_owned());
                }
            }
            None => {
                self.names.insert(name.to_owned());
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// The largest part that some engine is given, as our configuration says; none if
/// there is an engine without a limit, or if it does not say.
pub fn given(setup: &Setup) -> Option<u64> {
    let engines = &setup.own.as_ref()?.config.engines;
    let scanners = engines.iter().filter(|engine| match engine.kind {
        EngineKind::Daemon(_) | EngineKind::Command(_) => true,
        // It reads a list of its own and leaves nothing to a limit.
        EngineKind::Rules(_) => false,
    });
    let limits: Option<Vec<u64>> = scanners.map(|engine| engine.largest).collect();
    limits?.into_iter().max()
}

/// The largest part that there is to scan, as far as any limit is known.
pub fn part(setup: &Setup) -> Option<u64> {
    [message(setup).limit(), given(setup)].into_iter().flatten().min()
}

/// A number of bytes for people.
pub fn shown(bytes: u64) -> String {
    const MEGA: u64 = 1 << 20;
    if bytes < MEGA {
        return if bytes.is_multiple_of(1024) {
            format!("{} KB", bytes / 1024)
        } else {
            format!("{bytes} bytes")
        };
    }
    // To the next lower tenth, so that no limit looks larger than it is.
    let (whole, tenth) = (bytes / MEGA, bytes % MEGA * 10 / MEGA);
    if tenth == 0 { format!("{whole} MB") } else { format!("{whole}.{tenth} MB") }
}

/// The next number of megabytes, as all the files write it.
pub fn megabytes(bytes: u64) -> String {
    format!("{}M", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, expected) in [
            (0, "0 KB"),
            (1000, "1000 bytes"),
            (40 << 10, "40 KB"),
            (25 << 20, "25 MB"),
            (40_960_000, "39 MB"),
            (41_500_000, "39.5 MB"),
        ] {
            assert_eq!(shown(bytes), expected);
        }
        assert_eq!((megabytes(40_960_000), megabytes(1 << 20)), ("40M".to_owned(), "1M".to_owned()));
    }
}
