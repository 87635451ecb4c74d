//! A fake ICAP server, for answers that real ones cannot be made to give. It
//! reads as a server reads, and then does what the test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One thing that the fake does for an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Sends these bytes one at a time.
    Trickle(Vec<u8>),
    /// Reads what the preview left.
    ReadRest,
    /// Sends these bytes again and again, without end.
    Babble(Vec<u8>),
    /// Closes the connection, which otherwise stays open.
    Close,
}

pub fn say(text: impl AsRef<str>) -> Step {
    Step::Say(text.as_ref().as_bytes().to_vec())
}

/// What the fake was shown of a part, before it said anything.
pub struct Shown {
    /// The header of the request, and the HTTP headers.
    pub head: String,
    /// The content up to the first end.
    pub content: Vec<u8>,
    /// Whether that end said that there is no more.
    pub ieof: bool,
}

type Script = Arc<dyn Fn(&Shown) -> Vec<Step> + Send + Sync>;

/// What the fake remembers and can be told at any time.
#[derive(Default)]
struct State {
    options: Vec<u8>,
    /// Start lines of all requests.
    asked: Vec<String>,
}

/// A fake that answers every request by the same script until the tests end.
pub struct FakeIcap {
    port: u16,
    state: Arc<Mutex<State>>,
}

/// What it answers to `OPTIONS` with these fields more.
pub fn options(fields: &str) -> String {
    format!(
        "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nService: Fake\r\nISTag: \"one\"\r\n\
         Encapsulated: null-body=0\r\n{fields}\r\n"
    )
}

impl FakeIcap {
    /// `options` is the answer to OPTIONS.
    pub fn start(
        options: impl AsRef<str>,
        script: impl Fn(&Shown) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { options: options.as_ref().as_bytes().to_vec(), asked: Vec::new() };
        let fake = Self { port, state: Arc::new(Mutex::new(state)) };
        let (state, script): (_, Script) = (Arc::clone(&fake.state), Arc::new(script));
        // The thread ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, script) = (Arc::clone(&state), Arc::clone(&script));
                thread::spawn(move || serve(stream, &state, &script));
            }
        });
        fake
    }

    /// Changes the answer to OPTIONS.
    pub fn now_offers(&self, options: impl AsRef<str>) {
        self.state.lock().unwrap().options = options.as_ref().as_bytes().to_vec();
    }

    /// How often this method was asked for.
    pub fn count(&self, method: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|line| line.starts_with(method)).count()
    }

    /// Its engine lines. It finds what the test says and nothing else, so it is
    /// shown no canary.
    pub fn engine(&self) -> String {
        super::icap_at(self.port, "fake") + "canary = \"off\"\n"
    }
}

/// Answers requests until the other side goes away or a step closes.
fn serve(mut stream: TcpStream, state: &Mutex<State>, script: &Script) -> Option<()> {
    // Longer than any engine of the tests waits.
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut head = block(&mut reader)?;
        state.lock().unwrap().asked.push(head.lines().next()?.to_owned());
        if head.starts_with("OPTIONS") {
            let options = state.lock().unwrap().options.clone();
            stream.write_all(&options).ok()?;
            continue;
        }
        head.push_str(&block(&mut reader)?);
        head.push_str(&block(&mut reader)?);
        let mut content = Vec::new();
        let ieof = chunks(&mut reader, &mut content)?;
        for step in script(&Shown { head, content, ieof }) {
            match step {
                Step::Say(bytes) => stream.write_all(&bytes).ok()?,
                Step::Trickle(bytes) => {
                    for byte in bytes {
                        stream.write_all(&[byte]).ok()?;
                    }
                }
                Step::ReadRest => drop(chunks(&mut reader, &mut Vec::new())?),
                Step::Babble(bytes) => {
                    let bytes = bytes.repeat(1 + 4096 / bytes.len());
                    while stream.write_all(&bytes).is_ok() {}
                }
                Step::Close => return None,
            }
        }
    }
}

/// Lines up to an empty one.
fn block(reader: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
    }
    Some(text)
}

/// Chunks up to the last one; whether that said `ieof`.
fn chunks(reader: &mut impl BufRead, content: &mut Vec<u8>) -> Option<bool> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let (size, extension) = line.split_once(';').unwrap_or((&line, ""));
        let size = u64::from_str_radix(size.trim(), 16).ok()?;
        reader.by_ref().take(size).read_to_end(content).ok()?;
        let mut end = String::new();
        reader.read_line(&mut end).ok()?;
        if size == 0 {
            return Some(extension.trim() == "ieof");
        }
    }
}
