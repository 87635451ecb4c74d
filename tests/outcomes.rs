//! What each kind of part and each kind of engine trouble ends as, through the
//! built binary, with command engines. The engines are fakes: small scripts
//! with the exit codes and lines of uvscan, told by the part what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::is_gone;
use crate::harness::{Case, DEFER, HOLD, Ran, eicar};

/// A fake uvscan. The first word of the part says how it behaves; `--clean`
/// turns `cleanable` into honest text and leaves the rest as it is.
pub const FAKE_UVSCAN: &str = r#"#!/bin/sh
# A fake uvscan: it does what the part tells it to.
for file; do :; done
read -r word rest < "$file"
case "$1 $word" in
--clean\ cleanable) echo 'honest after all' > "$file"; exit 19 ;;
--clean\ liar) echo 'liar still' > "$file"; exit 19 ;;
--clean\ *) exit 12 ;;
*\ cleanable | *\ liar | *\ infected) echo "$file ... Found the W32/Fake virus !!!"; exit 13 ;;
*\ encrypted) echo "$file"; echo '  is password-protected.'; exit 0 ;;
*\ hanging) sleep 60 & echo $$ $! > "$0.pids"; wait ;;
*\ crashing) kill -SEGV $$ ;;
*\ babbling) yes 'and so on' ;;
*\ odd) exit "$rest" ;;
esac
exit 0
"#;

fn case(part: &str, more: &str) -> Case {
    let case = Case::new(part.as_bytes());
    let fake = case.path("state.uvscan");
    fs::write(&fake, FAKE_UVSCAN).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let engine = format!("{}timeout = \"30s\"\n{more}", engine("uvscan", &fake));
    let pids = case.path("state.uvscan.pids");
    case.var("FAKE", fake).var("FAKE_PIDS", pids).config(&engine)
}

fn engine(name: &str, fake: &Path) -> String {
    format!(
        "[[engine]]\nname = \"{name}\"\ntype = \"command\"\ncanary = \"off\"\ncache = false\npreset = \"uvscan\"\nprogram = \"{}\"\n\
         scan = [\"--secure\", \"{{file}}\"]\nclean = [\"--clean\", \"{{file}}\"]\n",
        fake.display()
    )
}

fn scanned(part: &str, more: &str) -> Ran {
    case(part, more).run()
}

#[test]
fn clean_passes_and_infected_is_replaced() {
    scanned("honest\n", "").passed(b"honest\n");
    let (notice, record) = scanned("infected\n", "").replaced();
    assert!(notice.contains("W32/Fake"));
    assert!(record.reason.unwrap().contains("not cleaned by `uvscan`"));
}

#[test]
fn a_cleaned_part_is_delivered_under_its_own_type() {
    let ran = scanned("cleanable\n", "");
    assert_eq!((ran.exit, ran.headers.clone()), (Some(0), None));
    assert_eq!(ran.output.as_deref(), Some(&b"honest after all\n"[..]));
    assert_eq!(ran.options.as_deref().unwrap_or_default(), "");
    assert!(ran.strays.is_empty(), "{:?}", ran.strays);
    let record = ran.record();
    assert_eq!((record.verdict.as_str(), record.action.as_str()), ("infected", "disinfect"));
    assert_eq!(record.threats, ["W32/Fake"]);
    // Unless the policy does not want that.
    scanned("cleanable\n", "[policy]\ndisinfect = false\n").replaced();
}

#[test]
fn a_part_that_only_claims_to_be_cleaned_is_replaced() {
    let (_, record) = scanned("liar\n", "").replaced();
    assert!(record.reason.unwrap().contains("still infected after cleaning"));
}

#[test]
fn what_cannot_be_looked_into_has_its_own_policy() {
    // No retry would mend it, and the sender of what the MTA gives up may be forged.
    let ran = scanned("encrypted\n", "");
    assert_eq!((ran.options.as_deref(), ran.output.clone()), (Some(HOLD), None));
    let record = ran.record();
    let why = Some("encrypted: is password-protected.");
    assert_eq!((record.verdict.as_str(), record.reason.as_deref()), ("unscannable", why));
    scanned("encrypted\n", "[policy.unscannable]\nencrypted = \"defer\"\n").deferred();
    let (notice, _) = scanned("encrypted\n", "[policy.unscannable]\nencrypted = \"replace\"\n").replaced();
    assert!(notice.contains("it is encrypted"), "{notice}");
    let record = scanned("encrypted\n", "[policy]\nunscannable = \"pass\"\n").passed(b"encrypted\n");
    assert_eq!(record.scanned, Some(false));
}

#[test]
fn a_hanging_engine_ends_at_its_timeout() {
    let case = case("hanging\n", "");
    let engine = format!("{}timeout = \"1s\"\n", engine("uvscan", &case.path("state.uvscan")));
    let started = Instant::now();
    let record = case.config(&engine).run().deferred();
    assert!(record.reason.unwrap().starts_with("timed-out"));
    // The fake hangs for 60 s.
    assert!(started.elapsed() < Duration::from_secs(50));
}

