//! The PDF painter: one page, vector graphics, text that can be searched.
//!
//! Text is set in Type 3 fonts made of the same outlines as in SVG, with a table that says which letter each is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::color::Rgb;
use super::font::{self, EM, Glyph};
use super::path::{Path, Segment};
use super::png::deflate;
use super::scene::{Anchor, Fill, Primitive, Raster, Rect, Scene, Stroke, Text};

/// Points of a page per pixel.
const POINTS: f64 = 0.75;
/// The most glyphs of a Type 3 font.
const FONT_SIZE: usize = 256;

/// The scene as a PDF document with one page of its size.
pub fn write(scene: &Scene) -> Vec<u8> {
    let mut page = Page::default();
    let _ = writeln!(page.content, "{POINTS} 0 0 -{POINTS} 0 {} cm", number(scene.height * POINTS));
    for item in &scene.items {
        page.draw(item);
    }
    page.finish(scene)
}

#[derive(Default)]
struct Page {
    content: String,
    /// Glyphs in the order of their first use, and what they stand for.
    glyphs: Vec<(u16, char)>,
    places: BTreeMap<(u16, char), usize>,
    /// Opacities in thousandths: fill and stroke.
    opacities: BTreeMap<(u32, u32), usize>,
    images: Vec<Raster>,
}

impl Page {
    fn draw(&mut self, item: &Primitive) {
        match item {
            Primitive::Path { path, fill, stroke } => self.path(path, *fill, stroke.as_ref()),
            Primitive::Text(text) => self.text(text),
            Primitive::Image { rect, raster, .. } => {
                let Rect { x, y, w, h } = *rect;
                let (w, h, x, bottom) = (number(w), number(h), number(x), number(y + h));
                let _ = writeln!(self.content, "q {w} 0 0 -{h} {x} {bottom} cm /I{} Do Q", self.images.len());
                self.images.push(raster.clone());
            }
            Primitive::Clip(Rect { x, y, w, h }) => {
                let [x, y, w, h] = [x, y, w, h].map(|v| number(*v));
                let _ = writeln!(self.content, "q {x} {y} {w} {h} re W n");
            }
            Primitive::EndClip => self.content.push_str("Q\n"),
        }
    }

    fn path(&mut self, path: &Path, fill: Option<Fill>, stroke: Option<&Stroke>) {
        let fill_opacity = fill.map_or(1.0, |fill| fill.opacity);
        let stroke_opacity = stroke.map_or(1.0, |s| s.opacity);
        let transparent = fill_opacity < 1.0 || stroke_opacity < 1.0;
        if transparent {
            let thousandths = |v: f64| (v * 1000.0).round() as u32;
            let next = self.opacities.len();
            let key = (thousandths(fill_opacity), thousandths(stroke_opacity));
            let state = *self.opacities.entry(key).or_insert(next);
            let _ = writeln!(self.content, "q /G{state} gs");
        }
        if let Some(Fill { color, .. }) = fill {
            let _ = writeln!(self.content, "{} rg", color_numbers(color));
        }
        if let Some(stroke) = stroke {
            let dash: Vec<String> = stroke.dash.iter().map(|d| number(*d)).collect();
            let cap = if dash.is_empty() { 1 } else { 0 };
            let _ = writeln!(
                self.content,
                "{} RG {} w {cap} J 1 j [{}] 0 d",
                color_numbers(stroke.color),
                number(stroke.width),
                dash.join(" ")
            );
        }
        write_path(&mut self.content, path, 2);
        self.content.push_str(match (fill.map(|fill| fill.united), stroke.is_some()) {
            (Some(false), true) => "B*\n",
            (Some(false), false) => "f*\n",
            (Some(true), true) => "B\n",
            (Some(true), false) => "f\n",
            (None, true) => "S\n",
            (None, false) => "n\n",
        });
        if transparent {
            self.content.push_str("Q\n");
        }
    }

