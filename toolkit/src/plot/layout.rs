//! Where everything in a figure goes, computed once for both renderers.

use super::axis::{AxisMap, Scale};
use super::figure::Figure;
use super::font;
use super::note::{Note, Side};
use super::panel::{Legend, Panel};
use super::scene::Rect;
use super::theme::Theme;
use super::ticks::Tick;
use super::traces::{ColorBar, Key};

const PAD: f64 = 14.0;
const SWATCH: f64 = 30.0;

/// A figure with all places resolved.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: Vec<String>,
    pub(crate) foot: Vec<FootLine>,
    pub(crate) panels: Vec<PanelLayout>,
}

/// A line in the figure's foot.
#[derive(Debug)]
pub(crate) struct FootLine {
    pub(crate) text: String,
    pub(crate) alarm: bool,
}

/// A panel with all places resolved.
#[derive(Debug)]
pub(crate) struct PanelLayout {
    pub(crate) plot: Rect,
    pub(crate) title: Vec<String>,
    /// The baseline of the title's first line.
    pub(crate) title_y: f64,
    pub(crate) x: AxisMap,
    pub(crate) y: AxisMap,
    pub(crate) x_ticks: Vec<Tick>,
    pub(crate) y_ticks: Vec<Tick>,
    pub(crate) slanted: bool,
    pub(crate) x_title_y: f64,
    pub(crate) y_title_x: f64,
    pub(crate) legend: Option<LegendBox>,
    pub(crate) bar: Option<(Rect, ColorBar)>,
    /// Where labels of line ends stand: baseline shifts in pixels, in the order of the traces.
    pub(crate) end_labels: Vec<EndLabel>,
}

/// A label at a line's end, moved away from its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct EndLabel {
    pub(crate) x: f64,
    pub(crate) data: (f64, f64),
    pub(crate) y: f64,
    pub(crate) shift: f64,
    pub(crate) text: String,
    pub(crate) color: super::theme::Color,
}

/// A legend: entries with the places of their swatches.
#[derive(Debug, Clone)]
pub(crate) struct LegendBox {
    pub(crate) rect: Rect,
    /// Which corner of the panel, as (right, bottom); `None`: a row above the panel.
    pub(crate) corner: Option<(bool, bool)>,
    pub(crate) entries: Vec<(f64, f64, Key)>,
}

/// Extra room around a panel's plot, in pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Gutters {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Resolves a figure for a theme.
pub(crate) fn arrange(figure: &Figure, theme: &Theme) -> Layout {
    let count = figure.panels.len().max(1);
    let columns = figure.columns.unwrap_or(if count == 4 { 2 } else { count.min(3) }).min(count);
    let rows = count.div_ceil(columns);
    let default_width = [800.0, 960.0, 1080.0][columns.min(3) - 1];
    let default_width =
        figure.content_size.map_or(default_width, |s| (s.0 + 2.0 * PAD + 8.0).max(240.0).round());
    let width = figure.size.map_or(default_width, |s| s.0);
    let title = if figure.title.is_empty() {
        Vec::new()
    } else {
        font::wrap(&figure.title, theme.title_size, width - 2.0 * PAD)
    };
    let foot = foot(figure, theme, width - 2.0 * PAD);
    let title_height = title.len() as f64 * theme.title_size * 1.3 + if title.is_empty() { 0.0 } else { 6.0 };
    let foot_height = foot.len() as f64 * foot_size(theme) * 1.35 + if foot.is_empty() { 0.0 } else { 6.0 };
    let height = figure.size.map_or_else(
        || {
            let row = figure.content_size.map_or([430.0, 360.0, 320.0][columns.min(3) - 1], |s| s.1 + 8.0);
            (rows as f64 * row + title_height + foot_height + PAD).round()
        },
        |s| s.1,
    );

    let area = Rect {
        x: PAD,
        y: PAD / 2.0 + title_height,
        w: width - 2.0 * PAD,
        h: (height - PAD - title_height - foot_height).max(40.0),
    };
    let gap = 18.0;
    let cell = |i: usize| {
        let (w, h) = ((area.w + gap) / columns as f64 - gap, (area.h + gap) / rows as f64 - gap);
        Rect {
            x: area.x + (i % columns) as f64 * (w + gap),
            y: area.y + (i / columns) as f64 * (h + gap),
            w,
            h,
        }
    };

    // Stages of one animation are compared with each other.
    let alike = figure.animation.is_some();
    let rough: Vec<Measured> =
        figure.panels.iter().enumerate().map(|(i, p)| Measured::new(p, cell(i), theme, false)).collect();
    let measured: Vec<Measured> = figure
        .panels
        .iter()
        .enumerate()
        .map(|(i, panel)| {
            let plot = shared_plot(&rough, i, columns, cell(i), alike);
            let fits = legend_corner(panel, plot, theme).is_some();
            if fits || keys(panel, theme).is_empty() {
                Measured::new(panel, cell(i), theme, false)
            } else {
                Measured::new(panel, cell(i), theme, true)
            }
        })
        .collect();
    let panels = figure
        .panels
        .iter()
        .enumerate()
        .map(|(i, panel)| {
            place(panel, &measured[i], cell(i), shared_plot(&measured, i, columns, cell(i), alike), theme)
        })
        .collect();
    Layout { width, height, title, foot, panels }
}

