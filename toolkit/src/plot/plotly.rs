//! The plotly renderer: a figure as the JSON that JupyterLab draws interactively.

use serde_json::{Map, Value, json};

use super::animation::Animation;
use super::axis::{Axis, AxisMap, Scale};
use super::draw::readable;
use super::figure::Figure;
use super::layout::{BAR_WIDTH, Layout, PanelLayout, SLANT, foot_size};
use super::note::{Note, Side};
use super::numbers::{self, plotly_text};
use super::panel::Panel;
use super::scene::Rect;
use super::theme::Theme;
use super::ticks::Tick;
use super::traces::{Sheet, Symbol, Trace};

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

fn axis(
    panel: &Panel,
    axis: &Axis,
    map: &AxisMap,
    ticks: &[Tick],
    domain: [f64; 2],
    anchor: &str,
    theme: &Theme,
    horizontal: bool,
) -> Value {
    let (low, high) = map.plotly_range();
    let mut out = json!({
        "domain": domain,
        "anchor": anchor,
        "range": [numbers::significant(low, 6), numbers::significant(high, 6)],
        "zeroline": false,
    });
    if panel.bare {
        out["visible"] = json!(false);
        return out;
    }
    out["type"] = json!(match axis.scale {
        Scale::Linear => "linear",
        Scale::Log => "log",
    });
    out["showgrid"] = json!(!panel.no_grid);
    out["gridcolor"] = json!(theme.grid.hex());
    out["linecolor"] = json!(theme.axis.hex());
    out["showline"] = json!(true);
    out["ticks"] = json!("outside");
    out["ticklen"] = json!(4);
    out["tickcolor"] = json!(theme.axis.hex());
    out["tickfont"] = json!({"size": theme.tick_size});
    if !axis.title.is_empty() {
        let standoff = if horizontal { 6 } else { 8 };
        out["title"] = json!({"text": plotly_text(&axis.title), "font": {"size": theme.label_size}, "standoff": standoff});
    }
    if axis.categories.is_some() {
        out["tickvals"] = ticks.iter().map(|t| numbers::number(t.at)).collect();
        out["ticktext"] = ticks.iter().map(|t| plotly_text(&t.label)).collect();
        return out;
    }
    match axis.scale {
        // plotly's own are small digits between the powers of ten, which crowd.
        Scale::Log => {
            out["tickvals"] = ticks.iter().map(|t| numbers::number(numbers::significant(t.at, 6))).collect();
            out["ticktext"] = ticks.iter().map(|t| plotly_text(&t.label)).collect();
        }
        Scale::Linear => {
            out["exponentformat"] = json!("power");
            out["separatethousands"] = json!(true);
            // At most as many as had room here; zooming in brings others.
            out["nticks"] = json!(ticks.len().max(2) + 1);
            if axis.integer {
                out["tickformat"] = json!(",d");
                if (high - low).abs() < 9.0 {
                    out["dtick"] = json!(1);
                }
            }
        }
    }
    out
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

/// A panel in three dimensions.
fn solid(panel: &Panel, x_domain: [f64; 2], y_domain: [f64; 2], theme: &Theme) -> Value {
    let axis = |title: &str| {
        json!({
            "title": {"text": plotly_text(title)}, "gridcolor": theme.grid.hex(), "color": theme.text.hex(),
            "backgroundcolor": theme.panel.hex(), "tickfont": {"size": theme.tick_size * 0.8},
        })
    };
    let mut height = axis("");
    if let Some((low, high, ticks)) = panel.traces.iter().find_map(|t| t.mark().height_axis()) {
        height["range"] = json!([low, high]);
        height["tickvals"] = ticks.iter().map(|t| numbers::significant(t.at, 5)).collect();
        height["ticktext"] = ticks.iter().map(|t| plotly_text(&t.label)).collect();
    }
    json!({
        "domain": {"x": x_domain, "y": y_domain},
        "xaxis": axis(if panel.x.title.is_empty() { "x" } else { &panel.x.title }),
        "yaxis": axis(if panel.y.title.is_empty() { "y" } else { &panel.y.title }),
        "zaxis": height,
        "camera": {"eye": {"x": -1.2, "y": -1.2, "z": 0.85}},
        "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.7},
    })
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

fn title_annotations(place: &PanelLayout, frame: &Frame, theme: &Theme) -> Vec<Value> {
    let mut out = Vec::new();
    for (i, line) in place.title.iter().enumerate() {
        let baseline = place.title_y + i as f64 * theme.label_size * 1.3;
        out.push(json!({
            "text": plotly_text(line), "showarrow": false,
            "xref": "paper", "x": frame.x(place.plot.x + place.plot.w / 2.0), "xanchor": "center",
            "yref": "paper", "y": frame.y(baseline + theme.label_size * 0.3), "yanchor": "bottom",
            "font": {"size": theme.label_size},
        }));
    }
    out
}

fn panel_annotations(
    panel: &Panel,
    place: &PanelLayout,
    sheet: &Sheet<'_>,
    frame: &Frame,
    theme: &Theme,
) -> Vec<Value> {
    let mut out = title_annotations(place, frame, theme);
    for label in panel.traces.iter().flat_map(|t| t.mark().labels(theme)) {
        out.push(json!({
            "text": plotly_text(&label.text), "showarrow": false,
            "xref": sheet.x, "x": numbers::significant(label.at.0, 6), "yref": sheet.y, "y": numbers::significant(label.at.1, 6),
            "font": {"size": numbers::round(label.size, 1), "color": label.color.hex()},
        }));
    }
    for label in &place.end_labels {
        let (x, y) = in_axis_units(panel, label.data);
        out.push(json!({
            "text": plotly_text(&label.text), "showarrow": false,
            "xref": sheet.x, "x": x, "xanchor": "left", "xshift": 6,
            "yref": sheet.y, "y": y, "yshift": numbers::round(label.shift, 1),
            "font": {"size": theme.tick_size, "color": readable(theme.color(label.color), theme).hex()},
        }));
    }
    out.extend(panel.notes.iter().flat_map(|note| annotation(panel, note, sheet, theme)));
    out
}

/// Annotations take exponents on a logarithmic axis.
fn in_axis_units(panel: &Panel, (x, y): (f64, f64)) -> (f64, f64) {
    (numbers::significant(panel.x.scale.forward(x), 6), numbers::significant(panel.y.scale.forward(y), 6))
}

fn annotation(panel: &Panel, note: &Note, sheet: &Sheet<'_>, theme: &Theme) -> Vec<Value> {
    let at = in_axis_units(panel, note.at);
    if at.0.is_nan() || at.1.is_nan() {
        return Vec::new();
    }
    let color = theme.color(note.color).hex();
    let mut out = Vec::new();
    if let Some(target) = note.target {
        let to = in_axis_units(panel, target);
        out.push(json!({
            "text": "", "showarrow": true, "arrowhead": 2, "arrowwidth": 1.8, "arrowsize": 1.1, "arrowcolor": color,
            "xref": sheet.x, "x": to.0, "yref": sheet.y, "y": to.1,
            "axref": sheet.x, "ax": at.0, "ayref": sheet.y, "ay": at.1,
        }));
    }
    if note.text.is_empty() {
        return out;
    }
    let (x_anchor, y_anchor, x_shift, y_shift) = match note.side {
        Side::Center => ("center", "middle", 0, 0),
        Side::Right => ("left", "middle", 6, 0),
        Side::Left => ("right", "middle", -6, 0),
        Side::Above => ("center", "bottom", 0, 6),
        Side::Below => ("center", "top", 0, -6),
    };
    let mut text = json!({
        "text": plotly_text(&note.text), "showarrow": false,
        "xref": sheet.x, "x": at.0, "xanchor": x_anchor, "xshift": x_shift,
        "yref": sheet.y, "y": at.1, "yanchor": y_anchor, "yshift": y_shift,
        "font": {"size": note.size.unwrap_or(theme.tick_size), "color": color},
    });
    if note.boxed {
        let p = theme.panel;
        text["bgcolor"] = json!(format!("rgba({},{},{},0.85)", p.0, p.1, p.2));
    }
    out.push(text);
    out
}
