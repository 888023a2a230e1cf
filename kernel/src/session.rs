//! A session: its evaluator, the cells that wait for it, and what a front end may ask meanwhile.
//!
//! The evaluator lives on a thread of its own and starts at once, in the background; requests queue for it. An interrupt
//! goes past the queue.

mod cell;
mod channel;
mod complete;
mod dependencies;
mod diagnostics;
mod directory;
mod evaluator;
mod frames;
mod items;
mod memory;
mod metadata;
mod output;
mod probe;
mod std_methods;
mod system;
mod types;

pub(crate) use cell::{Piece, pieces};
pub use channel::Sink;
pub use complete::{Completeness, completeness};
pub(crate) use memory::described_limit as memory_limit;
pub(crate) use metadata::{REAL_CARGO, filter as filter_metadata};
pub use output::{CellError, Output, Stream};
pub(crate) use system::{Parent, ignore_interrupts, user};

use anyhow::Result;
use channel::Channel;
use directory::Directory;
use evaluator::Evaluator;
use std::sync::mpsc::{Receiver, Sender, channel as queue};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long an interrupted cell may take to react before its process is ended.
const GRACE: Duration = Duration::from_secs(4);

/// What completion offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// The texts, each for the range `start..end`.
    pub matches: Vec<String>,
    /// What each is: `function`, `struct`, ...
    pub kinds: Vec<String>,
    /// Where the replaced text begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

enum Request {
    Execute { code: String, sink: Sink, done: Box<dyn FnOnce(Result<(), CellError>) + Send> },
    Complete { code: String, at: usize, done: Box<dyn FnOnce(Completions) + Send> },
    Inspect { code: String, at: usize, done: Box<dyn FnOnce(Option<(String, String)>) + Send> },
}

/// A session; dropping it ends its processes and removes its directory.
pub struct Session {
    requests: Mutex<Option<Sender<Request>>>,
    channel: Arc<Channel>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    /// The number of cells started so far, so that the grace period of one does not end another.
    cells: Mutex<u64>,
    closing: std::sync::atomic::AtomicBool,
}

