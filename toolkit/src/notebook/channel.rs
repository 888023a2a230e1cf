//! The way from a cell to its kernel: messages within standard output, so that they keep their place between prints.
//!
//! Kiln's kernel names a token in the environment variable `KILN_CHANNEL` (`process:token:path`); a message is the
//! byte 2, then `kiln:TOKEN:LENGTH`, a newline, and LENGTH bytes of JSON. The process number keeps programs that a cell
//! starts, and that inherit its environment, from taking themselves for a cell. Answers to input come from the pipe at the path.

use super::MimeBundle;
use serde_json::{Value, json};
use std::io::{BufReader, Write};
use std::sync::OnceLock;

/// The environment variable by which Kiln's kernel says that it is there.
const VARIABLE: &str = "KILN_CHANNEL";

/// Set in the processes that run the cells of the stock kernel.
const STOCK_VARIABLE: &str = "EVCXR_IS_RUNTIME";

/// The program that runs this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The kernel "Rust (Kiln)": displays appear at once and can be updated.
    Kiln,
    /// The stock kernel `evcxr_jupyter`: one display for each MIME type, when the cell ends.
    Stock,
    /// No notebook: a program or a test.
    None,
}

/// What a cell tells its kernel.
pub(super) enum Message<'a> {
    Display { bundle: &'a MimeBundle, id: Option<&'a str> },
    Update { bundle: &'a MimeBundle, id: &'a str },
    Clear { wait: bool },
    Result { bundle: &'a MimeBundle },
    Input { prompt: &'a str, password: bool },
    Panic { message: String, location: Option<(String, u32, u32)>, thread: Option<String> },
    Failure { message: String, type_name: &'a str },
}

struct Channel {
    token: String,
    input: String,
}

fn channel() -> Option<&'static Channel> {
    static CHANNEL: OnceLock<Option<Channel>> = OnceLock::new();
    CHANNEL.get_or_init(|| parse(&std::env::var(VARIABLE).ok()?, std::process::id())).as_ref()
}

fn parse(value: &str, process: u32) -> Option<Channel> {
    let mut parts = value.splitn(3, ':');
    let of_process: u32 = parts.next()?.parse().ok()?;
    let (token, input) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    (of_process == process && !token.is_empty()).then_some(Channel { token, input })
}

pub(super) fn host() -> Host {
    if channel().is_some() {
        Host::Kiln
    } else if std::env::var_os(STOCK_VARIABLE).is_some() && std::env::var_os(VARIABLE).is_none() {
        Host::Stock
    } else {
        Host::None
    }
}

/// Sends a message to Kiln's kernel; a no-op without one.
pub(super) fn send(message: &Message<'_>) {
    let Some(channel) = channel() else { return };
    let body = encode(message).to_string();
    let mut out = std::io::stdout().lock();
    // A cell whose kernel is gone ends with it: there is nobody left to tell.
    let _ = write!(out, "\u{2}kiln:{}:{}\n{body}", channel.token, body.len()).and_then(|()| out.flush());
}

fn encode(message: &Message<'_>) -> Value {
    match message {
        Message::Display { bundle, id } => {
            json!({"op": "display", "data": bundle.data(), "metadata": bundle.metadata(), "id": id})
        }
        Message::Update { bundle, id } => {
            json!({"op": "update", "data": bundle.data(), "metadata": bundle.metadata(), "id": id})
        }
        Message::Clear { wait } => json!({"op": "clear", "wait": wait}),
        Message::Result { bundle } => {
            json!({"op": "result", "data": bundle.data(), "metadata": bundle.metadata()})
        }
        Message::Input { prompt, password } => json!({"op": "input", "prompt": prompt, "password": password}),
        Message::Panic { message, location, thread } => {
            json!({"op": "panic", "message": message, "location": location, "thread": thread})
        }
        Message::Failure { message, type_name } => {
            json!({"op": "failure", "message": message, "type": type_name})
        }
    }
}

/// Shows a bundle by the stock kernel's own lines; what it has no words for is left out.
pub(super) fn send_to_stock_kernel(message: &Message<'_>) {
    let (Message::Display { bundle, .. } | Message::Update { bundle, .. } | Message::Result { bundle }) =
        message
    else {
        return;
    };
    let mut out = std::io::stdout().lock();
    for (mime, content) in bundle.iter() {
        let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        let _ = write!(out, "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n");
    }
    let _ = out.flush();
}

pub(super) fn input(prompt: &str, password: bool) -> std::io::Result<String> {
    let Some(channel) = channel() else {
        print!("{prompt}");
        std::io::stdout().flush()?;
        return super::read_line(&mut std::io::stdin().lock());
    };
    send(&Message::Input { prompt, password });
    let answers = std::fs::File::open(&channel.input)?;
    let line = super::read_line(&mut BufReader::new(answers))?;
    // The answer is a JSON string, so that it may hold line breaks; `null` says that nobody can answer.
    serde_json::from_str::<Option<String>>(&line)?.ok_or_else(|| {
        std::io::Error::new(
            std::io::ErrorKind::Unsupported,
            "this front end takes no input: nobody can answer",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The channel belongs to one process: a program that inherits the variable is no cell.
    #[test]
    fn the_channel_belongs_to_one_process() {
        assert!(parse("17:abc:5", 17).is_some());
        assert!(parse("17:abc:5", 18).is_none());
        assert!(parse("abc", 17).is_none());
        // A path may have a colon in it.
        assert_eq!(parse("17:abc:/a:b", 17).map(|channel| channel.input).as_deref(), Some("/a:b"));
    }

    /// A display keeps its formats in order and its metadata.
    #[test]
    fn a_display_is_encoded_in_order() {
        let bundle = MimeBundle::text("t").with("image/svg+xml", "<svg/>").with_metadata("isolated", true);
        let encoded = encode(&Message::Display { bundle: &bundle, id: Some("a") }).to_string();
        let expected = r#"{"op":"display","data":{"text/plain":"t","image/svg+xml":"<svg/>"},"metadata":{"isolated":true},"id":"a"}"#;
        assert_eq!(encoded, expected);
    }
}
