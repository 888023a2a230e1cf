//! Rates along half a cosine.

use super::{Schedule, check_rate, check_steps};
use crate::config::{Config, keras_config};
use crate::optimizers::check_range;
use crate::{Error, Result};
use std::f64::consts::PI;

/// Half a cosine from the initial rate down to a share `alpha` of it, with a warm-up before where it is asked for.
///
/// $$ \eta_0 \left((1 - \alpha) \tfrac12 (1 + \cos(\pi s / N)) + \alpha\right) $$
///
/// With [`warmup`](Self::warmup) the rate first rises along a line from $\eta_0$ to a target, from which the cosine then
/// falls; $\alpha$ is then a share of the target.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = CosineDecay::new(0.0, 1000).warmup(0.1, 100);
/// assert!((schedule.at(50) - 0.05).abs() < 1e-12 && (schedule.at(600) - 0.05).abs() < 1e-12);
/// ```
///
/// Source: Loshchilov and Hutter, *SGDR* (2016), eq. 5.
#[derive(Debug, Clone)]
pub struct CosineDecay {
    pub(crate) initial_learning_rate: f64,
    pub(crate) decay_steps: u64,
    pub(crate) alpha: f64,
    pub(crate) warmup_target: Option<f64>,
    pub(crate) warmup_steps: u64,
}

impl CosineDecay {
    /// From `initial_learning_rate` down to 0 in `decay_steps` steps (at least 1).
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self { initial_learning_rate, decay_steps, alpha: 0.0, warmup_target: None, warmup_steps: 0 }
    }

    /// The last rate as a share of the largest; 0 by default.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// First rises to the rate `target` in `steps` steps.
    pub fn warmup(mut self, target: f64, steps: u64) -> Self {
        (self.warmup_target, self.warmup_steps) = (Some(target), steps);
        self
    }
}

impl Schedule for CosineDecay {
    fn at(&self, step: u64) -> f64 {
        let (top, step) = match self.warmup_target {
            None => (self.initial_learning_rate, step),
            Some(target) if step < self.warmup_steps => {
                let share = step as f64 / self.warmup_steps as f64;
                return self.initial_learning_rate + (target - self.initial_learning_rate) * share;
            }
            Some(target) => (target, step - self.warmup_steps),
        };
        let share = step.min(self.decay_steps) as f64 / self.decay_steps as f64;
        top * ((1.0 - self.alpha) * 0.5 * (1.0 + (PI * share).cos()) + self.alpha)
    }

    fn check(&self) -> Result<()> {
        check_rate("CosineDecay: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("CosineDecay: warmup_target", self.warmup_target.unwrap_or_default())?;
        check_rate("CosineDecay: alpha", self.alpha)?;
        check_steps("CosineDecay: decay_steps", self.decay_steps)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(CosineDecay, "keras.optimizers.schedules", Self::new(0.0, 1), {
    must "initial_learning_rate": (initial_learning_rate);
    must "decay_steps": (decay_steps);
    field "alpha": (alpha);
    name "name": ("CosineDecay");
    field "warmup_target": (warmup_target);
    field "warmup_steps": (warmup_steps);
});

/// Half a cosine after the other, each `t_mul` times as long and from `m_mul` times as high as the last (SGDR).
///
/// With the share $f$ of the present period $i$: $\eta_0 ((1 - \alpha) \tfrac12 m^i (1 + \cos(\pi f)) + \alpha)$. The
/// period is found in 32-bit arithmetic as in Keras, so a restart may come a step off.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = CosineDecayRestarts::new(0.1, 100).t_mul(2.0).m_mul(0.5);
/// assert!((schedule.at(150) - 0.05 * 0.5 * (1.0 + (std::f64::consts::PI / 4.0).cos())).abs() < 1e-6);
/// ```
///
/// Source: Loshchilov and Hutter, *SGDR: stochastic gradient descent with warm restarts* (2016).
#[derive(Debug, Clone)]
pub struct CosineDecayRestarts {
    pub(crate) initial_learning_rate: f64,
    pub(crate) first_decay_steps: u64,
    pub(crate) t_mul: f64,
    pub(crate) m_mul: f64,
    pub(crate) alpha: f64,
}

impl CosineDecayRestarts {
    /// From `initial_learning_rate` down to 0 in `first_decay_steps` steps (at least 1), then each period twice as long.
    pub fn new(initial_learning_rate: f64, first_decay_steps: u64) -> Self {
        Self { initial_learning_rate, first_decay_steps, t_mul: 2.0, m_mul: 1.0, alpha: 0.0 }
    }

    /// How many times as long each period is as the last, at least 1; 2 by default.
    pub fn t_mul(mut self, t_mul: f64) -> Self {
        self.t_mul = t_mul;
        self
    }

    /// How many times as high each period begins as the last; 1 by default.
    pub fn m_mul(mut self, m_mul: f64) -> Self {
        self.m_mul = m_mul;
        self
    }

    /// The last rate as a share of the initial one; 0 by default.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The number of the present period, and the share of it that has passed.
    fn period(&self, step: u64) -> (f32, f32) {
        let share = step as f32 / self.first_decay_steps as f32;
        let times = self.t_mul as f32;
        if times == 1.0 {
            return (share.floor(), share - share.floor());
        }
        let period = ((1.0 - share * (1.0 - times)).ln() / times.ln()).floor();
        let before = (1.0 - times.powf(period)) / (1.0 - times);
        (period, (share - before) / times.powf(period))
    }
}

impl Schedule for CosineDecayRestarts {
    fn at(&self, step: u64) -> f64 {
        let (period, share) = self.period(step);
        let height = 0.5 * self.m_mul.powf(f64::from(period)) * (1.0 + (PI * f64::from(share)).cos());
        self.initial_learning_rate * ((1.0 - self.alpha) * height + self.alpha)
    }

    fn check(&self) -> Result<()> {
        check_rate("CosineDecayRestarts: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("CosineDecayRestarts: m_mul", self.m_mul)?;
        check_range("CosineDecayRestarts: alpha", self.alpha, 0.0..=1.0)?;
        if !(self.t_mul >= 1.0 && self.t_mul.is_finite()) {
            return Err(Error::argument(format!(
                "CosineDecayRestarts: t_mul must be at least 1, but is {}",
                self.t_mul
            )));
        }
        check_steps("CosineDecayRestarts: first_decay_steps", self.first_decay_steps)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(CosineDecayRestarts, "keras.optimizers.schedules", Self::new(0.0, 1), {
    must "initial_learning_rate": (initial_learning_rate);
    must "first_decay_steps": (first_decay_steps);
    field "t_mul": (t_mul);
    field "m_mul": (m_mul);
    field "alpha": (alpha);
    name "name": ("SGDRDecay");
});
