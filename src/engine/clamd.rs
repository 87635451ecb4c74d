//! clamd's own protocol. Fails when the reply is anything but a documented one.
//!
//! Source: clamd(8). Commands go out with a `z` prefix, so commands and replies
//! end in NUL. The content goes as a descriptor over a unix socket and as a
//! stream over TCP, never as a path: a path can be skipped, excluded or
//! unreadable, and clamd then says `OK`.

use std::io::{self, Read};

use super::sample::{Engine, Response, Sample};
use crate::address::Address;
use crate::os::clock::Deadline;
use crate::os::input::Until;
use crate::os::lack;
use crate::os::socket::{Stream, send_descriptor};
use crate::text;
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict};

/// Longest reply that is read: a name for each of many threats.
const LONGEST_REPLY: usize = 64 * 1024;

/// Bytes in one chunk of a stream. clamd compares the announced length with its
/// limit before it reads, so small chunks get further.
const CHUNK: usize = 64 * 1024;

/// A clamd at one address.
pub(super) struct Clamd<'a> {
    address: &'a Address,
}

impl<'a> Clamd<'a> {
    pub(super) fn new(address: &'a Address) -> Self {
        Self { address }
    }

    fn connect(&self, by: Deadline) -> Result<Stream, ScanError> {
        Stream::connect(self.address, by).map_err(|error| {
            ScanError::new(ErrorKind::Unreachable, format!("{}: {error}", self.address))
                .own_if(lack::is_own(&error))
        })
    }
}

impl Engine for Clamd<'_> {
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        let mut stream = self.connect(by)?;
        let (label, sent) = match &mut stream {
            Stream::Unix(_) => (Label::Descriptor, send_file(&mut stream, sample, by)),
            Stream::Tcp(_) => (Label::Stream, send_stream(&mut stream, sample, by)),
        };
        // clamd waits for the rest then, and would keep us waiting.
        if let Err(error) = &sent
            && is_ours(error)
        {
            return Err(failure("sending the part", error));
        }
        meanwhile();
        let mut reply = Vec::new();
        // clamd refuses a stream over its limit and closes; the refusal is there
        // to be read although sending failed.
        let received = stream.receive(&mut reply, LONGEST_REPLY, by);
        match judge(&reply, label, sample.size) {
            Ok(verdict @ Verdict::Infected(_)) => Ok(verdict.into()),
            // It refused the stream and hung up: nothing else was to come.
            verdict if reply == REFUSAL => verdict.map(|verdict| response(verdict, &reply)),
            verdict => {
                received.map_err(|error| failure("reading the reply", &error))?;
                if reply.is_empty() {
                    sent.map_err(|error| failure("sending the part", &error))?;
                } else if sent.is_err() && verdict == Ok(Verdict::Clean) {
                    return Err(ScanError::new(
                        ErrorKind::Garbled,
                        "`OK` for a part that was not sent whole",
                    ));
                }
                verdict.map(|verdict| response(verdict, &reply))
            }
        }
    }

    fn version(&self, by: Deadline) -> Result<String, ScanError> {
        let mut stream = self.connect(by)?;
        stream.send(b"zVERSION\0", by).map_err(|error| failure("sending", &error))?;
        let mut reply = Vec::new();
        stream
            .receive(&mut reply, LONGEST_REPLY, by)
            .map_err(|error| failure("reading the reply", &error))?;
        let reply = reply.strip_suffix(&[0]).unwrap_or(&reply);
        if reply.starts_with(b"ClamAV ") {
            Ok(text::printable(reply, text::SHOWN))
        } else {
            Err(if reply.is_empty() { silent() } else { garbled(reply) })
        }
    }
}

/// The verdict, with the words for it where clamd gave it no name.
fn response(verdict: Verdict, reply: &[u8]) -> Response {
    let line = match &verdict {
        Verdict::Unscannable(_, None) => reply.split(|byte| matches!(byte, 0 | b'\n')).next(),
        Verdict::Clean | Verdict::Infected(_) | Verdict::Unscannable(_, Some(_)) => None,
    };
    let line = line.map(|line| text::printable(line, text::SHOWN));
    Response { line, ..verdict.into() }
}

