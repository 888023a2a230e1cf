//! The other end of what the cells' process writes: reads, orders, and hands on.
//!
//! The process connects three times to the session's socket: for standard output, for standard error, and for control.
//! One thread reads all three. When control says that a cell has ended, the thread first reads the streams dry, then
//! answers with the lines that evcxr must see; so nothing of a cell can arrive after its end.

use super::frames::{Frame, Parser};
use super::output::{Output, Stream};
use super::system;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long text is collected before it is sent on.
const COLLECT: Duration = Duration::from_millis(20);
/// How much text is collected before it is sent on.
const COLLECT_BYTES: usize = 256 * 1024;

/// Where outputs go.
pub type Sink = Arc<dyn Fn(Output) + Send + Sync>;

/// A panic, as the toolkit's hook reported it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Panic {
    pub(super) message: String,
    pub(super) location: Option<(String, u32, u32)>,
}

/// How a cell ended, as far as its process could say.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    /// A panic ended the cell.
    pub(super) panic: Option<Panic>,
    /// An early return through `?` ended the cell: the error's text, and its type where known.
    pub(super) failure: Option<(String, String)>,
    /// The cell was asked to stop.
    pub(super) interrupted: bool,
    /// The process ended.
    pub(super) ended: bool,
    /// Why the session ended it.
    pub(super) reason: Option<String>,
}

#[derive(Default)]
struct State {
    sink: Option<Sink>,
    report: Report,
    process: Option<u32>,
    is_running: bool,
    is_interrupted: bool,
}

/// The session's side of the connection to the cells' process.
pub(super) struct Channel {
    state: Arc<(Mutex<State>, Condvar)>,
    socket: PathBuf,
    display: String,
    answers: Mutex<File>,
}

