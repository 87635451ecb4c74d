//! What `check` prints, and where it finds its files.

use std::fs;
use std::path::{Path, PathBuf};

use super::cases::{check, copy};

fn setups() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups")
}

/// A copy of a sound set-up.
fn sound(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy(&setups().join(name), directory.path());
    directory
}

fn change(directory: &Path, file: &str, old: &str, new: &str) {
    let path = directory.join(file);
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).expect(old);
    let changed = [&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat();
    fs::write(path, changed).unwrap();
}

fn run(directory: &Path, options: &[&str]) -> (String, String, Option<i32>) {
    let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
    let output = check(directory, &options);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn json_tells_findings_files_and_how_many() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 4");
    let (text, _, exit) = run(directory.path(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "jobs-disagree");
    assert_eq!((finding["line"].as_u64(), finding["severity"].as_str()), (Some(42), Some("warning")));
    assert!(finding["mends"][0]["write"].as_str().unwrap().contains("maxjobs 3"), "{text}");
    assert_eq!(report["summary"]["errors"], 0);
    assert!(report["summary"]["warnings"].as_u64() >= Some(1), "{text}");
    let files = report["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file["kind"] == "imta.cnf" && file["outcome"] == "read"), "{text}");
    assert!(files.iter().any(|file| file["kind"] == "config.xml" && file["outcome"] == "absent"), "{text}");
    assert_eq!(exit, Some(1));
}

#[test]
fn a_note_does_not_change_the_exit_code_and_a_rule_can_be_allowed() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 2");
    let (text, talk, exit) = run(directory.path(), &[]);
    assert!(text.contains("note[jobs-disagree]") && talk.contains("1 note"), "{text}{talk}");
    assert_eq!(exit, Some(0));
    change(directory.path(), "config/imta.cnf", "maxjobs 2 pool CONV", "maxjobs 9 pool CONV");
    assert_eq!(run(directory.path(), &[]).2, Some(1));
    let allow = ["--allow", "jobs-disagree", "--allow", "jobs-over-cores"];
    assert_eq!((run(directory.path(), &allow).0.as_str(), run(directory.path(), &allow).2), ("", Some(0)));
    assert_eq!(run(directory.path(), &["--allow", "no-such-rule"]).2, Some(2));
}

/// Settings of the tools stand apart: one of them in convscan.toml would defer all
/// mail.
#[test]
fn an_allowance_is_counted_named_and_as_narrow_as_it_says() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 9");
    let (text, ..) = run(directory.path(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rules: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"jobs-disagree"), "{rules:?}");
    let admin = directory.path().join("admin.toml");
    let with = |allow: &str| {
        fs::write(&admin, allow).unwrap();
        run(directory.path(), &["--admin-config", admin.to_str().unwrap()])
    };
    let each = |more: &str| {
        let one = |rule: &&str| format!("[[allow]]\nrule = \"{rule}\"\nbecause = \"we know\"\n{more}");
        let mut rules = rules.clone();
        rules.sort_unstable();
        rules.dedup();
        rules.iter().map(one).collect::<String>()
    };
    let (text, talk, exit) = with(&each(""));
    assert_eq!((text.as_str(), exit), ("", Some(0)));
    let named = format!("nothing wrong; {} finding", rules.len());
    assert!(talk.contains(&named) && talk.contains("jobs-disagree 1 (we know)"), "{talk}");
    // Elsewhere, or too late: it allows nothing, and says so.
    let (text, talk, exit) = with(&each("place = \"no-such-channel\"\n"));
    assert!(text.contains("jobs-disagree") && exit == Some(1), "{text}");
    assert!(
        talk.contains("the allowance for `jobs-disagree` at `no-such-channel` meets no finding"),
        "{talk}"
    );
    let (text, talk, _) = with(&each("until = \"2001-01-31\"\n"));
    assert!(text.contains("jobs-disagree") && talk.contains("ended on 2001-01-31"), "{text}{talk}");
    let (_, talk, exit) = with("[[allow]]\nrule = \"jobs-disagree\"\n");
    assert!(talk.contains("admin.toml:1:1: `because` is missing") && exit == Some(75), "{talk}");
    let (_, talk, _) = with("[[allow]]\nrule = \"nosuch\"\nbecause = \"x\"\n");
    assert!(talk.contains("no such rule: `nosuch`"), "{talk}");
    let (_, talk, exit) = run(directory.path(), &["--admin-config", "/nonexistent/admin.toml"]);
    assert!(talk.contains("/nonexistent/admin.toml") && exit == Some(75), "{talk}");
    assert_eq!(run(directory.path(), &["--allow", "jobs-disagree:"]).2, Some(2));
    let (text, ..) = run(directory.path(), &["--allow", "jobs-disagree:no-such-place"]);
    assert!(text.contains("jobs-disagree"), "{text}");
}

