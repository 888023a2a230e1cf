//! Activation functions and their derivatives.

use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::traces::Line;

/// Activation functions beside their derivatives, each with its name, its values and its derivative's values at `x`.
///
/// # Example
/// ```
/// use kiln::plot;
/// let x = plot::linspace(-4.0, 4.0, 81);
/// let relu: Vec<f64> = x.iter().map(|x| x.max(0.0)).collect();
/// let slope: Vec<f64> = x.iter().map(|&x| f64::from(x > 0.0)).collect();
/// assert!(plot::activations(&x, &[("relu", relu, slope)]).check().is_ok());
/// ```
pub fn activations<S: AsRef<str>, V: AsRef<[f64]>>(x: &[f64], curves: &[(S, V, V)]) -> Figure {
    let mut values = Panel::new().title("activation f(z)").x_label("z");
    let mut slopes = Panel::new().title("derivative f ′(z)").x_label("z");
    for (i, (name, value, slope)) in curves.iter().enumerate() {
        values = values.add(Line::new(name.as_ref(), x, value.as_ref()).color(i));
        slopes = slopes.add(Line::new(name.as_ref(), x, slope.as_ref()).color(i));
    }
    // One explanation is enough for both panels.
    let slopes = if curves.len() > 1 { slopes.legend(false) } else { slopes };
    Figure::new().panel(values).panel(slopes).hover_together()
}
