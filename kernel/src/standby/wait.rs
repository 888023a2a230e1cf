//! The process that stands by: it makes an evaluator, waits for a kernel to start, and becomes it.

use super::{Identity, Place, read_line, streams, write_line};
use crate::session::{self, Session, free_memory};
use crate::{runtime, server};
use anyhow::{Context, Result, bail};
use std::io::BufReader;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// How long it stands by unused: `KILN_STANDBY_FOR` seconds, or these.
const UNUSED: u64 = 30 * 60;
/// How often it looks whether it should end.
const LOOK: Duration = Duration::from_secs(5);
/// With less memory than this for other programs it ends.
const FREE_TO_STAY: u64 = 1 << 30;

/// The end of the front process, for the kernel that it handed over.
#[derive(Debug)]
pub(crate) struct Handed(UnixStream);

impl Handed {
    /// Waits until the front process is gone.
    pub(crate) async fn gone(&self) {
        let Ok(stream) = self.0.try_clone().and_then(|stream| {
            stream.set_nonblocking(true)?;
            tokio::net::UnixStream::from_std(stream)
        }) else {
            return;
        };
        let mut byte = [0];
        loop {
            if stream.readable().await.is_err() {
                return;
            }
            match stream.try_read(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Ok(count) if count > 0 => {}
                _ => return,
            }
        }
    }
}

/// Stands by, and is a kernel if one is handed over.
///
/// # Errors
/// When no evaluator can be made; what the kernel's own end is.
pub(crate) fn main() -> Result<()> {
    let place = Place::find()?;
    // Another one stands by already, or is about to.
    let Some(taken) = place.take()? else { return Ok(()) };
    place.remove_leftovers();
    session::ignore_interrupts();
    streams::note_terminate();
    let session = Session::start(|line| eprintln!("kiln: {line}"))?;
    let nowhere: session::Sink = std::sync::Arc::new(|_| {});
    session
        .run(session::WARMING, nowhere)
        .map_err(|error| anyhow::anyhow!("{}: {}", error.name, error.value))?;
    // What is left of one that was killed.
    let _ = std::fs::remove_file(&place.socket);
    let listener = UnixListener::bind(&place.socket)
        .with_context(|| format!("cannot listen at {}", place.socket.display()))?;
    let found = wait(&listener, &place, &session);
    // The next one may stand by from now on, and nobody connects to one that ends.
    drop((listener, taken));
    let Some((stream, identity)) = found? else { return Ok(()) };
    let handed = Handed(stream.get_ref().try_clone()?);
    // The front process's silence is no error: the end of the stream tells.
    handed.0.set_read_timeout(None)?;
    become_kernel(&identity, &session)?;
    let connection = server::connection(&identity.connection)?;
    let ended = server::serve_session(&connection, session, Some(handed));
    let mut stream = stream;
    let _ = match &ended {
        Ok(()) => write_line(&mut stream, "ended"),
        Err(error) => write_line(&mut stream, &format!("{error:#}")),
    };
    ended
}

fn wait(
    listener: &UnixListener,
    place: &Place,
    session: &Session,
) -> Result<Option<(BufReader<UnixStream>, Identity)>> {
    let mut looks = 0_u32;
    let (since, unused) = (Instant::now(), super::seconds("KILN_STANDBY_FOR", UNUSED));
    loop {
        // It may have come while the evaluator was made, or have broken the wait.
        if streams::was_terminated() {
            return Ok(None);
        }
        let ready = session::wait_for_connection(listener, LOOK)?;
        if streams::was_terminated() {
            return Ok(None);
        }
        if ready && session.is_alive() {
            let (stream, _) = listener.accept()?;
            // Whoever only looks whether somebody is there, or gives up, changes nothing.
            if let Ok(found) = take(stream) {
                return Ok(Some(found));
            }
        }
        looks += 1;
        if !place.socket.exists() {
            return Ok(None);
        }
        let is_short = free_memory().is_some_and(|free| free < FREE_TO_STAY);
        // To ask for the toolchain takes other programs.
        let is_current =
            !looks.is_multiple_of(6) || Place::find().is_ok_and(|now| now.fingerprint == place.fingerprint);
        if is_short || !is_current || since.elapsed() > unused || !session.is_alive() {
            return Ok(None);
        }
    }
}

fn take(stream: UnixStream) -> Result<(BufReader<UnixStream>, Identity)> {
    const WITHIN: Duration = Duration::from_secs(2);
    if !streams::is_of_same_user(&stream) {
        bail!("someone else asks");
    }
    stream.set_read_timeout(Some(WITHIN))?;
    let received = streams::receive(&stream)?;
    let mut stream = BufReader::new(stream);
    let identity = Identity::from_line(&read_line(&mut stream, WITHIN)?)?;
    write_line(&mut stream, &format!("taken {}", std::process::id()))?;
    if read_line(&mut stream, WITHIN)? != "go" {
        bail!("the kernel has given up");
    }
    streams::take_over(&received)?;
    Ok((stream, identity))
}

/// Takes over the directory and the environment, for this process and the one that runs the cells.
fn become_kernel(identity: &Identity, session: &Session) -> Result<()> {
    let new: Vec<(String, String)> = identity
        .environment
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .filter(|(name, _)| !session::is_own_variable(name))
        .collect();
    let old = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let removed: Vec<String> = old
        .filter(|name| !session::is_own_variable(name) && !identity.environment.contains_key(name))
        .collect();
    streams::set_environment(&new, &removed);
    std::env::set_current_dir(&identity.directory)
        .with_context(|| format!("cannot enter {}", identity.directory.display()))?;
    session.adopt(&runtime::Identity { directory: identity.directory.clone(), set: new, removed })
}
