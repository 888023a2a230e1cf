//! The control socket: interrupt and shutdown, which do not wait for cells.

use super::message::receive;
use super::{Server, goes_on, message, report, shell};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::KernelControlConnection;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn serve(server: Arc<Server>, mut socket: KernelControlConnection) {
    loop {
        let request = match receive(&mut socket).await {
            Ok(request) => request,
            Err(error) if goes_on(&error) => continue,
            Err(_) => return,
        };
        server.iopub.broadcast(message::status("busy", Some(&request)));
        if let Some(reply) = answer(&server, &request) {
            report(socket.send(reply).await);
        }
        server.iopub.broadcast(message::status("idle", Some(&request)));
        if matches!(request.content, JupyterMessageContent::ShutdownRequest(_)) {
            server.shutdown.send_replace(true);
            return;
        }
    }
}

/// The reply to a request that both the control and the shell socket take; `None` for one that is not answered.
pub(super) fn answer(server: &Server, request: &JupyterMessage) -> Option<JupyterMessage> {
    match &request.content {
        JupyterMessageContent::KernelInfoRequest(_) => Some(shell::kernel_info(request)),
        JupyterMessageContent::InterruptRequest(_) => {
            server.session.interrupt();
            Some(message::message("interrupt_reply", json!({"status": "ok"}), Some(request)))
        }
        JupyterMessageContent::ShutdownRequest(shutdown) => {
            let reply = message::message(
                "shutdown_reply",
                json!({"status": "ok", "restart": shutdown.restart}),
                Some(request),
            );
            server.iopub.broadcast(reply.clone());
            Some(reply)
        }
        _ => None,
    }
}