impl Channel {
    /// Listens in the session's directory.
    pub(super) fn open(directory: &Path, token: &str) -> Result<Self> {
        let socket = directory.join("socket");
        let listener =
            UnixListener::bind(&socket).with_context(|| format!("cannot listen at {}", socket.display()))?;
        let pipe = directory.join("answers");
        system::make_pipe(&pipe).with_context(|| format!("cannot make the pipe {}", pipe.display()))?;
        // Open for both, so that opening waits for nobody and an answer stays until it is read.
        let answers = File::options().read(true).write(true).open(&pipe)?;
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let reader = Reader {
            state: Arc::clone(&state),
            listener,
            control: None,
            streams: [None, None],
            parser: Parser::new(token),
            token: token.to_owned(),
            errors: Parser::new("\u{0}"),
            collected: None,
            pending_failure: None,
            pending_panic: None,
            controls: Vec::new(),
        };
        std::thread::Builder::new().name("kiln-output".into()).spawn(move || reader.run())?;
        Ok(Self {
            state,
            socket,
            display: format!("{token}:{}", pipe.display()),
            answers: Mutex::new(answers),
        })
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// What the cells' process hands to the toolkit: the token and the pipe of answers.
    pub(super) fn display(&self) -> &str {
        &self.display
    }

    /// Outputs go to `sink` from now on, and the report of a new cell begins.
    pub(super) fn begin(&self, sink: Sink) {
        let mut state = lock(&self.state.0);
        state.sink = Some(sink);
        state.report = Report::default();
        state.is_interrupted = false;
    }

    /// Notes that the cell is to stop, and tells its process if it runs; `false` if it is not running (yet).
    pub(super) fn interrupt(&self) -> bool {
        let mut state = lock(&self.state.0);
        state.is_interrupted = true;
        match state.process.filter(|_| state.is_running) {
            Some(process) => {
                system::send_signal(process, libc::SIGINT);
                true
            }
            None => false,
        }
    }

    /// Whether the cell is compiled and runs.
    pub(super) fn is_running(&self) -> bool {
        lock(&self.state.0).is_running
    }

    /// Whether the cell was to stop.
    pub(super) fn is_interrupted(&self) -> bool {
        lock(&self.state.0).is_interrupted
    }

    /// How the cell ended; waits until the reader has seen it, when the cell's process has died.
    pub(super) fn report(&self, process_ended: bool) -> Report {
        let mut state = lock(&self.state.0);
        if process_ended {
            let waited =
                self.state.1.wait_timeout_while(state, Duration::from_secs(2), |state| !state.report.ended);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.report.clone()
    }

    /// Ends the cells' process, for a reason that the cell's error tells.
    pub(super) fn end_process(&self, reason: String) {
        let mut state = lock(&self.state.0);
        if let Some(process) = state.process.take() {
            state.report.reason = Some(reason);
            system::send_signal(process, libc::SIGKILL);
        }
    }

    /// The number of the process that runs the cells.
    pub(super) fn process(&self) -> Option<u32> {
        lock(&self.state.0).process
    }

    /// Answers a request for input; `None` says that nobody can.
    pub(super) fn answer(&self, line: Option<&str>) -> std::io::Result<()> {
        let text = line.map_or(Value::Null, |line| Value::String(line.to_owned()));
        writeln!(self.answers.lock().unwrap_or_else(PoisonError::into_inner), "{text}")
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Reader {
    state: Arc<(Mutex<State>, Condvar)>,
    listener: UnixListener,
    control: Option<BufReader<UnixStream>>,
    streams: [Option<UnixStream>; 2],
    parser: Parser,
    token: String,
    errors: Parser,
    collected: Option<(Stream, String, Instant)>,
    pending_failure: Option<(String, String)>,
    pending_panic: Option<Panic>,
    controls: Vec<String>,
}

impl Reader {
    fn run(mut self) {
        // An error here is one of the session's own socket: without it there is no session.
        while let Ok(()) = self.step() {}
        self.process_ended();
    }

    fn step(&mut self) -> Result<()> {
        let mut descriptors = vec![self.listener.as_raw_fd()];
        let control = self.control.as_ref().map(|control| control.get_ref().as_raw_fd());
        descriptors.push(control.unwrap_or(-1));
        descriptors.extend(self.streams.iter().map(|stream| stream.as_ref().map_or(-1, AsRawFd::as_raw_fd)));
        let timeout = self.collected.as_ref().map(|(_, _, since)| COLLECT.saturating_sub(since.elapsed()));
        let ready = system::wait_readable(&descriptors, timeout)?;
        if ready[0] {
            self.accept()?;
        }
        for (index, stream) in [(2, Stream::Stdout), (3, Stream::Stderr)] {
            if ready[index] {
                self.read(stream, false);
            }
        }
        if ready[1] {
            self.read_control();
        }
        if self
            .collected
            .as_ref()
            .is_some_and(|(_, text, since)| since.elapsed() >= COLLECT || text.len() >= COLLECT_BYTES)
        {
            self.flush();
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        let (mut stream, _) = self.listener.accept()?;
        let mut purpose = [0];
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        if stream.read_exact(&mut purpose).is_err() {
            return Ok(());
        }
        match &purpose {
            b"c" => {
                self.parser = Parser::new(&self.token);
                self.control = Some(BufReader::new(stream));
            }
            b"o" => self.streams[0] = non_blocking(stream),
            b"e" => self.streams[1] = non_blocking(stream),
            _ => {}
        }
        Ok(())
    }

    /// Reads what is there from one stream; with `all`, until nothing more is there.
    fn read(&mut self, stream: Stream, all: bool) {
        let index = usize::from(stream == Stream::Stderr);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Some(source) = &mut self.streams[index] else { return };
            match source.read(&mut buffer) {
                Ok(0) => self.streams[index] = None,
                Ok(count) => {
                    let frames = match stream {
                        Stream::Stdout => self.parser.push(&buffer[..count]),
                        Stream::Stderr => self.errors.push(&buffer[..count]),
                    };
                    self.take(stream, frames);
                    if all {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => self.streams[index] = None,
            }
            return;
        }
    }

    fn read_all(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.read(stream, true);
        }
        let rest = self.parser.finish();
        self.take(Stream::Stdout, rest);
        let rest = self.errors.finish();
        self.take(Stream::Stderr, rest);
    }

    fn read_control(&mut self) {
        // Lines that were read together with the first do not make the descriptor ready again.
        while let Some(control) = &mut self.control {
            let mut line = String::new();
            match control.read_line(&mut line) {
                Ok(0) | Err(_) => {
                    self.control = None;
                    self.read_all();
                    self.process_ended();
                }
                Ok(_) => match line.trim_end().split_once(' ') {
                    Some(("hello", process)) => lock(&self.state.0).process = process.parse().ok(),
                    Some(("begin", _)) => self.begin_cell(),
                    Some(("end", interrupted)) => self.end_cell(interrupted == "1"),
                    _ => {}
                },
            }
            if self.control.as_ref().is_some_and(|control| control.buffer().is_empty()) {
                return;
            }
        }
    }

    /// The cell is compiled and runs now. An interrupt that came too late for the compiler stops it here.
    fn begin_cell(&mut self) {
        let mut state = lock(&self.state.0);
        state.is_running = true;
        if let (true, Some(process)) = (state.is_interrupted, state.process) {
            system::send_signal(process, libc::SIGINT);
        }
    }

    fn end_cell(&mut self, interrupted: bool) {
        self.read_all();
        self.settle();
        self.flush();
        let mut state = lock(&self.state.0);
        state.report.interrupted = interrupted;
        state.is_running = false;
        drop(state);
        let mut reply: String = self.controls.drain(..).map(|line| line + "\n").collect();
        reply.push_str("done\n");
        if let Some(control) = &mut self.control {
            // If the process is gone, the next read of its control stream says so.
            let _ = control.get_mut().write_all(reply.as_bytes());
        }
    }

    fn process_ended(&mut self) {
        let panic = self.pending_panic.take();
        self.settle();
        self.flush();
        self.controls.clear();
        let mut state = lock(&self.state.0);
        state.process = None;
        state.is_running = false;
        state.report.ended = true;
        state.report.panic = state.report.panic.take().or(panic);
        self.state.1.notify_all();
    }

    fn take(&mut self, stream: Stream, frames: Vec<Frame>) {
        for frame in frames {
            match frame {
                Frame::Text(text) => {
                    self.show_failure_as_text();
                    self.collect(stream, &text);
                }
                Frame::Message(message) => self.message(message),
                Frame::Control(line) => self.control_line(line),
                Frame::Content { mime, text } => {
                    let value = if mime.ends_with("json") {
                        serde_json::from_str(&text).unwrap_or(Value::String(text))
                    } else {
                        Value::String(text)
                    };
                    self.emit(Output::Result { data: Map::from_iter([(mime, value)]), metadata: Map::new() });
                }
            }
        }
    }

    fn control_line(&mut self, line: String) {
        match line.as_str() {
            "EVCXR_PANIC_NOTIFICATION" => {
                lock(&self.state.0).report.panic = Some(self.pending_panic.take().unwrap_or_default());
            }
            "EVCXR_ERROR_OCCURRED" => {
                lock(&self.state.0).report.failure = Some(self.pending_failure.take().unwrap_or_default());
            }
            _ => {}
        }
        self.controls.push(line);
    }

    fn message(&mut self, mut message: Value) {
        let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let mut object = |key: &str| match message[key].take() {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let (data, metadata) = (object("data"), object("metadata"));
        self.show_failure_as_text();
        match message["op"].as_str().unwrap_or_default() {
            "display" => {
                let id = message["id"].as_str().map(str::to_owned);
                self.emit(Output::Display { data, metadata, id });
            }
            "update" => self.emit(Output::Update { data, metadata, id: text(&message, "id") }),
            "result" => self.emit(Output::Result { data, metadata }),
            "clear" => self.emit(Output::Clear { wait: message["wait"] == Value::Bool(true) }),
            "input" => {
                let password = message["password"] == Value::Bool(true);
                self.emit(Output::Input { prompt: text(&message, "prompt"), password });
            }
            "failure" => self.pending_failure = Some((text(&message, "message"), text(&message, "type"))),
            "panic" => {
                let location = serde_json::from_value(message["location"].take()).unwrap_or_default();
                let panic = Panic { message: text(&message, "message"), location };
                match message["thread"].as_str() {
                    // The cell's own thread: whether it ends the cell, the end of the cell says.
                    None => {
                        self.show_panic_as_text("the cell");
                        self.pending_panic = Some(panic);
                    }
                    Some(thread) => {
                        let before = self.pending_panic.replace(panic);
                        self.show_panic_as_text(&format!("thread '{thread}'"));
                        self.pending_panic = before;
                    }
                }
            }
            _ => {}
        }
    }

    /// What was held back because it might end the cell, and did not.
    fn settle(&mut self) {
        self.show_failure_as_text();
        self.show_panic_as_text("the cell (caught)");
    }

    fn show_failure_as_text(&mut self) {
        if let Some((message, _)) = self.pending_failure.take() {
            self.collect(Stream::Stderr, &format!("{message}\n"));
        }
    }

    fn show_panic_as_text(&mut self, who: &str) {
        if let Some(panic) = self.pending_panic.take() {
            let place = panic
                .location
                .map(|(file, line, column)| format!(" at {file}:{line}:{column}"))
                .unwrap_or_default();
            self.collect(Stream::Stderr, &format!("{who} panicked{place}: {}\n", panic.message));
        }
    }

    fn collect(&mut self, stream: Stream, text: &str) {
        match &mut self.collected {
            Some((of, collected, _)) if *of == stream => collected.push_str(text),
            _ => {
                self.flush();
                self.collected = Some((stream, text.to_owned(), Instant::now()));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((stream, text, _)) = self.collected.take() {
            self.give(Output::Text(stream, text));
        }
    }

    fn emit(&mut self, output: Output) {
        self.flush();
        self.give(output);
    }

    fn give(&self, output: Output) {
        let sink = lock(&self.state.0).sink.clone();
        if let Some(sink) = sink {
            sink(output);
        }
    }
}

fn non_blocking(stream: UnixStream) -> Option<UnixStream> {
    stream.set_nonblocking(true).ok().map(|()| stream)
}
