//! What Kiln's kernel calls in the process that runs the cells; no part of the toolkit's public interface.

use super::channel::{Message, send};
use std::any::type_name;
use std::fmt::Display;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// How long text without a line end may stay in the buffer of standard output.
const FLUSH_INTERVAL: Duration = Duration::from_millis(30);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static RUNNING: AtomicBool = AtomicBool::new(false);
static FLUSHER: OnceLock<Thread> = OnceLock::new();

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Sets the flag of [`super::interrupted`]; safe to call in a signal handler.
pub fn set_interrupted() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Prepares the process: panics are reported to the kernel, and unfinished lines are handed on while a cell runs.
pub fn attach() {
    std::panic::set_hook(Box::new(report_panic));
    let flusher = std::thread::Builder::new().name("kiln-flush".into()).spawn(|| {
        loop {
            if RUNNING.load(Ordering::Acquire) {
                std::thread::sleep(FLUSH_INTERVAL);
                let _ = std::io::stdout().flush();
            } else {
                std::thread::park();
            }
        }
    });
    if let Ok(flusher) = flusher {
        let _ = FLUSHER.set(flusher.thread().clone());
    }
}

/// A cell begins: it is not interrupted.
pub fn begin_cell() {
    INTERRUPTED.store(false, Ordering::Relaxed);
    RUNNING.store(true, Ordering::Release);
    if let Some(flusher) = FLUSHER.get() {
        flusher.unpark();
    }
}

/// A cell has ended: all it printed is handed on. Says whether it was interrupted.
pub fn end_cell() -> bool {
    RUNNING.store(false, Ordering::Release);
    let _ = std::io::stdout().flush();
    is_interrupted()
}

/// Reports the error by which a cell ended early through `?`; an error with causes, such as `anyhow`'s, names them all.
pub fn report_failure<E: Display + ?Sized>(error: &E) {
    send(&Message::Failure { message: format!("{error:#}"), type_name: type_name::<E>() });
}

fn report_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a panic with a payload that is no text").to_owned();
    let location = info.location().map(|at| (at.file().to_owned(), at.line(), at.column()));
    let thread = std::thread::current();
    // The cells run on the process's first thread, which is not one that the cells' standard library has named.
    let thread = match thread.name() {
        None | Some("main") => (!is_first_thread()).then(|| "<unnamed>".to_owned()),
        Some(name) => Some(name.to_owned()),
    };
    send(&Message::Panic { message, location, thread });
}

fn is_first_thread() -> bool {
    // The first thread's number is the process's number, and `/proc/thread-self` names both.
    std::fs::read_link("/proc/thread-self").ok().is_none_or(|link| {
        let mut parts = link.iter().rev().map(|part| part.to_string_lossy().into_owned());
        let (thread, _, process) = (parts.next(), parts.next(), parts.next());
        thread == process
    })
}
