//! Bias and variance as hits on a target.

use crate::plot::axis::{Scale, Span};
use crate::plot::figure::Figure;
use crate::plot::note::Note;
use crate::plot::panel::Panel;
use crate::plot::theme::Color;
use crate::plot::traces::{Line, Marker, Scatter};

/// The bias-variance target: for each case a target with a cross for each model.
///
/// The centre is the true function. The dot is the mean of the crosses: its distance from the centre (the arrow) is the
/// bias, the crosses' scatter around it the variance.
///
/// # Example
/// ```
/// use kiln::plot;
/// let near = vec![(0.1, 0.0), (-0.1, 0.1), (0.0, -0.1)];
/// let off = vec![(1.1, 1.0), (0.9, 1.1), (1.0, 0.9)];
/// assert!(plot::target(&[("low bias", near), ("high bias", off)]).check().is_ok());
/// ```
pub fn target<S: AsRef<str>, P: AsRef<[(f64, f64)]>>(cases: &[(S, P)]) -> Figure {
    let finite = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
    let reach = cases
        .iter()
        .flat_map(|c| c.1.as_ref())
        .filter(finite)
        .fold(Span::EMPTY, |s, p| s.with(p.0.hypot(p.1), Scale::Linear))
        .high
        .max(1e-12);
    let mut figure = Figure::new().columns(if cases.len() == 4 { 2 } else { cases.len().clamp(1, 3) });
    for (title, points) in cases {
        let points = points.as_ref();
        let mut panel = Panel::new().title(title.as_ref()).bare().equal_aspect().legend(false);
        for ring in 1..=4 {
            let radius = reach * 1.1 * f64::from(ring) / 4.0;
            let angles = || (0..=72).map(|i| f64::from(i) * std::f64::consts::TAU / 72.0);
            let (x, y): (Vec<f64>, Vec<f64>) = angles().map(|a| (radius * a.cos(), radius * a.sin())).unzip();
            panel = panel.add(Line::new("", x, y).color(Color::Muted).width(1.4));
        }
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let kept: Vec<&(f64, f64)> = points.iter().filter(finite).collect();
        let n = kept.len().max(1) as f64;
        let mean = (kept.iter().map(|p| p.0).sum::<f64>() / n, kept.iter().map(|p| p.1).sum::<f64>() / n);
        panel = panel
            .add(Scatter::new("models", x, y).marker(Marker::Cross).color(0).size(11.0))
            .add(Scatter::new("truth", [0.0], [0.0]).color(Color::Text).size(9.0));
        if mean.0.hypot(mean.1) > reach * 0.12 {
            panel = panel.note(Note::arrow((0.0, 0.0), mean).color(1));
        }
        panel = panel.add(Scatter::new("mean", [mean.0], [mean.1]).color(1).size(11.0));
        figure = figure.panel(panel);
    }
    let rows = cases.len().div_ceil(figure.columns.unwrap_or(1)).max(1);
    let columns = figure.columns.unwrap_or(1);
    figure
        .size(40 + columns * 310, 60 + rows * 320)
        .footnote("× a model, black dot: the truth, coloured dot: the models' mean, arrow: the bias.")
}
