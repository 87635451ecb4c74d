//! What a service can do, remembered for all processes of the host in a small
//! file below the state directory. Cannot fail: what is not there, old or not to
//! be understood is asked for anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::options::{LONGEST as LONGEST_LIFE, Options};
use crate::os::{clock, files, shared};

/// First line of the file. A change of the form changes the number.
const TITLE: &str = "convscan icap options 1";

/// Longest file. Its longest lines are a service of 1000 characters and two
/// texts of 200, of up to four bytes each.
const LONGEST: usize = 4096;

/// The place of one service's file; nowhere without a state directory.
pub(super) struct Cache {
    path: Option<PathBuf>,
    /// Which service it is: two may have one name.
    url: String,
}

impl Cache {
    pub(super) fn new(state: Option<&Path>, url: String) -> Self {
        // Another release of the compiler may count otherwise; then it is asked for
        // anew.
        let mut hasher = DefaultHasher::new();
        url.hash(&mut hasher);
        let name = format!("icap-options-{:016x}", hasher.finish());
        Self { path: state.map(|state| state.join(name)), url }
    }

    /// What is remembered and still good.
    pub(super) fn read(&self) -> Option<Options> {
        let text = shared::read_text(self.path.as_deref()?, LONGEST).ok()?;
        read(&text, &self.url, clock::micros())
    }

    /// Remembers `options`. Where that cannot be, the next process asks again.
    pub(super) fn write(&self, options: &Options) {
        if let Some(path) = &self.path {
            let _ = files::replace(path, write(options, &self.url, clock::micros()).as_bytes(), &[]);
        }
    }

    /// Forgets.
    pub(super) fn void(&self) {
        if let Some(path) = &self.path {
            files::remove_stale(path);
        }
    }
}

/// The text of the file.
pub(super) fn write(options: &Options, url: &str, now: u64) -> String {
    let Options { preview, allow_204, most_connections, istag, service, lasts } = options;
    let number = |value: &Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    let tag = istag.as_ref().map_or("-".to_owned(), |tag| format!("={tag}"));
    format!(
        "{TITLE}\nurl {url}\nasked {now}\nseconds {}\npreview {}\nallow-204 {}\nmax-connections {}\nistag {tag}\n\
         service ={service}\n",
        lasts.as_secs(),
        number(preview),
        if *allow_204 { "yes" } else { "no" },
        number(most_connections),
    )
}

/// Reads exactly what [`write`] writes.
pub(super) fn read(text: &str, url: &str, now: u64) -> Option<Options> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != TITLE {
        return None;
    }
    let mut value = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
    if value("url")? != url {
        return None;
    }
    let asked = digits(value("asked")?)?;
    let lasts = Duration::from_secs(digits(value("seconds")?)?);
    let options = Options {
        preview: number(value("preview")?)?,
        allow_204: match value("allow-204")? {
            "yes" => true,
            "no" => false,
            _ => return None,
        },
        most_connections: number(value("max-connections")?)?,
        istag: match value("istag")? {
            "-" => None,
            tag => Some(tag.strip_prefix('=')?.to_owned()),
        },
        service: value("service")?.strip_prefix('=')?.to_owned(),
        lasts,
    };
    // A clock that went back makes an answer from the future.
    let age = Duration::from_micros(now.checked_sub(asked)?);
    (lines.next().is_none() && age < lasts.min(LONGEST_LIFE)).then_some(options)
}

fn number(text: &str) -> Option<Option<u64>> {
    if text == "-" { Some(None) } else { digits(text).map(Some) }
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            preview: Some(1024),
            allow_204: true,
            most_connections: None,
            istag: Some("a b".to_owned()),
            service: "C-ICAP".to_owned(),
            lasts: Duration::from_secs(10),
        }
    }

    #[test]
    fn what_is_written_is_read_until_it_is_old() {
        let mut plain = options();
        (plain.preview, plain.allow_204, plain.most_connections) = (None, false, Some(3));
        (plain.istag, plain.service) = (None, String::new());
        for options in [options(), plain] {
            let text = write(&options, "icap://h/s", 5_000_000);
            assert_eq!(read(&text, "icap://h/s", 5_000_000), Some(options.clone()));
            assert_eq!(read(&text, "icap://h/s", 14_999_999), Some(options));
            for (url, now) in
                [("icap://h/s", 15_000_000), ("icap://h/s", 4_999_999), ("icap://h/t", 5_000_000)]
            {
                assert_eq!(read(&text, url, now), None, "{url} {now}");
            }
        }
    }

    #[test]
    fn a_broken_file_is_no_answer() {
        let text = write(&options(), "u", 5);
        for end in 0..text.len() {
            assert_eq!(read(text.get(..end).unwrap(), "u", 5), None, "{end}");
        }
        for (old, new) in
            [("options 1", "options 2"), ("yes", "maybe"), ("1024", "+1024"), ("seconds", "minutes")]
        {
            assert_eq!(read(&text.replace(old, new), "u", 5), None, "{new}");
        }
        assert_eq!(read(&format!("{text}more\n"), "u", 5), None);
    }
}
