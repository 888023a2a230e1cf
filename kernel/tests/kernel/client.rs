//! A small Jupyter client, which starts the real program and talks to it over its sockets.

use jupyter_protocol::{ConnectionInfo, JupyterMessage, JupyterMessageContent, Transport, UnknownMessage};
use jupyter_zmq_client as zmq;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long any single answer may take on a busy machine; the first also waits for the toolkit to be built.
const LIMIT: Duration = Duration::from_secs(120);
const FIRST_LIMIT: Duration = Duration::from_secs(900);

/// A kernel, and this client's connections to it.
pub(crate) struct Kernel {
    process: Child,
    runtime: tokio::runtime::Runtime,
    shell: zmq::ClientShellConnection,
    control: zmq::ClientControlConnection,
    stdin: zmq::ClientStdinConnection,
    iopub: zmq::ClientIoPubConnection,
    connection_file: PathBuf,
    connection: ConnectionInfo,
    /// What the kernel writes to its log.
    pub(crate) log: PathBuf,
    /// From the start of the process to the answer to the first request.
    pub(crate) time_to_info: Duration,
    /// The content of that answer.
    pub(crate) info: Value,
}

/// What came back for one cell.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The content of the reply.
    pub(crate) reply: Value,
    /// The messages to all front ends, as type and content, without the status.
    pub(crate) messages: Vec<(String, Value)>,
}

