//! What can be drawn in a panel: one file a kind, with its data, its checks and both ways of drawing it.

mod band;
mod bars;
mod boxes;
mod contour;
mod heatmap;
mod images;
mod line;
mod scatter;
mod surface;

pub use band::Band;
pub use bars::Bars;
pub use boxes::Boxes;
pub use contour::Contours;
pub use heatmap::Heatmap;
pub use images::{ImageData, Images};
pub use line::{Dash, Line};
pub use scatter::{Marker, Scatter};
pub use surface::Surface;

use serde_json::Value;

use super::axis::{AxisMap, Extent, Scale};
use super::scene::{Rect, Scene};
use super::theme::{Color, Rgb, Theme};
use super::ticks::{self, Tick};
use crate::Result;

/// Anything that can be added to a panel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trace {
    /// A line through points.
    Line(Line),
    /// Points.
    Scatter(Scatter),
    /// The area between two lines.
    Band(Band),
    /// Bars, also of a histogram.
    Bars(Bars),
    /// Boxes with whiskers.
    Boxes(Boxes),
    /// A matrix as coloured cells.
    Heatmap(Heatmap),
    /// Filled contours.
    Contours(Contours),
    /// A surface in three dimensions.
    Surface(Surface),
    /// A grid of small images.
    Images(Images),
}

macro_rules! from_trace {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Trace {
            fn from(trace: $kind) -> Self {
                Trace::$kind(trace)
            }
        }
    )*
    impl Trace {
        pub(crate) fn mark(&self) -> &dyn Mark {
            match self {
                $(Trace::$kind(trace) => trace,)*
            }
        }

        pub(crate) fn mark_mut(&mut self) -> &mut dyn Mark {
            match self {
                $(Trace::$kind(trace) => trace,)*
            }
        }
    }};
}

from_trace!(Line, Scatter, Band, Bars, Boxes, Heatmap, Contours, Surface, Images);

/// What every kind of trace can say about itself.
pub(crate) trait Mark {
    /// Whether the data can be drawn.
    fn check(&self) -> Result<()>;

    /// Cuts the data down to what can be seen, and says so; called once, when the trace is added.
    fn thin(&mut self) -> Option<String> {
        None
    }

    /// The values that axes of these scales cannot show, in words.
    fn gaps(&self, _x: Scale, _y: Scale) -> Option<String> {
        None
    }

    /// What it needs of the axes.
    fn extent(&self, x: Scale, y: Scale) -> Extent;

    /// Its colour, if it takes one from the cycle.
    fn color_mut(&mut self) -> Option<&mut Color> {
        None
    }

    /// Its entry in the legend.
    fn key(&self, _theme: &Theme) -> Option<Key> {
        None
    }

    /// Lines through the data, so that the legend can keep out of their way.
    fn skeleton(&self) -> Vec<Vec<(f64, f64)>> {
        Vec::new()
    }

    /// A label at its end, in the margin on the right: height in data units, text, colour.
    fn end_label(&self) -> Option<(f64, f64, String, Color)> {
        None
    }

    /// Its scale of colours, if it shows one.
    fn scale_bar(&self, _theme: &Theme) -> Option<ColorBar> {
        None
    }

    /// Whether plotly draws it in three dimensions.
    fn is_solid(&self) -> bool {
        false
    }

    /// The third axis: lowest, highest, ticks.
    fn height_axis(&self) -> Option<(f64, f64, Vec<Tick>)> {
        None
    }

    /// Draws it.
    fn draw(&self, canvas: &mut Canvas<'_>);

    /// Plotly's traces for it.
    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value>;

    /// Texts that plotly has to be given as annotations: place, text, size, colour.
    fn labels(&self, _theme: &Theme) -> Vec<Label> {
        Vec::new()
    }
}

/// A text that belongs to a trace.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) at: (f64, f64),
    pub(crate) text: String,
    pub(crate) size: f64,
    pub(crate) color: Rgb,
}

/// A scale of colours beside a panel.
#[derive(Debug, Clone)]
pub(crate) struct ColorBar {
    pub(crate) title: String,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) stops: Vec<Rgb>,
    pub(crate) ticks: Option<Vec<Tick>>,
    /// The number of steps, if it is not smooth.
    pub(crate) bands: Option<usize>,
}

impl ColorBar {
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        self.ticks.clone().unwrap_or_else(|| ticks::linear(self.low, self.high, 5, false))
    }
}

/// An entry of a legend.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) color: Rgb,
    pub(crate) symbol: Symbol,
}

/// What stands before a name in a legend.
#[derive(Debug, Clone)]
pub(crate) enum Symbol {
    Line { width: f64, dash: Vec<f64> },
    Marker(Marker),
    Fill { opacity: f64 },
}

/// Where a trace draws: a scene, and the axes of its panel.
pub(crate) struct Canvas<'a> {
    pub(crate) scene: &'a mut Scene,
    pub(crate) plot: Rect,
    pub(crate) x: &'a AxisMap,
    pub(crate) y: &'a AxisMap,
    pub(crate) theme: &'a Theme,
}

impl Canvas<'_> {
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }
}

/// What plotly's traces of one panel have in common.
pub(crate) struct Sheet<'a> {
    pub(crate) theme: &'a Theme,
    /// `x`, `x2`, ...
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) legend: String,
    pub(crate) show_legend: bool,
    pub(crate) scene: String,
    /// Where the scale of colours stands.
    pub(crate) color_bar: Value,
    pub(crate) x_scale: Scale,
    pub(crate) y_scale: Scale,
}

/// Splits points at those that have no place.
pub(crate) fn runs(points: impl Iterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let mut runs = vec![Vec::new()];
    for point in points {
        if point.0.is_nan() || point.1.is_nan() {
            if runs.last().is_some_and(|run| !run.is_empty()) {
                runs.push(Vec::new());
            }
        } else if let Some(run) = runs.last_mut() {
            run.push(point);
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
