//! Early stopping.

use super::monitor::Monitor;
use super::{Callback, Logs, MonitorMode, warn_missing};
use crate::models::Sequential;
use crate::{Result, Tensor};

/// Ends the training when a watched number has not improved for some epochs.
///
/// After `patience` epochs without improvement the training ends; 0 and 1 behave alike, and the first epoch never ends
/// it. With `restore_best_weights` the model gets the weights of its best epoch back, also when the training ran to its
/// end.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let stop = EarlyStopping::new().monitor("val_loss").patience(3).restore_best_weights(true);
/// # let _ = stop;
/// ```
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    verbose: bool,
    baseline: Option<f64>,
    restore_best_weights: bool,
    start_from_epoch: usize,
    state: State,
}

#[derive(Debug, Clone, Default)]
struct State {
    wait: usize,
    best: Option<f64>,
    best_epoch: usize,
    best_weights: Option<Vec<Tensor>>,
    stopped_epoch: Option<usize>,
    warned: bool,
}

impl EarlyStopping {
    /// Watches `val_loss` with patience 0, as in Keras.
    pub fn new() -> Self {
        Self {
            monitor: Monitor::new("val_loss"),
            patience: 0,
            verbose: false,
            baseline: None,
            restore_best_weights: false,
            start_from_epoch: 0,
            state: State::default(),
        }
    }

    /// Which number of the logs is watched.
    pub fn monitor(mut self, name: &str) -> Self {
        self.monitor.name = name.into();
        self
    }

    /// How much better it must be to count as improvement; 0 by default.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// How many epochs without improvement end the training.
    pub fn patience(mut self, patience: usize) -> Self {
        self.patience = patience;
        self
    }

    /// Which way is better; by the name by default.
    pub fn mode(mut self, mode: MonitorMode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// Whether it says on standard output what it did; false by default.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// A value that the number must get better than, else the training ends after `patience` epochs.
    pub fn baseline(mut self, baseline: f64) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Whether the weights of the best epoch come back at the end; false by default.
    pub fn restore_best_weights(mut self, restore: bool) -> Self {
        self.restore_best_weights = restore;
        self
    }

    /// How many epochs pass before it watches; 0 by default.
    pub fn start_from_epoch(mut self, epoch: usize) -> Self {
        self.start_from_epoch = epoch;
        self
    }
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self::new()
    }
}

impl Callback for EarlyStopping {
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        self.state = State::default();
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        let Some(current) = logs.get(&self.monitor.name) else {
            if !std::mem::replace(&mut self.state.warned, true) {
                warn_missing("EarlyStopping", &self.monitor.name, logs);
            }
            return Ok(());
        };
        if epoch < self.start_from_epoch {
            return Ok(());
        }
        if self.restore_best_weights && self.state.best_weights.is_none() {
            self.state.best_weights = Some(model.get_weights()?);
            self.state.best_epoch = epoch;
        }
        self.state.wait += 1;
        if self.monitor.improves(current, self.state.best) {
            self.state.best = Some(current);
            self.state.best_epoch = epoch;
            if self.restore_best_weights {
                self.state.best_weights = Some(model.get_weights()?);
            }
            if self.baseline.is_none_or(|baseline| self.monitor.improves(current, Some(baseline))) {
                self.state.wait = 0;
            }
            return Ok(());
        }
        if self.state.wait >= self.patience && epoch > 0 {
            self.state.stopped_epoch = Some(epoch);
            model.stop_training();
        }
        Ok(())
    }

    fn on_train_end(&mut self, model: &mut Sequential) -> Result<()> {
        if let (Some(epoch), true) = (self.state.stopped_epoch, self.verbose) {
            println!("Epoch {}: early stopping", epoch + 1);
        }
        if let Some(weights) = self.state.best_weights.take() {
            if self.verbose {
                let best = self.state.best_epoch + 1;
                println!("Restoring model weights from the end of the best epoch: {best}.");
            }
            model.set_weights(&weights)?;
        }
        Ok(())
    }
}
