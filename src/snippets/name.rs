//! Names that a site gives: of channels, of its host, of files. Each fails with
//! what to write instead, and none can mean anything to shell, mapping or entry.

use std::fmt;

/// Longest name of a channel (6 2005Q4 Administration Reference, "MTA
/// Configuration File": what is longer is cut off).
const CHANNEL: usize = 32;

/// Longest name of a host: the line that has it twice must not be longer than
/// the 252 characters that the server reads.
const HOST: usize = 90;

/// Channels that the table has lines for, whatever the site.
const TAKEN: [&str; 6] = ["bitbucket", "defragment", "filter_discard", "hold", "process", "reprocess"];

/// The name of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelName(String);

impl ChannelName {
    /// Letters, digits, `_` and `-`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sound = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if !sound {
            return Err("write a channel's name: letters, digits, `_` and `-`, as in tcp_local".to_owned());
        }
        if text.len() > CHANNEL {
            return Err(format!("write the name as imta.cnf has it: at most {CHANNEL} characters"));
        }
        let lower = text.to_ascii_lowercase();
        if TAKEN.contains(&lower.as_str()) || lower.starts_with("conversion") {
            return Err("leave it out: the table has lines for this channel already".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it is `other`. The server ignores case.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of the server's own host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Letters, digits, `-`, and dots between.
    pub fn parse(text: &str) -> Result<Self, String> {
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if text.len() <= HOST && text.split('.').all(label) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "write the host's full name, as in mx1.example.edu: letters, digits, `-` and dots, at most {HOST}"
        ))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An absolute path in the command of an entry, where it stands without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPath(String);

impl EntryPath {
    /// A path of letters, digits, `.`, `_`, `-` and `+`. In the entry `"` and `\`
    /// end or change the value and `'` begins a symbol; in the shell the others do.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') || text.ends_with('/') {
            return Err("write the full path of a file, beginning with `/`".to_owned());
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
        if !text.chars().all(plain) {
            return Err(
                "choose a path of letters, digits, `.`, `_`, `-` and `+`: the entry cannot quote others"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it names the program that does nothing but answer for parts. Any
    /// other is taken for the one with all commands.
    pub fn is_part(&self) -> bool {
        self.0.ends_with("/convscan-part")
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_named_plainly() {
        let longest = "c".repeat(CHANNEL);
        for name in ["tcp_local", "ims-ms", "l", "9x", longest.as_str()] {
            assert_eq!(ChannelName::parse(name).unwrap().to_string(), name);
        }
        let longer = "c".repeat(CHANNEL + 1);
        let wrong = ["", "-x", "_x", "tcp_*", "a b", "a;b", "a$b", "caf\u{e9}", "a\n", longer.as_str()];
        for name in wrong.into_iter().chain(["process", "HOLD", "conversion_ext", "Conversion"]) {
            assert!(ChannelName::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn hosts_are_named_plainly() {
        let longest = "h".repeat(HOST);
        for name in ["mx1.example.edu", "localhost", "a-b.c", longest.as_str()] {
            assert_eq!(HostName::parse(name).unwrap().to_string(), name);
        }
        let longer = "h".repeat(HOST + 1);
        for name in ["", ".", "a..b", "a.", "-a", "a-.b", "a_b", "a b", "$H", "a\n", longer.as_str()] {
            assert!(HostName::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_mean_nothing_to_shell_and_entry() {
        for path in ["/usr/local/bin/convscan", "/opt/a-b_c+d.1/x"] {
            assert_eq!(EntryPath::parse(path).unwrap().to_string(), path);
        }
        for (path, is_part) in [
            ("/a/convscan-part", true),
            ("/a/convscan", false),
            ("/a/convscan-part/x", false),
            ("/a/my-convscan-part", false),
        ] {
            assert_eq!(EntryPath::parse(path).unwrap().is_part(), is_part, "{path}");
        }
        for c in " \t\n\"'\\$`;|&<>()*?[]{}!#~%=,:@^\u{e9}".chars() {
            assert!(EntryPath::parse(&format!("/a{c}b")).is_err(), "{c:?}");
        }
        for path in ["", "convscan", "./x", "/", "/usr/"] {
            assert!(EntryPath::parse(path).is_err(), "{path}");
        }
    }
}
