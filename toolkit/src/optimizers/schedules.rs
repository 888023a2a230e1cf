//! Learning rates that change with the step.

use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// A learning rate as a function of the step, from 0.
pub trait Schedule: Debug + Send + Sync {
    /// The rate of the update number `step`.
    fn at(&self, step: u64) -> f64;

    /// Reports hyper-parameters outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// What an optimizer takes as its learning rate: a number or a schedule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LearningRate {
    /// One number, which callbacks may change.
    Constant(f64),
    /// A function of the step.
    Schedule(Arc<dyn Schedule>),
}

impl LearningRate {
    /// The rate of the update number `step`, from 0.
    pub fn at(&self, step: u64) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Schedule(schedule) => schedule.at(step),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Constant(rate) if !(rate.is_finite() && *rate >= 0.0) => Err(Error::argument(format!(
                "the learning rate must be at least 0 and finite, but is {rate}"
            ))),
            Self::Constant(_) => Ok(()),
            Self::Schedule(schedule) => schedule.check(),
        }
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Constant(rate)
    }
}

impl<S: Schedule + 'static> From<S> for LearningRate {
    fn from(schedule: S) -> Self {
        Self::Schedule(Arc::new(schedule))
    }
}

/// $\eta_0 r^{s/N}$: the rate is multiplied by $r$ every $N$ steps, smoothly or in a staircase.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = ExponentialDecay::new(0.01, 37_500, 0.1);
/// assert!((schedule.at(37_500) - 0.001).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct ExponentialDecay {
    initial_learning_rate: f64,
    decay_steps: u64,
    decay_rate: f64,
    staircase: bool,
}

impl ExponentialDecay {
    /// From `initial_learning_rate`, times `decay_rate` every `decay_steps` steps.
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self { initial_learning_rate, decay_steps, decay_rate, staircase: false }
    }

    /// Whether the exponent is rounded down to whole numbers; false by default.
    pub fn staircase(mut self, staircase: bool) -> Self {
        self.staircase = staircase;
        self
    }
}

impl Schedule for ExponentialDecay {
    fn at(&self, step: u64) -> f64 {
        let share = step as f64 / self.decay_steps as f64;
        self.initial_learning_rate * self.decay_rate.powf(if self.staircase { share.floor() } else { share })
    }

    fn check(&self) -> Result<()> {
        if self.decay_steps > 0 {
            return Ok(());
        }
        Err(Error::argument("ExponentialDecay: decay_steps must be at least 1, but is 0"))
    }
}
