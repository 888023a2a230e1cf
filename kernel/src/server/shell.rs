//! The shell socket: cells go to their queue, all other requests are answered here.

use super::message::{byte_of, message, position_of, receive, status};
use super::{Server, control, goes_on};
use crate::session::{Completeness, completeness};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent as Content};
use jupyter_zmq_client::RouterRecvConnection;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

pub(super) async fn serve(
    server: Arc<Server>,
    mut socket: RouterRecvConnection,
    executions: UnboundedSender<JupyterMessage>,
) {
    loop {
        let request = match receive(&mut socket).await {
            Ok(request) => request,
            Err(error) if goes_on(&error) => continue,
            Err(_) => return,
        };
        if matches!(request.content, Content::ExecuteRequest(_)) {
            // Fails only when the kernel is ending.
            let _ = executions.send(request);
        } else {
            // On a task of its own: a completion waits for the running cell, what comes after it need not.
            tokio::spawn(answer(Arc::clone(&server), request));
        }
    }
}

/// Answers to requests for input come on a socket of their own.
pub(super) async fn serve_stdin(server: Arc<Server>, mut socket: RouterRecvConnection) {
    loop {
        match receive(&mut socket).await {
            Ok(JupyterMessage { content: Content::InputReply(reply), .. }) => {
                server.session.answer(Some(&reply.value));
            }
            Ok(_) => {}
            Err(error) if goes_on(&error) => {}
            Err(_) => return,
        }
    }
}

async fn answer(server: Arc<Server>, request: JupyterMessage) {
    server.iopub.broadcast(status("busy", Some(&request)));
    let is_shutdown = matches!(request.content, Content::ShutdownRequest(_));
    let reply = |kind: &str, content: Value| Some(message(kind, content, Some(&request)));
    let answered = match &request.content {
        Content::IsCompleteRequest(asked) => reply("is_complete_reply", is_complete(&asked.code)),
        Content::CompleteRequest(asked) => {
            reply("complete_reply", complete(&server, &asked.code, asked.cursor_pos).await)
        }
        Content::InspectRequest(asked) => {
            reply("inspect_reply", inspect(&server, &asked.code, asked.cursor_pos).await)
        }
        Content::HistoryRequest(asked) => {
            reply("history_reply", json!({"status": "ok", "history": server.history.answer(asked)}))
        }
        Content::CommInfoRequest(_) => reply("comm_info_reply", json!({"status": "ok", "comms": {}})),
        Content::CommOpen(open) => {
            // No widgets here: the front end is told that nobody listens.
            server.iopub.broadcast(message(
                "comm_close",
                json!({"comm_id": open.comm_id, "data": {}}),
                Some(&request),
            ));
            None
        }
        _ => control::answer(&server, &request),
    };
    if let Some(answered) = answered {
        server.shell.reply(answered);
    }
    server.iopub.broadcast(status("idle", Some(&request)));
    if is_shutdown {
        server.shutdown.send_replace(true);
    }
}

/// What the kernel is.
pub(super) fn kernel_info(request: &JupyterMessage) -> JupyterMessage {
    let version = env!("CARGO_PKG_VERSION");
    let content = json!({
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "kiln",
        "implementation_version": version,
        "language_info": {
            "name": "rust",
            "version": "1.95.0",
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
            "nbconvert_exporter": "script",
        },
        "banner": format!("Kiln {version}: Rust notebooks for deep learning"),
        "help_links": [
            {"text": "The Rust standard library", "url": "https://doc.rust-lang.org/std/"},
            {"text": "The Rust book", "url": "https://doc.rust-lang.org/book/"},
        ],
        "debugger": false,
    });
    message("kernel_info_reply", content, Some(request))
}

fn is_complete(code: &str) -> Value {
    match completeness(code) {
        Completeness::Complete => json!({"status": "complete"}),
        Completeness::Incomplete => json!({"status": "incomplete", "indent": indent_after(code)}),
        Completeness::Invalid => json!({"status": "invalid"}),
    }
}

/// The indent of the next line: that of the last, and more behind an open bracket.
fn indent_after(code: &str) -> String {
    let last = code.lines().last().unwrap_or_default();
    let indent: String = last.chars().take_while(|c| *c == ' ').collect();
    if last.trim_end().ends_with(['{', '(', '[']) { indent + "    " } else { indent }
}

async fn complete(server: &Server, code: &str, position: usize) -> Value {
    let (sender, receiver) = oneshot::channel();
    server.session.complete(code.to_owned(), byte_of(code, position), move |completions| {
        let _ = sender.send(completions);
    });
    let found = receiver.await.unwrap_or_default();
    let (start, end) = match found.matches.is_empty() {
        true => (position, position),
        false => (position_of(code, found.start), position_of(code, found.end)),
    };
    let types: Vec<Value> = found
        .matches
        .iter()
        .zip(&found.kinds)
        .map(|(text, kind)| json!({"text": text, "type": kind, "start": start, "end": end}))
        .collect();
    json!({
        "status": "ok", "matches": found.matches, "cursor_start": start, "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types},
    })
}

async fn inspect(server: &Server, code: &str, position: usize) -> Value {
    let (sender, receiver) = oneshot::channel();
    server.session.inspect(code.to_owned(), byte_of(code, position), move |found| {
        let _ = sender.send(found);
    });
    match receiver.await.ok().flatten() {
        Some((plain, markdown)) => {
            json!({"status": "ok", "found": true, "data": {"text/plain": plain, "text/markdown": markdown}, "metadata": {}})
        }
        None => json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
    }
}
