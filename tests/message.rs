//! `convscan message` from outside: a message in, a message and an exit code out.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::is_gone;

const COPY: &str = r#"cp "$INPUT_FILE" "$OUTPUT_FILE""#;
const MIXED: &str = "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n";

/// Runs `convscan message` on `message` from stdin.
fn run(message: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_convscan"))
        .arg("message")
        .args(arguments)
        .arg("-")
        .env("CONVSCAN_CONFIG", "seen")
        .env("OTHER_MARK", "not seen")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let message = message.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&message));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output
}

fn by(message: &[u8], command: &str) -> Output {
    run(message, &["--command", command])
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The message that comes out, which must be delivered and without talk.
fn delivered(message: &[u8], command: &str) -> String {
    let output = by(message, command);
    assert_eq!(shown(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0), "{command}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Messages that a reader could stumble over.
fn nasty() -> Vec<(&'static str, Vec<u8>)> {
    let two = format!("{MIXED}preamble\n--b\n\none\n--b\nContent-Type: a/b\n\ntwo\n--b--\nepilogue\n");
    let mut deep = String::new();
    let mut ends = String::new();
    for i in 0..40 {
        deep += &format!("Content-Type: multipart/mixed; boundary=\"d{i}\"\n\n--d{i}\n");
        ends = format!("--d{i}--\n{ends}");
    }
    let deep = format!("{deep}\nleaf\n{ends}");
    let rfc822 = format!("{MIXED}--b\nContent-Type: message/rfc822\n\n{two}\n--b--\n");
    let long = format!("X-Long: {}\n{two}", "x".repeat(100_000));
    let names = format!("Content-Type: a/b; name=\"{}\"\n\nx", "n".repeat(200_000));
    let uuencode = "Subject: u\n\nbegin 644 a\n#0V%T\n`\nend\n";
    let signed = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\n\tmicalg=sha1; boundary=\"--=_s\"\n\n----=_s\nContent-Type: text/plain\n\n- -- \n trailing  \n----=_s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nAAAA=AAAA==\n----=_s--\n";
    let partial = "Content-Type: message/partial; number=1; total=2; id=x\n\nSubject: a\n\nrest\n";
    let external = format!(
        "{MIXED}--b\nContent-Type: message/external-body; access-type=URL\n\nContent-Type: a/b\n\n--b--\n"
    );
    let report = "Content-Type: multipart/report; boundary=b; report-type=delivery-status\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nold\n--b--\n";
    let same = format!(
        "{MIXED}--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n"
    );
    let encoded = format!(
        "{MIXED}--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogMQo\nKb25l\n--b--\n"
    );
    let parts = format!("{MIXED}--b\n--b\n\n--b\n\n\n--b\nContent-Type: a/b\n--b\n\n--b--");
    let texts: Vec<(&'static str, String)> = vec![
        ("two parts", two.clone()),
        ("CRLF", two.replace('\n', "\r\n")),
        ("mixed line ends", two.replace("one\n", "one\r\n").replacen("\n--b", "\r\n--b", 1)),
        ("lone CR", two.replace("one", "o\rne\r")),
        ("NUL", two.replace("two", "\0t\0wo\0")),
        ("no end", two.split("--b--").next().unwrap().to_owned()),
        ("cut in the boundary", two[..two.len() - 12].to_owned()),
        ("cut in the header", "Subject: s\nContent-Type: multi".to_owned()),
        ("deep", deep),
        ("nested message", rfc822.clone()),
        ("nested message, CRLF", rfc822.replace('\n', "\r\n")),
        ("long header line", long),
        ("long name", names),
        ("uuencode", uuencode.to_owned()),
        ("signed", signed.to_owned()),
        ("partial", partial.to_owned()),
        ("external body", external),
        ("delivery status", report.to_owned()),
        ("same boundary twice", same),
        ("encoded message", encoded),
        ("empty parts", parts),
        ("boundary without parts", format!("{MIXED}--b--\n")),
        ("no boundary", "Content-Type: multipart/mixed\n\n--b\n\nx\n".to_owned()),
        ("empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n----\n".to_owned()),
        ("broken base64", "Content-Transfer-Encoding: base64\n\n*not* base64 at all!\n".to_owned()),
        (
            "broken quoted-printable",
            "Content-Transfer-Encoding: quoted-printable\n\n=\n==zz=\n \n".to_owned(),
        ),
        ("no header", "just text".to_owned()),
        ("only line ends", "\n\r\n\n".to_owned()),
        ("mailbox line", format!("From me Mon\n{two}")),
        ("nothing", String::new()),
    ];
    let mut all: Vec<_> = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let mut eight =
        b"Subject: \xff\xfe\x00\nX\xe4: 1\nContent-Type: text/plain; name=\"\xe4\x00\n\n".to_vec();
    eight.extend(0..=255);
    all.push(("8-bit header and body", eight));
    all
}

#[test]
fn untouched_messages_are_the_same_to_the_byte() {
    let all = nasty();
    assert!(all.len() > 25);
    for (name, message) in all {
        let output = by(&message, COPY);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", shown(&output.stderr));
        assert!(output.stdout == message, "{name}: {}", shown(&output.stdout));
    }
}

#[test]
fn a_changed_part_changes_alone() {
    let message = format!(
        "{MIXED}preamble\n--b\n\none\n--b\nX-A: 1\nContent-Type: text/plain; name=v.exe\n\ntwo\n--b\n\nthree\n--b--\nepilogue\n"
    );
    let command = |number: &str, then: &str| {
        format!(r#"cp "$INPUT_FILE" "$OUTPUT_FILE"; [ "$PART_NUMBER" != {number} ] || {{ {then}; }}"#)
    };
    for (number, content) in [("1", "one"), ("2", "two"), ("3", "three")] {
        let new = delivered(message.as_bytes(), &command(number, r#"printf note > "$OUTPUT_FILE""#));
        assert_eq!(new, message.replace(content, "note"));
    }
    let crlf = message.replace('\n', "\r\n");
    let new = delivered(crlf.as_bytes(), &command("2", r#"printf 'a\nb\n' > "$OUTPUT_FILE""#));
    assert_eq!(new, crlf.replace("two", "a\r\nb\r\n"));

    let headers =
        r#"printf note > "$OUTPUT_FILE"; printf 'Content-Type: text/plain\n\n' > "$OUTPUT_HEADERS""#;
    let new = delivered(message.as_bytes(), &command("2", headers));
    assert_eq!(new, message.replace("; name=v.exe", "").replace("two", "note"));

    let delete = r#"echo STATUS=178030178 > "$OUTPUT_OPTIONS""#;
    let new = delivered(message.as_bytes(), &command("2", delete));
    assert_eq!(new, message.replace("--b\nX-A: 1\nContent-Type: text/plain; name=v.exe\n\ntwo\n", ""));
}

#[test]
fn a_single_part_is_changed_in_the_message_header() {
    let message = "Received: x\nMIME-Version: 1.0\nContent-Type: application/x;\n name=v.exe\nSubject: s\nContent-Disposition: attachment; filename=v.exe\nContent-Transfer-Encoding: base64\n\nAAAA\n";
    let command = r#"echo note > "$OUTPUT_FILE"
        printf 'Content-Type: text/plain; charset=us-ascii\nContent-Disposition: inline\n\n' > "$OUTPUT_HEADERS"
        printf 'OUTPUT_TYPE=TEXT\nOUTPUT_SUBTYPE=PLAIN\nOUTPUT_MODE=TEXT\n' > "$OUTPUT_OPTIONS""#;
    let expected = "Received: x\nMIME-Version: 1.0\nContent-Disposition: inline\nContent-Type: TEXT/PLAIN; charset=us-ascii\nContent-Transfer-Encoding: 7bit\nSubject: s\n\nnote\n";
    assert_eq!(delivered(message.as_bytes(), command), expected);
    let deleted = delivered(message.as_bytes(), r#"echo STATUS=178030178 > "$OUTPUT_OPTIONS""#);
    assert_eq!(deleted, "Received: x\nMIME-Version: 1.0\nContent-Type: text/plain\nSubject: s\n\n");
}

#[test]
fn a_part_of_an_encoded_message_is_changed_inside_it() {
    // A: 1\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i\n\ntwo\n--i--\n
    let inner = "QTogMQpDb250ZW50LVR5cGU6IG11bHRpcGFydC9taXhlZDsgYm91bmRhcnk9aQoKLS1pCgpvbmUK\nLS1pCgp0d28KLS1pLS0K\n";
    let message = format!(
        "{MIXED}--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}--b\n\nlast\n--b--\n"
    );
    let command = r#"sed s/one/two/ "$INPUT_FILE" > "$OUTPUT_FILE""#;
    let changed = "QTogMQpDb250ZW50LVR5cGU6IG11bHRpcGFydC9taXhlZDsgYm91bmRhcnk9aQoKLS1pCgp0d28K\nLS1pCgp0d28KLS1pLS0K\n";
    let new = delivered(message.as_bytes(), command);
    assert_eq!(new, message.replace(inner, &format!("{changed}\n")));
}

#[test]
fn every_status_is_obeyed() {
    let table = [
        ("true", "178029946", 12),
        ("true", "178029947", 12),
        ("true", "178030098", 12),
        (COPY, "178030250", 10),
        ("true", "178030259", 11),
        ("true", "178030307", 11),
        (COPY, "178028698", 75),
        (COPY, "12345", 75),
        (COPY, "garbage", 75),
        ("true", "1", 75),
        ("exit 1", "1", 75),
        ("kill -9 $$", "1", 75),
    ];
    for (command, status, code) in table {
        let command = format!(r#"echo STATUS={status} > "$OUTPUT_OPTIONS"; {command}"#);
        let output = by(b"Subject: s\n\nx\n", &command);
        assert_eq!(output.status.code(), Some(code), "{command}");
        assert_eq!(shown(&output.stdout), "", "{command}");
    }
    for command in ["true", "exit 3", "echo x > \"$OUTPUT_OPTIONS\"; cp \"$INPUT_FILE\" \"$OUTPUT_FILE\""] {
        assert_eq!(by(b"x\n", command).status.code(), Some(75), "{command}");
    }
    assert_eq!(
        delivered(b"A: 1\n\nx\n", &format!("{COPY}; echo STATUS=1 > \"$OUTPUT_OPTIONS\"")),
        "A: 1\n\nx\n"
    );
}

#[test]
fn as_is_undoes_earlier_changes_and_ends_the_run() {
    let message = format!("{MIXED}--b\n\none\n--b\n\ntwo\n--b\n\nthree\n--b--\n");
    let command = r#"echo note > "$OUTPUT_FILE"
        case $PART_NUMBER in
        2) echo STATUS=178030130 > "$OUTPUT_OPTIONS";;
        3) exit 1;;
        esac"#;
    assert_eq!(delivered(message.as_bytes(), command), message);
}

#[test]
fn the_command_sees_the_channel_s_variables_and_nothing_else() {
    let message = b"Subject: top\nContent-Type: multipart/mixed; boundary=b\n\n--b\nX-Part: 1\nContent-Type: Application/X-Y; name=\"=?utf-8?Q?a?= b\"\nContent-Disposition: attachment;\n filename=\"f;g.exe\"\nContent-Description: what\nContent-Transfer-Encoding: QUOTED-PRINTABLE\n\n=41=42\n--b--\n";
    let command = r#"{ env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^PATH= -e _FILE= -e _HEADERS= -e _OPTIONS= | sort
        echo "--"; cat "$INPUT_FILE"; echo; echo "--"; cat "$INPUT_HEADERS"; echo "--"; cat "$MESSAGE_HEADERS"
        ls -ld "${INPUT_FILE%/*}" | cut -c1-10
        for f in "$OUTPUT_FILE" "$OUTPUT_HEADERS" "$OUTPUT_OPTIONS"; do [ ! -e "$f" ] || echo exists; done
        } > "$OUTPUT_FILE.new"; mv "$OUTPUT_FILE.new" "$OUTPUT_FILE"
        printf 'Content-Type: text/plain\n' > "$OUTPUT_HEADERS"; echo not printed; echo told >&2"#;
    let output = by(message, command);
    assert_eq!(shown(&output.stderr), "told\\n");
    let new = String::from_utf8(output.stdout).unwrap();
    let body = new.split("\n\n").nth(2).unwrap().split("\n--b--").next().unwrap();
    let expected = "ATTACHMENT_NUMBER=1
CONVSCAN_CONFIG=seen
FILENAME=f;g.exe
INPUT_CHANNEL=tcp_local
INPUT_DESCRIPTION=what
INPUT_DISPOSITION=attachment
INPUT_ENCODING=QUOTED-PRINTABLE
INPUT_SUBTYPE=X-Y
INPUT_TYPE=Application
NAME==?utf-8?Q?a?= b
OUTPUT_CHANNEL=ims-ms
PART_NUMBER=1
PART_SIZE=2
--
AB
--
X-Part: 1
Content-Type: Application/X-Y; name=\"=?utf-8?Q?a?= b\"
Content-Disposition: attachment;
 filename=\"f;g.exe\"
Content-Description: what
Content-Transfer-Encoding: QUOTED-PRINTABLE
--
Subject: top
Content-Type: multipart/mixed; boundary=b
drwx------
";
    assert_eq!(format!("{body}\n"), expected);
}

#[test]
fn json_tells_what_happened_and_output_holds_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("out.eml");
    let message = format!("{MIXED}--b\n\none\n--b\nContent-Type: A/B; name=n.exe\n\ntwo\n--b--\n");
    let command = r#"cp "$INPUT_FILE" "$OUTPUT_FILE"; [ $PART_NUMBER = 1 ] || echo STATUS=178030178 > "$OUTPUT_OPTIONS""#;
    let arguments = ["--json", "--output", path.to_str().unwrap(), "--command", command];
    let output = run(message.as_bytes(), &arguments);
    assert_eq!(output.status.code(), Some(0));
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for part in report["parts"].as_array_mut().unwrap() {
        assert!(part["ms"].take().is_u64());
    }
    let expected = serde_json::json!({"outcome": "delivered", "parts": [
        {"number": "1", "type": "text/plain", "name": null, "size": 3, "status": null, "changed": false, "exit": 0, "ms": null},
        {"number": "2", "type": "a/b", "name": "n.exe", "size": 3, "status": 178030178, "changed": true, "exit": 0, "ms": null},
    ]});
    assert_eq!(report, expected);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{MIXED}--b\n\none\n--b--\n"));

    fs::remove_file(&path).unwrap();
    let output = run(b"x\n", &["--json", "--output", path.to_str().unwrap(), "--command", "kill -9 $$"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "deferred");
    assert_eq!(report["parts"][0]["exit"], serde_json::Value::Null);
    assert_eq!(output.status.code(), Some(75));
    assert!(!path.exists());
}

#[test]
fn a_command_out_of_time_is_killed_with_its_children() {
    let start = Instant::now();
    let command = "sleep 100 & sleep 100; cp \"$INPUT_FILE\" \"$OUTPUT_FILE\"";
    let output = run(b"x\n", &["--timeout", "100ms", "--command", command]);
    assert_eq!(output.status.code(), Some(75));
    assert!(start.elapsed() < Duration::from_secs(50));
    // What a command leaves running would hold our stderr open until it ends.
    let output = run(b"x\n", &["--command", &format!("sleep 100 & {COPY}")]);
    assert_eq!(output.status.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(50));
}

#[test]
fn without_a_message_there_is_nothing_to_do() {
    let output = by(b"", "exit 1");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let output =
        Command::new(env!("CARGO_BIN_EXE_convscan")).args(["message", "/nonexistent"]).output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    assert_eq!(
        shown(&output.stderr),
        "convscan: cannot read `/nonexistent`: No such file or directory (os error 2)\\n"
    );
}

/// Such a message was once delivered, virus and all, when one answer about its
/// undecoded text was "clean".
#[test]
fn a_message_beyond_the_bounds_is_held_unseen() {
    let wide = format!("{MIXED}{}--b--\n", "--b\n\nx\n".repeat(10_000));
    let deep = "Content-Type: message/rfc822\n\n".repeat(501) + "\nx";
    for (message, bound) in [(wide, "10000 parts"), (deep, "500 levels of nesting")] {
        let output = by(message.as_bytes(), "echo run >&2; exit 1");
        let line = format!("convscan: held, for it cannot be taken apart: more than {bound}\\n");
        assert_eq!(shown(&output.stderr), line);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(10), 0));
    }
    let output =
        run("Content-Type: message/rfc822\n\n".repeat(501).as_bytes(), &["--json", "--command", COPY]);
    assert_eq!(output.status.code(), Some(10));
    assert_eq!(shown(&output.stdout), r#"{\"outcome\":\"held\",\"parts\":[]}\n"#);
}

/// The command used to go on alone, with the mail's files left on the disk.
#[test]
fn a_signal_ends_the_command_s_group_and_leaves_no_file() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let folder = tempfile::tempdir().unwrap();
        let (files, pids) = (folder.path().join("files"), folder.path().join("pids"));
        fs::create_dir(&files).unwrap();
        let started = folder.path().join("started");
        // Both ignore the signal, so that it is not the terminal's way that ends them.
        let command = format!(
            "trap '' TERM INT HUP; sleep 1000 & echo $$ $! >> {pids}.new; ls {files}/*/INPUT_FILE > {started}; \
             mv {pids}.new {pids}; wait",
            pids = pids.display(),
            files = files.display(),
            started = started.display(),
        );
        let mut child = Command::new(env!("CARGO_BIN_EXE_convscan"))
            .args(["message", "--command", &command, "-"])
            .env("TMPDIR", &files)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let two = format!("{MIXED}--b\n\none\n--b\n\ntwo\n--b--\n");
        child.stdin.take().unwrap().write_all(two.as_bytes()).unwrap();
        let begun = Instant::now();
        while !pids.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the command was not run");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), shown(&output.stdout)), (Some(75), String::new()), "{signal}");
        assert!(fs::read_to_string(&started).unwrap().ends_with("/INPUT_FILE\n"), "{signal}");
        let pids = fs::read_to_string(&pids).unwrap();
        // Of two parts, so one command was run.
        assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
        for pid in pids.split_whitespace() {
            assert!(is_gone(pid), "{signal}: {pid}");
        }
        assert_eq!(fs::read_dir(&files).unwrap().count(), 0, "{signal}");
    }
}
