//! The hot path by the channel's contract: what each part ends as.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{
    CONVSCAN, Case, DEFER, DELETE, DISCARD, HOLD, PART, Ran, SPECIMENS, clamd, eicar, installed, needs, rules,
};

const CLEAN: &[u8] = b"honest\r\nbytes\x00 without end";

fn with_rules(input: &[u8], more: &str) -> Case {
    let case = Case::new(input);
    let engine = rules(&case);
    let mut case = case.config(&format!("{engine}\n{more}"));
    // Named so that it is no stray.
    case = case.var("RULES", "");
    let path = case.path("rules.txt");
    case.var("RULES", path)
}

fn with_fake(input: &[u8], script: Script, more: &str) -> (Case, FakeClamd) {
    let fake = FakeClamd::start(script);
    let case = Case::new(input).config(&format!("{}\n{more}", fake.engine()));
    (case, fake)
}

#[test]
fn a_clean_part_leaves_byte_for_byte_and_no_status() {
    for input in [CLEAN, b"", b"\n", &[0; 70_000]] {
        let record = with_rules(input, "").run().passed(input);
        assert_eq!(record.verdict, "clean");
        assert_eq!(record.size, Some(input.len() as u64));
        assert_eq!(record.sha256, None);
        assert_eq!(record.scanned, None);
    }
}

#[test]
fn an_infected_part_is_replaced_by_a_notice() {
    let header =
        "From: =?utf-8?Q?J=C3=B6rg?= <j@example.org>\r\nSubject: Hi\r\n there\r\nMessage-ID: <1@x>\r\n\r\n";
    let case = with_rules(&eicar(), "")
        .var("INPUT_TYPE", "APPLICATION")
        .var("INPUT_SUBTYPE", "OCTET-STREAM")
        .var("FILENAME", "=?utf-8?B?dmlydXMuY29t?=")
        .var("NAME", "virus.com")
        .var("PART_NUMBER", "1.2")
        .var("INPUT_CHANNEL", "tcp_local")
        .var("OUTPUT_CHANNEL", "ims-ms")
        .file("MESSAGE_HEADERS", "message-headers", header);
    let ran = case.run();
    let (notice, record) = ran.replaced();
    for text in [
        "Eicar-Test",
        "virus.com",
        "application/octet-stream",
        "68 bytes",
        "J\u{f6}rg <j@example.org>",
        "Hi there",
    ] {
        assert!(notice.contains(text), "{text} is missing in {notice}");
    }
    let headers = ran.headers.unwrap();
    assert!(headers.starts_with("Content-Type: text/plain; charset=utf-8\n"), "{headers}");
    assert!(headers.contains("Content-Disposition: inline\n"));
    assert!(!headers.contains("name="));
    assert_eq!(record.threats, ["Eicar-Test"]);
    assert_eq!(record.part, "1.2");
    assert_eq!(record.names, ["virus.com"]);
    assert_eq!(record.message_id, "<1@x>");
    assert_eq!((record.from_channel.as_str(), record.to_channel.as_str()), ("tcp_local", "ims-ms"));
    assert_eq!(record.sha256.unwrap(), "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f");
}

#[test]
fn the_policy_may_say_delete_hold_or_discard() {
    for (word, status) in [("delete", DELETE), ("hold", HOLD), ("discard", DISCARD)] {
        let ran = with_rules(&eicar(), &format!("[policy]\ninfected = \"{word}\"\n")).run();
        assert_eq!(ran.exit, Some(0));
        assert_eq!(ran.options.as_deref(), Some(status));
        // For a channel that does not read the options.
        assert!(String::from_utf8(ran.output.clone().unwrap()).unwrap().contains("VIRUS NOTICE"));
        assert_eq!(ran.record().action, word);
    }
}

#[test]
fn one_name_for_input_and_output_is_served_too() {
    let case = with_rules(CLEAN, "");
    let input = case.path("input");
    let ran = case.var("OUTPUT_FILE", input.clone()).run();
    ran.passed(CLEAN);
    let case = with_rules(&eicar(), "");
    let input = case.path("input");
    let ran = case.var("OUTPUT_FILE", input).run();
    ran.replaced();
}

