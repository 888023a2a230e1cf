//! One pair of axes with what is drawn between them.

use super::axis::{Axis, Extent, Scale};
use super::note::Note;
use super::series::IntoSeries;
use super::theme::Color;
use super::traces::{Bars, Line, Scatter, Trace};
use crate::Error;

/// One pair of axes with traces and notes. A [`Figure`](super::Figure) holds one or more of them in a grid.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Panel};
/// let loss = Panel::new().title("loss").line("training", 1..4, [0.9, 0.5, 0.4]).log_y();
/// let rate = Panel::new().title("learning rate").line("", 1..4, [0.1, 0.1, 0.01]);
/// let figure = Figure::new().panel(loss).panel(rate);
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Panel {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) traces: Vec<Trace>,
    pub(crate) notes: Vec<Note>,
    pub(crate) footnotes: Vec<String>,
    pub(crate) problems: Vec<Error>,
    pub(crate) colors_taken: usize,
    pub(crate) legend: Legend,
    pub(crate) bare: bool,
    pub(crate) equal: bool,
    pub(crate) no_grid: bool,
}

/// Whether a panel explains its traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Legend {
    /// If there are two names or more.
    #[default]
    Auto,
    Always,
    Never,
}

impl Panel {
    /// An empty panel with linear axes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text above the panel.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The text below the horizontal axis.
    #[must_use]
    pub fn x_label(mut self, title: impl Into<String>) -> Self {
        self.x.title = title.into();
        self
    }

    /// The text beside the vertical axis.
    #[must_use]
    pub fn y_label(mut self, title: impl Into<String>) -> Self {
        self.y.title = title.into();
        self
    }

    /// Makes the horizontal axis logarithmic.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x.scale = Scale::Log;
        self
    }

    /// Makes the vertical axis logarithmic; values at or below 0 become gaps, and the figure says so.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y.scale = Scale::Log;
        self
    }

    /// What the horizontal axis shows, instead of all data.
    #[must_use]
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x.range = self.checked_range("x_range", low, high);
        self
    }

    /// What the vertical axis shows, instead of all data.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y.range = self.checked_range("y_range", low, high);
        self
    }

    fn checked_range(&mut self, what: &str, low: f64, high: f64) -> Option<(f64, f64)> {
        if low.is_finite() && high.is_finite() && low != high {
            return Some((low, high));
        }
        self.problems.push(Error::argument(format!("{what}: {low} to {high} is no range")));
        None
    }

    /// Ticks of the horizontal axis only at whole numbers, as for epochs.
    #[must_use]
    pub fn integer_x(mut self) -> Self {
        self.x.integer = true;
        self
    }

    /// Names at 0, 1, 2, ... of the horizontal axis instead of numbers.
    #[must_use]
    pub fn x_categories<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.x.categories = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Names at 0, 1, 2, ... of the vertical axis instead of numbers.
    #[must_use]
    pub fn y_categories<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.y.categories = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Lets the vertical axis run downwards, as the rows of a matrix do.
    #[must_use]
    pub fn reverse_y(mut self) -> Self {
        self.y.reversed = true;
        self
    }

    /// One unit is as long on both axes.
    #[must_use]
    pub fn equal_aspect(mut self) -> Self {
        self.equal = true;
        self
    }

    /// No axes, ticks and grid.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// No grid lines.
    #[must_use]
    pub fn no_grid(mut self) -> Self {
        self.no_grid = true;
        self
    }

    /// Shows a legend even for a single name (`true`), or none at all (`false`); by default from two names on.
    #[must_use]
    pub fn legend(mut self, shown: bool) -> Self {
        self.legend = if shown { Legend::Always } else { Legend::Never };
        self
    }

    /// Adds a line through points; see [`Line`].
    #[must_use]
    pub fn line(self, name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        self.add(Line::new(name, x, y))
    }

    /// Adds points; see [`Scatter`].
    #[must_use]
    pub fn scatter(self, name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        self.add(Scatter::new(name, x, y))
    }

    /// Adds a bar for each name; see [`Bars`].
    #[must_use]
    pub fn bars<S: Into<String>>(
        mut self,
        name: impl Into<String>,
        categories: impl IntoIterator<Item = S>,
        heights: impl IntoSeries,
    ) -> Self {
        let categories: Vec<String> = categories.into_iter().map(Into::into).collect();
        let bars = Bars::new(name, 0..categories.len(), heights);
        self.x.categories = Some(categories);
        self.add(bars)
    }

    /// Adds the counts of values in `bins` equal intervals; see [`Bars::histogram`].
    #[must_use]
    pub fn histogram(self, name: impl Into<String>, values: impl IntoSeries, bins: usize) -> Self {
        self.add(Bars::histogram(name, values, bins))
    }

    /// Adds any trace. One that cannot be drawn (empty, of unequal lengths, without a finite value) is left out and
    /// reported: see [`Figure::check`](super::Figure::check).
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "models have the same name for it")]
    pub fn add(mut self, trace: impl Into<Trace>) -> Self {
        let mut trace: Trace = trace.into();
        if let Err(problem) = trace.mark().check() {
            self.problems.push(problem);
            return self;
        }
        if let Some(color) = trace.mark_mut().color_mut() {
            if *color == Color::Auto {
                *color = Color::Cycle(self.colors_taken);
            }
            if let Color::Cycle(index) = *color {
                self.colors_taken = self.colors_taken.max(index + 1);
            }
        }
        self.footnotes.extend(trace.mark_mut().thin());
        self.traces.push(trace);
        self
    }

    /// Adds a text or an arrow at a place in the data.
    #[must_use]
    pub fn note(mut self, note: Note) -> Self {
        if note.at.0.is_finite() && note.at.1.is_finite() {
            self.notes.push(note);
        } else {
            self.problems.push(Error::argument(format!("note `{}`: its place is not finite", note.text)));
        }
        self
    }

    /// Adds a sentence below the figure.
    #[must_use]
    pub fn footnote(mut self, text: impl Into<String>) -> Self {
        self.footnotes.push(text.into());
        self
    }

    /// What the traces need of the axes.
    pub(crate) fn extent(&self) -> Extent {
        let mut all = Extent::EMPTY;
        for trace in &self.traces {
            let one = trace.mark().extent(self.x.scale, self.y.scale);
            all.x = all.x.join(one.x);
            all.y = all.y.join(one.y);
            all.tight |= one.tight;
            all.grounded |= one.grounded;
        }
        all
    }

    /// What is wrong with this panel, besides traces that could not be added.
    pub(crate) fn emptiness(&self) -> Option<Error> {
        let what = if self.title.is_empty() { "the panel".into() } else { format!("panel `{}`", self.title) };
        if self.traces.is_empty() && self.notes.is_empty() && self.problems.is_empty() {
            return Some(
                Error::data(format!("{what} has nothing to draw"))
                    .with_help("add a trace: .line(name, x, y)"),
            );
        }
        let extent = self.extent();
        if !self.traces.is_empty() && (extent.x.is_empty() || extent.y.is_empty()) {
            return Some(
                Error::data(format!("{what}: no value has a place on its axes"))
                    .with_help("a log axis shows values above 0 only"),
            );
        }
        None
    }

    /// All footnotes: what was given, what was thinned, what has no place on the axes.
    pub(crate) fn all_footnotes(&self) -> Vec<String> {
        let gaps = self.traces.iter().filter_map(|t| t.mark().gaps(self.x.scale, self.y.scale));
        self.footnotes.iter().cloned().chain(gaps).collect()
    }
}
