//! Rules about what our entries name, as it is on this machine. Cannot fail.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::{DEFAULT_PATH, PATH_VARIABLE};
use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::command::{Command, Word};
use crate::os::account::Account;
use crate::os::look;
use crate::os::permission::{self, Access};
use crate::text;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "command-not-executable",
        severity: Severity::Error,
        what: "the server's account cannot run the program of an entry",
        why: "the command fails for every part: mail waits, or goes on unscanned",
        source: "6.3 Administration Guide, 13.5.3.2; inode(7), path_resolution(7)",
        cure: "see that the program is there, and let the account enter every directory on the way",
        check: Check::Setup(not_executable),
    },
    Rule {
        id: "entry-config",
        severity: Severity::Error,
        what: "the server's account cannot read the configuration that an entry names, or it is another file than this one",
        why: "without its configuration convscan defers or holds every message; and what is checked here is not what is used",
        source: "docs/commands.md, \"convscan part\"; inode(7), path_resolution(7)",
        cure: "let the account read it, and every directory on the way be entered; or name the file that is meant",
        check: Check::Setup(entry_config),
    },
];

fn account(setup: &Setup) -> Option<&Account> {
    setup.here.as_ref()?.account.as_ref()
}

/// Where a word of the server's is on this machine, if it says that.
fn path(setup: &Setup, word: &Word) -> Option<PathBuf> {
    if word.varies || !word.is_absolute() {
        return None;
    }
    let tailor = setup.tailor.as_ref();
    let expanded = tailor.map_or_else(|| word.text.clone(), |tailor| tailor.expand(&word.text));
    Some(PathBuf::from(expanded)).filter(|path| path.is_absolute())
}

fn not_executable(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(account) = account(setup) else { return Vec::new() };
    let mut refusals = Refusals { account, access: Access::Execute, known: HashMap::new() };
    let mut complaints = Vec::new();
    for (_, _, value) in setup.commands() {
        let Command { program, call } = Command::parse(&value.text);
        let Some(word) = call.map(|call| call.program).or(program) else { continue };
        let refusal = path(setup, &word).and_then(|path| refusals.of(&path));
        if let (Some(refusal), Some(at)) = (refusal, setup.entry_at(value.span.clone())) {
            let message = format!("account `{}` cannot run it: {refusal}", shown(&account.name));
            complaints.push(Complaint::at(at, message));
        }
    }
    complaints
}

/// Why an account may not use paths so. Thousands of entries name the same few.
struct Refusals<'a> {
    account: &'a Account,
    access: Access,
    known: HashMap<PathBuf, Option<String>>,
}

impl Refusals<'_> {
    fn of(&mut self, path: &Path) -> Option<String> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let refusal =
            permission::check(self.account, path, self.access).err().map(|refusal| refusal.to_string());
        self.known.insert(path.to_owned(), refusal.clone());
        refusal
    }
}

fn shown(text: &str) -> String {
    text::printable_str(text, text::SHOWN)
}

fn entry_config(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(account) = account(setup) else { return Vec::new() };
    let mut refusals = Refusals { account, access: Access::Read, known: HashMap::new() };
    let checked = setup.own.as_ref().map(|own| own.path.as_str());
    let odd = setup.our_entries().into_iter().filter_map(|ours| {
        // The variable may say otherwise.
        if ours.call.config.is_none() && ours.says(PATH_VARIABLE) {
            return None;
        }
        let named = ours.call.config.as_ref();
        let path = match named {
            Some(word) if word.varies || !word.text.starts_with('/') => return None,
            Some(word) => PathBuf::from(&word.text),
            None => PathBuf::from(DEFAULT_PATH),
        };
        let at = ours.at(named.unwrap_or(&ours.call.program).span.clone());
        if let Some(refusal) = refusals.of(&path) {
            let message =
                format!("account `{}` cannot read the configuration: {refusal}", shown(&account.name));
            return Some(Complaint::at(at, message));
        }
        let checked = checked.filter(|checked| !look::is_same(Path::new(checked), &path))?;
        let [used, checked] = [&path.display().to_string(), checked].map(shown);
        let message = format!("the entry uses the configuration `{used}`, and checked is `{checked}`");
        Some(Complaint::at(at, message).severity(Severity::Warning).hint("name it with --config"))
    });
    odd.collect()
}
