//! Figures: interactive in a notebook, and ready for slides.
//!
//! A [`Figure`] is data: panels with axes, traces and notes. Two renderers draw it: plotly's JSON, which JupyterLab shows
//! interactively, and SVG with text as outlines, which looks the same everywhere. Families of ready-made figures
//! ([`history`], [`images`], ...) return a `Figure` that can be changed further.
//!
//! # Example
//! ```
//! use kiln::plot::{self, Figure};
//! let x = plot::linspace(-3.0, 3.0, 121);
//! let y: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
//! let figure = Figure::new().title("시그모이드 (sigmoid)").x_label("z").line("σ(z)", &x, &y);
//! assert!(figure.check().is_ok());
//! ```

mod animation;
mod axis;
mod colormap;
mod contours;
mod draw;
mod export;
mod families;
mod figure;
mod foreign;
mod layout;
mod note;
mod numbers;
mod panel;
mod plotly;
mod series;
#[cfg(test)]
mod tests;
mod theme;
mod thin;
mod ticks;
mod traces;

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

#[cfg(feature = "render")]
use kiln_picture::raster;
use kiln_picture::{font, path, pdf, png, read_svg, scene, svg};

use crate::{Error, Result};

pub use colormap::Colors;
pub use export::svg_to_pdf;
#[cfg(feature = "render")]
pub use export::svg_to_png;
pub use families::*;
pub use figure::Figure;
pub use foreign::PlotlyFigure;
pub use note::{Note, Side};
pub use panel::Panel;
pub use series::{IntoSeries, Number, linspace};
pub use theme::{Color, Rgb, Theme, set_theme, theme};
pub use ticks::short;
pub use traces::{
    Band, Bars, Boxes, Contours, Dash, Heatmap, ImageData, Images, Line, Marker, Scatter, Surface, Trace,
};

/// A figure with one line.
///
/// # Example
/// ```
/// let figure = kiln::plot::line(0..4, [1.0, 0.5, 0.25, 0.125]).title("halving");
/// assert!(figure.check().is_ok());
/// ```
pub fn line(x: impl IntoSeries, y: impl IntoSeries) -> Figure {
    Figure::new().line("", x, y)
}

/// A figure with points.
///
/// # Example
/// ```
/// assert!(kiln::plot::scatter([0.0, 1.0], [1.0, 0.5]).check().is_ok());
/// ```
pub fn scatter(x: impl IntoSeries, y: impl IntoSeries) -> Figure {
    Figure::new().scatter("", x, y)
}

/// A figure with a histogram of `bins` equal intervals.
///
/// # Example
/// ```
/// assert!(kiln::plot::histogram([0.0, 1.0, 1.5], 3).check().is_ok());
/// ```
pub fn histogram(values: impl IntoSeries, bins: usize) -> Figure {
    Figure::new().histogram("", values, bins)
}

static PLOTLY_JS: RwLock<Option<PathBuf>> = RwLock::new(None);

/// Names a local copy of plotly's script (`plotly.min.js`), which pages saved as HTML then carry inside, so that they
/// are interactive without a network. Without it they show the still figure. The Python package `plotly` has one, in
/// `plotly/package_data/plotly.min.js`.
///
/// # Example
/// ```
/// kiln::plot::set_plotly_js("plotly.min.js");
/// ```
pub fn set_plotly_js(path: impl Into<PathBuf>) {
    *PLOTLY_JS.write().unwrap_or_else(PoisonError::into_inner) = Some(path.into());
}

/// The script named by [`set_plotly_js`], or by the environment variable `KILN_PLOTLY_JS`.
fn plotly_js() -> Option<PathBuf> {
    let set = PLOTLY_JS.read().unwrap_or_else(PoisonError::into_inner).clone();
    set.or_else(|| std::env::var_os("KILN_PLOTLY_JS").map(PathBuf::from))
}

/// The text of that script, where one is named.
fn plotly_script() -> Result<Option<String>> {
    let read = |path: PathBuf| {
        std::fs::read_to_string(&path).map_err(|e| {
            Error::file(format!("plotly's script `{}`: {e}", path.display())).in_context("HTML of a figure")
        })
    };
    plotly_js().map(read).transpose()
}
