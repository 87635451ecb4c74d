//! Files of `NAME=value` lines: imta_tailor, option.dat, and, with `[TYPE=NAME]`
//! sections, dispatcher.cnf and job_controller.cnf. Cannot fail: what is wrong
//! becomes a fault.
//!
//! Names count whatever their case, blanks may stand around the `=`, a comment
//! has its `!` in column 1, `<file` includes (6.3 Administration Reference,
//! "Option File", "The Tailor File", "Job Controller Configuration File"). Which
//! one counts of two options with the same name is said nowhere: all are kept.

use std::collections::HashSet;

use super::source::{Lookup, Sources, Span, Syntax, Word, load};
use super::statement::{FileFaults, Statement, statements};
use crate::diagnostic::Diagnostic;
use crate::text;

/// `NAME=value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// As it is written.
    pub name: Word,
    /// Without the blanks, and the quotes, around it; may be empty.
    pub value: Word,
}

impl Setting {
    /// Name and value.
    pub fn span(&self) -> Span {
        self.name.span.through(self.value.span)
    }

    #[cfg(any(test, feature = "testing"))]
    /// The value as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.value.number()
    }
}

/// `[TYPE=NAME]` and the options below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `TYPE`.
    pub kind: Word,
    /// `NAME`.
    pub name: Word,
    /// In the order of the file.
    pub settings: Vec<Setting>,
    /// From the `[` to the end of the last option, as far as it is in one file.
    pub span: Span,
}

impl Section {
    /// The last option called `name`.
    pub fn last(&self, name: &str) -> Option<&Setting> {
        last(&self.settings, name)
    }
}

/// A file of options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionFile {
    /// The files that were read.
    pub sources: Sources,
    /// Options before the first section.
    pub settings: Vec<Setting>,
    /// In the order of the file.
    pub sections: Vec<Section>,
}

