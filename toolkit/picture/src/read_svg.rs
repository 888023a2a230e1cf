//! Reads back the SVG that this crate writes, so that figures in saved notebooks become PNG and PDF.
//!
//! It knows the elements that [`super::svg`] writes and no others: an SVG of another program is an error.

use std::collections::HashMap;
use std::io::Read as _;

use super::color::Rgb;
use super::path::{Path, Segment};
use super::scene::{Anchor, Fill, Primitive, Raster, Rect, Scene, Stroke, Text};
use crate::Error;

/// The scene of an SVG document written by [`super::svg::write`].
pub fn read(svg: &str) -> Result<Scene, Error> {
    let foreign = |what: &str| Error::Foreign(what.to_owned());
    let mut scene = Scene { width: 0.0, height: 0.0, title: String::new(), items: Vec::new() };
    let mut clips: HashMap<String, Rect> = HashMap::new();
    // Open groups: whether one is a clip.
    let mut groups: Vec<bool> = Vec::new();
    let (mut clip_id, mut in_definitions, mut in_title) = (String::new(), false, false);
    let mut label: Option<Text> = None;
    for piece in svg.split('<').skip(1) {
        let (tag, after) = piece.split_once('>').ok_or_else(|| foreign("a tag without an end"))?;
        let tag = Tag::new(tag);
        match tag.name {
            "svg" => (scene.width, scene.height) = (tag.number("width"), tag.number("height")),
            "title" => (in_title, scene.title) = (true, unescape(after)),
            "/title" => in_title = false,
            "defs" => in_definitions = true,
            "/defs" => in_definitions = false,
            "clipPath" => clip_id = tag.text("id"),
            "rect" => {
                let rect = Rect {
                    x: tag.number("x"),
                    y: tag.number("y"),
                    w: tag.number("width"),
                    h: tag.number("height"),
                };
                clips.insert(clip_id.clone(), rect);
            }
            "path" if in_definitions => {}
            "path" => scene.items.push(path(&tag).ok_or_else(|| foreign("a path of another form"))?),
            "image" => scene.items.push(image(&tag).ok_or_else(|| foreign("an image of another kind"))?),
            "g" => {
                let clip = tag.text("clip-path");
                groups.push(!clip.is_empty());
                if clip.is_empty() {
                    label = Some(text(&tag).ok_or_else(|| foreign("a group of another kind"))?);
                } else {
                    let id = clip.trim_start_matches("url(#").trim_end_matches(')');
                    scene.items.push(Primitive::Clip(
                        *clips.get(id).ok_or_else(|| foreign("a clip without a form"))?,
                    ));
                }
            }
            "use" => {
                if let Some(mut text) = label.take() {
                    let start = tag.attributes.iter().find(|a| a.0 == "x").map_or_else(
                        || arguments(&tag.text("transform"), "translate").first().copied().unwrap_or(0.0),
                        |a| a.1.parse().unwrap_or(0.0),
                    ) * text.size
                        / super::font::EM;
                    let (sin, cos) = text.angle.to_radians().sin_cos();
                    text.x += start * cos;
                    text.y += start * sin;
                    scene.items.push(Primitive::Text(text));
                }
            }
            "/g" => {
                label = None;
                if groups.pop() == Some(true) {
                    scene.items.push(Primitive::EndClip);
                }
            }
            "/svg" | "/clipPath" => {}
            _ if in_title => {}
            other => return Err(foreign(&format!("it has an element `{other}`"))),
        }
    }
    if scene.width > 0.0 && scene.height > 0.0 { Ok(scene) } else { Err(foreign("it has no size")) }
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn new(tag: &'a str) -> Self {
        let tag = tag.trim_end_matches('/');
        let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some((key, after)) = rest.split_once("=\"") {
            let Some((value, after)) = after.split_once('"') else { break };
            attributes.push((key.trim(), value));
            rest = after;
        }
        Self { name, attributes }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|a| a.0 == name).map(|a| a.1)
    }

    fn text(&self, name: &str) -> String {
        unescape(self.get(name).unwrap_or(""))
    }

    fn number(&self, name: &str) -> f64 {
        self.get(name).and_then(|v| v.parse().ok()).unwrap_or(0.0)
    }

    fn number_or(&self, name: &str, default: f64) -> f64 {
        self.get(name).and_then(|v| v.parse().ok()).unwrap_or(default)
    }

    fn color(&self, name: &str) -> Option<Rgb> {
        let hex = self.get(name)?.strip_prefix('#')?;
        let part = |range| hex.get(range).and_then(|p| u8::from_str_radix(p, 16).ok());
        Some(Rgb(part(0..2)?, part(2..4)?, part(4..6)?))
    }
}

