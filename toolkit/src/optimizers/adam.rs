//! Adam: momentum and a rate of its own for each weight.

use super::{LearningRate, Optimizer, Step, check_range};
use crate::backend::AdamStep;
use crate::{Result, Tensor};

/// Adam.
///
/// $$ m \leftarrow m + (1 - \beta_1)(g - m), \quad v \leftarrow v + (1 - \beta_2)(g^2 - v), \quad
/// w \leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt v + \epsilon} $$
///
/// $\epsilon$ stands outside the root, beside the uncorrected $\sqrt v$, as in Keras: it is the paper's $\hat\epsilon$.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let adam = Adam::new(ExponentialDecay::new(0.01, 37_500, 0.1)).beta_1(0.95);
/// # let _ = adam;
/// ```
///
/// Source: Kingma and Ba, *Adam: a method for stochastic optimization* (2014), section 2.
#[derive(Debug, Clone)]
pub struct Adam {
    learning_rate: LearningRate,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

impl Adam {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { learning_rate: learning_rate.into(), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
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
}

impl Optimizer for Adam {
    fn class_name(&self) -> &'static str {
        "Adam"
    }

    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn check(&self) -> Result<()> {
        self.learning_rate.check()?;
        check_range("Adam: beta_1", self.beta_1, 0.0..1.0)?;
        check_range("Adam: beta_2", self.beta_2, 0.0..1.0)?;
        check_range("Adam: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<&'static str> {
        vec!["momentum", "velocity"]
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let power = |beta: f64| beta.powi(i32::try_from(step.number).unwrap_or(i32::MAX));
        let alpha = step.learning_rate * (1.0 - power(self.beta_2)).sqrt() / (1.0 - power(self.beta_1));
        let rule = AdamStep { alpha, beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon };
        if let [mean, square] = slots {
            weight.backend().adam(rule, weight, gradient, mean, square);
        }
    }
}