/// The scanner used to be left behind, with its private copy of the part.
#[test]
fn who_is_told_to_end_takes_the_engine_along() {
    for (signal, number) in [(Signal::SIGTERM, 15), (Signal::SIGHUP, 1), (Signal::SIGINT, 2)] {
        let case = case("hanging\n", "");
        // No second engine is started, either.
        let second = engine("second", &case.path("state.uvscan"));
        let first = engine("first", &case.path("state.uvscan"));
        let case = case.config(&format!("{first}{second}"));
        let ran = interrupted(&case, case.command_with_signals(&[]), &[signal]);
        let record = ran.deferred();
        assert_eq!(record.verdict, "error");
        let reason = record.reason.unwrap();
        assert!(reason.contains(&format!("interrupted by signal {number}")), "{reason}");
    }
}

#[test]
fn an_ignored_signal_interrupts_nothing() {
    let case = case("hanging\n", "");
    let only = engine("uvscan", &case.path("state.uvscan"));
    let case = case.config(&only);
    let command = case.command_with_signals(&["--ignore-signal=HUP"]);
    // Of signals that wait, the lowest number comes first.
    let ran = interrupted(&case, command, &[Signal::SIGHUP, Signal::SIGTERM]);
    let reason = ran.deferred().reason.unwrap();
    assert!(reason.contains("interrupted by signal 15"), "{reason}");
}

/// Runs until the fake hangs, then sends these signals.
fn interrupted(case: &Case, mut command: Command, signals: &[Signal]) -> Ran {
    let mut child = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let pids = loop {
        let pids = fs::read_to_string(case.path("state.uvscan.pids")).unwrap_or_default();
        if pids.ends_with('\n') {
            break pids;
        }
        assert!(Instant::now() < end, "the fake did not start");
        std::thread::sleep(Duration::from_millis(5));
    };
    for signal in signals {
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), *signal).unwrap();
    }
    // An engine that is waited for is logged as timed out: the reason tells.
    let status = child.wait().unwrap();
    assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
    for pid in pids.split_whitespace() {
        assert!(is_gone(pid), "{pid}");
    }
    let mut ran = case.left_behind();
    ran.exit = status.code();
    ran
}

#[test]
fn crashing_babbling_and_odd_engines_defer() {
    for (part, reason) in
        [("crashing\n", "crashed"), ("babbling\n", ""), ("odd 3\n", "garbled"), ("odd 102\n", "failed")]
    {
        let record = scanned(part, "").deferred();
        assert_eq!(record.verdict, "error");
        assert!(record.reason.unwrap().starts_with(reason), "{part}");
    }
}

#[test]
fn an_engine_that_is_not_installed_defers() {
    let engine = "[[engine]]\nname = \"uvscan\"\ntype = \"command\"\npreset = \"uvscan\"\nprogram = \"/nonexistent\"\n";
    let ran = Case::new(b"x").config(engine).run();
    assert_eq!(ran.options.as_deref(), Some(DEFER));
    assert!(ran.deferred().reason.unwrap().starts_with("not-installed"));
}

#[test]
fn the_notice_never_holds_the_part() {
    let mut part = b"infected ".to_vec();
    part.extend(eicar());
    let ran = scanned(&String::from_utf8(part).unwrap(), "");
    let (notice, _) = ran.replaced();
    let eicar = String::from_utf8(eicar()).unwrap();
    for text in [&notice, &ran.log, &ran.headers.unwrap(), &ran.options.unwrap()] {
        assert!(!text.contains(&eicar));
    }
}

/// A conviction behind a transfer encoding was once "cleaned" by an engine that
/// saw the encoded part, and the second scan did not look behind it either.
#[test]
fn what_is_found_behind_an_encoding_is_not_cleaned() {
    let case = Case::new(b"aW5mZWN0ZWQgcGFydAo=\n").var("INPUT_ENCODING", "BASE64");
    let fake = case.path("state.uvscan");
    let body = "#!/bin/sh\n# A fake uvscan that claims to clean whatever it is given.\nfor file; do :; done\n\
                if [ \"$1\" = --clean ]; then echo b3RoZXI= > \"$file\"; exit 19; fi\n\
                if grep -q infected \"$file\"; then exit 13; fi\nexit 0\n";
    fs::write(&fake, body).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let engine = format!(
        "[[engine]]\nname = \"uvscan\"\ntype = \"command\"\ncanary = \"off\"\ncache = false\npreset = \"uvscan\"\nprogram = \"{}\"\n\
         scan = [\"--secure\", \"{{file}}\"]\nclean = [\"--clean\", \"{{file}}\"]\n",
        fake.display()
    );
    case.var("FAKE", fake).config(&engine).run().replaced();
}