pub(crate) fn foot_size(theme: &Theme) -> f64 {
    theme.tick_size * 0.87
}

fn foot(figure: &Figure, theme: &Theme, limit: f64) -> Vec<FootLine> {
    let mut lines = Vec::new();
    let mut notes: Vec<String> = figure.panels.iter().flat_map(Panel::all_footnotes).collect();
    notes.dedup();
    let hidden = notes.len().saturating_sub(4);
    notes.truncate(4);
    if hidden > 0 {
        notes.push(format!("… and {hidden} more notes of this kind."));
    }
    for note in notes {
        lines.extend(
            font::wrap(&note, foot_size(theme), limit)
                .into_iter()
                .map(|text| FootLine { text, alarm: false }),
        );
    }
    for problem in figure.all_problems().iter().take(5) {
        let text = format!("not drawn: {problem}");
        lines.extend(
            font::wrap(&text, foot_size(theme), limit).into_iter().map(|text| FootLine { text, alarm: true }),
        );
    }
    lines
}

/// What a panel needs around its plot.
#[derive(Debug)]
struct Measured {
    gutters: Gutters,
    title: Vec<String>,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    slanted: bool,
    top_legend: bool,
}

impl Measured {
    fn new(panel: &Panel, cell: Rect, theme: &Theme, top_legend: bool) -> Self {
        let mut gutters = Gutters { right: 8.0, top: 8.0, ..Gutters::default() };
        let title = if panel.title.is_empty() {
            Vec::new()
        } else {
            font::wrap(&panel.title, theme.label_size, cell.w - 8.0)
        };
        gutters.top += title.len() as f64 * theme.label_size * 1.3;
        let end_width = panel
            .traces
            .iter()
            .filter_map(|t| t.mark().end_label())
            .map(|l| font::width(&l.2, theme.tick_size))
            .fold(0.0, f64::max);
        if end_width > 0.0 {
            gutters.right += end_width + 8.0;
        }
        let bar = color_bar(panel, theme);
        if let Some(bar) = &bar {
            gutters.right += BAR_GAP + BAR_WIDTH + bar_label_width(bar, theme);
            if !bar.title.is_empty() {
                gutters.right += theme.label_size * 1.35;
            }
        }
        let (mut x_ticks, mut y_ticks, mut slanted) = (Vec::new(), Vec::new(), false);
        if !panel.bare {
            let extent = panel.extent();
            let x_range = panel.x.resolve(extent.x, extent.tight, false);
            let y_range = panel.y.resolve(extent.y, extent.tight, extent.grounded);
            let line = theme.tick_size * 1.25;
            let available = cell.h - gutters.top - 3.0 * line;
            let rows = (available / (theme.tick_size * 3.2)).round().clamp(2.0, 9.0) as usize;
            y_ticks = panel.y.ticks(y_range, rows);
            for tick in &mut y_ticks {
                tick.label = font::fit(&tick.label, theme.tick_size, cell.w * 0.35);
            }
            let widest = y_ticks.iter().map(|t| font::width(&t.label, theme.tick_size)).fold(0.0, f64::max);
            gutters.left = widest + 9.0;
            if !panel.y.title.is_empty() {
                gutters.left += theme.label_size * 1.35;
            }
            let plot_width = (cell.w - gutters.left - gutters.right).max(30.0);
            (x_ticks, slanted) = x_ticks_that_fit(panel, x_range, plot_width, theme);
            if slanted {
                let widest =
                    x_ticks.iter().map(|t| font::width(&t.label, theme.tick_size)).fold(0.0, f64::max);
                gutters.bottom = widest * SLANT.sin() + line + 4.0;
                gutters.left =
                    gutters.left.max(widest * SLANT.cos() - plot_width / (2.0 * x_ticks.len() as f64) + 6.0);
            } else {
                gutters.bottom = line + 6.0;
                // The last label is centred on its tick and may stick out on the right.
                if let Some(last) = x_ticks.last() {
                    let map = axis_map(panel.x.scale, x_range, 0.0, plot_width);
                    let beyond =
                        map.at(last.at) + font::width(&last.label, theme.tick_size) / 2.0 - plot_width;
                    gutters.right = gutters.right.max(beyond);
                }
            }
            if !panel.x.title.is_empty() {
                gutters.bottom += theme.label_size * 1.35;
            }
        }
        if top_legend {
            let rows = legend_rows(&keys(panel, theme), cell.w - gutters.left - gutters.right, theme);
            gutters.top += rows.len() as f64 * theme.label_size * 1.4 + 4.0;
        }
        Self { gutters, title, x_ticks, y_ticks, slanted, top_legend }
    }
}

