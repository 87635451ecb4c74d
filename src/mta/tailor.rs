//! imta_tailor: where a server has its files, and as which account it runs. Cannot
//! fail: what is wrong becomes a fault.
//!
//! An option file; of its names those count here that lead to a file for this
//! program, all others are let pass. Values that name directories are prefixes
//! (6.3 Administration Reference, "Tailor File", table 4-23; SIMS 4.0 Reference,
//! "Tailor File"), and so are, before a colon, the file's own names:
//! `IMTA_TABLE:imta.cnf` (MS Technical Reference, "Special symbolic names"). The
//! manuals print full paths; both are read. PMDF has the same file in
//! /etc/pmdf_tailor, with `PMDF_` before the names (PMDF System Manager's Guide, 1.7).
//! With Unified Configuration the server reads no such file (MS Technical
//! Reference, "MTA Tailor options").

mod file;
mod layout;

pub use self::file::File;
use self::file::Product;
pub use self::layout::{Base, Layout};
use super::option_file::{self, OptionFile, Setting};
#[cfg(any(test, feature = "testing"))]
use super::source::Lookup;
use super::statement::FileFaults;
use crate::diagnostic::Diagnostic;

/// How many names may stand for each other. Three are of use: a file's, that of its
/// directory, that of the directory above. A name that stands for itself ends here.
const DEEPEST: usize = 8;

/// Longest path: `PATH_MAX` of Linux; Solaris allows less.
const LONGEST: usize = 4096;

/// Names of directories, without `IMTA_`: those of the manuals, and of "Special
/// symbolic names".
const DIRECTORIES: [&str; 13] =
    ["BIN", "COM", "DL", "EXE", "HELP", "HTTP", "LANG", "LIB", "LOG", "PROGRAM", "QUEUE", "ROOT", "TABLE"];

/// What those names stand for that servers know without the file, below
/// `IMTA_ROOT` ("Special symbolic names").
const BELOW_ROOT: [(&str, &str); 3] = [("BIN", "lib/"), ("LIB", "lib/"), ("PROGRAM", "data/site-programs/")];

/// A tailor file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tailor {
    /// All that it says.
    pub options: OptionFile,
    product: Product,
}

impl Tailor {
    /// Reads `text`. Files that it includes are not read.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        Self::of(option_file::read(path, text, None, check))
    }

    #[cfg(any(test, feature = "testing"))]
    /// Reads `text` and, in place of each `<file` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        Self::of(option_file::read(path, text, Some(lookup), check))
    }

    fn of((options, faults): (OptionFile, Vec<Diagnostic>)) -> (Self, Vec<Diagnostic>) {
        let is_pmdf = |setting: &Setting| behind(&setting.name.text, Product::Pmdf.prefix()).is_some();
        let product = if options.settings.iter().any(is_pmdf) { Product::Pmdf } else { Product::Imta };
        (Self { options, product }, faults)
    }

    /// Where `file` is: where the tailor says, else, if it is one of the
    /// configuration, in the directory of that. Where others are by default depends on
    /// the release: see [`Layout::paths`].
    pub fn path(&self, file: File) -> Option<String> {
        let said = file.option().and_then(|option| self.value(option));
        match (said, file.name(self.product)) {
            (Some(said), _) => Some(self.expand(said)),
            (None, Some(name)) => Some(self.expand(&format!("{}TABLE:{name}", self.product.prefix()))),
            (None, None) => None,
        }
    }

    /// The account that the server, and with it each command of a conversions file,
    /// runs as. Not `IMTA_USER_USERNAME`: that one is for what needs no rights.
    pub fn user(&self) -> Option<&str> {
        self.value("USER")
    }

    /// `path` with what its name before the colon stands for, whatever the case; as
    /// it is if it begins with no known name.
    pub fn expand(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for _ in 0..DEEPEST {
            let Some((name, rest)) = path.split_once(':').filter(|(name, _)| !name.is_empty()) else { break };
            let Some(prefix) = self.prefix(name) else { break };
            if prefix.len() + rest.len() > LONGEST {
                break;
            }
            path = prefix + rest;
        }
        path
    }

    /// What stands for a name.
    fn prefix(&self, name: &str) -> Option<String> {
        if let Some(setting) = self.options.last(name).filter(|setting| !setting.value.text.is_empty()) {
            return Some(setting.value.text.clone());
        }
        let short = behind(name, self.product.prefix())?;
        if short.eq_ignore_ascii_case("TABLE") {
            return Some(self.directory());
        }
        let (_, below) = BELOW_ROOT.iter().find(|(known, _)| known.eq_ignore_ascii_case(short))?;
        self.value("ROOT").map(|root| format!("{root}{below}"))
    }

    /// The directory of the configuration, as far as the file does not say it: that
    /// in which the file itself must be; PMDF's is elsewhere.
    fn directory(&self) -> String {
        let own = self.options.sources.files().first().map_or("", |file| &file.path);
        match (self.product, own.rfind('/')) {
            (Product::Pmdf, _) => layout::PMDF_TABLE.to_owned(),
            (Product::Imta, Some(end)) => own.get(..=end).unwrap_or_default().to_owned(),
            (Product::Imta, None) => String::new(),
        }
    }

    /// The value of an option, without `IMTA_`, if it is not empty.
    fn value(&self, option: &str) -> Option<&str> {
        let name = format!("{}{option}", self.product.prefix());
        Some(self.options.last(&name)?.value.text.as_str()).filter(|value| !value.is_empty())
    }
}

