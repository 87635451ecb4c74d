//! Bounds that hold whatever comes: time, memory, what a signal leaves behind, and
//! which files are written to.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{CONVSCAN, Case, DEFER, Ran, clamd_at, eicar, needs, rules};

/// A command engine that runs the shell script `script`.
fn command(case: &Case, script: &str, more: &str) -> String {
    let program = case.path("state.scanner");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "[[engine]]\nname = \"scanner\"\ntype = \"command\"\nprogram = \"{}\"\nscan = [\"{{file}}\"]\n\
         canary = \"off\"\n{more}\n[engine.codes]\nclean = [0]\n",
        program.display()
    )
}

/// The case with a configuration and files beside it that are no strays.
fn configured(case: Case, config: &str) -> Case {
    let files = [("RULES", "rules.txt"), ("SCANNER", "state.scanner"), ("MEMORY", "state.memory")];
    let more = [("STARTED", "state.started"), ("TRACE", "state.trace"), ("ELSEWHERE", "state.x")];
    let named = files.into_iter().chain(more);
    named.fold(case.config(config), |case, (variable, file)| {
        let path = case.path(file);
        case.var(variable, path)
    })
}

// Memory.

/// The README's promise: twice the part and 4 MB.
fn most(part: &[u8]) -> usize {
    2 * part.len() + (4 << 20)
}

/// A part of one kind, with its type.
struct Kind {
    name: &'static str,
    mime_type: [&'static str; 2],
    encoding: &'static str,
    content: Vec<u8>,
}

fn kind(name: &'static str, mime_type: [&'static str; 2], content: Vec<u8>) -> Kind {
    Kind { name, mime_type, encoding: "7bit", content }
}

const MAIL: [&str; 2] = ["MESSAGE", "RFC822"];
const TEXT: [&str; 2] = ["TEXT", "PLAIN"];
const BYTES: [&str; 2] = ["APPLICATION", "OCTET-STREAM"];

/// `line` as often as it fits into `size` bytes.
fn repeated(line: &[u8], size: usize) -> Vec<u8> {
    line.repeat(size / line.len())
}

fn numbered(line: impl Fn(usize) -> String, size: usize) -> Vec<u8> {
    let mut out = String::new();
    for i in 0.. {
        if out.len() >= size {
            break;
        }
        out.push_str(&line(i));
    }
    out.into_bytes()
}

fn uuencoded(size: usize) -> Vec<u8> {
    let mut out = b"begin 644 x\n".to_vec();
    // Lines that differ, for equal content is found once only.
    out.extend(numbered(|i| format!("M{:0>60}\n", i % 1_000_000), size));
    out.extend(b"`\nend\n");
    out
}

fn base64(size: usize) -> Vec<u8> {
    numbered(|i| format!("{:A>76}\n", i % 1_000_000), size)
}

fn tnef(attribute: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x9F, 0x3E, 0x22, 0, 0, 1];
    out.extend(attribute.to_le_bytes());
    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend(data);
    out.extend([0, 0]);
    out
}

/// A list of one MAPI property: PidTagBody in UTF-16.
fn body(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let length = u32::try_from(text.len()).unwrap();
    for number in [1, 0x1000_001F, 1, length] {
        out.extend(number.to_le_bytes());
    }
    out.extend(text);
    out
}

