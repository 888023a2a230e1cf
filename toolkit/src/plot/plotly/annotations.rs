//! Texts and arrows in a panel.

use serde_json::{Value, json};

use super::Frame;
use crate::plot::draw::readable;
use crate::plot::layout::PanelLayout;
use crate::plot::note::{Note, Side};
use crate::plot::numbers::{self, plotly_text};
use crate::plot::panel::Panel;
use crate::plot::theme::Theme;
use crate::plot::traces::Sheet;

pub(super) fn title_annotations(place: &PanelLayout, frame: &Frame, theme: &Theme) -> Vec<Value> {
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

pub(super) fn panel_annotations(
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
