//! A proof is about one engine as it was then: when anything changes that a verdict
//! depends on, there is a new canary before the next "clean".

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{chown, symlink};
use std::sync::atomic::Ordering;

use super::{CLEAN, Fate, Host, fate, reason};
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::scanner::Scanner;
use crate::harness::{CONVSCAN, Case, eicar, needs};

#[test]
fn every_change_of_a_scanners_files_asks_for_a_new_proof() {
    let scanner = Scanner::new();
    let path = |name: &str| scanner.path(name);
    let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    let (host, engine) = (Host::new(), scanner.engine(""));
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    let program = fs::read_to_string(path("scanner")).unwrap();
    let changes: [(&str, &dyn Fn()); 12] = [
        ("the program is written over in place", &|| write("scanner", &format!("{program}#\n"))),
        ("with one of the same size and time", &|| {
            let modified = fs::metadata(path("scanner")).unwrap().modified().unwrap();
            write("scanner", &format!("{program}:\n"));
            let file = File::options().append(true).open(path("scanner")).unwrap();
            file.set_times(FileTimes::new().set_modified(modified)).unwrap();
        }),
        ("another is moved to its place", &|| {
            scanner.write("new", "");
            fs::rename(path("new"), path("scanner")).unwrap();
        }),
        ("it becomes a link", &|| {
            fs::rename(path("scanner"), path("behind")).unwrap();
            symlink("behind", path("scanner")).unwrap();
        }),
        ("the link leads to another", &|| {
            scanner.write("other", "");
            fs::remove_file(path("scanner")).unwrap();
            symlink("other", path("scanner")).unwrap();
        }),
        ("what the link leads to is written over", &|| scanner.write("other", ": :\n")),
        ("definitions are written over in place", &|| write("definitions/one", "2")),
        ("definitions come", &|| write("definitions/new", "")),
        ("definitions go", &|| fs::remove_file(path("definitions/new")).unwrap()),
        ("definitions are written over further below", &|| write("definitions/below/two", "2")),
        ("definitions behind a link are written over", &|| write("linked", "2")),
        ("all definitions are exchanged", &|| {
            fs::rename(path("definitions"), path("old")).unwrap();
            fs::create_dir(path("definitions")).unwrap();
        }),
    ];
    pass();
    assert_eq!(scanner.canaries(), 1);
    for (i, (what, change)) in changes.iter().enumerate() {
        pass();
        assert_eq!(scanner.canaries(), i + 1, "before: {what}");
        change();
        pass();
        assert_eq!(scanner.canaries(), i + 2, "{what}");
    }
    // One that goes blind by such a change is found out by it.
    fs::write(path("other"), "#!/bin/sh\n# A fake scanner that sees nothing.\nexit 0\n").unwrap();
    assert!(reason(&host.part(&engine, &eicar()).run().deferred()).starts_with("blind"));
}

#[test]
fn every_change_of_a_scanners_settings_asks_for_a_new_proof() {
    let scanner = Scanner::new();
    scanner.write("second", "");
    let (scan, codes) = ("\"--\", \"{file}\"", "clean = [0]\ninfected = [13]");
    let mut engines = vec![
        scanner.engine(""),
        scanner.engine_with("", "second", scan, codes),
        scanner.engine_with("", "scanner", "\"{file}\"", codes),
        scanner.engine_with("", "scanner", scan, "clean = [0, 1]\ninfected = [13]"),
        scanner.engine_with("", "scanner", scan, "clean = [0]\ninfected = [13, 14]"),
    ];
    for pattern in ["infected", "error", "encrypted", "unscannable"] {
        let pattern = format!("{codes}\n[engine.patterns]\n{pattern} = [\"^(never)$\"]");
        engines.push(scanner.engine_with("", "scanner", scan, &pattern));
    }
    let host = Host::new();
    for (i, engine) in engines.iter().enumerate() {
        host.part(engine, CLEAN).run().passed(CLEAN);
        host.part(engine, CLEAN).run().passed(CLEAN);
        assert_eq!(scanner.canaries(), i + 1, "{engine}");
    }
    // How long it is asked, and for what, makes no verdict.
    for keys in ["timeout = \"61s\"\n", "largest = \"5M\"\n", "canary = \"10h\"\n"] {
        host.part(&scanner.engine(keys), CLEAN).run().passed(CLEAN);
        assert_eq!(scanner.canaries(), engines.len(), "{keys}");
    }
    // A wrong code calls the canary clean.
    let wrong = scanner.engine_with("", "scanner", scan, "clean = [0, 13]");
    assert!(reason(&host.part(&wrong, &eicar()).run().deferred()).starts_with("blind"));
}