impl Kernel {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a kernel with variables of the environment of its own.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let ports =
            runtime.block_on(zmq::peek_ports(IpAddr::V4(Ipv4Addr::LOCALHOST), 5)).expect("free ports");
        let connection = ConnectionInfo {
            ip: "127.0.0.1".into(),
            transport: Transport::TCP,
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
            key: "a key".into(),
            signature_scheme: "hmac-sha256".into(),
            kernel_name: None,
        };
        let name = format!("kiln-test-{}-{}.json", std::process::id(), ports[0]);
        let connection_file = std::env::temp_dir().join(name);
        std::fs::write(&connection_file, serde_json::to_string(&connection).expect("JSON"))
            .expect("a connection file");
        let log = connection_file.with_extension("log");
        let started = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_kiln"))
            .arg("kernel")
            .arg(&connection_file)
            // The kernel ends with this process, however a test ends.
            .env("JPY_PARENT_PID", std::process::id().to_string())
            .env("KILN_STANDBY", "0")
            .env("KILN_STATE", state())
            .env_remove("KILN_MEMORY")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("the kernel starts");
        let (shell, control, stdin, iopub) = runtime.block_on(async {
            let identity = || zmq::peer_identity_for_session("client").expect("an identity");
            let session = "client";
            // ZeroMQ connects before there is anyone to connect to, but this client gives up: so it asks until it can.
            let shell = loop {
                match zmq::create_client_shell_connection_with_identity(&connection, session, identity())
                    .await
                {
                    Ok(shell) => break shell,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            let control = zmq::create_client_control_connection(&connection, session).await.expect("control");
            let stdin = zmq::create_client_stdin_connection_with_identity(&connection, session, identity())
                .await
                .expect("stdin");
            let iopub = zmq::create_client_iopub_connection(&connection, "", session).await.expect("iopub");
            (shell, control, stdin, iopub)
        });
        let mut kernel = Self {
            process,
            runtime,
            shell,
            control,
            stdin,
            iopub,
            connection_file,
            connection,
            log,
            time_to_info: Duration::ZERO,
            info: Value::Null,
        };
        kernel.info = kernel.ask("kernel_info_request", json!({}));
        kernel.time_to_info = started.elapsed();
        let welcome = kernel.read_iopub(LIMIT);
        assert!(
            matches!(welcome.content, JupyterMessageContent::IoPubWelcome(_)),
            "a welcome comes first: {welcome:?}"
        );
        kernel
    }

    /// Sends a request on the shell socket and waits for its reply.
    pub(crate) fn ask(&mut self, kind: &str, content: Value) -> Value {
        let id = self.send(kind, content);
        self.reply_to(&id, FIRST_LIMIT)
    }

    /// Sends a request on the control socket and waits for its reply.
    pub(crate) fn ask_control(&mut self, kind: &str, content: Value) -> Value {
        let request = request(kind, content);
        let id = request.header.msg_id.clone();
        self.runtime.block_on(async {
            self.control.send(request).await.expect("sent");
            loop {
                let message = tokio::time::timeout(LIMIT, self.control.read())
                    .await
                    .expect("in time")
                    .expect("readable");
                if parent(&message) == id {
                    return content_of(&message);
                }
            }
        })
    }

    /// Runs a cell and waits for all it gives out.
    pub(crate) fn execute(&mut self, code: &str) -> Answer {
        let id = self.begin(code);
        self.finish(&id)
    }

    /// Sends a cell, and returns its message's id.
    pub(crate) fn begin(&mut self, code: &str) -> String {
        self.send("execute_request", execute_content(code))
    }

    /// Waits for the reply to a cell, and for the end of its messages.
    pub(crate) fn finish(&mut self, id: &str) -> Answer {
        let messages = self.until_idle(id);
        Answer { reply: self.reply_to(id, LIMIT), messages }
    }

    /// Waits until a cell has given out a message of this type.
    pub(crate) fn wait_for(&mut self, id: &str, kind: &str) -> Value {
        loop {
            let message = self.read_iopub(FIRST_LIMIT);
            if parent(&message) == id && message.header.msg_type == kind {
                return content_of(&message);
            }
        }
    }

    /// Sends a request that is signed with another key than the kernel's.
    pub(crate) fn send_forged(&mut self, kind: &str, content: Value) {
        let forged = ConnectionInfo { key: "another key".into(), ..self.connection.clone() };
        self.runtime.block_on(async {
            let identity = zmq::peer_identity_for_session("forger").expect("an identity");
            let mut shell = zmq::create_client_shell_connection_with_identity(&forged, "forger", identity)
                .await
                .expect("shell");
            shell.send(request(kind, content)).await.expect("sent");
            // The message is on its way when the connection closes.
            tokio::time::sleep(Duration::from_millis(300)).await;
        });
    }

    /// Whether the heartbeat is answered.
    pub(crate) fn beats(&mut self) -> bool {
        self.runtime.block_on(async {
            let mut heart =
                zmq::create_client_heartbeat_connection(&self.connection).await.expect("heartbeat");
            tokio::time::timeout(LIMIT, heart.single_heartbeat()).await.is_ok_and(|beat| beat.is_ok())
        })
    }

    /// Sends a request on the shell socket, and returns all messages to front ends up to the end of its work, as type and
    /// content, with the status.
    pub(crate) fn watch(&mut self, kind: &str, content: Value) -> Vec<(String, Value)> {
        let id = self.send(kind, content);
        let mut messages = Vec::new();
        loop {
            let message = self.read_iopub(LIMIT);
            if parent(&message) == id {
                let content = content_of(&message);
                let is_end = content["execution_state"] == "idle";
                messages.push((message.header.msg_type.clone(), content));
                if is_end {
                    return messages;
                }
            }
        }
    }

    /// Waits for a request for input, and answers it.
    pub(crate) fn answer_input(&mut self, value: &str) -> Value {
        self.runtime.block_on(async {
            let asked =
                tokio::time::timeout(LIMIT, self.stdin.read()).await.expect("in time").expect("readable");
            let mut reply = request("input_reply", json!({"value": value, "status": "ok"}));
            reply.parent_header = Some(asked.header.clone());
            self.stdin.send(reply).await.expect("sent");
            content_of(&asked)
        })
    }

    /// The numbers of the kernel's process and of all it has started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut found = vec![self.process.id()];
        let mut index = 0;
        while let Some(&process) = found.get(index) {
            let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
            for task in tasks {
                let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
                found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
            index += 1;
        }
        found
    }

    /// The directories of the kernel's session.
    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        let prefix = format!("{}-", self.process.id());
        let roots = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
        roots
            .filter(|root| root.file_name().to_string_lossy().starts_with("kiln-"))
            .flat_map(|root| std::fs::read_dir(root.path()).into_iter().flatten().flatten())
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .map(|entry| entry.path())
            .collect()
    }