impl Session {
    /// Starts a session. `log` gets what happens in the background, line by line.
    ///
    /// # Errors
    /// When the session's directory or its socket cannot be made. What goes wrong later is the first cell's error.
    pub fn start(log: impl Fn(&str) + Send + 'static) -> Result<Self> {
        let directory = Directory::create()?;
        let token = format!(
            "{:x}{:x}",
            std::process::id(),
            std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos())
        );
        let channel = Arc::new(Channel::open(directory.path(), &token)?);
        if let Some(limit) = memory::limit()? {
            memory::watch(&channel, limit)?;
        }
        crate::paths::cargo_home()?;
        environment::prepare(directory.path());
        let (requests, queued) = queue();
        let shared = Arc::new(Shared::default());
        let worker = Worker { directory, channel: Arc::clone(&channel), shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new()
            .name("kiln-evaluator".into())
            .stack_size(64 << 20)
            .spawn(move || worker.run(&queued, &log))?;
        Ok(Self { requests: Mutex::new(Some(requests)), channel, shared, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a cell. Its outputs go to `sink` while it runs; `done` gets its end.
    pub fn execute(
        &self,
        code: String,
        sink: Sink,
        done: impl FnOnce(Result<(), CellError>) + Send + 'static,
    ) {
        self.request(Request::Execute { code, sink, done: Box::new(done) });
    }

    /// Runs a cell and waits for its end.
    ///
    /// # Errors
    /// The error that ended the cell.
    pub fn run(&self, code: &str, sink: Sink) -> Result<(), CellError> {
        let (sender, receiver) = queue();
        self.execute(code.to_owned(), sink, move |result| {
            let _ = sender.send(result);
        });
        receiver.recv().unwrap_or_else(|_| Err(CellError::new("KernelError", "the evaluator has ended")))
    }

    /// Queues a request for completion at a byte of `code`.
    pub fn complete(&self, code: String, at: usize, done: impl FnOnce(Completions) + Send + 'static) {
        self.request(Request::Complete { code, at, done: Box::new(done) });
    }

    /// Queues a request for what is known of the name at a byte of `code`: as text, and as Markdown.
    pub fn inspect(
        &self,
        code: String,
        at: usize,
        done: impl FnOnce(Option<(String, String)>) + Send + 'static,
    ) {
        self.request(Request::Inspect { code, at, done: Box::new(done) });
    }

    /// Asks the running cell to stop: while it is compiled, by ending the compiler; while it runs, by the flag that the
    /// toolkit's loops read. If it does not react within a few seconds, its process is ended.
    pub fn interrupt(&self) {
        if !self.channel.interrupt() {
            end_compilers(self.channel.process());
            return;
        }
        let (shared, channel) = (Arc::clone(&self.shared), Arc::clone(&self.channel));
        let interrupted_cell = *lock(&shared.cells);
        std::thread::spawn(move || {
            let since = Instant::now();
            while since.elapsed() < GRACE {
                std::thread::sleep(Duration::from_millis(50));
                if *lock(&shared.cells) != interrupted_cell || !channel.is_running() {
                    return;
                }
            }
            if let Some(process) = channel.process() {
                system::send_signal(process, libc::SIGKILL);
            }
        });
    }

    /// Gives a line to the cell that waits for input; `None` says that nobody can answer.
    pub fn answer(&self, line: Option<&str>) {
        // A cell that is gone waits for nothing.
        let _ = self.channel.answer(line);
    }

    fn request(&self, request: Request) {
        if let Some(requests) = &*lock(&self.requests) {
            // Fails only when the evaluator's thread has ended; dropping the request tells its sender.
            let _ = requests.send(request);
        }
    }
}

impl Session {
    /// Ends the session's processes and removes its directory; what is asked afterwards is not answered.
    pub fn close(&self) {
        self.shared.closing.store(true, std::sync::atomic::Ordering::Release);
        *lock(&self.requests) = None;
        let since = Instant::now();
        if let Some(thread) = lock(&self.thread).take() {
            while !thread.is_finished() && since.elapsed() < Duration::from_secs(5) {
                if let Some(process) = self.channel.process() {
                    system::send_signal(process, libc::SIGKILL);
                }
                end_compilers(None);
                std::thread::sleep(Duration::from_millis(10));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("process", &self.channel.process()).finish_non_exhaustive()
    }
}

/// The evaluator's thread.
struct Worker {
    // Before the directory: the evaluator's process is ended before its files go.
    channel: Arc<Channel>,
    shared: Arc<Shared>,
    directory: Directory,
}

impl Worker {
    fn run(self, queued: &Receiver<Request>, log: &dyn Fn(&str)) {
        let mut evaluator = match Evaluator::start(&self.directory, &self.channel, &mut |line| log(line)) {
            Ok(evaluator) => Ok(evaluator),
            Err(error) => {
                log(&format!("the evaluator does not start: {error:#}"));
                Err(CellError::new("KernelError", format!("the evaluator does not start: {error:#}")))
            }
        };
        while let Ok(request) = queued.recv() {
            if self.shared.closing.load(std::sync::atomic::Ordering::Acquire) {
                break;
            }
            *lock(&self.shared.cells) += 1;
            match (request, &mut evaluator) {
                (Request::Execute { code, sink, done }, Ok(evaluator)) => {
                    done(evaluator.execute(&code, &sink));
                }
                (Request::Execute { done, .. }, Err(error)) => done(Err(error.clone())),
                (Request::Complete { code, at, done }, Ok(evaluator)) => {
                    done(complete::complete(evaluator, &code, at));
                }
                (Request::Complete { done, .. }, Err(_)) => done(Completions::default()),
                (Request::Inspect { code, at, done }, Ok(evaluator)) => {
                    done(complete::inspect(evaluator, &code, at));
                }
                (Request::Inspect { done, .. }, Err(_)) => done(None),
            }
        }
        if let Ok(evaluator) = evaluator {
            // The process ends by itself when its input closes, unless a cell of it has left something running.
            let handle = evaluator.handle();
            let _ = handle.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    }
}

/// Ends cargo and the compilers that this process has started, but not the process `except`.
fn end_compilers(except: Option<u32>) {
    for process in system::descendants(std::process::id()) {
        if Some(process) != except {
            system::send_signal(process, libc::SIGKILL);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

mod environment {
    //! What evcxr reads from the environment of this process.
    // There is no other way to tell evcxr.
    #![allow(unsafe_code)]

    use std::path::{Path, PathBuf};

    /// What stands for `CARGO_HOME` in this process while a session lives.
    pub(super) fn cargo_home(directory: &Path) -> PathBuf {
        directory.join("cargo-home")
    }

    /// Sets the directory of the session that starts next.
    pub(super) fn prepare(directory: &Path) {
        // No sources of the standard library for rust-analyzer: the compiler finds the types of variables (`probe`).
        let values = [
            ("EVCXR_TMPDIR", directory.join("cells")),
            ("EVCXR_CONFIG_DIR", directory.to_owned()),
            ("RUST_SRC_PATH", directory.join("no-sources")),
            // Where rust-analyzer looks for cargo; see `metadata`.
            ("CARGO_HOME", cargo_home(directory)),
        ];
        // rust-analyzer takes a path only if it has this folder.
        let _ = std::fs::create_dir_all(directory.join("no-sources/core"));
        for (name, value) in values {
            // SAFETY: called where a session begins, before its threads do; no other thread of this program changes
            // the environment, and those of earlier sessions do not read it while one begins.
            unsafe { std::env::set_var(name, value) };
        }
    }
}
