//! Adamax: Adam by the largest recent gradient.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Adamax.
///
/// $$ m \leftarrow m + (1 - \beta_1)(g - m), \quad u \leftarrow \max(\beta_2 u, |g|), \quad
/// w \leftarrow w - \frac{\eta}{1 - \beta_1^t} \frac{m}{u + \epsilon} $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Adamax::new(0.002);
/// # let _ = optimizer;
/// ```
///
/// Source: Kingma and Ba, *Adam: a method for stochastic optimization* (2014), section 7.1.
#[derive(Debug, Clone)]
pub struct Adamax {
    options: OptimizerOptions,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

optimizer_options!(Adamax);

impl Adamax {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }

    /// The share of the mean that is kept each step, in `0.0..1.0`; 0.9 by default.
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// The share of the largest size that is kept each step, in `0.0..1.0`; 0.999 by default.
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// What is added to the size; 1e-7 by default.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for Adamax {
    fn class_name(&self) -> &'static str {
        "Adamax"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range("Adamax: beta_1", self.beta_1, 0.0..1.0)?;
        check_range("Adamax: beta_2", self.beta_2, 0.0..1.0)?;
        check_range("Adamax: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("momentum"), Slot::new("norm")]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule = UpdateRule::Adamax {
            rate: step.learning_rate / (1.0 - step.power(self.beta_1)),
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
        };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Adamax, "keras.optimizers", Self::new(0.0), {
    name "name": ("adamax");
    own "options": (options);
    field "beta_1": (beta_1);
    field "beta_2": (beta_2);
    field "epsilon": (epsilon);
});