fn send_file(stream: &mut Stream, sample: &Sample<'_>, by: Deadline) -> io::Result<()> {
    stream.send(b"zFILDES\0", by)?;
    match stream {
        Stream::Unix(stream) => send_descriptor(stream, sample.file),
        Stream::Tcp(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn send_stream(stream: &mut Stream, sample: &Sample<'_>, by: Deadline) -> io::Result<()> {
    let mut content = Until::new(sample.file, by);
    let mut sent = 0;
    stream.send(b"zINSTREAM\0", by)?;
    let mut chunk = vec![0; 4 + CHUNK];
    loop {
        let n = content.read(chunk.get_mut(4..).unwrap_or_default()).map_err(of_part)?;
        sent += n as u64;
        let length = u32::try_from(n).map_err(io::Error::other)?.to_be_bytes();
        if let Some(head) = chunk.first_chunk_mut::<4>() {
            *head = length;
        }
        stream.send(chunk.get(..4 + n).unwrap_or_default(), by)?;
        if n == 0 {
            let whole = sent == sample.size;
            let changed = || of_part(io::Error::other("the part changed while it was sent"));
            return if whole { Ok(()) } else { Err(changed()) };
        }
    }
}

/// Whether not the connection failed, but this process, or the part's file.
fn is_ours(error: &io::Error) -> bool {
    lack::is_own(error) || error.kind() == io::ErrorKind::InvalidInput
}

/// A failure of the part's file, told from those of the connection.
fn of_part(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::TimedOut => error,
        _ => io::Error::new(io::ErrorKind::InvalidInput, error),
    }
}

fn failure(doing: &str, error: &io::Error) -> ScanError {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            ScanError::new(ErrorKind::TimedOut, format!("no verdict in time while {doing}"))
        }
        io::ErrorKind::InvalidData => ScanError::new(ErrorKind::Garbled, error),
        io::ErrorKind::InvalidInput => ScanError::new(ErrorKind::Part, error),
        _ => ScanError::new(ErrorKind::Crashed, format!("connection lost while {doing}: {error}"))
            .own_if(lack::is_own(error)),
    }
}

/// It hung up without a word. A healthy clamd never does, and one that dies
/// leaves nothing else. A reply that ends in the middle stays garbled: somebody
/// spoke, and it need not have been a clamd.
fn silent() -> ScanError {
    ScanError::new(ErrorKind::Crashed, "connection closed without an answer")
}

fn garbled(reply: &[u8]) -> ScanError {
    let shown = text::printable(reply, text::SHOWN);
    ScanError::new(ErrorKind::Garbled, format!("unknown reply `{shown}`"))
}

/// What stands before the verdict in a reply line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// `fd[N]: `, for a descriptor.
    Descriptor,
    /// `stream: `.
    Stream,
}

impl Label {
    /// The line without its label; `None` when it has another.
    fn strip(self, line: &[u8]) -> Option<&[u8]> {
        match self {
            Self::Stream => line.strip_prefix(b"stream: "),
            Self::Descriptor => {
                let inside = line.strip_prefix(b"fd[")?;
                let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
                // A descriptor has few digits.
                if digits == 0 || digits > 10 { None } else { inside.get(digits..)?.strip_prefix(b"]: ") }
            }
        }
    }
}

/// The verdict of a whole reply. clamd may send several lines, and an `ERROR`
/// line beside an `OK` line; infected > error > unscannable > clean. A line
/// without its end is a cut line: it may convict, it never acquits.
pub(super) fn judge(reply: &[u8], label: Label, size: u64) -> Result<Verdict, ScanError> {
    let mut threats = Vec::new();
    let mut fault = None;
    let mut unscannable = None;
    let mut clean = false;
    for (line, ended) in lines(reply) {
        match judge_line(line, label, size) {
            Some(Line::Found(Verdict::Infected(found))) => threats.extend(found),
            Some(Line::Found(other)) => unscannable = unscannable.or(Some(other)),
            // clamd ends its answer with one such line.
            Some(Line::Ok) if ended && !clean => clean = true,
            Some(Line::Empty) if ended => {}
            Some(Line::Error) => fault = fault.or_else(|| Some(failed(line))),
            Some(Line::Ok | Line::Empty) | None => fault = fault.or_else(|| Some(garbled(line))),
        }
    }
    match (threats.is_empty(), fault, unscannable, clean) {
        (false, ..) => Ok(Verdict::Infected(threats)),
        (true, Some(fault), ..) => Err(fault),
        (true, None, Some(unscannable), _) => Ok(unscannable),
        (true, None, None, true) => Ok(Verdict::Clean),
        (true, None, None, false) if reply.is_empty() => Err(silent()),
        (true, None, None, false) => Err(ScanError::new(ErrorKind::Garbled, "a reply without a verdict")),
    }
}

