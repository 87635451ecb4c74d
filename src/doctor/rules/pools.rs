//! Rules about the pools of channels, and how much they may do at once. Cannot
//! fail.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{LISTED, Severity, nearest};
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::server::{Channel, is_conversion};
use crate::status::Release;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "pool-undefined",
        severity: Severity::Error,
        what: "a channel names a pool that the Job Controller does not have",
        why: "requests for a pool that is not defined are ignored: mail for the channel waits without end",
        source: "6.3 Administration Guide, \"Processing Pools for Channel Execution Jobs\"",
        cure: "define the pool, or name one that is there",
        check: Check::Setup(pool_undefined),
    },
    Rule {
        id: "job-limit",
        severity: Severity::Error,
        what: "a pool that may have no job",
        why: "mail for its channels waits without end",
        source: "6.3 Administration Reference, \"Job Controller Configuration File\", JOB_LIMIT",
        cure: "give it a job for each core that its channels may use",
        check: Check::Setup(job_limit),
    },
    Rule {
        id: "jobs-disagree",
        severity: Severity::Warning,
        what: "maxjobs of a conversion channel and job_limit of its pool do not agree",
        why: "the smaller of the two counts, and the other one misleads whoever tunes the server",
        source: "6.3 Administration Guide, \"Job Controller\"; 6 2005Q4 Administration Guide, \"threaddepth\"",
        cure: "give both the same number",
        check: Check::Setup(jobs_disagree),
    },
    Rule {
        id: "own-pool",
        severity: Severity::Warning,
        what: "a conversion channel shares its pool with other channels",
        why: "scans are slow, and fill the pool: delivery to mailboxes waits behind them",
        source: "PMDF 6.8 System Manager's Guide, appendix A, Job Controller queues",
        cure: "give it a pool of its own: see job-controller-snippets",
        check: Check::Setup(own_pool),
    },
    Rule {
        id: "threaddepth",
        severity: Severity::Warning,
        what: "a backlog of ten messages gets only one scanning job",
        why: "the next job is started when the backlog passes a multiple of threaddepth, which is 10 unless set",
        source: "6 2005Q4 Administration Guide, \"threaddepth\"; 6.3 Administration Guide, 12.2",
        cure: "say `threaddepth 1`: a scan costs far more than the start of a job",
        check: Check::Setup(threaddepth),
    },
    Rule {
        id: "jobs-over-cores",
        severity: Severity::Warning,
        what: "the conversion channels may have more jobs than the machine has cores",
        why: "scans need the processor: more of them at once take longer each, and keep everything else waiting",
        source: "6 2005Q4 Administration Guide, \"The Job Controller\"",
        cure: "let the jobs of all conversion channels be no more than the cores",
        check: Check::Setup(jobs_over_cores),
    },
    Rule {
        id: "channel-class",
        severity: Severity::Error,
        what: "no [CHANNEL=...] section of the Job Controller fits a conversion channel",
        why: "the Job Controller does not know which program to run for it: its mail waits without end",
        source: "6.3 Administration Guide, \"The Job Controller\"; MS Technical Reference, \"Channel class\"",
        cure: "add the section; one with `*` is for all conversion channels",
        check: Check::Setup(channel_class),
    },
];

/// Jobs of a pool that nobody has given a number.
const JOBS: u32 = 2;

/// Jobs of a channel that says nothing (SIMS 4.0 Reference, "maxjobs").
const MAXJOBS: i64 = 100;

/// threaddepth of a channel that says nothing (6 2005Q4 Administration Guide, "threaddepth").
const THREADDEPTH: i64 = 10;

/// What names a pool; PMDF says queue.
const POOL: [&str; 2] = ["pool", "queue"];

pub(super) fn knows_pools(setup: &Setup) -> bool {
    setup.jobs.is_some() || setup.is_unified()
}

fn maxjobs(channel: &Channel<'_>) -> i64 {
    channel.keyword("maxjobs").and_then(|jobs| jobs.number()).unwrap_or(MAXJOBS)
}

