//! The names of all settings, written once: the configuration is read by them, and
//! the doctor finds by them where something stands. Nobody else can make a [`Key`],
//! so a name that changes here changes for both.

/// A setting: the table that it stands in, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    table: &'static str,
    name: &'static str,
}

impl Key {
    /// The table: `log` of `[log]`, `engine` of each `[[engine]]`.
    pub fn table(self) -> &'static str {
        self.table
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        self.name
    }
}

const fn key(table: &'static str, name: &'static str) -> Key {
    Key { table, name }
}

// `[server]`
pub(crate) const SERVER_RELEASE: Key = key("server", "release");

// `[limits]`
pub(crate) const LIMITS_DEADLINE: Key = key("limits", "deadline");

// `[scan]`
pub(crate) const SCAN_ENGINES: Key = key("scan", "engines");
pub(crate) const SCAN_INSIDE_LARGEST: Key = key("scan", "inside-largest");
pub(crate) const SCAN_INSIDE_MOST: Key = key("scan", "inside-most");

// `[[engine]]`; `share` stands in `[[engine.addresses]]`, too
pub(crate) const ENGINE_NAME: Key = key("engine", "name");
pub(crate) const ENGINE_TYPE: Key = key("engine", "type");
pub(crate) const ENGINE_TIMEOUT: Key = key("engine", "timeout");
pub(crate) const ENGINE_ADDRESS: Key = key("engine", "address");
pub(crate) const ENGINE_ADDRESSES: Key = key("engine", "addresses");
pub(crate) const ENGINE_SHARE: Key = key("engine", "share");
pub(crate) const ENGINE_PATIENCE: Key = key("engine", "patience");
pub(crate) const ENGINE_CANARY: Key = key("engine", "canary");
pub(crate) const ENGINE_LARGEST: Key = key("engine", "largest");
pub(crate) const ENGINE_DEFINITIONS: Key = key("engine", "definitions");
pub(crate) const ENGINE_CACHE: Key = key("engine", "cache");
pub(crate) const ENGINE_FILE: Key = key("engine", "file");
pub(crate) const ENGINE_ACQUITS: Key = key("engine", "acquits");
pub(crate) const ENGINE_PRESET: Key = key("engine", "preset");
pub(crate) const ENGINE_PROGRAM: Key = key("engine", "program");
pub(crate) const ENGINE_SCAN: Key = key("engine", "scan");
pub(crate) const ENGINE_CLEAN: Key = key("engine", "clean");
pub(crate) const ENGINE_VERSION: Key = key("engine", "version");
pub(crate) const ENGINE_CODES: Key = key("engine", "codes");
pub(crate) const ENGINE_MASKS: Key = key("engine", "masks");
pub(crate) const ENGINE_PATTERNS: Key = key("engine", "patterns");

// `[policy]`
pub(crate) const POLICY_INFECTED: Key = key("policy", "infected");
pub(crate) const POLICY_DISINFECT: Key = key("policy", "disinfect");
pub(crate) const POLICY_UNSCANNABLE: Key = key("policy", "unscannable");
pub(crate) const POLICY_ERROR: Key = key("policy", "error");
pub(crate) const POLICY_WITHOUT_OPTIONS: Key = key("policy", "without-options");

// `[notice]`
pub(crate) const NOTICE_INFECTED: Key = key("notice", "infected");
pub(crate) const NOTICE_NOT_SCANNED: Key = key("notice", "not-scanned");
pub(crate) const NOTICE_DESCRIPTION: Key = key("notice", "description");

// `[log]`
pub(crate) const LOG_FILE: Key = key("log", "file");
pub(crate) const LOG_SYSLOG: Key = key("log", "syslog");
pub(crate) const LOG_DIGEST: Key = key("log", "digest");

// `[state]`
pub(crate) const STATE_DIRECTORY: Key = key("state", "directory");

