//! AdamW: Adam with decay of the weights beside the gradient.

use super::adam::{AdamRule, adam_options};
use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, optimizer_options};
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// [`Adam`](super::Adam) that first takes a share off each weight: $w \leftarrow w - \eta \lambda w$.
///
/// Unlike an L2 penalty, which Adam divides by the gradient's size, this shrinks all weights alike. $\lambda$
/// (`weight_decay`) is 0.004 by default, as in Keras.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = AdamW::new(0.001).weight_decay(0.01).exclude_from_weight_decay(["bias", "gamma", "beta"]);
/// # let _ = optimizer;
/// ```
///
/// Source: Loshchilov and Hutter, *Decoupled weight decay regularization* (2017), algorithm 2.
#[derive(Debug, Clone)]
pub struct AdamW {
    options: OptimizerOptions,
    rule: AdamRule,
}

optimizer_options!(AdamW);
adam_options!(AdamW);

impl AdamW {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        let options = OptimizerOptions::new(learning_rate);
        Self { options, rule: AdamRule::default() }.weight_decay(0.004)
    }
}

impl Optimizer for AdamW {
    fn class_name(&self) -> &'static str {
        "AdamW"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        self.rule.check("AdamW")
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

keras_config!(AdamW, "keras.optimizers", Self::new(0.0), {
    name "name": ("adam_w");
    own "options": (options);
    field "beta_1": (rule.beta_1);
    field "beta_2": (rule.beta_2);
    field "epsilon": (rule.epsilon);
    field "amsgrad": (rule.amsgrad);
});
