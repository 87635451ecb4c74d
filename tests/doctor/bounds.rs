//! Files that are as large as may be: what they cost is bounded in memory and in time
//! of the processor, whatever is in them and whatever else the machine does.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::CONVSCAN;

/// Memory for data in KB, and seconds of the processor, of a build for tests: that for
/// use needs a twentieth of the time. A reader that keeps every word, or a loop in a
/// loop, needs ten times as much.
const LIMITS: &str = "ulimit -d 92160; ulimit -t 30; exec \"$0\" \"$@\"";

/// Each kind of file that is read.
const KINDS: [&str; 14] = [
    "--tailor",
    "--config-xml",
    "--imta-cnf",
    "--job-controller",
    "--option-dat",
    "--dispatcher",
    "--mappings",
    "--conversions",
    "--clamd-conf",
    "--freshclam-conf",
    "--icap-conf",
    "--summarize",
    "--counters",
    "--config",
];

fn config(directory: &Path) -> String {
    let path = directory.join("convscan.toml");
    fs::write(&path, "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/s\"\n").unwrap();
    path.display().to_string()
}

/// What `check` says of `text` as a file of this kind.
fn said(directory: &Path, kind: &str, text: &str) -> String {
    let path = directory.join("file");
    fs::write(&path, text).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", LIMITS, CONVSCAN, "check", "--elsewhere", kind]).arg(&path);
    if kind != "--config" {
        command.args(["--config", &config(directory)]);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{kind} {:?}: {told}", text.get(..40));
    String::from_utf8(output.stdout).unwrap()
}

/// `check` took 25 s and 520 MB for a clamd.conf of 8 MB of short lines.
#[test]
fn eight_megabytes_of_short_lines_cost_little() {
    let directory = tempfile::tempdir().unwrap();
    let units = ["a b\n", "\n", "ScanPDF on\n", "a $U@a\n", "a\n\n", "a=b;\n", "<a/>", "!a\n#a\n", "k "];
    let each_kind = KINDS.into_iter().zip(units.into_iter().cycle());
    for (kind, unit) in each_kind.chain(units.map(|unit| ("--clamd-conf", unit))) {
        let said = said(directory.path(), kind, &unit.repeat((8 << 20) / unit.len()));
        assert!(said.contains("/file: error[unreadable]: cannot be read: "), "{kind} {unit:?}: {said}");
    }
}

/// A file that is just small enough, of lines that each break a rule.
#[test]
fn the_most_that_is_read_costs_little() {
    let directory = tempfile::tempdir().unwrap();
    let numbered = |line: fn(usize) -> String, count: usize| (0..count).map(line).collect::<String>();
    for (kind, text) in [
        ("--clamd-conf", "ScanPDF on\n".repeat(9_900)),
        ("--clamd-conf", "MaxThread 3\n".repeat(9_900)),
        ("--freshclam-conf", "a\n".repeat(19_900)),
        ("--icap-conf", numbered(|i| format!("Key{i} 1\n"), 9_900)),
        ("--imta-cnf", "a $U@a\n".repeat(49_000)),
        ("--imta-cnf", "\n".to_owned() + &"a\n\n".repeat(99_000)),
        ("--imta-cnf", numbered(|i| format!("d{i}.org $U@d{i}\n"), 49_000)),
        ("--mappings", "CONVERSIONS\n\n".to_owned() + &" a b\n".repeat(145_000)),
        ("--mappings", numbered(|i| format!("T{i}\n\n a b\n\n"), 99_000)),
        ("--conversions", "in-type=*\n\n".repeat(99_000)),
        ("--conversions", numbered(|i| format!("in-type=a{i}; command=\"x\"\n\n"), 49_000)),
        ("--job-controller", numbered(|i| format!("[POOL=P{i}]\njob_limit=1\n"), 9_900)),
        ("--option-dat", numbered(|i| format!("o{i}=1\n"), 19_900)),
        ("--config-xml", "<a>".to_owned() + &"<b/>".repeat(99_000) + "</a>"),
        ("--summarize", numbered(|i| format!("c{i} 1 1.0\n"), 33_000)),
        ("--counters", numbered(|i| format!("c{i}\n"), 99_000)),
        ("--tailor", "a=b\n".repeat(19_900)),
    ] {
        let said = said(directory.path(), kind, &text);
        let refused = "/file: error[unreadable]";
        assert!(!said.contains(refused), "{kind} {:?}: {}", text.get(..40), said.len());
    }
}

/// Includes share the bound of the file that asks for them.
#[test]
fn a_file_that_includes_large_ones_costs_little() {
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other");
    fs::write(&other, format!("! {}\n", "x".repeat(7 << 20))).unwrap();
    let text = format!("</{}\n", other.display()).repeat(60);
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    fs::set_permissions(directory.path(), mode(0o755)).unwrap();
    fs::set_permissions(&other, mode(0o644)).unwrap();
    let said = said(directory.path(), "--imta-cnf", &text);
    let refused = "cannot be read: with all that includes it, larger than 8 MB";
    assert!(said.contains(refused), "{said}");
}
