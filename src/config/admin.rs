//! The settings of the tools, admin.toml: read by commands for people, never by the
//! hot path. Fails with the places of all faults.
//!
//! They stand in a file of their own because an unknown table in convscan.toml
//! defers all mail, by design.

use toml::de::DeTable;

use super::key;
use super::table::{File, Table};
use crate::diagnostic::Diagnostic;

/// Where the file is when nobody says otherwise.
pub const ADMIN_PATH: &str = "/etc/convscan/admin.toml";

/// Environment variable that names another one.
pub const ADMIN_VARIABLE: &str = "CONVSCAN_ADMIN";

/// The settings of the tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// Findings that the site lives with.
    pub allow: Vec<Allowance>,
}

/// A finding of the doctor that the site knows of and lives with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rule.
    pub rule: String,
    /// Text that the finding's place or message must hold; else all of the rule.
    pub place: Option<String>,
    /// Why. It is shown, so that the next administrator knows.
    pub because: String,
    /// The last day, as `2027-01-31`.
    pub until: Option<String>,
}

impl Admin {
    /// Reads the text of the file at `path`; with faults it must not be used.
    pub fn parse(path: &str, source: &str) -> (Self, Vec<Diagnostic>) {
        let file = File::new(path, source);
        let (document, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            file.fault(error.span().unwrap_or(0..0), error.message(), "see https://toml.io for the syntax");
        }
        let root = Table::new(&file, "", &document);
        let mut admin = Self::default();
        for table in root.tables(key::ALLOW_RULE.table()) {
            admin.allow.extend(allowance(&table));
            table.finish();
        }
        root.finish();
        (admin, file.into_faults())
    }
}

fn allowance(table: &Table<'_, '_>) -> Option<Allowance> {
    let (rule, because) = (table.string(key::ALLOW_RULE.name()), table.string(key::ALLOW_BECAUSE.name()));
    let place = table.string(key::ALLOW_PLACE.name()).map(str::to_owned);
    let until = table.string(key::ALLOW_UNTIL.name());
    if let Some(until) = until
        && !is_date(until)
    {
        table.fault(
            key::ALLOW_UNTIL.name(),
            "`until` is no date",
            "write year, month and day: \"2027-01-31\"",
        );
    }
    if place.as_deref().is_some_and(|place| place.trim().is_empty()) {
        table.fault(
            key::ALLOW_PLACE.name(),
            "`place` is blank",
            "name a channel, an entry or a file, or leave the line out",
        );
    }
    for (key, given, hint) in [
        (key::ALLOW_RULE, rule, "name the rule, as `convscan check --rules` lists it"),
        (key::ALLOW_BECAUSE, because, "say why this may be so, for whoever reads it next"),
    ] {
        if given.is_none_or(|text| text.trim().is_empty()) {
            table.fault(key.name(), format!("`{}` is missing", key.name()), hint);
        }
    }
    Some(Allowance {
        rule: rule?.to_owned(),
        place,
        because: because?.to_owned(),
        until: until.map(str::to_owned),
    })
}

/// `2027-01-31`, by form; so that dates compare as texts.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let between = |at: usize, least: u8, most: u8| {
        let number = text.get(at..at + 2).and_then(|part| part.parse::<u8>().ok());
        number.is_some_and(|number| (least..=most).contains(&number))
    };
    bytes.len() == 10
        && digit(0..4)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && digit(5..7)
        && digit(8..10)
        && between(5, 1, 12)
        && between(8, 1, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_says_rule_and_reason() {
        let text = "[[allow]]\nrule = \"uncovered\"\nplace = \"tcp_intranet\"\nbecause = \"printers\"\nuntil = \"2027-01-31\"\n";
        let (admin, faults) = Admin::parse("a", text);
        assert_eq!(faults, []);
        let expected = Allowance {
            rule: "uncovered".to_owned(),
            place: Some("tcp_intranet".to_owned()),
            because: "printers".to_owned(),
            until: Some("2027-01-31".to_owned()),
        };
        assert_eq!(admin.allow, [expected]);
        assert_eq!(Admin::parse("a", "# nothing\n"), (Admin::default(), Vec::new()));
    }

    #[test]
    fn faults_have_place_and_hint() {
        let table = [
            ("[[allow]]\nrule = \"x\"\n", "a:1:1: `because` is missing"),
            ("[[allow]]\nbecause = \"x\"\n", "a:1:1: `rule` is missing"),
            ("[[allow]]\nrule = \"x\"\nbecause = \" \"\n", "a:3:11: `because` is missing"),
            ("[[allow]]\nrule = \"x\"\nbecause = \"y\"\nuntil = \"tomorrow\"\n", "a:4:9: `until` is no date"),
            (
                "[[allow]]\nrule = \"x\"\nbecause = \"y\"\nuntil = \"2027-13-01\"\n",
                "a:4:9: `until` is no date",
            ),
            ("[[allow]]\nrule = \"x\"\nbecause = \"y\"\nplace = \" \"\n", "a:4:9: `place` is blank"),
            ("[[allow]]\nrule = \"x\"\nbecause = \"y\"\nplace = \"\"\n", "a:4:9: `place` must be a text"),
            ("[alow]\n", "a:1:2: unknown key `alow`"),
            ("[[allow]\n", "a:1:"),
        ];
        for (text, expected) in table {
            let (_, faults) = Admin::parse("a", text);
            let first = faults.first().map(Diagnostic::one_line).unwrap_or_default();
            assert!(first.starts_with(expected), "{text}: {first}");
        }
    }
}
