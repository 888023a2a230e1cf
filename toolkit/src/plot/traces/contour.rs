//! Heights over a plane, as filled contours.

use serde_json::{Value, json};

use super::{Canvas, ColorBar, Mark, Sheet};
use crate::plot::axis::{Extent, Scale, Span};
use crate::plot::colormap::{self, Colors};
use crate::plot::contours::{Field, open_lines};
use crate::plot::numbers;
use crate::plot::path::{Path, Segment, simplify};
use crate::plot::scene::Stroke;
use crate::plot::series::IntoSeries;
use crate::plot::theme::Theme;
use crate::plot::ticks::{self, Tick, short};
use crate::{Error, Result};

/// Heights over a plane as filled contours with lines.
///
/// With [`log`](Contours::log) the levels are evenly spaced in the logarithm of the height above the lowest point: narrow
/// valleys, which a loss surface is all about, get as many lines as its steep walls.
///
/// # Example
/// ```
/// use kiln::plot::{self, Contours, Figure};
/// let x = plot::linspace(-2.0, 2.0, 41);
/// let bowl = Contours::from_function(&x, &x, |x, y| x * x + 3.0 * y * y).log();
/// assert!(Figure::new().add(bowl).check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    levels: usize,
    log: bool,
    colors: Colors,
    bar: Option<String>,
}

impl Contours {
    /// Heights `z`, row by row: `z[row * x.len() + column]` lies over `x[column]`, `y[row]`; both rise.
    pub fn new(x: impl IntoSeries, y: impl IntoSeries, z: impl IntoSeries) -> Self {
        Self {
            x: x.into_series(),
            y: y.into_series(),
            z: z.into_series(),
            levels: 14,
            log: false,
            colors: Colors::Terrain,
            bar: None,
        }
    }

    /// The heights of a function at all pairs of `x` and `y`.
    pub fn from_function(x: impl IntoSeries, y: impl IntoSeries, f: impl Fn(f64, f64) -> f64) -> Self {
        let (x, y) = (x.into_series(), y.into_series());
        let z: Vec<f64> =
            y.iter().flat_map(|&y| x.iter().map(move |&x| (x, y))).map(|(x, y)| f(x, y)).collect();
        Self::new(x, y, z)
    }

    /// How many levels; 14 by default.
    #[must_use]
    pub fn levels(mut self, count: usize) -> Self {
        self.levels = count.clamp(1, 60);
        self
    }

    /// Spaces the levels by the logarithm of the height above the lowest point.
    #[must_use]
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// The scale of colours.
    #[must_use]
    pub fn colors(mut self, colors: Colors) -> Self {
        self.colors = colors;
        self
    }

    /// Shows the scale of colours beside the panel.
    #[must_use]
    pub fn color_bar(mut self, title: impl Into<String>) -> Self {
        self.bar = Some(title.into());
        self
    }

    /// Heights as they are drawn: with their logarithms, if so asked, and the way back to heights.
    pub(super) fn drawn(&self) -> Drawn {
        let span = Span::of(&self.z, Scale::Linear);
        let shift = if !self.log {
            None
        } else if span.low > 0.0 {
            Some(0.0)
        } else {
            Some(span.low - (span.high - span.low) * 1e-4)
        };
        let z: Vec<f64> = match shift {
            Some(shift) => {
                self.z.iter().map(|z| if z.is_finite() { (z - shift).log10() } else { f64::NAN }).collect()
            }
            None => self.z.iter().map(|z| if z.is_finite() { *z } else { f64::NAN }).collect(),
        };
        let span = Span::of(&z, Scale::Linear);
        let high = if span.high > span.low { span.high } else { span.low + 1.0 };
        Drawn { z, low: span.low, step: (high - span.low) / self.levels as f64, levels: self.levels, shift }
    }

    pub(super) fn grid(&self) -> (&[f64], &[f64], &[f64]) {
        (&self.x, &self.y, &self.z)
    }

    pub(super) fn scale_of_colors(&self) -> Colors {
        self.colors
    }
}

/// The heights of a surface on the scale of its levels.
pub(super) struct Drawn {
    pub(super) z: Vec<f64>,
    pub(super) low: f64,
    pub(super) step: f64,
    levels: usize,
    shift: Option<f64>,
}

impl Drawn {
    pub(super) fn high(&self) -> f64 {
        self.low + self.step * self.levels as f64
    }

