//! What keeps a picture from being read or painted.

/// Why an SVG cannot be read, or a picture cannot be painted, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The SVG was not written by this crate.
    Foreign(String),
    /// The scale leads to an image without pixels, or of too many.
    Size(String),
}

impl Error {
    /// What would be right.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Foreign(_) => "only figures that were made by `kiln::plot` can be drawn again",
            Self::Size(_) => "width and height can be 1 to 20000 pixels; a scale of 2 suits most slides",
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(what) => write!(f, "this SVG is not one of Kiln's figures: {what}"),
            Self::Size(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}
