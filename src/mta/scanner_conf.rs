//! Files of `Key value` lines: clamd.conf, freshclam.conf, and those of c-icap
//! and its modules. Cannot fail: what is wrong becomes a fault.
//!
//! Source: clamd.conf(5), freshclam.conf(5); the comments of c-icap.conf,
//! virus_scan.conf and clamd_mod.conf. A line that begins with `#` is a comment;
//! a `#` further on belongs to the value.

use super::option_file::Setting;
use super::source::{Lookup, Sources, Span, Syntax, Word, load};
use super::statement::{FileFaults, file_of};
use crate::diagnostic::Diagnostic;
use crate::text;

/// Whose file it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// clamd.conf, freshclam.conf: the word `Example` makes the file invalid,
    /// and of a key that takes one value the first line holds, as clamconf shows it.
    #[default]
    ClamAv,
    /// c-icap.conf, virus_scan.conf, clamd_mod.conf: `Include file`, and
    /// `module.Key value`; the last line of a key holds.
    CIcap,
}

/// A value, read, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// What it says.
    pub value: T,
    /// Where the value stands.
    pub span: Span,
}

/// A file of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerConf {
    /// The files that were read.
    pub sources: Sources,
    /// In the order of the file; the value may be empty.
    pub settings: Vec<Setting>,
    /// The `Example` line: ClamAV's programs do not start with it.
    pub example: Option<Span>,
    dialect: Dialect,
}

impl ServerConf {
    #[cfg(any(test, feature = "testing"))]
    /// Reads `text`. Files that it includes are not read, only listed by
    /// [`Sources::includes`].
    pub fn parse(path: &str, text: &str, dialect: Dialect) -> (Self, Vec<Diagnostic>) {
        Self::read(path, text, dialect, None)
    }

    /// Reads `text` and, in place of each `Include` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, dialect: Dialect, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        Self::read(path, text, dialect, Some(lookup))
    }

    fn read(path: &str, text: &str, dialect: Dialect, lookup: Option<Lookup>) -> (Self, Vec<Diagnostic>) {
        let syntax = match dialect {
            Dialect::ClamAv => Syntax::Alone,
            Dialect::CIcap => Syntax::CIcap,
        };
        let sources = load(path, text, syntax, lookup);
        let mut faults = FileFaults::new(&sources);
        let mut file = Self { dialect, ..Self::default() };
        for line in lines(&sources, &mut faults) {
            file.line(line, &mut faults);
        }
        let list = faults.into_list(path);
        file.sources = sources;
        (file, list)
    }

    fn line(&mut self, setting: Setting, faults: &mut FileFaults) {
        if setting.value.text.is_empty() {
            if self.dialect == Dialect::ClamAv && setting.name.text == "Example" {
                let hint = "remove it when the rest of the file is as you want it";
                faults.error(setting.name.span, "ClamAV's programs do not start with this line", hint);
                self.example = self.example.or(Some(setting.name.span));
                return;
            }
            let shown = text::printable_str(&setting.name.text, text::SHOWN);
            let hint = "write key and value, with a blank between, or `#` before a comment";
            faults.error(setting.name.span, format!("a key without a value: `{shown}`"), hint);
        }
        self.settings.push(setting);
    }

    /// Every line with this key, whatever the case.
    pub fn all(&self, key: &str) -> impl DoubleEndedIterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.name.is(key))
    }

    /// The line that holds, of those with this key.
    pub fn holding(&self, key: &str) -> Option<&Setting> {
        match self.dialect {
            Dialect::ClamAv => self.all(key).next(),
            Dialect::CIcap => self.all(key).next_back(),
        }
    }

    /// The value of this key that holds as a yes or no; a fault if it is neither.
    pub fn boolean(&self, key: &str) -> Result<Option<Read<bool>>, Box<Diagnostic>> {
        self.typed(key, boolean, "write `yes` or `no`")
    }

    /// The value of this key that holds as a number of bytes; a fault if it is none.
    pub fn size(&self, key: &str) -> Result<Option<Read<u64>>, Box<Diagnostic>> {
        self.typed(key, size, "write a number of bytes, with K, M or G behind it")
    }

    /// The value of this key that holds as a whole number without sign; a fault if it
    /// is none. The unit is the key's: seconds, milliseconds, pieces.
    pub fn number(&self, key: &str) -> Result<Option<Read<u64>>, Box<Diagnostic>> {
        self.typed(key, |text| text.parse().ok(), "write a whole number")
    }

    fn typed<T>(
        &self,
        key: &str,
        read: fn(&str) -> Option<T>,
        hint: &str,
    ) -> Result<Option<Read<T>>, Box<Diagnostic>> {
        let Some(Setting { name, value }) = self.holding(key) else { return Ok(None) };
        match read(&value.text) {
            Some(read) => Ok(Some(Read { value: read, span: value.span })),
            None => {
                let [name, shown] =
                    [&name.text, &value.text].map(|text| text::printable_str(text, text::SHOWN));
                let message = format!("not a value for `{name}`: `{shown}`");
                Err(Box::new(self.sources.complaint(value.span, message).hint(hint)))
            }
        }
    }
}

