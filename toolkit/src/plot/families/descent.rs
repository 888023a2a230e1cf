//! Optimizers on their way down a surface.

use crate::Error;
use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::series::linspace;
use crate::plot::theme::Color;
use crate::plot::thin::evenly_with_ends;
use crate::plot::traces::{Contours, Line, Marker, Scatter, Surface, Trace};

/// A function of two variables that can be drawn.
pub trait Landscape {
    /// Its name, for the title.
    fn name(&self) -> String;

    /// What to show: lowest and highest x, lowest and highest y.
    fn domain(&self) -> ((f64, f64), (f64, f64));

    /// Its value.
    fn value(&self, x: f64, y: f64) -> f64;

    /// Its global minima.
    fn minima(&self) -> Vec<(f64, f64)> {
        Vec::new()
    }

    /// Whether its heights span so much that the levels should follow their logarithm.
    fn log_levels(&self) -> bool {
        true
    }
}

/// The way of an optimizer over a surface, as what computed it keeps it.
pub trait Walk {
    /// The name in the legend.
    fn name(&self) -> String;

    /// The places, from the start on.
    fn points(&self) -> Vec<(f64, f64)>;
}

/// The simplest [`Walk`]: a name and places.
///
/// # Example
/// ```
/// use kiln::plot::Walk;
/// let path = kiln::plot::Path::new("SGD", vec![(1.0, 1.0), (0.5, 0.4)]);
/// assert_eq!(path.points().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Path {
    /// A way with a name, from its start on.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }

    fn collect(walks: &[impl Walk]) -> Vec<Path> {
        walks.iter().map(|walk| Path::new(walk.name(), walk.points())).collect()
    }

    fn upto(&self, steps: usize, most: usize) -> (Vec<f64>, Vec<f64>) {
        let count = steps.saturating_add(1).min(self.points.len());
        evenly_with_ends(count, most).into_iter().map(|i| self.points[i]).unzip()
    }
}

impl Walk for Path {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn points(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }
}

/// The surface as contours, with the ways of optimizers on it: a ring at the start, a dot at the end, a star at each
/// global minimum.
///
/// # Example
/// ```
/// use kiln::plot::{self, Landscape, Path};
///
/// struct Bowl;
/// impl Landscape for Bowl {
///     fn name(&self) -> String {
///         "bowl".into()
///     }
///     fn domain(&self) -> ((f64, f64), (f64, f64)) {
///         ((-2.0, 2.0), (-2.0, 2.0))
///     }
///     fn value(&self, x: f64, y: f64) -> f64 {
///         x * x + 4.0 * y * y
///     }
/// }
/// let figure = plot::descent(&Bowl, &[Path::new("SGD", vec![(1.5, 1.5), (0.9, 0.3), (0.4, 0.0)])]);
/// assert!(figure.check().is_ok());
/// ```
pub fn descent(landscape: &(impl Landscape + ?Sized), paths: &[impl Walk]) -> Figure {
    let paths = &Path::collect(paths);
    let mut panel = ground(landscape, 96, 72);
    for trace in way(paths, usize::MAX, 400, true) {
        panel = panel.add(trace);
    }
    finish(Figure::new().panel(stars(panel, landscape)).title(landscape.name()), landscape, paths)
}

/// [`descent`] as an animation: a slider over the steps in the interactive figure, a strip of four stages in the still one.
///
/// # Example
/// See [`descent`].
pub fn descent_animated(landscape: &(impl Landscape + ?Sized), paths: &[impl Walk]) -> Figure {
    let paths = &Path::collect(paths);
    let longest = paths.iter().map(|p| p.points.len()).max().unwrap_or(0);
    let steps = evenly_with_ends(longest, 24);
    let frames = steps.into_iter().map(|step| (step.to_string(), way(paths, step, 40, false))).collect();
    let panel = stars(ground(landscape, 72, 54), landscape);
    finish(Figure::animation(panel, "step", frames).title(landscape.name()), landscape, paths)
}

/// A function of one variable with the ways of optimizers on its curve.
///
/// # Example
/// ```
/// use kiln::plot;
/// let f = |x: f64| x.powi(4) - 3.0 * x.powi(2) + x;
/// let figure = plot::descent_on_line(f, (-2.0, 2.0), &[("SGD", vec![1.8, 1.3, 1.14]), ("momentum", vec![1.8, 0.2, -1.3])]);
/// assert!(figure.check().is_ok());
/// ```
pub fn descent_on_line<S: AsRef<str>, V: AsRef<[f64]>>(
    f: impl Fn(f64) -> f64,
    (low, high): (f64, f64),
    paths: &[(S, V)],
) -> Figure {
    let x = linspace(low, high, 400);
    let y: Vec<f64> = x.iter().map(|&x| f(x)).collect();
    let mut figure = Figure::new()
        .x_label("θ")
        .y_label("L(θ)")
        .add(Line::new("loss", &x, &y).color(Color::Muted).width(3.0).unlisted())
        .x_range(low, high);
    for (i, (name, path)) in paths.iter().enumerate() {
        let xs: Vec<f64> =
            evenly_with_ends(path.as_ref().len(), 60).into_iter().map(|k| path.as_ref()[k]).collect();
        let ys: Vec<f64> = xs.iter().map(|&x| f(x)).collect();
        figure = figure
            .add(Line::new("", &xs, &ys).color(i).width(1.2).opacity(0.5))
            .add(Scatter::new(name.as_ref(), &xs, &ys).color(i).size(9.0).opacity(0.75))
            .add(last_point(&xs, &ys, i).size(15.0));
    }
    figure
}

