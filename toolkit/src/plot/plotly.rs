//! The plotly renderer: a figure as the JSON that JupyterLab draws interactively.

mod annotations;
mod axes;

use serde_json::{Map, Value, json};

use super::animation::Animation;
use super::figure::Figure;
use super::layout::{BAR_WIDTH, Layout, PanelLayout, SLANT, foot_size};
use super::numbers::{self, plotly_text};
use super::panel::Panel;
use super::scene::Rect;
use super::theme::Theme;
use super::traces::{Sheet, Symbol, Trace};

use annotations::{panel_annotations, title_annotations};
use axes::{axis, solid};

/// Fonts with Hangul, as systems name them.
const FONTS: &str =
    "Noto Sans KR, Noto Sans CJK KR, NanumGothic, Apple SD Gothic Neo, Malgun Gothic, Segoe UI, sans-serif";

/// The figure as `{data, layout, config}`.
pub(crate) fn write(figure: &Figure, layout: &Layout, theme: &Theme) -> Value {
    let frame = Frame::new(layout);
    let mut data = Vec::new();
    let mut out = Map::new();
    let mut annotations = Vec::new();
    out.insert("height".into(), numbers::number(layout.height.round()));
    out.insert("autosize".into(), json!(true));
    out.insert(
        "margin".into(),
        json!({"l": frame.left.round(), "r": frame.right.round(), "t": frame.top.round(), "b": frame.bottom.round(), "pad": 0}),
    );
    out.insert("paper_bgcolor".into(), json!(theme.background.hex()));
    out.insert("plot_bgcolor".into(), json!(theme.panel.hex()));
    out.insert("font".into(), json!({"family": FONTS, "size": theme.tick_size, "color": theme.text.hex()}));
    out.insert("hovermode".into(), json!(if figure.hover_together { "x unified" } else { "closest" }));
    out.insert("hoverlabel".into(), json!({"font": {"size": theme.tick_size}}));
    out.insert("bargap".into(), json!(0));
    out.insert("barmode".into(), json!("overlay"));
    if !layout.title.is_empty() {
        let text = layout.title.iter().map(|line| plotly_text(line)).collect::<Vec<_>>().join("<br>");
        out.insert(
            "title".into(),
            json!({
                "text": text, "x": 0.5, "xanchor": "center", "xref": "container",
                "y": 1.0 - numbers::round(12.0 / layout.height, 4), "yanchor": "top", "yref": "container",
                "font": {"size": theme.title_size},
            }),
        );
    }
    for (i, (panel, place)) in figure.panels.iter().zip(&layout.panels).enumerate() {
        let suffix = if i == 0 { String::new() } else { (i + 1).to_string() };
        let sheet = sheet(panel, place, i, &frame, theme);
        data.extend(panel.traces.iter().flat_map(|t| t.mark().plotly(&sheet)));
        let (x_domain, y_domain) = frame.domains(place.plot);
        if panel.traces.iter().any(|t| t.mark().is_solid()) {
            out.insert(sheet.scene.clone(), solid(panel, x_domain, y_domain, theme));
            if place.legend.is_some() {
                out.insert(format!("legend{suffix}"), legend(place, &frame, theme));
            }
            annotations.extend(title_annotations(place, &frame, theme));
            continue;
        }
        let mut x_axis = axis(panel, &panel.x, &place.x, &place.x_ticks, x_domain, &sheet.y, theme, true);
        if !panel.bare {
            let angle = if place.slanted { numbers::round(-SLANT.to_degrees(), 0) } else { 0.0 };
            x_axis["tickangle"] = numbers::number(angle);
        }
        out.insert(format!("xaxis{suffix}"), x_axis);
        let y_axis = axis(panel, &panel.y, &place.y, &place.y_ticks, y_domain, &sheet.x, theme, false);
        out.insert(format!("yaxis{suffix}"), y_axis);
        if panel.equal {
            out[&format!("yaxis{suffix}")]["scaleanchor"] = json!(sheet.x);
            out[&format!("yaxis{suffix}")]["constrain"] = json!("domain");
            out[&format!("xaxis{suffix}")]["constrain"] = json!("domain");
        }
        if place.legend.is_some() {
            out.insert(format!("legend{suffix}"), legend(place, &frame, theme));
        }
        annotations.extend(panel_annotations(panel, place, &sheet, &frame, theme));
    }
    let size = foot_size(theme);
    for (i, line) in layout.foot.iter().rev().enumerate() {
        annotations.push(json!({
            "text": plotly_text(&line.text), "showarrow": false, "align": "left",
            "xref": "paper", "x": 0, "xanchor": "left", "xshift": 14.0 - frame.left.round(),
            "yref": "paper", "y": 0, "yanchor": "bottom",
            "yshift": numbers::round(3.0 + i as f64 * size * 1.35 - frame.bottom, 1),
            "font": {"size": numbers::round(size, 1), "color": if line.alarm { theme.alarm } else { theme.muted }.hex()},
        }));
    }
    if !annotations.is_empty() {
        out.insert("annotations".into(), Value::Array(annotations));
    }
    json!({
        "data": data,
        "layout": out,
        "config": {"responsive": true, "displaylogo": false},
    })
}

