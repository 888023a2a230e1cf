//! A figure as a scene: grid, traces, axes, legend, notes.

use super::colormap;
use super::figure::Figure;
use super::font;
use super::layout::{Layout, LegendBox, PanelLayout, SLANT, foot_size, note_rect};
use super::note::{Note, Side};
use super::panel::Panel;
use super::path::Path;
use super::scene::{Anchor, Primitive, Rect, Scene, Stroke};
use super::theme::{Rgb, Theme};
use super::traces::{Canvas, ColorBar, Marker, Symbol};

/// Draws a figure that has been laid out.
pub(crate) fn scene(figure: &Figure, layout: &Layout, theme: &Theme) -> Scene {
    let mut scene =
        Scene { width: layout.width, height: layout.height, title: figure.alt_text(), items: Vec::new() };
    scene.fill(Path::rect(0.0, 0.0, layout.width, layout.height), theme.background, 1.0);
    for (i, line) in layout.title.iter().enumerate() {
        let y = 7.0 + theme.title_size * (1.0 + 1.3 * i as f64);
        scene.text((layout.width / 2.0, y), line, theme.title_size, theme.text, Anchor::Middle);
    }
    for (panel, place) in figure.panels.iter().zip(&layout.panels) {
        draw_panel(&mut scene, panel, place, theme);
    }
    let size = foot_size(theme);
    for (i, line) in layout.foot.iter().rev().enumerate() {
        let y = layout.height - 8.0 - i as f64 * size * 1.35;
        scene.text(
            (14.0, y),
            &line.text,
            size,
            if line.alarm { theme.alarm } else { theme.muted },
            Anchor::Start,
        );
    }
    scene
}

fn draw_panel(scene: &mut Scene, panel: &Panel, place: &PanelLayout, theme: &Theme) {
    let plot = place.plot;
    if !panel.bare {
        scene.fill(Path::rect(plot.x, plot.y, plot.w, plot.h), theme.panel, 1.0);
        if !panel.no_grid {
            grid(scene, place, theme);
        }
    }
    scene.items.push(Primitive::Clip(plot));
    let mut canvas = Canvas { scene, plot, x: &place.x, y: &place.y, theme };
    for trace in &panel.traces {
        trace.mark().draw(&mut canvas);
    }
    scene.items.push(Primitive::EndClip);
    for label in panel.traces.iter().flat_map(|t| t.mark().labels(theme)) {
        let at = (place.x.at(label.at.0), place.y.at(label.at.1) + label.size * 0.36);
        scene.text(at, &label.text, label.size, label.color, Anchor::Middle);
    }
    if !panel.bare {
        frame(scene, panel, place, theme);
    }
    for (i, line) in place.title.iter().enumerate() {
        let y = place.title_y + i as f64 * theme.label_size * 1.3;
        scene.text((plot.x + plot.w / 2.0, y), line, theme.label_size, theme.text, Anchor::Middle);
    }
    for note in &panel.notes {
        draw_note(scene, note, place, theme);
    }
    for label in &place.end_labels {
        let at = (label.x + 8.0, label.y + theme.tick_size * 0.36);
        scene.text(
            at,
            &label.text,
            theme.tick_size,
            readable(theme.color(label.color), theme),
            Anchor::Start,
        );
    }
    if let Some((rect, bar)) = &place.bar {
        draw_bar(scene, *rect, bar, theme);
    }
    if let Some(legend) = &place.legend {
        draw_legend(scene, legend, theme);
    }
}

/// A trace's colour for text: a little towards the colour of text, so that thin strokes can be read.
pub(crate) fn readable(color: Rgb, theme: &Theme) -> Rgb {
    color.mix(theme.text, 0.25)
}

fn grid(scene: &mut Scene, place: &PanelLayout, theme: &Theme) {
    let mut lines = Path::default();
    let plot = place.plot;
    for tick in &place.x_ticks {
        let x = place.x.at(tick.at);
        lines.push_polyline(&[(x, plot.y), (x, plot.bottom())]);
    }
    for tick in &place.y_ticks {
        let y = place.y.at(tick.at);
        lines.push_polyline(&[(plot.x, y), (plot.right(), y)]);
    }
    scene.stroke(lines, Stroke::new(theme.grid, 1.0));
}

fn frame(scene: &mut Scene, panel: &Panel, place: &PanelLayout, theme: &Theme) {
    let plot = place.plot;
    let mut lines =
        Path::polyline(&[(plot.x, plot.y), (plot.x, plot.bottom()), (plot.right(), plot.bottom())]);
    for tick in &place.x_ticks {
        let x = place.x.at(tick.at);
        lines.push_polyline(&[(x, plot.bottom()), (x, plot.bottom() + 4.0)]);
        let size = theme.tick_size;
        if place.slanted {
            let at = (x + 4.0, plot.bottom() + 6.0 + size * 0.75);
            scene.text_at_angle(at, &tick.label, size, theme.text, Anchor::End, -SLANT.to_degrees());
        } else {
            scene.text((x, plot.bottom() + 6.0 + size), &tick.label, size, theme.text, Anchor::Middle);
        }
    }
    for tick in &place.y_ticks {
        let y = place.y.at(tick.at);
        lines.push_polyline(&[(plot.x - 4.0, y), (plot.x, y)]);
        let at = (plot.x - 8.0, y + theme.tick_size * 0.36);
        scene.text(at, &tick.label, theme.tick_size, theme.text, Anchor::End);
    }
    scene.stroke(lines, Stroke::new(theme.axis, 1.2));
    let x_title = font::fit(&panel.x.title, theme.label_size, plot.w + 40.0);
    scene.text(
        (plot.x + plot.w / 2.0, place.x_title_y),
        &x_title,
        theme.label_size,
        theme.text,
        Anchor::Middle,
    );
    let y_title = font::fit(&panel.y.title, theme.label_size, plot.h + 20.0);
    let at = (place.y_title_x, plot.y + plot.h / 2.0);
    scene.text_at_angle(at, &y_title, theme.label_size, theme.text, Anchor::Middle, -90.0);
}

