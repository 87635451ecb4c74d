//! A fake clamd, for answers that the real one cannot be made to give. It says
//! what the test tells it to, whatever it is asked; or it looks at what it is
//! sent, and counts.

use std::fs::File;
use std::io::{Cursor, IoSliceMut, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use super::{clamd_at, eicar};

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
    /// Finds EICAR in what it is sent, even in archives.
    Look(Arc<Eyes>),
}

/// How a fake looks, and what it has seen.
#[derive(Debug, Default)]
pub struct Eyes {
    /// It calls everything clean.
    pub blind: AtomicBool,
    /// It answers nobody while this is so.
    pub still: AtomicBool,
    /// It keeps what holds `slow` waiting while this is so.
    pub holds: AtomicBool,
    /// It keeps what holds the test file waiting while this is so.
    pub holds_canaries: AtomicBool,
    /// It does not look into archives, and says so.
    pub limited: AtomicBool,
    /// Time for each answer, in milliseconds.
    pub time: AtomicU64,
    /// Times that it was shown the plain test file.
    pub canaries: AtomicUsize,
    /// Times that it was shown anything else but the test file.
    pub parts: AtomicUsize,
    /// Connections so far.
    pub asked: AtomicUsize,
    /// Connections now, and the most at once.
    pub now: AtomicUsize,
    pub most: AtomicUsize,
}

impl Eyes {
    pub fn canaries(&self) -> usize {
        self.canaries.load(Ordering::SeqCst)
    }
}