    /// Ticks in heights, at places on the scale of the levels.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        match self.shift {
            Some(0.0) => {
                let ticks = ticks::logarithmic(10_f64.powf(self.low), 10_f64.powf(self.high()), 5);
                ticks.into_iter().map(|t| Tick { at: t.at.log10(), label: t.label }).collect()
            }
            Some(shift) => (0..=4)
                .map(|i| {
                    let at = self.low + (self.high() - self.low) * f64::from(i) / 4.0;
                    let height = 10_f64.powf(at) + shift;
                    // The lowest height is found again but for rounding.
                    let noise = 10_f64.powf(self.high()) * 1e-9;
                    Tick {
                        at,
                        label: short(if height.abs() < noise {
                            0.0
                        } else {
                            numbers::significant(height, 2)
                        }),
                    }
                })
                .collect(),
            None => ticks::linear(self.low, self.high(), 5, false),
        }
    }
}

impl Mark for Contours {
    fn check(&self) -> Result<()> {
        if self.x.len() < 2 || self.y.len() < 2 || self.z.len() != self.x.len() * self.y.len() {
            return Err(Error::shape(format!(
                "contours: {} x {} places (at least 2 x 2) need as many heights, but got {}",
                self.x.len(),
                self.y.len(),
                self.z.len()
            )));
        }
        if [&self.x, &self.y]
            .iter()
            .any(|v| v.windows(2).any(|w| w[1].partial_cmp(&w[0]) != Some(std::cmp::Ordering::Greater)))
        {
            return Err(Error::data("contours: the places along x and y must rise"));
        }
        if !self.z.iter().any(|z| z.is_finite()) {
            return Err(Error::data(format!("contours: none of the {} heights is finite", self.z.len())));
        }
        Ok(())
    }

    fn gaps(&self, _: Scale, _: Scale) -> Option<String> {
        let broken = self.z.iter().filter(|v| !v.is_finite()).count();
        (broken > 0).then(|| format!("{broken} of {} heights not finite (left empty).", self.z.len()))
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        Extent { x: Span::of(&self.x, x), y: Span::of(&self.y, y), tight: true, grounded: false }
    }

    fn scale_bar(&self, theme: &Theme) -> Option<ColorBar> {
        let title = self.bar.clone()?;
        let drawn = self.drawn();
        Some(ColorBar {
            title,
            low: drawn.low,
            high: drawn.high(),
            stops: self.colors.stops(theme),
            ticks: Some(drawn.ticks()),
            bands: Some(self.levels),
        })
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let drawn = self.drawn();
        let stops = self.colors.stops(canvas.theme);
        let field = Field { x: &self.x, y: &self.y, z: &drawn.z };
        let mut lines = Path::default();
        for k in 0..self.levels {
            let level = drawn.low + drawn.step * k as f64;
            let mut area = Path::default();
            for ring in field.rings(level) {
                let pixels: Vec<(f64, f64)> = ring.iter().map(|p| canvas.at(p.0, p.1)).collect();
                let pixels = simplify(&pixels, 0.12);
                if pixels.len() > 2 {
                    area.push_polyline(&pixels);
                    area.0.push(Segment::Close);
                }
                if k > 0 {
                    for line in open_lines(&ring) {
                        let pixels: Vec<(f64, f64)> = line.iter().map(|p| canvas.at(p.0, p.1)).collect();
                        lines.push_polyline(&simplify(&pixels, 0.12));
                    }
                }
            }
            let t = (k as f64 + 0.5) / self.levels as f64;
            canvas.scene.fill(area, colormap::between(&stops, t), 1.0);
        }
        let line = canvas.theme.text.mix(canvas.theme.panel, 0.55);
        canvas.scene.stroke(lines, Stroke::new(line, 0.8).opacity(0.55));
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let drawn = self.drawn();
        let rows: Vec<Value> = drawn
            .z
            .chunks(self.x.len())
            .map(|row| numbers::array_within(row, drawn.low, drawn.high()))
            .collect();
        let line = sheet.theme.text.mix(sheet.theme.panel, 0.55);
        let height = if self.log { "log₁₀ %{z}" } else { "%{z}" };
        vec![json!({
            "type": "contour",
            "x": numbers::array(&self.x, sheet.x_scale),
            "y": numbers::array(&self.y, sheet.y_scale),
            "z": rows,
            "autocontour": false,
            "contours": {
                "start": numbers::significant(drawn.low + drawn.step, 6),
                "end": numbers::significant(drawn.high() - drawn.step, 6),
                "size": numbers::significant(drawn.step, 6),
                "coloring": "fill",
            },
            "line": {"width": 0.6, "color": line.hex()},
            "colorscale": self.colors.plotly(sheet.theme),
            "zauto": false,
            "zmin": numbers::significant(drawn.low, 6),
            "zmax": numbers::significant(drawn.high(), 6),
            "showscale": self.bar.is_some(),
            "colorbar": sheet.color_bar.clone(),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "hovertemplate": format!("(%{{x}}, %{{y}}): {height}<extra></extra>"),
        })]
    }
}
