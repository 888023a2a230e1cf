//! Which classes a model takes for which.

use crate::Error;
use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::ticks::number;
use crate::plot::traces::Heatmap;

/// A confusion matrix from counts, row by row: `counts[truth * classes + predicted]`.
///
/// Cells show the counts; their colour is the share of the true class, so that rare classes count as much as common ones.
///
/// # Example
/// ```
/// use kiln::plot;
/// assert!(plot::confusion_matrix(&[50, 2, 3, 45], &["bag", "boot"]).check().is_ok());
/// ```
pub fn confusion_matrix<S: AsRef<str>>(counts: &[usize], class_names: &[S]) -> Figure {
    let n = class_names.len();
    if n == 0 || counts.len() != n * n {
        let mut figure = Figure::new();
        figure.problems.push(Error::shape(format!(
            "confusion matrix: {n} classes need {} counts, but got {}",
            n * n,
            counts.len()
        )));
        return figure;
    }
    let share = |i: usize| {
        let row: usize = counts[i / n * n..][..n].iter().sum();
        if row == 0 { 0.0 } else { counts[i] as f64 / row as f64 }
    };
    let shares: Vec<f64> = (0..n * n).map(share).collect();
    let texts = counts
        .iter()
        .map(|&c| if c == 0 { String::new() } else { number(c as f64, 0) })
        .collect::<Vec<String>>();
    let right: usize = (0..n).map(|i| counts[i * n + i]).sum();
    let all: usize = counts.iter().sum();
    let names = || class_names.iter().map(|s| s.as_ref().to_string());
    let panel = Panel::new()
        .x_label("predicted")
        .y_label("true class")
        .x_categories(names())
        .y_categories(names())
        .reverse_y()
        .no_grid()
        .add(Heatmap::new(n, n, shares).range(0.0, 1.0).texts(texts).color_bar("share of the true class"));
    let mut figure = Figure::new().panel(panel);
    if all > 0 {
        figure = figure.footnote(format!(
            "{} of {} right ({:.1} %).",
            number(right as f64, 0),
            number(all as f64, 0),
            100.0 * right as f64 / all as f64
        ));
    }
    if n > 4 { figure.size(820, 640) } else { figure.size(640, 500) }
}
