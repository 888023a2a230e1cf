//! Where everything in a figure goes, computed once for both renderers.

mod legend;
mod measure;

use super::axis::AxisMap;
use super::figure::Figure;
use super::font;
use super::panel::Panel;
use super::scene::Rect;
use super::theme::Theme;
use super::ticks::Tick;
use super::traces::{ColorBar, Key};

pub(crate) use legend::note_rect;
use legend::{keys, legend_corner, legend_rows, top_legend};
use measure::{BAR_GAP, Measured, axes, color_bar, shared_plot};
pub(crate) use measure::{BAR_WIDTH, SLANT};

const PAD: f64 = 14.0;

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
