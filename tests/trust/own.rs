//! Failures of our own: a process that lacks something defers its part and leaves the
//! engine open for the others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;
use std::sync::atomic::Ordering;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{CLEAN, Fate, Host, fate, reason, spawn, wait_for};
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::scanner::Scanner;
use crate::harness::{CONVSCAN, Case, needs};

/// One process fails in some way, again and again; the others are well meanwhile.
fn fails_alone(host: &Host, engine: &str, lacking: impl Fn(&Case) -> Command) {
    host.part(engine, CLEAN).run().passed(CLEAN);
    for _ in 0..4 {
        let notes = || -> Vec<_> { host.notes().iter().map(|note| fs::read_link(note).unwrap()).collect() };
        let before = notes();
        let case = host.part(engine, CLEAN);
        // It is there as a rule, and to make it takes a descriptor more.
        fs::write(case.path("log"), "").unwrap();
        chown(case.path("log"), Some(fs::metadata(host.state.path()).unwrap().uid()), None).unwrap();
        assert!(lacking(&case).status().unwrap().success());
        let (fate, record) = fate(&case, CLEAN);
        assert_eq!(fate, Fate::Deferred, "{record:?}");
        assert!(!reason(&record).starts_with("out-of-service"), "{record:?}");
        assert_eq!(notes(), before, "{record:?}");
        host.part(engine, CLEAN).run().passed(CLEAN);
    }
}

/// The program under strace, with one kind of call failing each time.
fn failing(case: &Case, inject: &str) -> Command {
    let inject = format!("inject={inject}");
    let null = ["-f", "-o", "/dev/null", "-e", &inject, CONVSCAN, "part"];
    case.wrapped("/usr/bin/strace", &null)
}

#[test]
fn a_process_that_cannot_connect_for_its_own_sake_closes_nothing() {
    let name = "a_process_that_cannot_connect_for_its_own_sake_closes_nothing";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let ((unix, _), (tcp, _)) = (FakeClamd::look(), FakeClamd::look_at_port());
    for fake in [unix, tcp] {
        for canary in ["20s", "off"] {
            let engine = fake.watched(canary);
            for errno in ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EACCES", "EPERM"] {
                fails_alone(&Host::new(), &engine, |case| failing(case, &format!("socket:error={errno}")));
            }
            for errno in ["ENOMEM", "ENOBUFS", "EACCES", "EPERM", "EADDRNOTAVAIL"] {
                fails_alone(&Host::new(), &engine, |case| failing(case, &format!("connect:error={errno}")));
            }
        }
    }
}

#[test]
fn a_process_that_cannot_send_for_its_own_sake_closes_nothing() {
    let name = "a_process_that_cannot_send_for_its_own_sake_closes_nothing";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let (fake, _) = FakeClamd::look();
    for canary in ["20s", "off"] {
        for errno in ["ENOBUFS", "ETOOMANYREFS", "ENOMEM", "EPERM"] {
            let engine = fake.watched(canary);
            fails_alone(&Host::new(), &engine, |case| failing(case, &format!("sendmsg:error={errno}")));
        }
    }
}

#[test]
fn a_process_with_few_descriptors_closes_nothing() {
    let name = "a_process_with_few_descriptors_closes_nothing";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    let (fake, _) = FakeClamd::look();
    let few = |case: &Case| case.wrapped("/usr/bin/prlimit", &["--nofile=4", CONVSCAN, "part"]);
    for canary in ["20s", "off"] {
        fails_alone(&Host::new(), &fake.watched(canary), few);
    }
}

#[test]
fn a_process_without_rights_on_the_socket_closes_nothing() {
    let name = "a_process_without_rights_on_the_socket_closes_nothing";
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root || !needs(name, "/usr/bin/setpriv", "util-linux") {
        return;
    }
    let (fake, _) = FakeClamd::look();
    let open =
        |path: &std::path::Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    open(&fake.socket(), 0o700);
    open(fake.socket().parent().unwrap(), 0o755);
    // That process may write notes, and does not.
    let host = Host::new();
    chown(host.state.path(), Some(65534), Some(65534)).unwrap();
    fails_alone(&host, &fake.watched("60s"), |case| {
        // Its configuration is not believed where everybody may write.
        chown(case.directory.path(), Some(65534), None).unwrap();
        let weak = ["--reuid=65534", "--regid=65534", "--clear-groups", CONVSCAN, "part"];
        case.wrapped("/usr/bin/setpriv", &weak)
    });
}

