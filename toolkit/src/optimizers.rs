//! Optimizers: how gradients move weights.

use crate::choice::choice_of;
use crate::{Error, Result, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

mod adam;
pub mod schedules;
mod sgd;

pub use adam::Adam;
pub use schedules::LearningRate;
pub use sgd::SGD;

/// An update rule.
///
/// An optimizer holds hyper-parameters only; what it remembers of each weight (moments, velocities) is in slots that the
/// model keeps.
pub trait Optimizer: Debug + Send + Sync {
    /// Keras's name of the class, such as `Adam`.
    fn class_name(&self) -> &'static str;

    /// The learning rate: a number or a schedule.
    fn learning_rate(&self) -> &LearningRate;

    /// Reports hyper-parameters outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()>;

    /// The names of the slots of each weight; all begin as 0.
    fn slots(&self) -> Vec<&'static str>;

    /// Moves `weight` by one step along its gradient.
    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]);
}

/// Where in training an update is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The number of the step, from 1.
    pub number: u64,
}

choice_of!(Optimizer, by_name);

/// The optimizer of this name (in any case), with Keras's default rates.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Optimizer>> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "sgd" => Arc::new(SGD::new(0.01)),
        "adam" => Arc::new(Adam::new(0.001)),
        _ => return Err(Error::unknown_name("optimizer", name, ["sgd", "adam"])),
    })
}

/// An error unless `value` lies in the range of valid values.
pub(crate) fn check_range(
    what: &str,
    value: f64,
    valid: impl std::ops::RangeBounds<f64> + Debug,
) -> Result<()> {
    if valid.contains(&value) {
        return Ok(());
    }
    Err(Error::argument(format!("{what} must be in {valid:?}, but is {value}")))
}
