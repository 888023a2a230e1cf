//! Optimizers of the user's own as closures.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, optimizer_options};
use crate::tensor::Tensor;
use std::fmt;
use std::sync::Arc;

type Update = dyn Fn(Step, &mut Tensor, &Tensor, &mut [Tensor]) + Send + Sync;

/// An optimizer of one's own, from a function that moves one weight along its gradient.
///
/// The function gets the step, the weight, its gradient, and what it remembers of that weight: the slots, which begin
/// as zeros. Decay, clipping and averages work as with any other optimizer. What shares a number between all weights
/// implements [`Optimizer`].
///
/// # Example
/// Gradient descent with momentum:
/// ```
/// use kiln::prelude::*;
/// let momentum = optimizers::from_fn("Momentum", 0.1, |step, weight, gradient, slots| {
///     slots[0] = &slots[0] * 0.9 - gradient * step.learning_rate;
///     *weight = &*weight + &slots[0];
/// })
/// .slots(["velocity"]);
///
/// let (x, y) = (Tensor::new([[0.0], [1.0], [2.0]]), Tensor::new([[1.0], [3.0], [5.0]]));
/// let trained = |optimizer: kiln::choice::Choice<dyn Optimizer>| {
///     let mut model = Sequential::new().seed(3).add(Dense::new(1).input_shape([1]));
///     model.compile(optimizer, "mse", ())?;
///     model.fit(&x, &y).epochs(20).shuffle(false).verbose(0).run()?;
///     Ok::<_, kiln::Error>(model.get_weights()?[0].item()?)
/// };
/// let difference = trained(momentum.into())? - trained(SGD::new(0.1).momentum(0.9).into())?;
/// assert!(difference.abs() < 1e-5);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn from_fn(
    name: &'static str,
    learning_rate: impl Into<LearningRate>,
    update: impl Fn(Step, &mut Tensor, &Tensor, &mut [Tensor]) + Send + Sync + 'static,
) -> OptimizerFn {
    OptimizerFn {
        options: OptimizerOptions::new(learning_rate),
        name,
        slots: Vec::new(),
        update: Arc::new(update),
    }
}

/// What [`from_fn`] makes.
#[derive(Clone)]
pub struct OptimizerFn {
    options: OptimizerOptions,
    name: &'static str,
    slots: Vec<Slot>,
    update: Arc<Update>,
}

optimizer_options!(OptimizerFn);

impl OptimizerFn {
    /// What it remembers of each weight, by name: tensors of the weight's shape that begin as zeros.
    pub fn slots(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.slots = names.into_iter().map(Slot::new).collect();
        self
    }
}

impl Optimizer for OptimizerFn {
    fn class_name(&self) -> &'static str {
        self.name
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn slots(&self) -> Vec<Slot> {
        self.slots.clone()
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        (self.update)(step, weight, gradient, slots);
    }
}

impl fmt::Debug for OptimizerFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "optimizers::from_fn({:?}, {:?}, ..)", self.name, self.options.learning_rate)
    }
}