#[test]
fn the_table_of_traffic_has_a_row_for_each_source() {
    let directory = sound("8.1");
    let (text, _, exit) = run(directory.path(), &["--coverage"]);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0].join(" "), "scanned to outside to inside to mailboxes");
    assert_eq!(rows[1].join(" "), "from outside yes yes yes tcp_local");
    assert_eq!(rows[3].join(" "), "from inside yes no yes tcp_intranet");
    assert_eq!(exit, Some(0));
}

#[test]
fn what_cannot_be_read_is_said() {
    let directory = sound("8.1");
    fs::remove_file(directory.path().join("config/job_controller.cnf")).unwrap();
    let (text, _, exit) = run(directory.path(), &[]);
    assert!(text.contains("./config/job_controller.cnf: error[unreadable]: is not there"), "{text}");
    assert_eq!(exit, Some(1));
    let (text, ..) = run(directory.path(), &["--root", "/nonexistent"]);
    assert!(text.contains("/nonexistent/config/imta_tailor: error[unreadable]"), "{text}");
}

#[test]
fn a_server_is_found_by_its_tailor_or_file_by_file() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "pool CONVERSION_POOL", "pool NOWHERE");
    for options in [
        &["--root", "."][..],
        &["--tailor", "config/imta_tailor"],
        &[
            "--root",
            "/nonexistent",
            "--imta-cnf",
            "config/imta.cnf",
            "--job-controller",
            "config/job_controller.cnf",
        ],
    ] {
        let (text, ..) = run(directory.path(), options);
        assert!(text.contains("config/imta.cnf:42:38: error[pool-undefined]"), "{options:?}: {text}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    let directory = sound("8.1");
    change(directory.path(), "config/job_controller.cnf", "secret=", "secrt=");
    let (text, ..) = run(directory.path(), &[]);
    assert!(text.contains("unknown option `secrt`") && !text.contains("qRx81cPz"), "{text}");
    change(directory.path(), "config/job_controller.cnf", "secrt=", "secret=a\nsecret=");
    let (text, ..) = run(directory.path(), &[]);
    assert!(text.contains("another `secret`") && !text.contains("qRx81cPz"), "{text}");
}

#[test]
fn line_ends_of_windows_are_found() {
    let directory = sound("8.1");
    change(directory.path(), "config/mappings", "PORT_ACCESS\n", "PORT_ACCESS\r\n");
    let (text, ..) = run(directory.path(), &[]);
    assert!(
        text.contains("./config/mappings: warning[line-ends]: a carriage return at the end of line 1"),
        "{text}"
    );
}

/// Names of channels, pools and included files are whatever somebody wrote.
#[test]
fn no_name_in_the_files_moves_the_cursor() {
    let directory = sound("8.1");
    let site = directory.path().join("config/\u{1b}[31msite");
    fs::write(&site, "NO ENTRY\n").unwrap();
    let add = |file: &str, lines: &str| {
        let path = directory.path().join("config").join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + lines).unwrap();
    };
    add("imta.cnf", "\ntcp_\u{1b}[32m pool NO\u{1b}[33mWHERE\nx-daemon\n");
    let table = "  IN-CHAN=tcp_\u{1b}[34m;OUT-CHAN=*;*CONVERT  Yes,Channel=\u{202e}x\n";
    add("mappings", &format!("{table}\n<IMTA_TABLE:\u{1b}[31msite\n"));
    for options in [&[][..], &["--json"], &["--coverage"], &["--fix-diff"]] {
        let (text, talk, _) = run(directory.path(), options);
        let odd = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(odd) && !talk.contains(odd), "{options:?}: {text:?} {talk:?}");
    }
    let (text, ..) = run(directory.path(), &[]);
    for rule in ["leading-blank", "pool-undefined", "channel-undefined"] {
        assert!(text.contains(&format!("[{rule}]")), "{rule} is not in\n{text}");
    }
}