impl OptionFile {
    #[cfg(any(test, feature = "testing"))]
    /// Reads `text`. Files that it includes are not read, only listed by
    /// [`Sources::includes`].
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        read(path, text, None, |_, _| ())
    }

    /// Reads `text` and, in place of each `<file` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        read(path, text, Some(lookup), |_, _| ())
    }

    /// The last option before the first section that is called `name`.
    pub fn last(&self, name: &str) -> Option<&Setting> {
        last(&self.settings, name)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Every option before the first section that is called `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.name.is(name))
    }

    #[cfg(any(test, feature = "testing"))]
    /// The first section `[KIND=NAME]`, whatever the case.
    pub fn section(&self, kind: &str, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind.is(kind) && section.name.is(name))
    }
}

fn last<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    settings.iter().rev().find(|setting| setting.name.is(name))
}

/// Reads a file; `check` adds what is wrong with one of its kind. It sees the file
/// without its sources, to which the faults belong.
pub(super) fn read(
    path: &str,
    text: &str,
    lookup: Option<Lookup>,
    check: impl FnOnce(&OptionFile, &mut FileFaults),
) -> (OptionFile, Vec<Diagnostic>) {
    let sources = load(path, text, Syntax::Mta, lookup);
    let mut faults = FileFaults::new(&sources);
    let mut file = options(&sources, &mut faults);
    check(&file, &mut faults);
    let list = faults.into_list(path);
    file.sources = sources;
    (file, list)
}

fn options(sources: &Sources, faults: &mut FileFaults) -> OptionFile {
    let mut file = OptionFile::default();
    // The names of the section being read, in lower case.
    let mut names = HashSet::new();
    for statement in statements(sources, faults) {
        if statement.text.trim_start().starts_with('[') {
            file.sections.push(section(&statement, faults));
            // Not `clear`, which costs as much as the largest section.
            names = HashSet::new();
            continue;
        }
        let Some(setting) = setting(&statement, faults) else { continue };
        if !names.insert(setting.name.text.to_ascii_lowercase()) {
            let shown = text::printable_str(&setting.name.text, text::SHOWN);
            let hint = "keep one: the manuals do not say which one counts";
            faults.warning(setting.span(), format!("another `{shown}`"), hint);
        }
        match file.sections.last_mut() {
            Some(section) => {
                section.span = section.span.through(setting.span());
                section.settings.push(setting);
            }
            None => file.settings.push(setting),
        }
    }
    file
}

fn section(statement: &Statement, faults: &mut FileFaults) -> Section {
    let text = statement.text.trim_end();
    let open = text.len() - text.trim_start().len() + 1;
    let close = text.rfind(']').unwrap_or(text.len()).max(open);
    let inside = text.get(open..close).unwrap_or_default();
    let equals = open + inside.find('=').unwrap_or(inside.len());
    let kind = statement.word(open..equals);
    let name = statement.word((equals + 1).min(close)..close);
    let hint = "write `[TYPE=NAME]`, such as `[POOL=DEFAULT]`";
    if close + 1 != text.len() {
        faults.error(statement.whole(), "a section without `]` at its end", hint);
    } else if kind.text.is_empty() || name.text.is_empty() {
        faults.error(statement.whole(), "a section without type or name", hint);
    }
    Section { kind, name, settings: Vec::new(), span: statement.whole() }
}

fn setting(statement: &Statement, faults: &mut FileFaults) -> Option<Setting> {
    let text = &statement.text;
    let Some((left, right)) = text.split_once('=') else {
        let hint = "write `NAME=value`, or `!` in column 1 before a comment";
        faults.error(statement.whole(), "a line without `=`", hint);
        return None;
    };
    let name = statement.word(0..left.len());
    let mut value = statement.word(text.len() - right.len()..text.len());
    if let Some(bare) = value.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        value.text = bare.to_owned();
    }
    let sound = name.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*'));
    if !sound || name.text.is_empty() {
        let hint = "a name has letters, digits and `_`; a comment has `!` in column 1";
        faults.error(statement.whole(), "no option's name before the `=`", hint);
    }
    Some(Setting { name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_sections_have_places() {
        let text = "! c\nA=1\n b_C = \"x y\" \n[SERVICE=SMTP]\nport = 25\nPORT=26\n\n[x = y]\n";
        let (file, faults) = OptionFile::parse("f", text);
        assert_eq!(faults.len(), 1);
        assert_eq!(
            faults[0].one_line(),
            "f:6:1: warning: another `PORT` (hint: keep one: the manuals do not say which one counts)"
        );
        assert_eq!(file.last("a").and_then(Setting::number), Some(1));
        let setting = file.last("B_c").unwrap();
        assert_eq!((setting.value.text.as_str(), file.sources.text(setting.value.span)), ("x y", "\"x y\""));
        let smtp = file.section("service", "smtp").unwrap();
        assert_eq!(smtp.last("Port").unwrap().value.text, "26");
        assert_eq!(file.sources.text(smtp.span), "[SERVICE=SMTP]\nport = 25\nPORT=26");
        assert_eq!(file.sources.text(file.sections[1].name.span), "y");
    }

    #[test]
    fn what_is_no_option_is_a_fault() {
        for (text, message) in [
            ("x", "a line without `=`"),
            ("=1", "no option's name before the `=`"),
            ("# a=b", "no option's name before the `=`"),
            ("[x", "a section without `]` at its end"),
            ("[x]", "a section without type or name"),
            ("[]", "a section without type or name"),
            ("[=x]", "a section without type or name"),
            ("[", "a section without `]` at its end"),
            ("]=[", "no option's name before the `=`"),
        ] {
            let (_, faults) = OptionFile::parse("f", text);
            assert_eq!(
                faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>(),
                [message],
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let pairs = [("IMTA_QUEUE", "/q/"), ("A", ""), ("x-y", "a=b ! c"), ("n", "-3")];
        let text: String = pairs.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let (file, faults) = OptionFile::parse("f", &text);
        assert_eq!(faults, []);
        let read: Vec<_> =
            file.settings.iter().map(|s| (s.name.text.as_str(), s.value.text.as_str())).collect();
        assert_eq!(read, pairs);
    }

    #[test]
    fn included_options_stand_where_they_are_included() {
        let (file, faults) =
            OptionFile::parse_with("f", "[POOL=A]\n</b\nz=1\n", &mut |_| Some("x=1\n[POOL=B]\n".into()));
        assert_eq!(faults, []);
        assert_eq!(file.sections[0].settings[0].name.span.file, 1);
        assert_eq!(file.sections[1].settings[0].name.text, "z");
        let (_, faults) = OptionFile::parse_with("f", "<b\n", &mut |_| None);
        assert_eq!(faults.len(), 2);
    }
}
