//! A figure: panels in a grid, a title, a theme; shown in notebooks, saved to files.

use serde_json::Value;

use super::animation::Animation;
use super::note::Note;
use super::panel::Panel;
use super::scene::Scene;
use super::series::IntoSeries;
use super::theme::{Theme, theme};
use super::traces::Trace;
use super::{draw, layout, pdf, plotly, svg};
use crate::notebook::{self, MimeBundle};
use crate::{Error, Result};

/// A figure as data: panels in a grid, traces, notes, a theme.
///
/// Methods that add something go to the last panel, and open one if there is none. As the last expression of a cell a
/// figure is shown; [`save`](Figure::save) writes it to a file.
///
/// **When something is wrong** (series of different length, an empty series, no finite value) the building goes on, so
/// that a chain of calls needs no `?`. Shown in a notebook, the figure draws what is right and says in its foot what is
/// wrong. [`check`](Figure::check) and [`save`](Figure::save) return the first such error; nothing is ever blank in silence.
/// NaN and infinite values are gaps, and the foot of the figure counts them.
///
/// # Example
/// ```
/// use kiln::plot::Figure;
/// let figure = Figure::new()
///     .title("Training")
///     .x_label("epoch")
///     .line("loss", 1..5, [0.9, 0.5, 0.4, 0.35])
///     .line("validation loss", 1..5, [0.95, 0.6, 0.52, 0.5]);
/// assert!(figure.to_svg().starts_with("<svg"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Figure {
    pub(crate) title: String,
    pub(crate) alt: Option<String>,
    pub(crate) panels: Vec<Panel>,
    pub(crate) columns: Option<usize>,
    pub(crate) size: Option<(f64, f64)>,
    pub(crate) theme: Option<Theme>,
    pub(crate) problems: Vec<Error>,
    pub(crate) hover_together: bool,
    /// The size of the only panel's plot, where its content decides it.
    pub(crate) content_size: Option<(f64, f64)>,
    pub(crate) animation: Option<Box<Animation>>,
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*);)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(self $(, $arg: $type)*) -> Self {
            self.on_panel(|panel| panel.$name($($arg),*))
        }
    )*};
}

impl Figure {
    /// A figure without panels.
    pub fn new() -> Self {
        Self::default()
    }

    /// The title above all panels.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// What the figure shows, in words, for those who do not see it; by default made from titles and traces.
    #[must_use]
    pub fn alt(mut self, text: impl Into<String>) -> Self {
        self.alt = Some(text.into());
        self
    }