fn pool_undefined(setup: &Setup) -> Vec<Complaint<'_>> {
    if !knows_pools(setup) {
        return Vec::new();
    }
    let pools: HashSet<String> = setup.pools().iter().map(|pool| pool.name.to_ascii_lowercase()).collect();
    let mut added = HashSet::new();
    let mut compared = 0;
    let missing = setup.channels().into_iter().filter_map(|channel| {
        let pool = channel.last_of(&POOL)?;
        let key = pool.value.to_ascii_lowercase();
        if pools.contains(&key) {
            return None;
        }
        let message = format!("the pool of channel `{}` is not defined: `{}`", channel.name, pool.value);
        let complaint = Complaint::at(pool.value_at, message);
        compared += 1;
        if compared > LISTED {
            // Nobody sees its words; to look at all pools for each channel takes long.
            return Some(complaint);
        }
        if let Some(near) = nearest(&key, pools.iter().map(String::as_str)) {
            // A slip must not become a pool of its own.
            let near =
                setup.pools().iter().find(|pool| pool.name.eq_ignore_ascii_case(near)).map(|pool| pool.name);
            return Some(complaint.hint(format!("did you mean `{}`?", near.unwrap_or_default())));
        }
        // What other channels need is not for us to say; and one definition is enough.
        let mend = (is_conversion(channel.name) && added.insert(key))
            .then(|| setup.add_pool(pool.value, jobs_for(setup, &channel)));
        Some(complaint.mend(mend))
    });
    missing.collect()
}

/// Only where the file has sections of channels at all: releases may have them
/// elsewhere.
fn channel_class(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(jobs) = &setup.jobs else { return Vec::new() };
    let Some(last) = jobs.options.sections.iter().rfind(|section| section.kind.is("CHANNEL")) else {
        return Vec::new();
    };
    let missing = setup.conversion_channels().into_iter().filter(|channel| {
        let section = jobs.channel_section_for(channel.name);
        section.and_then(|section| jobs.effective(section, "MASTER_COMMAND")).is_none()
    });
    let mut mend = Some(At::of(jobs.sources(), last.span).below(CLASS));
    missing
        .map(|channel| {
            let message = format!("no section for channel `{}` in job_controller.cnf", channel.name);
            Complaint::at(channel.at, message).mend(mend.take().map(Mend::Edit))
        })
        .collect()
}

/// As the default configuration has it (MS Technical Reference, "Job Controller
/// default configuration").
const CLASS: &str = "!\n[CHANNEL=conversion*]\nmaster_command=IMTA_BIN:conversion";

fn job_limit(setup: &Setup) -> Vec<Complaint<'_>> {
    let none = setup.pools().into_iter().filter_map(|pool| {
        let limit = pool.job_limit.filter(|limit| limit.number() == Some(0))?;
        Some(Complaint::at(limit.value_at, format!("pool `{}` may have no job", pool.name)))
    });
    none.collect()
}

/// Who uses a pool.
#[derive(Clone, Copy, Debug, Default)]
struct Users {
    /// Conversion channels, and the jobs that they may have together.
    conversion: usize,
    jobs: i64,
    /// Other channels.
    others: usize,
}

/// Who uses each pool, by its name in lower case.
fn users(setup: &Setup) -> HashMap<String, Users> {
    let first = setup.pools().first().map_or("", |pool| pool.name).to_ascii_lowercase();
    let mut users: HashMap<String, Users> = HashMap::new();
    for channel in setup.channels() {
        let pool = channel.last_of(&POOL).map_or(first.clone(), |pool| pool.value.to_ascii_lowercase());
        let users = users.entry(pool).or_default();
        if is_conversion(channel.name) {
            users.conversion += 1;
            users.jobs = users.jobs.saturating_add(maxjobs(&channel));
        } else {
            users.others += 1;
        }
    }
    users
}

fn users_of(users: &HashMap<String, Users>, pool: &str) -> Users {
    users.get(&pool.to_ascii_lowercase()).copied().unwrap_or_default()
}

fn jobs_disagree(setup: &Setup) -> Vec<Complaint<'_>> {
    let users = users(setup);
    let differing = setup.conversion_channels().into_iter().filter_map(|channel| {
        let pool = setup.pool_of(&channel)?;
        let jobs = channel.keyword("maxjobs")?;
        let limit = pool.job_limit.and_then(|limit| limit.number()).filter(|limit| *limit > 0)?;
        let Users { conversion, jobs: all, others } = users_of(&users, pool.name);
        let number = jobs.number()?;
        let message = match conversion {
            1 => {
                format!("channel `{}` may have {number} jobs, its pool `{}` {limit}", channel.name, pool.name)
            }
            many => {
                format!("{many} conversion channels may have {all} jobs, their pool `{}` {limit}", pool.name)
            }
        };
        let complaint = Complaint::at(jobs.value_at, message);
        if conversion == 1 && number > limit {
            return Some(complaint.mend(channel.set("maxjobs", &limit.to_string())));
        }
        // Jobs that nobody may use harm nobody.
        let idle = all < limit && others == 0;
        (all > limit || idle).then(|| if idle { complaint.severity(Severity::Note) } else { complaint })
    });
    differing.collect()
}

