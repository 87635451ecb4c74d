//! Rules about clamd.conf: what clamd calls clean without a look, and what keeps it
//! from looking. Cannot fail.

use std::path::Path;

use super::pools::{conversion_jobs, knows_pools};
use crate::address::Address;
use crate::config::{Place, key};
use crate::diagnostic::{Diagnostic, Severity};
use crate::doctor::at::At;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::view::conf::{Conf, Said};
use crate::doctor::view::largest::{self, shown};
use crate::doctor::view::own::Places;
use crate::doctor::view::scanner::{self, THREADS};
use crate::mta::option_file::Setting;
use crate::os::access::{self, Need};
use crate::os::account::Account;
use crate::os::look::{self, Kind};
use crate::os::permission::{self, Access, Why};
use crate::text::{self, SHOWN};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "scanner-value",
        severity: Severity::Error,
        what: "a value that the scanner does not understand",
        why: "clamd and freshclam do not start with it, and nobody can tell what else would hold",
        source: "clamd.conf(5), freshclam.conf(5), \"FILE FORMAT\"; the comments of c-icap.conf",
        cure: "write a value of the key's type",
        check: Check::Setup(scanner_value),
    },
    Rule {
        id: "alert-exceeds-max",
        severity: Severity::Error,
        what: "clamd calls what is over its limits clean",
        why: "what is too large, packed too deeply or holds too many files is not looked at, and the answer is OK all \
              the same; with this key it is a name that convscan takes for what it is",
        source: "clamd.conf(5), AlertExceedsMax",
        cure: "say `AlertExceedsMax yes` and restart clamd",
        check: Check::Setup(alert_exceeds_max),
    },
    Rule {
        id: "alert-encrypted",
        severity: Severity::Warning,
        what: "clamd calls encrypted archives and documents clean",
        why: "nobody can look into them, so senders of viruses encrypt; with this key the policy decides what becomes \
              of them: `encrypted` in docs/configuration.md",
        source: "clamd.conf(5), AlertEncrypted",
        cure: "say `AlertEncrypted yes` and restart clamd",
        check: Check::Setup(alert_encrypted),
    },
    Rule {
        id: "scan-options-off",
        severity: Severity::Error,
        what: "clamd does not look into some kinds of files",
        why: "such a file is compared with the signatures as it is, without what it holds being unpacked or read, and \
              the answer is OK",
        source: "clamd.conf(5), ScanArchive and the other Scan keys",
        cure: "remove the line: it is `yes` unless set",
        check: Check::Setup(scan_options_off),
    },
    Rule {
        id: "concurrent-reload",
        severity: Severity::Warning,
        what: "clamd lets all scans wait while it loads definitions",
        why: "that takes tens of seconds, several times a day, and mail stands still as long; with `yes` it needs twice \
              the memory for that time",
        source: "clamd.conf(5), ConcurrentDatabaseReload",
        cure: "remove the line if the machine has the memory: it is `yes` unless set",
        check: Check::Setup(concurrent_reload),
    },
    Rule {
        id: "max-threads",
        severity: Severity::Warning,
        what: "clamd scans fewer parts at once than the conversion channels send",
        why: "the rest waits for a free thread until its time is over, and is deferred then",
        source: "clamd.conf(5), MaxThreads",
        cure: "let MaxThreads be no less than the jobs of all conversion channels together",
        check: Check::Setup(max_threads),
    },
    Rule {
        id: "clamd-local-socket",
        severity: Severity::Error,
        what: "an engine's address is none at which clamd listens",
        why: "nothing answers there, so every part is deferred",
        source: "clamd.conf(5), LocalSocket and TCPSocket",
        cure: "give both the same, or name the clamd.conf of the right clamd with --clamd-conf",
        check: Check::Setup(clamd_local_socket),
    },
    Rule {
        id: "temporary-directory",
        severity: Severity::Error,
        what: "clamd cannot use its temporary directory",
        why: "it unpacks there what it looks into; without that it fails, or calls an infected archive clean, and its \
              canary misses",
        source: "clamd.conf(5), TemporaryDirectory; docs/engines.md, \"The canary\"",
        cure: "make the directory and give it to clamd's `User`",
        check: Check::Setup(temporary_directory),
    },
];

