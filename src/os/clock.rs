//! The clock: deadlines on the monotonic one, dates on the other.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::files;

/// The instant by which all work must end.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    stopped: Option<&'static AtomicBool>,
}

/// Ends work before its deadline, when its result is no longer wanted.
#[derive(Clone, Copy, Debug)]
pub struct Stop(&'static AtomicBool);

impl Stop {
    /// Whoever works by the deadline that this belongs to has no time left.
    pub fn stop(self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The time behind the deadline for what must still be done then: the copy that is
/// delivered, and the digest for the log. A run ends at most this much after its
/// deadline, and the little more that the system takes to remove files.
const GRACE: Duration = Duration::from_secs(1);

/// How long a wait that can be stopped goes on unasked.
const UNASKED: Duration = Duration::from_millis(20);

impl Deadline {
    /// `budget` from now.
    pub fn after(budget: Duration) -> Self {
        Self { at: Instant::now() + budget, stopped: None }
    }

    /// The earlier of this and `budget` from now.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { at: self.at.min(Instant::now() + budget), ..self }
    }

    /// The same, with a way to end it early. What belongs to a process that
    /// looks at one part is not given back.
    pub fn stoppable(self) -> (Self, Stop) {
        let stopped: &'static AtomicBool = Box::leak(Box::default());
        (Self { stopped: Some(stopped), ..self }, Stop(stopped))
    }

    /// Whether the work may be ended before its time.
    pub fn is_stoppable(self) -> bool {
        self.stopped.is_some()
    }

    /// Whether the work was ended before its time.
    pub fn is_stopped(self) -> bool {
        self.stopped.is_some_and(|stopped| stopped.load(Ordering::Relaxed))
    }

    /// The time left; `None` when there is none.
    pub fn left(self) -> Option<Duration> {
        if self.is_stopped() {
            return None;
        }
        self.at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Fails with `TimedOut` when there is no time left.
    pub fn check(self) -> io::Result<()> {
        self.left().map(|_| ()).ok_or_else(|| ErrorKind::TimedOut.into())
    }

    /// The end of what must still be done when the work has ended: [`GRACE`] later.
    #[must_use]
    pub fn with_grace(self) -> Self {
        Self { at: self.at + GRACE, stopped: None }
    }

    /// The time for one wait: all that is left, or a little of it where the work
    /// can be stopped meanwhile.
    pub fn wait(self) -> Option<Duration> {
        let left = self.left()?;
        Some(if self.stopped.is_some() { left.min(UNASKED) } else { left })
    }
}

/// Now, on the monotonic clock.
pub fn instant() -> Instant {
    Instant::now()
}

/// How long ago that was.
pub fn since(then: Instant) -> Duration {
    then.elapsed()
}

/// Processor time of this thread. Unlike time on the wall, it does not depend on
/// what else the machine does: a limit on it tells what is quadratic.
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used)]
pub fn processor_time() -> Duration {
    // The kernel's Documentation/scheduler/sched-stats.rst: nanoseconds first.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Microseconds since 1970, for references.
pub fn micros() -> u64 {
    in_micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Nanoseconds since 1970, for names that no other has.
pub(super) fn nanos() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// `time` in microseconds.
pub fn in_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Does nothing for a while.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// The instant that a version names in the way of ctime(3), as clamd's does:
/// `ClamAV 1.4.6/27000/Mon Nov 23 08:00:00 2026`, taken as UTC.
pub fn date_in(version: &str) -> Option<u64> {
    let date = version.rsplit('/').next()?;
    let date = jiff::civil::DateTime::strptime("%a %b %e %H:%M:%S %Y", date).ok().or_else(|| {
        let day = version.rsplit_once(" created ")?.1;
        Some(jiff::civil::Date::strptime("%b %e %Y", day).ok()?.at(0, 0, 0, 0))
    })?;
    u64::try_from(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()).ok()
}

/// The instant `micros` in UTC, RFC 3339 with milliseconds.
pub fn utc(micros: u64) -> String {
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).map_or(String::new(), |at| format!("{at:.3}"))
}

/// Now as a reader of mail expects it: local time with its offset.
pub fn local() -> String {
    now().strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// Now in the local zone. A `TZ` that names something other than a file, a FIFO
/// say, would be waited for; then it is UTC.
pub(super) fn now() -> Zoned {
    let Some(zone) = std::env::var_os("TZ") else {
        return system_zone().map_or_else(Zoned::now, |zone| Timestamp::now().to_zoned(zone));
    };
    let path = zone.to_string_lossy();
    let path = Path::new(path.trim_start_matches(':'));
    if path.is_absolute() && !path.is_file() {
        return Timestamp::now().to_zoned(TimeZone::UTC);
    }
    Zoned::now()
}

/// The zone of the system, from its own file (tzset(3)). The library would first
/// list all zones there are, to find out by which name this one is known.
fn system_zone() -> Option<TimeZone> {
    let bytes = files::read_start(Path::new("/etc/localtime"), LARGEST_ZONE).ok()?;
    TimeZone::tzif("", &bytes).ok()
}

/// Largest file of a zone. The longest known ones have less than 4 KiB.
const LARGEST_ZONE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_is_rfc_3339_with_milliseconds() {
        assert_eq!(utc(1_767_323_045_678_901), "2026-01-02T03:04:05.678Z");
    }

    #[test]
    fn a_version_may_tell_the_date_of_its_definitions() {
        let at = date_in("ClamAV 1.4.6/27000/Mon Nov 23 08:00:00 2026");
        assert_eq!(utc(at.unwrap()), "2026-11-23T08:00:00.000Z");
        assert_eq!(
            utc(date_in("ClamAV 0.100/1/Sun Nov  1 08:00:00 2026").unwrap()),
            "2026-11-01T08:00:00.000Z"
        );
        for text in ["engine 6010.8670, DAT 9300 created Nov 3 2026", "DAT 9300 created Nov 03 2026"] {
            assert_eq!(utc(date_in(text).unwrap()), "2026-11-03T00:00:00.000Z");
        }
        for text in ["ClamAV 1.4.6", "", "x/y", "ClamAV 1.4.6/27000/yesterday", "DAT 1 created today"] {
            assert_eq!(date_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_deadline_only_shrinks() {
        let deadline = Deadline::after(Duration::from_secs(5)).within(Duration::from_secs(500));
        assert!(deadline.left().unwrap() <= Duration::from_secs(5));
        assert!(deadline.within(Duration::ZERO).left().is_none());
    }

    #[test]
    fn stopping_leaves_no_time() {
        let (deadline, stop) = Deadline::after(Duration::from_secs(5)).stoppable();
        assert!(deadline.left().is_some() && deadline.wait().unwrap() <= UNASKED);
        stop.stop();
        assert!(deadline.left().is_none() && deadline.within(Duration::from_secs(1)).wait().is_none());
    }

    #[test]
    fn the_system_s_zone_is_the_library_s() {
        // A machine without a zone of its own is at UTC.
        let zone = system_zone().unwrap_or(TimeZone::UTC);
        let (library, ours) = (TimeZone::system(), Timestamp::now());
        assert_eq!(zone.to_offset(ours), library.to_offset(ours));
    }
}
