//! Texts and arrows at places in the data.

use super::theme::Color;

/// A text at a point of a panel, with or without an arrow to another point.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Note};
/// let figure = Figure::new()
///     .line("f", [0.0, 1.0, 2.0], [1.0, 0.2, 0.9])
///     .note(Note::new("local minimum", 1.0, 0.6).arrow_to(1.0, 0.2));
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub(crate) text: String,
    pub(crate) at: (f64, f64),
    pub(crate) target: Option<(f64, f64)>,
    pub(crate) color: Color,
    pub(crate) side: Side,
    /// A frame in the panel's colour keeps the text readable on top of data.
    pub(crate) boxed: bool,
    pub(crate) shift: (f64, f64),
    pub(crate) size: Option<f64>,
}

/// On which side of its point a note's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Centred on the point.
    #[default]
    Center,
    /// To the right of it.
    Right,
    /// To the left of it.
    Left,
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl Note {
    /// A text at a point, in the units of the axes.
    pub fn new(text: impl Into<String>, x: f64, y: f64) -> Self {
        Self {
            text: text.into(),
            at: (x, y),
            target: None,
            color: Color::Text,
            side: Side::Center,
            boxed: true,
            shift: (0.0, 0.0),
            size: None,
        }
    }

    /// Only an arrow, from one point to another.
    pub fn arrow(from: (f64, f64), to: (f64, f64)) -> Self {
        Self::new("", from.0, from.1).arrow_to(to.0, to.1)
    }

    /// Draws an arrow from the text to this point.
    #[must_use]
    pub fn arrow_to(mut self, x: f64, y: f64) -> Self {
        self.target = Some((x, y));
        self
    }

    /// The colour of text and arrow.
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// On which side of the point the text stands.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// Leaves out the frame behind the text.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.boxed = false;
        self
    }

    /// The size of the text in pixels.
    #[must_use]
    pub fn size(mut self, pixels: f64) -> Self {
        self.size = Some(pixels);
        self
    }
}
