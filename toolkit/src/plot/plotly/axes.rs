//! Axes: of a plane panel, and of one in three dimensions.

use serde_json::{Value, json};

use crate::plot::axis::{Axis, AxisMap, Scale};
use crate::plot::numbers::{self, plotly_text};
use crate::plot::panel::Panel;
use crate::plot::theme::Theme;
use crate::plot::ticks::Tick;

pub(super) fn axis(
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

/// A panel in three dimensions.
pub(super) fn solid(panel: &Panel, x_domain: [f64; 2], y_domain: [f64; 2], theme: &Theme) -> Value {
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
