//! A real clamd on a private socket with a small database made on the spot,
//! shared by the tests that run at the same time.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use super::{eicar, needs};

/// A running clamd. It is stopped when the last test lets go of it.
pub struct Clamd {
    pub directory: tempfile::TempDir,
    child: Child,
    pub port: u16,
}

static SHARED: Mutex<Weak<Clamd>> = Mutex::new(Weak::new());

/// Lines added to the shared daemon's configuration.
const SHARED_OPTIONS: &str = "MaxThreads 4\nStreamMaxLength 1M\n";

/// The shared clamd; `None` where the package is missing and may be.
pub fn shared(test: &str) -> Option<Arc<Clamd>> {
    if !needs(test, "/usr/sbin/clamd", "clamav-daemon") {
        return None;
    }
    let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(clamd) = shared.upgrade() {
        return Some(clamd);
    }
    let clamd = Arc::new(Clamd::start(SHARED_OPTIONS));
    *shared = Arc::downgrade(&clamd);
    Some(clamd)
}

impl Clamd {
    /// Starts one with `options` added to its configuration and waits until it
    /// answers.
    pub fn start(options: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["db", "tmp"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let hex = eicar().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        // The hash of clam.exe in Debian's clamav-testfiles: md5, size, name.
        fs::write(
            directory.path().join("db/test.hdb"),
            "aa15bcf478d165efd2065190eb473bcb:544:Test.Clam-Exe\n",
        )
        .unwrap();
        fs::write(directory.path().join("db/test.ndb"), format!("Eicar-Test-Signature:0:0:{hex}\n")).unwrap();
        // Taken from the system and given back; clamd takes it again.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = directory.path().display();
        let config = format!(
            "LocalSocket {home}/socket\nTCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {home}/db\n\
             TemporaryDirectory {home}/tmp\nForeground yes\nLogFile {home}/clamd.log\n{options}"
        );
        fs::write(directory.path().join("clamd.conf"), config).unwrap();
        let child = Command::new("/usr/sbin/clamd")
            .arg("-c")
            .arg(directory.path().join("clamd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clamd = Self { directory, child, port };
        clamd.wait();
        clamd
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(self.socket()).is_err() {
            let log = || fs::read_to_string(self.directory.path().join("clamd.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "clamd did not start: {}", log());
            std::thread::yield_now();
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Its engine lines over the unix socket.
    pub fn engine(&self) -> String {
        super::clamd_at(&format!("unix:{}", self.socket().display()))
    }

    /// Its engine lines over TCP.
    pub fn tcp_engine(&self) -> String {
        super::clamd_at(&format!("tcp:127.0.0.1:{}", self.port))
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
