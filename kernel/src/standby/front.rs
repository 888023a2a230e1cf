//! The thin process before an evaluator that stood by: what the front end started, and watches.

use super::{Identity, Place, read_line, streams, write_line};
use crate::session::{self, Parent};
use anyhow::{Context, Result, bail};
use std::io::{BufReader, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long a process that stands by may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Has an evaluator that stands by be the kernel of this connection, and stays until it ends; `None` if none stands by.
///
/// # Errors
/// When that kernel ends by an error, or is gone without a word.
pub(crate) fn hand_over(connection: &str) -> Option<Result<()>> {
    // What is wrong in this kernel's settings is its own to tell.
    if !super::is_on() || session::memory_limit().is_err() {
        return None;
    }
    match connect(connection) {
        Ok((stream, process)) => Some(stay(stream, process)),
        // That nobody stands by is the ordinary case; a kernel starts as well without.
        Err(_) => None,
    }
}

fn connect(connection: &str) -> Result<(BufReader<UnixStream>, u32)> {
    let place = Place::find()?;
    let stream = UnixStream::connect(&place.socket)?;
    if !streams::is_of_same_user(&stream) {
        bail!("{} belongs to someone else", place.socket.display());
    }
    stream.set_write_timeout(Some(ANSWER))?;
    streams::send(&stream)?;
    let mut stream = BufReader::new(stream);
    write_line(&mut stream, Identity::of_this_process(connection)?.to_line().trim_end())?;
    let answer = read_line(&mut stream, ANSWER)?;
    let process = answer.strip_prefix("taken ").and_then(|process| process.parse().ok());
    let process = process.context("the process that stands by does not take the kernel over")?;
    // From here on it is that process's: this one may not open the ports any more.
    write_line(&mut stream, "go")?;
    Ok((stream, process))
}

fn stay(mut stream: BufReader<UnixStream>, process: u32) -> Result<()> {
    streams::note_terminate();
    let parent = Parent::find();
    stream.get_ref().set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut said = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => break,
        }
        if streams::was_terminated() {
            streams::terminate(process);
        }
        if parent.is_gone() {
            // The kernel sees the end of this process, and ends too.
            return Ok(());
        }
    }
    match String::from_utf8_lossy(&said).trim_end() {
        "ended" => Ok(()),
        "" => bail!("the kernel's process was ended from outside"),
        error => bail!("{error}"),
    }
}
