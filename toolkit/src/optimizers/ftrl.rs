//! Ftrl: follow the regularized leader, which drives weights to exactly 0.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Error, Result, Tensor};

/// Ftrl-proximal.
///
/// With $p$ = `learning_rate_power`, $\lambda_2' = \lambda_2 + \beta / 2\eta$ and $s = g + 2 \lambda_s w$:
///
/// $$ a' = a + g^2, \quad z \leftarrow z + s - \frac{a'^{-p} - a^{-p}}{\eta} w, \quad
/// w \leftarrow \frac{\mathrm{clip}(z, -\lambda_1, \lambda_1) - z}{a'^{-p} / \eta + 2 \lambda_2'} $$
///
/// The weight is computed anew from $z$ in each step: where it begins is forgotten. The rate must not be 0.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Ftrl::new(0.05).l1_regularization_strength(0.01);
/// # let _ = optimizer;
/// ```
///
/// Source: McMahan et al., *Ad click prediction: a view from the trenches* (2013), algorithm 1.
#[derive(Debug, Clone)]
pub struct Ftrl {
    options: OptimizerOptions,
    learning_rate_power: f64,
    initial_accumulator_value: f64,
    l1_regularization_strength: f64,
    l2_regularization_strength: f64,
    l2_shrinkage_regularization_strength: f64,
    beta: f64,
}

optimizer_options!(Ftrl);

impl Ftrl {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            options: OptimizerOptions::new(learning_rate),
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }

    /// How the rate falls with the sum of squares, at most 0; -0.5 by default.
    pub fn learning_rate_power(mut self, learning_rate_power: f64) -> Self {
        self.learning_rate_power = learning_rate_power;
        self
    }

    /// Where the sum of squares begins, at least 0; 0.1 by default.
    pub fn initial_accumulator_value(mut self, initial_accumulator_value: f64) -> Self {
        self.initial_accumulator_value = initial_accumulator_value;
        self
    }

    /// $\lambda_1$, at least 0; 0 by default.
    pub fn l1_regularization_strength(mut self, l1_regularization_strength: f64) -> Self {
        self.l1_regularization_strength = l1_regularization_strength;
        self
    }

    /// $\lambda_2$, at least 0; 0 by default.
    pub fn l2_regularization_strength(mut self, l2_regularization_strength: f64) -> Self {
        self.l2_regularization_strength = l2_regularization_strength;
        self
    }

    /// $\lambda_s$, at least 0; 0 by default.
    pub fn l2_shrinkage_regularization_strength(mut self, l2_shrinkage_regularization_strength: f64) -> Self {
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength;
        self
    }

    /// $\beta$, at least 0; 0 by default.
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }
}

impl Optimizer for Ftrl {
    fn class_name(&self) -> &'static str {
        "Ftrl"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        if self.learning_rate_power > 0.0 || self.learning_rate_power.is_nan() {
            return Err(Error::argument(format!(
                "Ftrl: learning_rate_power must be at most 0, but is {}",
                self.learning_rate_power
            )));
        }
        check_range("Ftrl: initial_accumulator_value", self.initial_accumulator_value, 0.0..f64::INFINITY)?;
        check_range("Ftrl: l1_regularization_strength", self.l1_regularization_strength, 0.0..f64::INFINITY)?;
        check_range("Ftrl: l2_regularization_strength", self.l2_regularization_strength, 0.0..f64::INFINITY)?;
        check_range(
            "Ftrl: l2_shrinkage_regularization_strength",
            self.l2_shrinkage_regularization_strength,
            0.0..f64::INFINITY,
        )?;
        check_range("Ftrl: beta", self.beta, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        let accumulator = Slot::new("accumulator").initial(self.initial_accumulator_value);
        vec![accumulator, Slot::new("linear")]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        if step.learning_rate == 0.0 {
            return; // The formula divides by the rate; its limit is no change.
        }
        let rule = UpdateRule::Ftrl {
            rate: step.learning_rate,
            power: self.learning_rate_power,
            l1: self.l1_regularization_strength,
            l2: self.l2_regularization_strength + self.beta / (2.0 * step.learning_rate),
            shrinkage: self.l2_shrinkage_regularization_strength,
        };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Ftrl, "keras.optimizers", Self::new(0.0), {
    name "name": ("ftrl");
    own "options": (options);
    field "learning_rate_power": (learning_rate_power);
    field "initial_accumulator_value": (initial_accumulator_value);
    field "l1_regularization_strength": (l1_regularization_strength);
    field "l2_regularization_strength": (l2_regularization_strength);
    field "l2_shrinkage_regularization_strength": (l2_shrinkage_regularization_strength);
    field "beta": (beta);
});