/// An animated figure as `{data, layout, frames, config}`; `view` is what is shown before anything moves.
pub(crate) fn write_animated(
    view: &Figure,
    animation: &Animation,
    mut layout: Layout,
    theme: &Theme,
) -> Value {
    const CONTROLS: f64 = 96.0;
    layout.height += CONTROLS;
    let mut out = write(view, &layout, theme);
    let (Some(place), Some(panel)) = (layout.panels.first(), view.panels.first()) else { return out };
    let sheet = sheet(panel, place, 0, &Frame::new(&layout), theme);
    let count = |traces: &[Trace]| traces.iter().map(|t| t.mark().plotly(&sheet).len()).sum::<usize>();
    let first = count(&animation.base.traces);
    out["frames"] = animation.plotly_frames(&sheet, first);
    let foot = layout.foot.len() as f64 * foot_size(theme) * 1.35;
    let below = layout.height - CONTROLS - foot - place.plot.bottom() - 6.0;
    let (slider, menu) = animation.controls(below.max(20.0), theme.tick_size);
    out["layout"]["sliders"] = slider;
    out["layout"]["updatemenus"] = menu;
    out
}

fn sheet<'a>(
    panel: &Panel,
    place: &PanelLayout,
    number: usize,
    frame: &Frame,
    theme: &'a Theme,
) -> Sheet<'a> {
    let suffix = if number == 0 { String::new() } else { (number + 1).to_string() };
    Sheet {
        theme,
        x: format!("x{suffix}"),
        y: format!("y{suffix}"),
        legend: format!("legend{suffix}"),
        show_legend: place.legend.is_some(),
        scene: format!("scene{suffix}"),
        color_bar: color_bar(place, frame, theme),
        x_scale: panel.x.scale,
        y_scale: panel.y.scale,
    }
}

/// The plots' common frame: margins in pixels, everything inside in shares of it.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn new(layout: &Layout) -> Self {
        let plots = || layout.panels.iter().map(|p| p.plot);
        let left = plots().map(|r| r.x).fold(layout.width, f64::min);
        let right = layout.width - plots().map(|r| r.right()).fold(0.0, f64::max);
        let top = plots().map(|r| r.y).fold(layout.height, f64::min);
        let bottom = layout.height - plots().map(|r| r.bottom()).fold(0.0, f64::max);
        if layout.panels.is_empty() {
            let (w, h) = (layout.width, layout.height);
            return Self {
                left: 14.0,
                right: 14.0,
                top: h / 2.0,
                bottom: h / 2.0 - 1.0,
                width: w - 28.0,
                height: 1.0,
            };
        }
        Self {
            left,
            right,
            top,
            bottom,
            width: (layout.width - left - right).max(1.0),
            height: (layout.height - top - bottom).max(1.0),
        }
    }

    fn x(&self, pixel: f64) -> f64 {
        numbers::round((pixel - self.left) / self.width, 4)
    }

    fn y(&self, pixel: f64) -> f64 {
        numbers::round(1.0 - (pixel - self.top) / self.height, 4)
    }

    fn domains(&self, plot: Rect) -> ([f64; 2], [f64; 2]) {
        let inside = |v: f64| v.clamp(0.0, 1.0);
        (
            [inside(self.x(plot.x)), inside(self.x(plot.right()))],
            [inside(self.y(plot.bottom())), inside(self.y(plot.y))],
        )
    }
}

fn legend(place: &PanelLayout, frame: &Frame, theme: &Theme) -> Value {
    let mut out = json!({"font": {"size": theme.tick_size}, "itemwidth": 30});
    let Some(legend) = &place.legend else { return out };
    let Rect { x, y, w, h } = legend.rect;
    match legend.corner {
        Some((right, bottom)) => {
            out["x"] = json!(frame.x(if right { x + w } else { x }));
            out["xanchor"] = json!(if right { "right" } else { "left" });
            out["y"] = json!(frame.y(if bottom { y + h } else { y }));
            out["yanchor"] = json!(if bottom { "bottom" } else { "top" });
            let p = theme.panel;
            out["bgcolor"] = json!(format!("rgba({},{},{},0.85)", p.0, p.1, p.2));
        }
        None => {
            out["orientation"] = json!("h");
            out["x"] = json!(frame.x(x));
            out["xanchor"] = json!("left");
            out["y"] = json!(frame.y(y + h));
            out["yanchor"] = json!("bottom");
        }
    }
    // A dashed line reads as dashed only if its sample is long enough.
    if legend
        .entries
        .iter()
        .any(|(_, _, key)| matches!(&key.symbol, Symbol::Line { dash, .. } if !dash.is_empty()))
    {
        out["itemwidth"] = json!(40);
    }
    out
}

fn color_bar(place: &PanelLayout, frame: &Frame, theme: &Theme) -> Value {
    let Some((rect, bar)) = &place.bar else { return Value::Null };
    let ticks = bar.ticks();
    json!({
        "x": frame.x(rect.x), "xanchor": "left", "xpad": 0, "xref": "paper",
        "y": frame.y(rect.y + rect.h / 2.0), "yanchor": "middle", "ypad": 0, "yref": "paper",
        "len": numbers::round(rect.h / frame.height, 4), "lenmode": "fraction",
        "thickness": BAR_WIDTH, "outlinewidth": 1, "outlinecolor": theme.axis.hex(),
        "tickvals": ticks.iter().map(|t| numbers::significant(t.at, 6)).collect::<Vec<_>>(),
        "ticktext": ticks.iter().map(|t| plotly_text(&t.label)).collect::<Vec<_>>(),
        "tickfont": {"size": theme.tick_size},
        "title": {"text": plotly_text(&bar.title), "side": "right", "font": {"size": theme.label_size}},
    })
}
