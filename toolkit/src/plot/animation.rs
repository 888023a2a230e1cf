//! Figures that change over time: a slider where they are interactive, a strip of stages where they are still.

use serde_json::{Map, Value, json};

use super::axis::Extent;
use super::figure::Figure;
use super::numbers::plotly_text;
use super::panel::Panel;
use super::traces::{Sheet, Trace};
use crate::Error;

/// The most stages that the still picture shows.
const STAGES: usize = 4;

/// A panel whose last traces change from frame to frame.
#[derive(Debug, Clone)]
pub(crate) struct Animation {
    pub(crate) base: Panel,
    pub(crate) label: String,
    pub(crate) frames: Vec<(String, Vec<Trace>)>,
}

impl Figure {
    /// A panel to which each frame adds its traces: with a slider and a button in the interactive figure, as a strip of up
    /// to four stages in the still one. `label` says what the frames' names count: `"step"`, `"epoch"`.
    ///
    /// All frames need the same number and kinds of traces. Axes keep one range for all of them.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::{Figure, Line, Panel};
    /// let frames = (1..5).map(|n| (n.to_string(), vec![Line::new("fit", 0..5, vec![n as f64; 5]).into()])).collect();
    /// let figure = Figure::animation(Panel::new().scatter("data", 0..5, [1.0, 2.0, 4.0, 3.0, 5.0]), "step", frames);
    /// assert_eq!(figure.to_plotly_json()["frames"].as_array().map(Vec::len), Some(4));
    /// ```
    pub fn animation(base: Panel, label: impl Into<String>, frames: Vec<(String, Vec<Trace>)>) -> Self {
        let mut figure = Figure::new();
        let label = label.into();
        let Some(first) = frames.first() else {
            figure.problems.push(Error::data("the animation has no frame"));
            return figure;
        };
        if let Some((name, traces)) = frames.iter().find(|f| f.1.len() != first.1.len()) {
            figure.problems.push(Error::shape(format!(
                "animation: frame `{}` has {} traces, but frame `{name}` has {}",
                first.0,
                first.1.len(),
                traces.len()
            )));
            return figure;
        }
        let mut base = base;
        let colors = base.colors_taken;
        let full = |traces: &[Trace], base: &Panel| {
            let mut panel = base.clone();
            panel.colors_taken = colors;
            traces.iter().fold(panel, |panel, trace| panel.add(trace.clone()))
        };
        let panels: Vec<Panel> = frames.iter().map(|f| full(&f.1, &base)).collect();
        let (mut x, mut y) = (base.extent().x, base.extent().y);
        let mut all = Extent { x, y, ..base.extent() };
        for panel in &panels {
            let extent = panel.extent();
            x = x.join(extent.x);
            y = y.join(extent.y);
            all.grounded |= extent.grounded;
            all.tight |= extent.tight;
        }
        if !x.is_empty() && !y.is_empty() {
            base.x.range = Some(base.x.resolve(x, all.tight, false));
            base.y.range = Some(base.y.resolve(y, all.tight, all.grounded));
        }
        let stages = super::thin::evenly_with_ends(frames.len(), STAGES);
        figure.columns = Some(if stages.len() == STAGES { 2 } else { stages.len() });
        for (place, &i) in stages.iter().enumerate() {
            let mut panel = full(&frames[i].1, &base).title(format!("{label} {}", frames[i].0));
            // The first stage explains the traces; the last one says what all frames have to say.
            if place > 0 {
                panel = panel.legend(false);
            }
            if place + 1 < stages.len() {
                panel.footnotes.clear();
                panel.problems.clear();
            }
            figure.panels.push(panel);
        }
        figure.animation = Some(Box::new(Animation { base, label, frames }));
        figure
    }

    /// The figure that plotly shows before anything moves: the last frame alone.
    pub(crate) fn first_view(&self, animation: &Animation) -> Figure {
        let last = animation.frames.last().map(|f| f.1.clone()).unwrap_or_default();
        let panel = last.into_iter().fold(animation.base.clone(), Panel::add);
        let mut view = Figure { panels: vec![panel], columns: None, animation: None, ..self.clone() };
        if let (Some(view), Some(strip)) = (view.panels.first_mut(), self.panels.last()) {
            view.footnotes.clone_from(&strip.footnotes);
        }
        view.size = self.size.map(|(w, h)| (w, h * 0.6));
        view
    }
}

