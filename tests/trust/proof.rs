//! A "clean" is believed only while there is proof that the engine sees.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{
    CLEAN, Fate, Host, all_at_once, fate, has_clamd, now, reason, second_word, spawn, until, wait_for,
};
use crate::harness::clamd::{Clamd, Temporary};
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::{CONVSCAN, Case, eicar, needs};

#[test]
fn a_clamd_without_its_temporary_directory_acquits_nothing() {
    if !has_clamd("a_clamd_without_its_temporary_directory_acquits_nothing") {
        return;
    }
    let clamd = Clamd::start("LogClean yes\n");
    let host = Host::new();
    let engine = format!("{}canary = \"20s\"\n", clamd.engine());
    host.part(&engine, CLEAN).run().passed(CLEAN);
    host.part(&engine, &eicar()).run().replaced();
    let away = clamd.directory.path().join("away");
    fs::rename(clamd.temporary(), &away).unwrap();
    // It now calls everything clean. That is known when the proof is too old.
    host.age(Duration::from_secs(21));
    let record = host.part(&engine, &eicar()).run().deferred();
    assert!(reason(&record).starts_with("blind"), "{record:?}");
    // The others know without asking.
    host.keep_closed(Duration::from_secs(25));
    let note = host.note();
    let asked = clamd.log();
    let cases = (0..12).map(|_| host.part(&engine, &eicar())).collect();
    for (fate, record) in all_at_once(cases, &eicar()) {
        assert_eq!(fate, Fate::Deferred, "{record:?}");
        assert!(reason(&record).starts_with("blind"), "{record:?}");
    }
    assert_eq!((host.note(), clamd.log()), (note, asked));
    host.keep_closed(Duration::ZERO);
    // It sees again, and that is found out without help.
    fs::rename(&away, clamd.temporary()).unwrap();
    until(Fate::Passed, &host, &engine, CLEAN);
    host.part(&engine, &eicar()).run().replaced();
}

#[test]
fn a_clamd_whose_temporary_directory_is_full_acquits_nothing() {
    let name = "a_clamd_whose_temporary_directory_is_full_acquits_nothing";
    if !has_clamd(name) || !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    let clamd = Clamd::start_with("", Temporary::Small);
    for engine in [clamd.engine(), clamd.tcp_engine()] {
        let host = Host::new();
        let engine = format!("{engine}canary = \"20s\"\n");
        let part = b"text ".repeat(1000);
        host.part(&engine, &part).run().passed(&part);
        let filler = clamd.temporary().join("filler");
        let _ = fs::write(&filler, vec![0; 1 << 20]);
        assert!(fs::metadata(&filler).unwrap().len() > 0);
        host.age(Duration::from_secs(21));
        for input in [&part, &eicar(), &part] {
            let record = host.part(&engine, input).run().deferred();
            let reason = reason(&record);
            assert!(
                ["blind", "failed", "out-of-service"].iter().any(|kind| reason.starts_with(kind)),
                "{reason}"
            );
        }
        fs::remove_file(&filler).unwrap();
        until(Fate::Passed, &host, &engine, &part);
        host.part(&engine, &eicar()).run().replaced();
    }
}

#[test]
fn a_part_under_way_when_clamd_goes_blind_is_not_acquitted_by_an_old_proof() {
    if !has_clamd("a_part_under_way_when_clamd_goes_blind_is_not_acquitted_by_an_old_proof") {
        return;
    }
    let clamd = Clamd::start("");
    let host = Host::new();
    let engine = format!("{}canary = \"20s\"\n", clamd.engine());
    host.part(&engine, CLEAN).run().passed(CLEAN);
    clamd.stop();
    let case = host.part(&engine, CLEAN);
    let mut child = spawn(&case);
    wait_for("the safe answer", || case.path("options").exists());
    fs::remove_dir(clamd.temporary()).unwrap();
    host.age(Duration::from_secs(21));
    clamd.go_on();
    assert!(child.wait().unwrap().success());
    let (fate, record) = fate(&case, CLEAN);
    assert_eq!(fate, Fate::Deferred);
    assert!(reason(&record).starts_with("blind"), "{record:?}");
}