/// The room between a panel and its scale of colours, and the scale's width.
const BAR_GAP: f64 = 14.0;
pub(crate) const BAR_WIDTH: f64 = 18.0;

fn color_bar(panel: &Panel, theme: &Theme) -> Option<ColorBar> {
    panel.traces.iter().find_map(|t| t.mark().scale_bar(theme))
}

fn bar_label_width(bar: &ColorBar, theme: &Theme) -> f64 {
    bar.ticks().iter().map(|t| font::width(&t.label, theme.tick_size)).fold(0.0, f64::max) + 9.0
}

/// The slant of long labels below a horizontal axis, in radians.
pub(crate) const SLANT: f64 = 0.6;

fn x_ticks_that_fit(panel: &Panel, range: (f64, f64), width: f64, theme: &Theme) -> (Vec<Tick>, bool) {
    let fits = |ticks: &[Tick]| {
        let map = axis_map(panel.x.scale, range, 0.0, width);
        ticks.windows(2).all(|pair| {
            let room = (map.at(pair[1].at) - map.at(pair[0].at)).abs();
            let need = pair.iter().map(|t| font::width(&t.label, theme.tick_size) / 2.0).sum::<f64>();
            need + theme.tick_size * if panel.x.categories.is_some() { 0.5 } else { 1.2 } <= room
        })
    };
    if panel.x.categories.is_some() {
        let mut ticks = panel.x.ticks(range, 10);
        if fits(&ticks) {
            return (ticks, false);
        }
        // Not every name has room when there are many.
        let every = (ticks.len() as f64 * theme.tick_size * 1.35 / width).ceil().max(1.0) as usize;
        ticks = ticks.into_iter().step_by(every).collect();
        for tick in &mut ticks {
            tick.label = font::fit(&tick.label, theme.tick_size, 140.0);
        }
        return (ticks, true);
    }
    let mut count = (width / if panel.x.integer { 30.0 } else { 70.0 }).round().clamp(2.0, 10.0) as usize;
    loop {
        let ticks = panel.x.ticks(range, count);
        if count <= 1 || fits(&ticks) {
            return (ticks, false);
        }
        count -= 1;
    }
}

/// The plot of panel `i`, with the gutters of its row and column (of all panels, if they are to be `alike`), so that
/// plots line up.
fn shared_plot(all: &[Measured], i: usize, columns: usize, cell: Rect, alike: bool) -> Rect {
    let most = |pick: fn(&Gutters) -> f64, same: &dyn Fn(usize) -> bool| {
        all.iter().enumerate().filter(|(j, _)| same(*j)).map(|(_, m)| pick(&m.gutters)).fold(0.0, f64::max)
    };
    let same_column = |j: usize| alike || j % columns == i % columns;
    let same_row = |j: usize| alike || j / columns == i / columns;
    let left = most(|g| g.left, &same_column);
    let right = most(|g| g.right, &same_column);
    let top = most(|g| g.top, &same_row);
    let bottom = most(|g| g.bottom, &same_row);
    Rect {
        x: cell.x + left,
        y: cell.y + top,
        w: (cell.w - left - right).max(10.0),
        h: (cell.h - top - bottom).max(10.0),
    }
}

fn axis_map(scale: Scale, (low, high): (f64, f64), from: f64, to: f64) -> AxisMap {
    AxisMap { scale, low, high, from, to }
}

