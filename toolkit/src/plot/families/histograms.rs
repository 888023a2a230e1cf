//! How the values of each layer are spread.

use crate::plot::axis::{Scale, Span};
use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::traces::Bars;

/// A histogram for each layer, from the first to the last, all between the same bounds.
///
/// Each panel's heights are shares of its layer's values.
///
/// # Example
/// ```
/// use kiln::plot;
/// let layers = [("layer 1", vec![0.1, 0.5, 0.9]), ("layer 2", vec![0.4, 0.5, 0.6])];
/// assert!(plot::layer_histograms(&layers, 20).check().is_ok());
/// ```
pub fn layer_histograms<S: AsRef<str>, V: AsRef<[f64]>>(layers: &[(S, V)], bins: usize) -> Figure {
    let span = layers.iter().fold(Span::EMPTY, |all, l| all.join(Span::of(l.1.as_ref(), Scale::Linear)));
    let columns = match layers.len() {
        0..=3 => layers.len().max(1),
        4 => 2,
        5..=6 => 3,
        _ => 4,
    };
    let rows = layers.len().div_ceil(columns);
    let mut figure = Figure::new().columns(columns);
    for (i, (name, values)) in layers.iter().enumerate() {
        let values = values.as_ref();
        let bars = if span.is_empty() {
            Bars::histogram(name.as_ref(), values, bins)
        } else {
            Bars::histogram_within(name.as_ref(), values, bins, span.low, span.high)
        };
        let mut panel = Panel::new().title(name.as_ref()).add(bars.shares().color(i));
        if i % columns == 0 {
            panel = panel.y_label("share");
        }
        figure = figure.panel(panel);
    }
    if columns > 2 { figure.size(1080, 40 + rows * 250) } else { figure }
}