/// The surface in three dimensions (still: as contours).
///
/// # Example
/// See [`descent`].
pub fn surface(landscape: &dyn Landscape) -> Figure {
    surface_with_paths::<Path>(landscape, &[])
}

/// The surface in three dimensions with ways on it (still: as contours).
///
/// # Example
/// See [`descent`].
pub fn surface_with_paths<W: Walk>(landscape: &dyn Landscape, paths: &[W]) -> Figure {
    let mut surface = Surface::new(heights(landscape, 84, 63).color_bar("height"));
    for path in Path::collect(paths) {
        let (x, y) = path.upto(usize::MAX, 200);
        let z: Vec<f64> = x.iter().zip(&y).map(|(&x, &y)| landscape.value(x, y)).collect();
        surface = surface.path(&path.name, x, y, z);
    }
    let panel = Panel::new().x_label("x").y_label("y").no_grid().add(surface);
    let mut figure = Figure::new().panel(panel).title(landscape.name());
    if figure.size.is_none() {
        figure.size = Some((800.0, 560.0));
    }
    figure
}

fn heights(landscape: &(impl Landscape + ?Sized), columns: usize, rows: usize) -> Contours {
    let ((x0, x1), (y0, y1)) = landscape.domain();
    let (x, y) = (linspace(x0, x1, columns), linspace(y0, y1, rows));
    let contours = Contours::from_function(x, y, |x, y| landscape.value(x, y));
    if landscape.log_levels() { contours.log() } else { contours }
}

fn ground(landscape: &(impl Landscape + ?Sized), columns: usize, rows: usize) -> Panel {
    let ((x0, x1), (y0, y1)) = landscape.domain();
    Panel::new()
        .x_label("x")
        .y_label("y")
        .x_range(x0, x1)
        .y_range(y0, y1)
        .no_grid()
        .legend(true)
        .add(heights(landscape, columns, rows))
}

fn stars(panel: Panel, landscape: &(impl Landscape + ?Sized)) -> Panel {
    let minima = landscape.minima();
    if minima.is_empty() {
        return panel;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = minima.into_iter().unzip();
    panel.add(Scatter::new("global minimum", x, y).marker(Marker::Star).color(Color::Text).size(16.0))
}

/// The ways up to a step: lines, starts, ends. Always as many traces for as many paths.
fn way(paths: &[Path], steps: usize, most: usize, halo: bool) -> Vec<Trace> {
    let mut traces = Vec::new();
    for (i, path) in paths.iter().enumerate() {
        let color = i + 1;
        let (x, y) = path.upto(steps, most);
        if let (Some(&x0), Some(&y0)) = (x.first(), y.first()) {
            let start =
                Scatter::new("", vec![x0], vec![y0]).marker(Marker::Ring).color(color).size(13.0).unlisted();
            traces.push(start.into());
        }
        let line = Line::new(&path.name, &x, &y).color(color).width(3.0);
        traces.push(if halo { line.halo() } else { line }.into());
        traces.push(last_point(&x, &y, color).into());
    }
    traces
}

fn last_point(x: &[f64], y: &[f64], color: usize) -> Scatter {
    let last = |v: &[f64]| v.last().copied().into_iter().collect::<Vec<f64>>();
    Scatter::new("", last(x), last(y)).color(color).size(11.0).unlisted()
}

/// Says what left the picture.
fn finish(mut figure: Figure, landscape: &(impl Landscape + ?Sized), paths: &[Path]) -> Figure {
    let ((x0, x1), (y0, y1)) = landscape.domain();
    for path in paths {
        if path.points.is_empty() {
            figure.problems.push(Error::data(format!("path `{}` has no points", path.name)));
        }
        let outside =
            path.points.iter().filter(|p| !(x0..=x1).contains(&p.0) || !(y0..=y1).contains(&p.1)).count();
        if outside > 0 {
            figure = figure.footnote(format!(
                "{}: {outside} of {} places lie outside the picture.",
                path.name,
                path.points.len()
            ));
        }
    }
    figure
}
