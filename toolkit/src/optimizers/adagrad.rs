//! Adagrad: a rate of its own for each weight, which only falls.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Adagrad.
///
/// $$ a \leftarrow a + g^2, \qquad w \leftarrow w - \eta \frac{g}{\sqrt{a + \epsilon}} $$
///
/// The sum $a$ begins at 0.1 and $\epsilon$ stands inside the root, as in Keras.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Adagrad::new(0.1).initial_accumulator_value(0.01);
/// # let _ = optimizer;
/// ```
///
/// Source: Duchi, Hazan and Singer, *Adaptive subgradient methods for online learning* (2011).
#[derive(Debug, Clone)]
pub struct Adagrad {
    options: OptimizerOptions,
    initial_accumulator_value: f64,
    epsilon: f64,
}

optimizer_options!(Adagrad);

impl Adagrad {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), initial_accumulator_value: 0.1, epsilon: 1e-7 }
    }

    /// Where the sum of squares begins, at least 0; 0.1 by default.
    pub fn initial_accumulator_value(mut self, initial_accumulator_value: f64) -> Self {
        self.initial_accumulator_value = initial_accumulator_value;
        self
    }

    /// What is added to the sum under the root; 1e-7 by default.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for Adagrad {
    fn class_name(&self) -> &'static str {
        "Adagrad"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range(
            "Adagrad: initial_accumulator_value",
            self.initial_accumulator_value,
            0.0..f64::INFINITY,
        )?;
        check_range("Adagrad: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("accumulator").initial(self.initial_accumulator_value)]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule = UpdateRule::Adagrad { rate: step.learning_rate, epsilon: self.epsilon };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Adagrad, "keras.optimizers", Self::new(0.0), {
    name "name": ("adagrad");
    own "options": (options);
    field "initial_accumulator_value": (initial_accumulator_value);
    field "epsilon": (epsilon);
});
