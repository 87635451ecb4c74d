//! Words the reply and the log line for what was decided. Cannot fail.

use super::evidence::Evidence;
use super::notice::notice;
use super::record::record;
use crate::config::Config;
use crate::policy::{Action, Delivery, Judgement, Voice, Way};
use crate::record::Record;
use crate::reply::{Body, Reply};
use crate::status::Status;

/// The reply to the channel, and the line for the log.
pub(super) fn word(config: &Config, evidence: &Evidence<'_>, judgement: &Judgement) -> (Reply, Record) {
    let Way::Channel { voice, release } = evidence.way;
    let mut record = record(config, evidence, judgement);
    if voice == Voice::Mute {
        let warning = "OUTPUT_OPTIONS is not given or cannot be written: nothing can be deferred or held";
        record.warning = Some(warning.to_owned());
    }
    let body = match judgement.delivery {
        Delivery::Nothing => Body::Absent,
        Delivery::Original => Body::Original,
        Delivery::Cleaned => Body::Cleaned,
        Delivery::Notice => {
            let notice = notice(config, evidence, judgement, &record.reference);
            record.warning = record.warning.take().or(notice.warning);
            Body::Notice(notice.text)
        }
    };
    let reply = match judgement.action {
        Action::Pass | Action::Disinfect => Reply::content(body),
        Action::Replace => Reply::in_place(body, &config.notice.description),
        Action::Delete => Reply::directive(Status::Delete, release, body),
        Action::Hold => Reply::directive(Status::Hold, release, body),
        Action::Discard => Reply::directive(Status::Discard, release, body),
        Action::Defer => Reply::directive(Status::Again, release, body),
    };
    (reply, record)
}
