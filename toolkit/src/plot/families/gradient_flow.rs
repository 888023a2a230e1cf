//! How large gradients are from layer to layer.

use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::traces::Line;

/// The size of gradients by layer, from input to output, one line a variant, on a logarithmic axis.
///
/// A gradient that vanishes on the way from the output (right) back to the input (left) is a line that falls leftwards.
///
/// # Example
/// ```
/// use kiln::plot;
/// let figure = plot::gradient_flow(
///     &["dense", "dense_1", "dense_2"],
///     &[("sigmoid", vec![1e-6, 1e-4, 1e-2]), ("relu", vec![0.01, 0.02, 0.02])],
/// );
/// assert!(figure.check().is_ok());
/// ```
pub fn gradient_flow<L: AsRef<str>, S: AsRef<str>, V: AsRef<[f64]>>(
    layers: &[L],
    series: &[(S, V)],
) -> Figure {
    let mut panel = Panel::new()
        .x_label("layer (input → output)")
        .y_label("gradient norm")
        .log_y()
        .x_categories(layers.iter().map(|l| l.as_ref().to_string()));
    for (name, values) in series {
        panel = panel.add(Line::new(name.as_ref(), 0..layers.len(), values.as_ref()).markers());
    }
    Figure::new().panel(panel)
}
