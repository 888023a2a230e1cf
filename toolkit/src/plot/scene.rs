//! A picture as a short list of primitives; the painters (SVG, PNG, PDF) draw nothing else.

use super::path::Path;
use super::theme::Rgb;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.w
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.h
    }

    pub(crate) fn contains(&self, (x, y): (f64, f64)) -> bool {
        x >= self.x && x <= self.right() && y >= self.y && y <= self.bottom()
    }
}

/// How an outline is stroked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) color: Rgb,
    pub(crate) width: f64,
    pub(crate) opacity: f64,
    pub(crate) dash: Vec<f64>,
}

impl Stroke {
    pub(crate) fn new(color: Rgb, width: f64) -> Self {
        Self { color, width, opacity: 1.0, dash: Vec::new() }
    }

    pub(crate) fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }

    pub(crate) fn dash(mut self, dash: &[f64]) -> Self {
        self.dash = dash.to_vec();
        self
    }
}

/// A text on one line, on its baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) text: String,
    pub(crate) size: f64,
    pub(crate) color: Rgb,
    pub(crate) anchor: Anchor,
    /// Degrees, clockwise.
    pub(crate) angle: f64,
}

/// An image: eight-bit RGBA, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgba: Vec<u8>,
}

/// What a painter can draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Primitive {
    Path { path: Path, fill: Option<(Rgb, f64)>, stroke: Option<Stroke> },
    Text(Text),
    Image { rect: Rect, raster: Raster, smooth: bool },
    Clip(Rect),
    EndClip,
}

/// A picture of a certain size.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: String,
    pub(crate) items: Vec<Primitive>,
}

impl Scene {
    pub(crate) fn fill(&mut self, path: Path, color: Rgb, opacity: f64) {
        self.items.push(Primitive::Path { path, fill: Some((color, opacity)), stroke: None });
    }

    pub(crate) fn stroke(&mut self, path: Path, stroke: Stroke) {
        if !path.0.is_empty() {
            self.items.push(Primitive::Path { path, fill: None, stroke: Some(stroke) });
        }
    }

    pub(crate) fn text(&mut self, at: (f64, f64), text: &str, size: f64, color: Rgb, anchor: Anchor) {
        self.text_at_angle(at, text, size, color, anchor, 0.0);
    }

    pub(crate) fn text_at_angle(
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
