//! Messages to front ends.

use crate::session::{CellError, Output};
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_zmq_client::{Connection, RawMessage, Result, RuntimeError};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// The queue of one socket's task.
#[derive(Debug, Clone)]
pub(super) struct Outbox(UnboundedSender<JupyterMessage>);

impl Outbox {
    pub(super) fn new(sender: UnboundedSender<JupyterMessage>) -> Self {
        Self(sender)
    }

    /// Answers to the front end that sent the parent.
    pub(super) fn reply(&self, message: JupyterMessage) {
        // Without the socket's task the kernel is ending.
        let _ = self.0.send(message);
    }

    /// Tells every front end; the first frame is the topic.
    pub(super) fn broadcast(&self, message: JupyterMessage) {
        let topic = message.header.msg_type.clone().into_bytes();
        let _ = self.0.send(message.with_zmq_identities(vec![topic.into()]));
    }
}

/// Reads the next message. Requests may lack fields that have a default: front ends leave them out.
///
/// # Errors
/// When the socket is closed, or the message is malformed or wrongly signed.
pub(super) async fn receive<S: zeromq::SocketRecv>(connection: &mut Connection<S>) -> Result<JupyterMessage> {
    let raw = RawMessage::from_multipart(connection.socket.recv().await?, &connection.mac)?;
    let header: Header = serde_json::from_slice(&raw.jparts[0])?;
    let mut content: Value = serde_json::from_slice(&raw.jparts[3])?;
    let defaults = match header.msg_type.as_str() {
        "history_request" => json!({
            "hist_access_type": "tail", "n": 1000, "output": false, "raw": true, "unique": false, "session": null,
            "start": 0, "stop": 0, "pattern": "*",
        }),
        "execute_request" => {
            json!({"silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": false, "stop_on_error": true})
        }
        "inspect_request" => json!({"detail_level": 0}),
        "shutdown_request" => json!({"restart": false}),
        _ => json!({}),
    };
    if let (Some(content), Value::Object(defaults)) = (content.as_object_mut(), defaults) {
        for (name, value) in defaults {
            let given = content.entry(name).or_insert(Value::Null);
            if given.is_null() {
                *given = value;
            }
        }
    }
    let content = JupyterMessageContent::from_type_and_content(&header.msg_type, content)
        .map_err(|source| RuntimeError::ParseError { msg_type: header.msg_type.clone(), source })?;
    let mut message = JupyterMessage::new(content, None).with_zmq_identities(raw.zmq_identities);
    message.header = header;
    Ok(message)
}

/// A message of any type, with its content as JSON.
pub(super) fn message(kind: &str, content: Value, parent: Option<&JupyterMessage>) -> JupyterMessage {
    let content = UnknownMessage { msg_type: kind.to_owned(), content };
    let mut message = JupyterMessage::new(JupyterMessageContent::UnknownMessage(content), parent);
    message.header.username = "kiln".to_owned();
    message
}

pub(super) fn status(state: &str, parent: Option<&JupyterMessage>) -> JupyterMessage {
    message("status", json!({"execution_state": state}), parent)
}

/// An output as a message; none for a request for input, which goes elsewhere.
pub(super) fn output(output: Output, count: usize, parent: &JupyterMessage) -> Option<JupyterMessage> {
    let (kind, content) = match output {
        Output::Text(stream, text) => ("stream", json!({"name": stream.name(), "text": text})),
        Output::Display { data, metadata, id } => {
            let transient = id.map_or_else(|| json!({}), |id| json!({"display_id": id}));
            ("display_data", json!({"data": data, "metadata": metadata, "transient": transient}))
        }
        Output::Update { data, metadata, id } => (
            "update_display_data",
            json!({"data": data, "metadata": metadata, "transient": {"display_id": id}}),
        ),
        Output::Result { data, metadata } => {
            ("execute_result", json!({"execution_count": count, "data": data, "metadata": metadata}))
        }
        Output::Clear { wait } => ("clear_output", json!({"wait": wait})),
        Output::Input { .. } => return None,
    };
    Some(message(kind, content, Some(parent)))
}

/// The fields of an error, as in its own message and in replies.
pub(super) fn error_fields(error: &CellError) -> Value {
    json!({"ename": error.name, "evalue": error.value, "traceback": error.traceback})
}

/// The byte of the `position`-th character, as Jupyter counts.
pub(super) fn byte_of(code: &str, position: usize) -> usize {
    code.char_indices().nth(position).map_or(code.len(), |(at, _)| at)
}

/// The number of characters before a byte.
pub(super) fn position_of(code: &str, byte: usize) -> usize {
    code.char_indices().take_while(|(at, _)| *at < byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jupyter counts characters, Rust bytes.
    #[test]
    fn positions_count_characters() {
        let code = "가😀b";
        assert_eq!(byte_of(code, 2), 7);
        assert_eq!(position_of(code, 7), 2);
        assert_eq!(byte_of(code, 9), code.len());
    }
}
