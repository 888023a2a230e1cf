//! What watching callbacks share: which metric, and which way is better.

use super::Logs;
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

/// What a builder takes as a [`MonitorMode`]: itself, or Keras's name of it: `auto`, `min`, `max`.
pub trait IntoMonitorMode {
    /// The mode.
    ///
    /// # Errors
    /// For an unknown name.
    fn into_monitor_mode(self) -> Result<MonitorMode>;
}

impl IntoMonitorMode for MonitorMode {
    fn into_monitor_mode(self) -> Result<MonitorMode> {
        Ok(self)
    }
}

impl IntoMonitorMode for &str {
    fn into_monitor_mode(self) -> Result<MonitorMode> {
        match self {
            "auto" => Ok(MonitorMode::Auto),
            "min" => Ok(MonitorMode::Min),
            "max" => Ok(MonitorMode::Max),
            _ => Err(Error::unknown_name("mode", self, ["auto", "min", "max"])),
        }
    }
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

/// Tells once that the metric is not there; Keras warns and goes on, in these words.
pub(crate) fn warn_missing(warned: &mut bool, what: &str, monitor: &str, logs: &Logs) {
    if !std::mem::replace(warned, true) {
        let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
        eprintln!(
            "{what} conditioned on metric `{monitor}` which is not available. Available metrics are: {}",
            names.join(",")
        );
    }
}
