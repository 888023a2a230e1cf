//! Bars, and histograms as bars that are already counted.

use serde_json::{Value, json};

use super::{Canvas, Key, Mark, Sheet, Symbol};
use crate::plot::axis::{Extent, Scale, Span};
use crate::plot::numbers::{self, check_pair};
use crate::plot::path::Path;
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Color, Theme};
use crate::{Error, Result};

/// Upright bars that stand on 0 (or on other bars).
///
/// # Example
/// ```
/// use kiln::plot::{Bars, Figure};
/// let figure = Figure::new().add(Bars::histogram("weights", [0.1, 0.2, 0.25, 0.7], 4));
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    name: String,
    x: Vec<f64>,
    heights: Vec<f64>,
    base: Vec<f64>,
    width: Option<f64>,
    color: Color,
    opacity: f64,
    listed: bool,
    problem: Option<String>,
    touching: bool,
}

impl Bars {
    /// Bars of these heights, centred on these places.
    pub fn new(name: impl Into<String>, x: impl IntoSeries, heights: impl IntoSeries) -> Self {
        Self {
            name: name.into(),
            x: x.into_series(),
            heights: heights.into_series(),
            base: Vec::new(),
            width: None,
            color: Color::Auto,
            opacity: 1.0,
            listed: true,
            problem: None,
            touching: false,
        }
    }

    /// How many of the values lie in each of `bins` equal intervals between the smallest and the largest.
    ///
    /// Values that are not finite are left out. Counting is done once, here: 20,000 values become as many numbers as
    /// there are bins.
    pub fn histogram(name: impl Into<String>, values: impl IntoSeries, bins: usize) -> Self {
        let values = values.into_series();
        let span = Span::of(&values, Scale::Linear);
        Self::histogram_within(name, &values, bins, span.low, span.high)
    }

    /// A histogram between `low` and `high`; values outside are counted in the outermost intervals.
    ///
    /// Histograms that are compared need the same bounds.
    pub fn histogram_within(
        name: impl Into<String>,
        values: impl IntoSeries,
        bins: usize,
        low: f64,
        high: f64,
    ) -> Self {
        let values = values.into_series();
        let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
        let mut bars = Self::new(name, Vec::<f64>::new(), Vec::<f64>::new());
        bars.touching = true;
        if bins == 0 {
            bars.problem = Some("a histogram needs at least one bin".into());
            return bars;
        }
        let finite = || values.iter().filter(|v| v.is_finite());
        if finite().next().is_none() {
            bars.problem = Some(format!("none of its {} values is finite", values.len()));
            return bars;
        }
        let width = (high - low) / bins as f64;
        let mut counts = vec![0.0; bins];
        for v in finite() {
            let bin = ((v - low) / width).floor().clamp(0.0, (bins - 1) as f64) as usize;
            counts[bin] += 1.0;
        }
        bars.x = (0..bins).map(|i| low + (i as f64 + 0.5) * width).collect();
        bars.heights = counts;
        bars.width = Some(width);
        bars
    }

    /// Turns counts into a density: the bars' areas add up to 1.
    #[must_use]
    pub fn density(mut self) -> Self {
        let width = self.bar_width();
        let total: f64 = self.heights.iter().filter(|h| h.is_finite()).sum();
        if total > 0.0 {
            for h in &mut self.heights {
                *h /= total * width;
            }
        }
        self
    }

    /// Turns counts into shares: the bars' heights add up to 1.
    #[must_use]
    pub fn shares(mut self) -> Self {
        let total: f64 = self.heights.iter().filter(|h| h.is_finite()).sum();
        if total > 0.0 {
            for h in &mut self.heights {
                *h /= total;
            }
        }
        self
    }

    /// Their colour: an index into the theme's cycle, or a [`Color`].
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// How opaque they are, from 0 to 1.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity.clamp(0.0, 1.0);
        self
    }

    /// The width of a bar in the units of the axis; by default 80 % of the smallest distance between bars.
    #[must_use]
    pub fn width(mut self, width: f64) -> Self {
        self.width = Some(width);
        self
    }

    /// Moves and narrows the bars: they become number `index` of `of` that stand side by side.
    #[must_use]
    pub fn side_by_side(mut self, index: usize, of: usize) -> Self {
        let width = self.bar_width() / of.max(1) as f64;
        for x in &mut self.x {
            *x += width * (index as f64 - (of.max(1) - 1) as f64 / 2.0);
        }
        self.width = Some(width);
        self
    }

    /// Lets the bars stand on others of these heights.
    #[must_use]
    pub fn on_top_of(mut self, base: impl IntoSeries) -> Self {
        self.base = base.into_series();
        self
    }

    /// Leaves them out of the legend.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    fn bar_width(&self) -> f64 {
        self.width.unwrap_or_else(|| {
            let mut sorted: Vec<f64> = self.x.iter().copied().filter(|x| x.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            let step =
                sorted.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min);
            if step.is_finite() { step * 0.8 } else { 0.8 }
        })
    }

    fn base(&self, i: usize) -> f64 {
        self.base.get(i).copied().unwrap_or(0.0)
    }
}

