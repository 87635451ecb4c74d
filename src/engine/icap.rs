//! A scanner behind ICAP: shows it the part as the answer to a web request, and
//! reads whether it would have changed it. Everything but the documented answers
//! is an error.
//!
//! Source: RFC 3507.

mod answer;
mod cache;
mod chunk;
mod encapsulated;
mod failure;
mod head;
mod options;
#[cfg(any(test, feature = "testing"))]
pub(super) mod played;
mod request;
mod said;
mod upload;
mod wire;
mod words;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::answer::{Answer, Question};
use self::cache::Cache;
use self::failure::failure;
use self::head::Head;
use self::options::Options;
use self::request::{Dress, Url};
use self::upload::Upload;
use self::wire::{Link, Wire};
use super::sample::{Cleaned, Engine, Response, Sample};
use crate::address::Address;
use crate::os::clock::Deadline;
use crate::os::input::{Input, Stamp, Until};
use crate::os::lack;
use crate::os::socket::Stream;
use crate::verdict::{ErrorKind, ScanError, Verdict};

/// Most bytes of a preview, whatever the server would take.
const MOST_PREVIEW: u64 = 64 * 1024;

/// A service at one address.
pub(super) struct Icap<'a> {
    address: &'a Address,
    url: Url,
    cache: Cache,
    last: Mutex<Option<Last>>,
}

/// What came with the conviction of the part that was scanned last.
struct Last {
    part: Stamp,
    repaired: Option<File>,
}

impl<'a> Icap<'a> {
    pub(super) fn new(address: &'a Address, service: &str, state: Option<&Path>) -> Self {
        let cache = Cache::new(state, format!("icap://{address}/{service}"));
        Self { address, url: Url::new(address, service), cache, last: Mutex::new(None) }
    }

    fn connect<'s>(&self, by: Deadline) -> Result<Link<'s>, ScanError> {
        let stream = Stream::connect(self.address, by).and_then(|stream| Wire::new(stream, by));
        stream.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ScanError::new(ErrorKind::TimedOut, "no connection in time"),
            _ => ScanError::new(ErrorKind::Unreachable, format!("{}: {error}", self.address))
                .own_if(lack::is_own(&error)),
        })
    }

    /// Asks what the service can do. The connection comes along if it can be
    /// used again.
    fn learn<'s>(&self, by: Deadline) -> Result<(Options, Option<Link<'s>>), ScanError> {
        let mut link = self.connect(by)?;
        let mut head = Head::default();
        let asked = link.get_mut().begin(Upload::bare(self.url.options()));
        asked
            .and_then(|()| head.read(&mut link))
            .map_err(|error| failure("asking for the options", &error))?;
        let options = Options::read(&head)?;
        self.cache.write(&options);
        // What has come behind the answer would be taken for the next one.
        let again = !head.lists("connection", "close")
            && !head.values("encapsulated").any(|value| value != b"null-body=0")
            && link.buffer().is_empty();
        Ok((options, again.then_some(link)))
    }

    /// Shows the service a part.
    fn ask(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Answer, ScanError> {
        let (options, link) = match self.cache.read() {
            Some(options) => (options, None),
            None => self.learn(by)?,
        };
        let is_used = link.is_some();
        let mut answer = self.show(link, &options, sample, by, meanwhile);
        // Some servers close after an answer without saying so.
        if is_used && answer.as_ref().is_ok_and(was_hung_up) {
            answer = self.show(None, &options, sample, by, meanwhile);
        }
        if answer.as_ref().map_or(true, |answer| is_news(answer, &options)) {
            self.cache.void();
        }
        answer
    }

    fn show<'s>(
        &self,
        link: Option<Link<'s>>,
        options: &Options,
        sample: &Sample<'s>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Answer, ScanError> {
        let mut link = match link {
            Some(link) => link,
            None => self.connect(by)?,
        };
        let &Sample { file, size, mime_type, .. } = sample;
        let preview = options.preview.map(|most| preview(most, size));
        let allow_204 = options.allow_204;
        let head = self.url.respmod(&Dress { mime_type, size, preview, allow_204 });
        Upload::new(head, Until::new(file, by), size, preview)
            .and_then(|upload| link.get_mut().begin(upload))
            .map_err(|error| failure("sending the part", &error))?;
        meanwhile();
        let content = Until::new(file, by);
        let has_preview = preview.is_some();
        let mut answer = answer::read(&mut link, Question { content, size, allow_204, has_preview });
        if let (Err(error), Some(most)) = (&mut answer.verdict, options.most_connections)
            && error.kind == ErrorKind::Failed
        {
            *error = ScanError::new(error.kind, format!("{}; takes {most} connections", error.detail));
        }
        Ok(answer)
    }

    fn last(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The repaired copy that came with the conviction of this part; asks again
    /// if another was scanned since.
    fn repaired(&self, sample: &Sample<'_>, by: Deadline) -> Result<Option<File>, ScanError> {
        let stamp = stamp(sample)?;
        match self.last().take() {
            Some(last) if last.part == stamp => return Ok(last.repaired),
            Some(_) | None => {}
        }
        let answer = self.ask(sample, by, &mut || ())?;
        answer.verdict.map(|_| answer.repaired)
    }
}

impl Engine for Icap<'_> {
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        *self.last() = None;
        let Answer { verdict, istag, repaired, .. } = self.ask(sample, by, meanwhile)?;
        let verdict = verdict?;
        if matches!(verdict, Verdict::Infected(_)) {
            *self.last() = stamp(sample).ok().map(|part| Last { part, repaired });
        }
        Ok(Response { version: istag, ..verdict.into() })
    }

    fn clean(&self, sample: &Sample<'_>, by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        let cleaned =
            |file| Input::from_file(file).map(|input| Cleaned { input, _scratch: None, _held: None });
        match self.repaired(sample, by) {
            Ok(copy) => Some(cleaned(copy?).map_err(|error| unreadable(&error))),
            Err(error) => Some(Err(error)),
        }
    }

    fn version(&self, by: Deadline) -> Result<String, ScanError> {
        self.learn(by).map(|(options, _)| options.version())
    }
}

/// Bytes that go first. Never all of them: a server that lets a part be although
/// it has not seen its last byte has not scanned it, and shows it so. c-icap does
/// that with types that it was told to leave out, with parts over its limit, and
/// while it has no scanner.
fn preview(most: u64, size: u64) -> u64 {
    most.min(size.saturating_sub(1)).min(MOST_PREVIEW)
}

fn was_hung_up(answer: &Answer) -> bool {
    !answer.was_heard && answer.verdict.as_ref().is_err_and(|error| error.kind == ErrorKind::Crashed)
}

/// Whether the service may no longer be what it was.
fn is_news(answer: &Answer, options: &Options) -> bool {
    let is_other = match (&answer.istag, &options.istag) {
        (Some(new), Some(old)) => new != old,
        (None, _) | (_, None) => false,
    };
    is_other || answer.verdict.is_err()
}

fn stamp(sample: &Sample<'_>) -> Result<Stamp, ScanError> {
    Stamp::of(sample.file).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> ScanError {
    ScanError::new(ErrorKind::Part, format!("cannot read the part: {error}"))
}
