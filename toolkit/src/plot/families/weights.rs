//! The weights of a network, layer by layer.

use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::traces::{Bars, Boxes};

/// The spread of each layer's weights as a box with whiskers.
///
/// # Example
/// ```
/// use kiln::plot;
/// let layers = [("dense", vec![-0.1, 0.0, 0.2]), ("dense_1", vec![-0.5, 0.1, 0.4])];
/// assert!(plot::weights_by_layer(&layers).check().is_ok());
/// ```
pub fn weights_by_layer<S: AsRef<str>, V: AsRef<[f64]>>(layers: &[(S, V)]) -> Figure {
    let values: Vec<Vec<f64>> = layers.iter().map(|l| l.1.as_ref().to_vec()).collect();
    let panel = Panel::new()
        .y_label("weight")
        .x_categories(layers.iter().map(|l| l.0.as_ref().to_string()))
        .add(Boxes::new(&values));
    Figure::new().panel(panel)
}

/// The share of weights with a magnitude of at most `threshold`, by layer, one group of bars a variant.
///
/// `variants` holds for each variant (plain, L1, L2, ...) the weights of each layer.
///
/// # Example
/// ```
/// use kiln::plot;
/// let plain = vec![vec![0.3, -0.2], vec![0.5, 0.1]];
/// let l1 = vec![vec![0.0, -0.2], vec![0.0, 0.0]];
/// assert!(plot::sparsity(&["dense", "dense_1"], &[("plain", plain), ("L1", l1)], 1e-3).check().is_ok());
/// ```
pub fn sparsity<L: AsRef<str>, S: AsRef<str>>(
    layers: &[L],
    variants: &[(S, Vec<Vec<f64>>)],
    threshold: f64,
) -> Figure {
    let mut panel = Panel::new()
        .y_label("share of weights near 0")
        .y_range(0.0, 1.0)
        .x_categories(layers.iter().map(|l| l.as_ref().to_string()))
        .footnote(format!("A weight is near 0 if its magnitude is at most {threshold}."));
    for (i, (name, weights)) in variants.iter().enumerate() {
        let share =
            |w: &Vec<f64>| w.iter().filter(|v| v.abs() <= threshold).count() as f64 / w.len().max(1) as f64;
        let shares: Vec<f64> = weights.iter().map(share).collect();
        panel = panel.add(Bars::new(name.as_ref(), 0..layers.len(), shares).side_by_side(i, variants.len()));
    }
    Figure::new().panel(panel)
}