#[test]
fn what_a_blind_engine_said_is_not_proven_by_what_it_sees_later() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("20s");
    host.part(&engine, CLEAN).run().passed(CLEAN);
    eyes.blind.store(true, Ordering::SeqCst);
    eyes.holds.store(true, Ordering::SeqCst);
    let slow = host.part(&engine, b"slow");
    let parts = eyes.parts.load(Ordering::SeqCst);
    let mut child = spawn(&slow);
    wait_for("the slow part", || eyes.parts.load(Ordering::SeqCst) > parts);
    host.age(Duration::from_secs(21));
    let record = host.part(&engine, CLEAN).run().deferred();
    assert!(reason(&record).starts_with("blind"), "{record:?}");
    eyes.blind.store(false, Ordering::SeqCst);
    until(Fate::Passed, &host, &engine, CLEAN);
    eyes.holds.store(false, Ordering::SeqCst);
    assert!(child.wait().unwrap().success());
    assert_eq!(fate(&slow, b"slow").0, Fate::Deferred);
    // Only that one.
    host.part(&engine, b"slow").run().passed(b"slow");
}

#[test]
fn one_of_fifty_renews_the_proof_and_nobody_waits() {
    for (fake, eyes) in [FakeClamd::look(), FakeClamd::look_at_port()] {
        let host = Host::new();
        let engine = fake.watched("60s");
        let cases = || -> Vec<Case> { (0..50).map(|_| host.part(&engine, CLEAN)).collect() };
        // There is none yet: the first gets it, and the others wait for that.
        eyes.time.store(100, Ordering::SeqCst);
        assert!(all_at_once(cases(), CLEAN).iter().all(|(fate, _)| *fate == Fate::Passed));
        assert_eq!(eyes.canaries(), 1);
        // It gets old: one renews it, and its canary takes as long as the others need.
        host.age(Duration::from_secs(31));
        eyes.holds_canaries.store(true, Ordering::SeqCst);
        let cases = cases();
        let mut running: Vec<_> = cases.iter().map(spawn).collect();
        wait_for("all but one", || {
            running.retain_mut(|child| child.try_wait().unwrap().is_none());
            running.len() == 1
        });
        eyes.holds_canaries.store(false, Ordering::SeqCst);
        assert!(running[0].wait().unwrap().success());
        assert!(cases.iter().all(|case| fate(case, CLEAN).0 == Fate::Passed));
        assert_eq!(eyes.canaries(), 2);
        assert!(now() - second_word(&host.note()) < 30_000_000);
    }
}

/// Nothing but its age makes this proof worthless: no file tells of the server.
#[test]
fn a_proof_is_good_for_half_its_age_and_serves_for_all_of_it() {
    let (fake, eyes) = FakeClamd::look_at_port();
    let host = Host::new();
    let engine = format!("{}patience = \"1s\"\n", fake.watched("20s"));
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    pass();
    assert_eq!(eyes.canaries(), 1);
    let proven = host.note();
    // Nearly half as old: fresh.
    host.age(Duration::from_secs(5));
    pass();
    assert_eq!(eyes.canaries(), 1);
    // Over half, and another process renews it: it serves meanwhile.
    let renewing = host.lock();
    host.age(Duration::from_secs(6));
    pass();
    assert_eq!(eyes.canaries(), 1);
    // Too old: whatever another process does, it serves no more.
    host.age(Duration::from_secs(10));
    eyes.blind.store(true, Ordering::SeqCst);
    let record = host.part(&engine, CLEAN).run().deferred();
    assert!(reason(&record).starts_with("blind"), "{record:?}");
    assert_eq!(eyes.canaries(), 2);
    drop(renewing);
    // Over half, and nobody is at it.
    eyes.blind.store(false, Ordering::SeqCst);
    host.forge(&proven);
    host.age(Duration::from_secs(11));
    let old = second_word(&host.note());
    pass();
    assert_eq!(eyes.canaries(), 3);
    assert!(second_word(&host.note()) > old + 10_000_000);
    // A renewal that fails counts at once, though the old proof had time left.
    host.age(Duration::from_secs(11));
    eyes.blind.store(true, Ordering::SeqCst);
    assert!(reason(&host.part(&engine, CLEAN).run().deferred()).starts_with("blind"));
}