/// What stands behind `prefix`, whatever the case.
fn behind<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn check(file: &OptionFile, faults: &mut FileFaults) {
    for Setting { name, value } in &file.settings {
        let short = [Product::Imta, Product::Pmdf].iter().find_map(|of| behind(&name.text, of.prefix()));
        let is_directory =
            short.is_some_and(|short| DIRECTORIES.iter().any(|known| known.eq_ignore_ascii_case(short)));
        // A name before a colon has its own `/`.
        if is_directory && !value.text.ends_with(['/', ':']) {
            let hint = "add `/`: the server puts the names of files right behind what stands here";
            faults.warning(value.span.max(name.span), "a directory without `/` at its end", hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(path: &str, text: &str) -> Tailor {
        let (tailor, faults) = Tailor::parse(path, text);
        assert_eq!(faults, [], "{text}");
        tailor
    }

    #[test]
    fn what_the_tailor_says_comes_before_what_is_usual() {
        let text = "! tailor\nIMTA_ROOT=/m/\nIMTA_TABLE=IMTA_ROOT:etc/\nimta_mapping_file = imta_table:maps\n\
                    IMTA_CONVERSION_FILE=/c/conversions\nIMTA_QUEUE=/q/\nIMTA_LOG=\"IMTA_ROOT:\"\n\
                    IMTA_OPTION_FILE=\nIMTA_USER=mail\nIMTA_USER_USERNAME=nobody\nX_OTHER=1\n";
        let tailor = sound("/m/config/imta_tailor", text);
        for (file, path) in [
            (File::Config, Some("/m/etc/imta.cnf")),
            (File::Mappings, Some("/m/etc/maps")),
            (File::Conversions, Some("/c/conversions")),
            (File::JobController, Some("/m/etc/job_controller.cnf")),
            (File::Options, Some("/m/etc/option.dat")),
            (File::Dispatcher, Some("/m/etc/dispatcher.cnf")),
            (File::Queue, Some("/q/")),
            (File::Log, Some("/m/")),
            (File::ConfigData, None),
            (File::ConfigXml, Some("/m/etc/config.xml")),
            (File::Restricted, Some("/m/etc/restricted.cnf")),
        ] {
            assert_eq!(tailor.path(file).as_deref(), path, "{file:?}");
        }
        assert_eq!(tailor.user(), Some("mail"));
    }

    #[test]
    fn the_tailor_itself_lies_among_the_configuration() {
        for (path, text, config) in [
            ("/opt/SUNWmsgsr/config/imta_tailor", "", "/opt/SUNWmsgsr/config/imta.cnf"),
            ("imta_tailor", "", "imta.cnf"),
            ("/x/imta_tailor", "IMTA_CONFIG_FILE=\nIMTA_USER=\n", "/x/imta.cnf"),
            ("/etc/pmdf_tailor", "PMDF_QUEUE=/q/\n", "/pmdf/table/pmdf.cnf"),
            ("/etc/pmdf_tailor", "pmdf_table=/t/\nIMTA_TABLE=/x/\n", "/t/pmdf.cnf"),
        ] {
            let tailor = sound(path, text);
            assert_eq!((tailor.path(File::Config).as_deref(), tailor.user()), (Some(config), None), "{path}");
        }
    }

    #[test]
    fn names_stand_for_what_they_say_and_not_without_end() {
        let long = "x".repeat(LONGEST);
        let text = format!(
            "IMTA_ROOT=/m/\nIMTA_TABLE=/t/\nSITE=Imta_Root:site/\nA=B:a\nB=A:b\nE=\nS=S:s\nLONG=/{long}\nNOT=/n\n=/e/\n"
        );
        let (tailor, _) = Tailor::parse("t", &text);
        let deep = |name: char, letters: &str| format!("{name}:{}", letters.repeat(DEEPEST / letters.len()));
        for (path, expanded) in [
            ("IMTA_TABLE:imta.cnf", "/t/imta.cnf".to_owned()),
            ("imta_table:a:b", "/t/a:b".to_owned()),
            ("site:x", "/m/site/x".to_owned()),
            ("NOT:x", "/nx".to_owned()),
            ("IMTA_BIN:conversion", "/m/lib/conversion".to_owned()),
            ("IMTA_PROGRAM:scan.sh", "/m/data/site-programs/scan.sh".to_owned()),
            ("IMTA_QUEUE:x", "IMTA_QUEUE:x".to_owned()),
            ("E:x", "E:x".to_owned()),
            (":x", ":x".to_owned()),
            ("/a:b", "/a:b".to_owned()),
            ("C:\\x", "C:\\x".to_owned()),
            ("", String::new()),
            ("A:", deep('A', "ba")),
            ("S:", deep('S', "s")),
            ("LONG:x", "LONG:x".to_owned()),
        ] {
            assert_eq!(tailor.expand(path), expanded, "{path}");
        }
    }

    #[test]
    fn a_directory_without_its_slash_is_a_warning() {
        let text =
            "IMTA_QUEUE=/q\nimta_log=\nIMTA_ROOT=/m/\nPMDF_TABLE = \"/t\"\nIMTA_CONFIG_FILE=/c\nQUEUE=q\n";
        let (_, faults) = Tailor::parse("t", text);
        let found: Vec<_> = faults.iter().map(Diagnostic::one_line).collect();
        let hint = "(hint: add `/`: the server puts the names of files right behind what stands here)";
        let expected = ["t:1:12", "t:2:10", "t:4:14"]
            .map(|place| format!("{place}: warning: a directory without `/` at its end {hint}"));
        assert_eq!(found, expected);
    }
}