/// Whether a terminal would obey something in `text`.
fn is_odd(text: &str) -> bool {
    text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}')
}

/// Paths stand in the server's files, in our own, and on command lines.
#[test]
fn no_path_moves_the_cursor() {
    let directory = sound("8.1");
    let odd = "q\u{1b}[2J\u{9b}1m\u{202e}\u{7}";
    fs::create_dir(directory.path().join(odd)).unwrap();
    fs::write(directory.path().join(odd).join("mappings"), "CONVERSIONS\n\n  foo\n").unwrap();
    let tailor = directory.path().join("config/imta_tailor");
    let home = directory.path().display();
    let said =
        format!("IMTA_MAPPING_FILE={home}/{odd}/mappings\nIMTA_CONFIG_FILE=/no\u{1b}]0;x\u{7}/imta.cnf\n");
    fs::write(&tailor, fs::read_to_string(&tailor).unwrap() + &said).unwrap();
    fs::write(directory.path().join(odd).join("c.toml"), "x = \"\u{1b}[2J\"\n[log]\nfile = \"/no\u{9b}\"\n")
        .unwrap();
    let file = |name: &str| format!("{odd}/{name}");
    let (missing, mappings, toml) = (file("none"), file("mappings"), file("c.toml"));
    let commands: [&[&str]; 18] = [
        &["check", "--root", "."],
        &["check", "--root", ".", "--json"],
        &["check", "--root", ".", "--fix-diff"],
        &["check", "--root", ".", "--coverage"],
        &["check", "--elsewhere", "--mappings", &mappings, "--config", &toml],
        &["check", "--elsewhere", "--mappings", &missing, "--config", &missing, "--json"],
        &["check", "--root", &missing, "--account", odd],
        &["check", "--allow", odd],
        &["check", odd],
        &[odd],
        &["snippets", odd],
        &["snippets", "--external", odd],
        &["snippets", "--output", &mappings],
        &["message", &missing],
        &["message", "--mappings", &mappings, "--explain", "/dev/null"],
        &["message", "--reading", odd, "/dev/null"],
        &["selftest", "--config", &toml],
        &["selftest", "--config", &missing],
    ];
    for arguments in commands {
        let mut command = std::process::Command::new(crate::harness::CONVSCAN);
        let output = command.current_dir(directory.path()).args(arguments).output().unwrap();
        let [text, talk] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(!is_odd(&text) && !is_odd(&talk), "{arguments:?}: {text:?} {talk:?}");
        assert!(!(text.is_empty() && talk.is_empty()), "{arguments:?} says nothing");
    }
    // A program reads the path as it is.
    let (json, ..) = run(directory.path(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let files = report["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file["path"].as_str().unwrap().contains(odd)), "{json}");
}

/// patch(1) needs lines as they are, and somebody looks at the diff first.
#[test]
fn a_diff_has_no_line_that_moves_the_cursor() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 4");
    assert!(run(directory.path(), &["--fix-diff"]).0.contains("maxjobs 3"));
    change(directory.path(), "config/imta.cnf", "! Mail from inside", "! Mail\u{1b}[2J from inside");
    let (diff, talk, _) = run(directory.path(), &["--fix-diff"]);
    assert!(!is_odd(&diff) && !is_odd(&talk) && !diff.contains("imta.cnf"), "{diff:?} {talk:?}");
}

/// A comment in ISO 8859-1 stays what it is, and patch(1) takes the diff.
#[test]
fn the_diff_of_a_file_that_is_not_utf_8_keeps_its_bytes() {
    let directory = sound("8.1");
    let path = directory.path().join("config/imta.cnf");
    let mut bytes = fs::read(&path).unwrap();
    let line = b"! Mail from inside and to outside.\n";
    let at = bytes.windows(line.len()).position(|window| window == line).unwrap();
    bytes.splice(at..at, *b"! F\xfcr die \xc4mter\n");
    fs::write(&path, &bytes).unwrap();
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 4");
    let options = ["--fix-diff".to_owned()];
    let diff = check(directory.path(), &options).stdout;
    assert!(diff.windows(5).any(|window| window == b"\xc4mter"), "{}", String::from_utf8_lossy(&diff));
    fs::write(directory.path().join("fix.diff"), &diff).unwrap();
    let arguments = ["-p0", "-s", "-i", "fix.diff"];
    let patch = std::process::Command::new("patch").args(arguments).current_dir(directory.path()).status();
    assert!(patch.unwrap().success());
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// `--fix-diff` for what stands in `directory`, put in there by patch(1).
fn patched(directory: &Path, options: &[&str]) -> String {
    let options: Vec<String> = options.iter().chain(&["--fix-diff"]).map(|o| (*o).to_owned()).collect();
    let diff = check(directory, &options).stdout;
    fs::write(directory.join("fix.diff"), &diff).unwrap();
    let arguments = ["-p0", "-s", "-f", "-i", "fix.diff"];
    let patch = std::process::Command::new("patch").args(arguments).current_dir(directory).output().unwrap();
    let diff = String::from_utf8_lossy(&diff).into_owned();
    assert!(patch.status.success(), "{}\n{diff}", String::from_utf8_lossy(&patch.stdout));
    diff
}

#[test]
fn the_diff_names_files_as_patch_finds_them() {
    for name in ["a b", "a\tb", "a\nb", "a\u{1b}[31mb", "a\"b", "a\\b", "\u{e4}"] {
        let directory = sound("8.1");
        change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 4");
        // The file is in ISO 8859-1, its name is not.
        let comment = "! Mail from inside and";
        change(directory.path(), "config/imta.cnf", comment, "! ?");
        let path = directory.path().join("config/imta.cnf");
        let bytes = fs::read(&path).unwrap();
        let bytes: Vec<u8> = bytes.iter().map(|byte| if *byte == b'?' { 0xe4 } else { *byte }).collect();
        fs::create_dir(directory.path().join(name)).unwrap();
        let file = format!("{name}/imta.cnf");
        fs::write(directory.path().join(&file), bytes).unwrap();
        let diff = patched(directory.path(), &["--imta-cnf", &file]);
        assert!(!diff.contains('\u{1b}'), "{diff}");
        let mended = fs::read(directory.path().join(&file)).unwrap();
        assert!(mended.windows(9).any(|window| window == b"maxjobs 3"), "{name:?}");
    }
}

#[test]
fn an_included_file_is_mended_where_it_is() {
    let directory = sound("8.1");
    let path = directory.path().join("config/mappings");
    let text = fs::read_to_string(&path).unwrap();
    let (above, table) = text.split_at(text.find("CONVERSIONS\n").unwrap());
    let entry = "  IN-CHAN=*;OUT-CHAN=ims-ms;*CONVERT                Yes\n";
    fs::write(directory.path().join("config/detour"), table.replace(entry, "")).unwrap();
    fs::write(&path, format!("{above}<IMTA_TABLE:detour\n")).unwrap();
    patched(directory.path(), &[]);
    assert_eq!(run(directory.path(), &[]).0, "");
}

#[test]
fn a_file_of_two_names_is_mended_once() {
    let directory = sound("8.1");
    change(directory.path(), "clamd.conf", "AlertExceedsMax yes", "AlertExceedsMax no");
    patched(directory.path(), &["--clamd-conf", "./clamd.conf"]);
    assert_eq!(run(directory.path(), &[]).0, "");
}

#[test]
fn the_diff_goes_in_where_lines_hold_a_carriage_return() {
    let directory = sound("8.1");
    change(directory.path(), "config/imta.cnf", "! Mail from inside", "! Mail\r from\r\r inside");
    change(directory.path(), "config/imta.cnf", "maxjobs 3", "maxjobs 4");
    patched(directory.path(), &[]);
    assert_eq!(run(directory.path(), &[]).0, "");
    change(directory.path(), "clamd.conf", "AlertExceedsMax yes\n", "");
    let path = directory.path().join("clamd.conf");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\r", text.trim_end())).unwrap();
    patched(directory.path(), &[]);
    assert_eq!(run(directory.path(), &[]).0, "");
}

#[test]
fn what_cannot_be_written_is_no_answer() {
    let directory = sound("8.1");
    for option in ["--json", "--coverage", "--elsewhere"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(crate::harness::CONVSCAN);
        command.current_dir(directory.path()).args(["check", "--root", ".", "--config", "none", option]);
        assert_eq!(command.stdout(full).status().unwrap().code(), Some(75), "{option}");
    }
}
