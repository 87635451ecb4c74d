//! What `imsimta qm summarize` printed: the queue of each channel. Cannot fail; a
//! line that is none of a channel's is passed over.
//!
//! No manual shows the form. A line of the vendor's own tests is `name`, ` (stopped)`
//! where it is, the number of messages and their size with one decimal; there may
//! be another number between these, and a date behind.

use std::ops::Range;

use crate::diagnostic::Diagnostic;

/// The queue of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The name of the channel.
    pub channel: String,
    /// Whether it was stopped.
    pub state: State,
    /// Messages that wait.
    pub messages: u64,
    /// Where its name and state stand.
    pub span: Range<usize>,
}

/// Whether a channel is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Running,
    /// Somebody has stopped it.
    Stopped,
}

/// The queues of all channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The file as it was named.
    pub path: String,
    /// All of it.
    pub text: String,
    /// In the order of the file.
    pub queues: Vec<Queue>,
}

impl Summary {
    /// Reads `text`.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let mut at = 0;
        let mut queues = Vec::new();
        for line in text.split_inclusive('\n') {
            queues.extend(queue(line, at));
            at += line.len();
        }
        let fault = Diagnostic::whole(path, "no line is that of a channel's queue");
        let fault = fault.hint("give it what `imsimta qm summarize` printed");
        let faults = if queues.is_empty() { vec![fault] } else { Vec::new() };
        (Self { path: path.to_owned(), text: text.to_owned(), queues }, faults)
    }
}

/// What stands behind the name of a channel that was stopped.
const STOPPED: &str = " (stopped)";

/// The queue in a line that begins at `start`.
fn queue(line: &str, start: usize) -> Option<Queue> {
    let line = line.trim_end();
    let (name, _) = line.split_once(char::is_whitespace).filter(|(name, _)| !name.is_empty())?;
    let behind = line.get(name.len()..)?;
    let (state, rest) = match behind.strip_prefix(STOPPED) {
        Some(rest) => (State::Stopped, rest),
        None => (State::Running, behind),
    };
    let mut words = rest.split_whitespace();
    let messages = words.next()?.parse().ok()?;
    let is_size = |word: &str| {
        word.split_once('.')
            .is_some_and(|(whole, tenth)| is_number(whole) && is_number(tenth) && tenth.len() == 1)
    };
    let next = words.next()?;
    let sized = is_size(next) || is_number(next) && words.next().is_some_and(is_size);
    let end = line.len() - rest.len();
    sized.then(|| Queue { channel: name.to_owned(), state, messages, span: start..start + end })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_found_among_headings_and_totals() {
        let text = "                     Messages\nChannel    Queued  Size (Kb)  Oldest\n-------  -----  ----\n\
                    conversion (stopped)         1        0.0\ntcp_local   12  34  5.7  23 Nov, 10:00:00\r\nims-ms 0 0.0\n\
                    -------\nTotals 13 5.7 x\nbad (stopped)\nworse 1\nworst 1 2\n 5 5.5\nodd 1 2.75\n";
        let (summary, faults) = Summary::parse("s", text);
        assert_eq!(faults, []);
        let found: Vec<_> = summary
            .queues
            .iter()
            .map(|queue| {
                (text.get(queue.span.clone()).unwrap(), queue.channel.as_str(), queue.state, queue.messages)
            })
            .collect();
        let expected = [
            ("conversion (stopped)", "conversion", State::Stopped, 1),
            ("tcp_local", "tcp_local", State::Running, 12),
            ("ims-ms", "ims-ms", State::Running, 0),
            ("Totals", "Totals", State::Running, 13),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_summary_is_a_fault() {
        for text in ["", "\n\n", "qm: unknown command\n", "conversion (stopped)"] {
            assert_eq!(Summary::parse("s", text).1.len(), 1, "{text}");
        }
    }
}
