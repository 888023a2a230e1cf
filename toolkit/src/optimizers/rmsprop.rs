//! RMSprop: gradients divided by their recent size.

use super::{LearningRate, Optimizer, OptimizerOptions, Slot, Step, check_range, optimizer_options};
use crate::backend::UpdateRule;
use crate::config::{Config, keras_config};
use crate::{Result, Tensor};

/// RMSprop, with momentum and centred where that is asked for.
///
/// $$ v \leftarrow \rho v + (1 - \rho) g^2, \qquad w \leftarrow w - \eta \frac{g}{\sqrt{v + \epsilon}} $$
///
/// Centred, the root is taken of $v - a^2 + \epsilon$, where $a$ is the mean gradient; with momentum $\mu$ the step
/// is $m \leftarrow \mu m + \eta g / \sqrt{\cdot}$. $\epsilon$ stands inside the root, as in Keras.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let optimizer = RMSprop::new(0.001).rho(0.9).momentum(0.9).centered(true);
/// # let _ = optimizer;
/// ```
///
/// Source: Tieleman and Hinton, *Lecture 6.5: rmsprop* (2012).
#[derive(Debug, Clone)]
pub struct RMSprop {
    options: OptimizerOptions,
    rho: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
}

optimizer_options!(RMSprop);

impl RMSprop {
    /// An optimizer with the given learning rate (a number or a schedule; Keras's default is 0.001).
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            options: OptimizerOptions::new(learning_rate),
            rho: 0.9,
            momentum: 0.0,
            epsilon: 1e-7,
            centered: false,
        }
    }

    /// The share of the mean square that is kept each step, in `0.0..=1.0`; 0.9 by default.
    pub fn rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        self
    }

    /// The share of the last step that is kept, in `0.0..=1.0`; 0 by default.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// What is added to the sum under the root; 1e-7 by default.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether the mean gradient is taken off; false by default.
    pub fn centered(mut self, centered: bool) -> Self {
        self.centered = centered;
        self
    }
}

impl Optimizer for RMSprop {
    fn class_name(&self) -> &'static str {
        "RMSprop"
    }

    fn options(&self) -> &OptimizerOptions {
        &self.options
    }

    fn check(&self) -> Result<()> {
        check_range("RMSprop: rho", self.rho, 0.0..=1.0)?;
        check_range("RMSprop: momentum", self.momentum, 0.0..=1.0)?;
        check_range("RMSprop: epsilon", self.epsilon, 0.0..f64::INFINITY)
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::new("velocity")];
        if self.momentum > 0.0 {
            slots.push(Slot::new("momentum").group(slots.len()));
        }
        if self.centered {
            slots.push(Slot::new("average_gradient").group(slots.len()));
        }
        slots
    }

    fn update(&self, step: Step, weight: &mut Tensor, gradient: &Tensor, slots: &mut [Tensor]) {
        let rule = UpdateRule::RmsProp {
            rate: step.learning_rate,
            rho: self.rho,
            momentum: self.momentum,
            epsilon: self.epsilon,
            centered: self.centered,
        };
        weight.backend().update(rule, weight, gradient, slots);
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(RMSprop, "keras.optimizers", Self::new(0.0), {
    name "name": ("rm_sprop");
    own "options": (options);
    field "rho": (rho);
    field "momentum": (momentum);
    field "epsilon": (epsilon);
    field "centered": (centered);
});