/// The lines of a reply and whether each has its end, NUL. Some of clamd's own
/// complaints end in LF even for `z` commands; an acquittal does not.
fn lines(reply: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    reply.split_inclusive(|byte| matches!(byte, 0 | b'\n')).map(|line| match line.strip_suffix(&[0]) {
        Some(text) => (text, true),
        None => (line.strip_suffix(b"\n").unwrap_or(line), false),
    })
}

enum Line {
    Found(Verdict),
    Ok,
    Empty,
    Error,
}

/// What one line says; `None` when it is none of clamd's documented ones.
fn judge_line(line: &[u8], label: Label, size: u64) -> Option<Line> {
    if let Some(found) = line.strip_suffix(b" FOUND") {
        // A name may be missing.
        if let Some(name) = label.strip(found).or_else(|| label.strip(line).map(|_| &b""[..])) {
            return Some(Line::Found(Verdict::from_name(without_details(name))));
        }
        // `FOUND` without our label still convicts, but excuses nothing.
        let verdict = Verdict::from_name(without_details(without_label(found)));
        return matches!(verdict, Verdict::Infected(_)).then_some(Line::Found(verdict));
    }
    if let Some((_, reason)) = ABOUT_THE_PART.iter().find(|(words, _)| is_said(line, words, label)) {
        return Some(Line::Found(Verdict::unscannable(*reason)));
    }
    if line.ends_with(b" ERROR") || line.starts_with(b"COMMAND ") || line == b"UNKNOWN COMMAND" {
        return Some(Line::Error);
    }
    match label.strip(line)? {
        b"OK" => Some(Line::Ok),
        b"FOUND" => Some(Line::Found(Verdict::from_name(b""))),
        b"Empty file" if size == 0 => Some(Line::Empty),
        rest if rest.starts_with(b"Excluded") => Some(Line::Found(Verdict::unscannable(Reason::Excluded))),
        _ => None,
    }
}

/// The whole reply to a stream that is longer than `StreamMaxLength`.
const REFUSAL: &[u8] = b"INSTREAM size limit exceeded. ERROR\0";

/// Complaints that are about the one part and not about clamd. Source: clamd's
/// session.c for the stream, `cl_strerror` for the time, which older ones give.
const ABOUT_THE_PART: [(&[u8], Reason); 2] = [
    (b"INSTREAM size limit exceeded. ERROR", Reason::TooLarge),
    (b"Time limit reached ERROR", Reason::TooLong),
];

/// Whether the line says these words, with our label or without any.
fn is_said(line: &[u8], words: &[u8], label: Label) -> bool {
    label.strip(line).unwrap_or(line) == words
}

/// What stands behind the label of another command: a path, or the address of a
/// client. Names of threats hold no colon with a blank behind it.
fn without_label(found: &[u8]) -> &[u8] {
    let end = found.windows(2).rposition(|pair| pair == b": ");
    end.and_then(|at| found.get(at + 2..)).unwrap_or(found)
}

/// `ExtendedDetectionInfo` appends `(md5:size)` to the name.
fn without_details(name: &[u8]) -> &[u8] {
    let Some(open) = name.iter().rposition(|b| *b == b'(') else { return name };
    let (head, tail) = name.split_at(open);
    let inside = tail.strip_prefix(b"(").and_then(|t| t.strip_suffix(b")")).unwrap_or_default();
    let (md5, size) = inside.split_at(inside.len().min(32));
    let is_details = md5.len() == 32
        && md5.iter().all(u8::is_ascii_hexdigit)
        && size
            .strip_prefix(b":")
            .is_some_and(|size| !size.is_empty() && size.iter().all(u8::is_ascii_digit));
    if is_details { head } else { name }
}

