//! How many engines must agree, and who waits for whom.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sys::socket::{Backlog, listen};

use super::{CLEAN, Fate, Host, fate, has_clamd, reason, spawn, wait_for};
use crate::harness::clamd::Clamd;
use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{clamd_at, eicar};

/// Two engines, called `one` and `two`, of whom so many must agree.
fn panel(agreement: &str, one: &str, two: &str) -> String {
    let two = two.replace("name = \"clamd\"", "name = \"two\"");
    format!("[scan]\nengines = \"{agreement}\"\n{}{two}", one.replace("name = \"clamd\"", "name = \"one\""))
}

const GONE: &str = "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\n";

#[test]
fn all_first_and_backup_mean_what_they_say() {
    if !has_clamd("all_first_and_backup_mean_what_they_say") {
        return;
    }
    let clamd = Clamd::start("");
    let good = clamd.engine();
    let run = |agreement: &str, one: &str, two: &str, input: &[u8]| {
        let host = Host::new();
        let case = host.part(&panel(agreement, one, two), input);
        case.run();
        fate(&case, input)
    };
    // One acquits, and one is not there.
    assert_eq!(run("all", &good, GONE, CLEAN).0, Fate::Deferred);
    assert_eq!(run("all", GONE, &good, CLEAN).0, Fate::Deferred);
    for agreement in ["first", "backup"] {
        let (fate, record) = run(agreement, GONE, &good, CLEAN);
        assert_eq!(fate, Fate::Passed, "{record:?}");
    }
    let (_, record) = run("backup", GONE, &good, CLEAN);
    let warning = record.warning.unwrap();
    assert!(warning.contains("stood in for `one`: unreachable"), "{warning}");
    // The second is a reserve, which is not asked without need.
    let (_, record) = run("backup", &good, GONE, CLEAN);
    assert_eq!((record.engines.len(), record.warning), (1, None));
    // Whoever convicts, convicts; a blind one acquits.
    let (fake, eyes) = FakeClamd::look();
    eyes.blind.store(true, Ordering::SeqCst);
    let blind = fake.engine();
    for agreement in ["all", "first", "backup"] {
        assert_eq!(run(agreement, &good, GONE, &eicar()).0, Fate::Replaced, "{agreement}");
        assert_eq!(run(agreement, GONE, &good, &eicar()).0, Fate::Replaced, "{agreement}");
    }
    eyes.time.store(20_000, Ordering::SeqCst);
    for (one, two) in [(&blind, &good), (&good, &blind)] {
        assert_eq!(run("all", one, two, &eicar()).0, Fate::Replaced);
        assert_eq!(run("first", one, two, &eicar()).0, Fate::Replaced);
    }
    eyes.time.store(0, Ordering::SeqCst);
    // A blind one that is watched is stood in for.
    let watched = fake.watched("20s");
    let (fate, record) = run("backup", &watched, &good, &eicar());
    assert_eq!(fate, Fate::Replaced);
    let warning = record.warning.unwrap();
    assert!(warning.contains("stood in for `one`: blind"), "{warning}");
    assert_eq!(run("first", &watched, &good, &eicar()).0, Fate::Replaced);
    assert_eq!(run("all", &watched, &good, CLEAN).0, Fate::Deferred);
}

/// "I could not look" is no verdict: the policy may pass it, and another engine
/// may know better.
#[test]
fn an_engine_that_could_not_look_stands_in_for_nobody() {
    let says = |line: &[u8]| FakeClamd::start(Script::Say(line.to_vec()));
    let locked = || says(b"fd[9]: Heuristics.Encrypted.Zip FOUND\0");
    let pass = "[policy.unscannable]\nencrypted = \"pass\"\ntoo-large = \"pass\"\n";
    let content = &CLEAN.repeat(200);
    let run = |agreement: &str, one: &FakeClamd, two: &FakeClamd, limit: &str| {
        let host = Host::new();
        let one = one.engine().replace("canary", &format!("{limit}canary"));
        let config = panel(agreement, &one, &two.engine()) + pass;
        let case = host.part(&config, content);
        case.run();
        fate(&case, content)
    };
    for agreement in ["all", "first", "backup"] {
        // The conviction comes after the quick answer.
        let (slow, eyes) = FakeClamd::look();
        eyes.blind.store(false, Ordering::SeqCst);
        eyes.time.store(300, Ordering::SeqCst);
        let worm = says(b"fd[9]: Worm FOUND\0");
        assert_eq!(run(agreement, &locked(), &worm, "").0, Fate::Replaced, "{agreement}");
        assert_eq!(run(agreement, &worm, &locked(), "").0, Fate::Replaced, "{agreement}");
        // One that takes only small parts, and one that takes this one.
        let (fate, record) = run(agreement, &worm, &slow, "largest = \"1K\"\n");
        let expected = if agreement == "all" { "unscannable" } else { "clean" };
        assert_eq!((fate, record.verdict.as_str()), (Fate::Passed, expected), "{agreement} {record:?}");
        // Nobody who looked: the failure counts, though encrypted parts pass.
        let (fate, record) = run(agreement, &says(b""), &locked(), "");
        assert_eq!((fate, record.verdict.as_str()), (Fate::Deferred, "error"), "{agreement}");
        let (fate, record) = run(agreement, &locked(), &says(b"OK"), "");
        assert_eq!((fate, record.verdict.as_str()), (Fate::Deferred, "error"), "{agreement}");
    }
}