#[test]
fn every_variable_but_two_may_be_absent_empty_or_odd() {
    const OPTIONAL: [&str; 16] = [
        "INPUT_HEADERS",
        "MESSAGE_HEADERS",
        "OUTPUT_HEADERS",
        "INPUT_TYPE",
        "INPUT_SUBTYPE",
        "INPUT_DESCRIPTION",
        "INPUT_DISPOSITION",
        "INPUT_ENCODING",
        "INPUT_CHANNEL",
        "OUTPUT_CHANNEL",
        "CONVERSION_TAG",
        "ATTACHMENT_NUMBER",
        "PART_NUMBER",
        "PART_SIZE",
        "NAME",
        "FILENAME",
    ];
    use std::os::unix::ffi::OsStringExt;
    let odd: [std::ffi::OsString; 5] = [
        "".into(),
        "/nonexistent/file".into(),
        "/".into(),
        "x".repeat(100_000).into(),
        std::ffi::OsString::from_vec(b"\xff\n\x1b[31m\"{}%s$(reboot)".to_vec()),
    ];
    for value in odd {
        let mut clean = with_rules(CLEAN, "");
        let mut infected = with_rules(&eicar(), "");
        for name in OPTIONAL {
            clean = clean.var(name, value.clone());
            if name != "OUTPUT_HEADERS" {
                infected = infected.var(name, value.clone());
            }
        }
        let ran = clean.run();
        assert_eq!((ran.exit, ran.output.as_deref()), (Some(0), Some(CLEAN)), "{value:?} {ran:?}");
        let (notice, _) = infected.run().replaced();
        assert!(!notice.contains('\u{1b}'));
        assert!(notice.lines().all(|line| line.len() < 2_000));
    }
    let none = OPTIONAL.into_iter().fold(with_rules(CLEAN, ""), |case, name| case.without(name));
    none.run().passed(CLEAN);
}

#[test]
fn header_files_may_be_huge_binary_or_without_end() {
    let huge = vec![b'a'; 3 << 20];
    for content in [&huge[..], b"\0\0\xff", b"Subject: no end", b""] {
        let case = with_rules(&eicar(), "").file("MESSAGE_HEADERS", "message-headers", content).file(
            "INPUT_HEADERS",
            "input-headers",
            content,
        );
        case.run().replaced();
    }
}

#[test]
fn the_name_comes_from_the_part_header_when_no_symbol_gives_it() {
    let header = "Content-Type: application/octet-stream;\n name*0*=utf-8''na%C3%AF;\n name*1=ve.exe\n\n";
    let (notice, record) =
        with_rules(CLEAN, "").file("INPUT_HEADERS", "input-headers", header).run().replaced();
    assert!(notice.contains("na\u{ef}ve.exe"), "{notice}");
    assert_eq!(record.threats, ["Policy.Exe"]);
}

#[test]
fn without_a_configuration_every_part_is_deferred() {
    let case = Case::new(CLEAN).argument("--config").argument("/nonexistent/convscan.toml");
    let ran = case.run();
    assert_eq!((ran.exit, ran.options.as_deref(), ran.output.clone()), (Some(0), Some(DEFER), None));
    assert!(ran.stderr.contains("/nonexistent/convscan.toml"), "{}", ran.stderr);
}

