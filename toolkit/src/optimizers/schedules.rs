//! Learning rates that change with the step.

use crate::config::{Config, without_config};
use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

mod closures;
mod cosine;
mod decays;
mod one_cycle;

pub use closures::{ByEpoch, ByStep, by_epoch, by_step};
pub use cosine::{CosineDecay, CosineDecayRestarts};
pub use decays::{ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, PowerDecay};
pub use one_cycle::OneCycle;

/// A learning rate as a function of the step, from 0. [`by_epoch`] and [`by_step`] make one of a closure.
///
/// # Example
/// ```
/// use kiln::prelude::*;
///
/// #[derive(Debug)]
/// struct Halving;
/// impl Schedule for Halving {
///     fn at(&self, step: u64) -> f64 {
///         0.1 * 0.5_f64.powf((step / 1000) as f64)
///     }
/// }
/// let optimizer = SGD::new(Halving);
/// assert_eq!(optimizer.learning_rate().at(2500), 0.025);
/// ```
pub trait Schedule: Debug + Send + Sync {
    /// The rate of the update number `step`.
    fn at(&self, step: u64) -> f64;

    /// The rate of the update number `step`, in an epoch (from 0) that `fit` has told; by the step alone unless written.
    fn at_epoch(&self, step: u64, _epoch: usize) -> f64 {
        self.at(step)
    }

    /// Reports hyper-parameters outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// What Keras's JSON says of it; only the built-in ones have that.
    ///
    /// # Errors
    /// For one of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("schedule", &format_args!("{self:?}")))
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

    /// The rate of the update number `step` in this epoch, both from 0.
    pub fn at_epoch(&self, step: u64, epoch: usize) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Schedule(schedule) => schedule.at_epoch(step, epoch),
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

fn check_rate(what: &str, rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        return Ok(());
    }
    Err(Error::argument(format!("{what} must be at least 0 and finite, but is {rate}")))
}

fn check_steps(what: &str, steps: u64) -> Result<()> {
    if steps > 0 { Ok(()) } else { Err(Error::argument(format!("{what} must be at least 1, but is 0"))) }
}
