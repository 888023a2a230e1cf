//! Calls to the operating system that the standard library lacks: waiting on several descriptors, signals, named pipes.
// Each function is a thin wrapper over one C function, whose arguments are valid by construction.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io::{Error, Result};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// Waits until one of the descriptors can be read (or was closed by the other side); says for each whether it can.
pub(super) fn wait_readable(descriptors: &[RawFd], timeout: Option<Duration>) -> Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        descriptors.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let timeout = timeout.map_or(-1, |timeout| i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX));
    // SAFETY: the pointer and the length describe `polled`.
    let count = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout) };
    if count < 0 {
        let error = Error::last_os_error();
        return if error.kind() == std::io::ErrorKind::Interrupted {
            Ok(vec![false; descriptors.len()])
        } else {
            Err(error)
        };
    }
    Ok(polled.iter().map(|entry| entry.revents != 0).collect())
}

/// Sends a signal to a process; one that has ended is no error.
pub(super) fn send_signal(process: u32, signal: i32) {
    if let Ok(process) = libc::pid_t::try_from(process)
        && process > 1
    {
        // SAFETY: has no memory effects.
        unsafe { libc::kill(process, signal) };
    }
}

/// Whether a process of this number is there.
pub(super) fn is_running(process: u32) -> bool {
    // SAFETY: signal 0 only checks.
    libc::pid_t::try_from(process).is_ok_and(|process| unsafe { libc::kill(process, 0) } == 0)
}

/// The number of the user who runs this process.
pub(crate) fn user() -> u32 {
    // SAFETY: always succeeds.
    unsafe { libc::getuid() }
}

/// Makes a named pipe that only its owner may use.
pub(super) fn make_pipe(path: &Path) -> Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the name is a C string.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } < 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// Makes an interrupt from the terminal, which goes to the whole process group, no concern of this process.
pub(crate) fn ignore_interrupts() {
    // SAFETY: sets a signal's disposition; cargo and the cells' process set their own.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
}

/// All processes that `process` has started, and those that they have.
pub(super) fn descendants(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop() {
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                found.push(child);
                parents.push(child);
            }
        }
    }
    found
}

/// The process that asked, by `JPY_PARENT_PID` as Jupyter does, that this one end with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// It has started this process itself.
    Own(u32),
    /// Another process, such as a script, stands between.
    Distant(u32),
    /// It ended before this process could look.
    Gone,
    /// Nobody asked, or the number says nothing here.
    None,
}

impl Parent {
    pub(crate) fn find() -> Self {
        let asked = std::env::var("JPY_PARENT_PID").ok().and_then(|parent| parent.parse().ok());
        let own = std::os::unix::process::parent_id();
        match asked {
            Some(asked) if asked == own => Self::Own(asked),
            Some(asked) if is_running(asked) => Self::Distant(asked),
            // An orphan belongs to the first process.
            Some(_) if own == 1 => Self::Gone,
            _ => Self::None,
        }
    }

    pub(crate) fn is_gone(self) -> bool {
        match self {
            Self::Own(parent) => std::os::unix::process::parent_id() != parent,
            Self::Distant(parent) => !is_running(parent),
            Self::Gone => true,
            Self::None => false,
        }
    }
}
