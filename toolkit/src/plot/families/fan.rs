//! Many models of one function: all of them, their mean, and the truth.

use crate::plot::figure::Figure;
use crate::plot::theme::Color;
use crate::plot::ticks::number;
use crate::plot::traces::Line;

/// The models that were fitted to many samples, their mean, and the true function, over `x`.
///
/// At most 100 models are drawn, and the figure says so. The vertical axis follows the bulk of the models (2nd to 98th
/// percentile) and the truth: a few wild curves do not press the rest flat.
///
/// # Example
/// ```
/// use kiln::plot;
/// let x = plot::linspace(0.0, 10.0, 21);
/// let truth: Vec<f64> = x.iter().map(|x| x + 2.0 * (1.5 * x).sin()).collect();
/// let models = vec![x.clone(), x.iter().map(|x| 1.1 * x).collect()];
/// let figure = plot::fan(&x, &truth, &x, &models);
/// assert!(figure.check().is_ok());
/// ```
pub fn fan<V: AsRef<[f64]>>(x: &[f64], truth: &[f64], mean: &[f64], models: &[V]) -> Figure {
    let mut figure = Figure::new().x_label("x").y_label("y");
    let mut values: Vec<f64> =
        models.iter().flat_map(AsRef::as_ref).copied().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let finite_truth = || truth.iter().chain(mean).copied().filter(|v| v.is_finite());
    if !values.is_empty() {
        let at = |q: f64| values[(q * (values.len() - 1) as f64) as usize];
        let low = finite_truth().fold(at(0.02), f64::min);
        let high = finite_truth().fold(at(0.98), f64::max);
        let pad = (high - low) * 0.06;
        let outside = values.iter().filter(|v| **v < low - pad || **v > high + pad).count();
        if high > low {
            figure = figure.y_range(low - pad, high + pad);
        }
        if outside > 0 {
            let share = 100.0 * outside as f64 / values.len() as f64;
            let share = if share < 0.1 { "Less than 0.1 %".into() } else { format!("{share:.1} %") };
            figure = figure.footnote(format!("{share} of the models' values lie outside the picture."));
        }
    }
    if models.len() > Line::MOST_CURVES {
        figure = figure.footnote(format!(
            "{} of {} models are drawn; the mean is over all.",
            Line::MOST_CURVES,
            number(models.len() as f64, 0)
        ));
    }
    figure
        .add(Line::many("models h(x)", x, models).color(0))
        .add(Line::new("mean model", x, mean).color(1).width(3.5).halo())
        .add(Line::new("truth f(x)", x, truth).color(Color::Text).width(3.0).dashed().halo())
}
