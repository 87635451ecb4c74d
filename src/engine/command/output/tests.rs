//! The corpus: what scanners print and how they exit, with the verdict that
//! follows. The private copy is `/s/scan-1/part`.

use super::*;
use crate::config::{Config, EngineKind};

const FILE: &str = "/s/scan-1/part";

/// The configuration of a command engine with these keys.
fn configured(keys: &str) -> CommandConfig {
    let source = format!("state.directory = \"/s\"\n[[engine]]\nname = \"e\"\ntype = \"command\"\n{keys}");
    let parsed = Config::parse("c", &source);
    assert_eq!(parsed.faults, []);
    match &parsed.config.engines[0].kind {
        EngineKind::Command(command) => (**command).clone(),
        kind => panic!("{kind:?}"),
    }
}

/// The preset `name` as it comes.
pub(in crate::engine::command) fn preset(name: &str) -> CommandConfig {
    configured(&format!("preset = \"{name}\"\n"))
}

pub(in crate::engine::command) fn outcome(end: End, stdout: &str) -> Outcome {
    let stdout = stdout.replace("{file}", FILE).into();
    Outcome { end, stdout, stderr: Vec::new(), cut: false, unfinished: false }
}

/// The verdict in a few letters: `clean`, `infected NAME, NAME`, `unscannable
/// REASON`, or the kind of the error.
fn judged(config: &CommandConfig, outcome: &Outcome) -> String {
    use crate::verdict::name_of;
    match response(config, outcome, Path::new(FILE)).map(|response| response.verdict) {
        Ok(Verdict::Clean) => "clean".to_owned(),
        Ok(Verdict::Infected(threats)) => {
            format!("infected {}", threats.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Ok(Verdict::Unscannable(reason, _)) => format!("unscannable {}", name_of(&Reason::NAMES, &reason)),
        Err(error) => name_of(&ErrorKind::NAMES, &error.kind).to_owned(),
    }
}

fn check(config: &CommandConfig, table: &[(u8, &str, &str)]) {
    for (code, stdout, expected) in table {
        assert_eq!(judged(config, &outcome(End::Exited(*code), stdout)), *expected, "exit {code}: {stdout}");
    }
}

#[test]
fn uvscan() {
    let odd = "infected EICAR test file";
    check(
        &preset("uvscan"),
        &[
            (0, "", "clean"),
            (0, "McAfee VirusScan, evaluation copy, expired\n{file} ... is OK.\n", "clean"),
            (0, "/x/Found.doc ... is OK\n{file}/Found.doc ... is OK\nFound.doc ... is OK\n", "clean"),
            (0, "{file}/Found the letter.txt ... is OK\n", "clean"),
            (0, "Not Scanned:.............     0\nPossibly Infected:.......     0\n", "clean"),
            (
                0,
                "Total files:.............     2\nNot Scanned:.............     1\n",
                "unscannable not-scanned",
            ),
            (0, "Possibly Infected:.......    10\n", "infected unnamed"),
            (0, "{file}/a.doc\n    is password-protected\n", "unscannable encrypted"),
            (
                0,
                "Total files:....  1\nClean:....  1\nNot Scanned:....  0\nPossibly Infected:....  0\n",
                "clean",
            ),
            (0, "Total files: ....  12\nClean: ....  10\n", "clean"),
            (0, "Total files:....  0\nClean:....  0\nNot Scanned:....  0\n", "garbled"),
            (0, "Total files:....  1\nClean:....  0\nCleaned:....  1\n", "garbled"),
            (0, "Total files:....  1\nCleaned:....  1\n", "garbled"),
            (0, "Clean:....  1\n", "garbled"),
            (0, "Total files:....  1\nClean:....  0\nNot Scanned:....  1\n", "unscannable not-scanned"),
            (0, "Total files:....  1\nClean:....  0\nPossibly Infected:....  1\n", "infected unnamed"),
            (0, "Missing or invalid DAT files\n", "failed"),
            (0, "Removal datafile clean.dat not found.\n", "failed"),
            (0, "Unable to remove viruses\n", "failed"),
            (13, "Data file not found\n", "infected unnamed"),
            (0, "{file}/data file not found.txt ... is OK\n", "clean"),
            (13, "", "infected unnamed"),
            (10, "", "infected unnamed"),
            (13, "{file}\n    Found the W32/Mydoom.a@MM virus !!!\n", "infected W32/Mydoom.a@MM"),
            (0, "{file} ... Found the W32/Mydoom.a@MM virus !!!\n", "infected W32/Mydoom.a@MM"),
            (13, "/s/scan-1/./part ... Found the New Worm virus !!!\n", "infected New Worm"),
            (13, "{file} [MD5:0cc175b9] ... Found the Generic.dx trojan !!!\n", "infected Generic.dx"),
            (13, "{file} ... Found the One virus thing virus !!!\n", "infected One virus thing"),
            (13, "{file} ... Found virus or variant Exploit-X !!!\n", "infected Exploit-X"),
            (13, "   Found trojan or variant Some Name !!!\n", "infected Some Name"),
            (13, "{file} ... Found: EICAR test file NOT a virus.\n", odd),
            (13, "{file}\n  Found: EICAR test file NOT a virus.\n", odd),
            (13, "{file} ... Found potentially unwanted program Adware-X.\n", "infected Adware-X"),
            (13, "{file} ... Found application Tool Y.\n", "infected Tool Y"),
            (13, "{file} ... Found the Joke/Z joke !!!\n", "infected Joke/Z joke"),
            (
                13,
                "{file}/a ... Found the A virus !!!\n{file}/b ... Found the B virus !!!\n{file}/c ... Found the A virus !!!\n",
                "infected A, B",
            ),
            (12, "", "garbled"),
            (19, "", "garbled"),
            (21, "", "garbled"),
            (19, "{file} ... Found the A virus !!!\n", "infected A"),
            (2, "", "failed"),
            (6, "", "failed"),
            (8, "{file} ... Found the A virus !!!\n", "infected A"),
            (102, "", "failed"),
            (1, "", "failed"),
            (1, "{file}/a.doc\n    is password-protected\n", "failed"),
            (255, "", "garbled"),
            // A shell around it says that a signal killed it.
            (139, "", "crashed"),
            (137, "uvscan: line 7: 4711 Killed  /opt/uvscan\n", "crashed"),
            (139, "{file} ... Found the A virus !!!\n", "infected A"),
            (143, "", "garbled"),
            (0, "{file}/a.zip ... is corrupted.\nNot Scanned:....  1\n", "unscannable corrupt"),
            (0, "{file}/a.pdf ... is encrypted.\n", "unscannable encrypted"),
            (0, "{file}/a is encrypted.txt ... is OK\n", "clean"),
            (0, "{file}/a.doc is password-protected\n1 error was encountered.\n", "unscannable encrypted"),
            (0, "{file}/a.doc is password-protected\n{file}/b ... is damaged\n", "unscannable corrupt"),
            (0, "{file}/a.doc is password-protected\nOut of memory\n", "failed"),
        ],
    );
}

#[test]
fn uvscan6_shows_what_is_encrypted() {
    let [old, new] = ["uvscan", "uvscan6"].map(preset);
    let asks = |arguments: &[crate::config::Argument]| format!("{arguments:?}").contains("--showencrypted");
    assert!(asks(&new.scan) && asks(&new.clean) && !asks(&old.scan));
    assert_eq!(format!("{:?}", new.patterns), format!("{:?}", old.patterns));
}

#[test]
fn savscan() {
    check(
        &preset("savscan"),
        &[
            (0, "", "clean"),
            (3, ">>> Virus 'W32/Mydoom-A' found in file {file}\n", "infected W32/Mydoom-A"),
            (0, ">>> Virus 'EICAR-AV-Test' found in file {file}/a.com\n", "infected EICAR-AV-Test"),
            (24, ">>> Virus fragment 'W32/X' found in file part\n", "infected W32/X"),
            (3, "1 virus was discovered.\n", "infected unnamed"),
            (2, "", "failed"),
            (2, "Could not check {file} (corrupt)\n", "unscannable corrupt"),
            (0, "Could not open {file}\n", "failed"),
            (8, "Could not open {file}\n", "failed"),
            (8, "Could not open {file}/a.doc\n", "unscannable not-scanned"),
            (8, "Could not check {file} (corrupt)\n1 error was encountered.\n", "unscannable corrupt"),
            (0, "Could not check {file} (corrupt)\n", "unscannable corrupt"),
            (3, "Could not check {file} (corrupt)\n", "infected unnamed"),
            (3, "Could not check {file} (corrupt)\n>>> Virus 'W' found in file {file}/a\n", "infected W"),
            (2, "Could not check {file} (corrupt)\n>>> Virus 'W' found in file {file}/a\n", "infected W"),
            (8, "Could not check {file}/x.rar (part of multi volume archive)\n", "unscannable not-scanned"),
            (8, "Could not check {file} (virus scan failed)\n", "unscannable not-scanned"),
            (8, "Could not check {file} (format not supported)\n", "unscannable not-scanned"),
            (8, "Could not check {file}/a (password protected file)\n", "unscannable encrypted"),
            // The name of a member is the sender's choice.
            (8, "Could not check {file}/a (password) (corrupt)\n", "unscannable corrupt"),
            (8, "Could not check {file}/a (password)/b (virus scan failed)\n", "unscannable not-scanned"),
            // The vaguest reason of several: a policy may let pass the clearest.
            (
                16,
                "Password protected file {file}/a\nCould not check {file}/b (corrupt)\n",
                "unscannable corrupt",
            ),
            (32, "Password protected file {file}/x\n1 error was encountered.\n", "unscannable encrypted"),
            (16, "Password protected file {file}/x\n2 errors were encountered.\n", "unscannable encrypted"),
            (8, "2 errors were encountered.\n", "failed"),
            (8, "Could not check {file} (corrupt)\nOut of memory\n", "failed"),
            (36, "Could not check {file} (corrupt)\n", "failed"),
            (40, "Password protected file {file}/x\n", "failed"),
            (1, "Password protected file {file}/x\n", "failed"),
            (0, "Password protected file {file}/x\n", "unscannable encrypted"),
            (16, "Password protected file {file}/x\n", "unscannable encrypted"),
            (16, "", "unscannable not-scanned"),
            (8, "Password protected file {file}/x\n", "unscannable encrypted"),
            (2, "Password protected file {file}/x\n", "unscannable encrypted"),
            (8, "", "failed"),
            (12, "", "garbled"),
            (20, "", "garbled"),
            (28, "", "infected unnamed"),
            (32, "", "failed"),
            (36, "", "failed"),
            (40, "", "failed"),
        ],
    );
}

#[test]
fn avscanner() {
    check(
        &preset("avscanner"),
        &[
            (0, "", "clean"),
            (0, "1 file scanned in less than a second.\n", "clean"),
            (
                24,
                "[10:11:12] Detected \"{file}\" is infected with EICAR-AV-Test (On Demand)\n",
                "infected EICAR-AV-Test",
            ),
            (
                24,
                "Detected \"{file}/a \" is infected with x\" is infected with W32/A-B\n",
                "infected W32/A-B",
            ),
            (0, "Detected \"{file}\" is infected with EICAR-AV-Test\n", "infected EICAR-AV-Test"),
            (24, "", "infected unnamed"),
            (25, "", "infected unnamed"),
            (16, "", "unscannable encrypted"),
            (
                16,
                "[10:11:12] Failed to scan {file}/a.7z as it is password protected\n\
                 Failed to scan one or more files due to an error\n1 scan error encountered\n",
                "unscannable encrypted",
            ),
            (8, "Failed to scan {file} as it is corrupted\n", "unscannable corrupt"),
            (8, "Failed to scan {file}/b as it is a Zip Bomb\n", "unscannable over-limit"),
            (8, "Failed to scan {file}/b due to a sweep failure\n", "unscannable not-scanned"),
            (8, "Failed to scan {file}/b as it could not be opened\n", "unscannable not-scanned"),
            (8, "Failed to scan {file} as it could not be opened\n", "failed"),
            (8, "Failed to scan {file}/b as it is corrupted [Reached total maximum]\n", "failed"),
            (8, "Failed to scan one or more files due to an error\n", "failed"),
            (8, "", "failed"),
            (36, "Failed to scan {file} as it is corrupted\n", "failed"),
            (2, "", "failed"),
            (40, "", "failed"),
            (41, "", "failed"),
            (1, "", "garbled"),
        ],
    );
}

#[test]
fn odscan() {
    check(
        &preset("odscan"),
        &[
            (0, "", "clean"),
            (1, "", "infected unnamed"),
            (50, "", "infected unnamed"),
            (10, "", "unscannable not-scanned"),
            (100, "", "failed"),
            (0, "Cannot connect to the daemon\n", "failed"),
            (0, "Permission denied\n", "failed"),
            (101, "", "garbled"),
        ],
    );
}

#[test]
fn clamscan_and_clamdscan() {
    for name in ["clamscan", "clamdscan"] {
        check(
            &preset(name),
            &[
                (0, "{file}: OK\n", "clean"),
                (0, "{file}: Empty file\n", "clean"),
                (0, "", "crashed"),
                (2, "", "failed"),
                (0, "/other/part: OK\n", "garbled"),
                (0, "\0: OK\n", "garbled"),
                (0, "{file}: O", "garbled"),
                (1, "{file}: Win.Test.EICAR_HDB-1 FOUND\n", "infected Win.Test.EICAR_HDB-1"),
                (
                    1,
                    "{file}: Name: with FOUND and (blanks) FOUND\n",
                    "infected Name: with FOUND and (blanks)",
                ),
                (1, "{file}: (null) FOUND\n", "infected unnamed"),
                (1, "{file}:  FOUND\n", "infected unnamed"),
                (0, "{file}: A FOUND\n{file}: OK\n", "infected A"),
                (2, "{file}: A FOUND\n{file}: lstat() failed ERROR\n", "infected A"),
                (0, "{file}: Can't open file ERROR\n{file}: OK\n", "failed"),
                (2, "ERROR: Could not connect to clamd\n", "failed"),
                (1, "", "infected unnamed"),
                (1, "{file}: Heuristics.Encrypted.Zip FOUND\n", "unscannable encrypted"),
                (1, "{file}: Heuristics.Encrypted.Zip FOUND\n{file}: B FOUND\n", "infected B"),
                (1, "{file}: Heuristics.Limits.Exceeded.MaxFileSize FOUND\n", "unscannable too-large"),
                (0, "{file}: Excluded\n", "unscannable excluded"),
                (0, "{file}: Excluded (another filesystem)\n{file}: OK\n", "unscannable excluded"),
                (2, "{file}: Time limit reached ERROR\n", "unscannable time-limit"),
                (2, "{file}: INSTREAM size limit exceeded. ERROR\n", "unscannable too-large"),
                (2, "{file}: Can't allocate memory ERROR\n", "failed"),
                (2, "{file}: Access denied. ERROR\n", "failed"),
                (2, "{file}: OK\n", "failed"),
                (1, "{file}: Broken.Executable FOUND\n", "unscannable corrupt"),
                (
                    0,
                    "LibClamAV Warning: cli_tnef: file truncated, returning CLEAN\n{file}: OK\n",
                    "unscannable corrupt",
                ),
                (
                    0,
                    "LibClamAV Warning: cli_scanxz: decompress file size exceeds limits - only scanning 27262976 bytes\n{file}: OK\n",
                    "unscannable over-limit",
                ),
                (
                    0,
                    "LibClamAV Warning: fmap_readpage: pread fail: asked for 4094 bytes\n{file}: OK\n",
                    "unscannable corrupt",
                ),
                (
                    0,
                    "LibClamAV Warning: Bytecode run timed out in interpreter\n{file}: OK\n",
                    "unscannable time-limit",
                ),
                (0, "LibClamAV Warning: file truncated\n{file}: Worm FOUND\n", "infected Worm"),
                (
                    0,
                    "LibClamAV Warning: Cannot dlopen libclamunrar_iface: file not found - unrar support unavailable\n{file}: OK\n",
                    "clean",
                ),
                (
                    0,
                    "LibClamAV Warning: ***  The virus database is older than 7 days!  ***\n{file}: OK\n",
                    "clean",
                ),
                (1, "{file}!(1)x.exe: Worm.X FOUND\n", "infected Worm.X"),
                (0, "{file}!(1)x.exe: Worm.X FOUND\n{file}: OK\n", "infected Worm.X"),
                (0, "{file}!ZIP:a: b: Worm.X FOUND\n{file}: OK\n", "infected Worm.X"),
                (0, "/else/where: Worm.X FOUND\n{file}: OK\n", "infected Worm.X"),
                (0, "Worm FOUND\n{file}: OK\n", "infected unnamed"),
                (0, "FOUND\n{file}: OK\n", "infected unnamed"),
                (1, "{file}!(1)x.zip: Heuristics.Encrypted.Zip FOUND\n", "unscannable encrypted"),
                (0, "LibClamAV Error: cannot load\n{file}: OK\n", "failed"),
                (0, "LibClamAV Warning: old\n{file}: OK\n", "clean"),
                (40, "", "crashed"),
                (40, "usage\n", "garbled"),
            ],
        );
        let mut outcome = outcome(End::Exited(0), "{file}: OK\n");
        outcome.stderr = b"LibClamAV Error: cannot load\n".to_vec();
        assert_eq!(judged(&preset(name), &outcome), "failed");
    }
}

#[test]
fn fpscan() {
    check(
        &preset("fpscan"),
        &[
            (0, "[Clean]    {file}\n", "clean"),
            (
                1,
                "[Found virus] <W32/Mydoom.A@mm (exact, not disinfectable)> \t{file}->a.exe\n[Contains infected objects]\t{file}\n",
                "infected W32/Mydoom.A@mm",
            ),
            (0, "[Found possible security risk] <X> {file}\n", "infected X"),
            (2, "", "infected unnamed"),
            (65, "", "infected unnamed"),
            (129, "", "infected unnamed"),
            (64, "[Unscannable] <File is encrypted> {file}\n", "unscannable encrypted"),
            (64, "", "unscannable not-scanned"),
            (64, "[Unscannable] <File is corrupted> {file}\n", "unscannable corrupt"),
            (64, "[Unscannable] <Could not open file> {file}->a\n", "unscannable not-scanned"),
            (0, "[Unscannable] <Unknown format> {file}\n", "unscannable not-scanned"),
            (80, "[Unscannable] <File is encrypted> {file}\n", "failed"),
            (8, "", "unscannable not-scanned"),
            (4, "", "failed"),
            (16, "", "failed"),
            (80, "", "failed"),
            (128, "", "garbled"),
        ],
    );
}

/// Exit code 0 beside a complaint was clean.
#[test]
fn a_complaint_forbids_clean_and_an_honest_report_is_none() {
    let complaints = [
        "{file}: Permission denied",
        "uvscan: cannot open {file}/inner.zip",
        "Cannot open file {file}",
        "Could not read {file} ... I/O error",
        "Can't scan {file}",
        "Unable to initialise the engine",
        "Failed to load engine",
        "/usr/local/uvscan/uvscan: line 7: 4711 Segmentation fault      (core dumped) /opt/uvscan \"$@\"",
        "/usr/local/uvscan/uvscan: line 7: 4711 Killed                  /opt/uvscan \"$@\"",
        "Killed",
        "Aborted",
        "Bus error (core dumped)",
        "{file}: No such file or directory",
        "sh: 1: /opt/uvscan: not found",
        "uvscan: command not found",
        "DAT file not found",
        "Driver avvscan.dat was not found",
        "Library liblnxfv.so.4 not found.",
        "error while loading shared libraries: liblnxfv.so.4: cannot open shared object file",
        "Out of memory",
        "Cannot allocate memory",
        "not enough memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "write error: No space left on device",
        "{file} ... read: Input/output error",
        "2 errors were encountered.",
        "Files with errors: 1",
    ];
    let honest = [
        "Not Scanned: 0",
        "Possibly Infected:.......     0",
        "0 errors",
        "0 errors were encountered.",
        "No errors found.",
        "Files with errors: 0",
        "Skipped files: 0",
        "Killed: 0",
        "No viruses were discovered.",
        "1 file scanned in 3 seconds.",
        "Cannot find anything wrong with this line",
        "{file}/permission denied.txt ... is OK",
        "{file}/a/out of memory - no such file.doc ... is OK",
        "{file}->cannot open.exe",
        "{file} ... is OK.",
        "[Clean] {file}",
        "McAfee VirusScan, evaluation copy, expired",
        "Scanning for 80000 viruses, trojans and variants, memory not scanned.",
        "Time: 00:00.01",
    ];
    for name in ["uvscan", "savscan", "fpscan"] {
        let config = preset(name);
        for line in complaints {
            assert_eq!(judged(&config, &outcome(End::Exited(0), line)), "failed", "{name}: {line}");
            let mut beside = outcome(End::Exited(0), "");
            beside.stderr = line.replace("{file}", FILE).into();
            assert_eq!(judged(&config, &beside), "failed", "{name}: {line}");
        }
        for line in honest {
            assert_eq!(judged(&config, &outcome(End::Exited(0), line)), "clean", "{name}: {line}");
        }
    }
}

#[test]
fn a_threat_beats_every_ending() {
    let config = preset("uvscan");
    for end in [End::TimedOut, End::Signalled(11), End::Interrupted(15), End::Flooded, End::Lost] {
        assert_eq!(judged(&config, &outcome(end, "{file} ... Found the A virus !!!\n")), "infected A");
    }
    assert_eq!(judged(&config, &outcome(End::TimedOut, "is password-protected\n")), "timed-out");
    assert_eq!(judged(&config, &outcome(End::Signalled(9), "is password-protected\n")), "crashed");
    assert_eq!(judged(&config, &outcome(End::Signalled(11), "")), "crashed");
    assert_eq!(judged(&config, &outcome(End::Flooded, "")), "garbled");
    assert_eq!(judged(&config, &outcome(End::Lost, "")), "failed");
    assert_eq!(judged(&config, &outcome(End::Interrupted(15), "")), "failed");
    for (cut, unfinished) in [(true, false), (false, true)] {
        let mut part = Outcome { cut, unfinished, ..outcome(End::Exited(0), "") };
        assert_eq!(judged(&config, &part), "garbled");
        part.end = End::Exited(13);
        assert_eq!(judged(&config, &part), "infected unnamed");
        part.end = End::Exited(19);
        assert!(claims_cleaned(&config, &part, Path::new(FILE)).is_err());
    }
}

#[test]
fn why_a_file_was_not_looked_into_is_quoted_and_warnings_are_told() {
    let told = |name: &str, code, text: &str| {
        let response = response(&preset(name), &outcome(End::Exited(code), text), Path::new(FILE)).unwrap();
        (response.line, response.warning)
    };
    let some = |text: &str| Some(text.to_owned());
    let table = [
        (
            "savscan",
            8,
            "Scanning\nCould not check {file}/a\x1b[2J.doc (corrupt)\nEnd of Scan.\n",
            some("Could not check part/a?[2J.doc (corrupt)"),
            None,
        ),
        ("uvscan", 0, "Total files:....  2\nNot Scanned:....  1\n", some("Not Scanned:....  1"), None),
        (
            "uvscan",
            0,
            "WARNING: Your Virus Definition (DAT) files are old.\n",
            None,
            some("WARNING: Your Virus Definition (DAT) files are old."),
        ),
        (
            "savscan",
            0,
            "The main body of virus data is out of date!\n",
            None,
            some("The main body of virus data is out of date!"),
        ),
        ("clamscan", 0, "{file}: OK\n", None, None),
        (
            "clamscan",
            0,
            "{file}: OK\nLibClamAV Warning: *****\nLibClamAV Warning: ***  The virus database is older than 7 days!  ***\n",
            None,
            some("LibClamAV Warning: ***  The virus database is older than 7 days!  ***"),
        ),
        ("savscan", 16, "", None, None),
    ];
    for (name, code, text, line, warning) in table {
        let squeezed =
            |text: Option<String>| text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let (told_line, told_warning) = told(name, code, text);
        assert_eq!(
            (squeezed(told_line), squeezed(told_warning)),
            (squeezed(line), squeezed(warning)),
            "{text}"
        );
    }
    let long = format!("Could not check {{file}}/{} (corrupt)\n", "x".repeat(9000));
    assert!(told("savscan", 8, &long).0.unwrap().chars().count() <= crate::text::SHOWN);
}

#[test]
fn a_scanner_that_could_not_clean_is_quoted_with_its_reason() {
    let text =
        "{file} ... Found: EICAR test file NOT a virus.\n   The file cannot be cleaned.\nTime: 00:00.02\n";
    let why =
        claims_cleaned(&preset("uvscan"), &outcome(End::Exited(12), text), Path::new(FILE)).unwrap_err();
    assert_eq!(why.detail, "not cleaned: exit code 12 (The file cannot be cleaned.)");
}

#[test]
fn a_list_of_ones_own_takes_the_place_of_the_preset_s_with_its_counts() {
    let own = configured(
        "preset = \"uvscan\"\n[engine.patterns]\nunscannable = ['^skipped$']\nerror = ['^oh$']\ntoo-deep = ['nested']\n",
    );
    check(
        &own,
        &[
            (0, "Not Scanned:....  1\n", "clean"),
            (0, "skipped\n", "unscannable not-scanned"),
            (0, "too nested\n", "unscannable too-deep"),
            (0, "2 errors\n", "clean"),
            (0, "oh\n", "failed"),
            (0, "{file}/a is password-protected\n", "unscannable encrypted"),
        ],
    );
}

#[test]
fn standard_error_convicts_and_fails_but_never_acquits() {
    let config = preset("clamscan");
    let mut outcome = outcome(End::Exited(0), "{file}: OK\n");
    outcome.stderr = b"LibClamAV Warning: old database\n".to_vec();
    assert_eq!(judged(&config, &outcome), "clean");
    std::mem::swap(&mut outcome.stdout, &mut outcome.stderr);
    assert_eq!(judged(&config, &outcome), "garbled");
    outcome.stdout = b"/s/scan-1/part: OK\n".to_vec();
    outcome.stderr = b"/s/scan-1/part: A FOUND\n".to_vec();
    assert_eq!(judged(&config, &outcome), "infected A");
}

#[test]
fn a_free_definition_may_decide_by_lines() {
    let config = configured(
        "program = \"/opt/bdscan\"\nscan = [\"{file}\"]\n[engine.codes]\nerror = [3]\n[engine.patterns]\n\
         infected = ['infected: (.*)$']\nclean = ['^Infected files: 0$']\n",
    );
    check(
        &config,
        &[
            (0, "Infected files: 0\n", "clean"),
            (0, "Infected files: 1\n", "garbled"),
            (1, "Infected files: 0\n", "garbled"),
            (3, "Infected files: 0\n", "failed"),
            (9, "part infected: Some.Name\n", "infected Some.Name"),
        ],
    );
}

#[test]
fn only_the_code_for_cleaned_claims_it() {
    let claims = |config: &CommandConfig, code, text: &str| {
        claims_cleaned(config, &outcome(End::Exited(code), text), Path::new(FILE)).is_ok()
    };
    let [uvscan, savscan, fpscan] = ["uvscan", "savscan", "fpscan"].map(preset);
    let claiming: Vec<u8> = (0..=255).filter(|code| claims(&uvscan, *code, "")).collect();
    assert_eq!(claiming, [19, 21]);
    assert!(claims(&uvscan, 19, "{file} ... Found the A virus !!!\n"));
    assert!(claims(&uvscan, 19, "Total files:....  1\nClean:....  0\nCleaned:....  1\n"));
    assert!(!claims(&uvscan, 19, "Unable to remove viruses\n"));
    assert!(claims(&fpscan, 128, "") && !claims(&fpscan, 129, "") && !claims(&fpscan, 192, ""));
    assert!(claims(&savscan, 20, "") && !claims(&savscan, 24, ""));
}
