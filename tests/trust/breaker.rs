//! An address that does not answer is left alone by all, tried by one, and asked
//! again when it is back.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{
    CLEAN, Fate, Host, SOON, all_at_once, fate, has_clamd, now, reason, second_word, spawn, until, wait_for,
};
use crate::harness::clamd::Clamd;
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::{clamd_at, eicar};

#[test]
fn one_that_never_answers_is_waited_for_once() {
    for canary in ["20s", "off"] {
        let (fake, eyes) = FakeClamd::look();
        let host = Host::new();
        let engine = format!("{}timeout = \"1s\"\n", fake.watched(canary));
        host.part(&engine, CLEAN).run().passed(CLEAN);
        eyes.still.store(true, Ordering::SeqCst);
        // Without a canary nobody knows before the third one.
        let first = if canary == "off" { 3 } else { 1 };
        for _ in 0..first {
            let record = host.part(&engine, CLEAN).run().deferred();
            assert!(reason(&record).starts_with("timed-out"), "{record:?}");
        }
        // Counted by the engine, since a part may be slow without waiting.
        let asked = eyes.asked.load(Ordering::SeqCst);
        host.keep_closed(Duration::from_secs(25));
        for (fate, record) in all_at_once((0..20).map(|_| host.part(&engine, CLEAN)).collect(), CLEAN) {
            assert_eq!(fate, Fate::Deferred);
            assert!(reason(&record).starts_with("out-of-service: timed-out"), "{record:?}");
        }
        assert_eq!(eyes.asked.load(Ordering::SeqCst), asked);
        // When its time is over, one part asks; then it is left alone for longer.
        for times in 2..5 {
            host.keep_closed(Duration::ZERO);
            let begun = now();
            host.part(&engine, CLEAN).run().deferred();
            assert_eq!(eyes.asked.load(Ordering::SeqCst), asked + times - 1);
            let note = host.note();
            assert!(second_word(&note) >= begun + (1_000_000 << times), "{times}: {begun} {note}");
        }
        host.keep_closed(Duration::ZERO);
        eyes.still.store(false, Ordering::SeqCst);
        until(Fate::Passed, &host, &engine, CLEAN);
        for (fate, record) in all_at_once((0..12).map(|_| host.part(&engine, CLEAN)).collect(), CLEAN) {
            assert_eq!(fate, Fate::Passed, "{canary} {record:?}");
        }
    }
}

#[test]
fn only_one_tries_whether_an_address_is_back() {
    for canary in ["20s", "off"] {
        let (fake, eyes) = FakeClamd::look();
        let host = Host::new();
        let engine = format!("{}timeout = \"30s\"\n", fake.watched(canary));
        host.part(&engine, CLEAN).run().passed(CLEAN);
        if host.notes().is_empty() {
            // Nothing was worth a note yet.
            eyes.still.store(true, Ordering::SeqCst);
            let short = engine.replace("30s", "200ms");
            until_closed(&host, &short);
            eyes.still.store(false, Ordering::SeqCst);
            wait_for("the end of all talk", || eyes.now.load(Ordering::SeqCst) == 0);
        }
        // It was closed, and may be tried again now.
        host.forge(&format!("closed {} 1 timed-out no verdict in time", now() - 1));
        eyes.most.store(0, Ordering::SeqCst);
        eyes.still.store(true, Ordering::SeqCst);
        let first = host.part(&engine, CLEAN);
        let mut trying = spawn(&first);
        wait_for("the trial", || eyes.now.load(Ordering::SeqCst) > 0);
        let cases = (0..20).map(|_| host.part(&engine, CLEAN)).collect();
        for (fate, record) in all_at_once(cases, CLEAN) {
            assert_eq!(fate, Fate::Deferred);
            assert!(reason(&record).starts_with("out-of-service"), "{record:?}");
        }
        assert_eq!(eyes.most.load(Ordering::SeqCst), 1);
        eyes.still.store(false, Ordering::SeqCst);
        assert!(trying.wait().unwrap().success());
        assert_eq!(fate(&first, CLEAN).0, Fate::Passed);
        for (fate, _) in all_at_once((0..12).map(|_| host.part(&engine, CLEAN)).collect(), CLEAN) {
            assert_eq!(fate, Fate::Passed, "{canary}");
        }
    }
}

fn until_closed(host: &Host, engine: &str) {
    let end = Instant::now() + SOON;
    while host.notes().is_empty() || !host.note().starts_with("closed") {
        assert!(Instant::now() < end);
        host.part(engine, CLEAN).run().deferred();
    }
}

#[test]
fn one_that_refuses_is_not_asked_by_the_others() {
    let gone = tempfile::tempdir().unwrap();
    let socket = gone.path().join("socket");
    let engine = format!("{}timeout = \"300ms\"\n", clamd_at(&format!("unix:{}", socket.display())));
    let host = Host::new();
    assert!(reason(&host.part(&engine, CLEAN).run().deferred()).starts_with("unreachable"));
    // Now somebody is there, and counts.
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    host.keep_closed(Duration::from_secs(25));
    let record = host.part(&engine, CLEAN).run().deferred();
    assert!(reason(&record).starts_with("out-of-service: unreachable"), "{record:?}");
    assert!(listener.accept().is_err(), "it was asked");
    host.keep_closed(Duration::ZERO);
    host.part(&engine, CLEAN).run().deferred();
    assert!(listener.accept().is_ok(), "it was not asked again");
}