    /// Adds a panel to the grid.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// How many panels stand side by side; by default up to three.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        if columns == 0 {
            self.problems.push(Error::argument("columns: a figure needs at least one column"));
        } else {
            self.columns = Some(columns);
        }
        self
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(mut self, width: usize, height: usize) -> Self {
        if (120..=10_000).contains(&width) && (80..=10_000).contains(&height) {
            self.size = Some((width as f64, height as f64));
        } else {
            self.problems.push(
                Error::argument(format!("size: {width} x {height} pixels"))
                    .with_help("a figure is 120 to 10000 pixels wide and 80 to 10000 high"),
            );
        }
        self
    }

    /// The theme of this figure, instead of the process's.
    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = Some(theme);
        self
    }

    /// In the interactive figure, shows the values of all lines at the pointer's place together.
    #[must_use]
    pub fn hover_together(mut self) -> Self {
        self.hover_together = true;
        self
    }

    fn on_panel(mut self, change: impl FnOnce(Panel) -> Panel) -> Self {
        let last = self.panels.pop().unwrap_or_default();
        self.panels.push(change(last));
        self
    }

    /// The text above the last panel.
    #[must_use]
    pub fn panel_title(self, title: impl Into<String>) -> Self {
        self.on_panel(|panel| panel.title(title))
    }

    forward! {
        /// The text below the horizontal axis.
        x_label(title: impl Into<String>);
        /// The text beside the vertical axis.
        y_label(title: impl Into<String>);
        /// Makes the horizontal axis logarithmic.
        log_x();
        /// Makes the vertical axis logarithmic; values at or below 0 become gaps, and the figure says so.
        log_y();
        /// What the horizontal axis shows, instead of all data.
        x_range(low: f64, high: f64);
        /// What the vertical axis shows, instead of all data.
        y_range(low: f64, high: f64);
        /// Ticks of the horizontal axis only at whole numbers, as for epochs.
        integer_x();
        /// One unit is as long on both axes.
        equal_aspect();
        /// Shows a legend even for a single name, or none at all.
        legend(shown: bool);
        /// Adds a line through points; see [`Line`](super::Line).
        line(name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries);
        /// Adds points; see [`Scatter`](super::Scatter).
        scatter(name: impl Into<String>, x: impl IntoSeries, y: impl IntoSeries);
        /// Adds the counts of values in equal intervals; see [`Bars::histogram`](super::Bars::histogram).
        histogram(name: impl Into<String>, values: impl IntoSeries, bins: usize);
        /// Adds any trace: a [`Line`](super::Line), [`Band`](super::Band), [`Heatmap`](super::Heatmap), ...
        #[allow(clippy::should_implement_trait, reason = "models have the same name for it")]
        add(trace: impl Into<Trace>);
        /// Adds a text or an arrow at a place in the data.
        note(note: Note);
        /// Adds a sentence below the figure.
        footnote(text: impl Into<String>);
    }

    /// Adds a bar for each name; see [`Bars`](super::Bars).
    #[must_use]
    pub fn bars<S: Into<String>>(
        self,
        name: impl Into<String>,
        categories: impl IntoIterator<Item = S>,
        heights: impl IntoSeries,
    ) -> Self {
        self.on_panel(|panel| panel.bars(name, categories, heights))
    }

    /// The first thing that is wrong with the figure, if any.
    ///
    /// # Errors
    /// Series that are empty, of different length or without a finite value; ranges and sizes out of bounds; a figure
    /// or a panel without anything to draw.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let error = Figure::new().line("loss", 1..4, [0.9, 0.5]).check().unwrap_err();
    /// assert_eq!(error.to_string(), "line `loss`: x has 3 values, but y has 2");
    /// ```
    pub fn check(&self) -> Result<()> {
        self.all_problems().into_iter().next().map_or(Ok(()), Err)
    }

    pub(crate) fn all_problems(&self) -> Vec<Error> {
        let mut problems = self.problems.clone();
        problems.extend(self.panels.iter().flat_map(|p| p.problems.iter().cloned().chain(p.emptiness())));
        if self.panels.is_empty() && problems.is_empty() {
            problems.push(
                Error::data("the figure has nothing to draw")
                    .with_help("add a trace: .line(name, x, y), or a panel"),
            );
        }
        problems
    }

    /// The figure as an SVG document: presentation attributes only, text as outlines.
    pub fn to_svg(&self) -> String {
        svg::write(&self.scene())
    }

    fn scene(&self) -> Scene {
        let theme = self.resolved_theme();
        draw::scene(self, &layout::arrange(self, &theme), &theme)
    }

    /// The figure as a PDF document of one page: vector graphics, text that can be searched.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// assert!(Figure::new().line("loss", 1..3, [0.9, 0.5]).to_pdf().starts_with(b"%PDF-1.7"));
    /// ```
    pub fn to_pdf(&self) -> Vec<u8> {
        pdf::write(&self.scene())
    }

    /// The figure as a PNG image with `scale` pixels for each pixel of the figure (2 for slides).
    ///
    /// # Errors
    /// A scale that leads to no image or to one of more than 20,000 pixels in width or height.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let png = Figure::new().line("loss", 1..3, [0.9, 0.5]).to_png(2.0)?;
    /// assert!(png.starts_with(b"\x89PNG"));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[cfg(feature = "render")]
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>> {
        Ok(super::raster::write(&self.scene(), scale)?)
    }

    /// The figure as plotly's JSON: `data`, `layout`, `config`.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let json = Figure::new().line("loss", 1..3, [0.9, 0.5]).to_plotly_json();
    /// assert_eq!(json["data"][0]["y"], serde_json::json!([0.9, 0.5]));
    /// ```
    pub fn to_plotly_json(&self) -> Value {
        let theme = self.resolved_theme();
        match &self.animation {
            Some(animation) => {
                let view = self.first_view(animation);
                plotly::write_animated(&view, animation, layout::arrange(&view, &theme), &theme)
            }
            None => plotly::write(self, &layout::arrange(self, &theme), &theme),
        }
    }

    /// What the figure shows, in words.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let figure = Figure::new().title("Training").line("loss", 1..3, [0.9, 0.5]);
    /// assert_eq!(figure.alt_text(), "Figure: Training (loss)");
    /// ```
    pub fn alt_text(&self) -> String {
        if let Some(alt) = &self.alt {
            return alt.clone();
        }
        let theme = self.resolved_theme();
        let mut names: Vec<String> = Vec::new();
        for panel in &self.panels {
            if !panel.title.is_empty() {
                names.push(panel.title.clone());
            }
            names.extend(panel.traces.iter().filter_map(|t| t.mark().key(&theme)).map(|key| key.name));
        }
        names.dedup();
        names.truncate(12);
        let mut text =
            if self.title.is_empty() { "Figure".to_string() } else { format!("Figure: {}", self.title) };
        if !names.is_empty() {
            text.push_str(&format!(" ({})", names.join(", ")));
        }
        for problem in self.all_problems() {
            text.push_str(&format!("\nnot drawn: {problem}"));
        }
        text
    }

    /// The figure as a notebook takes it: interactive, as a still picture, and in words.
    ///
    /// There is neither HTML nor PNG in it: front ends would take those first.
    pub fn mime_bundle(&self) -> MimeBundle {
        MimeBundle::new()
            .with("application/vnd.plotly.v1+json", self.to_plotly_json())
            .with("image/svg+xml", self.to_svg())
            .with("text/plain", self.alt_text())
    }

    /// Only the still picture: what a live display updates, since front ends do not redraw an interactive figure.
    pub fn still_bundle(&self) -> MimeBundle {
        MimeBundle::new().with("image/svg+xml", self.to_svg()).with("text/plain", self.alt_text())
    }

    /// Shows the figure below the running cell of a notebook; as the last expression of a cell it is shown by itself.
    pub fn show(&self) {
        notebook::display(&self.mime_bundle());
    }

    /// What a notebook's kernel calls on the last expression of a cell.
    pub fn evcxr_display(&self) {
        notebook::show_result(&self.mime_bundle());
    }

    pub(crate) fn resolved_theme(&self) -> Theme {
        self.theme.clone().unwrap_or_else(theme)
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.alt_text())
    }
}
