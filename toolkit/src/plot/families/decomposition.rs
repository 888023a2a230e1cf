//! The error's parts by the complexity of the model.

use crate::plot::figure::Figure;
use crate::plot::note::Note;
use crate::plot::theme::Color;
use crate::plot::ticks::short;
use crate::plot::traces::Line;

/// Squared bias, variance, noise and their sum by complexity (a polynomial's degree, a number of units).
///
/// The vertical axis is logarithmic where the error spans more than a factor of 30: at high degrees the variance has no
/// stable mean, and would press everything else flat.
///
/// # Example
/// ```
/// use kiln::plot;
/// let figure = plot::decomposition("degree", &[1.0, 3.0, 9.0], &[4.0, 0.5, 0.1], &[0.1, 0.3, 2.0], &[0.25; 3]);
/// assert!(figure.check().is_ok());
/// ```
pub fn decomposition(
    complexity_label: &str,
    complexity: &[f64],
    bias_squared: &[f64],
    variance: &[f64],
    noise: &[f64],
) -> Figure {
    let total: Vec<f64> = bias_squared.iter().zip(variance).zip(noise).map(|((b, v), n)| b + v + n).collect();
    let finite = || total.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max));
    let mut figure = Figure::new()
        .x_label(complexity_label)
        .y_label("mean squared error")
        .add(Line::new("bias²", complexity, bias_squared).color(0).markers())
        .add(Line::new("variance", complexity, variance).color(1).markers())
        .add(Line::new("noise", complexity, noise).color(Color::Muted).dashed())
        .add(Line::new("total = bias² + variance + noise", complexity, &total).color(Color::Text).width(3.2))
        .hover_together();
    if complexity.iter().all(|c| c.fract() == 0.0) {
        figure = figure.integer_x();
    }
    if high / low > 30.0 {
        figure = figure.log_y();
    }
    let best = complexity.iter().zip(&total).filter(|p| p.1.is_finite()).min_by(|a, b| a.1.total_cmp(b.1));
    if let Some((&at, &error)) = best {
        let above =
            if high / low > 30.0 { error * (high / error).powf(0.45) } else { error + (high - low) * 0.45 };
        let text = format!("lowest error {}\nat {complexity_label} {}", short(error), short(at));
        figure = figure.note(Note::new(text, at, above).arrow_to(at, error));
    }
    figure
}
