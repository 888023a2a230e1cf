//! A finished evaluator that stands by, so that the next kernel need not wait for its own.
//!
//! Most of a start is evcxr's and rust-analyzer's, and the same for every notebook. So a kernel that has nothing to do, and
//! `cargo lab`, start a process that does this part ahead and then waits at a socket. A kernel that starts connects to it
//! and hands everything over that makes it that kernel: the connection's ports and key, its directory, its environment,
//! its standard streams. The process that was started stays as a thin one before it (see [`front`]): it passes signals on,
//! and each of the two ends with the other.
//!
//! - Only its owner can reach the socket: it lies in a directory that nobody else may enter, and both sides check who is
//!   at the other end.
//! - Its name is a hash of all that the evaluator was made of ([`fingerprint`]). A kernel for an edited toolkit, another
//!   toolchain or other settings looks for another name; the old process sees that it is out of date, and ends.
//! - It also ends unused after half an hour (`KILN_STANDBY_FOR`, in seconds), and as soon as memory is short. One at most
//!   stands by for each name.
//! - `KILN_STANDBY=0` turns all of this off; so does `CI`, where nobody waits.

mod fingerprint;
mod front;
mod streams;
mod wait;

pub(crate) use front::hand_over;
pub(crate) use wait::{Handed, main as wait_for_kernel};

use crate::paths;
use crate::session::{Session, free_memory, user_environment};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Whether evaluators may stand by: `1` yes, `0` no; without it yes, unless `CI` is set.
const VARIABLE: &str = "KILN_STANDBY";
/// How long a kernel has nothing to do before it prepares the next one's evaluator: `KILN_STANDBY_AFTER` seconds, or these.
const IDLE: u64 = 15;
/// How much memory must be free before an evaluator is started to stand by.
const FREE_TO_START: u64 = 3 << 30;

/// Whether evaluators may stand by.
pub(crate) fn is_on() -> bool {
    match std::env::var(VARIABLE) {
        Ok(value) => value != "0",
        Err(_) => std::env::var_os("CI").is_none(),
    }
}

/// A number of seconds that a variable sets, or else `default`.
fn seconds(variable: &str, default: u64) -> Duration {
    let asked = std::env::var(variable).ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(default))
}

/// Whether one stands by for a kernel that would start now, and where, for people.
///
/// # Errors
/// When there is no place for its socket.
pub(crate) fn described() -> Result<String> {
    if !is_on() {
        return Ok(format!("turned off by {VARIABLE}=0 or CI"));
    }
    let place = Place::find()?;
    let (taken, socket) = (place.is_taken(), place.socket.display());
    Ok(match (taken, UnixStream::connect(&place.socket).is_ok()) {
        (_, true) => format!("ready for the next kernel, at {socket}"),
        (true, false) => format!("being prepared, for {socket}"),
        _ => format!("none now; a kernel without work prepares one, for {socket}"),
    })
}

/// Starts a process that prepares an evaluator and stands by, unless one is there, memory is short, or the toolkit is to be
/// built first.
///
/// `variables` are those in which the kernel to come will differ from this process. What stands by is no child of this
/// process, which may have become Jupyter by then, and waits for no child.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn prepare(variables: &[(String, String)]) -> Result<()> {
    if !is_on() {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("standby").env_clear().envs(user_environment());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot prepare the next evaluator")?;
    Ok(())
}

