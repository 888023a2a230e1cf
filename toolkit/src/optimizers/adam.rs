//! Adam: momentum and a rate of its own for each weight.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::{AdamStep, UpdateRule};
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// Gives an optimizer with a field `rule: AdamRule` its builder methods.
macro_rules! adam_options {
    ($optimizer:ident) => {
        impl $optimizer {
            /// The share of the mean that is kept each step, in `0.0..1.0`; 0.9 by default.
            pub fn beta_1(mut self, beta_1: f64) -> Self {
                self.rule.beta_1 = beta_1;
                self
            }

            /// The share of the mean square that is kept each step, in `0.0..1.0`; 0.999 by default.
            pub fn beta_2(mut self, beta_2: f64) -> Self {
                self.rule.beta_2 = beta_2;
                self
            }

            /// What is added to the root; 1e-7 by default.
            pub fn epsilon(mut self, epsilon: f64) -> Self {
                self.rule.epsilon = epsilon;
                self
            }

            /// Whether the largest mean square so far is used (Reddi et al., 2018); false by default.
            pub fn amsgrad(mut self, amsgrad: bool) -> Self {
                self.rule.amsgrad = amsgrad;
                self
            }
        }
    };
}
pub(super) use adam_options;

/// Adam.
///
/// $$ m \leftarrow m + (1 - \beta_1)(g - m), \quad v \leftarrow v + (1 - \beta_2)(g^2 - v), \quad
/// w \leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt v + \epsilon} $$
///
/// $\epsilon$ stands outside the root, beside the uncorrected $\sqrt v$, as in Keras: it is the paper's $\hat\epsilon$.
/// With `amsgrad`, $v$ under the root is the largest so far.
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
    options: OptimizerOptions,
    rule: AdamRule,
}

optimizer_options!(Adam);
adam_options!(Adam);

impl Adam {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self { options: OptimizerOptions::new(learning_rate), rule: AdamRule::default() }
    }
}

impl Optimizer for Adam {
    fn class_name(&self) -> &'static str {
        "Adam"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        self.rule.check("Adam")
    }

    fn slots(&self) -> Vec<Slot> {
        self.rule.slots()
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        self.rule.update(step, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Adam, "keras.optimizers", Self::new(0.0), {
    name "name": ("adam");
    own "options": (options);
    field "beta_1": (rule.beta_1);
    field "beta_2": (rule.beta_2);
    field "epsilon": (rule.epsilon);
    field "amsgrad": (rule.amsgrad);
});

/// What Adam and AdamW share.
#[derive(Debug, Clone)]
pub(super) struct AdamRule {
    pub(super) beta_1: f64,
    pub(super) beta_2: f64,
    pub(super) epsilon: f64,
    pub(super) amsgrad: bool,
}

impl Default for AdamRule {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

impl AdamRule {
    pub(super) fn check(&self, class: &str) -> Result<()> {
        check_range(&format!("{class}: beta_1"), self.beta_1, 0.0..1.0)?;
        check_range(&format!("{class}: beta_2"), self.beta_2, 0.0..1.0)?;
        check_range(&format!("{class}: epsilon"), self.epsilon, 0.0..f64::INFINITY)
    }

    pub(super) fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::new("momentum"), Slot::new("velocity")];
        if self.amsgrad {
            slots.push(Slot::new("velocity_hat").group(1));
        }
        slots
    }

    pub(super) fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let alpha =
            step.learning_rate * (1.0 - step.power(self.beta_2)).sqrt() / (1.0 - step.power(self.beta_1));
        let rule = AdamStep { alpha, beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon };
        match slots {
            [mean, square] => weight.backend().adam(rule, weight, gradient, mean, square),
            _ => weight.backend().update(UpdateRule::Amsgrad(rule), weight, gradient, slots),
        }
    }
}