#[test]
fn with_a_broken_configuration_every_part_is_deferred_with_the_place_in_the_log() {
    let record = with_rules(CLEAN, "[polcy]\n").run().deferred();
    let reason = record.reason.unwrap();
    assert!(reason.contains("unknown key `polcy`") && reason.contains("did you mean `policy`"), "{reason}");
    assert_eq!(record.verdict, "error");
    for broken in ["", "[[engine]", "\0", "[policy]\ninfected = \"pass\""] {
        let ran = Case::new(CLEAN).raw_config(broken).run();
        assert_eq!(
            (ran.exit, ran.options.as_deref(), ran.output.clone()),
            (Some(0), Some(DEFER), None),
            "{broken}"
        );
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn an_engine_that_only_convicts_never_acquits_alone() {
    let case = with_rules(CLEAN, "");
    let path = case.path("rules.txt").display().to_string();
    let engine = format!("[[engine]]\nname = \"r\"\ntype = \"rules\"\nfile = \"{path}\"\n");
    let record = case.config(&engine).run().deferred();
    assert!(record.reason.unwrap().contains("no engine that can acquit"));
}

#[test]
fn a_faulty_rules_file_defers() {
    let case = with_rules(CLEAN, "");
    fs::write(case.path("rules.txt"), "sha256 T nonsense\n").unwrap();
    let record = case.run().deferred();
    assert!(record.reason.unwrap().contains("rules.txt:1:1: not a SHA-256 sum"));
}

#[test]
fn an_older_server_is_told_to_hold_instead() {
    let case = with_rules(CLEAN, "[server]\nrelease = \"6.2\"\n");
    fs::remove_file(case.path("rules.txt")).unwrap();
    let ran = case.run();
    assert_eq!((ran.exit, ran.options.as_deref()), (Some(0), Some(HOLD)));
    let ran = with_rules(&eicar(), "[server]\nrelease = \"6.2\"\n[policy]\ninfected = \"discard\"\n").run();
    assert_eq!(ran.options.as_deref(), Some(HOLD));
}

#[test]
fn without_an_options_file_nothing_unproven_passes() {
    with_rules(CLEAN, "").without("OUTPUT_OPTIONS").run().passed(CLEAN);
    // Infected: the content is all that can be changed.
    for word in ["replace", "hold", "delete", "discard"] {
        let case =
            with_rules(&eicar(), &format!("[policy]\ninfected = \"{word}\"\n")).without("OUTPUT_OPTIONS");
        let ran = case.run();
        assert_eq!(ran.exit, Some(0));
        assert!(String::from_utf8(ran.output.clone().unwrap()).unwrap().contains("VIRUS NOTICE"));
        assert_eq!(ran.record().action, "replace");
    }
    // Not scanned: exit 75, said in log and stderr, unless the policy replaces.
    let (case, _fake) = with_fake(CLEAN, Script::HangUp, "");
    let ran = case.without("OUTPUT_OPTIONS").run();
    assert_eq!((ran.exit, ran.output.clone()), (Some(75), None));
    assert_eq!(ran.record().action, "defer");
    assert!(ran.stderr.contains("OUTPUT_OPTIONS"), "{}", ran.stderr);
    let (case, _fake) = with_fake(CLEAN, Script::HangUp, "[policy]\nwithout-options = \"replace\"\n");
    let ran = case.without("OUTPUT_OPTIONS").run();
    assert_eq!(ran.exit, Some(0));
    assert!(String::from_utf8(ran.output.clone().unwrap()).unwrap().contains("could not be checked"));
}

#[test]
fn without_input_or_output_file_nothing_is_delivered() {
    let ran = with_rules(CLEAN, "").without("INPUT_FILE").run();
    assert!(ran.deferred().reason.unwrap().contains("INPUT_FILE is not given"));
    let ran = with_rules(CLEAN, "").without("OUTPUT_FILE").run();
    assert!(ran.deferred().reason.unwrap().contains("OUTPUT_FILE is not given"));
    let ran = with_rules(CLEAN, "").without("OUTPUT_FILE").without("OUTPUT_OPTIONS").run();
    assert_eq!(ran.exit, Some(75));
}

#[test]
fn an_input_that_is_no_readable_file_defers_at_once() {
    let fifo = with_rules(CLEAN, "");
    fs::remove_file(fifo.path("input")).unwrap();
    nix::unistd::mkfifo(&fifo.path("input"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fifo.run().deferred();
    for place in ["/nonexistent", "/", "/dev/zero"] {
        with_rules(CLEAN, "").var("INPUT_FILE", place).run().deferred();
    }
}

#[test]
fn a_faulty_configuration_is_not_obeyed_in_its_policy() {
    with_rules(CLEAN, "[policy]\nerror = \"pass\"\nunscannable = \"pass\"\ntypo = 1\n").run().deferred();
    // Nor does a sweeping `pass` cover a fault of ours.
    let case = with_rules(CLEAN, "[policy]\nerror = \"pass\"\n");
    fs::remove_file(case.path("rules.txt")).unwrap();
    case.run().deferred();
}

#[test]
fn an_entry_may_tell_that_the_server_is_old() {
    for arguments in [["--release", "5.2"], ["--release", "pmdf"], ["--release", "nonsense"]] {
        let case = Case::new(CLEAN).argument(arguments[0]).argument(arguments[1]);
        let ran = case.argument("--config").argument("/nonexistent").run();
        assert_eq!((ran.exit, ran.options.as_deref(), ran.output), (Some(0), Some(HOLD), None));
    }
    with_rules(CLEAN, "").argument("--release").argument("6.2").run().passed(CLEAN);
}

#[test]
fn a_rule_sees_the_name_whichever_parameter_the_symbol_held() {
    let header = "Content-Type: application/octet-stream; x=y; name=\"virus.exe\"\n\n";
    let case = with_rules(CLEAN, "").var("NAME", "y").file("INPUT_HEADERS", "input-headers", header);
    let (_, record) = case.run().replaced();
    assert_eq!(record.names, ["y", "virus.exe"]);
}

/// The two programs are one function: `convscan part` and `convscan-part`.
#[test]
fn both_programs_give_the_same_answer() {
    for input in [&b"honest bytes\r\n"[..], &eicar(), b""] {
        for policy in ["", "[policy]\ninfected = \"hold\"\n", "[policy]\ninfected = \"nonsense\"\n"] {
            let case = with_rules(input, policy);
            let small = case.run();
            let by_name =
                |ran: &Ran| (ran.exit, ran.output.clone(), ran.headers.clone(), ran.options.clone());
            let first = by_name(&small);
            let status = case.wrapped(CONVSCAN, &["part"]).status().unwrap();
            let second = case.left_behind();
            // The notice has a reference and a date of its own.
            let steady = |output: Option<Vec<u8>>| output.map(|bytes| bytes.len());
            assert_eq!(status.code(), first.0);
            assert_eq!(steady(second.output), steady(first.1));
            assert_eq!((second.headers, second.options), (first.2, first.3));
        }
    }
}

/// A person who asks is told what the program is for; an entry that asks is wrong,
/// and its part waits.
#[test]
fn help_is_for_people_only() {
    for flag in ["--help", "-h", "--version", "-V"] {
        let output = Command::new(PART).arg(flag).env_clear().output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains("usage: convscan-part"));
        assert_eq!(output.status.code(), Some(0));
        let case = with_rules(b"honest bytes", "").argument(flag);
        assert_eq!(case.run().options.as_deref(), Some(DEFER), "{flag}");
        // The other program is one for people, and still no answer may be missing.
        fs::remove_file(case.path("options")).unwrap();
        let status = case.wrapped(CONVSCAN, &["part", flag]).status().unwrap();
        assert_eq!(status.code(), Some(0));
        assert_eq!(case.left_behind().options.as_deref(), Some(DEFER), "{flag}");
    }
}

#[test]
fn unknown_arguments_defer() {
    let record = with_rules(CLEAN, "").argument("INPUT_FILE").run().deferred();
    assert!(record_reason(record.reason).contains("unknown argument"));
}

fn record_reason(reason: Option<String>) -> String {
    reason.unwrap_or_default()
}

#[test]
fn no_odd_answer_of_clamd_passes_a_part() {
    let say = |text: &[u8]| Script::Say(text.to_vec());
    let table = [
        (say(b"fd[9]: OK\0"), "pass", ""),
        (Script::Trickle(b"fd[9]: OK\0".to_vec()), "pass", ""),
        (Script::Trickle(b"fd[9]: A B/{HEX}C.UNOFFICIAL FOUND\0".to_vec()), "replace", ""),
        (say(b"fd[9]: OK"), "defer", "garbled"),
        (say(b""), "defer", "crashed"),
        (Script::HangUp, "defer", "crashed"),
        (say(b"fd[9]: O"), "defer", "garbled"),
        (say(b"Error writing to temporary file ERROR\0fd[9]: OK\0"), "defer", "failed"),
        (say(b"fd[9]: OK\0fd[9]: x ERROR\0"), "defer", "failed"),
        (say(b"fd[9]: (null) FOUND\0"), "replace", ""),
        (say(b"fd[9]: x ERROR\0fd[9]: W FOUND\0"), "replace", ""),
        (say(b"COMMAND READ TIMED OUT\n"), "defer", "timed-out"),
        (say(b"COMMAND UNAVAILABLE\0"), "defer", "failed"),
        (say(b"UNKNOWN COMMAND\0"), "defer", "failed"),
        (say(b"fd[9]: Excluded\0fd[9]: OK\0"), "hold", "excluded: fd[9]: Excluded"),
        (say(b"fd[9]: Empty file\0fd[9]: OK\0"), "defer", "garbled"),
        (say(b"HTTP/1.1 200 OK\r\n\r\n"), "defer", "garbled"),
        (say(b"220 mail ESMTP OK\r\n"), "defer", "garbled"),
        (Script::Babble, "defer", "garbled"),
    ];
    for (script, action, reason) in table {
        let (case, _fake) = with_fake(CLEAN, script.clone(), "");
        let ran = case.run();
        let record = match action {
            "pass" => ran.passed(CLEAN),
            "replace" => ran.replaced().1,
            "hold" => {
                assert_eq!(ran.options.as_deref(), Some(HOLD));
                ran.record()
            }
            _ => ran.deferred(),
        };
        assert!(record_reason(record.reason.clone()).contains(reason), "{script:?}: {record:?}");
    }
}

#[test]
fn a_silent_engine_ends_at_its_timeout() {
    let fake = FakeClamd::start(Script::Silence);
    let engine = fake.engine().replace("address", "timeout = \"300ms\"\naddress");
    let started = Instant::now();
    let record = Case::new(CLEAN).config(&engine).run().deferred();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(record_reason(record.reason).starts_with("timed-out"));
    // And the deadline of the whole part bounds every engine.
    let fake = FakeClamd::start(Script::Silence);
    let second = fake.engine().replace("\"clamd\"\ntype", "\"second\"\ntype");
    let config = format!("{}{second}\n[limits]\ndeadline = \"300ms\"\n", fake.engine());
    let record = Case::new(CLEAN).config(&config).run().deferred();
    assert_eq!(record.engines.len(), 2);
    assert!(started.elapsed() < Duration::from_secs(40));
}

#[test]
fn an_engine_that_is_down_defers_and_each_kind_has_its_policy() {
    let down = "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/socket\"\n";
    let record = Case::new(CLEAN).config(down).run().deferred();
    assert!(record_reason(record.reason).starts_with("unreachable: /nonexistent/socket"));
    let run = |word: &str| {
        let policy = format!("{down}[policy.error]\ndefault = \"defer\"\nunreachable = \"{word}\"\n");
        Case::new(CLEAN).config(&policy).run()
    };
    let ran = run("hold");
    assert_eq!((ran.options.as_deref(), ran.output.clone()), (Some(HOLD), None));
    let record = run("pass").passed(CLEAN);
    assert_eq!((record.verdict.as_str(), record.scanned), ("error", Some(false)));
    let (notice, _) = run("replace").replaced();
    assert!(notice.contains("could not be checked"), "{notice}");
}

#[test]
fn a_conviction_beats_a_failure_of_another_engine() {
    let case = with_rules(&eicar(), "");
    let path = case.path("rules.txt").display().to_string();
    let config = format!(
        "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/socket\"\n\
         [[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"{path}\"\nacquits = true\n"
    );
    let (_, record) = case.config(&config).run().replaced();
    // They are asked at once; which is the first to answer is not said.
    assert_eq!(
        (record.engines.last().unwrap().verdict.as_str(), record.verdict.as_str()),
        ("infected", "infected")
    );
}

#[test]
fn a_wrong_template_is_found_by_check_and_falls_back_at_run_time() {
    let case = with_rules(&eicar(), "[notice]\ninfected = \"notice.txt\"\n");
    fs::write(case.path("notice.txt"), "{viruss}\n").unwrap();
    let ran = case.var("NOTICE", "").run();
    let notice = String::from_utf8(ran.output.unwrap()).unwrap();
    assert!(notice.contains("VIRUS NOTICE"), "{notice}");
    let record = convscan::testing::record::Record::from_line(&ran.log).unwrap();
    assert!(record.warning.unwrap().contains("notice.txt:1:1: unknown field `viruss`"));
    let case = with_rules(&eicar(), "[notice]\ninfected = \"notice.txt\"\ndescription = \"Removed\"\n");
    fs::write(case.path("notice.txt"), "Gefunden: {finding}, \u{fc}brigens {{so}}\n").unwrap();
    let ran = case.run();
    assert_eq!(ran.output.unwrap(), "Gefunden: Eicar-Test, \u{fc}brigens {so}\n".as_bytes());
    assert!(ran.headers.unwrap().contains("charset=utf-8"));
    assert!(ran.options.unwrap().contains("OUTPUT_DESCRIPTION=Removed\n"));
}

#[test]
fn a_template_without_the_reference_still_has_it_in_the_log() {
    let case = with_rules(&eicar(), "");
    let ran = case.run();
    assert!(!ran.record().reference.is_empty());
}

/// Runs a case whose outputs are in a small file system of its own, prepared by
/// `prepare`; says exit code and what is there afterwards.
fn in_small_disk(case: Case, prepare: &str) -> Option<String> {
    let name = "a_full_or_read_only_output_directory_leaves_a_safe_answer";
    if !needs(name, "/usr/bin/unshare", "util-linux") {
        return None;
    }
    let disk = case.path("disk");
    fs::create_dir(&disk).unwrap();
    let mut case = case;
    for (variable, file) in [("OUTPUT_FILE", "o"), ("OUTPUT_OPTIONS", "opt"), ("OUTPUT_HEADERS", "h")] {
        case = case.var(variable, disk.join(file));
    }
    let script = format!(
        "mount -t tmpfs -o size=16k,nr_inodes=10 none {0} && cd {0} && {{ :; {prepare}\n }} 2>/dev/null; \"$0\" part 2>/dev/null; \
         echo exit=$?; ls -A; cat opt 2>/dev/null; test ! -e o || cmp -s o ../input && echo same",
        disk.display()
    );
    let command = case.command();
    let mut unshare = Command::new("/usr/bin/unshare");
    unshare.args(["-rm", "/bin/sh", "-c", &script, CONVSCAN]).env_clear().env("PATH", "/usr/bin:/bin");
    unshare.envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let output = unshare.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().replace('\n', " "))
}

#[test]
fn a_full_or_read_only_output_directory_leaves_a_safe_answer() {
    let large = vec![7; 40_000];
    let table: [(&[u8], &str, &str); 6] = [
        // Room for the promise, none for the content.
        (&large, "", "exit=0 opt STATUS=178028698 same "),
        // No room at all: the file is made, but takes no byte.
        (CLEAN, "cat /dev/zero > fill", "exit=75 fill same "),
        (&eicar(), "cat /dev/zero > fill", "exit=75 fill same "),
        // No name left.
        (CLEAN, "for i in 1 2 3 4 5 6 7 8 9; do : > $i; done", "exit=75 1 2 3 4 5 6 7 8 9 same "),
        // Nothing can be written anywhere.
        (CLEAN, "mount -o remount,ro .", "exit=75 same "),
        (&eicar(), "mount -o remount,ro .", "exit=75 same "),
    ];
    for (input, prepare, expected) in table {
        let Some(said) = in_small_disk(with_rules(input, ""), prepare) else { return };
        assert_eq!(said, expected, "{prepare}");
    }
}

#[test]
fn an_output_that_cannot_be_written_leaves_the_promise() {
    for place in ["/nonexistent/output", "/"] {
        let ran = with_rules(CLEAN, "").var("OUTPUT_FILE", place).run();
        assert_eq!((ran.exit, ran.options.as_deref()), (Some(0), Some(DEFER)), "{place}");
        let record = ran.record();
        assert_eq!((record.verdict.as_str(), record.action.as_str()), ("clean", "defer"));
        let ran = with_rules(&eicar(), "").var("OUTPUT_FILE", place).run();
        assert_eq!((ran.exit, ran.options.as_deref()), (Some(0), Some(DEFER)), "{place}");
    }
    let ran = with_rules(&eicar(), "").var("OUTPUT_HEADERS", "/nonexistent/headers").run();
    assert_eq!((ran.exit, ran.options.as_deref()), (Some(0), Some(DEFER)));
}

#[test]
fn a_device_given_by_hand_is_neither_replaced_nor_removed() {
    let case = with_rules(&eicar(), "");
    let device = case.path("device");
    // A FIFO stands for every special file; nobody reads it.
    nix::unistd::mkfifo(&device, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for variable in ["OUTPUT_FILE", "OUTPUT_HEADERS", "OUTPUT_OPTIONS"] {
        let case = with_rules(&eicar(), "").var(variable, device.clone());
        case.command().output().unwrap();
        let kind = fs::symlink_metadata(&device).unwrap().file_type();
        assert!(std::os::unix::fs::FileTypeExt::is_fifo(&kind), "{variable}");
    }
}

#[test]
fn a_log_that_cannot_be_written_changes_no_answer() {
    let fifo = |case: &Case| nix::unistd::mkfifo(&case.path("log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let case = with_rules(CLEAN, "");
    fifo(&case);
    let output = case.command().output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read(case.path("output")).unwrap(), CLEAN);
    assert!(String::from_utf8_lossy(&output.stderr).contains("log "));
    let case = with_rules(&eicar(), "");
    fs::create_dir(case.path("log")).unwrap();
    let output = case.command().output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("\"infected\""));
}

#[test]
fn lines_go_to_the_system_log_too() {
    let case = with_rules(&eicar(), "");
    let socket = std::os::unix::net::UnixDatagram::bind(case.path("syslog")).unwrap();
    let engine = format!(
        "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"{}\"\nacquits = true\n",
        case.path("rules.txt").display()
    );
    let log = format!("{engine}[log]\nsyslog = \"{}\"\n", case.path("syslog").display());
    case.raw_config(&log).run();
    let mut buf = [0; 8192];
    let n = socket.recv(&mut buf).unwrap();
    let line = String::from_utf8_lossy(&buf[..n]);
    // Facility mail (2) and severity notice (5).
    assert!(
        line.starts_with("<21>") && line.contains(" convscan[") && line.contains("\"Eicar-Test\""),
        "{line}"
    );
}

#[test]
fn all_parts_have_a_digest_when_asked_for() {
    let case = with_rules(b"abc", "");
    let engine = format!(
        "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"{}\"\nacquits = true\n",
        case.path("rules.txt").display()
    );
    let log = case.path("log").display().to_string();
    let ran = case.raw_config(&format!("{engine}[log]\nfile = \"{log}\"\ndigest = \"all\"\n")).run();
    let digest = ran.record().sha256.unwrap();
    assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn files_of_ours_are_readable_whatever_the_umask() {
    let case = with_rules(CLEAN, "");
    let mut shell = Command::new("/bin/sh");
    let command = case.command();
    shell.arg("-c").arg("umask 0777; exec \"$0\" part").arg(CONVSCAN).env_clear();
    shell.envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    assert!(shell.status().unwrap().success());
    let mode = fs::metadata(case.path("output")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_real_clamd_convicts_and_acquits_over_both_kinds_of_socket() {
    let Some(clamd) = clamd::shared("a_real_clamd_convicts_and_acquits_over_both_kinds_of_socket") else {
        return;
    };
    for engine in [clamd.engine(), clamd.tcp_engine()] {
        for input in [CLEAN, b"", &[7; 200_000]] {
            Case::new(input).config(&engine).run().passed(input);
        }
        let (notice, record) = Case::new(&eicar()).config(&engine).run().replaced();
        assert!(notice.contains("Eicar-Test-Signature"), "{notice}");
        assert_eq!(record.engines.len(), 1);
    }
}

#[test]
fn a_stream_over_clamds_limit_is_too_large() {
    let Some(clamd) = clamd::shared("a_stream_over_clamds_limit_is_too_large") else { return };
    let large = vec![b'x'; 3 << 20];
    let record = Case::new(&large).config(&clamd.tcp_engine()).run().record();
    assert_eq!(record.verdict, "unscannable");
    assert_eq!(record_reason(record.reason), "too-large: INSTREAM size limit exceeded. ERROR");
    Case::new(&large).config(&clamd.engine()).run().passed(&large);
}

#[test]
fn a_real_clamd_finds_every_test_file() {
    let name = "a_real_clamd_finds_every_test_file";
    let Some(clamd) = clamd::shared(name) else { return };
    if !needs(name, SPECIMENS, "clamav-testfiles") {
        return;
    }
    let mut met = 0;
    let mut missed = Vec::new();
    for entry in fs::read_dir(installed(SPECIMENS)).unwrap() {
        let path = entry.unwrap().path();
        let ran = Case::new(&fs::read(&path).unwrap()).config(&clamd.engine()).run();
        if ran.record().action != "replace" {
            missed.push(path.display().to_string());
        }
        met += 1;
    }
    assert!(met > 40, "{met}");
    assert_eq!(missed, [""; 0]);
}

/// A copy made ahead once stood in the way of the notice, which was then written
/// in place: through a link, and with the infected copy beside it.
#[test]
fn a_link_for_output_is_replaced_and_its_target_left_alone() {
    let (case, _fake) = with_fake(CLEAN, Script::Say(b"fd[9]: Worm FOUND\0".to_vec()), "");
    let target = case.path("target");
    fs::write(&target, "not ours").unwrap();
    std::os::unix::fs::symlink(&target, case.path("output")).unwrap();
    let case = case.var("TARGET", target.clone());
    case.run().replaced();
    assert_eq!(fs::read_to_string(target).unwrap(), "not ours");
}

#[test]
fn one_name_for_two_files_never_delivers_one_as_the_other() {
    for (first, second) in [
        ("OUTPUT_OPTIONS", "OUTPUT_FILE"),
        ("OUTPUT_OPTIONS", "INPUT_FILE"),
        ("OUTPUT_OPTIONS", "OUTPUT_HEADERS"),
        ("OUTPUT_HEADERS", "OUTPUT_FILE"),
        ("OUTPUT_HEADERS", "INPUT_FILE"),
    ] {
        for input in [CLEAN.to_vec(), eicar()] {
            let case = with_rules(&input, "");
            let shared = case.path(match second {
                "INPUT_FILE" => "input",
                "OUTPUT_FILE" => "output",
                _ => "headers",
            });
            let ran = case.var(first, shared).run();
            let output = String::from_utf8_lossy(&ran.output.clone().unwrap_or_default()).into_owned();
            assert!(
                !output.contains("STATUS") && !output.contains("Content-Type"),
                "{first} {second}: {output}"
            );
            if input == CLEAN {
                assert_eq!(ran.output.as_deref(), Some(CLEAN), "{first} {second}");
            } else {
                assert!(output.contains("VIRUS NOTICE"), "{first} {second}: {output}");
            }
        }
    }
}

#[test]
fn stale_outputs_do_not_outlive_an_answer() {
    let case = with_rules(CLEAN, "");
    fs::write(case.path("options"), "STATUS=178030259\nOUTPUT_TYPE=TEXT\n").unwrap();
    fs::write(case.path("headers"), "Content-Type: text/plain\n\n").unwrap();
    fs::write(case.path("output"), "old").unwrap();
    case.run().passed(CLEAN);
}

#[test]
fn a_limit_on_file_sizes_ends_no_part() {
    let Some(()) =
        needs("a_limit_on_file_sizes_ends_no_part", "/usr/bin/prlimit", "util-linux").then_some(())
    else {
        return;
    };
    let case = with_rules(&[b'x'; 30_000], "");
    fs::write(case.path("log"), vec![b'y'; 60_000]).unwrap();
    let prepared = case.command();
    let mut limited = Command::new("/usr/bin/prlimit");
    limited.args(["--fsize=40000", "--", CONVSCAN, "part"]).env_clear();
    limited.envs(prepared.get_envs().filter_map(|(k, v)| Some((k, v?))));
    assert_eq!(limited.output().unwrap().status.code(), Some(0));
    assert_eq!(fs::read(case.path("output")).unwrap(), [b'x'; 30_000]);
    assert!(!case.path("options").exists());
}

#[test]
fn talk_that_nobody_takes_keeps_no_part_waiting() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).unwrap();
    let mut full = &writer;
    while std::io::Write::write(&mut full, &[b'x'; 4096]).is_ok() {}
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
    let case = Case::new(CLEAN).argument("--config").argument("/nonexistent");
    let status = case.command().stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(fs::read_to_string(case.path("options")).unwrap(), DEFER);
    let mut one = [0];
    std::io::Read::read_exact(&mut reader, &mut one).unwrap();
}

/// Runs with a limit on processor time, which a busy machine does not use up.
#[track_caller]
fn run_within(case: &Case, seconds: u32) -> Ran {
    let limit = format!("--cpu={seconds}");
    let mut command = case.wrapped("/usr/bin/prlimit", &[&limit, CONVSCAN, "part"]);
    let status = command.stderr(Stdio::null()).status().unwrap();
    let mut ran = case.left_behind();
    ran.exit = status.code();
    assert_eq!(ran.exit, Some(0), "within {seconds} s of processor time: {status}");
    ran
}

#[test]
fn files_full_of_faults_are_refused_quickly() {
    if !needs("files_full_of_faults_are_refused_quickly", "/usr/bin/prlimit", "util-linux") {
        return;
    }
    let case = with_rules(CLEAN, "");
    fs::write(case.path("rules.txt"), "nonsense line\n".repeat(70_000)).unwrap();
    run_within(&case, 20).deferred();
    for line in ["x = 1\n", "[[engine]]\n", "= \n", "[a.b]\n"] {
        run_within(&Case::new(CLEAN).raw_config(&line.repeat(60_000 / line.len())), 20);
    }
    let wide = (0..6_000).map(|i| format!("k{i}=1,")).collect::<String>();
    run_within(&Case::new(CLEAN).raw_config(&format!("log={{{wide}z=1}}")), 20);
}

/// Ways to name a program that mail programs understand; each once hid it from
/// a rule.
#[test]
fn no_way_of_writing_a_name_hides_it_from_a_rule() {
    let long = format!("Content-Type: a/b; name=\"{}.exe\"\n", "n".repeat(300));
    let headers = [
        long.as_str(),
        "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''x.exe\n",
        "Content-Disposition: attachment; filename=a.txt; filename=x.exe\n",
        "Content-Disposition: attachment; filename=x.exe; filename=a.txt\n",
        "Content-Type: a/b; name=a.txt\nContent-Type: a/b; name=x.exe\n",
        "Content-Disposition: inline\nContent-Disposition: inline; filename=x.exe\n",
        "Content-Disposition : attachment; filename=x.exe\n",
        "Content-Disposition: attachment; name=x.exe\n",
        "Content-Type: a/b; filename=x.exe\n",
        "Content-Type: a/b; name='x.exe'\n",
        "Content-Type: a/b; name=\"x.exe'\"\n",
        "Content-Type: a/b; name=\"x.exe\u{2003}\u{3000}\"\n",
        "Content-Type: a/b; name=\"x.e\u{ad}x\u{200b}e\"\n",
        "Content-Type: a/b; name=\"x.exe\0.txt\"\n",
        "Content-Type: a/b; name=\"=?utf-8?b?eC5leGU?=\"\n",
    ];
    for header in headers {
        for name in ["", "a.txt"] {
            let case = with_rules(CLEAN, "").file("INPUT_HEADERS", "input-headers", header);
            let case = if name.is_empty() { case } else { case.var("NAME", name) };
            let (_, record) = case.run().replaced();
            assert_eq!(record.threats, ["Policy.Exe"], "{header}");
        }
    }
    let header = "Content-Disposition: attachment; filename=x.exe.txt\nX: y; filename=x.exe\n";
    with_rules(CLEAN, "").file("INPUT_HEADERS", "input-headers", header).run().passed(CLEAN);
}

#[test]
fn log_and_notice_show_few_names_with_their_endings() {
    let long = "n".repeat(5000) + ".exe";
    let many: String = (0..1000).map(|i| format!("; filename={i}.txt")).collect();
    let header = format!("Content-Disposition: attachment; filename=\"{long}\"{many}\n");
    let (notice, record) =
        with_rules(CLEAN, "").file("INPUT_HEADERS", "input-headers", &header).run().replaced();
    assert_eq!(record.names.len(), 8);
    assert_eq!(record.names[0].len(), 200);
    assert!(record.names[0].contains("n...n") && record.names[0].ends_with("n.exe"), "{:?}", record.names);
    assert!(notice.contains("n.exe"), "{notice}");
}

/// Each field was once decoded anew: 25 seconds for this template.
#[test]
fn a_template_that_repeats_itself_costs_little_and_ends() {
    let name = "a_template_that_repeats_itself_costs_little_and_ends";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    let case = with_rules(&eicar(), "[notice]\ninfected = \"notice.txt\"\n");
    fs::write(case.path("notice.txt"), "{subject}".repeat(7000)).unwrap();
    let header = format!("Subject: {}\n\n", "=?utf-8?Q?=C3=A9?= \n ".repeat(10_000));
    let ran = run_within(&case.file("MESSAGE_HEADERS", "message-headers", &header), 10);
    let notice = String::from_utf8(ran.output.unwrap()).unwrap();
    assert!(notice.len() <= 64 * 1024, "{}", notice.len());
    assert!(notice.ends_with("\n[This notice is too long; the rest is left out.]\n"));
}