/// Keys that rules here ask for, by their type (clamd.conf(5), freshclam.conf(5)).
const BOOLEANS: [&str; 6] = [
    "AlertExceedsMax",
    "AlertEncrypted",
    "AlertEncryptedArchive",
    "AlertEncryptedDoc",
    "ConcurrentDatabaseReload",
    "virus_scan.PassOnError",
];
const SIZES: [&str; 4] = ["MaxFileSize", "MaxScanSize", "StreamMaxLength", "virus_scan.MaxObjectSize"];
const NUMBERS: [&str; 3] = ["MaxThreads", "SelfCheck", "TCPSocket"];

fn scanner_value(setup: &Setup) -> Vec<Complaint<'_>> {
    let files = setup.clamd.iter().chain(&setup.freshclam).chain(&setup.icap);
    let faults = files.flat_map(|file| {
        // That there is no value is told by who reads the file.
        let says = |key: &&str| file.holding(key).is_some_and(|found| !found.value.text.is_empty());
        let booleans = BOOLEANS.iter().chain(SCANS.iter().map(|(key, ..)| key));
        let booleans = booleans.copied().filter(says).filter_map(|key| file.boolean(key).err());
        let sizes = SIZES.into_iter().filter(says).filter_map(|key| file.size(key).err());
        let numbers = NUMBERS.into_iter().filter(says).filter_map(|key| file.number(key).err());
        booleans.chain(sizes).chain(numbers)
    });
    let faults = faults.map(|fault: Box<Diagnostic>| Complaint::from(*fault));
    faults.chain(words_of_c_icap(setup)).collect()
}

/// `on` and `off`, which c-icap takes and ClamAV does not.
fn words_of_c_icap(setup: &Setup) -> impl Iterator<Item = Complaint<'_>> {
    let is_switch = |setting: &&Setting| {
        let mut keys = BOOLEANS.iter().chain(SCANS.iter().map(|(key, ..)| key));
        let value = setting.value.text.to_ascii_lowercase();
        keys.any(|key| setting.name.is(key)) && matches!(&*value, "on" | "off")
    };
    setup.clamd.iter().chain(&setup.freshclam).flat_map(move |conf| {
        conf.settings.iter().filter(is_switch).map(|setting| {
            let at = At::of(&conf.sources, setting.value.span);
            let word = if setting.value.is("on") { "yes" } else { "no" };
            Complaint::at(at, format!("ClamAV does not know `{}`", setting.value.text)).edit(at.replace(word))
        })
    })
}

fn alert_exceeds_max(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "AlertExceedsMax";
    let silent = scanner::clamds(setup).filter(|conf| conf.boolean(key).or(false) == Some(false));
    silent.map(|conf| switched_off(conf, key).mend(conf.write(key, "yes"))).collect()
}

/// That a key is off, be it in so many words or because it is unless set.
fn switched_off<'s>(conf: Conf<'s>, key: &str) -> Complaint<'s> {
    let message = match conf.key(key) {
        Some(_) => format!("`{key}` is off"),
        None => format!("`{key}` is not set, and off unless set"),
    };
    conf.complaint(key, message)
}

fn alert_encrypted(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "AlertEncrypted";
    let is_silent = |conf: &Conf<'_>| {
        let is_off = |key| conf.boolean(key).or(false) == Some(false);
        is_off(key) && (is_off("AlertEncryptedArchive") || is_off("AlertEncryptedDoc"))
    };
    let silent = scanner::clamds(setup).filter(is_silent);
    silent.map(|conf| switched_off(conf, key).mend(conf.write(key, "yes"))).collect()
}

