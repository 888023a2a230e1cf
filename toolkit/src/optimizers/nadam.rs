//! Nadam: Adam with Nesterov's look-ahead.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Nadam, with Dozat's schedule of the momentum.
///
/// With $u_t = \beta_1 (1 - \frac12 0.96^t)$ and the product $P_t$ of all $u$ up to $t$:
///
/// $$ \hat m = \frac{u_{t+1}}{1 - P_t u_{t+1}} m + \frac{1 - u_t}{1 - P_t} g, \qquad
/// w \leftarrow w - \eta \frac{\hat m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} $$
///
/// $m$ and $v$ are Adam's; unlike there, $\epsilon$ stands beside the corrected root.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = Nadam::new(0.002);
/// # let _ = optimizer;
/// ```
///
/// Source: Dozat, *Incorporating Nesterov momentum into Adam* (2016), algorithm 8.
#[derive(Debug, Clone)]
pub struct Nadam {
    options: OptimizerOptions,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

optimizer_options!(Nadam);

impl Nadam {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }

    /// The share of the mean that is kept each step, in `0.0..1.0`; 0.9 by default.
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// The share of the mean square that is kept each step, in `0.0..1.0`; 0.999 by default.
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// What is added to the root; 1e-7 by default.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// $u_t$.
    fn share(&self, number: u64) -> f64 {
        self.beta_1 * (1.0 - 0.5 * 0.96_f64.powf(number as f64))
    }
}

impl Optimizer for Nadam {
    fn class_name(&self) -> &'static str {
        "Nadam"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range("Nadam: beta_1", self.beta_1, 0.0..1.0)?;
        check_range("Nadam: beta_2", self.beta_2, 0.0..1.0)?;
        check_range("Nadam: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("momentum"), Slot::new("velocity")]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let (now, next) = (self.share(step.number), self.share(step.number + 1));
        let rule = UpdateRule::Nadam {
            mean_rate: step.learning_rate * next / (1.0 - step.shared * next),
            gradient_rate: step.learning_rate * (1.0 - now) / (1.0 - step.shared),
            square_scale: 1.0 / (1.0 - step.power(self.beta_2)),
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
        };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn shared(&self) -> Option<Slot> {
        Some(Slot::new("u_product").initial(1.0))
    }

    fn next_shared(&self, step: Step) -> f64 {
        step.shared * self.share(step.number)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Nadam, "keras.optimizers", Self::new(0.0), {
    name "name": ("nadam");
    own "options": (options);
    field "beta_1": (beta_1);
    field "beta_2": (beta_2);
    field "epsilon": (epsilon);
});
