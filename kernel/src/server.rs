//! Jupyter's protocol over ZeroMQ.
//!
//! The sockets answer at once; the session starts in the background, and cells queue for it. One task owns each socket
//! that sends, so that what one task gives it keeps its order.

mod control;
mod execute;
mod history;
mod message;
mod shell;

use crate::session::{self, Session};
use anyhow::{Context, Result};
use jupyter_protocol::{ConnectionInfo, IoPubWelcome, JupyterMessage};
use jupyter_zmq_client as zmq;
use message::Outbox;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

/// How long messages that were sent last may take to reach the front end before the process ends.
const LINGER: Duration = Duration::from_millis(100);

/// What the tasks of the server share.
struct Server {
    session: Session,
    history: history::History,
    /// To the front ends, all of them.
    iopub: Outbox,
    /// To the front end that asked.
    shell: Outbox,
    stdin: Outbox,
    shutdown: watch::Sender<bool>,
}

/// Runs the kernel for the front end that wrote `connection_file`, until it is told to shut down.
///
/// # Errors
/// When the connection file cannot be read or its ports are taken.
pub fn run(connection_file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(connection_file)
        .with_context(|| format!("cannot read the connection file {}", connection_file.display()))?;
    let connection: ConnectionInfo = serde_json::from_str(&text)
        .with_context(|| format!("{} is no connection file of Jupyter", connection_file.display()))?;
    session::ignore_interrupts();
    let session = Session::start(|line| eprintln!("kiln: {line}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let served = runtime.block_on(serve(&connection, session));
    runtime.shutdown_timeout(Duration::from_millis(200));
    served
}

async fn serve(connection: &ConnectionInfo, session: Session) -> Result<()> {
    let id = format!("{:032x}", std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos()));
    let taken = "a port of the connection file is taken";
    let iopub = zmq::create_kernel_iopub_xpub_connection(connection, &id).await.context(taken)?;
    let shell = zmq::create_kernel_shell_connection(connection, &id).await.context(taken)?;
    let control = zmq::create_kernel_control_connection(connection, &id).await.context(taken)?;
    let stdin = zmq::create_kernel_stdin_connection(connection, &id).await.context(taken)?;
    let mut heartbeat = zmq::create_kernel_heartbeat_connection(connection).await.context(taken)?;
    let (shell_out, shell_in) = shell.split();
    let (stdin_out, stdin_in) = stdin.split();

    let (iopub_sender, iopub_queue) = unbounded_channel();
    let (shell_sender, shell_queue) = unbounded_channel();
    let (stdin_sender, stdin_queue) = unbounded_channel();
    let (shutdown, mut stopped) = watch::channel(false);
    let server = Arc::new(Server {
        session,
        history: history::History::default(),
        iopub: Outbox::new(iopub_sender),
        shell: Outbox::new(shell_sender),
        stdin: Outbox::new(stdin_sender),
        shutdown,
    });
    tokio::spawn(publish(iopub, iopub_queue));
    tokio::spawn(send(shell_out, shell_queue));
    tokio::spawn(send(stdin_out, stdin_queue));
    tokio::spawn(async move { while heartbeat.single_heartbeat().await.is_ok() {} });
    server.iopub.broadcast(message::status("starting", None));
    let executions = execute::spawn(&server);
    tokio::spawn(shell::serve(Arc::clone(&server), shell_in, executions));
    tokio::spawn(shell::serve_stdin(Arc::clone(&server), stdin_in));
    tokio::spawn(control::serve(Arc::clone(&server), control));

    let opened = Arc::clone(&server);
    tokio::task::spawn_blocking(move || opened.history.open());

    let parent = session::Parent::find();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = stopped.wait_for(|stopped| *stopped) => {}
        _ = terminate.recv() => {}
        () = parent_ends(parent) => {}
    }
    tokio::time::sleep(LINGER).await;
    // The session's processes and files go with the last of the tasks that hold the server.
    tokio::task::spawn_blocking(move || server.session.close()).await?;
    Ok(())
}

/// Waits until the front end that started this kernel is gone without a word.
async fn parent_ends(parent: session::Parent) {
    while !parent.is_gone() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Sends to all front ends, and welcomes each that subscribes.
async fn publish(mut socket: zmq::KernelIoPubXPubConnection, mut queue: UnboundedReceiver<JupyterMessage>) {
    loop {
        tokio::select! {
            message = queue.recv() => {
                let Some(message) = message else { return };
                report(socket.send(message).await);
            }
            event = socket.recv_subscription() => {
                if let Ok(zmq::SubscriptionEvent::Subscribe(topic)) = event {
                    report(socket.send(IoPubWelcome::new(topic).into()).await);
                }
            }
        }
    }
}

async fn send(mut socket: zmq::RouterSendConnection, mut queue: UnboundedReceiver<JupyterMessage>) {
    while let Some(message) = queue.recv().await {
        report(socket.send(message).await);
    }
}

/// A front end that is gone gets nothing; the others go on.
fn report(sent: zmq::Result<()>) {
    if let Err(error) = sent {
        eprintln!("kiln: a message could not be sent: {error}");
    }
}

/// Whether to go on reading after this error: a message that is malformed or wrongly signed is dropped.
fn goes_on(error: &zmq::RuntimeError) -> bool {
    eprintln!("kiln: a message was dropped: {error}");
    !matches!(error, zmq::RuntimeError::ZmqError(_))
}
