//! Adadelta: steps as large as the last ones, relative to the gradient.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Adadelta.
///
/// $$ G \leftarrow \rho G + (1 - \rho) g^2, \quad d = -\frac{\sqrt{D + \epsilon}}{\sqrt{G + \epsilon}} g, \quad
/// D \leftarrow \rho D + (1 - \rho) d^2, \quad w \leftarrow w + \eta d $$
///
/// The paper has $\eta = 1$; with Keras's default of 0.001 it hardly moves.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Adadelta::new(1.0).rho(0.9);
/// # let _ = optimizer;
/// ```
///
/// Source: Zeiler, *ADADELTA: an adaptive learning rate method* (2012), algorithm 1.
#[derive(Debug, Clone)]
pub struct Adadelta {
    options: OptimizerOptions,
    rho: f64,
    epsilon: f64,
}

optimizer_options!(Adadelta);

impl Adadelta {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), rho: 0.95, epsilon: 1e-7 }
    }

    /// The share of the mean squares that is kept each step, in `0.0..=1.0`; 0.95 by default.
    pub fn rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        self
    }

    /// What is added to the sum under the root; 1e-7 by default.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for Adadelta {
    fn class_name(&self) -> &'static str {
        "Adadelta"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range("Adadelta: rho", self.rho, 0.0..=1.0)?;
        check_range("Adadelta: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("accumulated_grad"), Slot::new("accumulated_delta_var")]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule = UpdateRule::Adadelta { rate: step.learning_rate, rho: self.rho, epsilon: self.epsilon };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Adadelta, "keras.optimizers", Self::new(0.0), {
    name "name": ("adadelta");
    own "options": (options);
    field "rho": (rho);
    field "epsilon": (epsilon);
});
