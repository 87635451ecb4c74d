//! A fake clamd, for answers that the real one cannot be made to give. It says
//! what the test tells it to, whatever it is asked.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// What the fake does with a connection.
#[derive(Clone, Debug)]
pub enum Script {
    /// Reads the request, sends these bytes, closes.
    Say(Vec<u8>),
    /// Sends these bytes one at a time.
    Trickle(Vec<u8>),
    /// Closes at once.
    HangUp,
    /// Calls everything clean; says that its definitions have this number.
    Numbered(Arc<AtomicU32>),
    /// Reads and never answers.
    Silence,
    /// Sends without end.
    Babble,
}

/// A fake that serves every connection by the same script until it is dropped.
pub struct FakeClamd {
    directory: tempfile::TempDir,
}

impl FakeClamd {
    pub fn start(script: Script) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        // The thread ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = script.clone();
                thread::spawn(move || serve(stream, &script));
            }
        });
        Self { directory }
    }

    pub fn engine(&self) -> String {
        let socket: PathBuf = self.directory.path().join("socket");
        format!("{}canary = \"off\"\n", super::clamd_at(&format!("unix:{}", socket.display())))
    }
}

fn serve(mut stream: UnixStream, script: &Script) {
    // The command with its NUL, and the byte that carries the descriptor.
    let mut request = [0; 9];
    match script {
        Script::HangUp => return,
        Script::Say(_) | Script::Trickle(_) | Script::Numbered(_) | Script::Silence | Script::Babble => {
            let _ = stream.read_exact(&mut request);
        }
    }
    match script {
        Script::HangUp => {}
        Script::Say(reply) => drop(stream.write_all(reply)),
        Script::Trickle(reply) => {
            for byte in reply {
                let _ = stream.write_all(&[*byte]);
            }
        }
        Script::Numbered(number) if request == *b"zVERSION\0" => {
            let number = number.load(Ordering::Relaxed);
            let _ = write!(stream, "ClamAV 1.4.3/{number}/Thu Jan  1 00:00:00 2026\0");
        }
        Script::Numbered(_) => drop(stream.write_all(b"fd[9]: OK\0")),
        Script::Silence => {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
            let _ = stream.read(&mut request);
        }
        Script::Babble => while stream.write_all(&[b'x'; 4096]).is_ok() {},
    }
}
