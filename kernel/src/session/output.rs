//! What a cell gives out while it runs, and how it ended.

use serde_json::{Map, Value};

/// One of the two text streams of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The name in Jupyter's messages and in notebook files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// One thing that a cell gives out; the kernel sends it on at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Text, as it was printed.
    Text(Stream, String),
    /// A display in several formats; with an id it can be updated.
    Display {
        /// Content by MIME type.
        data: Map<String, Value>,
        /// What the front end should know beside the content.
        metadata: Map<String, Value>,
        /// The name for updates.
        id: Option<String>,
    },
    /// New content for the displays that were shown as `id`.
    Update {
        /// Content by MIME type.
        data: Map<String, Value>,
        /// What the front end should know beside the content.
        metadata: Map<String, Value>,
        /// The name of the displays.
        id: String,
    },
    /// The value of the cell.
    Result {
        /// Content by MIME type.
        data: Map<String, Value>,
        /// What the front end should know beside the content.
        metadata: Map<String, Value>,
    },
    /// What the cell has shown so far is removed, with `wait` only when the next output arrives.
    Clear {
        /// Whether to wait for the next output.
        wait: bool,
    },
    /// The cell waits for a line of text.
    Input {
        /// What to ask.
        prompt: String,
        /// Whether the answer is a secret.
        password: bool,
    },
}

/// An error that ended a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// The kind of error: `panic`, the name of an error type, `CompileError`, `Interrupted`, ...
    pub name: String,
    /// One line that says what happened.
    pub value: String,
    /// What a reader sees below the cell, line by line.
    pub traceback: Vec<String>,
}

impl CellError {
    /// An error whose traceback is its name and value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        let traceback = format!("\u{1b}[31m{name}\u{1b}[0m: {value}").lines().map(str::to_owned).collect();
        Self { name, value, traceback }
    }

    /// Adds lines to the traceback.
    #[must_use]
    pub fn with_lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.traceback.extend(lines);
        self
    }
}
