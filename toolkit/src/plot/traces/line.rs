//! A line through points.

use serde_json::{Value, json};

use super::{Canvas, Key, Mark, Sheet, Symbol, runs};
use crate::Result;
use crate::plot::axis::{Extent, Scale};
use crate::plot::numbers::{self, check_pair};
use crate::plot::path::{Path, simplify};
use crate::plot::scene::Stroke;
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Color, Theme};
use crate::plot::thin;
use crate::plot::ticks::short;

/// How a line is dashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Long pieces.
    Dashed,
    /// Short pieces.
    Dotted,
}

impl Dash {
    pub(crate) fn pattern(self, width: f64) -> Vec<f64> {
        match self {
            Dash::Solid => Vec::new(),
            Dash::Dashed => vec![width * 3.5, width * 2.2],
            Dash::Dotted => vec![width, width * 1.6],
        }
    }

    fn plotly(self) -> &'static str {
        match self {
            Dash::Solid => "solid",
            Dash::Dashed => "dash",
            Dash::Dotted => "dot",
        }
    }
}

/// A line through points, in the order in which they are given.
///
/// NaN and infinite values are gaps. A point between two gaps is drawn as a dot. More than 4,000 points are thinned
/// to the extremes of each stretch, and the figure says so.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Line};
/// let figure = Figure::new()
///     .add(Line::new("training", 1..5, [0.9, 0.5, 0.4, 0.35]))
///     .add(Line::new("validation", 1..5, [0.95, 0.6, 0.55, f64::NAN]).color(0).dashed());
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    name: String,
    x: Vec<f64>,
    y: Vec<f64>,
    color: Color,
    width: f64,
    dash: Dash,
    opacity: f64,
    markers: bool,
    listed: bool,
    last_value: bool,
    halo: bool,
    many: bool,
}

impl Line {
    /// A line with this name in the legend.
    pub fn new(name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        Self {
            name: name.into(),
            x: x.into_series(),
            y: y.into_series(),
            color: Color::Auto,
            width: 2.5,
            dash: Dash::Solid,
            opacity: 1.0,
            markers: false,
            listed: true,
            last_value: false,
            halo: false,
            many: false,
        }
    }

    /// Many curves over the same `x` as one trace: thin, half transparent, one entry in the legend.
    ///
    /// At most 100 curves are kept, evenly chosen, each at no more than 60 places: what more there is cannot be told
    /// apart. The families that use it say so in the figure's foot.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::{Figure, Line};
    /// let models = [vec![0.0, 0.9, 2.1], vec![0.1, 1.1, 1.9]];
    /// assert!(Figure::new().add(Line::many("models", 0..3, &models)).check().is_ok());
    /// ```
    pub fn many<V: AsRef<[f64]>>(name: impl Into<String>, x: impl IntoSeries, curves: &[V]) -> Self {
        let x = x.into_series();
        let places = thin::evenly_with_ends(x.len(), 60);
        let chosen =
            thin::evenly(curves.len(), Self::MOST_CURVES).unwrap_or_else(|| (0..curves.len()).collect());
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for curve in chosen.into_iter().map(|i| curves[i].as_ref()) {
            if curve.len() != x.len() {
                // Kept as it is: `check` reports the lengths.
                return Self::new(name, x, curve);
            }
            if !xs.is_empty() {
                xs.push(f64::NAN);
                ys.push(f64::NAN);
            }
            xs.extend(places.iter().map(|&i| x[i]));
            ys.extend(places.iter().map(|&i| curve[i]));
        }
        let opacity = (8.0 / curves.len().max(1) as f64).clamp(0.25, 1.0);
        Self { many: true, ..Self::new(name, xs, ys).width(1.2).opacity(opacity) }
    }

    /// The most curves that [`Line::many`] keeps.
    pub const MOST_CURVES: usize = 100;

    /// Its colour: an index into the theme's cycle, or a [`Color`].
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// Its width in pixels; 2.5 by default.
    #[must_use]
    pub fn width(mut self, pixels: f64) -> Self {
        self.width = pixels;
        self
    }

    /// Draws it in long pieces.
    #[must_use]
    pub fn dashed(mut self) -> Self {
        self.dash = Dash::Dashed;
        self
    }

    /// Draws it in short pieces.
    #[must_use]
    pub fn dotted(mut self) -> Self {
        self.dash = Dash::Dotted;
        self
    }

