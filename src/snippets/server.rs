//! The mail server that fragments are for. Fails on a release that is none.

use crate::status::Release;

/// A mail server's release, as far as fragments differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    release: Release,
    word: Option<String>,
    configuration: Configuration,
}

/// How a server keeps its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// In text files, always.
    Legacy,
    /// In text files or in one that `msconfig` keeps: from 7.0.5 on ("Overview
    /// of Messaging Server Unified Configuration").
    Either,
}

impl Server {
    /// Reads a release as [`Release::parse`] does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let release = Release::parse(text).ok_or(Release::SHAPE)?;
        let runs = text.split(|c: char| !c.is_ascii_digit());
        let numbers: Vec<u32> = runs.filter_map(|run| run.parse().ok()).collect();
        let word = match release {
            Release::From63 => None,
            Release::Pmdf => Some("pmdf".to_owned()),
            Release::Before63 => Some(word(&numbers)),
        };
        // The second number may be left out: 7u5 is 7.0.5.
        let configuration = match numbers.as_slice() {
            [7, 0, update, ..] | [7, update, ..] if *update >= 5 => Configuration::Either,
            [major, ..] if *major >= 8 => Configuration::Either,
            _ => Configuration::Legacy,
        };
        Ok(Self { release, word, configuration })
    }

    /// What it knows of directives.
    pub fn release(&self) -> Release {
        self.release
    }

    /// What follows `--release` in its entry: numbers, dots and letters only. None
    /// where the entry need not say it.
    pub fn word(&self) -> Option<&str> {
        self.word.as_deref()
    }

    /// How it keeps its configuration.
    pub fn configuration(&self) -> Configuration {
        self.configuration
    }
}

/// A release before 6.3 in one word.
fn word(numbers: &[u32]) -> String {
    match numbers {
        // A year, as in `6 2005Q4`: that is 6.2.
        [6, year, ..] if *year >= 3 => "6.2".to_owned(),
        [major, minor, ..] => format!("{major}.{minor}"),
        [major] => major.to_string(),
        [] => "6.2".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_the_entry_is_plain_and_means_the_same() {
        let table = [
            ("5.2", Some("5.2")),
            ("5", Some("5")),
            ("6 2005Q4", Some("6.2")),
            ("6.2-8.04", Some("6.2")),
            ("6.1.; rm", Some("6.1")),
            ("6.3", None),
            ("8.1.0.27", None),
            ("PMDF", Some("pmdf")),
        ];
        for (text, expected) in table {
            let server = Server::parse(text).unwrap();
            assert_eq!(server.word(), expected, "{text}");
            if let Some(word) = server.word() {
                assert_eq!(Release::parse(word), Some(server.release()), "{text}");
            }
        }
        for text in ["", "6", "six"] {
            assert_eq!(Server::parse(text), Err(Release::SHAPE.to_owned()), "{text}");
        }
    }

    #[test]
    fn msconfig_is_there_from_7_0_5_on() {
        for text in ["7.0.5", "7.0.5-28.0", "7u5", "8", "8.1.0.27"] {
            assert_eq!(Server::parse(text).unwrap().configuration(), Configuration::Either, "{text}");
        }
        for text in ["7", "7.0", "7.0.4", "7.0-3.01", "7u4", "6.3", "6.3-1.04", "5.2", "pmdf"] {
            assert_eq!(Server::parse(text).unwrap().configuration(), Configuration::Legacy, "{text}");
        }
    }
}