impl Mark for Bars {
    fn check(&self) -> Result<()> {
        let who = numbers::described("bars", &self.name);
        if let Some(problem) = &self.problem {
            return Err(Error::data(format!("{who}: {problem}")));
        }
        if !self.base.is_empty() {
            numbers::check_lengths(&who, &[("heights", self.heights.len()), ("the base", self.base.len())])?;
        }
        check_pair("bars", &self.name, &self.x, &self.heights)
    }

    fn gaps(&self, x: Scale, y: Scale) -> Option<String> {
        // A bar of height 0 is not missing on a logarithmic axis: it is empty.
        let positive: Vec<f64> = self.heights.iter().map(|&h| if h == 0.0 { 1.0 } else { h }).collect();
        numbers::gaps(&self.name, &self.x, &positive, x, y)
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        let half = self.bar_width() / 2.0;
        let mut extent = Extent { grounded: true, ..Extent::EMPTY };
        for (i, (&at, &h)) in self.x.iter().zip(&self.heights).enumerate() {
            if h.is_finite() {
                extent.x = extent.x.with(at - half, x).with(at + half, x);
                extent.y = extent.y.with(self.base(i), y).with(self.base(i) + h, y);
            }
        }
        extent
    }

    fn color_mut(&mut self) -> Option<&mut Color> {
        Some(&mut self.color)
    }

    fn key(&self, theme: &Theme) -> Option<Key> {
        (self.listed && !self.name.is_empty()).then(|| Key {
            name: self.name.clone(),
            color: theme.color(self.color),
            symbol: Symbol::Fill { opacity: self.opacity },
        })
    }

    fn skeleton(&self) -> Vec<Vec<(f64, f64)>> {
        let half = self.bar_width() / 2.0;
        let bar = |(i, (&x, &h)): (usize, (&f64, &f64))| {
            let (b, t) = (self.base(i), self.base(i) + h);
            vec![(x - half, b), (x - half, t), (x, t), (x + half, t), (x + half, b)]
        };
        self.x.iter().zip(&self.heights).enumerate().map(bar).collect()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let half = self.bar_width() / 2.0;
        let mut path = Path::default();
        let floor = canvas.plot.bottom();
        for (i, (&x, &h)) in self.x.iter().zip(&self.heights).enumerate() {
            let (left, right) = (canvas.x.at(x - half), canvas.x.at(x + half));
            let top = canvas.y.at(self.base(i) + h);
            let bottom = canvas.y.at(self.base(i));
            let bottom = if bottom.is_nan() { floor } else { bottom };
            if h != 0.0 && ![left, right, top].iter().any(|v| v.is_nan()) {
                // A hair of background between touching bars.
                let gap = if self.touching && right - left > 4.0 { 0.5 } else { 0.0 };
                path.push_rect(left + gap, top.min(bottom), right - left - 2.0 * gap, (top - bottom).abs());
            }
        }
        let color = canvas.theme.color(self.color);
        canvas.scene.fill(path, color, self.opacity);
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        // A hair of background between touching bars.
        let rim = if self.touching { 0.5 } else { 0.0 };
        let mut trace = json!({
            "type": "bar",
            "name": numbers::plotly_text(&self.name),
            "x": numbers::array(&self.x, Scale::Linear),
            "y": numbers::array(&self.heights, sheet.y_scale),
            "width": numbers::number(numbers::significant(self.bar_width(), 5)),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "legend": sheet.legend,
            "showlegend": sheet.show_legend && self.listed && !self.name.is_empty(),
            "marker": {"color": sheet.theme.color(self.color).hex(), "line": {"width": rim, "color": sheet.theme.panel.hex()}},
        });
        if !self.base.is_empty() {
            trace["base"] = numbers::array(&self.base, sheet.y_scale);
        }
        if self.opacity < 1.0 {
            trace["opacity"] = json!(self.opacity);
        }
        vec![trace]
    }
}
