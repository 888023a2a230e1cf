//! Rates that fall step by step.

use super::{Schedule, check_rate, check_steps};
use crate::config::{Config, keras_config};
use crate::{Error, Result};

/// $\eta_0 r^{s/N}$: the rate is multiplied by $r$ every $N$ steps, smoothly or in a staircase.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = ExponentialDecay::new(0.01, 37_500, 0.1);
/// assert!((schedule.at(37_500) - 0.001).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct ExponentialDecay {
    pub(crate) initial_learning_rate: f64,
    pub(crate) decay_steps: u64,
    pub(crate) decay_rate: f64,
    pub(crate) staircase: bool,
}

impl ExponentialDecay {
    /// From `initial_learning_rate`, times `decay_rate` every `decay_steps` steps (at least 1).
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self { initial_learning_rate, decay_steps, decay_rate, staircase: false }
    }

    /// Whether the exponent is rounded down to whole numbers; false by default.
    pub fn staircase(mut self, staircase: bool) -> Self {
        self.staircase = staircase;
        self
    }
}

impl Schedule for ExponentialDecay {
    fn at(&self, step: u64) -> f64 {
        self.initial_learning_rate * self.decay_rate.powf(share(step, self.decay_steps, self.staircase))
    }

    fn check(&self) -> Result<()> {
        check_rate("ExponentialDecay: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("ExponentialDecay: decay_rate", self.decay_rate)?;
        check_steps("ExponentialDecay: decay_steps", self.decay_steps)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(ExponentialDecay, "keras.optimizers.schedules", Self::new(0.0, 1, 1.0), {
    must "initial_learning_rate": (initial_learning_rate);
    must "decay_steps": (decay_steps);
    must "decay_rate": (decay_rate);
    field "staircase": (staircase);
    name "name": ("ExponentialDecay");
});

/// $s / N$, or what it is rounded down to.
fn share(step: u64, decay_steps: u64, staircase: bool) -> f64 {
    let share = step as f64 / decay_steps as f64;
    if staircase { share.floor() } else { share }
}

/// $\eta_0 / (1 + r s / N)$: the rate falls as one over the step, smoothly or in a staircase.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = InverseTimeDecay::new(0.1, 1000, 1.0);
/// assert!((schedule.at(1000) - 0.05).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct InverseTimeDecay {
    pub(crate) initial_learning_rate: f64,
    pub(crate) decay_steps: u64,
    pub(crate) decay_rate: f64,
    pub(crate) staircase: bool,
}

impl InverseTimeDecay {
    /// From `initial_learning_rate`, divided by `1 + decay_rate` after `decay_steps` steps (at least 1).
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self { initial_learning_rate, decay_steps, decay_rate, staircase: false }
    }

    /// Whether `s / N` is rounded down to whole numbers; false by default.
    pub fn staircase(mut self, staircase: bool) -> Self {
        self.staircase = staircase;
        self
    }
}

impl Schedule for InverseTimeDecay {
    fn at(&self, step: u64) -> f64 {
        let share = share(step, self.decay_steps, self.staircase);
        self.initial_learning_rate / (1.0 + self.decay_rate * share)
    }

    fn check(&self) -> Result<()> {
        check_rate("InverseTimeDecay: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("InverseTimeDecay: decay_rate", self.decay_rate)?;
        check_steps("InverseTimeDecay: decay_steps", self.decay_steps)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(InverseTimeDecay, "keras.optimizers.schedules", Self::new(0.0, 1, 1.0), {
    must "initial_learning_rate": (initial_learning_rate);
    must "decay_steps": (decay_steps);
    must "decay_rate": (decay_rate);
    field "staircase": (staircase);
    name "name": ("InverseTimeDecay");
});

/// Power scheduling: $\eta_0 / (1 + s / N)^c$; with $c = 1$ it is [`InverseTimeDecay`] of rate 1, Keras 2's `decay`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = PowerDecay::new(0.1, 1000).power(2.0);
/// assert!((schedule.at(1000) - 0.025).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct PowerDecay {
    pub(crate) initial_learning_rate: f64,
    pub(crate) decay_steps: u64,
    pub(crate) power: f64,
}

impl PowerDecay {
    /// From `initial_learning_rate`, half of it after `decay_steps` steps (at least 1).
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self { initial_learning_rate, decay_steps, power: 1.0 }
    }

    /// The exponent $c$, at least 0; 1 by default.
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }
}

impl Schedule for PowerDecay {
    fn at(&self, step: u64) -> f64 {
        self.initial_learning_rate / (1.0 + step as f64 / self.decay_steps as f64).powf(self.power)
    }

