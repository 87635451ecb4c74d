//! Scanners' words: no acquittal without the words for it.

use std::path::Path;
use std::sync::OnceLock;

use convscan::testing::config::{CommandConfig, Config, EngineKind, Meaning, Pattern, Preset};
use convscan::testing::engine::fuzzing::{self, IcapAsked};
use convscan::testing::engine::rules::RuleSet;
use convscan::testing::os::process::{End, Outcome};
use convscan::testing::verdict::{MOST_THREATS, ScanError, Threat, Verdict};

use super::{has, in_place, printable};

fn shown(result: &Result<Verdict, ScanError>) {
    match result {
        Ok(Verdict::Clean | Verdict::Unscannable(_, None)) => {}
        Ok(Verdict::Unscannable(_, Some(name))) => named(std::slice::from_ref(name)),
        Ok(Verdict::Infected(threats)) => named(threats),
        Err(error) => printable(&error.detail, 400),
    }
}

fn named(threats: &[Threat]) {
    assert!(!threats.is_empty(), "a conviction without a threat");
    for threat in threats {
        let name = threat.to_string();
        assert!(!name.is_empty());
        printable(&name, 200);
    }
}

/// clamd acquits by `OK` behind the right label, ended, and by nothing else.
pub fn clamd(reply: &[u8]) {
    let lines: Vec<&[u8]> = reply.split(|byte| matches!(byte, 0 | b'\n')).collect();
    let (cut, whole) = lines.split_last().expect("a split has one piece at least");
    let said = || lines.iter().filter(|line| !line.trim_ascii().is_empty());
    for (size, empty) in [(0, true), (68, false)] {
        let [descriptor, stream] =
            [fuzzing::descriptor_reply(reply, size), fuzzing::stream_reply(reply, size)];
        for (result, label) in
            [(&descriptor, is_descriptor as fn(&[u8], &[u8]) -> bool), (&stream, is_stream)]
        {
            shown(result);
            let ok = |line: &&[u8]| label(line, b"OK");
            let harmless = |line: &&&[u8]| ok(line) || (empty && label(line, b"Empty file"));
            // One `OK` line and no other but harmless ones, each ended by NUL.
            let acquits = cut.is_empty()
                && !reply.contains(&b'\n')
                && whole.iter().filter(|line| ok(line)).count() == 1
                && whole.iter().all(|line| harmless(&line));
            assert_eq!(*result == Ok(Verdict::Clean), acquits, "size {size}");
            let excuses = [&b"Heuristics."[..], b"PUA.", b"Broken.Executable"];
            let convicts =
                |line: &&&[u8]| line.ends_with(b" FOUND") && !excuses.iter().any(|word| has(line, word));
            // Two complaints are about the part.
            let about_part = [&b"INSTREAM size limit exceeded. ERROR"[..], b"Time limit reached ERROR"];
            let is_about_part = |line: &[u8]| about_part.iter().any(|words| line.ends_with(words));
            if said().any(|line| convicts(&line)) {
                assert!(matches!(result, Ok(Verdict::Infected(_))), "{result:?}");
            } else if said().any(|line| line.ends_with(b" ERROR") && !is_about_part(line)) {
                assert!(matches!(result, Ok(Verdict::Infected(_)) | Err(_)), "{result:?}");
            }
        }
        assert!(descriptor != Ok(Verdict::Clean) || stream.is_err(), "one reply under two labels");
    }
}

fn is_descriptor(line: &[u8], word: &[u8]) -> bool {
    let number = line.strip_prefix(b"fd[").and_then(|line| line.strip_suffix(&[b"]: ", word].concat()[..]));
    number.is_some_and(|number| (1..=10).contains(&number.len()) && number.iter().all(u8::is_ascii_digit))
}

fn is_stream(line: &[u8], word: &[u8]) -> bool {
    line == [b"stream: ", word].concat()
}