fn path(tag: &Tag<'_>) -> Option<Primitive> {
    let path = outline(tag.get("d")?)?;
    let fill = tag.color("fill").map(|color| Fill {
        color,
        opacity: tag.number_or("fill-opacity", 1.0),
        united: tag.get("fill-rule") != Some("evenodd"),
    });
    let stroke = tag.color("stroke").map(|color| Stroke {
        color,
        width: tag.number_or("stroke-width", 1.0),
        opacity: tag.number_or("stroke-opacity", 1.0),
        dash: tag.get("stroke-dasharray").unwrap_or("").split(' ').filter_map(|d| d.parse().ok()).collect(),
    });
    Some(Primitive::Path { path, fill, stroke })
}

/// A path of relative commands.
fn outline(d: &str) -> Option<Path> {
    let mut segments = Vec::new();
    let (mut at, mut start) = ((0.0, 0.0), (0.0, 0.0));
    let mut rest = d;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |i| i + 1);
        let numbers = numbers(&rest[1..end])?;
        rest = &rest[end..];
        let size = match command {
            'm' | 'l' => 2,
            'h' | 'v' => 1,
            'q' => 4,
            'c' => 6,
            'z' => {
                segments.push(Segment::Close);
                at = start;
                continue;
            }
            _ => return None,
        };
        if numbers.is_empty() || numbers.len() % size != 0 {
            return None;
        }
        for n in numbers.chunks_exact(size) {
            let p = |i: usize| (at.0 + n[i], at.1 + n[i + 1]);
            let to = match command {
                'h' => (at.0 + n[0], at.1),
                'v' => (at.0, at.1 + n[0]),
                _ => p(size - 2),
            };
            segments.push(match command {
                'm' => Segment::Move(to.0, to.1),
                'q' => Segment::Quad(p(0).0, p(0).1, to.0, to.1),
                'c' => Segment::Cubic(p(0).0, p(0).1, p(2).0, p(2).1, to.0, to.1),
                _ => Segment::Line(to.0, to.1),
            });
            at = to;
            if command == 'm' {
                start = to;
            }
        }
    }
    Some(Path(segments))
}

/// Numbers parted by spaces or by their minus signs.
fn numbers(text: &str) -> Option<Vec<f64>> {
    let parted = text.replace('-', " -").replace("e -", "e-");
    parted.split_whitespace().map(|n| n.parse().ok()).collect()
}

fn text(tag: &Tag<'_>) -> Option<Text> {
    let transform = tag.get("transform")?;
    let place = arguments(transform, "translate");
    Some(Text {
        x: *place.first()?,
        y: *place.get(1)?,
        text: unescape(tag.get("aria-label")?),
        size: arguments(transform, "scale").first()? * super::font::EM,
        color: tag.color("fill")?,
        anchor: Anchor::Start,
        angle: arguments(transform, "rotate").first().copied().unwrap_or(0.0),
    })
}

fn arguments(transform: &str, name: &str) -> Vec<f64> {
    let inside = transform.split_once(name).and_then(|(_, rest)| rest.strip_prefix('(')?.split_once(')'));
    inside.map_or_else(Vec::new, |(inside, _)| inside.split(' ').filter_map(|n| n.parse().ok()).collect())
}

fn image(tag: &Tag<'_>) -> Option<Primitive> {
    let data = tag.get("xlink:href")?.strip_prefix("data:image/png;base64,")?;
    Some(Primitive::Image {
        rect: Rect {
            x: tag.number("x"),
            y: tag.number("y"),
            w: tag.number("width"),
            h: tag.number("height"),
        },
        raster: decode(&bytes(data)?)?,
        smooth: tag.get("image-rendering").is_none(),
    })
}

fn bytes(base64: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut word, mut bits) = (0_u32, 0);
    for c in base64.bytes().filter(|c| *c != b'=') {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// A PNG as [`super::png`] writes it: eight bits, rows as they are or as the row above.
fn decode(png: &[u8]) -> Option<Raster> {
    let word = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?) as usize);
    let (width, height, kind) = (word(16)?, word(20)?, *png.get(25)?);
    let packed = png.get(41..41 + word(33)?)?;
    let channels = match kind {
        0 => 1,
        4 => 2,
        2 => 3,
        6 => 4,
        _ => return None,
    };
    let mut data = Vec::new();
    let whole = (height as u64).checked_mul(width as u64 * channels + 1)?;
    flate2::read::ZlibDecoder::new(packed).take(whole).read_to_end(&mut data).ok()?;
    let mut rgba = Vec::new();
    let mut row = vec![0_u8; width * channels as usize];
    for line in data.chunks_exact(row.len() + 1) {
        for (to, from) in row.iter_mut().zip(&line[1..]) {
            *to = match line[0] {
                0 => *from,
                2 => to.wrapping_add(*from),
                _ => return None,
            };
        }
        for p in row.chunks_exact(channels as usize) {
            rgba.extend(match *p {
                [g] => [g, g, g, 255],
                [g, a] => [g, g, g, a],
                [r, g, b] => [r, g, b, 255],
                [r, g, b, a] => [r, g, b, a],
                _ => return None,
            });
        }
    }
    (rgba.len() == width * height * 4).then_some(Raster { width, height, rgba })
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