/// Keys that switch off a look into files, what these are, and how bad that is:
/// nobody's mail is without the first ones.
const SCANS: [(&str, &str, Severity); 12] = [
    ("ScanArchive", "archives", Severity::Error),
    ("ScanMail", "attached messages", Severity::Error),
    ("ScanOLE2", "documents of Microsoft Office", Severity::Error),
    ("ScanXMLDOCS", "documents in XML", Severity::Error),
    ("ScanPDF", "PDF", Severity::Error),
    ("ScanHTML", "HTML", Severity::Error),
    ("ScanPE", "programs for Windows", Severity::Error),
    ("ScanELF", "programs for Unix", Severity::Error),
    ("ScanOneNote", "OneNote files", Severity::Warning),
    ("ScanSWF", "Flash", Severity::Warning),
    ("ScanHWP3", "documents of Hangul", Severity::Warning),
    ("ScanImage", "pictures", Severity::Warning),
];

fn scan_options_off(setup: &Setup) -> Vec<Complaint<'_>> {
    let off = scanner::clamds(setup).flat_map(|conf| {
        let off = SCANS.into_iter().filter(move |(key, ..)| conf.boolean(key) == Said::Is(false));
        off.map(move |(key, what, severity)| {
            let message = format!("clamd does not look into {what}: `{key}` is off");
            conf.complaint(key, message).severity(severity).mend(conf.write(key, "yes"))
        })
    });
    off.collect()
}

fn concurrent_reload(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "ConcurrentDatabaseReload";
    let waiting = scanner::clamds(setup).filter(|conf| conf.boolean(key) == Said::Is(false));
    // Whether there is the memory is for the administrator to say.
    waiting
        .map(|conf| conf.complaint(key, format!("scans stand still during each reload: `{key}` is off")))
        .collect()
}

fn max_threads(setup: &Setup) -> Vec<Complaint<'_>> {
    let key = "MaxThreads";
    let jobs = u64::try_from(conversion_jobs(setup)).unwrap_or(0);
    let threads: Option<u64> = scanner::clamds(setup).map(|conf| conf.number(key).or(THREADS)).sum();
    let (Some(first), Some(threads), true) = (scanner::clamds(setup).next(), threads, knows_pools(setup))
    else {
        return Vec::new();
    };
    if threads >= jobs || has_others(setup) {
        return Vec::new();
    }
    let scans = if setup.clamd.len() == 1 { "clamd scans" } else { "all clamds together scan" };
    let message =
        format!("{scans} {threads} parts at once, and the conversion channels may have {jobs} jobs");
    let complaint = first.complaint(key, message);
    let share = jobs.saturating_sub(threads).saturating_add(first.number(key).or(THREADS).unwrap_or(THREADS));
    vec![complaint.mend(first.write(key, &share.to_string()))]
}

/// Whether an engine asks clamds whose files are not here.
fn has_others(setup: &Setup) -> bool {
    scanner::clamd_places(setup).count() > setup.clamd.len()
}

fn clamd_local_socket(setup: &Setup) -> Vec<Complaint<'_>> {
    let Some(own) = setup.own.as_ref().filter(|_| !setup.clamd.is_empty()) else { return Vec::new() };
    let is_known = |place: &Place| scanner::clamds(setup).any(|conf| scanner::listens(conf, &place.address));
    let here: Vec<&Place> = scanner::clamd_places(setup).filter(|place| is_here(&place.address)).collect();
    // Who has more clamds than were named may have one there.
    if here.len() > setup.clamd.len() && here.iter().any(|place| is_known(place)) {
        return Vec::new();
    }
    let places = Places::new(own);
    let engines = own.config.engines.iter().enumerate();
    let missed = engines
        .flat_map(|(index, engine)| scanner::places(engine).iter().map(move |place| (index, engine, place)));
    let missed =
        missed.filter(|(_, _, place)| here.contains(place) && !is_known(place) && !is_linked(setup, place));
    // Whatever the file says, what answers is right.
    let answers =
        |place: &Place| setup.here.is_some() && access::check(&Need::Connect(&place.address)).is_ok();
    let missed = missed.filter(|(_, _, place)| !answers(place));
    missed
        .map(|(index, engine, place)| {
            let at =
                places.engine(index, key::ENGINE_ADDRESS).map_or(places.engine_at(index), |value| value.at);
            let told: Vec<String> = scanner::clamds(setup).flat_map(listening).collect();
            let told = if told.is_empty() { "nowhere".to_owned() } else { format!("at {}", told.join(", ")) };
            let message = format!(
                "engine `{}` asks at `{}`, and clamd listens {told}",
                engine.name,
                shown_text(&place.address.to_string())
            );
            let complaint = Complaint::at(at, message);
            match (places.engine(index, key::ENGINE_ADDRESS), only_socket(setup)) {
                (Some(value), Some(socket)) => {
                    complaint.edit(value.at.replace(&format!("\"unix:{socket}\"")))
                }
                _ => complaint,
            }
        })
        .collect()
}