#[test]
fn another_account_and_other_limits_need_a_proof_of_their_own() {
    let name = "another_account_and_other_limits_need_a_proof_of_their_own";
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root || !needs(name, "/usr/bin/setpriv", "util-linux") {
        return;
    }
    let scanner = Scanner::new();
    let (host, engine) = (Host::new(), scanner.engine(""));
    let runs: [(u32, &str, &[&str]); 4] = [
        (0, "/usr/bin/env", &[CONVSCAN, "part"]),
        (0, "/usr/bin/prlimit", &["--nofile=500", CONVSCAN, "part"]),
        (0, "/usr/bin/setpriv", &["--groups=7", CONVSCAN, "part"]),
        (65534, "/usr/bin/setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", CONVSCAN, "part"]),
    ];
    for (i, (account, program, arguments)) in runs.into_iter().enumerate() {
        // Root's notes are believed by all.
        chown(host.state.path(), Some(account), None).unwrap();
        for _ in 0..2 {
            let case = host.part(&engine, CLEAN);
            chown(case.directory.path(), Some(account), None).unwrap();
            assert!(case.wrapped(program, arguments).status().unwrap().success());
            let (fate, record) = fate(&case, CLEAN);
            assert_eq!(fate, Fate::Passed, "{program}: {record:?}");
        }
        assert_eq!(scanner.canaries(), i + 1, "{program}");
    }
}

#[test]
fn a_proof_of_another_host_or_start_is_none() {
    let name = "a_proof_of_another_host_or_start_is_none";
    if !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    let (one, two) = ("1".repeat(32), "2".repeat(32));
    let (fake, eyes) = FakeClamd::look_at_port();
    let host = Host::new();
    let engine = fake.watched("60s");
    let part = |case: &Case, named: &str, shell: &str| {
        let shell = format!("echo {named} > /proc/sys/kernel/hostname; {shell}");
        let arguments = ["-rmu", "/bin/sh", "-c", &shell, "sh", CONVSCAN, "part"];
        assert!(case.wrapped("/usr/bin/unshare", &arguments).status().unwrap().success());
        fate(case, CLEAN)
    };
    let etc = host.state.path().join("etc");
    let hosts = [
        ("a", Some(&one), "1"),
        ("a", Some(&two), "1"),
        ("a", Some(&one), "2"),
        ("a", None, "1"),
        ("b", None, "1"),
        ("b", None, "2"),
    ];
    let mut canaries = 0;
    for (named, machine, boot) in hosts {
        let _ = fs::remove_dir_all(&etc);
        fs::create_dir(&etc).unwrap();
        if let Some(number) = machine {
            fs::write(etc.join("machine-id"), format!("{number}\n")).unwrap();
        }
        fs::write(host.state.path().join("boot"), format!("{boot}\n")).unwrap();
        let state = host.state.path().display();
        let shell = format!(
            "mount --bind {state}/etc /etc && mount --bind {state}/boot /proc/sys/kernel/random/boot_id && exec \"$@\""
        );
        canaries += 1;
        for _ in 0..2 {
            let (fate, record) = part(&host.part(&engine, CLEAN), named, &shell);
            assert_eq!(fate, Fate::Passed, "{record:?}");
            assert_eq!(eyes.canaries(), canaries, "{named} {machine:?} {boot}");
        }
    }
    // Without a number of this start each process is alone.
    let shell = "mount --bind /dev/null /proc/sys/kernel/random/boot_id && exec \"$@\"";
    for _ in 0..2 {
        let (fate, record) = part(&host.part(&engine, CLEAN), "b", shell);
        assert_eq!(fate, Fate::Passed, "{record:?}");
        canaries += 1;
        assert_eq!(eyes.canaries(), canaries);
    }
}

/// Another server at the same path, as on another host that has the same directory.
#[test]
fn another_socket_at_the_same_place_asks_for_a_new_proof() {
    let ((fake, eyes), (other, others)) = (FakeClamd::look(), FakeClamd::look());
    let host = Host::new();
    let engine = fake.watched("60s");
    host.part(&engine, CLEAN).run().passed(CLEAN);
    host.part(&engine, CLEAN).run().passed(CLEAN);
    assert_eq!(eyes.canaries(), 1);
    others.blind.store(true, Ordering::SeqCst);
    fs::rename(other.socket(), fake.socket()).unwrap();
    assert!(reason(&host.part(&engine, &eicar()).run().deferred()).starts_with("blind"));
}

#[test]
fn without_a_canary_nothing_is_proven() {
    for (fake, eyes) in [FakeClamd::look(), FakeClamd::look_at_port()] {
        let host = Host::new();
        let (on, off) = (fake.watched("60s"), fake.watched("off"));
        eyes.blind.store(true, Ordering::SeqCst);
        assert!(reason(&host.part(&on, CLEAN).run().deferred()).starts_with("blind"));
        // It serves those who ask for no proof, and that is no proof.
        host.forge("closed 1 1 blind calls it clean");
        host.part(&off, CLEAN).run().passed(CLEAN);
        assert!(reason(&host.part(&on, &eicar()).run().deferred()).starts_with("blind"));
        // Nor after a failure that it got over.
        let host = Host::new();
        host.part(&off, b"fails always").run().deferred();
        host.part(&off, CLEAN).run().passed(CLEAN);
        assert!(reason(&host.part(&on, &eicar()).run().deferred()).starts_with("blind"));
    }
}