    /// How opaque it is, from 0 to 1.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity.clamp(0.0, 1.0);
        self
    }

    /// Draws a dot at each point.
    #[must_use]
    pub fn markers(mut self) -> Self {
        self.markers = true;
        self
    }

    /// Leaves it out of the legend.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    /// Writes its last value beside its end.
    #[must_use]
    pub fn label_last(mut self) -> Self {
        self.last_value = true;
        self
    }

    /// Draws a rim of the background's colour around it, for lines on top of pictures.
    #[must_use]
    pub fn halo(mut self) -> Self {
        self.halo = true;
        self
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.x.iter().copied().zip(self.y.iter().copied())
    }
}

impl Mark for Line {
    fn check(&self) -> Result<()> {
        check_pair("line", &self.name, &self.x, &self.y)
    }

    fn thin(&mut self) -> Option<String> {
        if self.many {
            return None;
        }
        let before = self.x.len();
        let keep = thin::extremes(&self.x, &self.y, thin::LINE_LIMIT)?;
        self.x = keep.iter().map(|&i| self.x[i]).collect();
        self.y = keep.iter().map(|&i| self.y[i]).collect();
        Some(thin::note(&self.name, before, keep.len(), "the extremes of each stretch"))
    }

    fn gaps(&self, x: Scale, y: Scale) -> Option<String> {
        // The gaps between many curves are not missing values.
        if self.many { None } else { numbers::gaps(&self.name, &self.x, &self.y, x, y) }
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        let mut extent = Extent::EMPTY;
        for (a, b) in self.points() {
            if !x.forward(a).is_nan() && !y.forward(b).is_nan() {
                extent.x = extent.x.with(a, x);
                extent.y = extent.y.with(b, y);
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
            symbol: Symbol::Line { width: self.width, dash: self.dash.pattern(self.width) },
        })
    }

    fn skeleton(&self) -> Vec<Vec<(f64, f64)>> {
        vec![self.points().collect()]
    }

    fn end_label(&self) -> Option<(f64, f64, String, Color)> {
        let (x, y) = self.points().filter(|(x, y)| x.is_finite() && y.is_finite()).last()?;
        self.last_value.then(|| (x, y, short(round_for_label(y)), self.color))
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let color = canvas.theme.color(self.color);
        let pixels: Vec<(f64, f64)> = self.points().map(|(x, y)| canvas.at(x, y)).collect();
        let mut path = Path::default();
        let mut dots = Path::default();
        for run in runs(pixels.into_iter()) {
            if run.len() > 1 {
                path.push_polyline(&simplify(&run, 0.12));
            }
            if run.len() == 1 || self.markers {
                for (x, y) in run {
                    dots.push_polyline(&[(x, y), (x, y)]);
                }
            }
        }
        let stroke = Stroke::new(color, self.width).opacity(self.opacity);
        if self.halo {
            let rim = Stroke::new(canvas.theme.background, self.width + 2.5).opacity(0.8);
            canvas.scene.stroke(path.clone(), rim.clone());
            canvas.scene.stroke(dots.clone(), Stroke { width: self.width * 2.8 + 2.5, ..rim });
        }
        canvas.scene.stroke(path, stroke.clone().dash(&self.dash.pattern(self.width)));
        canvas.scene.stroke(dots, Stroke { width: self.width * 2.8, ..stroke });
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let color = sheet.theme.color(self.color).hex();
        let lonely = runs(self.points().map(|(x, y)| (sheet.x_scale.forward(x), sheet.y_scale.forward(y))))
            .iter()
            .any(|run| run.len() == 1);
        let mode = if self.markers || lonely { "lines+markers" } else { "lines" };
        let mut trace = json!({
            "type": "scatter",
            "mode": mode,
            "name": numbers::plotly_text(&self.name),
            "x": numbers::array(&self.x, sheet.x_scale),
            "y": numbers::array(&self.y, sheet.y_scale),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "legend": sheet.legend,
            "showlegend": sheet.show_legend && self.listed && !self.name.is_empty(),
            "line": {"color": color, "width": self.width, "dash": self.dash.plotly()},
        });
        if mode == "lines+markers" {
            trace["marker"] = json!({"size": numbers::round(self.width * 2.8, 2), "color": color});
        }
        if self.opacity < 1.0 {
            trace["opacity"] = json!(self.opacity);
        }
        if self.name.is_empty() {
            trace["hoverinfo"] = json!("x+y");
        }
        if !self.halo {
            return vec![trace];
        }
        let mut rim = trace.clone();
        let background = sheet.theme.background.hex();
        rim["line"] = json!({"color": background, "width": self.width + 2.5});
        rim["mode"] = json!("lines");
        rim["opacity"] = json!(0.8);
        rim["showlegend"] = json!(false);
        rim["hoverinfo"] = json!("skip");
        vec![rim, trace]
    }
}

/// Three significant digits, but two behind the point for what lies between 1 and 100.
fn round_for_label(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    numbers::round(value, digits.clamp(-300, 300))
}