#[test]
fn who_is_killed_or_stands_still_with_the_lock_keeps_nobody() {
    for signal in [nix::sys::signal::SIGKILL, nix::sys::signal::SIGSTOP] {
        let (fake, eyes) = FakeClamd::look();
        let host = Host::new();
        let engine = format!("{}timeout = \"2s\"\n", fake.watched("20s"));
        eyes.holds.store(true, Ordering::SeqCst);
        // Its own part is answered at once, its canary not.
        let holding = host.part(&engine, CLEAN);
        let mut child = spawn(&holding);
        wait_for("the part", || eyes.parts.load(Ordering::SeqCst) > 0);
        eyes.still.store(true, Ordering::SeqCst);
        // It may have been faster than we are; then the next one is what we want.
        wait_for("the canary", || eyes.now.load(Ordering::SeqCst) > 0 || child_ended(child.id()));
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        eyes.still.store(false, Ordering::SeqCst);
        until(Fate::Passed, &host, &engine, CLEAN);
        // The same for the trial.
        host.forge(&format!("closed {} 1 timed-out x", now() - 1));
        until(Fate::Passed, &host, &engine, CLEAN);
        let _ = child.kill();
        child.wait().unwrap();
    }
}

fn child_ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn only_failures_in_a_row_close_an_address_without_a_canary() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("off");
    for _ in 0..4 {
        let record = host.part(&engine, b"fails always").run().deferred();
        assert!(reason(&record).starts_with("failed"), "{record:?}");
        host.part(&engine, CLEAN).run().passed(CLEAN);
    }
    for _ in 0..3 {
        assert!(!host.note().starts_with("closed"));
        host.part(&engine, b"fails always").run().deferred();
    }
    assert!(host.note().starts_with("closed"));
    assert_eq!(eyes.canaries(), 0);
}

/// Four clamds as one engine.
fn farm_of(clamds: &[Clamd]) -> String {
    let addresses: Vec<_> =
        clamds.iter().map(|clamd| format!("{{ address = \"unix:{}\" }}", clamd.socket().display())).collect();
    format!(
        "[[engine]]\nname = \"farm\"\ntype = \"clamd\"\npatience = \"2s\"\naddresses = [{}]\n",
        addresses.join(", ")
    )
}

#[test]
fn a_farm_loses_no_part_while_its_members_die_stop_and_start() {
    if !has_clamd("a_farm_loses_no_part_while_its_members_die_stop_and_start") {
        return;
    }
    let mut clamds: Vec<_> = thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| Clamd::start("MaxThreads 4\n"))).collect();
        starting.into_iter().map(|clamd| clamd.join().unwrap()).collect()
    });
    let engine = farm_of(&clamds);
    let host = Host::new();
    let next = AtomicUsize::new(0);
    let counts: [AtomicUsize; 3] = Default::default();
    let parts = 300;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    if i >= parts {
                        break;
                    }
                    let input =
                        if i.is_multiple_of(5) { eicar() } else { format!("part {i}\n").into_bytes() };
                    let case = host.part(&engine, &input);
                    case.run();
                    let (fate, record) = fate(&case, &input);
                    match fate {
                        Fate::Passed => assert!(!i.is_multiple_of(5), "{record:?}"),
                        Fate::Replaced => assert!(i.is_multiple_of(5), "{record:?}"),
                        Fate::Deferred => panic!("{record:?}"),
                    }
                    counts[fate as usize].fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let reached = |n: usize| wait_for("the parts", || next.load(Ordering::SeqCst) >= n);
        reached(40);
        clamds[0].kill();
        reached(80);
        clamds[1].stop();
        reached(140);
        clamds[2].restart_slowly();
        reached(220);
        clamds[1].go_on();
        clamds[0].restart_slowly();
    });
    let counts = counts.map(AtomicUsize::into_inner);
    assert_eq!(counts, [240, 60, 0]);
    // All of them are asked again.
    wait_for("all four", || {
        host.part(&engine, CLEAN).run().passed(CLEAN);
        let awake = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("awake");
        host.notes().len() == 4 && host.notes().iter().all(awake)
    });
}

#[test]
fn a_member_without_a_canary_is_asked_again_when_it_is_back() {
    if !has_clamd("a_member_without_a_canary_is_asked_again_when_it_is_back") {
        return;
    }
    let mut clamds = [Clamd::start(""), Clamd::start("")];
    let engine = format!("{}canary = \"off\"\n", farm_of(&clamds));
    let host = Host::new();
    clamds[0].kill();
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    wait_for("the one that is gone", || {
        pass();
        !host.notes().is_empty()
    });
    clamds[0].restart();
    // The other serves all the time.
    wait_for("the one that is back", || {
        pass();
        // It serves; nobody asked for a proof.
        host.note().starts_with("unproven 0 ")
    });
}