#[test]
fn a_process_that_can_start_no_scanner_closes_nothing() {
    let name = "a_process_that_can_start_no_scanner_closes_nothing";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    for canary in ["1h", "off"] {
        let scanner = Scanner::new();
        let engine = scanner.engine(&format!("canary = \"{canary}\"\n"));
        for inject in [
            "clone,clone3,vfork,fork:error=EAGAIN",
            "clone,clone3,vfork,fork:error=ENOMEM",
            "pipe2:error=EMFILE",
        ] {
            fails_alone(&Host::new(), &engine, |case| failing(case, inject));
        }
        // Started so that it never learns how its scanner ended.
        fails_alone(&Host::new(), &engine, |case| {
            case.wrapped("/usr/bin/env", &["--ignore-signal=CHLD", CONVSCAN, "part"])
        });
    }
}

/// With fewer descriptors than it needs the scanner fails, too. It fails those alone
/// that have no more.
#[test]
fn a_scanner_that_fails_for_our_limits_closes_nothing_for_others() {
    let name = "a_scanner_that_fails_for_our_limits_closes_nothing_for_others";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    for canary in ["1h", "off"] {
        let scanner = Scanner::with("if [ \"$(ulimit -n)\" -lt 64 ]; then exit 2; fi\n");
        let engine = scanner.engine(&format!("canary = \"{canary}\"\n"));
        let host = Host::new();
        for _ in 0..4 {
            host.part(&engine, CLEAN).run().passed(CLEAN);
            let case = host.part(&engine, CLEAN);
            let mut few = case.wrapped("/usr/bin/prlimit", &["--nofile=32", CONVSCAN, "part"]);
            assert!(few.status().unwrap().success());
            assert_eq!(fate(&case, CLEAN).0, Fate::Deferred);
        }
    }
}

#[test]
fn a_part_that_is_told_to_end_says_nothing_of_the_engine() {
    for canary in ["1h", "off"] {
        let scanner = Scanner::with("if grep -q slow \"$file\"; then echo $$ > $dir/slow; sleep 60; fi\n");
        let engine = scanner.engine(&format!("canary = \"{canary}\"\n"));
        let host = Host::new();
        host.part(&engine, CLEAN).run().passed(CLEAN);
        let notes = host.notes();
        let known: Vec<_> = notes.iter().map(|note| fs::read_link(note).unwrap()).collect();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM] {
            let case = host.part(&engine, b"slow");
            let mut child = spawn(&case);
            wait_for("the scanner", || scanner.path("slow").exists());
            fs::remove_file(scanner.path("slow")).unwrap();
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            assert!(child.wait().unwrap().success());
            let (fate, record) = fate(&case, b"slow");
            assert_eq!(fate, Fate::Deferred);
            let wanted = format!("failed: interrupted by signal {}", signal as i32);
            assert!(reason(&record).starts_with(&wanted), "{record:?}");
        }
        assert_eq!(host.notes(), notes);
        let now: Vec<_> = notes.iter().map(|note| fs::read_link(note).unwrap()).collect();
        assert_eq!(now, known);
        host.part(&engine, CLEAN).run().passed(CLEAN);
    }
}

/// One is still waiting for its daemon, and ends for the same reason.
#[test]
fn an_engine_that_is_stopped_by_a_signal_is_not_out_of_time() {
    let (fake, eyes) = FakeClamd::look();
    let scanner = Scanner::with("echo $$ > $dir/slow; sleep 60\n");
    let engines = format!("{}{}", fake.engine(), scanner.engine("canary = \"off\"\n"));
    eyes.still.store(true, Ordering::SeqCst);
    let host = Host::new();
    let case = host.part(&engines, CLEAN);
    let mut child = spawn(&case);
    wait_for("both", || scanner.path("slow").exists() && eyes.parts.load(Ordering::SeqCst) > 0);
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
    let (fate, record) = fate(&case, CLEAN);
    assert_eq!(fate, Fate::Deferred);
    assert!(reason(&record).starts_with("failed: interrupted by signal 15"), "{record:?}");
}
