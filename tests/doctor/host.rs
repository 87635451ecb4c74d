//! Rules that look at the machine: real directories, files and sockets. The mail
//! server is only a tree of its files; what listens as clamd listens and no more.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::cases::{OF_THE_MACHINE, copy};
use crate::harness::{CONVSCAN, needs_root};

/// An account of this number has nobody, so it may do what all may.
const NOBODY: &str = "3999999999";

/// A server on this machine, with nothing wrong that the rules here look at.
struct Host {
    directory: tempfile::TempDir,
    account: String,
    _clamd: UnixListener,
}

impl Host {
    fn new() -> Self {
        // Below a directory that all may enter, whatever `TMPDIR` says.
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        allow(directory.path(), 0o755);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups/8.1"), directory.path());
        let at = |name: &str| directory.path().join(name);
        for (name, mode) in [
            ("run", 0o755),
            ("db", 0o755),
            ("log", 0o777),
            ("state", 0o777),
            ("lib", 0o755),
            ("data", 0o755),
            ("data/queue", 0o755),
            ("data/queue/conversion", 0o700),
            ("data/queue/tcp_local", 0o700),
        ] {
            fs::create_dir(at(name)).unwrap();
            allow(&at(name), mode);
        }
        let clamd = UnixListener::bind(at("run/clamd.ctl")).unwrap();
        allow(&at("run/clamd.ctl"), 0o666);
        let host = Self { directory, account: NOBODY.to_owned(), _clamd: clamd };
        let home = host.path("").display().to_string();
        for (file, from, to) in [
            ("config/imta_tailor", "/opt/sun/comms/messaging64/", ""),
            ("clamd.conf", "/run/clamav/clamd.ctl", "run/clamd.ctl"),
            ("clamd.conf", "/var/lib/clamav", "db"),
            ("freshclam.conf", "/var/lib/clamav", "db"),
            ("convscan.toml", "/run/clamav/clamd.ctl", "run/clamd.ctl"),
            ("convscan.toml", "/var/log/convscan", "log"),
            ("convscan.toml", "/var/lib/convscan", "state"),
        ] {
            host.change(file, from, &format!("{home}{to}"));
        }
        host.definitions("daily.cld", host.now());
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(self.path(file), text.replace(from, to)).unwrap();
    }

    fn add(&self, file: &str, text: &str) {
        let old = fs::read_to_string(self.path(file)).unwrap_or_default();
        fs::write(self.path(file), old + text).unwrap();
    }

    /// Virus definitions that say they were made then.
    fn definitions(&self, name: &str, made: u64) {
        let header = format!("ClamAV-VDB:d:1:2:90:digest:signature:builder:{made}");
        fs::write(self.path("db").join(name), format!("{header:512}")).unwrap();
    }

    /// All findings.
    fn findings(&self) -> Vec<Value> {
        let mut command = Command::new(CONVSCAN);
        command.env_remove("CONVSCAN_CONFIG").args([
            "check",
            "--json",
            "--cores",
            "8",
            "--account",
            &self.account,
        ]);
        for (option, file) in [
            ("--root", ""),
            ("--config", "convscan.toml"),
            ("--clamd-conf", "clamd.conf"),
            ("--freshclam-conf", "freshclam.conf"),
        ] {
            command.arg(option).arg(self.path(file));
        }
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        report["findings"].as_array().unwrap().clone()
    }

    /// What is found against one rule: severity, line, message without the way to
    /// the host's directory.
    fn found(&self, rule: &str) -> Vec<(String, u64, String)> {
        let home = self.path("").display().to_string();
        let text = |value: &Value| value.as_str().unwrap_or_default().replace(&home, "");
        let of = |finding: &Value| {
            (text(&finding["severity"]), finding["line"].as_u64().unwrap_or(0), text(&finding["message"]))
        };
        self.findings().iter().filter(|finding| finding["rule"] == rule).map(of).collect()
    }

