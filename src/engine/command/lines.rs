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

    /// The last line: that of standard error, if there is one.
    pub(super) fn last(&self) -> Option<&[u8]> {
        self.all().last()
    }

    /// The first line that one of `patterns` matches.
    pub(super) fn find(&self, patterns: &[Pattern]) -> Option<&[u8]> {
        self.all().find(|line| patterns.iter().any(|pattern| pattern.is_match(line)))
    }

    /// How the scanner ended, with its last words.
    pub(super) fn ending(&self, end: End) -> String {
        let ending = match end {
            End::Exited(code) => format!("exit code {code}"),
            End::Signalled(signal) => format!("killed by signal {signal}"),
            End::TimedOut => "no answer in time".to_owned(),
            End::Interrupted(signal) => format!("interrupted by signal {signal}"),
            End::Flooded => "output without end".to_owned(),
            End::Lost => "no exit code to be had, is SIGCHLD ignored?".to_owned(),
        };
        match self.last() {
            Some(line) => format!("{ending} ({})", shown(line)),
            None => ending,
        }
    }
}

/// A line as it may be shown.
pub(super) fn shown(line: &[u8]) -> String {
    text::printable(&replace(line, &[FILE_MARK], b"part"), text::SHOWN)
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
}