/// ICAP acquits by "unchanged" with all of the part before the server's eyes, or
/// by the same content again; a known field with a name in it always convicts. The
/// first line of `data` is the part, the rest the answer; both are also read as
/// an answer to OPTIONS.
pub fn icap(data: &[u8]) {
    let (part, answer) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let answer = answer.get(1..).unwrap_or_default();
    if let Ok((version, reads_back)) = fuzzing::icap_options(answer) {
        printable(&version, 420);
        assert!(reads_back, "not remembered: {version}");
        assert!(has(&answer.to_ascii_uppercase(), b"RESPMOD"));
    }
    let lower = answer.to_ascii_lowercase();
    let is_icap = |status: &[u8]| has(answer, &[b"ICAP/1.0 ", status].concat());
    for asked in [IcapAsked::Plain, IcapAsked::Allow, IcapAsked::Preview] {
        let said = fuzzing::icap_answer(answer, part, asked);
        shown(&said.verdict);
        if let Some(tag) = &said.istag {
            printable(tag, 200);
        }
        if said.verdict == Ok(Verdict::Clean) {
            clean_by_right(answer, part, asked);
        }
        // The first header of the answer, as far as it is one.
        let head = lower.split(|byte| *byte == b'\n').skip(1).take_while(|line| line.trim_ascii() != b"");
        let names = head.filter_map(|line| line.strip_prefix(b"x-infection-found: type=0; threat="));
        let named = names.last().is_some_and(|name| name.starts_with(b"worm"));
        if answer.starts_with(b"ICAP/1.0 200 ") && named && answer.ends_with(b"\n") && answer.len() < 8192 {
            assert!(matches!(said.verdict, Ok(Verdict::Infected(_))), "{:?}", said.verdict);
        }
        if let Some(copy) = said.repaired {
            assert!(!copy.is_empty() && copy != part && copy.len() < answer.len());
            assert!(has(&lower, b"resolution") && is_icap(b"200"));
        }
    }
}

/// What must stand in an answer that acquits.
fn clean_by_right(answer: &[u8], part: &[u8], asked: IcapAsked) {
    let has = |text: &[u8]| has(answer, text);
    assert!(answer.starts_with(b"ICAP/1.0 "));
    assert!(has(b"ICAP/1.0 204") || has(b"ICAP/1.0 200"));
    // The digest of no signatures at all.
    let mut head = answer.split(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
    assert!(!head.any(|line| line.starts_with(b"ISTag:") && super::has(line, b"1B2M2Y8AsgTpgAmY7PhCfg")));
    if asked == IcapAsked::Plain {
        // The same content again, in as many bytes at least.
        assert!(!answer.starts_with(b"ICAP/1.0 204") && has(b"HTTP/1.") && answer.len() > part.len());
    }
    if asked == IcapAsked::Preview && !part.is_empty() {
        assert!(answer.starts_with(b"ICAP/1.0 100"));
    }
}

const FILE: &str = "/s/scan-1/part";

/// Every preset, and a scanner that is defined by lines alone.
fn scanners() -> &'static [CommandConfig] {
    static SCANNERS: OnceLock<Vec<CommandConfig>> = OnceLock::new();
    const BY_LINES: &str = "program = \"/opt/bdscan\"\nscan = [\"{file}\"]\n[engine.codes]\nerror = [3]\n[engine.patterns]\ninfected = ['infected: (.*)$']\nclean = ['^Infected files: 0$']\n";
    SCANNERS.get_or_init(|| {
        let presets = Preset::NAMES.iter().map(|(_, name)| format!("preset = \"{name}\"\n"));
        let configured = |keys: String| {
            let source =
                format!("state.directory = \"/s\"\n[[engine]]\nname = \"e\"\ntype = \"command\"\n{keys}");
            let parsed = Config::parse("c", &source);
            assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
            match parsed.config.engines.into_iter().next().map(|engine| engine.kind) {
                Some(EngineKind::Command(command)) => *command,
                other => panic!("{other:?}"),
            }
        };
        presets.chain([BY_LINES.to_owned()]).map(configured).collect()
    })
}

/// A command-line scanner acquits by an exit code for clean, with the line that
/// belongs to it, and with no line that says otherwise. The first line of `data`
/// is the exit code in decimal, `{file}` the private copy; what follows a line
/// `--stderr--` is standard error.
pub fn command(data: &[u8]) {
    let (code, output) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let Some(code) = str::from_utf8(code).ok().and_then(|code| code.parse::<u8>().ok()) else { return };
    let output = replaced(output.get(1..).unwrap_or_default(), b"{file}", FILE.as_bytes());
    const MARK: &[u8] = b"--stderr--\n";
    let stdout_ends = output.windows(MARK.len()).position(|window| window == MARK);
    let (stdout, stderr) = match stdout_ends {
        Some(at) => (output[..at].to_vec(), output[at + MARK.len()..].to_vec()),
        None => (output, Vec::new()),
    };
    let [said, complained] = [lines(&stdout), lines(&stderr)];
    let mut outcome = Outcome { end: End::Exited(code), stdout, stderr, cut: false, unfinished: false };
    let others = [End::Signalled(9), End::TimedOut, End::Flooded, End::Lost, End::Interrupted(15)];
    let other = others[usize::from(code) % others.len()];
    for (end, cut) in [(End::Exited(code), false), (End::Exited(code), true), (other, false)] {
        outcome.end = end;
        outcome.cut = cut;
        for config in scanners() {
            judged(config, &outcome, &said, &complained);
        }
    }
}

