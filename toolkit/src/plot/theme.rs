//! Colours and text sizes, in one place for all figures.

use std::sync::{PoisonError, RwLock};

pub use kiln_picture::Rgb;

/// Which colour a trace takes from the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Color {
    /// The next colour of the theme's cycle that the panel has not used.
    #[default]
    Auto,
    /// A colour of the theme's cycle, by index (it wraps around).
    Cycle(usize),
    /// The colour of text: black on light, white on dark.
    Text,
    /// A grey that stays behind.
    Muted,
    /// This very colour, in every theme.
    Fixed(Rgb),
}

impl From<usize> for Color {
    fn from(index: usize) -> Self {
        Color::Cycle(index)
    }
}

impl From<Rgb> for Color {
    fn from(rgb: Rgb) -> Self {
        Color::Fixed(rgb)
    }
}

/// The look of figures: background, text, grid, the cycle of colours, text sizes in pixels.
///
/// The cycle follows Okabe and Ito's colours, which people with the common kinds of colour blindness can tell apart.
/// Figures take the process's theme ([`set_theme`]) unless they name their own.
///
/// # Example
/// ```
/// use kiln::plot::{Figure, Theme};
/// let figure = Figure::new().theme(Theme::dark()).line("loss", 0..3, [1.0, 0.5, 0.3]);
/// assert!(figure.to_svg().contains(&Theme::dark().background.hex()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Behind everything.
    pub background: Rgb,
    /// Behind the data of a panel.
    pub panel: Rgb,
    /// Titles, ticks, notes.
    pub text: Rgb,
    /// Footnotes, and traces that stay behind.
    pub muted: Rgb,
    /// Grid lines.
    pub grid: Rgb,
    /// Frames and tick marks.
    pub axis: Rgb,
    /// What is wrong with a figure.
    pub alarm: Rgb,
    /// The colours that traces take in turn.
    pub cycle: Vec<Rgb>,
    /// Size of the figure's title.
    pub title_size: f64,
    /// Size of axis titles, panel titles and legends.
    pub label_size: f64,
    /// Size of tick labels and notes.
    pub tick_size: f64,
    /// Whether the background is dark (colour scales are chosen to fit).
    pub dark: bool,
}

impl Theme {
    /// Dark on white: the default.
    pub fn light() -> Self {
        Self {
            background: Rgb(255, 255, 255),
            panel: Rgb(255, 255, 255),
            text: Rgb(32, 33, 36),
            muted: Rgb(112, 117, 122),
            grid: Rgb(229, 231, 235),
            axis: Rgb(128, 134, 139),
            alarm: Rgb(180, 35, 24),
            cycle: vec![
                Rgb(0, 114, 178),
                Rgb(213, 94, 0),
                Rgb(0, 158, 115),
                Rgb(204, 121, 167),
                Rgb(230, 159, 0),
                Rgb(86, 180, 233),
                Rgb(100, 70, 160),
                Rgb(80, 80, 80),
            ],
            title_size: 22.0,
            label_size: 17.0,
            tick_size: 15.0,
            dark: false,
        }
    }

    /// Light on a dark ground, for dark slides and a dark JupyterLab.
    pub fn dark() -> Self {
        Self {
            background: Rgb(24, 26, 30),
            panel: Rgb(24, 26, 30),
            text: Rgb(236, 238, 240),
            muted: Rgb(154, 160, 166),
            grid: Rgb(56, 60, 66),
            axis: Rgb(128, 134, 139),
            alarm: Rgb(255, 138, 120),
            cycle: vec![
                Rgb(86, 180, 233),
                Rgb(240, 140, 60),
                Rgb(60, 200, 150),
                Rgb(230, 159, 200),
                Rgb(240, 200, 60),
                Rgb(120, 150, 255),
                Rgb(190, 160, 240),
                Rgb(190, 190, 190),
            ],
            dark: true,
            ..Self::light()
        }
    }

    /// All text sizes times `factor`: 1.3 for the last row of a large hall.
    #[must_use]
    pub fn text_scale(mut self, factor: f64) -> Self {
        self.title_size *= factor;
        self.label_size *= factor;
        self.tick_size *= factor;
        self
    }

    /// The colour that stands for a choice of colour.
    pub(crate) fn color(&self, color: Color) -> Rgb {
        match color {
            Color::Auto => self.cycle.first().copied().unwrap_or(self.text),
            Color::Cycle(i) => self.cycle.get(i % self.cycle.len().max(1)).copied().unwrap_or(self.text),
            Color::Text => self.text,
            Color::Muted => self.muted,
            Color::Fixed(rgb) => rgb,
        }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::light()
    }
}

static THEME: RwLock<Option<Theme>> = RwLock::new(None);

/// Sets the theme of all figures that do not name their own.
///
/// # Example
/// ```
/// use kiln::plot::{self, Theme};
/// plot::set_theme(Theme::dark());
/// assert!(plot::theme().dark);
/// # plot::set_theme(Theme::light());
/// ```
pub fn set_theme(theme: Theme) {
    *THEME.write().unwrap_or_else(PoisonError::into_inner) = Some(theme);
}

/// The theme of figures that do not name their own.
pub fn theme() -> Theme {
    THEME.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
}
