//! The SVG painter: presentation attributes only, text as outlines, ids that are hashes of content.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::font::{self, EM};
use super::png;
use super::scene::{Anchor, Fill, Primitive, Rect, Scene, Stroke, Text};

/// The scene as a self-contained SVG document.
pub fn write(scene: &Scene) -> String {
    let mut painter = Painter::default();
    for item in &scene.items {
        painter.draw(item);
    }
    let (w, h) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{w}\" \
         height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\">\n<title>{}</title>\n<defs>",
        escape(&scene.title)
    );
    for (id, definition) in &painter.definitions {
        let _ = write!(out, "\n{}", definition.replace("{id}", id));
    }
    out.push_str("\n</defs>");
    out.push_str(&painter.body);
    out.push_str("\n</svg>\n");
    out
}

#[derive(Default)]
struct Painter {
    definitions: BTreeMap<String, String>,
    glyphs: BTreeMap<u16, String>,
    body: String,
}

impl Painter {
    fn draw(&mut self, item: &Primitive) {
        match item {
            Primitive::Path { path, fill, stroke } => {
                let _ = write!(self.body, "\n<path d=\"{}\"", path.to_svg(10.0));
                match fill {
                    Some(Fill { color, opacity, united }) => {
                        let _ = write!(self.body, " fill=\"{}\"", color.hex());
                        if *opacity < 1.0 {
                            let _ = write!(self.body, " fill-opacity=\"{}\"", round(*opacity, 3));
                        }
                        if !united {
                            self.body.push_str(" fill-rule=\"evenodd\"");
                        }
                    }
                    None => self.body.push_str(" fill=\"none\""),
                }
                if let Some(stroke) = stroke {
                    self.stroke(stroke);
                }
                self.body.push_str("/>");
            }
            Primitive::Text(text) => self.text(text),
            Primitive::Image { rect, raster, smooth } => {
                let rendering = if *smooth { "" } else { " image-rendering=\"pixelated\"" };
                let _ = write!(
                    self.body,
                    "\n<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\"{rendering} \
                     xlink:href=\"{}\"/>",
                    round(rect.x, 2),
                    round(rect.y, 2),
                    round(rect.w, 2),
                    round(rect.h, 2),
                    png::data_uri(raster)
                );
            }
            Primitive::Clip(rect) => {
                let id = self.clip(rect);
                let _ = write!(self.body, "\n<g clip-path=\"url(#{id})\">");
            }
            Primitive::EndClip => self.body.push_str("\n</g>"),
        }
    }

    fn stroke(&mut self, stroke: &Stroke) {
        let _ = write!(
            self.body,
            " stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"{}\"",
            stroke.color.hex(),
            round(stroke.width, 2),
            if stroke.dash.is_empty() { "round" } else { "butt" }
        );
        if stroke.opacity < 1.0 {
            let _ = write!(self.body, " stroke-opacity=\"{}\"", round(stroke.opacity, 3));
        }
        if !stroke.dash.is_empty() {
            let dash: Vec<String> = stroke.dash.iter().map(|d| round(*d, 1).to_string()).collect();
            let _ = write!(self.body, " stroke-dasharray=\"{}\"", dash.join(" "));
        }
    }

    fn text(&mut self, text: &Text) {
        let run = font::layout(&text.text);
        let scale = text.size / EM;
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -run.width / 2.0,
            Anchor::End => -run.width,
        };
        let _ = write!(self.body, "\n<g transform=\"translate({} {})", round(text.x, 2), round(text.y, 2));
        if text.angle != 0.0 {
            let _ = write!(self.body, "rotate({})", round(text.angle, 1));
        }
        let _ = write!(
            self.body,
            "scale({})\" fill=\"{}\" aria-label=\"{}\">",
            round(scale, 5),
            text.color.hex(),
            escape(&text.text)
        );
        for glyph in &run.glyphs {
            let Some(id) = self.glyph(glyph.id) else { continue };
            let x = (glyph.x + shift).round();
            if glyph.y == 0.0 && glyph.scale == 1.0 {
                let _ = write!(self.body, "<use xlink:href=\"#{id}\" x=\"{x}\"/>");
            } else {
                let _ = write!(
                    self.body,
                    "<use xlink:href=\"#{id}\" transform=\"translate({x} {})scale({})\"/>",
                    glyph.y.round(),
                    round(glyph.scale, 3)
                );
            }
        }
        self.body.push_str("</g>");
    }

    /// The id of a glyph's outline; a space has none.
    fn glyph(&mut self, glyph: u16) -> Option<String> {
        if !self.glyphs.contains_key(&glyph) {
            let d = font::outline(glyph).to_svg(1.0);
            let id = if d.is_empty() { String::new() } else { format!("g{}", hash(&d)) };
            if !d.is_empty() {
                self.definitions.insert(id.clone(), format!("<path id=\"{{id}}\" d=\"{d}\"/>"));
            }
            self.glyphs.insert(glyph, id);
        }
        self.glyphs.get(&glyph).filter(|id| !id.is_empty()).cloned()
    }

    fn clip(&mut self, rect: &Rect) -> String {
        let shape = format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            round(rect.x, 1),
            round(rect.y, 1),
            round(rect.w, 1),
            round(rect.h, 1)
        );
        let id = format!("c{}", hash(&shape));
        self.definitions.insert(id.clone(), format!("<clipPath id=\"{{id}}\">{shape}</clipPath>"));
        id
    }
}

/// Rounds for output; `-0` becomes `0`.
fn round(value: f64, places: i32) -> f64 {
    let unit = 10_f64.powi(places);
    (value * unit).round() / unit + 0.0
}

/// A short name for a content (FNV-1a, 32 bits, base 36).
fn hash(content: &str) -> String {
    let mut hash = content.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let mut name = String::new();
    while hash > 0 {
        name.push(char::from_digit(hash % 36, 36).unwrap_or('0'));
        hash /= 36;
    }
    name
}

/// Text for XML and HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