    /// The messages of what is found against one rule.
    fn said(&self, rule: &str) -> Vec<String> {
        self.found(rule).into_iter().map(|(_, _, message)| message).collect()
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// When the content of a file was last changed, in seconds from now.
fn set_modified(path: &Path, ago: u64) {
    let at = SystemTime::now() - Duration::from_secs(ago);
    File::options().append(true).open(path).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
}

const DAY: u64 = 24 * 3600;

#[test]
fn a_sound_machine_breaks_no_rule() {
    let host = Host::new();
    // Those about entries have a file of their own: entries.rs. Who may write is another
    // matter: this account has nothing but what is open to all.
    let elsewhere = |rule: &str| {
        ["command-not-executable", "entry-config"].contains(&rule) || rule.ends_with("-writable")
    };
    for rule in OF_THE_MACHINE.iter().filter(|rule| !elsewhere(rule)) {
        assert_eq!(host.found(rule), [], "{rule}");
    }
}

#[test]
fn old_definitions_are_told_by_what_they_say_of_themselves() {
    let host = Host::new();
    let now = host.now();
    host.definitions("daily.cld", now - 4 * DAY);
    host.definitions("main.cvd", now - 400 * DAY);
    // Made by somebody else, today.
    fs::write(host.path("db/rfxn.ndb"), "").unwrap();
    let message = |days: u64| format!("the newest virus definitions are {days} days old: `daily.cld`");
    assert_eq!(host.found("definitions-age"), [("warning".to_owned(), 10, message(4))]);
    host.definitions("daily.cld", now - 10 * DAY);
    assert_eq!(host.found("definitions-age"), [("error".to_owned(), 10, message(10))]);
    // Without a header it is the time of the file.
    fs::write(host.path("db/daily.cld"), "").unwrap();
    assert_eq!(host.said("definitions-age"), Vec::<String>::new());
    set_modified(&host.path("db/daily.cld"), 5 * DAY);
    assert_eq!(host.said("definitions-age"), [message(5)]);
    for name in ["daily.cld", "main.cvd"] {
        fs::remove_file(host.path("db").join(name)).unwrap();
    }
    let none = ("error".to_owned(), 10, "no official virus definitions are in `db`".to_owned());
    assert_eq!(host.found("definitions-age"), [none]);
    fs::remove_dir_all(host.path("db")).unwrap();
    assert_eq!(host.said("definitions-age"), ["the directory of the virus definitions is not there: `db`"]);
}

#[test]
fn definitions_from_the_future_are_found_and_do_not_hide_that_others_are_old() {
    let host = Host::new();
    host.definitions("daily.cld", host.now() + 10 * 3600 + 1800);
    host.definitions("bytecode.cvd", host.now() - 9 * DAY);
    let found = [("warning".to_owned(), 10, "`daily.cld` was made in 10 hours from now".to_owned())];
    assert_eq!(host.found("definitions-future"), found);
    assert_eq!(host.said("definitions-age"), ["the newest virus definitions are 9 days old: `bytecode.cvd`"]);
}

#[test]
fn a_temporary_directory_must_be_there_and_be_clamds_and_have_room() {
    let host = Host::new();
    let place = host.path("tmp").display().to_string();
    host.add("clamd.conf", &format!("TemporaryDirectory {place}\n"));
    let said = |why: &str| {
        vec![("error".to_owned(), 11, format!("clamd cannot make files in its temporary directory: {why}"))]
    };
    assert_eq!(host.found("temporary-directory"), said("is not there: `tmp`"));
    fs::write(&place, "").unwrap();
    assert_eq!(host.found("temporary-directory"), said("not a directory: `tmp`"));
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    allow(Path::new(&place), 0o755);
    assert_eq!(host.found("temporary-directory"), []);
    host.add("clamd.conf", &format!("User {NOBODY}\n"));
    let owner = fs::metadata(&place).unwrap();
    let denied = format!("denied by mode 0755 of owner {} and group {}: `tmp`", owner.uid(), owner.gid());
    assert_eq!(host.found("temporary-directory"), said(&denied));
    allow(Path::new(&place), 0o1777);
    assert_eq!(host.found("temporary-directory"), []);
    // The file system of processes (proc(5)) is always full.
    let full = Host::new();
    full.add("clamd.conf", "TemporaryDirectory /proc\n");
    let message = "0 KB are free in clamd's temporary directory: `/proc`";
    assert_eq!(full.found("temporary-directory"), [("warning".to_owned(), 11, message.to_owned())]);
}

#[test]
fn files_that_are_newer_than_what_was_compiled_of_them_are_found() {
    let host = Host::new();
    let names = [
        "config/imta.cnf",
        "config/internet.rules",
        "config/mappings",
        "config/conversions",
        "config/option.dat",
    ];
    let all = names.iter().chain(&["config/job_controller.cnf", "config/dispatcher.cnf"]);
    all.for_each(|name| set_modified(&host.path(name), 600));
    assert_eq!(host.said("image-stale"), Vec::<String>::new());
    fs::write(host.path("lib/config_data"), "").unwrap();
    set_modified(&host.path("lib/config_data"), 300);
    assert_eq!(host.said("image-stale"), Vec::<String>::new());
    // Some are read when a process starts, and are not compiled.
    set_modified(&host.path("config/job_controller.cnf"), 0);
    assert_eq!(host.said("image-stale"), Vec::<String>::new());
    for name in names {
        set_modified(&host.path(name), 10);
        let findings = host.findings();
        let stale = findings.iter().find(|finding| finding["rule"] == "image-stale").unwrap();
        assert!(stale["path"].as_str().unwrap().ends_with(name), "{stale}");
        assert_eq!(
            (&stale["severity"], &stale["mends"][0]["write"]),
            (&"error".into(), &"imsimta cnbuild".into())
        );
        set_modified(&host.path(name), 600);
    }
}

#[test]
fn what_the_servers_account_may_not_use_is_found_though_we_may() {
    let host = Host::new();
    let config = [
        "[[engine]]",
        "name = \"list\"",
        "type = \"rules\"",
        "file = \"rules.txt\"",
        "[notice]",
        "infected = \"notice.txt\"",
    ];
    host.add("convscan.toml", &format!("\n{}\n", config.join("\n")));
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["rules.txt", "notice.txt"] {
        fs::copy(examples.join(name), host.path(name)).unwrap();
        allow(&host.path(name), 0o644);
    }
    assert_eq!(host.said("account-cannot"), Vec::<String>::new());
    let modes = ["rules.txt", "notice.txt", "run/clamd.ctl", "log", "state"];
    modes.iter().for_each(|name| allow(&host.path(name), 0o700));
    let said = host.found("account-cannot");
    for (line, start, name) in [
        (7, "connect to the engine", "run/clamd.ctl"),
        (19, "read the rules file", "rules.txt"),
        (21, "read the template", "notice.txt"),
        (11, "write to the log", "log"),
        (14, "make files in the state directory", "state"),
    ] {
        let is_it = |(severity, at, message): &(String, u64, String)| {
            severity == "error"
                && *at == line
                && message.starts_with(&format!("account `{NOBODY}` may not {start}: denied by mode 0700 of"))
                && message.ends_with(&format!("`{name}`"))
        };
        assert!(said.iter().any(is_it), "{line} {start} {name}: {said:#?}");
    }
    assert_eq!(said.len(), modes.len(), "{said:#?}");
    assert_eq!(host.said("not-usable"), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_told_once() {
    let host = Host::new();
    fs::remove_file(host.path("run/clamd.ctl")).unwrap();
    fs::remove_dir(host.path("state")).unwrap();
    assert_eq!(
        host.said("account-cannot"),
        [format!("account `{NOBODY}` may not make files in the state directory: is not there: `state`")]
    );
    let missing = "the engine cannot be used: No such file or directory (os error 2): `run/clamd.ctl`";
    assert_eq!(host.found("not-usable"), [("error".to_owned(), 7, missing.to_owned())]);
}

#[test]
fn what_we_cannot_use_ourselves_is_found_where_we_are_the_account() {
    let mut host = Host::new();
    host.account = fs::metadata(host.path("")).unwrap().uid().to_string();
    assert_eq!(host.said("not-usable"), Vec::<String>::new());
    fs::remove_dir(host.path("log")).unwrap();
    fs::remove_dir(host.path("state")).unwrap();
    let said = host.found("not-usable");
    let lines: Vec<u64> = said.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [11, 14], "{said:?}");
    assert_eq!(host.said("account-cannot"), Vec::<String>::new());
}

#[test]
fn an_account_that_this_machine_does_not_have_is_found() {
    let mut host = Host::new();
    host.account = "no-such-account".to_owned();
    assert_eq!(host.said("account-unknown"), ["this machine has no account `no-such-account`"]);
    host.change("config/imta_tailor", "IMTA_USER=mailsrv", "IMTA_USER=no-such-account");
    let found = host.found("account-unknown");
    assert_eq!(found.len(), 1);
    assert!(found[0].1 > 0, "the place in imta_tailor: {found:?}");
}

#[test]
fn files_of_another_account_in_the_state_directory_are_found() {
    let host = Host::new();
    // A note says what it says by where it leads, and belongs to nobody.
    symlink("awake 1", host.path("state/health-clamd-1")).unwrap();
    assert_eq!(host.said("locks-owner"), Vec::<String>::new());
    for name in ["locks", "cache", "flights", "suspects", "storm.1", "storm.2", "icap-options-1"] {
        fs::write(host.path("state").join(name), "").unwrap();
    }
    let message = format!(
        "not those of account `{NOBODY}` in the state directory: `cache`, `flights`, `icap-options-1`, `locks`, `storm.1` and 2 more"
    );
    assert_eq!(host.found("locks-owner"), [("warning".to_owned(), 14, message)]);
}

#[test]
fn what_belongs_to_no_channel_in_the_queue_directory_is_found() {
    let host = Host::new();
    for name in ["tcp_gone", ".snapshot", "CONVERSION_EXT"] {
        fs::create_dir(host.path("data/queue").join(name)).unwrap();
    }
    for name in ["README", "$temporary"] {
        fs::write(host.path("data/queue").join(name), "").unwrap();
    }
    let found = host.found("foreign-files");
    assert_eq!(found, [("warning".to_owned(), 0, "no channels: `README`, `tcp_gone`".to_owned())]);
}

/// Nobody misses a held message but its recipients.
#[test]
fn mail_that_was_held_lately_is_told() {
    let host = Host::new();
    assert_eq!(host.said("held-lately"), Vec::<String>::new());
    let line = |days: u64, id: &str| {
        let output = Command::new("date")
            .args(["-u", "+%Y-%m-%dT%H:%M:%S.000Z", "-d", &format!("@{}", host.now() - days * 86400)])
            .output()
            .unwrap();
        let time = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        format!(
            "{{\"version\":1,\"time\":\"{time}\",\"reference\":\"r{id}\",\"verdict\":\"unscannable\",\"action\":\"hold\",\
             \"reason\":\"encrypted: X\",\"message_id\":\"<{id}>\",\"ms\":{{\"start\":0,\"scan\":0,\"reply\":0,\"total\":0}}}}\n"
        )
    };
    let log = host.path("log/parts.jsonl");
    let lines = [line(9, "old"), line(6, "a"), line(5, "a"), line(1, "b")].concat();
    fs::write(&log, lines).unwrap();
    let found = host.found("held-lately");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].2.starts_with("2 messages held in the last 7 days") && found[0].2.ends_with("(encrypted 3)"),
        "{found:?}"
    );
    assert_eq!(found[0].0, "note");
}

#[test]
fn the_queue_directory_is_known_by_another_name() {
    let host = Host::new();
    symlink(host.path("data/queue"), host.path("spool")).unwrap();
    let spool = host.path("spool/convscan").display().to_string();
    host.change("convscan.toml", &host.path("state").display().to_string(), &spool);
    let message = "the state directory is in the directory of the queues: `spool/convscan`";
    assert_eq!(host.found("under-queue"), [("error".to_owned(), 14, message.to_owned())]);
}

#[test]
fn clamds_socket_may_have_two_names() {
    let host = Host::new();
    symlink(host.path("run"), host.path("link")).unwrap();
    host.change("convscan.toml", "/run/clamd.ctl", "/link/clamd.ctl");
    assert_eq!(host.said("clamd-local-socket"), Vec::<String>::new());
    // What answers is right, whatever the file says.
    host.change("clamd.conf", "/run/clamd.ctl", "/run/other.ctl");
    assert_eq!(host.said("clamd-local-socket"), Vec::<String>::new());
    host.change("convscan.toml", "/link/clamd.ctl", "/link/nobody.ctl");
    assert_eq!(host.found("clamd-local-socket").len(), 1);
}

/// All that `check` prints in each of its forms.
fn printed(directory: &Path, options: &[&str]) -> String {
    let mut printed = String::new();
    for form in [&[][..], &["--json"], &["--fix-diff"], &["--coverage"]] {
        let mut command = Command::new(CONVSCAN);
        command.current_dir(directory).env_remove("CONVSCAN_CONFIG").args(["check", "--cores", "8"]);
        let files = ["--config", "convscan.toml", "--clamd-conf", "clamd.conf"];
        let output = command.args(files).args(options).args(form).output().unwrap();
        printed += &String::from_utf8_lossy(&output.stdout);
        printed += &String::from_utf8_lossy(&output.stderr);
    }
    printed
}

/// A file as /etc/shadow is one, and another for everybody.
fn secret(path: &Path, mode: u32) {
    fs::write(path, "root:$6$salt$aHashThatNobodyIsToSee:20000:0:99999:7:::\n").unwrap();
    allow(path, mode);
}

/// Each file of the server that includes others.
const INCLUDING: [&str; 4] =
    ["config/mappings", "config/imta.cnf", "config/job_controller.cnf", "config/option.dat"];

/// Somebody who may write the mappings may include any file in them, and root may read
/// it.
#[test]
fn a_file_that_the_servers_account_may_not_read_is_not_shown() {
    for file in INCLUDING {
        let host = Host::new();
        secret(&host.path("secret"), 0o600);
        host.add(file, &format!("\n<{}\n", host.path("secret").display()));
        let home = host.path("").display().to_string();
        let options = ["--account", NOBODY, "--root", &home];
        let text = printed(&host.path(""), &options);
        assert!(text.contains("[include]") && text.contains("/secret`"), "{file}: {text}");
        assert!(!text.contains("aHash") && !text.contains("root:"), "{file}: {text}");
        // An account that may read it is shown what is wrong with it.
        allow(&host.path("secret"), 0o644);
        let text = printed(&host.path(""), &options);
        assert!(text.contains("aHash"), "{file}: {text}");
    }
    let host = Host::new();
    secret(&host.path("secret"), 0o600);
    host.add("config/mappings", &format!("\n<{}\n", host.path("secret").display()));
    assert_eq!(host.found("include-mode").len(), 1);
}

/// In a copy of another machine's set-up the modes are this machine's, and so is a file
/// that is included by its full path, or named by the tailor.
#[test]
fn a_copy_shows_no_file_of_this_machine_that_is_not_for_all() {
    let outside = tempfile::tempdir_in("/tmp").unwrap();
    allow(outside.path(), 0o755);
    let path = outside.path().join("secret");
    secret(&path, 0o600);
    let shown = path.display().to_string();
    for (file, line) in INCLUDING.map(|file| (file, format!("\n<{shown}\n"))).into_iter().chain([
        ("config/imta_tailor", format!("IMTA_MAPPING_FILE={shown}\n")),
        ("config/imta_tailor", format!("IMTA_CONFIG_FILE={shown}\n")),
        ("config/imta_tailor", format!("IMTA_CONVERSION_FILE={shown}\n")),
        ("config/imta_tailor", format!("IMTA_USER=root\nIMTA_MAPPING_FILE={shown}\n")),
        ("c-icap.conf", format!("Include {shown}\n")),
        ("config/mappings", "\n</opt/sun/comms/messaging64/config/link\n".to_owned()),
    ]) {
        let copied = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups/8.1"), copied.path());
        let target = copied.path().join(file);
        fs::write(&target, fs::read_to_string(&target).unwrap_or_default() + &line).unwrap();
        symlink(&path, copied.path().join("config/link")).unwrap();
        let mut icap = vec![];
        if file == "c-icap.conf" {
            icap = vec!["--icap-conf", "c-icap.conf"];
        }
        for account in [&[][..], &["--account", NOBODY], &["--elsewhere"]] {
            let options = [&["--root", "."][..], account, &icap].concat();
            allow(&path, 0o600);
            let text = printed(copied.path(), &options);
            assert!(!text.contains("aHash") && !text.contains("root:"), "{file} {line} {options:?}: {text}");
        }
        // The test can fail.
        allow(&path, 0o644);
        let text = printed(copied.path(), &[&["--root", "."][..], &icap].concat());
        assert!(text.contains("aHash") || line.contains("CONVERSION"), "{file} {line}: {text}");
    }
}

/// Without a server nobody knows for whom the files are.
#[test]
fn a_file_by_itself_shows_no_other_that_is_not_for_all() {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    allow(directory.path(), 0o755);
    let path = directory.path().join("secret");
    secret(&path, 0o600);
    fs::write(directory.path().join("m"), format!("<{}\nCONVERSIONS\n\n", path.display())).unwrap();
    let text = printed(directory.path(), &["--mappings", "m"]);
    assert!(text.contains("[include]") && !text.contains("aHash"), "{text}");
    allow(&path, 0o644);
    assert!(printed(directory.path(), &["--mappings", "m"]).contains("aHash"));
}

/// Root reads all of them, and the server does not run as root.
#[test]
fn a_file_of_the_server_that_its_account_may_not_read_is_found() {
    let host = Host::new();
    host.add("config/mappings", "aHashThatNobodyIsToSee x y\n");
    let home = host.path("").display().to_string();
    let options = ["--account", NOBODY, "--root", &home];
    assert!(printed(&host.path(""), &options).contains("aHash"));
    allow(&host.path("config/mappings"), 0o600);
    let text = printed(&host.path(""), &options);
    assert!(text.contains("[leading-blank]") && !text.contains("aHash"), "{text}");
    let said = host.said("account-cannot");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("may not read mappings: denied by mode 0600"), "{said:?}");
}

