//! What `imsimta counters -show` printed: which channels have counters. Cannot
//! fail.
//!
//! Each channel's name stands alone in a line from column 1, its counters below it
//! (6.3 Administration Guide, "imsimta counters"; SIMS 4.0 Reference, "imta
//! counters").

/// The channels that have counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The file as it was named.
    pub path: String,
    /// Their names, in the order of the file.
    pub channels: Vec<String>,
}

impl Counters {
    /// Reads `text`.
    pub fn parse(path: &str, text: &str) -> Self {
        let channels = text.lines().filter_map(channel).map(str::to_owned).collect();
        Self { path: path.to_owned(), channels }
    }
}

fn channel(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_one = line.starts_with(|c: char| c.is_ascii_alphanumeric()) && line.chars().all(is_name);
    is_one.then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_stand_alone_in_their_lines() {
        let text = "Channel                Messages   Recipients Blocks\n\
                    ---------------------- ---------- ---------- ----------\n\
                    conversion\n   Received              13077      13859     264616\n   Stored   92 91 -362\r\n\
                    tcp_local  \r\n   Queue time/count 1/2 = 0.5\n";
        assert_eq!(Counters::parse("c", text).channels, ["conversion", "tcp_local"]);
        assert!(Counters::parse("c", "").channels.is_empty());
    }
}
