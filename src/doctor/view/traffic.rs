//! Which mail makes the detour: from each kind of channel to each, by the
//! CONVERSIONS table. Cannot fail.

use std::fmt::Write;

use crate::doctor::setup::Setup;
use crate::mta::mappings::coverage::{Coverage, Says};
use crate::status::Release;
use crate::text;

/// What a channel is for, as far as its name tells (6.3 Administration Guide,
/// "Channel Definitions", the channels of the default configuration).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From and to outside.
    Outside,
    /// From people who have said who they are.
    Submission,
    /// From and to machines inside, and whatever is of no other kind.
    Inside,
    /// To mailboxes.
    Mailboxes,
    /// Mail stops over here, and goes on from here: it may have come from
    /// anywhere.
    Stopover,
    /// Mail does not go anywhere from here, or it is the detour itself.
    End,
}

impl Side {
    /// Those that mail comes from, as rows.
    pub const SOURCES: [Self; 4] = [Self::Outside, Self::Submission, Self::Inside, Self::Stopover];

    /// Those that mail goes to, as columns.
    pub const DESTINATIONS: [Self; 3] = [Self::Outside, Self::Inside, Self::Mailboxes];

    /// What the channel called `name` is for.
    pub fn of(name: &str, release: Release) -> Self {
        let name = name.to_ascii_lowercase();
        let starts = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        if name == "tcp_local" || starts(&["tcp_local_", "tcp_external"]) {
            Self::Outside
        } else if starts(&["tcp_submit", "tcp_auth"]) {
            Self::Submission
        } else if starts(&["ims-ms", "ims_ms", "tcp_lmtpc", "msgstore"])
            || (name == "l" && release == Release::Pmdf)
        {
            Self::Mailboxes
        } else if starts(&["process", "reprocess", "defragment", "hold"]) {
            Self::Stopover
        } else if starts(&["conversion", "bitbucket", "filter_discard", "deleted", "script", "disclaimer"])
            || name == "l"
        {
            Self::End
        } else {
            Self::Inside
        }
    }

    /// As the source of mail.
    fn from(self) -> &'static str {
        match self {
            Self::Outside => "from outside",
            Self::Submission => "from submission",
            Self::Inside => "from inside",
            Self::Mailboxes => "from mailboxes",
            Self::Stopover => "from a stop over",
            Self::End => "from elsewhere",
        }
    }

    /// As where mail goes.
    fn to(self) -> &'static str {
        match self {
            Self::Outside => "to outside",
            Self::Submission => "to submission",
            Self::Inside => "to inside",
            Self::Mailboxes => "to mailboxes",
            Self::Stopover => "to a stop over",
            Self::End => "to nowhere",
        }
    }
}

/// A channel that mail comes from or goes to.
#[derive(Clone, Copy, Debug)]
struct End<'s> {
    name: &'s str,
    side: Side,
}

/// All traffic of a server.
#[derive(Debug)]
pub struct Traffic<'s> {
    sources: Vec<End<'s>>,
    destinations: Vec<End<'s>>,
    coverage: Option<Coverage>,
}

/// Mail of one kind.
#[derive(Debug)]
pub struct Flow<'s> {
    /// Where it comes from.
    pub from: Side,
    /// Where it goes.
    pub to: Side,
    /// How many pairs of channels it has.
    pub pairs: usize,
    /// Of these, those whose mail makes the detour.
    pub converted: usize,
    /// Those of which that cannot be told.
    pub unknown: usize,
    /// The others: source, destination, and the entry that decides.
    pub straight: Vec<(&'s str, &'s str, Option<usize>)>,
}

/// Most pairs of one flow that are kept: a message names a few, and what is to be
/// written is a pattern then.
const KEPT: usize = 8;

impl<'s> Traffic<'s> {
    /// The traffic of `setup`, if its channels and its mappings are known.
    pub fn of(setup: &'s Setup) -> Option<Self> {
        if !setup.knows_channels() || setup.mappings.is_none() && !setup.is_unified() {
            return None;
        }
        let end = |name: &'s str| End { name, side: Side::of(name, setup.release()) };
        let ends: Vec<End<'s>> = setup.channels().iter().map(|channel| end(channel.name)).collect();
        let sources: Vec<End<'s>> =
            ends.iter().copied().filter(|end| Side::SOURCES.contains(&end.side)).collect();
        let destinations: Vec<End<'s>> =
            ends.into_iter().filter(|end| Side::DESTINATIONS.contains(&end.side)).collect();
        let names = |ends: &[End<'s>]| ends.iter().map(|end| end.name).collect::<Vec<_>>();
        let coverage = setup.table().map(|table| table.coverage(&names(&sources), &names(&destinations)));
        Some(Self { sources, destinations, coverage })
    }

    /// Mail of each kind of which there is any.
    pub fn flows(&self) -> Vec<Flow<'s>> {
        let mut flows: Vec<Flow<'s>> = Vec::new();
        for from in Side::SOURCES {
            for to in Side::DESTINATIONS {
                let flow = self.flow(from, to);
                if flow.pairs > 0 {
                    flows.push(flow);
                }
            }
        }
        flows
    }

