//! Rules about the conversion channels themselves: what they log, when they try
//! again, where they keep their queue. Cannot fail.

use crate::diagnostic::Severity;
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::traffic::Side;
use crate::mta::imta_cnf::RewriteRule;
use crate::mta::source::{Include, Inclusion};
use crate::status::Release;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "logging",
        severity: Severity::Warning,
        what: "a conversion channel does not log",
        why: "without its lines in mail.log nobody can tell where a message was, nor for how long",
        source: "6.3 Administration Guide, \"Managing MTA Message and Connection Logs\"",
        cure: "add `logging` to the channel, or to the `defaults` line",
        check: Check::Setup(logging),
    },
    Rule {
        id: "log-ids",
        severity: Severity::Warning,
        what: "the log has no message ids or file names",
        why: "without them the lines of one message cannot be found together, nor its delay be measured",
        source: "6.3 Administration Guide, \"MTA Logging Options\": LOG_MESSAGE_ID, LOG_FILENAME",
        cure: "set the option to 1",
        check: Check::Setup(log_ids),
    },
    Rule {
        id: "backoff",
        severity: Severity::Warning,
        what: "a conversion channel has no `backoff` of its own",
        why: "what convscan defers is tried again only after 60 minutes, and then 120",
        source: "6 2005Q4 Administration Guide, \"Specifying the Frequency of Delivery Attempts\"",
        cure: "try again after minutes: an engine that reloads is back by then",
        check: Check::Setup(backoff),
    },
    Rule {
        id: "subdirs",
        severity: Severity::Note,
        what: "a conversion channel keeps its queue in one directory",
        why: "directories of many thousand files are slow when mail piles up",
        source: "6.3 Administration Guide, \"subdirs\"",
        cure: "spread the queue over ten directories",
        check: Check::Setup(subdirs),
    },
    Rule {
        id: "debug",
        severity: Severity::Warning,
        what: "a conversion channel writes a debug log",
        why: "it holds people's mail and fills the disk; it is meant for the time of a search",
        source: "MS Technical Reference, \"master_debug, nomaster_debug, slave_debug, noslave_debug Channel Options\"",
        cure: "remove the keyword when the search is over",
        check: Check::Setup(debug),
    },
    Rule {
        id: "rewrite-rules",
        severity: Severity::Warning,
        what: "no rewrite rule leads to the conversion channel",
        why: "the default configuration has two; without them mail that is addressed to the channel goes elsewhere",
        source: "6.3 Administration Guide, 13.5.2; PMDF 6.8 System Manager's Guide, 22.1.2",
        cure: "add them: `convscan snippets imta.cnf --local-host HOST` shows both",
        check: Check::Setup(rewrite_rules),
    },
    Rule {
        id: "defragment",
        severity: Severity::Warning,
        what: "a channel to mailboxes takes fragments of messages, or there is no channel that joins them",
        why: "a virus cut into message/partial fragments is in none of them: they pass the scanner one by one, and the \
              recipient's mail program joins them",
        source: "MS Technical Reference, \"Defragmentation channel configuration\"; RFC 2046, 5.2.2",
        cure: "add `defragment` to the channel, and a `defragment` channel",
        check: Check::Setup(defragment),
    },
];

/// Waits after which what is deferred is tried again.
const BACKOFF: &str = "\"pt5m\" \"pt10m\" \"pt30m\" \"pt60m\"";

fn logging(setup: &Setup) -> Vec<Complaint<'_>> {
    let silent = setup.conversion_channels().into_iter().filter_map(|channel| {
        let said = channel.last_of(&["logging", "nologging"]);
        if said.is_some_and(|said| said.name.eq_ignore_ascii_case("logging")) {
            return None;
        }
        let message = format!("channel `{}` does not log", channel.name);
        Some(
            Complaint::at(said.map_or(channel.at, |said| said.at), message)
                .mend(channel.set_instead(&["logging", "nologging"], "")),
        )
    });
    silent.collect()
}

fn log_ids(setup: &Setup) -> Vec<Complaint<'_>> {
    if !setup.knows_options() {
        return Vec::new();
    }
    let off = ["LOG_MESSAGE_ID", "LOG_FILENAME"].into_iter().filter_map(|name| {
        let said = setup.option(name);
        if said.is_some_and(|said| said.number().is_some_and(|number| number != 0)) {
            return None;
        }
        let message = format!("`{name}` is not set");
        let complaint = match said {
            Some(said) => Complaint::at(said.value_at, format!("`{name}` is off")),
            None => Complaint::whole(setup.options_path(), message),
        };
        Some(complaint.mend(setup.set_option(name, "1")))
    });
    off.collect()
}

