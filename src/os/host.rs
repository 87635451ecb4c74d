//! Which host this is, and since which start of it. Cannot fail; what the system
//! does not tell is `None`.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

/// What tells machines apart. Its content never changes in place, so one look at the
/// file says as much as reading it. Source: machine-id(5).
const MACHINE: &str = "/etc/machine-id";

/// Bytes of a machine's number. A file with less says nothing, as in an image from
/// which machines are made.
const NUMBER: u64 = 32;

/// Source: proc_sys_kernel(5). The name counts where there is no number.
const NAME: &str = "/proc/sys/kernel/hostname";

/// A number that differs with each start. Source: random(4).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Longest of these that is read: names have 64 bytes at most, numbers 36.
const LONGEST: usize = 128;

/// What differs between machines.
pub(crate) fn machine() -> &'static str {
    static KNOWN: OnceLock<String> = OnceLock::new();
    KNOWN.get_or_init(|| match fs::metadata(MACHINE) {
        Ok(file) if file.len() >= NUMBER => identity(&file),
        Ok(_) | Err(_) => read(NAME).unwrap_or_default(),
    })
}

/// What differs between starts of any machine.
pub(crate) fn boot() -> Option<&'static str> {
    static KNOWN: OnceLock<Option<String>> = OnceLock::new();
    KNOWN.get_or_init(|| read(BOOT)).as_deref()
}

/// Without the number of the device, which may be another after each start.
fn identity(file: &Metadata) -> String {
    format!("{} {} {} {}", file.ino(), file.len(), file.ctime(), file.ctime_nsec())
}

fn read(path: &str) -> Option<String> {
    let mut buf = [0; LONGEST];
    // The kernel gives the whole of such a file at once.
    let n = File::open(path).ok()?.read(&mut buf).ok()?;
    let text = String::from_utf8_lossy(buf.get(..n)?).trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_by_machine_and_start() {
        assert!(!machine().is_empty());
        assert_eq!(boot().map(str::len), Some(36));
        assert_eq!(read("/nonexistent"), None);
        assert_eq!(read("/dev/null"), None);
    }
}
