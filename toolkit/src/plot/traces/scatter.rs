//! Points.

use serde_json::{Value, json};

use super::{Canvas, Key, Mark, Sheet, Symbol};
use crate::Result;
use crate::plot::axis::{Extent, Scale, Span};
use crate::plot::numbers::{self, check_pair};
use crate::plot::path::{Path, Segment};
use crate::plot::scene::{Scene, Stroke};
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Color, Rgb, Theme};
use crate::plot::thin;

/// The form of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marker {
    /// A filled circle.
    #[default]
    Dot,
    /// An open circle.
    Ring,
    /// An X.
    Cross,
    /// A filled square.
    Square,
    /// A five-pointed star.
    Star,
}

impl Marker {
    fn plotly(self) -> &'static str {
        match self {
            Marker::Dot => "circle",
            Marker::Ring => "circle-open",
            Marker::Cross => "x-thin",
            Marker::Square => "square",
            Marker::Star => "star",
        }
    }

    /// Draws markers of this form, `size` pixels wide.
    pub(crate) fn draw(self, scene: &mut Scene, points: &[(f64, f64)], size: f64, color: Rgb, opacity: f64) {
        let mut path = Path::default();
        let r = size / 2.0;
        for &(x, y) in points {
            match self {
                Marker::Dot => path.push_polyline(&[(x, y), (x, y)]),
                Marker::Ring => path.push_circle(x, y, r),
                Marker::Cross => {
                    path.push_polyline(&[(x - r * 0.8, y - r * 0.8), (x + r * 0.8, y + r * 0.8)]);
                    path.push_polyline(&[(x - r * 0.8, y + r * 0.8), (x + r * 0.8, y - r * 0.8)]);
                }
                Marker::Square => path.push_rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7),
                Marker::Star => {
                    for i in 0..10 {
                        let angle = std::f64::consts::PI * (f64::from(i) / 5.0 - 0.5);
                        let radius = if i % 2 == 0 { r * 1.25 } else { r * 0.52 };
                        let (px, py) = (x + radius * angle.cos(), y + radius * angle.sin());
                        path.0.push(if i == 0 { Segment::Move(px, py) } else { Segment::Line(px, py) });
                    }
                    path.0.push(Segment::Close);
                }
            }
        }
        match self {
            Marker::Dot => scene.stroke(path, Stroke::new(color, size).opacity(opacity)),
            Marker::Ring => scene.stroke(path, Stroke::new(color, (size * 0.2).max(1.2)).opacity(opacity)),
            Marker::Cross => scene.stroke(path, Stroke::new(color, (size * 0.24).max(1.5)).opacity(opacity)),
            Marker::Square | Marker::Star if points.len() == 1 => scene.fill(path, color, opacity),
            Marker::Square | Marker::Star => scene.fill_united(path, color, opacity),
        }
    }
}

/// Points, each with the same form and colour.
///
/// NaN and infinite values are left out. More than 5,000 points are thinned evenly, and the figure says so.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Marker, Scatter};
/// let figure = Figure::new().add(Scatter::new("samples", [0.1, 0.5, 0.9], [1.0, 0.2, 0.7]).marker(Marker::Cross));
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    name: String,
    x: Vec<f64>,
    y: Vec<f64>,
    color: Color,
    size: f64,
    opacity: f64,
    marker: Marker,
    listed: bool,
}

impl Scatter {
    /// Points with this name in the legend.
    pub fn new(name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        Self {
            name: name.into(),
            x: x.into_series(),
            y: y.into_series(),
            color: Color::Auto,
            size: 7.0,
            opacity: 1.0,
            marker: Marker::Dot,
            listed: true,
        }
    }

    /// Their colour: an index into the theme's cycle, or a [`Color`].
    #[must_use]
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// Their width in pixels; 7 by default.
    #[must_use]
    pub fn size(mut self, pixels: f64) -> Self {
        self.size = pixels;
        self
    }

    /// How opaque they are, from 0 to 1.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity.clamp(0.0, 1.0);
        self
    }

    /// Their form.
    #[must_use]
    pub fn marker(mut self, marker: Marker) -> Self {
        self.marker = marker;
        self
    }

    /// Leaves them out of the legend.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }
}

impl Mark for Scatter {
    fn check(&self) -> Result<()> {
        check_pair("scatter", &self.name, &self.x, &self.y)
    }

    fn thin(&mut self) -> Option<String> {
        let before = self.x.len();
        let keep = thin::evenly(before, thin::SCATTER_LIMIT)?;
        self.x = keep.iter().map(|&i| self.x[i]).collect();
        self.y = keep.iter().map(|&i| self.y[i]).collect();
        Some(thin::note(&self.name, before, keep.len(), "an even choice"))
    }

    fn gaps(&self, x: Scale, y: Scale) -> Option<String> {
        numbers::gaps(&self.name, &self.x, &self.y, x, y)
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        Extent { x: Span::of(&self.x, x), y: Span::of(&self.y, y), ..Extent::EMPTY }
    }

    fn color_mut(&mut self) -> Option<&mut Color> {
        Some(&mut self.color)
    }

    fn key(&self, theme: &Theme) -> Option<Key> {
        (self.listed && !self.name.is_empty()).then(|| Key {
            name: self.name.clone(),
            color: theme.color(self.color),
            symbol: Symbol::Marker(self.marker),
        })
    }

    fn skeleton(&self) -> Vec<Vec<(f64, f64)>> {
        self.x.iter().zip(&self.y).map(|(&x, &y)| vec![(x, y)]).collect()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let points: Vec<(f64, f64)> = self
            .x
            .iter()
            .zip(&self.y)
            .map(|(&x, &y)| canvas.at(x, y))
            .filter(|p| !p.0.is_nan() && !p.1.is_nan())
            .collect();
        let color = canvas.theme.color(self.color);
        self.marker.draw(canvas.scene, &points, self.size, color, self.opacity);
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let color = sheet.theme.color(self.color).hex();
        let mut marker = json!({"size": self.size, "color": color, "symbol": self.marker.plotly()});
        if self.opacity < 1.0 {
            marker["opacity"] = json!(self.opacity);
        }
        if matches!(self.marker, Marker::Cross | Marker::Ring) {
            marker["line"] = json!({"width": numbers::round((self.size * 0.24).max(1.5), 2), "color": color});
        }
        vec![json!({
            "type": "scatter",
            "mode": "markers",
            "name": numbers::plotly_text(&self.name),
            "x": numbers::array(&self.x, sheet.x_scale),
            "y": numbers::array(&self.y, sheet.y_scale),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "legend": sheet.legend,
            "showlegend": sheet.show_legend && self.listed && !self.name.is_empty(),
            "marker": marker,
        })]
    }
}
