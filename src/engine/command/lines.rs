//! The lines that a scanner printed, made fit for patterns. Cannot fail.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::config::{FILE_MARK, Pattern};
use crate::os::process::{End, Outcome};
use crate::text;

/// The lines of both streams, without blanks at their ends, in which the path
/// of the private copy has become [`FILE_MARK`].
pub(super) struct Lines {
    lines: Vec<Vec<u8>>,
    of_stdout: usize,
}

impl Lines {
    pub(super) fn new(outcome: &Outcome, file: &Path) -> Self {
        let mut lines = split(&outcome.stdout, file);
        let of_stdout = lines.len();
        lines.extend(split(&outcome.stderr, file));
        Self { lines, of_stdout }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    pub(super) fn stdout(&self) -> impl Iterator<Item = &[u8]> {
        self.all().take(self.of_stdout)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line that is most likely to say what went wrong: the first with a word
    /// for it, else the last that is no count. Lines that fit `others` say
    /// something else.
    pub(super) fn telling(&self, others: &[Pattern]) -> Option<&[u8]> {
        let is_other = |line: &[u8]| others.iter().any(|pattern| pattern.is_match(line));
        let candidates = || self.all().filter(|line| !is_count(line) && !is_other(line));
        candidates().find(|line| is_complaint(line)).or_else(|| candidates().last()).or(self.all().last())
    }

    /// The first line that one of `patterns` matches.
    pub(super) fn find(&self, patterns: &[Pattern]) -> Option<&[u8]> {
        self.all().find(|line| patterns.iter().any(|pattern| pattern.is_match(line)))
    }

    /// How the scanner ended, with its telling words.
    pub(super) fn ending(&self, end: End) -> String {
        self.ending_but(end, &[])
    }

    /// Likewise, without the lines that fit `others`.
    pub(super) fn ending_but(&self, end: End, others: &[Pattern]) -> String {
        let ending = match end {
            End::Exited(code) => format!("exit code {code}"),
            End::Signalled(signal) => format!("killed by signal {signal}"),
            End::TimedOut => "no answer in time".to_owned(),
            End::Interrupted(signal) => format!("interrupted by signal {signal}"),
            End::Flooded => "output without end".to_owned(),
            End::Lost => "no exit code to be had, is SIGCHLD ignored?".to_owned(),
        };
        match self.telling(others) {
            Some(line) => format!("{ending} ({})", shown(line)),
            None => ending,
        }
    }
}

/// A line as it may be shown.
pub(super) fn shown(line: &[u8]) -> String {
    text::printable(&replace(line, &[FILE_MARK], b"part"), text::SHOWN)
}

/// Whether the line is one of a summary: a label, and behind it nothing but
/// digits and the signs that fill a table or write a time.
fn is_count(line: &[u8]) -> bool {
    let is_filling = |byte: &u8| byte.is_ascii_digit() || b" \t.:,-".contains(byte);
    let Some(label) = line.iter().rposition(|byte| !is_filling(byte)) else { return true };
    let value = line.get(label + 1..).unwrap_or_default();
    value.contains(&b':') && value.last().is_some_and(u8::is_ascii_digit)
}

/// Whether the line has a word of failure, apart from the path of the copy and
/// what stands behind it, which the sender chose.
fn is_complaint(line: &[u8]) -> bool {
    const WORDS: [&str; 18] = [
        "cannot",
        "can't",
        "could not",
        "couldn't",
        "unable",
        "not ",
        "fail",
        "error",
        "denied",
        "invalid",
        "missing",
        "corrupt",
        "damaged",
        "expired",
        "memory",
        "abort",
        "killed",
        "fault",
    ];
    let own: Vec<u8> = line.split(|byte| *byte == FILE_MARK).next().unwrap_or_default().to_ascii_lowercase();
    let behind = match line.iter().rposition(|byte| *byte == FILE_MARK) {
        // Only what follows the path after a blank, as in `PATH: cannot open`.
        Some(at) => line.get(at + 1..).filter(|rest| rest.starts_with(b" ") || rest.starts_with(b":")),
        None => None,
    };
    let behind = behind.unwrap_or_default().to_ascii_lowercase();
    let has = |text: &[u8], word: &str| text.windows(word.len()).any(|window| window == word.as_bytes());
    WORDS.iter().any(|word| has(&own, word) || has(&behind, word))
}

fn split(output: &[u8], file: &Path) -> Vec<Vec<u8>> {
    output
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| marked(line, file.as_os_str().as_bytes()))
        .collect()
}

/// The line with marks for the path, and with no other marks.
fn marked(line: &[u8], path: &[u8]) -> Vec<u8> {
    let line = replace(line, &[FILE_MARK], b"?");
    // uvscan 6 likes to put these into paths.
    let line = replace(&line, b"/./", b"/");
    replace(&line, path, &[FILE_MARK])
}

fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(old) {
            out.extend(new);
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_the_copy_becomes_a_mark() {
        let outcome = Outcome {
            end: End::Exited(0),
            stdout: b"banner\r\n\n  /s/scan-1/./part: OK \n\0: OK\npart: OK\n".to_vec(),
            stderr: b"last /s/scan-1/part/inner".to_vec(),
            cut: false,
            unfinished: false,
        };
        let lines = Lines::new(&outcome, Path::new("/s/scan-1/part"));
        let all: Vec<_> = lines.all().collect();
        assert_eq!(all, [&b"banner"[..], b"\0: OK", b"?: OK", b"part: OK", b"last \0/inner"]);
        assert_eq!(lines.stdout().count(), 4);
        assert_eq!(lines.ending(outcome.end), "exit code 0 (last part/inner)");
    }

    #[test]
    fn the_line_that_says_why_is_told() {
        let table = [
            (
                "\0 ... is wrong\n   The file cannot be cleaned.\nTime: 00:00.02",
                "The file cannot be cleaned.",
            ),
            ("One.\nTwo.\nTotal files:........     1\nClean:....  0\n", "Two."),
            ("Not Scanned:.........     0\nTime: 00:00.03\nDone", "Done"),
            ("Cannot open /x\nGood bye", "Cannot open /x"),
            ("part: out of memory\nScanned 3", "part: out of memory"),
            // A sender's file names say nothing about the scanner.
            ("/s/scan-1/part/cannot.txt\nDone", "Done"),
            ("/s/scan-1/part: cannot open\nDone", "part: cannot open"),
            ("Time: 00:00.02", "Time: 00:00.02"),
        ];
        for (stdout, expected) in table {
            let stdout = stdout.as_bytes().to_vec();
            let end = End::Exited(9);
            let outcome = Outcome { end, stdout, stderr: Vec::new(), cut: false, unfinished: false };
            let lines = Lines::new(&outcome, Path::new("/s/scan-1/part"));
            assert_eq!(lines.telling(&[]).map(shown).as_deref(), Some(expected));
        }
    }
}