#[test]
fn a_failure_voids_the_proof_before_the_next_is_there() {
    let (fake, eyes) = FakeClamd::look_at_port();
    let host = Host::new();
    let engine = format!("{}patience = \"30s\"\n", fake.watched("60s"));
    host.part(&engine, CLEAN).run().passed(CLEAN);
    eyes.blind.store(true, Ordering::SeqCst);
    eyes.holds_canaries.store(true, Ordering::SeqCst);
    let failing = host.part(&engine, b"fails always");
    let mut first = spawn(&failing);
    wait_for("the canary after the failure", || eyes.canaries() == 2);
    let parts = eyes.parts.load(Ordering::SeqCst);
    let honest = host.part(&engine, CLEAN);
    let mut second = spawn(&honest);
    wait_for("the part", || eyes.parts.load(Ordering::SeqCst) > parts);
    eyes.holds_canaries.store(false, Ordering::SeqCst);
    assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
    assert_eq!(fate(&failing, b"fails always").0, Fate::Deferred);
    let (fate, record) = fate(&honest, CLEAN);
    assert_eq!(fate, Fate::Deferred, "{record:?}");
    assert!(reason(&record).starts_with("blind"), "{record:?}");
}

#[test]
fn a_canary_that_it_could_not_look_into_is_missed() {
    let (fake, eyes) = FakeClamd::look();
    eyes.limited.store(true, Ordering::SeqCst);
    let record = Host::new().part(&fake.watched("60s"), CLEAN).run().deferred();
    assert!(reason(&record).starts_with("blind: does not find"), "{record:?}");
}

/// The system calls of one part, as strace prints them.
fn calls(case: &Case) -> Vec<String> {
    let trace = case.path("trace");
    let mut command =
        case.wrapped("/usr/bin/strace", &["-f", "-o", trace.to_str().unwrap(), CONVSCAN, "part"]);
    assert!(command.status().unwrap().success());
    fs::read_to_string(trace).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_fresh_proof_costs_a_few_system_calls() {
    if !needs("a_fresh_proof_costs_a_few_system_calls", "/usr/bin/strace", "strace") {
        return;
    }
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("60s");
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let case = host.part(&engine, CLEAN);
    let calls = calls(&case);
    let state = host.state.path().to_str().unwrap();
    let (suspects, touching): (Vec<_>, Vec<_>) = calls
        .iter()
        .filter(|call| call.contains(state) && !call.contains("exec"))
        .partition(|call| call.contains("/suspects"));
    assert_eq!(suspects.len(), 1, "one look whether any part is suspected");
    let count = |what: &str| touching.iter().filter(|call| call.contains(what)).count();
    // The directory is looked at and its file system, then the note is read twice.
    let counts = (count("readlink"), count("statfs"), count("health-"), touching.len());
    assert_eq!(counts, (2, 1, 4, 6), "{touching:#?}");
    let socket = fake.address().split_once(':').unwrap().1.to_owned();
    let touching = calls.iter().filter(|call| call.contains(&socket)).count();
    // The configuration names it, then it is looked at and connected to.
    assert!(touching <= 3, "{touching}");
    // Which host this is costs a look at one file, and one small file that is read.
    for (path, most) in [("/etc/machine-id", 1), ("/proc/sys/kernel/random/boot_id", 1)] {
        let count = calls.iter().filter(|call| call.contains(path)).count();
        assert!(count <= most, "{path}: {count}");
    }
    assert_eq!(eyes.canaries(), 1);
}

#[test]
fn a_new_start_new_definitions_and_a_failure_ask_for_new_proof() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let definitions = host.state.path().join("definitions");
    fs::write(&definitions, "old").unwrap();
    let engine = format!("{}definitions = [\"{}\"]\n", fake.watched("60s"), definitions.display());
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    pass();
    pass();
    assert_eq!(eyes.canaries(), 1);
    fs::write(&definitions, "new").unwrap();
    pass();
    pass();
    assert_eq!(eyes.canaries(), 2);
    let record = host.part(&engine, b"fails always").run().deferred();
    assert!(reason(&record).starts_with("failed"), "{record:?}");
    pass();
    assert_eq!(eyes.canaries(), 3);
    // A change of the definitions makes nobody see.
    eyes.blind.store(true, Ordering::SeqCst);
    pass();
    fs::write(&definitions, "newer").unwrap();
    assert!(reason(&host.part(&engine, CLEAN).run().deferred()).starts_with("blind"));

    if !has_clamd("a_new_start_new_definitions_and_a_failure_ask_for_new_proof") {
        return;
    }
    let mut clamd = Clamd::start("LogClean yes\n");
    let host = Host::new();
    let engine = clamd.engine();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let proven = second_word(&host.note());
    clamd.restart();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    assert!(second_word(&host.note()) > proven);
}
