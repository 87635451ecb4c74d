//! A TOML table read key by key. All faults of a file are collected, each with
//! place and hint; keys that nobody asked for are faults too.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, LISTED, nearest};
use crate::text;

/// The file that tables are read from, and its faults so far.
pub(super) struct File<'a> {
    path: &'a str,
    source: &'a str,
    faults: RefCell<Vec<Diagnostic>>,
    unlisted: Cell<usize>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a str, source: &'a str) -> Self {
        Self { path, source, faults: RefCell::default(), unlisted: Cell::default() }
    }

    /// All of them in the order of the text.
    pub(super) fn into_faults(self) -> Vec<Diagnostic> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        if self.unlisted.get() > 0 {
            faults.push(Diagnostic::unlisted(self.path, self.unlisted.get()));
        }
        faults
    }

    /// Whether so much is wrong that no more is looked for.
    pub(super) fn is_full(&self) -> bool {
        self.faults.borrow().len() >= LISTED
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    pub(super) fn fault(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() == LISTED {
            self.unlisted.set(self.unlisted.get() + 1);
            return;
        }
        faults.push(Diagnostic::at(self.path, self.source, span, message).hint(hint));
    }

    /// A fault that is not at one place of the file.
    pub(super) fn whole(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.borrow_mut().push(Diagnostic::whole(self.path, message).hint(hint));
    }

    /// A path of the configuration; a relative one starts where the file is.
    fn resolve(&self, path: &str) -> PathBuf {
        Path::new(self.path).parent().unwrap_or(Path::new("")).join(path)
    }
}

/// One table of the file.
pub(super) struct Table<'f, 'a> {
    file: &'f File<'a>,
    name: &'static str,
    span: Range<usize>,
    table: &'f DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'f, 'a> Table<'f, 'a> {
    pub(super) fn new(file: &'f File<'a>, name: &'static str, table: &'f Spanned<DeTable<'a>>) -> Self {
        Self::over(file, name, table.span(), table.get_ref())
    }

    fn over(file: &'f File<'a>, name: &'static str, span: Range<usize>, table: &'f DeTable<'a>) -> Self {
        Self { file, name, span, table, asked: RefCell::default() }
    }

    /// A fault at the value of `key`, or at the table when the key is not there.
    pub(super) fn fault(&self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let span = self.table.get(key).map_or(self.span.clone(), Spanned::span);
        self.file.fault(span, message, hint);
    }