fn axes(panel: &Panel, plot: Rect) -> (AxisMap, AxisMap) {
    let extent = panel.extent();
    let mut x = axis_map(panel.x.scale, panel.x.resolve(extent.x, extent.tight, false), plot.x, plot.right());
    let mut y = axis_map(
        panel.y.scale,
        panel.y.resolve(extent.y, extent.tight, extent.grounded),
        plot.bottom(),
        plot.y,
    );
    if panel.equal {
        let (per_x, per_y) = ((x.high - x.low).abs() / plot.w, (y.high - y.low).abs() / plot.h);
        let widen = |axis: &mut AxisMap, factor: f64| {
            let (middle, half) = ((axis.low + axis.high) / 2.0, (axis.high - axis.low) / 2.0 * factor);
            (axis.low, axis.high) = (middle - half, middle + half);
        };
        if per_x < per_y {
            widen(&mut x, per_y / per_x);
        } else {
            widen(&mut y, per_x / per_y);
        }
    }
    (x, y)
}

fn place(panel: &Panel, measured: &Measured, cell: Rect, plot: Rect, theme: &Theme) -> PanelLayout {
    let (x, y) = axes(panel, plot);
    let (mut x_ticks, mut y_ticks) = (measured.x_ticks.clone(), measured.y_ticks.clone());
    if panel.equal && !panel.bare {
        x_ticks = panel.x.ticks((x.low, x.high), x_ticks.len().clamp(4, 8));
        y_ticks = panel.y.ticks((y.low, y.high), y_ticks.len().clamp(4, 8));
    }
    let legend = if measured.top_legend {
        let rows =
            legend_rows(&keys(panel, theme), cell.w - measured.gutters.left - measured.gutters.right, theme);
        let legend_height = rows.len() as f64 * theme.label_size * 1.4 + 4.0;
        Some(top_legend(rows, plot, legend_height, theme))
    } else {
        legend_corner(panel, plot, theme)
    };
    let labels = end_labels(panel, &x, &y, plot, theme);
    let bar = color_bar(panel, theme)
        .map(|bar| (Rect { x: plot.right() + BAR_GAP, y: plot.y, w: BAR_WIDTH, h: plot.h }, bar));
    let line = theme.tick_size * 1.25;
    let label_depth =
        if measured.slanted { measured.gutters.bottom } else { line + 6.0 + theme.label_size * 1.35 };
    PanelLayout {
        title: measured.title.clone(),
        title_y: cell.y + 2.0 + theme.label_size,
        x_title_y: plot.bottom() + label_depth - theme.label_size * 0.3,
        y_title_x: plot.x - measured.gutters.left + theme.label_size * 0.8,
        plot,
        x,
        y,
        x_ticks,
        y_ticks,
        slanted: measured.slanted,
        legend,
        bar,
        end_labels: labels,
    }
}

fn end_labels(panel: &Panel, x: &AxisMap, y: &AxisMap, plot: Rect, theme: &Theme) -> Vec<EndLabel> {
    let mut labels: Vec<EndLabel> = panel
        .traces
        .iter()
        .filter_map(|t| t.mark().end_label())
        .map(|(at_x, at_y, text, color)| {
            let pixel = y.at(at_y);
            EndLabel { x: x.at(at_x), data: (at_x, at_y), y: pixel, shift: 0.0, text, color }
        })
        .filter(|label| !label.x.is_nan() && !label.y.is_nan())
        .collect();
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let height = theme.tick_size * 1.15;
    for _ in 0..50 {
        for i in 1..labels.len() {
            let overlap = height - (labels[i].y - labels[i - 1].y);
            if overlap > 0.01 {
                labels[i - 1].y -= overlap / 2.0;
                labels[i].y += overlap / 2.0;
            }
        }
    }
    for label in &mut labels {
        label.y = label.y.clamp(plot.y, plot.bottom());
        label.shift = y.at(label.data.1) - label.y;
    }
    labels
}

fn keys(panel: &Panel, theme: &Theme) -> Vec<Key> {
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
fn legend_corner(panel: &Panel, plot: Rect, theme: &Theme) -> Option<LegendBox> {
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

fn legend_rows(keys: &[Key], width: f64, theme: &Theme) -> Vec<Vec<Key>> {
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

fn top_legend(rows: Vec<Vec<Key>>, plot: Rect, height: f64, theme: &Theme) -> LegendBox {
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
