//! The queue of cells: one after the other, each with its outputs, its reply, and its place in the history.

use super::Server;
use super::message::{error_fields, message, output, status};
use crate::session::{CellError, Output, Sink};
use jupyter_protocol::{ExecuteRequest, JupyterMessage, JupyterMessageContent};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// Starts the task that runs the cells; requests go into the queue that is returned.
pub(super) fn spawn(server: &Arc<Server>) -> UnboundedSender<JupyterMessage> {
    let (sender, queue) = unbounded_channel();
    tokio::spawn(Executions { server: Arc::clone(server), count: 0 }.serve(queue));
    sender
}

struct Executions {
    server: Arc<Server>,
    /// The number of the last cell.
    count: usize,
}

impl Executions {
    async fn serve(mut self, mut queue: UnboundedReceiver<JupyterMessage>) {
        while let Some(request) = queue.recv().await {
            let JupyterMessageContent::ExecuteRequest(asked) = &request.content else { continue };
            self.server.iopub.broadcast(status("busy", Some(&request)));
            let stops = self.execute(&request, asked).await.is_err() && asked.stop_on_error;
            self.server.iopub.broadcast(status("idle", Some(&request)));
            if stops {
                // What waits by now was sent before the error could be seen.
                while let Ok(waiting) = queue.try_recv() {
                    self.abort(&waiting);
                }
            }
        }
    }

    fn abort(&self, request: &JupyterMessage) {
        self.server.iopub.broadcast(status("busy", Some(request)));
        let content = json!({"status": "aborted", "execution_count": self.count});
        self.server.shell.reply(message("execute_reply", content, Some(request)));
        self.server.iopub.broadcast(status("idle", Some(request)));
    }

    async fn execute(&mut self, request: &JupyterMessage, asked: &ExecuteRequest) -> Result<(), CellError> {
        let counts = asked.store_history && !asked.silent;
        if counts {
            self.count += 1;
        }
        let count = self.count;
        if !asked.silent {
            let input = json!({"code": asked.code, "execution_count": count});
            self.server.iopub.broadcast(message("execute_input", input, Some(request)));
        }
        let shown = Arc::new(Mutex::new(String::new()));
        let sink = self.sink(request, asked, count, &shown);
        let result =
            if asked.code.trim().is_empty() { Ok(()) } else { self.run(asked.code.clone(), sink).await };
        if counts {
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.server.history.add(count, &asked.code, &shown);
        }
        let reply = match &result {
            Ok(()) => {
                let expressions = self.user_expressions(asked).await;
                json!({"status": "ok", "execution_count": count, "payload": [], "user_expressions": expressions})
            }
            Err(error) => {
                if !asked.silent {
                    self.server.iopub.broadcast(message("error", error_fields(error), Some(request)));
                }
                let mut reply = error_fields(error);
                reply["status"] = json!("error");
                reply["execution_count"] = json!(count);
                reply["payload"] = json!([]);
                reply["user_expressions"] = json!({});
                reply
            }
        };
        self.server.shell.reply(message("execute_reply", reply, Some(request)));
        result
    }

    /// Where the outputs of a cell go: to all front ends, or for input to the one that asked.
    fn sink(
        &self,
        request: &JupyterMessage,
        asked: &ExecuteRequest,
        count: usize,
        shown: &Arc<Mutex<String>>,
    ) -> Sink {
        let (server, shown) = (Arc::downgrade(&self.server), Arc::clone(shown));
        let (parent, silent, allow_stdin) = (request.clone(), asked.silent, asked.allow_stdin);
        Arc::new(move |given| {
            let Some(server) = server.upgrade() else { return };
            match given {
                Output::Input { .. } if !allow_stdin => server.session.answer(None),
                Output::Input { prompt, password } => {
                    let content = json!({"prompt": prompt, "password": password});
                    server.stdin.reply(message("input_request", content, Some(&parent)));
                }
                given => {
                    if let Output::Result { data, .. } = &given {
                        let text = data.get("text/plain").and_then(Value::as_str).unwrap_or_default();
                        text.clone_into(&mut shown.lock().unwrap_or_else(PoisonError::into_inner));
                    }
                    if let Some(message) = output(given, count, &parent).filter(|_| !silent) {
                        server.iopub.broadcast(message);
                    }
                }
            }
        })
    }

    async fn run(&self, code: String, sink: Sink) -> Result<(), CellError> {
        let (sender, receiver) = oneshot::channel();
        self.server.session.execute(code, sink, move |result| {
            let _ = sender.send(result);
        });
        receiver.await.unwrap_or_else(|_| Err(CellError::new("KernelError", "the evaluator has ended")))
    }

    async fn user_expressions(&self, asked: &ExecuteRequest) -> Value {
        let mut values = Map::new();
        for (name, code) in asked.user_expressions.iter().flatten() {
            let found = Arc::new(Mutex::new(json!({})));
            let sink: Sink = {
                let found = Arc::clone(&found);
                Arc::new(move |given| {
                    if let Output::Result { data, .. } = given {
                        *found.lock().unwrap_or_else(PoisonError::into_inner) = Value::Object(data);
                    }
                })
            };
            let value = match self.run(code.clone(), sink).await {
                Ok(()) => {
                    let data = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    json!({"status": "ok", "data": data, "metadata": {}})
                }
                Err(error) => {
                    let mut fields = error_fields(&error);
                    fields["status"] = json!("error");
                    fields
                }
            };
            values.insert(name.clone(), value);
        }
        Value::Object(values)
    }
}
