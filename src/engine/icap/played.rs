//! A peer that has said everything already, for fuzz targets and tests. Fails as
//! the readers fail.

use std::io::{self, BufRead, Read, Seek};

use super::answer::{self, Peer, Question};
use super::cache;
use super::failure;
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
}
