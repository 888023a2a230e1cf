//! Early stopping.

use super::monitor::{Monitor, warn_missing};
use super::shared::Shared;
use super::{Callback, Logs, MonitorMode};
use crate::config::OneOf;
use crate::models::Sequential;
use crate::{Result, Tensor};

/// Ends the training when a watched number has not improved for some epochs.
///
/// After `patience` epochs without improvement the training ends; 0 and 1 behave alike, and the first epoch never ends
/// it. With `restore_best_weights` the model gets the weights of its best epoch back, also when the training ran to its
/// end. Clones share what they find, so that one can be asked after `fit` where the training ended.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile(SGD::new(3.0), "mse", ())?; // far too fast: the loss rises
/// let stop = EarlyStopping::new().monitor("loss").patience(2).restore_best_weights(true);
/// let history = model.fit(&x, &y).epochs(20).callback(stop.clone()).verbose(0).run()?;
/// assert_eq!(history.epochs().len(), 3);
/// assert_eq!((stop.stopped_epoch(), stop.best_epoch()), (Some(2), Some(0)));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    verbose: bool,
    baseline: Option<f64>,
    restore_best_weights: bool,
    start_from_epoch: usize,
    state: Shared<State>,
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
            state: Shared::default(),
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

    /// Which way is better, by value or by name (`min`, `max`, `auto`); by the metric by default.
    pub fn mode(mut self, mode: impl OneOf<MonitorMode>) -> Self {
        self.monitor.mode = mode.value();
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

    /// The epoch that ended the last training, counted from 0; `None` where it ran to its end.
    pub fn stopped_epoch(&self) -> Option<usize> {
        self.state.lock().stopped_epoch
    }

    /// The epoch with the best number of the last training, counted from 0.
    pub fn best_epoch(&self) -> Option<usize> {
        let state = self.state.lock();
        state.best.map(|_| state.best_epoch)
    }

    /// The best number of the last training.
    pub fn best(&self) -> Option<f64> {
        self.state.lock().best
    }
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self::new()
    }
}

impl Callback for EarlyStopping {
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        self.monitor.check("EarlyStopping")?;
        *self.state.lock() = State::default();
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        let mut state = self.state.lock();
        let Some(current) = logs.get(&self.monitor.name) else {
            warn_missing(&mut state.warned, "Early stopping", &self.monitor.name, logs);
            return Ok(());
        };
        if epoch < self.start_from_epoch {
            return Ok(());
        }
        if self.restore_best_weights && state.best_weights.is_none() {
            state.best_weights = Some(model.get_weights()?);
            state.best_epoch = epoch;
        }
        state.wait += 1;
        if self.monitor.improves(model, current, state.best) {
            state.best = Some(current);
            state.best_epoch = epoch;
            if self.restore_best_weights {
                state.best_weights = Some(model.get_weights()?);
            }
            if self.baseline.is_none_or(|baseline| self.monitor.improves(model, current, Some(baseline))) {
                state.wait = 0;
            }
            return Ok(());
        }
        if state.wait >= self.patience && epoch > 0 {
            state.stopped_epoch = Some(epoch);
            model.stop_training();
        }
        Ok(())
    }

    fn on_train_end(&mut self, model: &mut Sequential) -> Result<()> {
        let mut state = self.state.lock();
        if let (Some(epoch), true) = (state.stopped_epoch, self.verbose) {
            println!("Epoch {}: early stopping", epoch + 1);
        }
        if let Some(weights) = state.best_weights.take() {
            if self.verbose {
                let best = state.best_epoch + 1;
                println!("Restoring model weights from the end of the best epoch: {best}.");
            }
            model.set_weights(&weights)?;
        }
        Ok(())
    }
}