fn own_pool(setup: &Setup) -> Vec<Complaint<'_>> {
    if !knows_pools(setup) {
        return Vec::new();
    }
    let users = users(setup);
    let sharing = setup.conversion_channels().into_iter().filter_map(|channel| {
        let pool = setup.pool_of(&channel)?;
        let Users { conversion, others, .. } = users_of(&users, pool.name);
        let named = channel.last_of(&POOL);
        let at = named.map_or(channel.at, |pool| pool.at);
        if others == 0 {
            let message = format!("{conversion} conversion channels share pool `{}`", pool.name);
            let hint =
                "with a pool of its own for mail from outside a worm at the door delays no mail inside";
            return (conversion > 1).then(|| Complaint::at(at, message).severity(Severity::Note).hint(hint));
        }
        let message = format!("channel `{}` shares pool `{}` with {others} others", channel.name, pool.name);
        if named.is_some() && is_first(setup, pool.name) && pool.name.to_ascii_lowercase().contains("conv") {
            let hint = "the first pool is the one of all channels that name none: put it below the others";
            return Some(Complaint::at(pool.at, message).hint(hint));
        }
        let name =
            if channel.name.eq_ignore_ascii_case("conversion") { "CONVERSION_POOL" } else { "CONV_EXT_POOL" };
        let complaint = Complaint::at(at, message).mend(channel.set("pool", name));
        let there = setup.pools().iter().any(|pool| pool.name.eq_ignore_ascii_case(name));
        Some(if there { complaint } else { complaint.mend(setup.add_pool(name, jobs_for(setup, &channel))) })
    });
    sharing.collect()
}

fn is_first(setup: &Setup, name: &str) -> bool {
    setup.pools().first().is_some_and(|first| first.name.eq_ignore_ascii_case(name))
}

/// Jobs that a pool of `channel` should have.
fn jobs_for(setup: &Setup, channel: &Channel<'_>) -> u32 {
    let said = channel.keyword("maxjobs").and_then(|jobs| u32::try_from(jobs.number()?).ok());
    let cores = setup.cores.and_then(|cores| u32::try_from(cores).ok());
    said.or(cores).unwrap_or(JOBS)
}

fn threaddepth(setup: &Setup) -> Vec<Complaint<'_>> {
    // PMDF has no such keyword.
    if setup.release() == Release::Pmdf {
        return Vec::new();
    }
    let deep = setup.conversion_channels().into_iter().filter_map(|channel| {
        let said = channel.keyword("threaddepth");
        let depth = said.and_then(|depth| depth.number()).unwrap_or(THREADDEPTH);
        // With one job at most there is nothing to be had.
        if depth < THREADDEPTH || maxjobs(&channel) <= 1 {
            return None;
        }
        let message = match said {
            Some(_) => format!("channel `{}` starts a second job only for {depth} messages", channel.name),
            None => format!("channel `{}` says no threaddepth, so it is {depth}", channel.name),
        };
        let at = said.map_or(channel.at, |depth| depth.value_at);
        Some(Complaint::at(at, message).mend(channel.set("threaddepth", "1")))
    });
    deep.collect()
}

/// Jobs that all conversion channels may have together.
pub(super) fn conversion_jobs(setup: &Setup) -> i64 {
    let mut pools = HashMap::new();
    for channel in &setup.conversion_channels() {
        let pool = setup.pool_of(channel);
        let limit = pool.as_ref().and_then(|pool| pool.job_limit?.number()).unwrap_or(i64::MAX);
        let name = pool.map_or("", |pool| pool.name).to_ascii_lowercase();
        let (jobs, _) = pools.entry(name).or_insert((0_i64, limit));
        *jobs = jobs.saturating_add(maxjobs(channel));
    }
    pools.values().fold(0_i64, |sum, (jobs, limit)| sum.saturating_add(*jobs.min(limit)))
}

fn jobs_over_cores(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(cores) = setup.cores.and_then(|cores| i64::try_from(cores).ok()) else { return Vec::new() };
    let (channels, jobs) = (setup.conversion_channels(), conversion_jobs(setup));
    let Some(first) = channels.first().filter(|_| jobs > cores) else { return Vec::new() };
    let message = match channels.len() {
        1 => format!("{jobs} jobs may scan at once, and the machine has {cores} cores"),
        many => format!(
            "the {many} conversion channels may have {jobs} jobs together, and the machine has {cores} cores"
        ),
    };
    vec![Complaint::at(first.keyword("maxjobs").map_or(first.at, |jobs| jobs.value_at), message)]
}