/// Whether an address is on this machine.
fn is_here(address: &Address) -> bool {
    match address {
        Address::Unix(_) => true,
        Address::Tcp(host_port) => {
            let (host, _) = host_port.rsplit_once(':').unwrap_or_default();
            host == "localhost" || host.starts_with("127.") || host == "[::1]"
        }
    }
}

/// Whether a clamd listens there by another name, as far as this machine shows.
fn is_linked(setup: &Setup, place: &Place) -> bool {
    let Address::Unix(path) = &place.address else { return false };
    let mut sockets = scanner::clamds(setup).flat_map(|conf| conf.all("LocalSocket"));
    setup.here.is_some() && sockets.any(|socket| look::is_same(Path::new(socket.value), path))
}

/// Where the clamd of this file listens.
fn listening(conf: Conf<'_>) -> Vec<String> {
    let sockets = conf.all("LocalSocket").map(|socket| format!("`{}`", shown_text(socket.value)));
    let ports = conf.all("TCPSocket").map(|port| format!("port {}", shown_text(port.value)));
    sockets.chain(ports).collect()
}

/// The socket of the only clamd, if it can stand in our configuration.
fn only_socket(setup: &Setup) -> Option<&str> {
    let [only] = setup.clamd.as_slice() else { return None };
    let socket = Conf(only).key("LocalSocket")?.value;
    let is_plain =
        socket.starts_with('/') && socket.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\');
    is_plain.then_some(socket)
}

/// Room that clamd should have for what it unpacks, in sizes of the largest part.
const ROOM: u64 = 4;

fn temporary_directory(setup: &Setup) -> Vec<Complaint<'_>> {
    if setup.here.is_none() {
        return Vec::new();
    }
    let key = "TemporaryDirectory";
    let set = scanner::clamds(setup).filter_map(|conf| Some((conf, conf.key(key)?.value)));
    let unusable = set.filter_map(|(conf, directory)| {
        let (path, shown) = (Path::new(directory), shown_text(directory));
        if let Some(why) = unusable(conf, path) {
            return Some(
                conf.complaint(key, format!("clamd cannot make files in its temporary directory: {why}")),
            );
        }
        let wanted = largest::part(setup)?.saturating_mul(ROOM);
        let free = look::free(path).ok().filter(|free| *free < wanted)?;
        let message = format!("{} are free in clamd's temporary directory: `{shown}`", self::shown(free));
        let hint = format!("make room: {} are {ROOM} times the largest part", self::shown(wanted));
        Some(conf.complaint(key, message).severity(Severity::Warning).hint(hint))
    });
    unusable.collect()
}

/// What keeps clamd from making files in a directory.
fn unusable(conf: Conf<'_>, path: &Path) -> Option<String> {
    let account = conf.key("User").and_then(|user| Account::named(user.value).ok().flatten());
    let Some(account) = account else {
        // As whom it runs is not known, so only what is so for all.
        let shown = shown_text(&path.to_string_lossy());
        return match look::at(path) {
            Ok(facts) if facts.kind == Kind::Directory => None,
            Ok(_) => Some(format!("not a directory: `{shown}`")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some(format!("is not there: `{shown}`"))
            }
            Err(_) => None,
        };
    };
    let refusal = permission::check(&account, path, Access::Create).err()?;
    // What we may not look at may be fine.
    if matches!(refusal.why, Why::Unknown(_)) { None } else { Some(refusal.to_string()) }
}

fn shown_text(text: &str) -> String {
    text::printable_str(text, SHOWN)
}
