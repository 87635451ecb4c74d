//! A peer that has said everything already, for fuzz targets and tests. Fails as
//! the readers fail.

use std::io::{self, BufRead, Read, Seek};

use super::answer::{self, Peer, Question};
use super::cache;
use super::failure::failure;
use super::head::Head;
use super::options::Options;
use crate::verdict::{ScanError, Verdict};

/// How a part was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcapAsked {
    /// All at once, and without leave to say "unchanged".
    Plain,
    /// All at once, with that leave.
    Allow,
    /// A preview first, with that leave.
    Preview,
}

/// What came of an answer.
#[derive(Debug)]
pub struct IcapSaid {
    /// The verdict.
    pub verdict: Result<Verdict, ScanError>,
    /// The state of the signatures.
    pub istag: Option<String>,
    /// A repaired copy.
    pub repaired: Option<Vec<u8>>,
}

/// What the answer says about `part`.
pub(in crate::engine) fn answer(answer: &[u8], part: &[u8], asked: IcapAsked) -> IcapSaid {
    let has_preview = asked == IcapAsked::Preview;
    let question = Question {
        content: part,
        size: part.len() as u64,
        allow_204: asked != IcapAsked::Plain,
        has_preview,
    };
    let answer = answer::read(&mut Played { answer, left: has_preview && !part.is_empty() }, question);
    let repaired = answer.repaired.and_then(|mut file| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).ok().map(|_| bytes)
    });
    IcapSaid { verdict: answer.verdict, istag: answer.istag, repaired }
}

/// What the answer to `OPTIONS` says, and whether it reads back.
pub(in crate::engine) fn options(answer: &[u8]) -> Result<(String, bool), ScanError> {
    let mut head = Head::default();
    head.read(&mut &answer[..]).map_err(|error| failure("reading", &error))?;
    let options = Options::read(&head)?;
    let text = cache::write(&options, "icap://h/s", 5);
    let again = cache::read(&text, "icap://h/s", 5);
    Ok((options.version(), options.lasts.is_zero() || again.as_ref() == Some(&options)))
}

/// The bytes of the answer, and whether there is something left to send.
struct Played<'a> {
    answer: &'a [u8],
    left: bool,
}

impl Read for Played<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.answer.read(buf)
    }
}

impl BufRead for Played<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.answer.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.answer.consume(amount);
    }
}

