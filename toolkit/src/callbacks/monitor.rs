//! What watching callbacks share: which metric, and which way is better.

use super::Logs;
use crate::config::Named;
use crate::models::Sequential;
use crate::{Error, Result};

/// Which way a watched number improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MonitorMode {
    /// By the metric: losses and errors down, accuracies up.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

impl Named for MonitorMode {
    const WHAT: &'static str = "mode";
    const NAMES: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("min", Self::Min), ("max", Self::Max)];
}

/// Watches a number for improvement by more than `min_delta`.
#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    pub(crate) name: String,
    /// An unknown mode is kept as its error, which the beginning of a training reports.
    pub(crate) mode: Result<MonitorMode>,
    pub(crate) min_delta: f64,
}

impl Monitor {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), mode: Ok(MonitorMode::Auto), min_delta: 0.0 }
    }

    /// Reports a mode that does not exist, or a distance that is none.
    pub(crate) fn check(&self, callback: &str) -> Result<()> {
        self.mode.clone().map_err(|error| error.in_context(callback))?;
        if self.min_delta.is_finite() {
            return Ok(());
        }
        Err(Error::argument(format!("{callback}: min_delta must be finite, but is {}", self.min_delta)))
    }

    fn larger_is_better(&self, model: &Sequential) -> bool {
        match self.mode {
            Ok(MonitorMode::Min) => false,
            Ok(MonitorMode::Max) => true,
            Ok(MonitorMode::Auto) | Err(_) => {
                let name = self.name.strip_prefix("val_").unwrap_or(&self.name);
                name != "loss" && model.metric_rises(name)
            }
        }
    }

    /// Whether `current` is better than `best` by more than `min_delta`; NaN never is, but as the first value.
    pub(crate) fn improves(&self, model: &Sequential, current: f64, best: Option<f64>) -> bool {
        let delta = self.min_delta.abs();
        match best {
            None => true,
            Some(best) if self.larger_is_better(model) => current - delta > best,
            Some(best) => current + delta < best,
        }
    }
}

/// Tells once that the metric is not there; Keras warns and goes on.
pub(crate) fn warn_missing(warned: &mut bool, what: &str, monitor: &str, logs: &Logs) {
    if !std::mem::replace(warned, true) {
        eprintln!("{}", missing(what, monitor, logs));
    }
}

/// Keras's words for a metric that is not there.
fn missing(what: &str, monitor: &str, logs: &Logs) -> String {
    let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
    format!(
        "{what} conditioned on metric `{monitor}` which is not available. Available metrics are: {}",
        names.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is that of Keras 3.15.1 for the same logs.
    #[test]
    fn a_missing_metric_is_told_in_words_of_keras() {
        let mut logs = Logs::default();
        logs.insert("accuracy", 0.5);
        logs.insert("loss", 1.0);
        let told = missing("Early stopping", "val_loss", &logs);
        let keras = "Early stopping conditioned on metric `val_loss` which is not available. \
                     Available metrics are: accuracy,loss";
        assert_eq!(told, keras);
    }
}
