//! Stochastic gradient descent, with momentum and Nesterov's look-ahead.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::SgdStep;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Gradient descent with optional (Nesterov) momentum.
///
/// With momentum $\mu$ and learning rate $\eta$, each step updates the velocity $m$ and the weights $w$:
///
/// $$ m \leftarrow \mu m - \eta g, \qquad w \leftarrow w + m $$
///
/// and with Nesterov's look-ahead $w \leftarrow w + \mu m - \eta g$. The learning rate is inside $m$, as in Keras: a later
/// change of it does not rescale the velocity. Without momentum the look-ahead has no effect.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let sgd = SGD::new(0.01).momentum(0.9).nesterov(true);
/// # let _ = sgd;
/// ```
///
/// Source: Sutskever et al., *On the importance of initialization and momentum in deep learning* (2013), eq. 1-4.
#[derive(Debug, Clone)]
pub struct SGD {
    options: OptimizerOptions,
    momentum: f64,
    nesterov: bool,
}

optimizer_options!(SGD);

impl SGD {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.01), no momentum.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), momentum: 0.0, nesterov: false }
    }

    /// The share of the last velocity that is kept, in `0.0..=1.0`; 0 by default.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether the gradient's step is taken from where the velocity leads; false by default.
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }
}

impl Optimizer for SGD {
    fn class_name(&self) -> &'static str {
        "SGD"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range("SGD: momentum", self.momentum, 0.0..=1.0)
    }

    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::new("momentum")] }
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule =
            SgdStep { learning_rate: step.learning_rate, momentum: self.momentum, nesterov: self.nesterov };
        weight.backend().sgd(rule, weight, gradient, slots.first_mut());
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(SGD, "keras.optimizers", Self::new(0.0), {
    name "name": ("sgd");
    own "options": (options);
    field "momentum": (momentum);
    field "nesterov": (nesterov);
});
