//! The one error type of the toolkit: what went wrong, where, and what would be right.

use std::fmt;

/// A result whose error is Kiln's [`Error`] unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of mistake an [`Error`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes, lengths or ranks do not fit together.
    Shape,
    /// An argument lies outside its valid range, or an unknown name was given.
    Argument,
    /// The data holds what it must not hold: NaN, a label outside the classes, a wrong type.
    Data,
    /// A file could not be read or written, or holds something else than its name says.
    File,
    /// An operation came too early or too late: training before `compile`, a frozen model without a new `compile`.
    State,
    /// The device or its library failed.
    Device,
}

/// An error that names the operation, the shapes or values, the place, and a way out.
///
/// `Debug` prints the same text as `Display`, so that `unwrap()` in a notebook cell reads well.
///
/// ```text
/// Dense `dense_1` (layer 3 of 5): the kernel expects 300 input features, but got shape [32, 784]
/// help: is a Flatten or another Dense missing before it?
/// ```
///
/// # Example
/// ```
/// use kiln::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Argument, "the rate must be in 0.0..1.0, but is 2").in_context("Dropout `dropout`");
/// assert_eq!(error.to_string(), "Dropout `dropout`: the rate must be in 0.0..1.0, but is 2");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
}

impl Error {
    /// An error of this kind; the message says what is wrong and what was found.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), help: None }))
    }

    /// [`ErrorKind::Shape`] with this message.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Shape, message)
    }

    /// [`ErrorKind::Argument`] with this message.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Argument, message)
    }

    /// [`ErrorKind::Data`] with this message.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// [`ErrorKind::File`] with this message.
    pub fn file(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::File, message)
    }

    /// [`ErrorKind::State`] with this message.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::State, message)
    }

    /// An unknown name, with the list of those that are valid.
    pub fn unknown_name<'a>(what: &str, name: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        let valid: Vec<&str> = valid.into_iter().collect();
        Self::argument(format!("unknown {what} `{name}`"))
            .with_help(format!("the {what} names are: {}", valid.join(", ")))
    }

    /// Adds what would be right; shown on a line of its own behind `help:`.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Puts the place where it happened before the message.
    #[must_use]
    pub fn in_context(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    /// The kind of mistake.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What would be right, where the error knows it.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl From<kiln_picture::Error> for Error {
    fn from(error: kiln_picture::Error) -> Self {
        let kind = match &error {
            kiln_picture::Error::Size(_) => ErrorKind::Argument,
            _ => ErrorKind::Data,
        };
        Self::new(kind, error.to_string()).with_help(error.help())
    }
}
