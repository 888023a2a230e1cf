//! What watching callbacks share: which metric, and which way is better.

/// Which way a watched number improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MonitorMode {
    /// By the name: losses and errors down, accuracies up.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// Watches a number for improvement by more than `min_delta`.
#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    pub(crate) name: String,
    pub(crate) mode: MonitorMode,
    pub(crate) min_delta: f64,
}

impl Monitor {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), mode: MonitorMode::Auto, min_delta: 0.0 }
    }

    fn larger_is_better(&self) -> bool {
        match self.mode {
            MonitorMode::Min => false,
            MonitorMode::Max => true,
            MonitorMode::Auto => {
                let name = self.name.strip_prefix("val_").unwrap_or(&self.name);
                let rising = ["acc", "auc", "precision", "recall", "f1", "r2", "top_k"];
                name != "loss" && rising.iter().any(|part| name.to_ascii_lowercase().contains(part))
            }
        }
    }

    /// Whether `current` is better than `best` by more than `min_delta`; NaN never is, but as the first value.
    pub(crate) fn improves(&self, current: f64, best: Option<f64>) -> bool {
        let delta = self.min_delta.abs();
        match best {
            None => true,
            Some(best) if self.larger_is_better() => current - delta > best,
            Some(best) => current + delta < best,
        }
    }
}
