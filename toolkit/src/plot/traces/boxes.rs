//! Boxes with whiskers: how groups of values are spread.

use serde_json::{Value, json};

use super::{Canvas, Mark, Sheet};
use crate::plot::axis::{Extent, Scale};
use crate::plot::numbers;
use crate::plot::path::Path;
use crate::plot::scene::Stroke;
use crate::plot::series::IntoSeries;
use crate::plot::theme::Color;
use crate::{Error, Result};

/// For each group a box from the first to the third quartile with a line at the median, and whiskers to the farthest
/// values within 1.5 box lengths. Groups stand at 0, 1, 2, ...; give the axis their names with
/// [`Panel::x_categories`](crate::plot::Panel::x_categories).
///
/// The quartiles are computed once, here; values beyond the whiskers are counted, not drawn.
///
/// # Example
/// ```
/// use kiln::plot::{Boxes, Figure, Panel};
/// let panel = Panel::new().x_categories(["dense", "dense_1"]).add(Boxes::new(&[vec![0.1, 0.2, 0.4], vec![0.0, 0.5, 0.9]]));
/// assert!(Figure::new().panel(panel).check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Boxes {
    groups: Vec<Option<Summary>>,
    sizes: Vec<usize>,
    color: Color,
    outside: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Summary {
    low: f64,
    q1: f64,
    median: f64,
    q3: f64,
    high: f64,
}

impl Boxes {
    /// A box for each group.
    pub fn new<S>(groups: &[S]) -> Self
    where
        for<'a> &'a S: IntoSeries,
    {
        let mut boxes = Self { groups: Vec::new(), sizes: Vec::new(), color: Color::Auto, outside: 0 };
        for group in groups {
            let mut values = group.into_series();
            boxes.sizes.push(values.len());
            values.retain(|v| v.is_finite());
            values.sort_by(f64::total_cmp);
            let summary = Summary::of(&values);
            if let Some(s) = summary {
                boxes.outside += values.iter().filter(|v| **v < s.low || **v > s.high).count();
            }
            boxes.groups.push(summary);
        }
        boxes
    }

    /// Their colour: an index into the theme's cycle, or a [`Color`].
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }
}

impl Summary {
    fn of(sorted: &[f64]) -> Option<Self> {
        let quantile = |q: f64| {
            let place = q * (sorted.len() - 1) as f64;
            let (i, t) = (place.floor() as usize, place.fract());
            sorted[i] + (sorted[(i + 1).min(sorted.len() - 1)] - sorted[i]) * t
        };
        if sorted.is_empty() {
            return None;
        }
        let (q1, median, q3) = (quantile(0.25), quantile(0.5), quantile(0.75));
        let reach = 1.5 * (q3 - q1);
        let low = sorted.iter().copied().find(|v| *v >= q1 - reach).unwrap_or(q1);
        let high = sorted.iter().rev().copied().find(|v| *v <= q3 + reach).unwrap_or(q3);
        Some(Self { low, q1, median, q3, high })
    }
}

impl Mark for Boxes {
    fn check(&self) -> Result<()> {
        if self.groups.is_empty() {
            return Err(Error::data("boxes: there is no group"));
        }
        match self.groups.iter().position(Option::is_none) {
            Some(i) => Err(Error::data(format!(
                "boxes: none of the {} values of group {i} is finite",
                self.sizes[i]
            ))),
            None => Ok(()),
        }
    }

    fn thin(&mut self) -> Option<String> {
        (self.outside > 0).then(|| {
            let all = self.sizes.iter().sum::<usize>() as f64;
            format!(
                "{:.1} % of the values lie beyond the whiskers and are not drawn.",
                100.0 * self.outside as f64 / all
            )
        })
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        let mut extent = Extent::EMPTY;
        for (i, s) in self.groups.iter().enumerate().filter_map(|(i, s)| s.map(|s| (i, s))) {
            extent.x = extent.x.with(i as f64 - 0.5, x).with(i as f64 + 0.5, x);
            extent.y = extent.y.with(s.low, y).with(s.high, y).with(s.median, y);
        }
        extent
    }

    fn color_mut(&mut self) -> Option<&mut Color> {
        Some(&mut self.color)
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let color = canvas.theme.color(self.color);
        let (mut body, mut lines, mut medians) = (Path::default(), Path::default(), Path::default());
        for (i, s) in self.groups.iter().enumerate().filter_map(|(i, s)| s.map(|s| (i as f64, s))) {
            let (left, right, middle) = (canvas.x.at(i - 0.3), canvas.x.at(i + 0.3), canvas.x.at(i));
            let [low, q1, median, q3, high] = [s.low, s.q1, s.median, s.q3, s.high].map(|v| canvas.y.at(v));
            if [low, q1, median, q3, high].iter().any(|v| v.is_nan()) {
                continue;
            }
            body.push_rect(left, q3, right - left, q1 - q3);
            lines.push_polyline(&[(middle, q1), (middle, low)]);
            lines.push_polyline(&[(middle, q3), (middle, high)]);
            let cap = (right - left) / 4.0;
            lines.push_polyline(&[(middle - cap, low), (middle + cap, low)]);
            lines.push_polyline(&[(middle - cap, high), (middle + cap, high)]);
            lines.0.extend(Path::rect(left, q3, right - left, q1 - q3).0);
            medians.push_polyline(&[(left, median), (right, median)]);
        }
        canvas.scene.fill(body, color, 0.3);
        canvas.scene.stroke(lines, Stroke::new(color, 1.8));
        canvas.scene.stroke(medians, Stroke::new(color, 3.0));
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let c = sheet.theme.color(self.color);
        let pick = |f: fn(&Summary) -> f64| {
            numbers::array(&self.groups.iter().flatten().map(f).collect::<Vec<_>>(), sheet.y_scale)
        };
        vec![json!({
            "type": "box",
            "x": (0..self.groups.len()).collect::<Vec<_>>(),
            "lowerfence": pick(|s| s.low),
            "q1": pick(|s| s.q1),
            "median": pick(|s| s.median),
            "q3": pick(|s| s.q3),
            "upperfence": pick(|s| s.high),
            "width": 0.6,
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "showlegend": false,
            "line": {"color": c.hex(), "width": 1.8},
            "fillcolor": format!("rgba({},{},{},0.3)", c.0, c.1, c.2),
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Figure;

    /// A box below 0 has its place in plotly too; on a logarithmic axis it has none.
    #[test]
    fn plotly_gets_values_below_zero() {
        let boxes =
            || Figure::new().add(Boxes::new(&[[-2.0, -1.0, 0.0, 1.0, 2.0], [-4.0, -3.0, -2.0, -1.0, 1.0]]));
        let part = |figure: Figure, key: &str| figure.to_plotly_json()["data"][0][key].clone();
        assert_eq!(part(boxes(), "lowerfence"), json!([-2, -4]));
        assert_eq!(part(boxes(), "q1"), json!([-1, -3]));
        assert_eq!(part(boxes(), "median"), json!([0, -2]));
        assert_eq!(part(boxes(), "q3"), json!([1, -1]));
        assert_eq!(part(boxes().log_y(), "q1"), json!([null, null]));
    }
}
