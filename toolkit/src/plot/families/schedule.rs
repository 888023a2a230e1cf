//! Learning rates over epochs or steps.

use crate::plot::figure::Figure;
use crate::plot::traces::Line;

/// The course of learning rates: one line a schedule, from 0 on, in `unit`s (`"epoch"`, `"step"`).
///
/// The vertical axis is logarithmic where a rate falls to less than a twentieth.
///
/// # Example
/// ```
/// use kiln::plot;
/// let exponential: Vec<f64> = (0..40).map(|epoch| 0.01 * 0.1_f64.powf(epoch as f64 / 20.0)).collect();
/// assert!(plot::schedule("epoch", &[("exponential", exponential)]).check().is_ok());
/// ```
pub fn schedule<S: AsRef<str>, V: AsRef<[f64]>>(unit: &str, schedules: &[(S, V)]) -> Figure {
    let positive = || schedules.iter().flat_map(|s| s.1.as_ref()).copied().filter(|v| v.is_finite());
    let (low, high) = positive().fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    let mut figure = Figure::new().x_label(unit).y_label("learning rate").integer_x().hover_together();
    for (name, values) in schedules {
        let values = values.as_ref();
        figure = figure.add(Line::new(name.as_ref(), 0..values.len(), values));
    }
    if low > 0.0 && high / low > 20.0 { figure.log_y() } else { figure }
}
