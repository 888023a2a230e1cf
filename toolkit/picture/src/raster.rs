//! The PNG painter, on tiny-skia (feature `render`).

use tiny_skia::{
    Color, FillRule, FilterQuality, LineCap, LineJoin, Mask, Paint, PathBuilder, Pattern, Pixmap,
    PremultipliedColorU8, Shader, SpreadMode, Stroke as SkiaStroke, StrokeDash, Transform,
};

use super::color::Rgb;
use super::font::{self, EM};
use super::path::{Path, Segment};
use super::png;
use super::scene::{Anchor, Fill, Primitive, Raster, Rect, Scene, Stroke, Text};
use crate::Error;

/// The scene as a PNG with `scale` pixels for each of its own.
pub fn write(scene: &Scene, scale: f64) -> Result<Vec<u8>, Error> {
    let (width, height) = ((scene.width * scale).round(), (scene.height * scale).round());
    let size = if (1.0..=20_000.0).contains(&width) && (1.0..=20_000.0).contains(&height) {
        Pixmap::new(width as u32, height as u32)
    } else {
        None
    };
    let Some(pixmap) = size else {
        return Err(Error::Size(format!("a PNG of {width} x {height} pixels (scale {scale})")));
    };
    let mut painter = Painter { pixmap, scale: scale as f32, clip: None };
    for item in &scene.items {
        painter.draw(item);
    }
    let rgba = painter.pixmap.pixels().iter().flat_map(|p| plain(*p)).collect();
    Ok(png::encode_fast(&Raster { width: width as usize, height: height as usize, rgba }))
}

fn plain(pixel: PremultipliedColorU8) -> [u8; 4] {
    let color = pixel.demultiply();
    [color.red(), color.green(), color.blue(), color.alpha()]
}

struct Painter {
    pixmap: Pixmap,
    scale: f32,
    clip: Option<(Rect, Mask)>,
}

impl Painter {
    fn draw(&mut self, item: &Primitive) {
        let transform = Transform::from_scale(self.scale, self.scale);
        match item {
            Primitive::Path { path, fill, stroke } => {
                let Some(outline) = skia_path(path) else { return };
                if let Some(Fill { color, opacity, united }) = fill {
                    let rule = if *united { FillRule::Winding } else { FillRule::EvenOdd };
                    self.fill(&outline, *color, *opacity, rule, transform);
                }
                if let Some(stroke) = stroke {
                    self.stroke(&outline, stroke, transform);
                }
            }
            Primitive::Text(text) => self.text(text),
            Primitive::Image { rect, raster, smooth } => self.image(rect, raster, *smooth),
            Primitive::Clip(rect) => {
                let mask = Mask::new(self.pixmap.width(), self.pixmap.height());
                let outline = skia_path(&Path::rect(rect.x, rect.y, rect.w, rect.h));
                self.clip = mask.zip(outline).map(|(mut mask, outline)| {
                    mask.fill_path(&outline, FillRule::Winding, true, transform);
                    (*rect, mask)
                });
            }
            Primitive::EndClip => self.clip = None,
        }
    }

    fn fill(
        &mut self,
        path: &tiny_skia::Path,
        color: Rgb,
        opacity: f64,
        rule: FillRule,
        transform: Transform,
    ) {
        let mask = self.clip.as_ref().filter(|c| reaches_out(path, &c.0, 0.0)).map(|c| &c.1);
        self.pixmap.fill_path(path, &paint(color, opacity), rule, transform, mask);
    }

    fn stroke(&mut self, path: &tiny_skia::Path, stroke: &Stroke, transform: Transform) {
        let dash: Vec<f32> = stroke.dash.iter().map(|d| *d as f32).collect();
        let style = SkiaStroke {
            width: stroke.width as f32,
            line_cap: if dash.is_empty() { LineCap::Round } else { LineCap::Butt },
            line_join: LineJoin::Round,
            dash: StrokeDash::new(dash, 0.0),
            ..SkiaStroke::default()
        };
        let paint = paint(stroke.color, stroke.opacity);
        let mask = self.clip.as_ref().filter(|c| reaches_out(path, &c.0, stroke.width)).map(|c| &c.1);
        self.pixmap.stroke_path(path, &paint, &style, transform, mask);
    }

    fn text(&mut self, text: &Text) {
        let run = font::layout(&text.text);
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -run.width / 2.0,
            Anchor::End => -run.width,
        };
        let em = (text.size / EM) as f32;
        let place = Transform::from_scale(self.scale, self.scale)
            .pre_translate(text.x as f32, text.y as f32)
            .pre_concat(Transform::from_rotate(text.angle as f32))
            .pre_scale(em, em);
        for glyph in &run.glyphs {
            if let Some(outline) = skia_path(&font::outline(glyph.id)) {
                let scale = glyph.scale as f32;
                let transform =
                    place.pre_translate((glyph.x + shift) as f32, glyph.y as f32).pre_scale(scale, scale);
                self.fill(&outline, text.color, 1.0, FillRule::Winding, transform);
            }
        }
    }

    fn image(&mut self, rect: &Rect, raster: &Raster, smooth: bool) {
        let Some(mut picture) = Pixmap::new(raster.width as u32, raster.height as u32) else { return };
        for (to, from) in picture.pixels_mut().iter_mut().zip(raster.rgba.chunks_exact(4)) {
            *to = tiny_skia::ColorU8::from_rgba(from[0], from[1], from[2], from[3]).premultiply();
        }
        let quality = if smooth { FilterQuality::Bilinear } else { FilterQuality::Nearest };
        let stretch = Transform::from_translate(rect.x as f32, rect.y as f32)
            .pre_scale(rect.w as f32 / raster.width as f32, rect.h as f32 / raster.height as f32);
        let shader = Pattern::new(picture.as_ref(), SpreadMode::Pad, quality, 1.0, stretch);
        let paint = Paint { shader, anti_alias: false, ..Paint::default() };
        let transform = Transform::from_scale(self.scale, self.scale);
        if let Some(outline) = skia_path(&Path::rect(rect.x, rect.y, rect.w, rect.h)) {
            self.pixmap.fill_path(&outline, &paint, FillRule::Winding, transform, None);
        }
    }
}

/// Whether a path with lines this wide leaves the clip: drawing through a mask is slow.
fn reaches_out(path: &tiny_skia::Path, clip: &Rect, width: f64) -> bool {
    let (b, w) = (path.bounds(), width as f32 / 2.0 - 0.01);
    b.left() - w < clip.x as f32
        || b.top() - w < clip.y as f32
        || b.right() + w > clip.right() as f32
        || b.bottom() + w > clip.bottom() as f32
}

fn paint(Rgb(r, g, b): Rgb, opacity: f64) -> Paint<'static> {
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    Paint {
        shader: Shader::SolidColor(Color::from_rgba8(r, g, b, alpha)),
        anti_alias: true,
        ..Paint::default()
    }
}

fn skia_path(path: &Path) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let p = |v: f64| v as f32;
    for segment in &path.0 {
        match *segment {
            Segment::Move(x, y) => builder.move_to(p(x), p(y)),
            Segment::Line(x, y) => builder.line_to(p(x), p(y)),
            Segment::Quad(a, b, x, y) => builder.quad_to(p(a), p(b), p(x), p(y)),
            Segment::Cubic(a, b, c, d, x, y) => builder.cubic_to(p(a), p(b), p(c), p(d), p(x), p(y)),
            Segment::Close => builder.close(),
        }
    }
    builder.finish()
}
