//! Legends: where they hide no data.

use super::measure::axes;
use super::{Key, LegendBox};
use crate::plot::axis::AxisMap;
use crate::plot::font;
use crate::plot::note::{Note, Side};
use crate::plot::panel::{Legend, Panel};
use crate::plot::scene::Rect;
use crate::plot::theme::Theme;

/// The width of a sample of a line or a colour.
const SWATCH: f64 = 30.0;

pub(super) fn keys(panel: &Panel, theme: &Theme) -> Vec<Key> {
    if panel.legend == Legend::Never {
        return Vec::new();
    }
    let keys: Vec<Key> = panel.traces.iter().filter_map(|t| t.mark().key(theme)).collect();
    if keys.len() < 2 && panel.legend == Legend::Auto { Vec::new() } else { keys }
}

fn key_width(key: &Key, theme: &Theme) -> f64 {
    SWATCH + 8.0 + font::width(&key.name, theme.tick_size)
}

/// A corner of the panel where a legend hides no data, if there is one.
pub(super) fn legend_corner(panel: &Panel, plot: Rect, theme: &Theme) -> Option<LegendBox> {
    let keys = keys(panel, theme);
    if keys.is_empty() {
        return None;
    }
    let line = theme.tick_size * 1.4;
    let w = keys.iter().map(|k| key_width(k, theme)).fold(0.0, f64::max) + 16.0;
    let h = keys.len() as f64 * line + 8.0;
    if w > plot.w * 0.62 || h > plot.h * 0.62 || panel.extent().tight {
        return None;
    }
    let (x, y) = axes(panel, plot);
    let obstacles = obstacles(panel, &x, &y, theme);
    let inset = 8.0;
    for corner in [(true, false), (false, false), (true, true), (false, true)] {
        let rect = Rect {
            x: if corner.0 { plot.right() - w - inset } else { plot.x + inset },
            y: if corner.1 { plot.bottom() - h - inset } else { plot.y + inset },
            w,
            h,
        };
        if !obstacles.iter().any(|&p| rect.contains(p)) {
            let entries = keys
                .into_iter()
                .enumerate()
                .map(|(i, key)| (rect.x + 8.0, rect.y + 4.0 + (i as f64 + 0.5) * line, key))
                .collect();
            return Some(LegendBox { rect, corner: Some(corner), entries });
        }
    }
    None
}

/// Points along the data, close enough that a legend box cannot slip between them.
fn obstacles(panel: &Panel, x: &AxisMap, y: &AxisMap, theme: &Theme) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for line in panel.traces.iter().flat_map(|t| t.mark().skeleton()) {
        let pixels: Vec<(f64, f64)> = line.iter().map(|&(a, b)| (x.at(a), y.at(b))).collect();
        points.extend(pixels.first());
        for pair in pixels.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let steps = ((x1 - x0).hypot(y1 - y0) / 8.0).ceil();
            if steps.is_nan() {
                continue;
            }
            let steps = steps.clamp(1.0, 400.0) as usize;
            points.extend((1..=steps).map(|i| {
                let t = i as f64 / steps as f64;
                (x0 + (x1 - x0) * t, y0 + (y1 - y0) * t)
            }));
        }
    }
    for note in &panel.notes {
        let rect = note_rect(note, (x.at(note.at.0), y.at(note.at.1)), theme);
        for i in 0..=12 {
            let px = rect.x + rect.w * f64::from(i) / 12.0;
            points.extend([0.0, 0.5, 1.0].map(|t| (px, rect.y + rect.h * t)));
        }
    }
    points
}

/// Where a note's text stands, for its point in pixels.
pub(crate) fn note_rect(note: &Note, (x, y): (f64, f64), theme: &Theme) -> Rect {
    let size = note.size.unwrap_or(theme.tick_size);
    let w = note.text.split('\n').map(|line| font::width(line, size)).fold(0.0, f64::max);
    let h = note.text.split('\n').count() as f64 * size * 1.25;
    let (x, y) = match note.side {
        Side::Center => (x - w / 2.0, y - h / 2.0),
        Side::Right => (x + 8.0, y - h / 2.0),
        Side::Left => (x - 8.0 - w, y - h / 2.0),
        Side::Above => (x - w / 2.0, y - 8.0 - h),
        Side::Below => (x - w / 2.0, y + 8.0),
    };
    Rect { x, y, w, h }
}

pub(super) fn legend_rows(keys: &[Key], width: f64, theme: &Theme) -> Vec<Vec<Key>> {
    let mut rows: Vec<Vec<Key>> = Vec::new();
    let mut used = f64::INFINITY;
    for key in keys {
        let mut key = key.clone();
        key.name = font::fit(&key.name, theme.tick_size, width - SWATCH - 8.0);
        let need = key_width(&key, theme) + 18.0;
        if used + need > width + 18.0 {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += need;
        if let Some(row) = rows.last_mut() {
            row.push(key);
        }
    }
    rows
}

pub(super) fn top_legend(rows: Vec<Vec<Key>>, plot: Rect, height: f64, theme: &Theme) -> LegendBox {
    let rect = Rect { x: plot.x, y: plot.y - height - 2.0, w: plot.w, h: height };
    let line = theme.label_size * 1.4;
    let mut entries = Vec::new();
    for (r, row) in rows.into_iter().enumerate() {
        let mut x = rect.x;
        for key in row {
            let step = key_width(&key, theme) + 18.0;
            entries.push((x, rect.y + (r as f64 + 0.5) * line, key));
            x += step;
        }
    }
    LegendBox { rect, corner: None, entries }
}