fn draw_note(scene: &mut Scene, note: &Note, place: &PanelLayout, theme: &Theme) {
    let (x, y) = (place.x.at(note.at.0), place.y.at(note.at.1));
    if x.is_nan() || y.is_nan() {
        return;
    }
    let color = theme.color(note.color);
    let size = note.size.unwrap_or(theme.tick_size);
    if let Some((tx, ty)) = note.target {
        arrow(scene, (x, y), (place.x.at(tx), place.y.at(ty)), color);
    }
    if note.text.is_empty() {
        return;
    }
    let Rect { x: left, y: top, w: width, h: height } = note_rect(note, (x, y), theme);
    let anchor = match note.side {
        Side::Right => Anchor::Start,
        Side::Left => Anchor::End,
        Side::Center | Side::Above | Side::Below => Anchor::Middle,
    };
    // Never outside the figure.
    let left = left.clamp(2.0, (scene.width - width - 2.0).max(2.0));
    if note.boxed {
        scene.fill(Path::rect(left - 3.0, top, width + 6.0, height), theme.panel, 0.85);
    }
    let at = match anchor {
        Anchor::Start => left,
        Anchor::Middle => left + width / 2.0,
        Anchor::End => left + width,
    };
    for (i, line) in note.text.split('\n').enumerate() {
        scene.text((at, top + size * (0.98 + 1.25 * i as f64)), line, size, color, anchor);
    }
}

/// An arrow from one pixel to another.
pub(crate) fn arrow(scene: &mut Scene, from: (f64, f64), to: (f64, f64), color: Rgb) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length.is_nan() || length < 1.0 {
        return;
    }
    let (ux, uy) = (dx / length, dy / length);
    let head = 10.0_f64.min(length);
    let base = (to.0 - ux * head, to.1 - uy * head);
    scene.stroke(Path::polyline(&[from, base]), Stroke::new(color, 1.8));
    let wing = head * 0.42;
    scene.fill(
        Path::polygon(&[
            to,
            (base.0 - uy * wing, base.1 + ux * wing),
            (base.0 + uy * wing, base.1 - ux * wing),
        ]),
        color,
        1.0,
    );
}

fn draw_bar(scene: &mut Scene, rect: Rect, bar: &ColorBar, theme: &Theme) {
    let steps = bar.bands.unwrap_or(64);
    for i in 0..steps {
        let (from, to) = (i as f64 / steps as f64, (i + 1) as f64 / steps as f64);
        let color = colormap::between(&bar.stops, (from + to) / 2.0);
        // Each step reaches under the next one, so that no seam shows.
        scene.fill(Path::rect(rect.x, rect.y, rect.w, rect.h * (1.0 - from)), color, 1.0);
    }
    scene.stroke(Path::rect(rect.x, rect.y, rect.w, rect.h), Stroke::new(theme.axis, 1.0));
    let mut widest = 0.0_f64;
    for tick in bar.ticks() {
        let t = (tick.at - bar.low) / (bar.high - bar.low);
        if !(-1e-9..=1.0 + 1e-9).contains(&t) {
            continue;
        }
        let y = rect.bottom() - t * rect.h;
        let size = theme.tick_size;
        scene.stroke(
            Path::polyline(&[(rect.right(), y), (rect.right() + 4.0, y)]),
            Stroke::new(theme.axis, 1.0),
        );
        scene.text((rect.right() + 7.0, y + size * 0.36), &tick.label, size, theme.text, Anchor::Start);
        widest = widest.max(font::width(&tick.label, size));
    }
    let at = (rect.right() + 9.0 + widest + theme.label_size * 1.0, rect.y + rect.h / 2.0);
    let title = font::fit(&bar.title, theme.label_size, rect.h);
    scene.text_at_angle(at, &title, theme.label_size, theme.text, Anchor::Middle, -90.0);
}

fn draw_legend(scene: &mut Scene, legend: &LegendBox, theme: &Theme) {
    if legend.corner.is_some() {
        let Rect { x, y, w, h } = legend.rect;
        scene.fill(Path::rect(x, y, w, h), theme.panel, 0.85);
    }
    for (x, y, key) in &legend.entries {
        match &key.symbol {
            Symbol::Line { width, dash } => {
                let stroke = Stroke::new(key.color, *width).dash(dash);
                scene.stroke(Path::polyline(&[(*x, *y), (x + 28.0, *y)]), stroke);
            }
            Symbol::Marker(marker) => Marker::draw(*marker, scene, &[(x + 15.0, *y)], 9.0, key.color, 1.0),
            Symbol::Fill { opacity } => {
                scene.fill(Path::rect(x + 4.0, y - 6.0, 20.0, 12.0), key.color, *opacity);
            }
        }
        let size = theme.tick_size;
        scene.text((x + 36.0, y + size * 0.36), &key.name, size, theme.text, Anchor::Start);
    }
}