    fn text(&mut self, text: &Text) {
        let run = font::layout(&text.text);
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -run.width / 2.0,
            Anchor::End => -run.width,
        };
        let (sin, cos) = text.angle.to_radians().sin_cos();
        let em = text.size / EM;
        let _ = writeln!(self.content, "BT {} rg", color_numbers(text.color));
        // Glyphs of one size on one line, one behind the other, are one string.
        for piece in run.glyphs.chunk_by(|a, b| a.scale == b.scale && a.y == b.y && a.letter != '\u{302}') {
            let Some(first) = piece.first() else { continue };
            let (dx, dy) = ((first.x + shift) * em, first.y * em);
            let (x, y) = (text.x + dx * cos - dy * sin, text.y + dx * sin + dy * cos);
            let size = number(text.size * first.scale);
            let _ = write!(
                self.content,
                "{} {} {} {} {} {} Tm",
                number(cos),
                number(sin),
                number(sin),
                number(-cos),
                number(x),
                number(y)
            );
            let mut font = usize::MAX;
            let mut open = false;
            for glyph in piece {
                let place = self.place(glyph);
                if place / FONT_SIZE != font {
                    font = place / FONT_SIZE;
                    let _ = write!(self.content, "{} /F{font} {size} Tf <", if open { "> Tj" } else { "" });
                    open = true;
                }
                let _ = write!(self.content, "{:02x}", place % FONT_SIZE);
            }
            self.content.push_str("> Tj\n");
        }
        self.content.push_str("ET\n");
    }

    fn place(&mut self, glyph: &Glyph) -> usize {
        let key = (glyph.id, glyph.letter);
        *self.places.entry(key).or_insert_with(|| {
            self.glyphs.push(key);
            self.glyphs.len() - 1
        })
    }

    fn finish(&self, scene: &Scene) -> Vec<u8> {
        let mut file = File::default();
        let (catalog, pages, page, info) = (file.reserve(), file.reserve(), file.reserve(), file.reserve());
        let content = file.stream("", self.content.as_bytes());
        let fonts: Vec<usize> =
            self.glyphs.chunks(FONT_SIZE).map(|glyphs| type3(&mut file, glyphs)).collect();
        let images: Vec<usize> = self.images.iter().map(|raster| image(&mut file, raster)).collect();
        let listed = |prefix: &str, ids: &[usize]| {
            ids.iter().enumerate().fold(String::new(), |out, (i, id)| format!("{out}/{prefix}{i} {id} 0 R "))
        };
        let mut states = String::new();
        for ((fill, stroke), i) in &self.opacities {
            let _ = write!(
                states,
                "/G{i} << /ca {} /CA {} >> ",
                f64::from(*fill) / 1e3,
                f64::from(*stroke) / 1e3
            );
        }
        let (w, h) = (number(scene.width * POINTS), number(scene.height * POINTS));
        file.put(catalog, &format!("<< /Type /Catalog /Pages {pages} 0 R >>"));
        file.put(pages, &format!("<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>"));
        file.put(
            page,
            &format!(
                "<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {w} {h}] /Contents {content} 0 R /Resources << \
                 /Font << {}>> /XObject << {}>> /ExtGState << {states}>> >> >>",
                listed("F", &fonts),
                listed("I", &images)
            ),
        );
        file.put(info, &format!("<< /Title <feff{}> /Producer (Kiln) >>", utf16(&scene.title)));
        file.finish(catalog, info)
    }
}

/// A Type 3 font of these glyphs.
fn type3(file: &mut File, glyphs: &[(u16, char)]) -> usize {
    let mut procs = String::new();
    let mut names = String::new();
    let mut widths = Vec::new();
    let mut letters = String::new();
    for (i, (id, letter)) in glyphs.iter().enumerate() {
        let advance = font::advance(*id);
        let mut outline = format!("{} 0 -200 -400 1400 1400 d1\n", number(advance));
        let upright = |path: Path| Path(path.0.into_iter().map(flip).collect());
        write_path(&mut outline, &upright(font::outline(*id)), 0);
        outline.push('f');
        let stream = file.stream("", outline.as_bytes());
        let _ = write!(procs, "/g{i} {stream} 0 R ");
        let _ = write!(names, "/g{i} ");
        widths.push(number(advance));
        let _ = writeln!(letters, "<{i:02x}> <{}>", utf16(letter.encode_utf8(&mut [0; 4])));
    }
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n/CMapName /Kiln def /CMapType 2 def\n\
         1 begincodespacerange <00> <ff> endcodespacerange\n",
    );
    let lines: Vec<&str> = letters.lines().collect();
    for block in lines.chunks(100) {
        let _ = write!(map, "{} beginbfchar\n{}\nendbfchar\n", block.len(), block.join("\n"));
    }
    map.push_str("endcmap CMapName currentdict /CMap defineresource pop end end");
    let map = file.stream("", map.as_bytes());
    let font = file.reserve();
    file.put(
        font,
        &format!(
            "<< /Type /Font /Subtype /Type3 /FontBBox [-200 -400 1400 1400] /FontMatrix [0.001 0 0 0.001 0 0] \
             /CharProcs << {procs}>> /Encoding << /Type /Encoding /Differences [0 {names}] >> /FirstChar 0 /LastChar {} \
             /Widths [{}] /Resources << >> /ToUnicode {map} 0 R >>",
            glyphs.len() - 1,
            widths.join(" ")
        ),
    );
    font
}