#[test]
fn the_first_verdict_waits_for_nobody_and_harms_nobody() {
    if !has_clamd("the_first_verdict_waits_for_nobody_and_harms_nobody") {
        return;
    }
    let clamd = Clamd::start("");
    let (fake, _) = FakeClamd::look();
    let host = Host::new();
    let engines = panel("first", &format!("{}timeout = \"30s\"\n", clamd.engine()), &fake.watched("20s"));
    clamd.stop();
    let started = Instant::now();
    for _ in 0..3 {
        let record = host.part(&engines, CLEAN).run().passed(CLEAN);
        assert_eq!(record.verdict, "clean");
    }
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    // What is no longer waited for has not failed, not even in its canary.
    let (late, eyes) = FakeClamd::look();
    let host = Host::new();
    let slow = format!("{}timeout = \"30s\"\n", late.watched("20s"));
    eyes.holds.store(true, Ordering::SeqCst);
    host.part(&panel("first", &slow, &fake.watched("20s")), b"slow").run().passed(b"slow");
    let closed = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("closed");
    assert!(!host.notes().iter().any(closed));
}

/// A unix socket and a port where so many wait to be taken in that no more fit.
fn crowded(directory: &Path) -> (Vec<OwnedFd>, [String; 2]) {
    let path = directory.join("crowded");
    let (unix, tcp) = (UnixListener::bind(&path).unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    listen(&unix, Backlog::new(0).unwrap()).unwrap();
    listen(&tcp, Backlog::new(0).unwrap()).unwrap();
    let port = tcp.local_addr().unwrap();
    let mut kept: Vec<OwnedFd> = vec![unix.into(), tcp.into()];
    kept.push(UnixStream::connect(&path).unwrap().into());
    while let Ok(stream) = TcpStream::connect_timeout(&port, Duration::from_millis(300)) {
        kept.push(stream.into());
    }
    (kept, [format!("unix:{}", path.display()), format!("tcp:{port}")])
}

#[test]
fn the_first_verdict_does_not_wait_for_a_connection_either() {
    let directory = tempfile::tempdir().unwrap();
    let (_kept, addresses) = crowded(directory.path());
    let (fake, _) = FakeClamd::look();
    for address in addresses {
        let crowded = format!("{}timeout = \"40s\"\n", clamd_at(&address));
        let started = Instant::now();
        Host::new().part(&panel("first", &fake.watched("20s"), &crowded), CLEAN).run().passed(CLEAN);
        assert!(started.elapsed() < Duration::from_secs(20), "{address} {:?}", started.elapsed());
        // Alone, it is waited for as long as it may take.
        let started = Instant::now();
        let alone = crowded.replace("40s", "300ms");
        let record = Host::new().part(&alone, CLEAN).run().deferred();
        assert!(reason(&record).starts_with("unreachable"), "{record:?}");
        assert!(started.elapsed() > Duration::from_millis(300));
    }
}

#[test]
fn a_canary_that_nobody_waits_for_says_nothing() {
    let ((early, fast), (late, slow)) = (FakeClamd::look(), FakeClamd::look());
    let host = Host::new();
    // Both answer at once; then only the canary of one.
    let engines =
        panel("first", &early.watched("20s"), &format!("{}timeout = \"30s\"\n", late.watched("20s")));
    fast.time.store(300, Ordering::SeqCst);
    let case = host.part(&engines, CLEAN);
    let mut child = spawn(&case);
    wait_for("the part", || slow.parts.load(Ordering::SeqCst) > 0);
    slow.still.store(true, Ordering::SeqCst);
    assert!(child.wait().unwrap().success());
    assert_eq!(fate(&case, CLEAN).0, Fate::Passed);
    let closed = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("closed");
    assert!(!host.notes().iter().any(closed));
}

#[test]
fn engines_are_asked_at_the_same_time() {
    let ((one, first), (two, second)) = (FakeClamd::look(), FakeClamd::look());
    first.time.store(2000, Ordering::SeqCst);
    second.time.store(2000, Ordering::SeqCst);
    let host = Host::new();
    let record = host.part(&panel("all", &one.engine(), &two.engine()), CLEAN).run().passed(CLEAN);
    let together: f64 = record.engines.iter().map(|engine| engine.ms).sum();
    assert!(together >= 4000.0 && record.ms.total < 3500.0, "{together} {}", record.ms.total);
}
