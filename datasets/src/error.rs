//! What can go wrong with a data set: the file or address, what was found, what would be right.

use std::fmt;

/// A result whose error is this crate's [`Error`] unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that names the file or address, what was found there, and a way out.
///
/// `Debug` prints the same text as `Display`, so that `unwrap()` in a notebook cell reads well.
///
/// # Example
/// ```
/// use kiln_datasets::Error;
/// let error = Error::new("the file ends after 12 bytes").at("train.gz").with_help("delete it");
/// assert_eq!(error.to_string(), "train.gz: the file ends after 12 bytes\nhelp: delete it");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    place: Option<String>,
    what: String,
    help: Option<String>,
}

impl Error {
    /// An error with what was found, and what was expected instead.
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Inner { place: None, what: what.into(), help: None }))
    }

    /// Names the file or address, unless a nearer place is named already.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place.get_or_insert_with(|| place.to_string());
        self
    }

    /// Adds what would be right; shown on a line of its own behind `help:`.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The file or address, where there is one.
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// What was found, without place and help.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What would be right, where the error knows it.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The text without the help, on one line: for use inside another message.
    pub(crate) fn in_short(&self) -> String {
        match &self.0.place {
            Some(place) => format!("{place}: {}", self.0.what),
            None => self.0.what.clone(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_short())?;
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
