//! Heights over a plane, in three dimensions where the figure is interactive.

use serde_json::{Value, json};

use super::contour::Contours;
use super::{Canvas, ColorBar, Mark, Sheet};
use crate::Result;
use crate::plot::axis::{Extent, Scale};
use crate::plot::numbers;
use crate::plot::path::{Path, simplify};
use crate::plot::scene::Stroke;
use crate::plot::series::IntoSeries;
use crate::plot::theme::{Color, Theme};

/// Heights over a plane: a surface that can be turned in the interactive figure, contours in the still one.
///
/// # Example
/// ```
/// use kiln::plot::{self, Contours, Figure, Surface};
/// let x = plot::linspace(-2.0, 2.0, 41);
/// let saddle = Surface::new(Contours::from_function(&x, &x, |x, y| x * x - y * y));
/// assert!(Figure::new().add(saddle).check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    contours: Contours,
    paths: Vec<(String, Color, Vec<f64>, Vec<f64>, Vec<f64>)>,
}

impl Surface {
    /// The surface of these contours.
    pub fn new(contours: Contours) -> Self {
        Self { contours, paths: Vec::new() }
    }

    /// Adds a path over the surface: its places and heights.
    #[must_use]
    pub fn path(
        mut self,
        name: impl Into<String>,
        x: impl IntoSeries,
        y: impl IntoSeries,
        z: impl IntoSeries,
    ) -> Self {
        let color = Color::Cycle(self.paths.len() + 1);
        self.paths.push((name.into(), color, x.into_series(), y.into_series(), z.into_series()));
        self
    }
}

impl Mark for Surface {
    fn check(&self) -> Result<()> {
        self.contours.check()?;
        for (name, _, x, y, z) in &self.paths {
            let who = numbers::described("path", name);
            numbers::check_lengths(&who, &[("x", x.len()), ("y", y.len()), ("z", z.len())])?;
        }
        Ok(())
    }

    fn gaps(&self, x: Scale, y: Scale) -> Option<String> {
        self.contours.gaps(x, y)
    }

    fn extent(&self, x: Scale, y: Scale) -> Extent {
        self.contours.extent(x, y)
    }

    fn scale_bar(&self, theme: &Theme) -> Option<ColorBar> {
        self.contours.scale_bar(theme)
    }

    fn is_solid(&self) -> bool {
        true
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        self.contours.draw(canvas);
        for (_, color, x, y, _) in &self.paths {
            let pixels: Vec<(f64, f64)> = x.iter().zip(y).map(|(&x, &y)| canvas.at(x, y)).collect();
            for run in super::runs(pixels.into_iter()) {
                let color = canvas.theme.color(*color);
                canvas.scene.stroke(Path::polyline(&simplify(&run, 0.12)), Stroke::new(color, 2.5));
            }
        }
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        let drawn = self.contours.drawn();
        let (x, y, z) = self.contours.grid();
        let rows: Vec<Value> =
            drawn.z.chunks(x.len()).map(|row| numbers::array_within(row, drawn.low, drawn.high())).collect();
        let mut out = vec![json!({
            "type": "surface",
            "scene": sheet.scene,
            "x": numbers::array(x, Scale::Linear),
            "y": numbers::array(y, Scale::Linear),
            "z": rows,
            "colorscale": self.contours.scale_of_colors().plotly(sheet.theme),
            "showscale": false,
            "contours": {"z": {"show": true, "usecolormap": false, "width": 1, "color": sheet.theme.muted.hex(),
                "start": drawn.low, "end": drawn.high(), "size": drawn.step}},
        })];
        for (name, color, px, py, pz) in &self.paths {
            // On the scale of the levels, as the surface.
            let heights: Vec<f64> = pz
                .iter()
                .map(|height| {
                    let nearest = z
                        .iter()
                        .zip(&drawn.z)
                        .min_by(|a, b| (a.0 - height).abs().total_cmp(&(b.0 - height).abs()));
                    nearest.map_or(f64::NAN, |(_, w)| *w)
                })
                .collect();
            out.push(json!({
                "type": "scatter3d",
                "scene": sheet.scene,
                "mode": "lines",
                "name": numbers::plotly_text(name),
                "x": numbers::array(px, Scale::Linear),
                "y": numbers::array(py, Scale::Linear),
                "z": numbers::array(&heights, Scale::Linear),
                "line": {"color": sheet.theme.color(*color).hex(), "width": 6},
                "showlegend": sheet.show_legend,
                "legend": sheet.legend,
            }));
        }
        out
    }

    fn height_axis(&self) -> Option<(f64, f64, Vec<crate::plot::ticks::Tick>)> {
        let drawn = self.contours.drawn();
        Some((drawn.low, drawn.high(), drawn.ticks()))
    }
}
