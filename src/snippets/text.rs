//! The texts of the fragments, from their templates. Cannot fail.

use super::Wishes;
use super::fill::filled;
use super::jobs::Jobs;
use super::name::{ChannelName, EntryPath};
use super::server::Server;
use crate::status::{Release, Status};

/// Pools, as a file has them.
pub(super) fn pools(wishes: &Wishes) -> String {
    let template = match wishes.server.release() {
        Release::From63 | Release::Before63 => include_str!("job_controller.cnf.txt"),
        Release::Pmdf => include_str!("pmdf-job_controller.cnf.txt"),
    };
    numbered(wishes, template)
}

/// Pools, as lines for `msconfig`.
pub(super) fn msconfig_pools(wishes: &Wishes) -> String {
    numbered(wishes, include_str!("msconfig-pools.txt"))
}

/// Channels, as lines for `msconfig`.
pub(super) fn msconfig_channels(wishes: &Wishes) -> String {
    numbered(wishes, include_str!("msconfig-channels.txt"))
}

/// `template` with the numbers of jobs.
fn numbered(wishes: &Wishes, template: &str) -> String {
    let Jobs { internal, external } = wishes.jobs;
    filled(
        template,
        &[
            ("jobs", &internal.to_string()),
            ("external-jobs", &external.to_string()),
            ("cores", &(internal + external).to_string()),
        ],
    )
}

/// Channels, as a file has them.
pub(super) fn channels(wishes: &Wishes) -> String {
    let template = match wishes.server.release() {
        Release::From63 | Release::Before63 => include_str!("imta.cnf.txt"),
        Release::Pmdf => include_str!("pmdf.cnf.txt"),
    };
    let (host, what) = match &wishes.local_host {
        Some(host) => (host.to_string(), ""),
        None => ("HOST".to_owned(), " (HOST is the local host)"),
    };
    let conversion = format!("{:<27}  ", format!("conversion.{host}"));
    let text = numbered(wishes, template);
    filled(&text, &[("host", &host), ("where-host", what), ("conversion-host", &conversion)])
}

/// The entry, with what it says of itself.
pub(super) fn conversions(wishes: &Wishes) -> String {
    entry(&wishes.server, &wishes.program, wishes.config.as_ref())
}

/// The same for whoever asks for nothing else.
pub(super) fn entry(server: &Server, program: &EntryPath, config: Option<&EntryPath>) -> String {
    let template = match server.release() {
        Release::From63 => include_str!("conversions.txt"),
        Release::Before63 | Release::Pmdf => include_str!("conversions-before-6.3.txt"),
    };
    let status = status(server.release());
    let mut command = program.to_string();
    if !program.is_part() {
        command.push_str(" part");
    }
    if let Some(config) = config {
        command.push_str(&format!(" --config {config}"));
    }
    if let Some(word) = server.word() {
        command.push_str(&format!(" --release {word}"));
    }
    command.push_str(&format!(" || {}", guard(&status)));
    filled(template, &[("status", &status), ("command", &command)])
}

/// What a convscan that cannot speak would say.
pub(super) fn status(release: Release) -> String {
    Status::Again.known_to(release).code().to_string()
}

/// What says it for a convscan that was killed.
pub(super) fn guard(status: &str) -> String {
    format!("echo STATUS={status} > $OUTPUT_OPTIONS")
}

/// The table, with what it says of itself.
pub(super) fn mappings(wishes: &Wishes) -> String {
    let external = &wishes.external;
    let outside = lines(external, |name| {
        row(&format!("IN-CHAN={name};OUT-CHAN=*;CONVERT"), "Yes,Channel=conversion_ext")
    });
    let to = |name: &ChannelName| row(&format!("IN-CHAN=*;OUT-CHAN={name};*CONVERT"), "Yes");
    let places = [
        ("from-outside", &*outside),
        ("to-outside", &lines(external, to)),
        ("to-store", &lines(&wishes.store, to)),
    ];
    filled(include_str!("mappings.txt"), &places)
}

/// A line of the table. A blank ends a pattern, so there is always one.
fn row(pattern: &str, answer: &str) -> String {
    format!("  {pattern:<48}  {answer}")
}

fn lines(names: &[ChannelName], line: impl Fn(&ChannelName) -> String) -> String {
    names.iter().map(line).collect::<Vec<_>>().join("\n")
}
