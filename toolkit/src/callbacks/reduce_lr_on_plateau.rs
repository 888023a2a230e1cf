//! A learning rate that falls when a watched number stands still.

use super::monitor::{Monitor, warn_missing};
use super::{Callback, Logs, MonitorMode};
use crate::config::OneOf;
use crate::models::Sequential;
use crate::{Error, Result};

/// Lowers the learning rate when a watched number has not improved for some epochs.
///
/// After `patience` epochs without improvement by more than `min_delta` the rate $\eta$ becomes $\max(f \eta,
/// \eta_{\min})$ with the factor $f$. Then `cooldown` epochs pass before it counts again. The rate of each epoch, before
/// it is lowered, goes into the logs as `learning_rate`. The optimizer must have been made with a number, not with a
/// schedule.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().seed(1).add(Dense::new(1).input_shape([1]));
/// model.compile(SGD::new(1.0), "mse", ())?; // far too fast: the loss rises
/// let reduce = ReduceLROnPlateau::new().monitor("loss").factor(0.5).patience(2);
/// let history = model.fit(&x, &y).epochs(7).callback(reduce).verbose(0).run()?;
/// assert_eq!(history.get("learning_rate"), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReduceLROnPlateau {
    monitor: Monitor,
    factor: f64,
    patience: usize,
    verbose: bool,
    cooldown: usize,
    min_lr: f64,
    best: Option<f64>,
    wait: usize,
    cooling: usize,
    warned: bool,
}

impl ReduceLROnPlateau {
    /// Watches `val_loss`: a tenth of the rate after 10 epochs without an improvement by 1e-4, as in Keras.
    pub fn new() -> Self {
        Self {
            monitor: Monitor { min_delta: 1e-4, ..Monitor::new("val_loss") },
            factor: 0.1,
            patience: 10,
            verbose: false,
            cooldown: 0,
            min_lr: 0.0,
            best: None,
            wait: 0,
            cooling: 0,
            warned: false,
        }
    }

    /// Which number of the logs is watched.
    pub fn monitor(mut self, name: &str) -> Self {
        self.monitor.name = name.into();
        self
    }

    /// What the rate is multiplied by, in `0.0..1.0`; 0.1 by default.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// After how many epochs without improvement the rate falls; 10 by default.
    pub fn patience(mut self, patience: usize) -> Self {
        self.patience = patience;
        self
    }

    /// Whether it says each new rate on standard output; false by default.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Which way is better, by value or by name (`min`, `max`, `auto`); by the metric by default.
    pub fn mode(mut self, mode: impl OneOf<MonitorMode>) -> Self {
        self.monitor.mode = mode.value();
        self
    }

    /// How much better it must be to count as improvement; 1e-4 by default.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// How many epochs after a reduction nothing is counted; 0 by default.
    pub fn cooldown(mut self, epochs: usize) -> Self {
        self.cooldown = epochs;
        self
    }

    /// The rate below which it does not fall; 0 by default.
    pub fn min_lr(mut self, rate: f64) -> Self {
        self.min_lr = rate;
        self
    }

    fn check(&self) -> Result<()> {
        self.monitor.check("ReduceLROnPlateau")?;
        if !(0.0..1.0).contains(&self.factor) {
            return Err(Error::argument(format!(
                "ReduceLROnPlateau: factor must be in 0.0..1.0, but is {}",
                self.factor
            ))
            .with_help("the rate is multiplied by it"));
        }
        if !(self.min_lr >= 0.0 && self.min_lr.is_finite()) {
            return Err(Error::argument(format!(
                "ReduceLROnPlateau: min_lr must be at least 0 and finite, but is {}",
                self.min_lr
            )));
        }
        Ok(())
    }
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        Self::new()
    }
}

impl Callback for ReduceLROnPlateau {
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        (self.best, self.wait, self.cooling, self.warned) = (None, 0, 0, false);
        self.check()
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        let rate = model.learning_rate()?;
        logs.insert("learning_rate", rate);
        let Some(current) = logs.get(&self.monitor.name) else {
            warn_missing(&mut self.warned, "Learning rate reduction is", &self.monitor.name, logs);
            return Ok(());
        };
        if self.cooling > 0 {
            self.cooling -= 1;
            self.wait = 0;
        }
        if self.monitor.improves(model, current, self.best) {
            self.best = Some(current);
            self.wait = 0;
            return Ok(());
        }
        if self.cooling > 0 {
            return Ok(());
        }
        self.wait += 1;
        if self.wait >= self.patience && rate > self.min_lr {
            let lower = (rate * self.factor).max(self.min_lr);
            model.set_learning_rate(lower)?;
            if self.verbose {
                println!("\nEpoch {}: ReduceLROnPlateau reducing learning rate to {lower}.", epoch + 1);
            }
            (self.cooling, self.wait) = (self.cooldown, 0);
        }
        Ok(())
    }
}
