//! What a panel needs around its plot: ticks, labels, titles, scales of colours.

use super::legend::{keys, legend_rows};
use crate::plot::axis::{AxisMap, Scale};
use crate::plot::font;
use crate::plot::panel::Panel;
use crate::plot::scene::Rect;
use crate::plot::theme::Theme;
use crate::plot::ticks::Tick;
use crate::plot::traces::ColorBar;

/// Extra room around a panel's plot, in pixels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gutters {
    pub(super) left: f64,
    pub(super) right: f64,
    top: f64,
    pub(super) bottom: f64,
}

/// What a panel needs around its plot.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) gutters: Gutters,
    pub(super) title: Vec<String>,
    pub(super) x_ticks: Vec<Tick>,
    pub(super) y_ticks: Vec<Tick>,
    pub(super) slanted: bool,
    pub(super) top_legend: bool,
}

impl Measured {
    pub(super) fn new(panel: &Panel, cell: Rect, theme: &Theme, top_legend: bool) -> Self {
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
pub(super) const BAR_GAP: f64 = 14.0;
pub(crate) const BAR_WIDTH: f64 = 18.0;

pub(super) fn color_bar(panel: &Panel, theme: &Theme) -> Option<ColorBar> {
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
pub(super) fn shared_plot(all: &[Measured], i: usize, columns: usize, cell: Rect, alike: bool) -> Rect {
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

pub(super) fn axes(panel: &Panel, plot: Rect) -> (AxisMap, AxisMap) {
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