/// An image with its transparency.
fn image(file: &mut File, raster: &Raster) -> usize {
    let (w, h) = (raster.width, raster.height);
    let colors: Vec<u8> = raster.rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let alpha: Vec<u8> = raster.rgba.chunks_exact(4).map(|p| p[3]).collect();
    let common = format!("/Type /XObject /Subtype /Image /Width {w} /Height {h} /BitsPerComponent 8");
    let mask = if alpha.iter().all(|a| *a == 255) {
        String::new()
    } else {
        let id = file.stream(&format!("{common} /ColorSpace /DeviceGray"), &alpha);
        format!("/SMask {id} 0 R")
    };
    file.stream(&format!("{common} /ColorSpace /DeviceRGB {mask}"), &colors)
}

fn write_path(out: &mut String, path: &Path, places: i32) {
    let n = |v: f64| rounded(v, places);
    let mut at = (0.0, 0.0);
    for segment in &path.0 {
        let _ = match *segment {
            Segment::Move(x, y) => {
                at = (x, y);
                writeln!(out, "{} {} m", n(x), n(y))
            }
            Segment::Line(x, y) => {
                at = (x, y);
                writeln!(out, "{} {} l", n(x), n(y))
            }
            Segment::Quad(a, b, x, y) => {
                // The cubic curve with the same course.
                let third = |from: f64, middle: f64| from + (middle - from) * 2.0 / 3.0;
                let (c, d) = ((third(at.0, a), third(at.1, b)), (third(x, a), third(y, b)));
                at = (x, y);
                writeln!(out, "{} {} {} {} {} {} c", n(c.0), n(c.1), n(d.0), n(d.1), n(x), n(y))
            }
            Segment::Cubic(a, b, c, d, x, y) => {
                at = (x, y);
                writeln!(out, "{} {} {} {} {} {} c", n(a), n(b), n(c), n(d), n(x), n(y))
            }
            Segment::Close => writeln!(out, "h"),
        };
    }
}

/// Turns a segment upright: PDF's letters have y pointing up.
fn flip(segment: Segment) -> Segment {
    match segment {
        Segment::Move(x, y) => Segment::Move(x, -y),
        Segment::Line(x, y) => Segment::Line(x, -y),
        Segment::Quad(a, b, x, y) => Segment::Quad(a, -b, x, -y),
        Segment::Cubic(a, b, c, d, x, y) => Segment::Cubic(a, -b, c, -d, x, -y),
        Segment::Close => Segment::Close,
    }
}

fn color_numbers(Rgb(r, g, b): Rgb) -> String {
    [r, g, b].map(|c| rounded(f64::from(c) / 255.0, 3)).join(" ")
}

fn number(value: f64) -> String {
    rounded(value, 3)
}

fn rounded(value: f64, places: i32) -> String {
    let unit = 10_f64.powi(places);
    // Adding 0 takes the sign from a zero.
    ((value * unit).round() / unit + 0.0).to_string()
}

fn utf16(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |out, unit| format!("{out}{unit:04x}"))
}

/// The objects of a document.
#[derive(Default)]
struct File {
    objects: Vec<Vec<u8>>,
}

impl File {
    /// The number of an object that is written later.
    fn reserve(&mut self) -> usize {
        self.objects.push(Vec::new());
        self.objects.len()
    }

    fn put(&mut self, id: usize, object: &str) {
        if let Some(place) = self.objects.get_mut(id - 1) {
            *place = object.as_bytes().to_vec();
        }
    }

    fn stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let packed = deflate(data);
        let mut object =
            format!("<< {entries} /Filter /FlateDecode /Length {} >>\nstream\n", packed.len()).into_bytes();
        object.extend(packed);
        object.extend(b"\nendstream");
        self.objects.push(object);
        self.objects.len()
    }

    fn finish(&self, catalog: usize, info: usize) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut offsets = Vec::new();
        for (i, object) in self.objects.iter().enumerate() {
            offsets.push(out.len());
            out.extend(format!("{} 0 obj\n", i + 1).bytes());
            out.extend(object);
            out.extend(b"\nendobj\n");
        }
        let start = out.len();
        out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
        for offset in &offsets {
            out.extend(format!("{offset:010} 00000 n \n").bytes());
        }
        out.extend(
            format!(
                "trailer\n<< /Size {} /Root {catalog} 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n",
                offsets.len() + 1
            )
            .bytes(),
        );
        out
    }
}