/// clamd says itself that it failed.
fn failed(line: &[u8]) -> ScanError {
    let kind = if line == b"COMMAND READ TIMED OUT" { ErrorKind::TimedOut } else { ErrorKind::Failed };
    ScanError::new(kind, format!("clamd: {}", text::printable(line, text::SHOWN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(reply: &[u8]) -> String {
        match judge(reply, Label::Descriptor, 10) {
            Ok(Verdict::Clean) => "clean".to_owned(),
            Ok(Verdict::Infected(threats)) => {
                threats.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
            }
            Ok(Verdict::Unscannable(reason, _)) => format!("{reason:?}"),
            Err(error) => format!("{:?}", error.kind),
        }
    }

    #[test]
    fn every_documented_reply_is_judged() {
        let table: [(&[u8], &str); 46] = [
            (b"fd[10]: OK\n", "Garbled"),
            (b"\0fd[10]: OK\0", "Garbled"),
            (b"fd[10]: OK\0\0", "Garbled"),
            (b"fd[10]: OK\0fd[10]: OK\0", "Garbled"),
            (b"fd[10000000000000000000000000]: OK\0", "Garbled"),
            (b"fd[10]: OK\0", "clean"),
            (b"fd[10]: OK", "Garbled"),
            (b"fd[]: OK\0", "Garbled"),
            (b"stream: OK\0", "Garbled"),
            (b"OK\0", "Garbled"),
            (b"fd[10]: OKAY\0", "Garbled"),
            (b"fd[10]: not OK\0", "Garbled"),
            (b"fd[10]: ok\0", "Garbled"),
            (b"", "Crashed"),
            (b"fd[10]: Empty file\0", "Garbled"),
            (b"\0", "Garbled"),
            (b"\n", "Garbled"),
            (b"fd[10]: Eicar FOUND\0", "Eicar"),
            (b"fd[10]: Eicar FOUND", "Eicar"),
            (b"fd[10]: A FOUND\0fd[10]: B FOUND\0", "A+B"),
            (b"fd[10]: A FOUND\0fd[10]: OK\0", "A"),
            (b"fd[10]: A FOUND\0fd[10]: x ERROR\0", "A"),
            (b"fd[10]: (null) FOUND\0", "unnamed"),
            (b"fd[10]:  FOUND\0", "unnamed"),
            (b"fd[10]: FOUND\0", "unnamed"),
            (b"fd[10]: Worm FOUND OK FOUND\0", "Worm FOUND OK"),
            (b"somewhere else: Worm FOUND\0", "Worm"),
            (b"stream: Worm FOUND\0", "Worm"),
            (b"/tmp/a: b: Worm FOUND\0", "Worm"),
            (b"Worm FOUND\0", "Worm"),
            (b"instream(127.0.0.1@41030): Worm(0123456789abcdef0123456789abcdef:68) FOUND\0", "Worm"),
            (b"stream: Heuristics.Encrypted.Zip FOUND\0", "Garbled"),
            (b"fd[10]: Broken.Executable FOUND\0", "Corrupt"),
            (b"fd[10]: Worm(0123456789abcdef0123456789abcdef:68) FOUND\0", "Worm"),
            (b"fd[10]: Worm(exact) FOUND\0", "Worm(exact)"),
            (b"Error writing to temporary file ERROR\0fd[10]: OK\0", "Failed"),
            (b"fd[10]: OK\0fd[10]: Can't allocate memory ERROR\0", "Failed"),
            (b"INSTREAM size limit exceeded. ERROR\0", "TooLarge"),
            (b"fd[10]: Time limit reached ERROR\0", "TooLong"),
            (b"fd[10]: Time limit reached ERROR\0x ERROR\0", "Failed"),
            (b"COMMAND READ TIMED OUT\n", "TimedOut"),
            (b"COMMAND UNAVAILABLE\0", "Failed"),
            (b"UNKNOWN COMMAND\0", "Failed"),
            (b"fd[10]: Excluded\0fd[10]: OK\0", "Excluded"),
            (b"fd[10]: Heuristics.Encrypted.Zip FOUND\0", "Encrypted"),
            (b"fd[10]: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0fd[10]: Worm FOUND\0", "Worm"),
        ];
        for (reply, expected) in table {
            assert_eq!(verdict(reply), expected, "{:?}", String::from_utf8_lossy(reply));
        }
    }

    #[test]
    fn an_empty_file_is_empty_only_when_it_is() {
        let reply = b"fd[10]: Empty file\0fd[10]: OK\0";
        assert_eq!(judge(reply, Label::Descriptor, 0), Ok(Verdict::Clean));
        assert!(judge(reply, Label::Descriptor, 1).is_err());
    }

    #[test]
    fn no_cut_of_a_conviction_reads_as_clean() {
        let reply = b"fd[10]: OK-Virus.OK FOUND\0fd[10]: OK\0";
        for end in 0..=26 {
            assert_ne!(judge(&reply[..end], Label::Descriptor, 10), Ok(Verdict::Clean), "{end}");
        }
    }
}
