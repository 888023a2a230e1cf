//! Lion: steps of one size, by the sign of a momentum.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Error, Result, Tensor};

/// Lion.
///
/// $$ w \leftarrow w - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g), \qquad
/// m \leftarrow \beta_2 m + (1 - \beta_2) g $$
///
/// Each step has the size $\eta$, so the rate is smaller than Adam's, a third to a tenth.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Lion::new(1e-4).weight_decay(0.01);
/// # let _ = optimizer;
/// ```
///
/// Source: Chen et al., *Symbolic discovery of optimization algorithms* (2023), program 1.
#[derive(Debug, Clone)]
pub struct Lion {
    options: OptimizerOptions,
    beta_1: f64,
    beta_2: f64,
}

optimizer_options!(Lion);

impl Lion {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), beta_1: 0.9, beta_2: 0.99 }
    }

    /// The share of the momentum in a step, in `0.0..=1.0` without 0; 0.9 by default.
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// The share of the momentum that is kept each step, in `0.0..=1.0`; 0.99 by default.
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
    }
}

impl Optimizer for Lion {
    fn class_name(&self) -> &'static str {
        "Lion"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        if self.beta_1 == 0.0 {
            return Err(Error::argument("Lion: beta_1 must be above 0 and at most 1, but is 0"));
        }
        check_range("Lion: beta_1", self.beta_1, 0.0..=1.0)?;
        check_range("Lion: beta_2", self.beta_2, 0.0..=1.0)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("momentum")]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule = UpdateRule::Lion { rate: step.learning_rate, beta_1: self.beta_1, beta_2: self.beta_2 };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Lion, "keras.optimizers", Self::new(0.0), {
    name "name": ("lion");
    own "options": (options);
    field "beta_1": (beta_1);
    field "beta_2": (beta_2);
});
