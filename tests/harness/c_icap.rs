//! A real c-icap on a private port, with the real clamd of the tests behind its
//! service `virus_scan`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::clamd::{self, Clamd};
use super::{installed, needs};

const PROGRAM: &str = "/usr/bin/c-icap";
const MODULES: &str = "/usr/lib/x86_64-linux-gnu/c_icap";

/// A running c-icap. It is stopped when the test lets go of it.
pub struct CIcap {
    directory: tempfile::TempDir,
    child: Child,
    port: u16,
    _clamd: Arc<Clamd>,
}

/// What every service of the tests has; `avscan` is the alias of the package.
const CONFIG: &str = "Timeout 30\nKeepAliveTimeout 60\nStartServers 1\nMaxServers 2\nMinSpareThreads 4\n\
    MaxSpareThreads 20\nThreadsPerChild 10\nServerAdmin a@example.org\nServerName localhost\nDebugLevel 1\n\
    Service echo srv_echo.so\n\
    Service antivirus_module virus_scan.so\n\
    ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple\n\
    virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE\nModule common clamd_mod.so\n";

impl CIcap {
    /// Starts one with `options` added to its configuration and waits until it
    /// can scan; `None` where a package is missing and may be.
    pub fn start(test: &str, options: &str) -> Option<Self> {
        let modules = format!("{MODULES}/clamd_mod.so");
        if !needs(test, PROGRAM, "c-icap") || !needs(test, &modules, "libc-icap-mod-virus-scan") {
            return None;
        }
        let clamd = clamd::shared(test)?;
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("tmp")).unwrap();
        let home = directory.path().display();
        let modules = installed(MODULES);
        let modules = modules.display();
        let templates = installed("/usr/share/c_icap/templates");
        let magic = installed("/etc/c-icap/c-icap.magic");
        // Taken from the system and given back; c-icap takes it again.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "PidFile {home}/pid\nCommandsSocket {home}/control\nPort 127.0.0.1:{port}\nTmpDir {home}/tmp\n\
             ServerLog {home}/server.log\nAccessLog {home}/access.log\nModulesDir {modules}\n\
             ServicesDir {modules}\nTemplateDir {}/\nLoadMagicFile {}\n\
             {CONFIG}clamd_mod.ClamdSocket {}\n{options}",
            templates.display(),
            magic.display(),
            clamd.socket().display()
        );
        fs::write(directory.path().join("c-icap.conf"), config).unwrap();
        let child = Command::new(installed(PROGRAM))
            .args(["-N", "-f"])
            .arg(directory.path().join("c-icap.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { directory, child, port, _clamd: clamd };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.options().is_ok_and(|answer| answer.contains("RESPMOD")) {
            let log = || fs::read_to_string(self.directory.path().join("server.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "c-icap did not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The start of what it says about its service.
    fn options(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"OPTIONS icap://localhost/virus_scan ICAP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = vec![0; 4096];
        let n = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..n]).into_owned())
    }

    /// The engine lines of one of its services.
    pub fn engine(&self, service: &str) -> String {
        super::icap_at(self.port, service)
    }
}

impl Drop for CIcap {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = kill(pid, Signal::SIGTERM);
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Its children, should it not have ended them.
        let _ = killpg(pid, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