/// A fake that serves every connection by the same script until it is dropped.
pub struct FakeClamd {
    directory: tempfile::TempDir,
    /// Where it listens, if that is a port.
    port: Option<SocketAddr>,
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
        Self { directory, port: None }
    }

    /// One that looks at what it is sent to a port, where no file tells of its start.
    pub fn look_at_port() -> (Self, Arc<Eyes>) {
        let eyes = Arc::new(Eyes::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Some(listener.local_addr().unwrap());
        let seeing = Arc::clone(&eyes);
        // The thread ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let eyes = Arc::clone(&seeing);
                thread::spawn(move || counted(&eyes, || look_at_stream(stream, &eyes)));
            }
        });
        (Self { directory: tempfile::tempdir().unwrap(), port }, eyes)
    }

    /// One that looks at what it is sent.
    pub fn look() -> (Self, Arc<Eyes>) {
        let eyes = Arc::new(Eyes::default());
        (Self::start(Script::Look(Arc::clone(&eyes))), eyes)
    }

    pub fn address(&self) -> String {
        match self.port {
            Some(port) => format!("tcp:{port}"),
            None => format!("unix:{}", self.socket().display()),
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Its engine lines, without any canary.
    pub fn engine(&self) -> String {
        format!("{}canary = \"off\"\n", clamd_at(&self.address()))
    }

    /// Its engine lines, with `canary` as old as that.
    pub fn watched(&self, canary: &str) -> String {
        format!("{}canary = \"{canary}\"\n", clamd_at(&self.address()))
    }
}

fn serve(mut stream: UnixStream, script: &Script) {
    if let Script::Look(eyes) = script {
        counted(eyes, || {
            let Some((command, file)) = request(&stream) else { return };
            let content = file.map(|file| content_of(&file)).unwrap_or_default();
            look(&mut stream, eyes, &command, &content, "fd[9]: ");
        });
        return;
    }
    // The command with its NUL, and the byte that carries the descriptor.
    let mut request = [0; 9];
    match script {
        Script::HangUp | Script::Look(_) => return,
        Script::Say(_) | Script::Trickle(_) | Script::Numbered(_) | Script::Silence | Script::Babble => {
            let _ = stream.read_exact(&mut request);
        }
    }
    match script {
        Script::HangUp | Script::Look(_) => {}
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

fn counted(eyes: &Eyes, look: impl FnOnce()) {
    eyes.asked.fetch_add(1, Ordering::SeqCst);
    let now = eyes.now.fetch_add(1, Ordering::SeqCst) + 1;
    eyes.most.fetch_max(now, Ordering::SeqCst);
    look();
    eyes.now.fetch_sub(1, Ordering::SeqCst);
}

fn look_at_stream(mut stream: TcpStream, eyes: &Eyes) {
    let (mut command, mut byte) = (Vec::new(), [0]);
    while byte != [0] || command.is_empty() {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        command.push(byte[0]);
    }
    let mut content = Vec::new();
    if command.starts_with(b"zINSTREAM") {
        loop {
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                return;
            }
            let length = u64::from(u32::from_be_bytes(length));
            if length == 0 {
                break;
            }
            Read::by_ref(&mut stream).take(length).read_to_end(&mut content).unwrap();
        }
    }
    look(&mut stream, eyes, &command, &content, "stream: ");
}

fn look(stream: &mut impl Write, eyes: &Eyes, command: &[u8], content: &[u8], label: &str) {
    let is_canary = content == eicar();
    let is_infected = holds_eicar(content, 3);
    if !command.starts_with(b"zVERSION") {
        eyes.canaries.fetch_add(usize::from(is_canary), Ordering::SeqCst);
        eyes.parts.fetch_add(usize::from(!is_infected), Ordering::SeqCst);
    }
    if content.starts_with(b"breaks") {
        return;
    }
    let slow = content.windows(4).any(|window| window == b"slow");
    let until = Instant::now() + Duration::from_secs(60);
    let waits = || {
        eyes.still.load(Ordering::SeqCst)
            || (slow && eyes.holds.load(Ordering::SeqCst))
            || (is_infected && eyes.holds_canaries.load(Ordering::SeqCst))
    };
    let blind = eyes.blind.load(Ordering::SeqCst);
    thread::sleep(Duration::from_millis(eyes.time.load(Ordering::SeqCst)));
    while waits() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
    let reply = if command.starts_with(b"zVERSION") {
        "ClamAV fake".to_owned()
    } else if content.starts_with(b"fails") {
        "Can't allocate memory ERROR".to_owned()
    } else if content.starts_with(b"PK") && eyes.limited.load(Ordering::SeqCst) {
        format!("{label}Heuristics.Limits.Exceeded.MaxRecursion FOUND")
    } else if is_infected && !blind {
        format!("{label}Eicar FOUND")
    } else {
        format!("{label}OK")
    };
    let _ = write!(stream, "{reply}\0");
}

/// The command, and the file that comes with it.
fn request(stream: &UnixStream) -> Option<(Vec<u8>, Option<File>)> {
    let mut command = Vec::new();
    let mut file = None;
    while file.is_none() && !command.starts_with(b"zVERSION\0") {
        let mut buf = [0; 16];
        let mut space = nix::cmsg_space!([i32; 1]);
        let mut into = [IoSliceMut::new(&mut buf)];
        let message =
            recvmsg::<()>(stream.as_raw_fd(), &mut into, Some(&mut space), MsgFlags::empty()).ok()?;
        for control in message.cmsgs().ok()? {
            if let ControlMessageOwned::ScmRights(descriptors) = control {
                let fd = *descriptors.first()?;
                file = Some(File::open(format!("/proc/self/fd/{fd}")).unwrap());
                nix::unistd::close(fd).unwrap();
            }
        }
        let n = message.bytes;
        if n == 0 {
            return None;
        }
        command.extend_from_slice(&buf[..n]);
    }
    Some((command, file))
}

fn content_of(file: &File) -> Vec<u8> {
    let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut content, 0).unwrap();
    content
}

fn holds_eicar(content: &[u8], depth: usize) -> bool {
    if content.windows(eicar().len()).any(|window| window == eicar()) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(content)) else { return false };
    let mut member = Vec::new();
    archive.by_index(0).is_ok_and(|mut file| file.read_to_end(&mut member).is_ok())
        && holds_eicar(&member, depth)
}
