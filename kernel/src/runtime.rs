//! The process that loads and runs the cells of one session.
//!
//! evcxr starts it, sends `LOAD_AND_RUN library function` on its standard input, and waits for a line on its standard
//! output. This process keeps those two descriptors for itself, and gives the cells others: what a cell prints, shows or
//! panics with goes over a socket straight to the session (see `session::channel`), so that it arrives at once, without a
//! line end, in order, and is not lost when the process dies. Before it tells evcxr that a cell is complete it asks the
//! session, which has then read everything, which of evcxr's own lines were in that output, and passes those on.
// Loading a cell's library and calling into it is what this process is for, and descriptors and signals belong to the
// operating system: none of that can be had in safe code.
#![allow(unsafe_code)]

mod hooks;

use anyhow::{Context, Result, anyhow};
use hooks::Hooks;
use std::ffi::c_void;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

/// Set by evcxr in the process that runs the cells.
pub const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// The socket on which the session waits for this process.
pub(crate) const SOCKET: &str = "KILN_RUNTIME_SOCKET";
/// The file with the toolkit's dynamic library.
pub(crate) const LIBRARY: &str = "KILN_RUNTIME_LIBRARY";
/// The token and the answers' file of the display channel, as `token:file`.
pub(crate) const DISPLAY: &str = "KILN_RUNTIME_DISPLAY";
/// What the toolkit reads: see `toolkit/src/notebook/channel.rs`.
const CHANNEL: &str = "KILN_CHANNEL";

/// The line by which evcxr knows that a cell is complete.
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";

/// Runs cells until standard input is closed.
pub fn run() -> ExitCode {
    let failed = |error: anyhow::Error| {
        eprintln!("the process that runs the cells cannot go on: {error:#}");
        ExitCode::FAILURE
    };
    match Runtime::start() {
        // What is said while the connection is open belongs to the cell that runs.
        Ok(mut runtime) => runtime.serve().map_or_else(failed, |()| ExitCode::SUCCESS),
        Err(error) => failed(error),
    }
}

struct Runtime {
    commands: BufReader<File>,
    replies: File,
    session: BufReader<UnixStream>,
    hooks: Hooks,
    /// The store of variables, made by the first cell and handed from cell to cell.
    variables: *mut c_void,
}

impl Runtime {
    fn start() -> Result<Self> {
        end_with_parent();
        let commands = take_over(libc::STDIN_FILENO)?;
        let replies = take_over(libc::STDOUT_FILENO)?;
        let socket = PathBuf::from(std::env::var_os(SOCKET).context("this is started by a session only")?);
        let connect = |purpose: &[u8]| -> Result<UnixStream> {
            let mut stream = UnixStream::connect(&socket)
                .with_context(|| format!("no session at {}", socket.display()))?;
            stream.write_all(purpose)?;
            Ok(stream)
        };
        let session = connect(b"c")?;
        replace(libc::STDIN_FILENO, File::open("/dev/null")?.as_raw_fd())?;
        replace(libc::STDOUT_FILENO, connect(b"o")?.as_raw_fd())?;
        replace(libc::STDERR_FILENO, connect(b"e")?.as_raw_fd())?;
        if let Ok(display) = std::env::var(DISPLAY) {
            // Programs that a cell starts inherit the variable, but not the process number in it.
            // SAFETY: this process has one thread so far.
            unsafe { std::env::set_var(CHANNEL, format!("{}:{display}", std::process::id())) };
        }
        for name in [SOCKET, DISPLAY] {
            // SAFETY: as above.
            unsafe { std::env::remove_var(name) };
        }
        let hooks = Hooks::load(std::env::var_os(LIBRARY).map(PathBuf::from).as_deref());
        hooks.attach();
        hooks::handle_interrupts();
        let mut runtime = Self {
            commands: BufReader::new(commands),
            replies,
            session: BufReader::new(session),
            hooks,
            variables: std::ptr::null_mut(),
        };
        writeln!(runtime.session.get_mut(), "hello {}", std::process::id())?;
        Ok(runtime)
    }

    fn serve(&mut self) -> Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.commands.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (library, function) = parse_command(line.trim_end())?;
            self.run_cell(library, function)?;
        }
    }

    fn run_cell(&mut self, library: &str, function: &str) -> Result<()> {
        // SAFETY: the library was compiled from a cell a moment ago; its initialisers are the user's own code.
        let library = unsafe { libloading::Library::new(library) }?;
        self.hooks.begin_cell();
        writeln!(self.session.get_mut(), "begin {}", std::process::id())?;
        {
            // SAFETY: evcxr generates the function with this signature.
            let function =
                unsafe { library.get::<extern "C" fn(*mut c_void) -> *mut c_void>(function.as_bytes()) }?;
            self.variables = function(self.variables);
        }
        let interrupted = self.hooks.end_cell();
        // Never unloaded: variables, threads and thread-local destructors may live in it.
        std::mem::forget(library);
        // SAFETY: a null pointer means every stream of the C library, where libraries in C print.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        self.complete_cell(interrupted)
    }

    /// Tells the session that the cell is over, and evcxr what the session saw in the cell's output.
    fn complete_cell(&mut self, interrupted: bool) -> Result<()> {
        writeln!(self.session.get_mut(), "end {}", u8::from(interrupted))?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.session.read_line(&mut line)? == 0 {
                return Err(anyhow!("the session is gone"));
            }
            let reply = line.trim_end();
            if reply == "done" {
                break;
            }
            writeln!(self.replies, "{reply}")?;
        }
        writeln!(self.replies, "{COMPLETE}")?;
        Ok(())
    }
}

fn parse_command(line: &str) -> Result<(&str, &str)> {
    line.strip_prefix("LOAD_AND_RUN ")
        .and_then(|rest| rest.rsplit_once(' '))
        .ok_or_else(|| anyhow!("unknown command `{line}`"))
}

/// Moves a descriptor out of the way of the cells' code, and of the programs that it starts.
fn take_over(descriptor: RawFd) -> Result<File> {
    // SAFETY: the descriptor is one of the three standard ones.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 10) };
    if copy < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: the copy was made above and has no other owner.
    Ok(unsafe { File::from_raw_fd(copy) })
}

fn replace(descriptor: RawFd, by: RawFd) -> Result<()> {
    // SAFETY: both descriptors are open.
    if unsafe { libc::dup2(by, descriptor) } < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(())
}

/// Ends this process when the kernel dies, even in the middle of a long cell.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    // SAFETY: sets an attribute of this process.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path with spaces is one path.
    #[test]
    fn commands_name_a_library_and_a_function() {
        assert_eq!(parse_command("LOAD_AND_RUN /a b/c.so f_1").ok(), Some(("/a b/c.so", "f_1")));
        assert!(parse_command("RUN x").is_err());
    }
}
