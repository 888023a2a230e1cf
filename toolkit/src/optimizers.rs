//! Optimizers: how gradients move weights.

use crate::choice::choice_of;
use crate::config::{Config, without_config};
use crate::{Error, Result, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod ftrl;
mod lion;
mod nadam;
mod options;
mod own;
mod rmsprop;
pub mod schedules;
mod sgd;
mod state;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use ftrl::Ftrl;
pub use lion::Lion;
pub use nadam::Nadam;
pub use options::OptimizerOptions;
pub use own::{OptimizerFn, from_fn};
pub use rmsprop::RMSprop;
pub use schedules::LearningRate;
pub use sgd::SGD;
pub(crate) use state::Moved;
pub use state::OptimizerState;

pub(crate) use options::optimizer_options;

/// An update rule.
///
/// An optimizer holds hyper-parameters only; what it remembers of each weight (moments, velocities) is in slots that an
/// [`OptimizerState`] keeps. That also does what all optimizers share: clipping, decay, averages. [`from_fn`] makes one
/// of a closure.
///
/// # Example
/// ```
/// use kiln::optimizers::{OptimizerOptions, Slot, Step};
/// use kiln::prelude::*;
///
/// #[derive(Debug)]
/// struct SignDescent {
///     options: OptimizerOptions,
/// }
///
/// impl Optimizer for SignDescent {
///     fn class_name(&self) -> &'static str {
///         "SignDescent"
///     }
///     fn options(&self) -> &OptimizerOptions {
///         &self.options
///     }
///     fn slots(&self) -> Vec<Slot> {
///         vec![]
///     }
///     fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, _slots: &mut [Tensor]) {
///         *weight = &*weight - gradient.sign() * step.learning_rate;
///     }
/// }
///
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile(SignDescent { options: OptimizerOptions::new(0.01) }, "mse", ())?;
/// let before = model.get_weights()?[1].item()?;
/// model.train_on_batch(&Tensor::ones([4, 1]), &Tensor::full([4, 1], 9.0))?;
/// assert!((model.get_weights()?[1].item()? - before - 0.01).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Optimizer: Debug + Send + Sync {
    /// Keras's name of the class, such as `Adam`.
    fn class_name(&self) -> &'static str;

    /// The learning rate, and the options that all optimizers share.
    fn options(&self) -> &OptimizerOptions;

    /// Reports hyper-parameters of its own outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The slots of each weight.
    fn slots(&self) -> Vec<Slot>;

    /// Moves `weight` by one step along its gradient.
    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]);

    /// A number that all weights share, if there is one.
    fn shared(&self) -> Option<Slot> {
        None
    }

    /// The shared number of this step, from the one before it in `step.shared`.
    fn next_shared(&self, step: Step) -> f64 {
        step.shared
    }

    /// The learning rate: a number or a schedule.
    fn learning_rate(&self) -> &LearningRate {
        &self.options().learning_rate
    }

    /// What Keras's JSON says of it; only the built-in ones have that.
    ///
    /// # Errors
    /// For one of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("optimizer", &format_args!("{self:?}")))
    }
}

/// What an optimizer remembers of each weight, under this name: a tensor of the weight's shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    pub(crate) name: &'static str,
    pub(crate) initial: f64,
    pub(crate) group: usize,
}

/// Where in training an update is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The number of the update, from 1.
    pub number: u64,
    /// The number that all weights share; see [`Optimizer::shared`].
    pub shared: f64,
}

impl Step {
    /// $\beta^t$ of the update's number $t$, with $\beta$ rounded to 32 bits as in Keras.
    pub fn power(&self, beta: f64) -> f64 {
        f64::from(beta as f32).powi(i32::try_from(self.number).unwrap_or(i32::MAX))
    }
}

choice_of!(Optimizer, by_name);

/// The optimizer of this name (in any case), with Keras's default rates.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Optimizer>> {
    const NAMES: [&str; 10] =
        ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "adamax", "nadam", "lion", "ftrl"];
    Ok(match name.to_ascii_lowercase().as_str() {
        "sgd" => Arc::new(SGD::new(0.01)),
        "adagrad" => Arc::new(Adagrad::new(0.001)),
        "adadelta" => Arc::new(Adadelta::new(0.001)),
        "rmsprop" => Arc::new(RMSprop::new(0.001)),
        "adam" => Arc::new(Adam::new(0.001)),
        "adamw" => Arc::new(AdamW::new(0.001)),
        "adamax" => Arc::new(Adamax::new(0.001)),
        "nadam" => Arc::new(Nadam::new(0.001)),
        "lion" => Arc::new(Lion::new(0.001)),
        "ftrl" => Arc::new(Ftrl::new(0.001)),
        _ => return Err(Error::unknown_name("optimizer", name, NAMES)),
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