impl Peer for Played<'_> {
    fn go_on(&mut self) -> bool {
        std::mem::take(&mut self.left)
    }

    fn is_whole(&self) -> bool {
        !self.left
    }

    fn has_more(&mut self) -> bool {
        !self.answer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn ask(answer: &str, (size, asked): (usize, IcapAsked)) -> (String, Option<String>) {
        let part = b"hello".get(..size).unwrap();
        let IcapSaid { verdict, repaired, .. } = super::answer(answer.as_bytes(), part, asked);
        let word = match verdict {
            Ok(Verdict::Clean) => "clean".to_owned(),
            Ok(Verdict::Infected(threats)) => threats[0].to_string(),
            Ok(Verdict::Unscannable(reason, _)) => format!("{reason:?}"),
            Err(error) => format!("{:?}", error.kind),
        };
        (word, repaired.map(|bytes| String::from_utf8(bytes).unwrap()))
    }

    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    fn with(fields: &str, http: &str, body: &str) -> String {
        let at = http.len();
        format!("ICAP/1.0 200 OK\r\n{fields}Encapsulated: res-hdr=0, res-body={at}\r\n\r\n{http}{body}")
    }

    #[test]
    fn every_ending_is_judged() {
        use IcapAsked::{Allow, Plain, Preview};
        let continued = |rest: &str| format!("ICAP/1.0 100 Continue\r\n\r\n{rest}");
        let done = "ICAP/1.0 204 Unmodified\r\n\r\n";
        let zero = "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=0\r\n\r\n";
        let null = |http: &str| {
            format!("ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body={}\r\n\r\n{http}", http.len())
        };
        let five = (5, Preview);
        let table: [(String, (usize, IcapAsked), &str); 45] = [
            (continued(done), five, "clean"),
            (done.to_owned(), (5, Allow), "clean"),
            (format!("{done}x"), (5, Allow), "Garbled"),
            (
                format!("{done}{}", with("X-Infection-Found: Type=0; Threat=W;\r\n", OK, "0\r\n\r\n")),
                (5, Allow),
                "Garbled",
            ),
            (format!("{done}{done}"), five, "Garbled"),
            (continued(&format!("{zero}\r\n")), five, "Garbled"),
            (with("", OK, "5\r\nhello\r\n0\r\n\r\nx"), (5, Plain), "Garbled"),
            (with("", "HTTP/1.1 403 No\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nx"), (5, Plain), "unnamed"),
            (done.to_owned(), (0, Preview), "clean"),
            (done.to_owned(), five, "Excluded"),
            (done.to_owned(), (5, Plain), "Garbled"),
            (continued(&continued(done)), five, "Garbled"),
            (continued(done), (0, Preview), "Garbled"),
            (continued(done), (5, Allow), "Garbled"),
            (continued(zero), five, "clean"),
            (zero.to_owned(), five, "Excluded"),
            (zero.to_owned(), (5, Plain), "Garbled"),
            (null(OK), (5, Allow), "Garbled"),
            (null(OK), (0, Allow), "clean"),
            (null("HTTP/1.1 403 No\r\n\r\n"), (5, Allow), "unnamed"),
            (null("HTTP/1.1 302 No\r\n\r\n"), (0, Allow), "Garbled"),
            ("ICAP/1.0 200 OK\r\nEncapsulated: null-body=0\r\n\r\n".to_owned(), (5, Allow), "Garbled"),
            (with("", OK, "5\r\nhello\r\n0\r\n\r\n"), (5, Plain), "clean"),
            (with("", OK, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), (5, Plain), "clean"),
            (continued(&with("", OK, "5\r\nhello\r\n0\r\n\r\n")), five, "clean"),
            (with("", OK, "5\r\nhello\r\n0\r\n\r\n"), five, "Excluded"),
            (with("", OK, "0\r\n\r\n"), (0, Plain), "clean"),
            (with("", OK, "4\r\nhell\r\n0\r\n\r\n"), (5, Plain), "Garbled"),
            (with("", OK, "6\r\nhello!\r\n0\r\n\r\n"), (5, Plain), "Garbled"),
            (with("", OK, "5\r\nHello\r\n0\r\n\r\n"), (5, Plain), "Garbled"),
            (with("", OK, "5\r\nhello\r\n0\r\nX-Virus-ID: W\r\n\r\n"), (5, Plain), "W"),
            (with("", OK, "5\r\nhello\r\n0\r\nX-Error-Code: 9\r\n\r\n"), (5, Plain), "Garbled"),
            (with("", OK.strip_suffix("\r\n").unwrap(), "5\r\nhello\r\n0\r\n\r\n"), (5, Plain), "Garbled"),
            (with("", "HTTP/1.1 403 No\r\n\r\n", ""), (5, Plain), "unnamed"),
            (with("", "HTTP/1.1 404 No\r\n\r\n", ""), (5, Plain), "Garbled"),
            (with("", "HTTP/1.1 403 No\r\nX-Virus-Name: W\r\n\r\n", ""), five, "W"),
            (with("X-Infection-Found: Type=2\r\n", "HTTP/1.1 403 No\r\n\r\n", ""), five, "NotScanned"),
            ("ICAP/1.0 200 OK\r\n\r\n".to_owned(), five, "Garbled"),
            ("ICAP/1.0 204 No\r\nEncapsulated: res-body=0\r\n\r\n".to_owned(), five, "Garbled"),
            ("ICAP/1.0 206 Part\r\nEncapsulated: null-body=0\r\n\r\n".to_owned(), five, "Garbled"),
            ("ICAP/1.0 500 Oh\r\n\r\n".to_owned(), five, "Failed"),
            ("ICAP/1.0 500 Oh\r\nX-Virus-ID: W\r\n\r\n".to_owned(), five, "W"),
            ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), five, "Garbled"),
            (
                "ICAP/1.0 204 No\r\nISTag: \"CI0001-1B2M2Y8AsgTpgAmY7PhCfgAA\"\r\n\r\n".to_owned(),
                (5, Allow),
                "Failed",
            ),
            (String::new(), five, "Crashed"),
        ];
        for (answer, question, expected) in table {
            assert_eq!(ask(&answer, question).0, expected, "{answer}");
        }
    }

    #[test]
    fn no_cut_of_an_answer_reads_as_clean() {
        let question = (5, IcapAsked::Allow);
        let echo = with("ISTag: \"x\"\r\n", OK, "5\r\nhello\r\n0\r\n\r\n");
        let page = with("X-Infection-Found: Type=0; Threat=W;\r\n", "HTTP/1.1 403 No\r\n\r\n", "0\r\n\r\n");
        for whole in [echo, page, "ICAP/1.0 204 Unmodified\r\nISTag: \"x\"\r\n\r\n".to_owned()] {
            for end in 0..whole.len() {
                let cut = whole.get(..end).unwrap();
                assert_ne!(ask(cut, question).0, "clean", "{cut}");
            }
        }
    }

    #[test]
    fn a_repaired_copy_is_kept_when_it_is_one() {
        let question = (5, IcapAsked::Allow);
        let found = "X-Infection-Found: Type=0; Resolution=1; Threat=W;\r\n";
        let kept = |fields: &str, body: &str| ask(&with(fields, OK, body), question);
        let w = || "W".to_owned();
        assert_eq!(kept(found, "3\r\nfit\r\n0\r\n\r\n"), (w(), Some("fit".to_owned())));
        assert_eq!(kept(found, "0\r\n\r\n"), (w(), None));
        assert_eq!(kept(found, "5\r\nhello\r\n0\r\n\r\n"), (w(), None));
        assert_eq!(kept(found, "3\r\nfit\r\n"), (w(), None));
        assert_eq!(kept("X-Virus-ID: W\r\n", "3\r\nfit\r\n0\r\n\r\n"), (w(), None));
        let long = format!("{:x}\r\n{}\r\n0\r\n\r\n", (1 << 20) + 11, "x".repeat((1 << 20) + 11));
        assert_eq!(kept(found, &long), (w(), None));
        let page = with(found, "HTTP/1.1 403 No\r\n\r\n", "3\r\nfit\r\n0\r\n\r\n");
        assert_eq!(ask(&page, question), (w(), None));
    }
}
