//! A learning rate by epoch.

use super::{Callback, Logs};
use crate::models::Sequential;
use crate::{Error, Result};

/// Sets the learning rate before each epoch, to what a function of the epoch (from 0) and the present rate returns.
///
/// The rate goes into the logs as `learning_rate`. The optimizer must have been made with a number, not with a schedule.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let decay = LearningRateScheduler::new(|epoch, _rate| 0.01 * 0.1_f64.powf(epoch as f64 / 20.0));
/// # let _ = decay;
/// ```
pub struct LearningRateScheduler {
    schedule: Box<dyn FnMut(usize, f64) -> f64 + Send>,
    verbose: bool,
}

impl LearningRateScheduler {
    /// With this function of (epoch, present rate).
    pub fn new(schedule: impl FnMut(usize, f64) -> f64 + Send + 'static) -> Self {
        Self { schedule: Box::new(schedule), verbose: false }
    }

    /// Whether it says each new rate on standard output; false by default.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }
}

impl std::fmt::Debug for LearningRateScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LearningRateScheduler").finish_non_exhaustive()
    }
}

impl Callback for LearningRateScheduler {
    fn on_epoch_begin(&mut self, epoch: usize, model: &mut Sequential) -> Result<()> {
        let rate = (self.schedule)(epoch, model.learning_rate()?);
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(Error::argument(format!(
                "LearningRateScheduler: the function returned the rate {rate} for epoch {epoch}"
            )));
        }
        if self.verbose {
            println!("\nEpoch {}: LearningRateScheduler setting learning rate to {rate}.", epoch + 1);
        }
        model.set_learning_rate(rate)
    }

    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        logs.insert("learning_rate", model.learning_rate()?);
        Ok(())
    }
}
