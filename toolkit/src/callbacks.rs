//! Callbacks: what happens between the epochs and batches of a training.

use crate::models::Sequential;
use crate::{Error, Result};

mod early_stopping;
mod learning_rate_scheduler;
mod monitor;
mod progress;

pub use early_stopping::EarlyStopping;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use progress::Verbose;
pub(crate) use progress::{Progress, Verbosity};

pub use monitor::MonitorMode;

/// Takes part in a training. Every method does nothing unless it is written.
///
/// # Example
/// Stop as soon as the loss is below 0.1:
/// ```
/// use kiln::prelude::*;
///
/// struct Enough;
/// impl Callback for Enough {
///     fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
///         if logs.get("loss").is_some_and(|loss| loss < 0.1) {
///             model.stop_training();
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Callback: Send {
    /// What the callback wants to see beside the logs; asked once a training. Without a taker nothing is kept.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Before the first epoch.
    ///
    /// # Errors
    /// An error ends the training; so with all methods.
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind the last epoch.
    ///
    /// # Errors
    /// As above.
    fn on_train_end(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before an epoch, counted from 0.
    ///
    /// # Errors
    /// As above.
    fn on_epoch_begin(&mut self, _epoch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind an epoch. What is put into `logs` goes into the history.
    ///
    /// # Errors
    /// As above.
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind a batch, counted from 0 in each epoch; [`Sequential::running_logs`] has the means so far.
    ///
    /// # Errors
    /// As above.
    fn on_batch_end(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }
}

/// What a callback wants to see beside the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gradients of each step: [`Sequential::gradients`].
    pub gradients: bool,
}

/// Named numbers of an epoch, in order: `accuracy`, `loss`, `val_accuracy`, `val_loss`, then what callbacks add.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logs(Vec<(String, f64)>);

impl Logs {
    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Adds a number, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Names and numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        self
    }
}

/// For a callback whose metric is missing from the logs: Keras warns and goes on.
pub(crate) fn warn_missing(callback: &str, monitor: &str, logs: &Logs) {
    let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
    eprintln!(
        "{callback}: `{monitor}` is not among the logs, so nothing happens; there are: {}",
        names.join(", ")
    );
}

/// The error of a callback argument that must be a whole number of at least one.
pub(crate) fn at_least_one(what: &str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(Error::argument(format!("{what} must be at least 1, but is 0")))
}
