//! The course of a training: losses, metrics and learning rate by epoch.

use crate::Error;
use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::traces::Line;

/// Something with a number for each name and epoch, such as the history of a training.
pub trait EpochSeries {
    /// The epochs, in order.
    fn epochs(&self) -> Vec<usize>;

    /// The names and values, in the order in which they are to be drawn: `loss`, `accuracy`, `val_loss`, ...
    fn series(&self) -> Vec<(String, Vec<f64>)>;
}

/// The course of a training: losses in one panel, metrics in another, the learning rate in a third.
///
/// Training is solid, validation (`val_...`) dashed in the same colour; the last value stands at the line's end.
///
/// # Example
/// ```
/// use kiln::plot::{self, EpochSeries};
///
/// struct Run;
/// impl EpochSeries for Run {
///     fn epochs(&self) -> Vec<usize> {
///         vec![1, 2]
///     }
///     fn series(&self) -> Vec<(String, Vec<f64>)> {
///         vec![("loss".into(), vec![0.9, 0.5]), ("val_loss".into(), vec![0.95, 0.6])]
///     }
/// }
/// assert!(plot::history(&Run).check().is_ok());
/// ```
pub fn history(history: &(impl EpochSeries + ?Sized)) -> Figure {
    history_series(&history.epochs(), &history.series())
}

/// [`history`] from epochs and named series.
///
/// # Example
/// ```
/// use kiln::plot;
/// let figure = plot::history_series(
///     &[1, 2, 3],
///     &[("loss".into(), vec![0.9, 0.5, 0.4]), ("val_loss".into(), vec![0.95, 0.6, f64::NAN])],
/// );
/// assert!(figure.check().is_ok());
/// ```
pub fn history_series(epochs: &[usize], series: &[(String, Vec<f64>)]) -> Figure {
    let mut figure = Figure::new().hover_together();
    if epochs.is_empty() || series.is_empty() {
        figure.problems.push(
            Error::data("the history is empty: no epoch was finished")
                .with_help("train with .epochs(n) of at least 1"),
        );
        return figure;
    }
    let base = |name: &str| name.strip_prefix("val_").unwrap_or(name).to_string();
    let is_loss = |name: &str| base(name) == "loss" || base(name).ends_with("_loss");
    let is_rate = |name: &str| matches!(name, "learning_rate" | "lr");
    let groups: [(&str, Vec<&(String, Vec<f64>)>); 3] = [
        ("loss", series.iter().filter(|s| is_loss(&s.0)).collect()),
        ("", series.iter().filter(|s| !is_loss(&s.0) && !is_rate(&s.0)).collect()),
        ("learning rate", series.iter().filter(|s| is_rate(&s.0)).collect()),
    ];
    let mut colors = 0;
    for (title, group) in groups {
        if group.is_empty() {
            continue;
        }
        let mut names: Vec<String> = group.iter().map(|s| base(&s.0)).collect();
        names.dedup();
        names.sort();
        names.dedup();
        let title = match (title, names.as_slice()) {
            ("", [single]) => single.replace('_', " "),
            ("", _) => "metrics".into(),
            (title, _) => title.into(),
        };
        let single = names.len() == 1;
        let mut panel = Panel::new().title(title).x_label("epoch").integer_x();
        for (name, values) in group {
            let validation = name.starts_with("val_");
            let index = names.iter().position(|n| *n == base(name)).unwrap_or(0);
            let label = match (single, validation) {
                (true, false) => "training".to_string(),
                (true, true) => "validation".to_string(),
                (false, _) => name.replace("val_", "validation ").replace('_', " "),
            };
            // Epochs without a number, such as those that were not validated, are no gap in the line.
            let known = epochs.iter().zip(values).filter(|(_, value)| value.is_finite());
            let (at, numbers): (Vec<usize>, Vec<f64>) = known.unzip();
            let mut line = Line::new(label, at, numbers).color(colors + index).label_last();
            if validation {
                line = line.dashed();
            }
            if epochs.len() <= 12 {
                line = line.markers();
            }
            panel = panel.add(line);
        }
        if is_rate(&names[0]) {
            panel = panel.log_y();
        }
        colors += names.len();
        figure = figure.panel(panel);
    }
    figure
}