    fn check(&self) -> Result<()> {
        check_rate("PowerDecay: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("PowerDecay: power", self.power)?;
        check_steps("PowerDecay: decay_steps", self.decay_steps)
    }
}

/// One rate after the other: `values[i]` up to and including step `boundaries[i]`, then the next.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = PiecewiseConstantDecay::new([10, 20], [1.0, 0.5, 0.1]);
/// assert_eq!([schedule.at(10), schedule.at(11), schedule.at(21)], [1.0, 0.5, 0.1]);
/// ```
#[derive(Debug, Clone)]
pub struct PiecewiseConstantDecay {
    pub(crate) boundaries: Vec<u64>,
    pub(crate) values: Vec<f64>,
}

impl PiecewiseConstantDecay {
    /// With these boundaries, in ascending order, and one rate more than there are boundaries.
    pub fn new(boundaries: impl Into<Vec<u64>>, values: impl Into<Vec<f64>>) -> Self {
        Self { boundaries: boundaries.into(), values: values.into() }
    }
}

impl Schedule for PiecewiseConstantDecay {
    fn at(&self, step: u64) -> f64 {
        let piece = self.boundaries.iter().filter(|&&boundary| step > boundary).count();
        self.values.get(piece).copied().unwrap_or(f64::NAN)
    }

    fn check(&self) -> Result<()> {
        let (boundaries, values) = (self.boundaries.len(), self.values.len());
        if values != boundaries + 1 {
            return Err(Error::argument(format!(
                "PiecewiseConstantDecay: {boundaries} boundaries need {} values, but there are {values}",
                boundaries + 1
            )));
        }
        if !self.boundaries.is_sorted() {
            return Err(Error::argument(format!(
                "PiecewiseConstantDecay: the boundaries must ascend, but are {:?}",
                self.boundaries
            )));
        }
        self.values.iter().try_for_each(|&value| check_rate("PiecewiseConstantDecay: a value", value))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(PiecewiseConstantDecay, "keras.optimizers.schedules", Self::new([], [0.0]), {
    must "boundaries": (boundaries);
    must "values": (values);
    name "name": ("PiecewiseConstant");
});

/// $(\eta_0 - \eta_1)(1 - s/N)^p + \eta_1$ up to step $N$, then $\eta_1$, or over again with a longer $N$.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = PolynomialDecay::new(0.1, 100).end_learning_rate(0.01).power(0.5);
/// assert!((schedule.at(100) - 0.01).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct PolynomialDecay {
    pub(crate) initial_learning_rate: f64,
    pub(crate) decay_steps: u64,
    pub(crate) end_learning_rate: f64,
    pub(crate) power: f64,
    pub(crate) cycle: bool,
}

impl PolynomialDecay {
    /// From `initial_learning_rate` down to 0.0001 in `decay_steps` steps (at least 1), along a line.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self { initial_learning_rate, decay_steps, end_learning_rate: 0.0001, power: 1.0, cycle: false }
    }

    /// The last rate $\eta_1$; 0.0001 by default.
    pub fn end_learning_rate(mut self, rate: f64) -> Self {
        self.end_learning_rate = rate;
        self
    }

    /// The exponent $p$, at least 0; 1 by default.
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Whether the rate jumps up again behind step $N$, to fall until $2N$, $3N$ and so on; false by default.
    pub fn cycle(mut self, cycle: bool) -> Self {
        self.cycle = cycle;
        self
    }
}

impl Schedule for PolynomialDecay {
    fn at(&self, step: u64) -> f64 {
        let steps = if self.cycle {
            self.decay_steps * step.div_ceil(self.decay_steps.max(1)).max(1)
        } else {
            self.decay_steps
        };
        let left = 1.0 - step.min(steps) as f64 / steps as f64;
        (self.initial_learning_rate - self.end_learning_rate) * left.powf(self.power) + self.end_learning_rate
    }

    fn check(&self) -> Result<()> {
        check_rate("PolynomialDecay: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("PolynomialDecay: end_learning_rate", self.end_learning_rate)?;
        check_rate("PolynomialDecay: power", self.power)?;
        check_steps("PolynomialDecay: decay_steps", self.decay_steps)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(PolynomialDecay, "keras.optimizers.schedules", Self::new(0.0, 1), {
    must "initial_learning_rate": (initial_learning_rate);
    must "decay_steps": (decay_steps);
    field "end_learning_rate": (end_learning_rate);
    field "power": (power);
    field "cycle": (cycle);
    name "name": ("PolynomialDecay");
});