fn backoff(setup: &Setup) -> Vec<Complaint<'_>> {
    // PMDF keeps its retries elsewhere.
    if setup.release() == Release::Pmdf {
        return Vec::new();
    }
    let slow = setup.conversion_channels().into_iter().filter_map(|channel| {
        if channel.last_of(&["backoff", "normalbackoff"]).is_some() {
            return None;
        }
        let message = format!("channel `{}` tries again after 60 minutes", channel.name);
        Some(Complaint::at(channel.at, message).mend(channel.set("backoff", BACKOFF)))
    });
    slow.collect()
}

fn subdirs(setup: &Setup) -> Vec<Complaint<'_>> {
    let flat = setup.conversion_channels().into_iter().filter(|channel| channel.keyword("subdirs").is_none());
    flat.map(|channel| {
        let message = format!("channel `{}` keeps its queue in one directory", channel.name);
        Complaint::at(channel.at, message).mend(channel.set("subdirs", "10"))
    })
    .collect()
}

fn debug(setup: &Setup) -> Vec<Complaint<'_>> {
    let chatty = setup.conversion_channels().into_iter().flat_map(|channel| {
        let said = [["master_debug", "nomaster_debug"], ["slave_debug", "noslave_debug"]].map(|names| {
            let [on, _] = names;
            let said = channel.last_of(&names).filter(|said| said.name.eq_ignore_ascii_case(on))?;
            let message = format!("channel `{}` writes a debug log", channel.name);
            Some(Complaint::at(said.at, message).mend(channel.unset(on)))
        });
        said.into_iter().flatten()
    });
    chatty.collect()
}

fn rewrite_rules(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(imta), Some(channel)) = (&setup.imta, setup.channel("conversion")) else { return Vec::new() };
    // Rules in a file that was not read may be the ones.
    let unread = |include: &Include| !matches!(include.outcome, Inclusion::Read(_));
    let leads = |rule: &RewriteRule| {
        let host = rule.template.text.rsplit('@').next().unwrap_or_default();
        imta.channel("conversion").and_then(|own| own.host.as_ref()).is_some_and(|own| own.is(host))
    };
    let (Some(last), false) = (imta.rules.last(), imta.rules.iter().any(leads)) else { return Vec::new() };
    if imta.sources.includes().iter().any(unread) {
        return Vec::new();
    }
    let complaint = Complaint::at(channel.at, "no rewrite rule leads to this channel");
    let hosts = imta.channels.first().and_then(|local| local.host.as_ref());
    let own = imta.channel("conversion").and_then(|own| own.host.as_ref());
    let lines = hosts.zip(own).map(|(local, own)| {
        let (local, own) = (&local.text, &own.text);
        format!(
            "conversion  $E$U%conversion.{local}@{own}\nconversion.{local}  $E$U%conversion.{local}@{own}"
        )
    });
    let at = At::of(&imta.sources, last.pattern.span.through(last.template.span));
    vec![complaint.mend(lines.map(|lines| Mend::Edit(at.below(&lines))))]
}

fn defragment(setup: &Setup) -> Vec<Complaint<'_>> {
    let joins = setup.channel("defragment").is_some();
    let taking = setup.channels().into_iter().filter_map(|channel| {
        if Side::of(channel.name, setup.release()) != Side::Mailboxes {
            return None;
        }
        let said = channel.last_of(&["defragment", "nodefragment"]);
        match said.filter(|said| said.name.eq_ignore_ascii_case("defragment")) {
            Some(_) if joins => None,
            Some(said) => {
                let message = format!(
                    "channel `{}` is to join fragments, but there is no `defragment` channel",
                    channel.name
                );
                Some(Complaint::at(said.at, message))
            }
            None => {
                let message = format!("channel `{}` takes fragments of messages", channel.name);
                let mend = channel.set_instead(&["defragment", "nodefragment"], "");
                Some(Complaint::at(channel.at, message).mend(mend))
            }
        }
    });
    taking.collect()
}