// `[cache]`
pub(crate) const CACHE_INFECTED_FOR: Key = key("cache", "infected-for");
pub(crate) const CACHE_CLEAN: Key = key("cache", "clean");
pub(crate) const CACHE_CLEAN_FOR: Key = key("cache", "clean-for");
pub(crate) const CACHE_STORM: Key = key("cache", "storm");
pub(crate) const CACHE_ENTRIES: Key = key("cache", "entries");

// `[poison]`
pub(crate) const POISON_TRIES: Key = key("poison", "tries");
pub(crate) const POISON_WITHIN: Key = key("poison", "within");

// `[[allow]]` of admin.toml
pub(crate) const ALLOW_RULE: Key = key("allow", "rule");
pub(crate) const ALLOW_PLACE: Key = key("allow", "place");
pub(crate) const ALLOW_BECAUSE: Key = key("allow", "because");
pub(crate) const ALLOW_UNTIL: Key = key("allow", "until");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::config::Config;

    /// All keys that the reader knows, by what it says to a key that is none.
    fn known(table: &str, above: &str) -> BTreeSet<String> {
        let parsed = Config::parse("c", &format!("{above}\nzzzzzzzzzzzzzzzz = 1\n"));
        let hints = parsed.faults.iter().filter_map(|fault| fault.hint.as_deref());
        let names =
            hints.filter_map(|hint| hint.strip_prefix("known here: ")).flat_map(|hint| hint.split(", "));
        names.map(|name| format!("{table} {}", name.trim_matches('`'))).collect()
    }

    /// A name that the documents do not have is one that no administrator knows of.
    #[test]
    fn the_documents_name_the_settings_that_are_read_and_no_others() {
        let tables = ["server", "limits", "scan", "policy", "notice", "log", "state", "cache", "poison"];
        let mut read: BTreeSet<String> =
            tables.iter().flat_map(|table| known(table, &format!("[{table}]"))).collect();
        let two = "[[engine.addresses]]\naddress = \"tcp:a:1\"\n[[engine.addresses]]\naddress = \"tcp:b:1\"";
        for kind in ["clamd", "icap", "command", "rules"] {
            let engine = format!("[[engine]]\nname = \"e\"\ntype = \"{kind}\"\n");
            for keys in ["", "preset = \"uvscan\"", "file = \"/f\"", "address = \"unix:/s\"", two] {
                let more = if keys == two { "zzzzzzzzzzzzzzzz = 1\n" } else { "" };
                read.extend(known("engine", &format!("{engine}{more}{keys}")));
            }
        }
        let documents = include_str!("../../docs/configuration.md");
        let (_, rest) = documents.split_once("## All keys").unwrap();
        let rows = rest.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| "));
        let mut documented = BTreeSet::new();
        let mut table = String::new();
        for cell in rows.filter_map(|row| row.split('|').nth(1)).skip(1) {
            for name in cell.split('`').skip(1).step_by(2) {
                match name.trim_matches(['[', ']']) {
                    // A table of the list of engines.
                    "engine.addresses" => drop(documented.insert("engine addresses".to_owned())),
                    title if title.len() < name.len() => title.clone_into(&mut table),
                    name => drop(documented.insert(format!("{table} {name}"))),
                }
            }
        }
        // One row names the first two of them and a document for the rest.
        let engines = include_str!("../../docs/engines.md");
        let (of_command, others): (Vec<_>, Vec<_>) = read.iter().partition(|key| {
            ["scan", "clean", "version", "codes", "masks", "patterns"]
                .iter()
                .any(|name| **key == format!("engine {name}"))
        });
        for key in of_command {
            let name = key.trim_start_matches("engine ");
            assert!(
                engines.contains(&format!("`{name}`")) || engines.contains(&format!("engine.{name}")),
                "{name}"
            );
        }
        assert_eq!(documented.iter().collect::<Vec<_>>(), others);
        assert!(documented.len() > 35, "{}", documented.len());
    }
}
