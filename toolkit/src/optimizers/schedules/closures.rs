//! Rates by a function that the user writes.

use super::Schedule;
use std::fmt;
use std::sync::Arc;

/// A rate as a function of the epoch (from 0), which `fit` tells; outside of `fit` the epoch is 0.
///
/// The type has a name, so a variable of it survives a notebook cell. [`Schedule::at`] takes its number for the epoch,
/// for plotting.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = schedules::by_epoch(|epoch| 0.01 * 0.1_f64.powf(epoch as f64 / 20.0));
/// let optimizer = SGD::new(schedule.clone());
/// assert!((schedule.at_epoch(12_345, 20) - 0.001).abs() < 1e-12);
/// # let _ = optimizer;
/// ```
pub fn by_epoch(rate: impl Fn(usize) -> f64 + Send + Sync + 'static) -> ByEpoch {
    ByEpoch(Arc::new(rate))
}

/// A rate as a function of the step, from 0.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = schedules::by_step(|step| 0.1 / (1.0 + step as f64).sqrt());
/// assert_eq!(schedule.at(3), 0.05);
/// ```
pub fn by_step(rate: impl Fn(u64) -> f64 + Send + Sync + 'static) -> ByStep {
    ByStep(Arc::new(rate))
}

/// What [`by_epoch`] makes.
#[derive(Clone)]
pub struct ByEpoch(Arc<dyn Fn(usize) -> f64 + Send + Sync>);

/// What [`by_step`] makes.
#[derive(Clone)]
pub struct ByStep(Arc<dyn Fn(u64) -> f64 + Send + Sync>);

impl Schedule for ByEpoch {
    fn at(&self, step: u64) -> f64 {
        (self.0)(usize::try_from(step).unwrap_or(usize::MAX))
    }

    fn at_epoch(&self, _step: u64, epoch: usize) -> f64 {
        (self.0)(epoch)
    }
}

impl Schedule for ByStep {
    fn at(&self, step: u64) -> f64 {
        (self.0)(step)
    }
}

impl fmt::Debug for ByEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by_epoch(..)")
    }
}

impl fmt::Debug for ByStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by_step(..)")
    }
}
