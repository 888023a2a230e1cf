//! The area between two lines.

use serde_json::{Value, json};

use super::{Canvas, Key, Mark, Sheet, Symbol};
use crate::plot::axis::{Extent, Scale};
use crate::plot::numbers::{self, check_pair};
use crate::plot::path::{Path, Segment, simplify};
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Color, Theme};
use crate::plot::thin;
use crate::{Error, Result};

/// The area between a lower and an upper line: a spread, a standard deviation, a confidence interval.
///
/// # Example
/// ```
/// use kiln::plot::{Band, Figure};
/// let figure = Figure::new()
///     .add(Band::new("± one deviation", 0..3, [0.8, 0.4, 0.3], [1.0, 0.6, 0.5]).color(0))
///     .line("mean", 0..3, [0.9, 0.5, 0.4]);
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    name: String,
    x: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    color: Color,
    opacity: f64,
}

impl Band {
    /// The area between `low` and `high`.
    pub fn new(
        name: impl Into<String>,
        x: impl IntoSeries,
        low: impl IntoSeries,
        high: impl IntoSeries,
    ) -> Self {
        Self {
            name: name.into(),
            x: x.into_series(),
            low: low.into_series(),
            high: high.into_series(),
            color: Color::Auto,
            opacity: 0.25,
        }
    }

    /// Its colour: an index into the theme's cycle, or a [`Color`].
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// How opaque it is, from 0 to 1; 0.25 by default.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity.clamp(0.0, 1.0);
        self
    }

    /// Stretches without a gap, as index ranges, for axes of these scales.
    fn stretches(&self, x: Scale, y: Scale) -> Vec<Vec<usize>> {
        let mut out: Vec<Vec<usize>> = vec![Vec::new()];
        for i in 0..self.x.len() {
            let fine = [x.forward(self.x[i]), y.forward(self.low[i]), y.forward(self.high[i])]
                .iter()
                .all(|v| !v.is_nan());
            if !fine {
                out.push(Vec::new());
            } else if let Some(last) = out.last_mut() {
                last.push(i);
            }
        }
        out.retain(|s| s.len() > 1);
        out
    }
}

impl Mark for Band {
    fn check(&self) -> Result<()> {
        let who = numbers::described("band", &self.name);
        numbers::check_lengths(
            &who,
            &[("x", self.x.len()), ("the lower line", self.low.len()), ("the upper line", self.high.len())],
        )?;
        check_pair("band", &self.name, &self.x, &self.low)?;
        check_pair("band", &self.name, &self.x, &self.high)?;
        if self.stretches(Scale::Linear, Scale::Linear).is_empty() {
            return Err(Error::data(format!("{who}: no two neighbouring points are finite"))
                .with_help("a band lies between points; single ones are drawn by .scatter(name, x, y)"));
        }
        Ok(())
    }

    fn thin(&mut self) -> Option<String> {
        let before = self.x.len();
        let keep = thin::evenly(before, thin::LINE_LIMIT / 2)?;
        for series in [&mut self.x, &mut self.low, &mut self.high] {
            *series = keep.iter().map(|&i| series[i]).collect();
        }
        Some(thin::note(&self.name, before, keep.len(), "an even choice"))
    }

    fn gaps(&self, x: Scale, y: Scale) -> Option<String> {
        numbers::gaps(&self.name, &self.x, &self.low, x, y)
            .or_else(|| numbers::gaps(&self.name, &self.x, &self.high, x, y))
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        let mut extent = Extent::EMPTY;
        for i in self.stretches(x, y).into_iter().flatten() {
            extent.x = extent.x.with(self.x[i], x);
            extent.y = extent.y.with(self.low[i], y).with(self.high[i], y);
        }
        extent
    }

    fn color_mut(&mut self) -> Option<&mut Color> {
        Some(&mut self.color)
    }

    fn key(&self, theme: &Theme) -> Option<Key> {
        (!self.name.is_empty()).then(|| Key {
            name: self.name.clone(),
            color: theme.color(self.color),
            symbol: Symbol::Fill { opacity: self.opacity },
        })
    }

    fn skeleton(&self) -> Vec<Vec<(f64, f64)>> {
        let line = |y: &[f64]| self.x.iter().copied().zip(y.iter().copied()).collect();
        vec![line(&self.low), line(&self.high)]
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let mut path = Path::default();
        for stretch in self.stretches(canvas.x.scale, canvas.y.scale) {
            let up: Vec<_> = stretch.iter().map(|&i| canvas.at(self.x[i], self.high[i])).collect();
            let back: Vec<_> = stretch.iter().rev().map(|&i| canvas.at(self.x[i], self.low[i])).collect();
            let mut points = simplify(&up, 0.12);
            points.extend(simplify(&back, 0.12));
            path.push_polyline(&points);
            path.0.push(Segment::Close);
        }
        let color = canvas.theme.color(self.color);
        canvas.scene.fill(path, color, self.opacity);
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for stretch in self.stretches(sheet.x_scale, sheet.y_scale) {
            if !x.is_empty() {
                x.push(f64::NAN);
                y.push(f64::NAN);
            }
            x.extend(stretch.iter().chain(stretch.iter().rev()).map(|&i| self.x[i]));
            y.extend(stretch.iter().map(|&i| self.high[i]));
            y.extend(stretch.iter().rev().map(|&i| self.low[i]));
        }
        let c = sheet.theme.color(self.color);
        vec![json!({
            "type": "scatter",
            "mode": "lines",
            "name": numbers::plotly_text(&self.name),
            "x": numbers::array(&x, sheet.x_scale),
            "y": numbers::array(&y, sheet.y_scale),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "legend": sheet.legend,
            "showlegend": sheet.show_legend && !self.name.is_empty(),
            "fill": "toself",
            "fillcolor": format!("rgba({},{},{},{})", c.0, c.1, c.2, self.opacity),
            "line": {"width": 0, "color": c.hex()},
            "hoverinfo": "skip",
        })]
    }
}