/// BinHex of a file whose data is one long run.
fn binhex(size: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut raw = vec![1, b'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0];
    raw.extend([0x41, 0x90, 0xFF].repeat(size / 4));
    let mut out = b"(This file must be converted with BinHex 4.0)\n:".to_vec();
    for group in raw.chunks(3) {
        let number = group.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        out.extend((0..4).rev().map(|i| ALPHABET[number >> (6 * i) & 63]));
    }
    out.extend(b":\n");
    out
}

const HEADER: &[u8] = b"From: a\nTo: b\nContent-Type: multipart/mixed;\n";

fn joined(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

fn kinds() -> Vec<Kind> {
    const M: usize = 1 << 20;
    let disposition = b"From: a\nTo: b\nContent-Disposition: attachment";
    let nested = b"Content-Type: message/rfc822\n\n".repeat(45);
    let parts = b"From: a\nTo: b\nContent-Type: multipart/mixed; boundary=b\n\n";
    let levels = numbered(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"), M);
    let attachment = b"From: a\nTo: b\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\n";
    let message = b"From: a\nTo: b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
    let text: Vec<u8> = std::iter::repeat_n([0x2D_u8, 0x4E], 2 * M).flatten().collect();
    vec![
        kind("boundary in pieces", MAIL, joined(&[HEADER, &repeated(b" boundary*0=a;\n", 5 * M)])),
        kind("numbered pieces", MAIL, joined(&[HEADER, &numbered(|i| format!(" boundary*{i}=a;\n"), 5 * M)])),
        kind(
            "pieces in a field that is read",
            MAIL,
            joined(&[HEADER, &repeated(b" boundary*0=a;\n", 250_000)]),
        ),
        kind("a name in a field that is read", MAIL, joined(&[HEADER, &repeated(b" name*0=a;\n", 250_000)])),
        kind("short fields", MAIL, joined(&[b"From: a\nTo: b\n", &repeated(b"X: y\n", 5 * M)])),
        kind("known fields", MAIL, repeated(b"Content-Type: a/b; boundary=c\n", 5 * M)),
        kind(
            "names in pieces",
            MAIL,
            joined(&[disposition, &numbered(|i| format!(";filename*{i}=a"), 5 * M)]),
        ),
        kind(
            "a field without end",
            MAIL,
            joined(&[b"From: a\nTo: b\nContent-Type: ", &repeated(b"x", 5 * M)]),
        ),
        kind(
            "a long encoding",
            MAIL,
            joined(&[b"From: a\nContent-Transfer-Encoding: ", &repeated(b"x ", 5 * M)]),
        ),
        kind("a million parts", MAIL, joined(&[parts, &repeated(b"--b\n", 3 * M)])),
        kind("parts on each level", MAIL, joined(&[b"From: a\nTo: b\n", &levels, &repeated(b"x\n", 3 * M)])),
        kind("mails in mails", MAIL, joined(&[b"From: a\nTo: b\n", &nested, &repeated(b"text\n", 5 * M)])),
        kind("an attachment", MAIL, joined(&[attachment, &base64(5 * M)])),
        kind("an encoded mail", MAIL, joined(&[message, &base64(5 * M)])),
        kind("uuencode", TEXT, uuencoded(5 * M)),
        kind(
            "uuencode with doubtful lines",
            TEXT,
            joined(&[&uuencoded(3 * M)[..3 * M], &repeated(b"Mtext, text\n", 2 * M)]),
        ),
        kind("uuencode, short lines", TEXT, joined(&[b"begin 644 x\n", &repeated(b"M\n", M / 2)])),
        kind(
            "uuencode, a long name",
            TEXT,
            joined(&[b"begin 644 ", &repeated(b"=?utf-8?q?x?= ", 5 * M), b"\n#86)C\n"]),
        ),
        kind("many beginnings", TEXT, repeated(b"begin 644 x\n", M / 4)),
        kind("many beginnings, yEnc", TEXT, repeated(b"=ybegin line=128 size=6 name=x\n", M / 4)),
        kind("BinHex of a run", TEXT, binhex(2 * M)),
        kind("TNEF, an attachment", BYTES, tnef(0x0006_800F, &repeated(b"data", 5 * M))),
        kind("TNEF, a body in UTF-16", BYTES, tnef(0x0006_9003, &body(&text))),
        Kind { encoding: "base64", ..kind("a transfer encoding", BYTES, base64(5 * M)) },
    ]
}

/// Says how much memory is in use while it runs: that of the process alone, and that
/// of its files in memory.
fn measure(case: &Case) -> String {
    let script = "anon=$(sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$PPID/status)\nfiles=0\n\
                  for fd in /proc/$PPID/fd/*; do case $(readlink $fd) in\n\
                  /memfd:*) files=$((files + $(stat -Lc %s $fd)));; esac; done\n\
                  echo $((anon * 1024 + files)) >> RESULT";
    command(
        case,
        &script.replace("RESULT", &case.path("state.memory").display().to_string()),
        "cache = false",
    )
}

/// The program with at most `bytes` of private memory, as setrlimit(2) counts it.
fn within(case: &Case, bytes: usize, arguments: &str) -> std::process::Output {
    let script = format!("ulimit -d {} && exec {CONVSCAN} {arguments}", bytes / 1024);
    case.wrapped("/bin/sh", &["-c", &script]).output().unwrap()
}

#[test]
fn memory_is_twice_the_part_and_4_mb_whatever_it_holds() {
    for Kind { name, mime_type: [main, sub], encoding, content } in kinds() {
        let case = Case::new(&content);
        let engine = measure(&case);
        let case = configured(case, &format!("{engine}[limits]\ndeadline = \"10m\"\n"))
            .var("INPUT_TYPE", main)
            .var("INPUT_SUBTYPE", sub)
            .var("INPUT_ENCODING", encoding);
        let output = within(&case, most(&content), "part");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{name}: {:?} {said}", output.status.signal());
        let record = case.left_behind().record();
        assert!(["clean", "unscannable"].contains(&record.verdict.as_str()), "{name}: {record:?}");
        let measured = fs::read_to_string(case.path("state.memory")).unwrap();
        let used: usize = measured.lines().map(|line| line.parse().unwrap()).max().unwrap();
        assert!(used <= most(&content), "{name}: {used} bytes for {}", content.len());
    }
}

#[test]
fn a_message_of_short_fields_takes_twice_its_size_and_4_mb() {
    let message = joined(&[b"From: a\n", &repeated(b"X: a\r\n", 12 << 20), b"\r\nx"]);
    let case = Case::new(&message);
    let engine = rules(&case);
    let case = configured(case, &engine);
    let arguments = format!("message --config '{0}/config.toml' input", case.directory.path().display());
    let output = within(&case, most(&message), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == message, "it is delivered as it came");
}

#[test]
fn what_hides_behind_the_beginning_of_plain_bytes_is_found() {
    let program: String = eicar().chunks(45).map(uuencoded_line).collect();
    let payload = format!("begin 644 x.com\n{program}`\nend\n");
    let part = joined(&[&repeated(b"plain bytes\n", 5 << 10), payload.as_bytes()]);
    let case = Case::new(&part);
    let engine = rules(&case);
    let case = configured(case, &engine).var("INPUT_TYPE", BYTES[0]).var("INPUT_SUBTYPE", BYTES[1]);
    let (_, record) = case.run().replaced();
    assert_eq!(record.threats, ["Eicar-Test"]);
}

fn uuencoded_line(bytes: &[u8]) -> String {
    let letter = |six: u32| char::from_u32(32 + (six & 63)).unwrap();
    let mut line = String::from(letter(u32::try_from(bytes.len()).unwrap()));
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, i| number << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        line.extend((0..4).rev().map(|i| letter(number >> (6 * i))));
    }
    line.push('\n');
    line
}

// Time.

/// A part of 8 GB that takes no room on the disk.
fn large(config: impl Fn(&Case) -> String) -> Ran {
    let case = Case::new(b"");
    fs::File::options().write(true).open(case.path("input")).unwrap().set_len(8 << 30).unwrap();
    let config = format!("{}\n[limits]\ndeadline = \"300ms\"\n", config(&case));
    configured(case, &config).run()
}

/// Ten times the deadline used to pass with the copy, and the reason was said to be in
/// the configuration.
#[test]
fn the_step_that_used_up_the_time_is_named() {
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let daemon = format!("{}largest = \"100G\"\ncache = true\n", fake.engine());
    let copies = large(|case| command(case, "exit 0", "largest = \"100G\"\ncache = false"));
    let digests = large(|case| command(case, "exit 0", "largest = \"100G\"\ncache = true"));
    let daemons = large(|_| daemon.clone());
    for (ran, engine, step) in [
        (copies, "scanner", "copying the part"),
        (digests, "scanner", "the digest of the part"),
        (daemons, "clamd", "the digest of the part"),
    ] {
        let reason = ran.deferred().reason.unwrap();
        let expected = format!("timed-out: no time left for engine `{engine}`: {step} took ");
        assert!(reason.starts_with(&expected), "{reason}");
    }
}

/// Our own slowness says nothing of the engine: the next part is scanned.
#[test]
fn a_copy_that_takes_too_long_does_not_close_the_engine() {
    let case = Case::new(b"");
    let engine = command(&case, "exit 0", "largest = \"100G\"\ncache = false");
    fs::File::options().write(true).open(case.path("input")).unwrap().set_len(8 << 30).unwrap();
    let case = configured(case, &format!("{engine}[limits]\ndeadline = \"300ms\"\n"));
    for _ in 0..4 {
        case.run();
        fs::remove_file(case.path("log")).unwrap();
    }
    fs::write(case.path("input"), "small").unwrap();
    let case = configured(case, &engine);
    fs::remove_file(case.path("options")).unwrap();
    case.run().passed(b"small");
}

// Signals.

/// Files of a killed run that hold mail, which is whatever stands beside the answer or
/// under a private name in the state directory.
fn strays(case: &Case) -> Vec<String> {
    case.left_behind().strays
}

#[test]
fn a_signal_leaves_no_copy_of_the_part() {
    let silent = FakeClamd::start(Script::Silence);
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        for engine in ["daemon", "command"] {
            let case = Case::new(&[b'x'; 20_000]);
            let started = case.path("state.started");
            let hang = format!("touch '{}'; sleep 60", started.display());
            let config = match engine {
                "daemon" => silent.engine(),
                _ => command(&case, &hang, "cache = false"),
            };
            let case = configured(case, &config);
            let mut child = case.command().stderr(Stdio::null()).spawn().unwrap();
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
            // The daemon has the part when the promise stands and the copy is made,
            // the command when it says so.
            let is_there = || match engine {
                "daemon" => holds_nameless(child.id(), case.directory.path()),
                _ => started.exists(),
            };
            wait_for(is_there);
            kill(pid, signal).unwrap();
            child.wait().unwrap();
            assert_eq!(strays(&case), [""; 0], "{engine} {signal}");
            let options = fs::read_to_string(case.path("options")).unwrap();
            assert_eq!((options.as_str(), case.path("output").exists()), (DEFER, false), "{engine} {signal}");
        }
    }
}

/// Whether the process has a file open below `directory` that has no name.
fn holds_nameless(process: u32, directory: &Path) -> bool {
    let links = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    targets
        .map(|target| target.display().to_string())
        .any(|target| target.starts_with(&directory.display().to_string()) && target.ends_with(" (deleted)"))
}

fn wait_for(mut is_there: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_there() {
        assert!(Instant::now() < until, "it never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// At each of its system calls, one after the other.
#[test]
fn a_signal_at_any_system_call_leaves_no_copy_of_the_part() {
    let name = "a_signal_at_any_system_call_leaves_no_copy_of_the_part";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let part = [b'x'; 100_000];
    for (size, engine) in [(20_000, "daemon"), (100_000, "daemon"), (20_000, "command")] {
        let play = |inject: &str| {
            let case = Case::new(&part[..size]);
            let engine = match engine {
                "daemon" => fake.engine(),
                _ => command(&case, "exit 0", "cache = false"),
            };
            let case = configured(case, &engine);
            let trace = case.path("state.trace");
            let script = format!("strace -qq -o '{}' {inject} {CONVSCAN} part", trace.display());
            case.wrapped("/bin/sh", &["-c", &script]).stderr(Stdio::null()).status().unwrap();
            let trace = fs::read_to_string(trace).unwrap();
            (strays(&case), trace)
        };
        let (_, trace) = play("");
        let mut seen = std::collections::BTreeMap::<String, usize>::new();
        let (mut points, mut killed, mut promised) = (0, 0, false);
        for call in trace.lines().filter_map(|line| Some(line.split_once('(')?.0)) {
            let count = seen.entry(call.to_owned()).or_default();
            *count += 1;
            promised |= call == "write";
            if !promised || call == "exit_group" {
                continue;
            }
            let (strays, trace) = play(&format!("-e inject={call}:signal=TERM:when={count}"));
            points += 1;
            killed += usize::from(trace.contains("+++ killed by SIGTERM") || trace.contains("--- SIGTERM"));
            assert_eq!(strays, [""; 0], "{engine}, {size} bytes, {call} {count}");
        }
        // While a private copy has a name the signal is held back and seen nowhere.
        assert!(points > 15 && killed > 10, "{engine}: {killed} of {points}");
    }
}

// Files.

/// By which way a name leads to the file of another.
#[derive(Clone, Copy, Debug)]
enum Way {
    Spelling,
    HardLink,
    SymbolicLink,
}

/// Every name of an answer, leading to each other file of the contract.
#[test]
fn no_name_of_the_answer_is_written_over_another_file() {
    const INPUTS: [(&str, &str); 3] =
        [("INPUT_FILE", "input"), ("INPUT_HEADERS", "part-header"), ("MESSAGE_HEADERS", "message-header")];
    const OUTPUTS: [(&str, &str); 3] =
        [("OUTPUT_FILE", "output"), ("OUTPUT_HEADERS", "headers"), ("OUTPUT_OPTIONS", "options")];
    let part = b"honest bytes\n".repeat(100);
    let header = "Subject: x\n\n";
    let mut met = 0;
    for ((variable, name), (_, target)) in OUTPUTS.iter().flat_map(|from| {
        INPUTS.iter().chain(&OUTPUTS).filter(move |to| to.0 != from.0).map(move |to| (*from, *to))
    }) {
        for way in [Way::Spelling, Way::HardLink, Way::SymbolicLink] {
            let case = Case::new(&part).file("INPUT_HEADERS", "part-header", header).file(
                "MESSAGE_HEADERS",
                "message-header",
                header,
            );
            let engine = rules(&case);
            let mut case = configured(case, &engine);
            match way {
                Way::Spelling => {
                    fs::create_dir(case.path("state.x")).unwrap();
                    let path = case.path(&format!("state.x/../{target}"));
                    case = case.var(variable, path);
                }
                Way::HardLink => {
                    if !case.path(target).exists() {
                        fs::write(case.path(target), "").unwrap();
                    }
                    fs::hard_link(case.path(target), case.path(name)).unwrap();
                }
                Way::SymbolicLink => symlink(target, case.path(name)).unwrap(),
            }
            let ran = case.run();
            met += 1;
            let at = format!("{variable} leads to {target} by {way:?}: {ran:?}");
            assert_eq!(fs::read(case.path("input")).unwrap(), part, "{at}");
            for name in ["part-header", "message-header"] {
                assert_eq!(fs::read_to_string(case.path(name)).unwrap(), header, "{at}");
            }
            // It is delivered as it came, or it is put off.
            let options = ran.options.clone().unwrap_or_default();
            let delivered = ran.exit == Some(0) && options != DEFER;
            let output = ran.output.clone().unwrap_or_default();
            assert!(!delivered || output == part, "{at}");
            assert!(delivered || ran.exit == Some(75) || options == DEFER, "{at}");
        }
    }
    assert_eq!(met, 45);
}

/// Whatever is old and called `scan-...` used to go, whoever had made it.
#[test]
fn a_sweep_removes_nothing_that_we_did_not_make() {
    let case = Case::new(b"clean");
    let place = case.path("state.started");
    let script = format!("basename \"$PWD\" > '{}'", place.display());
    let engine = command(&case, &script, "cache = false");
    let case = configured(case, &engine);
    case.run().passed(b"clean");
    let ours = fs::read_to_string(&place).unwrap().trim().to_owned();
    let others = ["scan-archive", "scan-2025", "scan-abcdef", "scan-0123456789abcdef01234567", &ours[..20]];
    let old = std::time::SystemTime::now() - Duration::from_secs(30 * 3600);
    for name in others.iter().chain(&[ours.as_str()]) {
        let path = case.path(&format!("state/{name}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("evidence"), "x").unwrap();
        let times = fs::FileTimes::new().set_modified(old);
        fs::File::open(&path).unwrap().set_times(times).unwrap();
    }
    fs::remove_file(case.path("log")).unwrap();
    case.run();
    assert!(!case.path(&format!("state/{ours}")).exists());
    for name in others {
        assert!(case.path(&format!("state/{name}/evidence")).exists(), "{name}");
    }
}

// Streams.

/// A clamd over TCP that reads `most` bytes of each request, calls `halfway` and says
/// that the part is clean.
fn tcp_clamd(most: usize, halfway: impl Fn() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut buf = [0; 4096];
            while request.len() < most {
                let n = stream.read(&mut buf).unwrap_or(0);
                request.extend_from_slice(&buf[..n]);
                // The chunk of no bytes ends the part.
                if n == 0 || request.ends_with(&[0; 4]) {
                    break;
                }
            }
            halfway();
            // Then it reads the rest, so that sending goes on, or not.
            if most == HALF {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                while !request.ends_with(&[0; 4]) {
                    let n = stream.read(&mut buf).unwrap_or(0);
                    request.extend_from_slice(&buf[..n]);
                    if n == 0 {
                        break;
                    }
                }
            }
            let _ = stream.write_all(b"stream: OK\0");
        }
    });
    format!("{}canary = \"off\"\nlargest = \"1G\"\n", clamd_at(&format!("tcp:{address}")))
}

/// So much of a part is read before it changes.
const HALF: usize = 1 << 20;

#[test]
fn ok_for_a_part_that_was_not_sent_whole_is_no_verdict() {
    // More than any system takes from us without somebody reading it.
    let case = Case::new(&vec![b'x'; 32 << 20]);
    let case = configured(case, &tcp_clamd(10_000, || ()));
    let record = case.run().deferred();
    let reason = record.reason.unwrap();
    assert!(reason.starts_with("garbled: `OK` for a part that was not sent whole"), "{reason}");
}

#[test]
fn a_part_that_changes_while_it_is_sent_is_neither_clean_nor_remembered() {
    // More than fits into the buffers of the system, so that the end is not read before.
    let case = Case::new(&vec![b'x'; 32 << 20]);
    let path = case.path("input");
    let grow = move || {
        fs::File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
    };
    let case = configured(case, &format!("{}cache = true\n", tcp_clamd(HALF, grow)));
    let record = case.run().deferred();
    assert_eq!(record.verdict, "error");
    let cache = fs::read(case.path("state/cache")).unwrap_or_default();
    assert!(cache.iter().all(|byte| *byte == 0), "nothing is remembered");
}
