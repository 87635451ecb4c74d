//! A whole message from a file or stdin, and to a file. Fails as files do, and
//! on a message that is too long.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longest message that is read. The MTA's own limits are far below; all of it
/// is held in memory, some of it twice.
const LONGEST: u64 = 256 << 20;

/// Reads the message `path`; `-` is stdin.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() == OsStr::new("-") { bounded(io::stdin().lock()) } else { bounded(File::open(path)?) }
}

/// Writes a message to `path`.
pub(crate) fn write(path: &Path, message: &[u8]) -> io::Result<()> {
    std::fs::write(path, message)
}

fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut message)?;
    if message.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "message is longer than 256 MB"));
    }
    Ok(message)
}