fn start() -> Result<()> {
    if free_memory().is_some_and(|free| free < FREE_TO_START)
        || !crate::bundle::is_prebuilt()?
        || Place::find()?.is_taken()
    {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["standby", "--serve"]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    streams::in_session_of_its_own(&mut command);
    command.spawn().context("cannot start a process that stands by")?;
    Ok(())
}

/// Prepares an evaluator as soon as this kernel has been idle for a while, once.
pub(crate) fn prepare_when_idle(session: &Session, since: &mut Option<Instant>) -> bool {
    if !session.is_idle() {
        *since = None;
        return false;
    }
    if since.get_or_insert_with(Instant::now).elapsed() < seconds("KILN_STANDBY_AFTER", IDLE) {
        return false;
    }
    if let Err(error) = prepare(&[]) {
        eprintln!("kiln: {error:#}");
    }
    true
}

/// The command `kiln standby`: prepares an evaluator; with `wait` it returns when one is ready.
///
/// # Errors
/// When standing by is turned off, or no evaluator gets ready.
pub(crate) fn prepare_and_wait(wait: bool) -> Result<()> {
    if !is_on() {
        bail!("no evaluator may stand by: {VARIABLE}=0 or CI is set\nhelp: set {VARIABLE}=1");
    }
    if wait {
        crate::bundle::prebuild(&mut |line| eprintln!("{line}"))?;
    }
    start()?;
    let since = Instant::now();
    let place = Place::find()?;
    while wait && UnixStream::connect(&place.socket).is_err() {
        if since.elapsed() > Duration::from_secs(120) {
            bail!("no evaluator is standing by after two minutes (is memory short?)");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Where an evaluator of one fingerprint stands by.
#[derive(Debug)]
struct Place {
    socket: PathBuf,
    lock: PathBuf,
    fingerprint: String,
}

impl Place {
    fn find() -> Result<Self> {
        let directory = paths::sessions()?.join("standby");
        match std::fs::DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", directory.display()));
            }
            _ => {}
        }
        Ok(Self::within(&directory, fingerprint::of_now()?))
    }

    fn within(directory: &Path, fingerprint: String) -> Self {
        let (socket, lock) = (directory.join(&fingerprint), directory.join(format!("{fingerprint}.lock")));
        Self { socket, lock, fingerprint }
    }

    /// Removes the files of processes that were killed.
    fn remove_leftovers(&self) {
        let directory = self.lock.parent().unwrap_or(Path::new("/"));
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".lock"));
            if let Some(name) = name.filter(|name| *name != self.fingerprint) {
                // What can be taken is nobody's, and goes when it is let go.
                drop(Self::within(directory, name.to_owned()).take());
            }
        }
    }

    /// Takes the place; `None` if another process has it.
    fn take(&self) -> Result<Option<Taken<'_>>> {
        loop {
            let file =
                File::create(&self.lock).with_context(|| format!("cannot write {}", self.lock.display()))?;
            if file.try_lock().is_err() {
                return Ok(None);
            }
            // Its last holder may have removed the file after this process had opened it.
            let is_same =
                |about: std::fs::Metadata| file.metadata().is_ok_and(|own| own.ino() == about.ino());
            if std::fs::metadata(&self.lock).is_ok_and(is_same) {
                return Ok(Some(Taken { place: self, _lock: file }));
            }
        }
    }

    fn is_taken(&self) -> bool {
        self.take().is_ok_and(|taken| taken.is_none())
    }
}

/// A place that this process has; its files go with it.
#[derive(Debug)]
struct Taken<'a> {
    place: &'a Place,
    _lock: File,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // Still locked, so these are nobody else's.
        for file in [&self.place.socket, &self.place.lock] {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Everything that makes a kernel the one that was started.
#[derive(Debug)]
struct Identity {
    /// The text of the connection file.
    connection: String,
    directory: PathBuf,
    environment: Map<String, Value>,
}

impl Identity {
    fn of_this_process(connection: &str) -> Result<Self> {
        let environment = std::env::vars_os()
            // What is no text cannot be handed over as such, and is rare enough to go without.
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, Value::String(value.into_string().ok()?)))
            })
            .collect();
        Ok(Self { connection: connection.to_owned(), directory: std::env::current_dir()?, environment })
    }

    fn to_line(&self) -> String {
        let value = serde_json::json!({
            "connection": self.connection,
            "directory": self.directory.to_string_lossy(),
            "environment": self.environment,
        });
        format!("{value}\n")
    }

    fn from_line(line: &str) -> Result<Self> {
        let mut value: Value = serde_json::from_str(line)?;
        let text =
            |value: &Value, key: &str| value[key].as_str().map(str::to_owned).context("a part is missing");
        Ok(Self {
            connection: text(&value, "connection")?,
            directory: text(&value, "directory")?.into(),
            environment: value["environment"].as_object_mut().map(std::mem::take).unwrap_or_default(),
        })
    }
}

/// Reads one line that the other side must send within a while.
fn read_line(stream: &mut BufReader<UnixStream>, within: Duration) -> Result<String> {
    stream.get_ref().set_read_timeout(Some(within))?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    if !line.ends_with('\n') {
        bail!("the other side is gone");
    }
    line.pop();
    Ok(line)
}

fn write_line(stream: &mut BufReader<UnixStream>, line: &str) -> Result<()> {
    stream.get_mut().write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One process has a place at a time, and leaves no file.
    #[test]
    fn a_place_is_taken_once() {
        let directory = std::env::temp_dir().join(format!("kiln-place-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let place = Place::within(&directory, "a".into());
        assert!(!place.is_taken());
        let taken = place.take().unwrap().unwrap();
        assert!(place.is_taken() && place.take().unwrap().is_none());
        for left in ["b", "b.lock"] {
            std::fs::write(directory.join(left), "").unwrap();
        }
        let other = Place::within(&directory, "c".into());
        let others = other.take().unwrap();
        place.remove_leftovers();
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2, "the locks that are held");
        drop((taken, others));
        assert!(!place.is_taken());
        // Empty, or this fails.
        std::fs::remove_dir(directory).unwrap();
    }

    /// What is handed over arrives as it was.
    #[test]
    fn an_identity_survives_the_way() {
        let environment = Map::from_iter([("A".to_owned(), Value::from("b\nc 가"))]);
        let identity = Identity { connection: "{\n}".into(), directory: "/a b".into(), environment };
        let line = identity.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        let arrived = Identity::from_line(line.trim_end()).unwrap();
        assert_eq!(arrived.connection, identity.connection);
        assert_eq!(arrived.directory, identity.directory);
        assert_eq!(arrived.environment, identity.environment);
        assert!(Identity::from_line("{}").is_err());
    }
}