    fn value(&self, key: &'static str) -> Option<&'f Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// The value of `key` as `read` understands it; a fault when it does not.
    fn typed<T>(
        &self,
        key: &'static str,
        shape: &str,
        example: &str,
        read: impl Fn(&'f DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let result = read(value.get_ref());
        if result.is_none() {
            self.file.fault(
                value.span(),
                format!("`{key}` must be {shape}"),
                format!("write `{key} = {example}`"),
            );
        }
        result
    }

    pub(super) fn string(&self, key: &'static str) -> Option<&'f str> {
        self.typed(key, "a text in quotes", "\"...\"", |value| value.as_str().filter(|s| !s.is_empty()))
    }

    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        self.string(key).map(|path| self.file.resolve(path))
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "`true` or `false`", "true", DeValue::as_bool)
    }

    pub(super) fn duration(&self, key: &'static str) -> Option<Duration> {
        self.typed(key, "a time with a unit (ms, s, m, h), not zero and not over 24h", "\"30s\"", |value| {
            parse_duration(value.as_str()?)
        })
    }

    /// A time, or "off".
    pub(super) fn duration_or_off(&self, key: &'static str) -> Option<Option<Duration>> {
        self.typed(
            key,
            "a time with a unit (s, m, h), not zero and not over 24h, or \"off\"",
            "\"2m\"",
            |value| match value.as_str()? {
                "off" => Some(None),
                text => parse_duration(text).map(Some),
            },
        )
    }

    /// A number of bytes.
    pub(super) fn size(&self, key: &'static str) -> Option<u64> {
        self.typed(key, "a size with a unit: K, M or G", "\"100M\"", |value| parse_size(value.as_str()?))
    }

    /// A number within bounds.
    pub(super) fn number(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let shape = format!("a number from {least} to {most}");
        self.typed(key, &shape, &least.to_string(), |value| {
            let integer = value.as_integer()?;
            let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            (least..=most).contains(&number).then_some(number)
        })
    }

    /// A list of paths.
    pub(super) fn paths(&self, key: &'static str) -> Option<Vec<PathBuf>> {
        self.strings(key).map(|paths| paths.iter().map(|path| self.file.resolve(path)).collect())
    }

    pub(super) fn strings(&self, key: &'static str) -> Option<Vec<String>> {
        self.typed(key, "a list of texts", "[\"...\", \"...\"]", |value| {
            let items = value.as_array()?.iter();
            items.map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    /// A list of exit codes.
    pub(super) fn codes(&self, key: &'static str) -> Option<Vec<u8>> {
        self.typed(key, "a list of numbers from 0 to 255", "[0, 1]", |value| {
            value.as_array()?.iter().map(|item| integer(item.get_ref())).collect()
        })
    }

    /// One exit code or bit mask.
    pub(super) fn code(&self, key: &'static str) -> Option<u8> {
        self.typed(key, "a number from 0 to 255", "1", integer)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, choices: &[(T, &'static str)]) -> Option<T> {
        let value = self.value(key)?;
        self.choose(key, value, choices)
    }

    fn choose<T: Copy>(
        &self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        choices: &[(T, &'static str)],
    ) -> Option<T> {
        let word = value.get_ref().as_str();
        let found = choices.iter().find(|(_, name)| Some(*name) == word).map(|(choice, _)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(_, name)| format!("\"{name}\"")).collect();
            let message = match word {
                Some(word) => format!("`{}` is no choice for `{key}`", text::printable_str(word, 40)),
                None => format!("`{key}` must be a text in quotes"),
            };
            self.file.fault(value.span(), message, format!("choose one of {}", names.join(", ")));
        }
        found
    }

    /// One word for all of `lines`, or a table with a word for some of them and
    /// `default` for the rest. A word for all passes by the lines that do not
    /// allow it.
    pub(super) fn lines<'c, T: Copy + PartialEq + 'c, K>(
        &self,
        key: &'static str,
        lines: &[(K, &'static str)],
        choices: impl Fn(&K) -> &'c [(T, &'static str)],
        into: &mut [T],
    ) {
        let Some(value) = self.value(key) else { return };
        let table = value.get_ref().as_table().map(|table| Table::over(self.file, key, value.span(), table));
        let all: Vec<_> =
            lines.iter().flat_map(|(line, _)| choices(line)).copied().fold(Vec::new(), |mut all, choice| {
                if !all.contains(&choice) {
                    all.push(choice);
                }
                all
            });
        let sweeping = match &table {
            None => self.choose(key, value, &all),
            Some(table) => table.choice("default", &all),
        };
        for ((line, name), slot) in lines.iter().zip(into) {
            let choices = choices(line);
            let own = table.as_ref().and_then(|table| table.choice(name, choices));
            let allowed = sweeping.filter(|sweeping| choices.iter().any(|(choice, _)| choice == sweeping));
            *slot = own.or(allowed).unwrap_or(*slot);
        }
        if let Some(table) = table {
            table.finish();
        }
    }

    /// The sub-table `key`.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'f, 'a>> {
        let value = self.value(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.file.fault(
                value.span(),
                format!("`{key}` must be a table"),
                format!("write `[{key}]` above it"),
            );
        }
        table.map(|table| Table::over(self.file, key, value.span(), table))
    }

    /// The tables of the list `key`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'f, 'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables: Option<Vec<_>> = value.get_ref().as_array().and_then(|items| {
            let items = items.iter();
            items
                .map(|item| {
                    item.get_ref().as_table().map(|table| Table::over(self.file, key, item.span(), table))
                })
                .collect()
        });
        tables.unwrap_or_else(|| {
            self.file.fault(
                value.span(),
                format!("`{key}` must be a list of tables"),
                format!("write `[[{key}]]`"),
            );
            Vec::new()
        })
    }

    /// Complains about every key that nobody asked for.
    pub(super) fn finish(self) {
        let mut asked = self.asked.into_inner();
        let is_unknown = |name: &str| !asked.contains(&name);
        let keys = self.table.keys().map(|key| (key.get_ref().as_ref(), key.span()));
        let unknown: Vec<_> = keys.filter(|(name, _)| is_unknown(name)).collect();
        asked.sort_unstable();
        asked.dedup();
        for (name, span) in unknown {
            if self.file.is_full() {
                return;
            }
            let place = if self.name.is_empty() { String::new() } else { format!(" in `{}`", self.name) };
            let hint = match nearest(name, asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!(
                        "known here: {}",
                        asked.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
                    )
                }
            };
            let shown = text::printable_str(name, 40);
            self.file.fault(span, format!("unknown key `{shown}`{place}"), hint);
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<u8> {
    let integer = value.as_integer()?;
    u8::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Reads `500ms`, `30s`, `5m`, `1h`; nothing else, and not zero.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let duration = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3600)?),
        _ => return None,
    };
    (!duration.is_zero() && duration <= LONGEST).then_some(duration)
}

/// Reads `512K`, `100M`, `2G`; nothing else, and not zero. The units are those
/// of clamd.conf(5).
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    (number > 0 && number <= u64::MAX >> (shift + 1)).then(|| number << shift)
}

/// No wait is longer than a day: the queue would have retried long before.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit() {
        let table = [
            ("1K", Some(1024)),
            ("100M", Some(104_857_600)),
            ("2G", Some(1 << 31)),
            ("5", None),
            ("0M", None),
            ("M", None),
            ("99999999999999G", None),
        ];
        for (text, bytes) in table {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit_and_a_bound() {
        let table = [
            ("30s", Some(30_000)),
            ("500ms", Some(500)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("30", None),
            ("0s", None),
            ("25h", None),
            ("-1s", None),
            ("99999999999999999999s", None),
            ("s", None),
            ("", None),
        ];
        for (text, millis) in table {
            assert_eq!(parse_duration(text).map(|d| d.as_millis()), millis, "{text}");
        }
    }
}