/// `said` and `complained` are the lines of the two streams.
fn judged(config: &CommandConfig, outcome: &Outcome, said: &[Vec<u8>], complained: &[Vec<u8>]) {
    let file = Path::new(FILE);
    let result = fuzzing::command_verdict(config, outcome, file);
    shown(&result);
    if let Ok(Verdict::Infected(threats)) = &result {
        assert!(threats.len() <= MOST_THREATS);
    }
    let meaning = match outcome.end {
        End::Exited(code) => config.codes.meaning(code),
        End::Signalled(_) | End::TimedOut | End::Flooded | End::Lost | End::Interrupted(_) => None,
    };
    let all = || said.iter().chain(complained);
    let patterns = &config.patterns;
    let fits = |list: &[Pattern], line: &[u8]| list.iter().any(|pattern| pattern.is_match(line));
    let matched = |list: &Vec<Pattern>| all().any(|line| fits(list, line));
    let is_about_file = |line: &[u8]| patterns.about_files.iter().any(|(_, list)| fits(list, line));
    // What is said of one file is no complaint.
    let complains = all()
        .any(|line| fits(&patterns.error, line) && !fits(&patterns.errors, line) && !is_about_file(line));
    let acquits = meaning == Some(Meaning::Clean)
        && !outcome.cut
        && !complains
        && !all().any(|line| is_about_file(line))
        && ![&patterns.infected, &patterns.errors, &patterns.left_out].into_iter().any(matched)
        && (patterns.clean.is_empty()
            || said.iter().any(|line| patterns.clean.iter().any(|pattern| pattern.is_match(line))));
    if matched(&patterns.summary) {
        // A summary may still contradict what else acquits.
        assert!(result != Ok(Verdict::Clean) || acquits, "{meaning:?}");
    } else {
        assert_eq!(result == Ok(Verdict::Clean), acquits, "{meaning:?}");
    }
    if let Ok(Verdict::Unscannable(..)) = result {
        assert!(meaning.is_some() && !outcome.cut && !complains);
    }
    match fuzzing::command_cleaned(config, outcome, file) {
        Ok(()) => assert!(meaning == Some(Meaning::Cleaned) && !outcome.cut && !complains),
        Err(error) => printable(&error.detail, 400),
    }
    match fuzzing::command_version(config, outcome, file) {
        Ok(version) => printable(&version, 1000),
        Err(error) => printable(&error.detail, 400),
    }
}

/// The lines as the patterns are to see them.
fn lines(output: &[u8]) -> Vec<Vec<u8>> {
    let output: Vec<u8> = output.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }).collect();
    let output = replaced(&replaced(&output, b"/./", b"/"), FILE.as_bytes(), b"\0");
    let lines = output.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(old) {
            out.extend_from_slice(new);
            at += old.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// A rules file is sound if each of its lines is, and a pattern takes in what a
/// plain table says.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let whole = RuleSet::parse("rules", &text);
    let faulty = text.split('\n').filter(|line| RuleSet::parse("line", line).is_err()).count();
    match whole {
        Ok(_) => assert_eq!(faulty, 0),
        Err(faults) => {
            in_place(&text, &faults);
            assert_eq!(faults.iter().filter(|fault| fault.line > 0).count(), faulty.min(100));
        }
    }
    let mut lines = text.split('\n').map(|line| line.chars().take(60).collect::<String>());
    let (pattern, name) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert_eq!(fuzzing::rule_matches(&pattern, &name), takes_in(&pattern, &name), "{pattern:?} {name:?}");
}

/// `row[j]`: whether the pattern so far takes in the first `j` characters.
fn takes_in(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for c in pattern.chars() {
        let mut next = vec![false; row.len()];
        for j in 0..row.len() {
            next[j] = if c == '*' {
                row[j] || (j > 0 && next[j - 1])
            } else {
                j > 0 && row[j - 1] && (c == '?' || c == text[j - 1])
            };
        }
        row = next;
    }
    row[text.len()]
}