impl Animation {
    /// The frames, for traces that begin at number `first` of the data.
    ///
    /// A frame has of each trace only what changes in the course of the animation: plotly keeps the rest.
    pub(crate) fn plotly_frames(&self, sheet: &Sheet<'_>, first: usize) -> Value {
        let whole: Vec<Vec<Value>> = self
            .frames
            .iter()
            .map(|(_, traces)| {
                let panel = traces.iter().fold(self.base.clone(), |panel, t| panel.add(t.clone()));
                panel.traces[self.base.traces.len()..].iter().flat_map(|t| t.mark().plotly(sheet)).collect()
            })
            .collect();
        let frame = |((name, _), traces): (&(String, Vec<Trace>), &Vec<Value>)| {
            let slim = traces.iter().enumerate().map(|(i, trace)| (first + i, changing(&whole, i, trace)));
            let (indices, data): (Vec<usize>, Vec<Value>) =
                slim.filter_map(|(i, trace)| trace.map(|trace| (i, trace))).unzip();
            json!({"name": name, "data": data, "traces": indices})
        };
        self.frames.iter().zip(&whole).map(frame).collect()
    }

    /// The slider and the buttons below the panel.
    pub(crate) fn controls(&self, below: f64, size: f64) -> (Value, Value) {
        // Without `redraw` plotly takes contours away at the first step.
        let how = json!({
            "mode": "immediate", "fromcurrent": false,
            "frame": {"duration": 120, "redraw": true}, "transition": {"duration": 0},
        });
        let steps: Vec<Value> = self
            .frames
            .iter()
            .map(|(name, _)| {
                json!({
                    "label": plotly_text(name), "method": "animate",
                    "args": [[name], {"mode": "immediate", "frame": {"duration": 0, "redraw": true}, "transition": {"duration": 0}}],
                })
            })
            .collect();
        let slider = json!([{
            "active": self.frames.len().saturating_sub(1),
            "steps": steps,
            "x": 0.12, "len": 0.88, "xanchor": "left", "y": 0, "yanchor": "top",
            "pad": {"t": below, "b": 0},
            "currentvalue": {"prefix": format!("{} ", plotly_text(&self.label)), "font": {"size": size}},
        }]);
        let menu = json!([{
            "type": "buttons", "direction": "left", "showactive": false,
            "x": 0.0, "xanchor": "left", "y": 0, "yanchor": "top", "pad": {"t": below + 18.0, "r": 8},
            "buttons": [
                {"label": "▶", "method": "animate", "args": [null, how]},
                {"label": "❚❚", "method": "animate", "args": [[null], {"mode": "immediate", "frame": {"duration": 0, "redraw": true}}]},
            ],
        }]);
        (slider, menu)
    }
}

/// What changes in trace `i` over the frames, as `trace` has it, with its type; `None` if nothing does.
fn changing(frames: &[Vec<Value>], i: usize, trace: &Value) -> Option<Value> {
    let Some(parts) = trace.as_object() else { return Some(trace.clone()) };
    let changes = |key: &String| frames.iter().any(|f| f.get(i).and_then(|t| t.get(key)) != trace.get(key));
    let kept: Map<String, Value> = parts
        .iter()
        .filter(|(key, _)| *key == "type" || changes(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    (kept.keys().any(|key| key != "type")).then_some(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Line, Scatter};

    /// Frames merged into the shown traces, as plotly does it, are the whole traces; in any order.
    #[test]
    fn frames_keep_what_changes_and_nothing_else() {
        let frame = |n: usize| {
            let line = Line::new("way", 0..n, vec![1.0; n]);
            (n.to_string(), vec![Scatter::new("", [0.0], [1.0]).into(), line.into()])
        };
        let figure =
            Figure::animation(Panel::new().scatter("data", 0..3, 0..3), "step", (2..6).map(frame).collect());
        let json = figure.to_plotly_json();
        let frames = json["frames"].as_array().unwrap();
        for (k, frame) in frames.iter().enumerate() {
            assert_eq!(frame["traces"], json!([2]), "only the line changes");
            let mut keys: Vec<&str> =
                frame["data"][0].as_object().unwrap().keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(keys, ["type", "x", "y"]);
            assert_eq!(frame["data"][0]["x"].as_array().map(Vec::len), Some(k + 2));
        }
        assert_eq!(json["data"][2]["x"], frames[3]["data"][0]["x"], "the last frame is shown first");
    }
}