/// ClamAV takes yes, true, 1 and their opposites; c-icap takes on and off.
fn boolean(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["yes", "true", "1", "on"]) { Some(true) } else { is(["no", "false", "0", "off"]).then_some(false) }
}

/// `25M` in bytes: K, M and G are powers of 1024, whatever the case.
fn size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (text.get(..at)?, 1 << 10),
        (at, 'm' | 'M') => (text.get(..at)?, 1 << 20),
        (at, 'g' | 'G') => (text.get(..at)?, 1 << 30),
        _ => (text, 1),
    };
    let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// All lines with a key, those of an included file in place of the include.
fn lines(sources: &Sources, faults: &mut FileFaults) -> Vec<Setting> {
    let mut settings = Vec::new();
    walk(sources, 0, &mut settings, faults);
    settings
}

fn walk(sources: &Sources, file: usize, settings: &mut Vec<Setting>, faults: &mut FileFaults) {
    let text = sources.files().get(file).map_or("", |file| &file.text);
    let mut includes = sources.includes_of(file).peekable();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(include) = includes.next_if(|include| (start..at).contains(&include.span.start)) {
            match file_of(include) {
                Ok(file) => file.into_iter().for_each(|file| walk(sources, file, settings, faults)),
                Err((message, hint)) => faults.error(include.span, message, hint),
            }
        } else if let Some(setting) = setting(line, Span::new(file, start..at)) {
            settings.push(setting);
        }
    }
}

fn setting(line: &str, span: Span) -> Option<Setting> {
    let start = span.start + line.len() - line.trim_start().len();
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let word = |text: &str, at: usize| Word {
        text: text.to_owned(),
        span: Span { file: span.file, start: at, end: at + text.len() },
    };
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim_start();
    let mut value = word(rest, start + line.len() - rest.len());
    if let Some(bare) = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        value.text = bare.to_owned();
    }
    Some(Setting { name: word(name, start), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_typed_values_with_places() {
        let text = "# c\n  #c\n\nStreamMaxLength\t25M\nExcludePath ^/a b\nExcludePath \"^/c\"\nScanPDF no\nmaxthreads 30\r\nMaxThreads 40\n";
        let (file, faults) = ServerConf::parse("clamd.conf", text, Dialect::ClamAv);
        assert_eq!((faults, file.example), (vec![], None));
        let threads = file.number("MaxThreads").unwrap().unwrap();
        assert_eq!(
            (threads.value, file.sources.text(threads.span), file.sources.line(threads.span)),
            (30, "30", 8)
        );
        assert_eq!(file.size("StreamMaxLength").unwrap().unwrap().value, 25 << 20);
        assert_eq!(file.boolean("scanpdf").unwrap().map(|read| read.value), Some(false));
        assert_eq!(file.boolean("ScanMail"), Ok(None));
        let paths: Vec<_> = file.all("ExcludePath").map(|setting| setting.value.text.as_str()).collect();
        assert_eq!(paths, ["^/a b", "^/c"]);
        let fault = file.boolean("MaxThreads").unwrap_err();
        assert_eq!(
            fault.one_line(),
            "clamd.conf:8:12: not a value for `maxthreads`: `30` (hint: write `yes` or `no`)"
        );
    }

    #[test]
    fn the_first_line_of_a_key_holds_for_clamav_and_the_last_for_c_icap() {
        let text = "A 1\nA 2\n";
        for (dialect, holds) in [(Dialect::ClamAv, 1), (Dialect::CIcap, 2)] {
            let (file, _) = ServerConf::parse("c", text, dialect);
            assert_eq!(file.number("a").unwrap().unwrap().value, holds, "{dialect:?}");
        }
    }

    #[test]
    fn sizes_are_bytes_with_a_unit_or_none() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("10", Some(10)),
            ("2k", Some(2048)),
            ("1G", Some(1 << 30)),
            ("M", None),
            ("", None),
            ("-1", None),
            ("+1M", None),
            ("1MB", None),
            ("1.5M", None),
            ("99999999999999999999", None),
            ("18446744073709551615K", None),
            ("1\u{e9}", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn the_example_line_is_found_and_a_lone_key_is_a_fault() {
        let (file, faults) = ServerConf::parse("c", "Example\nFoo\n", Dialect::ClamAv);
        assert_eq!(file.example, Some(Span { file: 0, start: 0, end: 7 }));
        let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            messages,
            ["ClamAV's programs do not start with this line", "a key without a value: `Foo`"]
        );
    }

    #[test]
    fn c_icap_includes_files_and_names_modules() {
        let text = "MaxServers 10\nInclude virus_scan.conf\nvirus_scan.MaxObjectSize 5M\n";
        let (file, faults) = ServerConf::parse_with("c", text, Dialect::CIcap, &mut |include| {
            (include.path == "virus_scan.conf").then(|| "virus_scan.SendPercentData 5\n".to_owned())
        });
        assert_eq!(faults, []);
        let spans: Vec<_> = file.settings.iter().map(|setting| setting.name.span.file).collect();
        assert_eq!(spans, [0, 1, 0]);
        assert_eq!(file.size("virus_scan.maxobjectsize").unwrap().unwrap().value, 5 << 20);
        let (_, faults) = ServerConf::parse_with("c", text, Dialect::CIcap, &mut |_| None);
        assert_eq!(faults.len(), 1);
    }
}