    fn flow(&self, from: Side, to: Side) -> Flow<'s> {
        let mut flow = Flow { from, to, pairs: 0, converted: 0, unknown: 0, straight: Vec::new() };
        let of = |ends: &[End<'s>], side: Side| {
            ends.iter()
                .enumerate()
                .filter(|(_, end)| end.side == side)
                .map(|(i, end)| (i, *end))
                .collect::<Vec<_>>()
        };
        let destinations = of(&self.destinations, to);
        for (i, source) in of(&self.sources, from) {
            for (j, destination) in &destinations {
                flow.pairs += 1;
                let answer = self.coverage.as_ref().and_then(|coverage| coverage.answer(i, *j));
                match answer.map(|answer| &answer.says) {
                    Some(Says::Convert { .. }) => flow.converted += 1,
                    Some(Says::CannotTell(_)) => flow.unknown += 1,
                    Some(Says::Straight | Says::Nothing) | None => {
                        if flow.straight.len() < KEPT {
                            let entry = answer.and_then(|answer| answer.entry);
                            flow.straight.push((source.name, destination.name, entry));
                        }
                    }
                }
            }
        }
        flow
    }

    /// Kinds of mail as rows and columns, with the names of their channels.
    pub fn shown(&self) -> String {
        let flows = self.flows();
        let mut out = format!("{:18}", "scanned");
        for to in Side::DESTINATIONS {
            let _ = write!(out, "{:15}", to.to());
        }
        for from in Side::SOURCES {
            let names: Vec<&str> =
                self.sources.iter().filter(|end| end.side == from).map(|end| end.name).collect();
            if names.is_empty() {
                continue;
            }
            let _ = write!(out, "\n{:18}", from.from());
            for to in Side::DESTINATIONS {
                let flow = flows.iter().find(|flow| (flow.from, flow.to) == (from, to));
                let _ = write!(out, "{:15}", flow.map_or("-", Flow::word));
            }
            let _ = write!(out, "{}", listed(&names));
        }
        for to in Side::DESTINATIONS {
            let names: Vec<&str> =
                self.destinations.iter().filter(|end| end.side == to).map(|end| end.name).collect();
            if !names.is_empty() {
                let _ = write!(out, "\n{:18}{}", to.to(), listed(&names));
            }
        }
        out
    }
}

impl Flow<'_> {
    /// Whether it makes the detour.
    pub fn word(&self) -> &'static str {
        match (self.converted, self.unknown) {
            (converted, _) if converted == self.pairs => "yes",
            (0, 0) => "no",
            (0, _) => "unknown",
            (_, _) => "partly",
        }
    }

    /// `mail from outside to mailboxes`.
    pub fn name(&self) -> String {
        format!("mail {} {}", self.from.from(), self.to.to())
    }
}

/// Most names that are listed.
const LISTED: usize = 3;

/// A few names, and how many more.
pub fn listed(names: &[&str]) -> String {
    let shown: Vec<String> =
        names.iter().take(LISTED).map(|name| text::printable_str(name, text::SHOWN)).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channels_name_tells_what_it_is_for() {
        for (name, side) in [
            ("tcp_local", Side::Outside),
            ("TCP_LOCAL", Side::Outside),
            ("tcp_submit", Side::Submission),
            ("tcp_auth", Side::Submission),
            ("tcp_intranet", Side::Inside),
            ("tcp_site5", Side::Inside),
            ("ims-ms", Side::Mailboxes),
            ("tcp_lmtpcs", Side::Mailboxes),
            ("reprocess", Side::Stopover),
            ("conversion_ext", Side::End),
            ("l", Side::End),
        ] {
            assert_eq!(Side::of(name, Release::From63), side, "{name}");
        }
        assert_eq!(Side::of("l", Release::Pmdf), Side::Mailboxes);
    }
}
