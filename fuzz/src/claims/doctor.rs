//! What only the doctor of a set-up reads.

use convscan::testing::doctor::view::command::{Command, Guard};
use convscan::testing::mta::counters::Counters;
use convscan::testing::mta::summarize::Summary;

use super::in_place;

/// What is found in a command stands in it, and is found behind blanks, too.
pub fn entry_command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let command = Command::parse(&text);
    let Some(call) = &command.call else { return };
    assert!(text.get(..call.end).is_some(), "{text:?}");
    let words = [Some(&call.program), call.config.as_ref(), call.release.as_ref(), call.unknown.as_ref()];
    for word in words.into_iter().flatten() {
        assert!(text.get(word.span.clone()).is_some(), "{text:?} {word:?}");
    }
    if let Guard::Writes(write) = &call.guard {
        assert!(text.get(write.span.clone()).is_some() && text.get(..write.end).is_some(), "{text:?}");
    }
    let again = Command::parse(&format!("  {text}")).call.expect("the same command");
    assert_eq!(again.end, call.end + 2, "{text:?}");
}

/// Queues stand where they say, and channels in lines of their own.
pub fn saved_output(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (summary, faults) = Summary::parse("summary", &text);
    in_place(&text, &faults);
    assert_eq!(summary.queues.is_empty(), !faults.is_empty());
    for queue in &summary.queues {
        let shown = text.get(queue.span.clone()).expect("a place");
        assert!(shown.starts_with(&queue.channel), "{queue:?}");
    }
    for channel in Counters::parse("counters", &text).channels {
        assert!(text.lines().any(|line| line.trim_end() == channel), "{channel:?}");
    }
}
