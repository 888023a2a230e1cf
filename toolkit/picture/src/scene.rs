//! A picture as a short list of primitives; the painters (SVG, PNG, PDF) draw nothing else.

use super::color::Rgb;
use super::path::Path;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Start,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    End,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// The width.
    pub w: f64,
    /// The height.
    pub h: f64,
}

impl Rect {
    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// Whether a point lies within, the edges included.
    pub fn contains(&self, (x, y): (f64, f64)) -> bool {
        x >= self.x && x <= self.right() && y >= self.y && y <= self.bottom()
    }
}

/// How an outline is stroked.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// The colour.
    pub color: Rgb,
    /// The width in pixels.
    pub width: f64,
    /// From 0, invisible, to 1.
    pub opacity: f64,
    /// Lengths of dashes and gaps in turn; none: a solid line.
    pub dash: Vec<f64>,
}

impl Stroke {
    /// A solid, opaque line.
    pub fn new(color: Rgb, width: f64) -> Self {
        Self { color, width, opacity: 1.0, dash: Vec::new() }
    }

    /// The same with another opacity.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }

    /// The same with dashes.
    #[must_use]
    pub fn dash(mut self, dash: &[f64]) -> Self {
        self.dash = dash.to_vec();
        self
    }
}

/// A text on one line, on its baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Where it stands, from the left.
    pub x: f64,
    /// Its baseline, from the top.
    pub y: f64,
    /// The characters.
    pub text: String,
    /// The size of the font in pixels.
    pub size: f64,
    /// The colour.
    pub color: Rgb,
    /// Which part of the text stands at the point.
    pub anchor: Anchor,
    /// Degrees, clockwise.
    pub angle: f64,
}

/// An image: eight-bit RGBA, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

/// How the inside of a form is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// The colour.
    pub color: Rgb,
    /// From 0, not seen, to 1.
    pub opacity: f64,
    /// Whether parts that overlap are one; otherwise what is enclosed twice is outside.
    pub united: bool,
}

/// What a painter can draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Primitive {
    /// A form, filled, stroked or both.
    Path {
        /// The form.
        path: Path,
        /// The inside.
        fill: Option<Fill>,
        /// The line along the form.
        stroke: Option<Stroke>,
    },
    /// A text.
    Text(Text),
    /// An image.
    Image {
        /// Where it goes.
        rect: Rect,
        /// Its pixels.
        raster: Raster,
        /// Whether it is smoothed when enlarged; otherwise its pixels stay squares.
        smooth: bool,
    },
    /// What follows is drawn within this rectangle only.
    Clip(Rect),
    /// The end of the last [`Primitive::Clip`].
    EndClip,
}

/// A picture of a certain size.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The width in pixels.
    pub width: f64,
    /// The height in pixels.
    pub height: f64,
    /// What the picture shows, in words.
    pub title: String,
    /// What is drawn, in order.
    pub items: Vec<Primitive>,
}

impl Scene {
    /// Adds a filled form.
    pub fn fill(&mut self, path: Path, color: Rgb, opacity: f64) {
        let fill = Some(Fill { color, opacity, united: false });
        self.items.push(Primitive::Path { path, fill, stroke: None });
    }

    /// Adds a form whose parts may overlap.
    pub fn fill_united(&mut self, path: Path, color: Rgb, opacity: f64) {
        let fill = Some(Fill { color, opacity, united: true });
        self.items.push(Primitive::Path { path, fill, stroke: None });
    }

    /// Adds a line, if the path has any part.
    pub fn stroke(&mut self, path: Path, stroke: Stroke) {
        if !path.0.is_empty() {
            self.items.push(Primitive::Path { path, fill: None, stroke: Some(stroke) });
        }
    }

    /// Adds a text, if it has any character.
    pub fn text(&mut self, at: (f64, f64), text: &str, size: f64, color: Rgb, anchor: Anchor) {
        self.text_at_angle(at, text, size, color, anchor, 0.0);
    }

    /// The same, turned clockwise by some degrees.
    pub fn text_at_angle(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        size: f64,
        color: Rgb,
        anchor: Anchor,
        angle: f64,
    ) {
        if !text.is_empty() {
            self.items.push(Primitive::Text(Text { x, y, text: text.into(), size, color, anchor, angle }));
        }
    }
}
