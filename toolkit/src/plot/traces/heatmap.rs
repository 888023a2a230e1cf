//! A matrix as coloured cells.

use serde_json::{Value, json};

use super::{Canvas, ColorBar, Label, Mark, Sheet};
use crate::plot::axis::{Extent, Scale, Span};
use crate::plot::colormap::{self, Colors};
use crate::plot::numbers;
use crate::plot::path::Path;
use crate::plot::scene::{Primitive, Raster, Rect};
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Rgb, Theme};
use crate::{Error, Result};

/// A matrix as coloured cells, with rows and columns at 0, 1, 2, ...
///
/// Rows run upwards unless the panel says [`reverse_y`](crate::plot::Panel::reverse_y). Values that are not finite leave
/// their cell empty.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Heatmap, Panel};
/// let panel = Panel::new().reverse_y().add(Heatmap::new(2, 3, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).color_bar("value"));
/// assert!(Figure::new().panel(panel).check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    rows: usize,
    cols: usize,
    z: Vec<f64>,
    colors: Colors,
    range: Option<(f64, f64)>,
    texts: Vec<String>,
    bar: Option<String>,
}

impl Heatmap {
    /// A matrix of `rows * cols` values, row by row.
    pub fn new(rows: usize, cols: usize, values: impl IntoSeries) -> Self {
        Self {
            rows,
            cols,
            z: values.into_series(),
            colors: Colors::Sequential,
            range: None,
            texts: Vec::new(),
            bar: None,
        }
    }

    /// The scale of colours.
    #[must_use]
    pub fn colors(mut self, colors: Colors) -> Self {
        self.colors = colors;
        self
    }

    /// The values of the first and the last colour; by default those of the data (symmetric for
    /// [`Colors::Diverging`]).
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// A text in each cell, row by row.
    #[must_use]
    pub fn texts(mut self, texts: Vec<String>) -> Self {
        self.texts = texts;
        self
    }

    /// Shows the scale of colours beside the panel.
    #[must_use]
    pub fn color_bar(mut self, title: impl Into<String>) -> Self {
        self.bar = Some(title.into());
        self
    }

    fn bounds(&self) -> (f64, f64) {
        let span = Span::of(&self.z, Scale::Linear);
        let largest = span.low.abs().max(span.high.abs());
        let (low, high) = self.range.unwrap_or(match self.colors {
            Colors::Diverging => (-largest, largest),
            Colors::Sequential | Colors::Terrain => (span.low, span.high),
        });
        if high > low { (low, high) } else { (low, low + 1.0) }
    }

    fn color(&self, value: f64, stops: &[Rgb]) -> Option<Rgb> {
        let (low, high) = self.bounds();
        value.is_finite().then(|| colormap::between(stops, (value - low) / (high - low)))
    }
}

impl Mark for Heatmap {
    fn check(&self) -> Result<()> {
        if self.rows == 0 || self.cols == 0 || self.z.len() != self.rows * self.cols {
            return Err(Error::shape(format!(
                "heat map: {} rows and {} columns need {} values, but got {}",
                self.rows,
                self.cols,
                self.rows * self.cols,
                self.z.len()
            )));
        }
        if !self.texts.is_empty() && self.texts.len() != self.z.len() {
            return Err(Error::shape(format!(
                "heat map: {} values, but {} texts",
                self.z.len(),
                self.texts.len()
            )));
        }
        if !self.z.iter().any(|v| v.is_finite()) {
            return Err(Error::data(format!("heat map: none of its {} values is finite", self.z.len())));
        }
        Ok(())
    }

    fn gaps(&self, _: Scale, _: Scale) -> Option<String> {
        let broken = self.z.iter().filter(|v| !v.is_finite()).count();
        (broken > 0).then(|| format!("{broken} of {} cells not finite (left empty).", self.z.len()))
    }

    fn extent(&self, _: Scale, _: Scale) -> Extent {
        Extent {
            x: Span { low: -0.5, high: self.cols as f64 - 0.5 },
            y: Span { low: -0.5, high: self.rows as f64 - 0.5 },
            tight: true,
            grounded: false,
        }
    }

    fn scale_bar(&self, theme: &Theme) -> Option<ColorBar> {
        let title = self.bar.clone()?;
        let (low, high) = self.bounds();
        Some(ColorBar { title, low, high, stops: self.colors.stops(theme), ticks: None, bands: None })
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let stops = self.colors.stops(canvas.theme);
        let color = |i: usize| self.color(self.z[i], &stops);
        if self.z.len() > 2_500 {
            let (x0, y0) = canvas.at(-0.5, -0.5);
            let (x1, y1) = canvas.at(self.cols as f64 - 0.5, self.rows as f64 - 0.5);
            let mut rgba = Vec::with_capacity(self.z.len() * 4);
            for r in 0..self.rows {
                // Images run downwards.
                let row = if y1 > y0 { r } else { self.rows - 1 - r };
                for c in 0..self.cols {
                    match color(row * self.cols + c) {
                        Some(Rgb(red, green, blue)) => rgba.extend([red, green, blue, 255]),
                        None => rgba.extend([0, 0, 0, 0]),
                    }
                }
            }
            let rect = Rect { x: x0.min(x1), y: y0.min(y1), w: (x1 - x0).abs(), h: (y1 - y0).abs() };
            let raster = Raster { width: self.cols, height: self.rows, rgba };
            canvas.scene.items.push(Primitive::Image { rect, raster, smooth: false });
            return;
        }
        for i in 0..self.z.len() {
            let Some(fill) = color(i) else { continue };
            let (r, c) = ((i / self.cols) as f64, (i % self.cols) as f64);
            let (xa, ya) = canvas.at(c - 0.5, r - 0.5);
            let (xb, yb) = canvas.at(c + 0.5, r + 0.5);
            // Whole pixels, so that no seam shows between neighbours.
            let (left, right) = (xa.min(xb).round(), xa.max(xb).round());
            let (top, bottom) = (ya.min(yb).round(), ya.max(yb).round());
            canvas.scene.fill(Path::rect(left, top, right - left, bottom - top), fill, 1.0);
        }
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let (low, high) = self.bounds();
        let rows: Vec<Value> =
            self.z.chunks(self.cols.max(1)).map(|row| numbers::array_within(row, low, high)).collect();
        vec![json!({
            "type": "heatmap",
            "z": rows,
            "zmin": numbers::number(numbers::significant(low, 5)),
            "zmax": numbers::number(numbers::significant(high, 5)),
            "colorscale": self.colors.plotly(sheet.theme),
            "showscale": self.bar.is_some(),
            "colorbar": sheet.color_bar.clone(),
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "hovertemplate": "%{x}, %{y}: %{z}<extra></extra>",
        })]
    }

    fn labels(&self, theme: &Theme) -> Vec<Label> {
        let stops = self.colors.stops(theme);
        let size = (170.0 / self.cols.max(1) as f64).clamp(9.0, theme.tick_size);
        self.texts
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(i, text)| {
                let bright = self.color(self.z[i], &stops).is_none_or(|c| c.luminance() > 0.55);
                Label {
                    at: ((i % self.cols) as f64, (i / self.cols) as f64),
                    text: text.clone(),
                    size,
                    color: if bright { Rgb(20, 20, 24) } else { Rgb(250, 250, 250) },
                }
            })
            .collect()
    }
}
