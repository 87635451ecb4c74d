//! A real clamd on a private socket with a small database made on the spot,
//! shared by the tests that run at the same time; others have one of their own,
//! to stop, kill and start it again.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{eicar, installed, needs};

/// Where its temporary files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temporary {
    /// Into a directory.
    Plain,
    /// Into a small file system that only it sees.
    Small,
}

/// The program.
pub const CLAMD: &str = "/usr/sbin/clamd";

/// A running clamd. It is stopped when the last test lets go of it.
pub struct Clamd {
    pub directory: tempfile::TempDir,
    child: Child,
    temporary: Temporary,
    pub port: u16,
}

static SHARED: Mutex<Weak<Clamd>> = Mutex::new(Weak::new());

/// Lines added to the shared daemon's configuration.
const SHARED_OPTIONS: &str = "MaxThreads 4\nStreamMaxLength 1M\n";

/// The shared clamd; `None` where the package is missing and may be.
pub fn shared(test: &str) -> Option<Arc<Clamd>> {
    if !needs(test, CLAMD, "clamav-daemon") {
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
        Self::start_with(options, Temporary::Plain)
    }

    pub fn start_with(options: &str, temporary: Temporary) -> Self {
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
        let child = spawn(&directory, temporary);
        let clamd = Self { directory, child, temporary, port };
        clamd.wait();
        clamd
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
    }

    /// It answers nobody, and its socket still takes connections.
    pub fn stop(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same addresses, and waits until it answers.
    pub fn restart(&mut self) {
        self.restart_slowly();
        self.wait();
    }

    /// Starts it again; it answers when it is ready.
    pub fn restart_slowly(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = spawn(&self.directory, self.temporary);
    }

    /// The directory of its temporary files, as it sees it.
    pub fn temporary(&self) -> PathBuf {
        let path = self.directory.path().join("tmp");
        match self.temporary {
            Temporary::Plain => path,
            Temporary::Small => {
                let root = PathBuf::from(format!("/proc/{}/root", self.pid()));
                root.join(path.strip_prefix("/").unwrap())
            }
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("clamd.log")).unwrap_or_default()
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < deadline, "clamd did not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
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

fn spawn(directory: &tempfile::TempDir, temporary: Temporary) -> Child {
    let config = directory.path().join("clamd.conf");
    let mut command = match temporary {
        Temporary::Plain => Command::new(installed(CLAMD)),
        Temporary::Small => {
            let mut command = Command::new("/usr/bin/unshare");
            let mount = "mount -t tmpfs -o size=128k none \"$0\" && exec \"$@\"";
            command.args(["-rm", "/bin/sh", "-c", mount]).arg(directory.path().join("tmp"));
            command.arg(installed(CLAMD));
            command
        }
    };
    command.arg("-c").arg(config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