/// A host with one of each thing that others must not write to, all of it ours.
fn guarded() -> Host {
    let mut host = Host::new();
    host.account = fs::metadata(host.path("")).unwrap().uid().to_string();
    for name in ["bin", "rules", "words"] {
        fs::create_dir(host.path(name)).unwrap();
    }
    for name in ["bin/scanner", "rules/rules.txt", "words/notice.txt", "log/parts.jsonl"] {
        fs::write(host.path(name), "").unwrap();
        allow(&host.path(name), 0o755);
    }
    for name in ["bin", "rules", "words", "log", "state"] {
        allow(&host.path(name), 0o755);
    }
    let home = host.path("").display().to_string();
    let lines = format!(
        "\n[[engine]]\nname = \"list\"\ntype = \"rules\"\nfile = \"{home}rules/rules.txt\"\n\
         [[engine]]\nname = \"scanner\"\ntype = \"command\"\nprogram = \"{home}bin/scanner\"\nscan = [\"{{file}}\"]\n\
         [engine.codes]\nclean = [0]\ninfected = [1]\n\
         [notice]\ninfected = \"{home}words/notice.txt\"\n"
    );
    host.add("convscan.toml", &lines);
    host
}

#[test]
fn what_others_may_write_to_is_found_and_mended_by_what_is_said() {
    let rules = OF_THE_MACHINE.iter().filter(|rule| rule.ends_with("-writable"));
    let all = |host: &Host| -> Vec<Value> {
        let is_one = |finding: &Value| finding["rule"].as_str().unwrap().ends_with("-writable");
        host.findings().into_iter().filter(is_one).collect()
    };
    assert_eq!(all(&guarded()), Vec::<Value>::new());
    let mut met = Vec::new();
    for (rule, line, name) in [
        ("state-writable", 14, "state"),
        ("config-writable", 0, "convscan.toml"),
        ("scanner-writable", 23, "bin/scanner"),
        ("scanner-writable", 23, "bin"),
        ("rules-writable", 19, "rules/rules.txt"),
        ("rules-writable", 19, "rules"),
        ("template-writable", 29, "words/notice.txt"),
        ("template-writable", 29, "words"),
        ("log-writable", 11, "log/parts.jsonl"),
        ("log-writable", 11, "log"),
    ] {
        met.push(rule);
        for (mode, who) in [(0o775, "its group"), (0o757, "everybody")] {
            let host = guarded();
            allow(&host.path(name), mode);
            let message = format!("`{name}` may be written by {who}, mode {mode:04o}");
            assert_eq!(host.found(rule), [("error".to_owned(), line, message)], "{name}");
            let findings = all(&host);
            assert_eq!(findings.len(), 1, "{findings:?}");
            let cure = findings[0]["mends"][0]["write"].as_str().unwrap();
            assert!(Command::new("/bin/sh").args(["-c", cure]).status().unwrap().success(), "{cure}");
            assert_eq!(all(&host), Vec::<Value>::new(), "{cure}");
        }
    }
    // A log that is not there yet, in a directory that others may write to.
    let host = guarded();
    fs::remove_file(host.path("log/parts.jsonl")).unwrap();
    assert_eq!(all(&host), Vec::<Value>::new());
    allow(&host.path("log"), 0o1777);
    assert_eq!(host.found("log-writable").len(), 1);
    met.dedup();
    met.sort_unstable();
    assert_eq!(met, rules.copied().collect::<Vec<_>>());
}

#[test]
fn what_belongs_to_another_account_is_found() {
    if !needs_root("what_belongs_to_another_account_is_found") {
        return;
    }
    for (rule, name, owner) in [
        ("state-writable", "state", "root"),
        ("config-writable", "convscan.toml", "root"),
        ("scanner-writable", "bin", "root"),
        ("rules-writable", "rules/rules.txt", "root"),
        ("template-writable", "words", "root"),
        ("log-writable", "log", "root"),
    ] {
        let mut host = guarded();
        chown(host.path(name), Some(6), None).unwrap();
        assert_eq!(host.said(rule), [format!("`{name}` belongs to account 6")]);
        let findings = host.findings();
        let finding = findings.iter().find(|finding| finding["rule"] == rule).unwrap();
        let cure = finding["mends"][0]["write"].as_str().unwrap();
        assert_eq!(cure, format!("chown {owner} {}", host.path(name).display()));
        // It may be the server's own.
        host.account = "6".to_owned();
        assert_eq!(host.said(rule), Vec::<String>::new());
    }
}