    /// Asks the kernel to end, and waits for its process.
    pub(crate) fn shut_down(mut self) -> Duration {
        let since = Instant::now();
        self.ask_control("shutdown_request", json!({"restart": false}));
        while self.process.try_wait().expect("the process can be waited for").is_none() {
            assert!(since.elapsed() < LIMIT, "the kernel ends");
            std::thread::sleep(Duration::from_millis(10));
        }
        since.elapsed()
    }

    fn send(&mut self, kind: &str, content: Value) -> String {
        let request = request(kind, content);
        let id = request.header.msg_id.clone();
        self.runtime.block_on(self.shell.send(request)).expect("sent");
        id
    }

    fn reply_to(&mut self, id: &str, limit: Duration) -> Value {
        self.runtime.block_on(async {
            loop {
                let message =
                    tokio::time::timeout(limit, self.shell.read()).await.expect("in time").expect("readable");
                if parent(&message) == id {
                    return content_of(&message);
                }
            }
        })
    }

    fn until_idle(&mut self, id: &str) -> Vec<(String, Value)> {
        let mut messages = Vec::new();
        loop {
            let message = self.read_iopub(FIRST_LIMIT);
            if parent(&message) != id {
                continue;
            }
            let content = content_of(&message);
            match message.header.msg_type.as_str() {
                "status" if content["execution_state"] == "idle" => return messages,
                "status" => {}
                kind => messages.push((kind.to_owned(), content)),
            }
        }
    }

    fn read_iopub(&mut self, limit: Duration) -> JupyterMessage {
        self.runtime.block_on(async {
            tokio::time::timeout(limit, self.iopub.read())
                .await
                .expect("a message in time")
                .expect("readable")
        })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for file in [&self.connection_file, &self.log] {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Answer {
    /// What was printed to a stream, as one text.
    pub(crate) fn text(&self, stream: &str) -> String {
        let texts = self.of("stream").into_iter().filter(|content| content["name"] == stream);
        texts.filter_map(|content| content["text"].as_str()).collect()
    }

    /// The contents of all messages of a type.
    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        self.messages.iter().filter(|(of, _)| of == kind).map(|(_, content)| content).collect()
    }

    /// The plain text of the result.
    pub(crate) fn result(&self) -> Option<&str> {
        self.of("execute_result").first()?["data"]["text/plain"].as_str()
    }

    /// The answer, of a cell that must have run without an error.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.reply["status"], "ok", "{self:?}");
        self
    }

    /// The name and the text of the error, of a cell that must have failed; the reply and the message must agree.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, String) {
        assert_eq!(self.reply["status"], "error", "{self:?}");
        let errors = self.of("error");
        assert_eq!(errors.len(), 1, "one error message: {self:?}");
        assert_eq!(errors[0]["ename"], self.reply["ename"]);
        let text = |key: &str| self.reply[key].as_str().unwrap_or_default().to_owned();
        (text("ename"), text("evalue"))
    }
}

/// The content of a request to run a cell.
pub(crate) fn execute_content(code: &str) -> Value {
    json!({
        "code": code, "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": true,
        "stop_on_error": true,
    })
}

/// The directory of the history, shared by the kernels of all tests.
fn state() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("state")
}

fn request(kind: &str, content: Value) -> JupyterMessage {
    JupyterMessage::new(
        JupyterMessageContent::UnknownMessage(UnknownMessage { msg_type: kind.to_owned(), content }),
        None,
    )
}

fn parent(message: &JupyterMessage) -> &str {
    message.parent_header.as_ref().map_or("", |header| &header.msg_id)
}

fn content_of(message: &JupyterMessage) -> Value {
    serde_json::to_value(&message.content).expect("JSON")
}
