//! One rise and one fall of the rate.

use super::{Schedule, check_rate, check_steps};
use crate::Result;
use crate::optimizers::check_range;

/// One cycle: the rate rises along a line to `max_learning_rate` in the first 45 % of the steps, falls back along a line in
/// the next 45 %, and in the last 10 % goes down to a thousandth of where it began.
///
/// Keras has no such schedule; the course of rates is that of A. Géron's textbook.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let schedule = OneCycle::new(0.1, 1000);
/// assert_eq!([schedule.at(0), schedule.at(450), schedule.at(900)], [0.01, 0.1, 0.01]);
/// ```
///
/// Source: Smith, *A disciplined approach to neural network hyper-parameters* (2018), section 4.
#[derive(Debug, Clone)]
pub struct OneCycle {
    pub(crate) max_learning_rate: f64,
    pub(crate) total_steps: u64,
    pub(crate) initial_learning_rate: f64,
    pub(crate) final_learning_rate: f64,
    pub(crate) rising: f64,
}

impl OneCycle {
    /// Up to `max_learning_rate` and down again in `total_steps` steps (at least 1), beginning at a tenth of it.
    pub fn new(max_learning_rate: f64, total_steps: u64) -> Self {
        let initial_learning_rate = max_learning_rate / 10.0;
        let final_learning_rate = initial_learning_rate / 1000.0;
        Self { max_learning_rate, total_steps, initial_learning_rate, final_learning_rate, rising: 0.45 }
    }

    /// The first rate; a tenth of the largest by default.
    pub fn initial_learning_rate(mut self, rate: f64) -> Self {
        self.initial_learning_rate = rate;
        self
    }

    /// The last rate; a ten-thousandth of the largest by default.
    pub fn final_learning_rate(mut self, rate: f64) -> Self {
        self.final_learning_rate = rate;
        self
    }

    /// The share of the steps in which the rate rises, and again in which it falls, in `0.0..=0.5`; 0.45 by default.
    pub fn rising(mut self, share: f64) -> Self {
        self.rising = share;
        self
    }
}

impl Schedule for OneCycle {
    fn at(&self, step: u64) -> f64 {
        let share = step as f64 / self.total_steps as f64;
        let line = |from: f64, to: f64, begin: f64, end: f64| {
            if end > begin { from + (to - from) * ((share - begin) / (end - begin)) } else { to }
        };
        if share < self.rising {
            line(self.initial_learning_rate, self.max_learning_rate, 0.0, self.rising)
        } else if share < 2.0 * self.rising {
            line(self.max_learning_rate, self.initial_learning_rate, self.rising, 2.0 * self.rising)
        } else if share < 1.0 {
            line(self.initial_learning_rate, self.final_learning_rate, 2.0 * self.rising, 1.0)
        } else {
            self.final_learning_rate
        }
    }

    fn check(&self) -> Result<()> {
        check_rate("OneCycle: max_learning_rate", self.max_learning_rate)?;
        check_rate("OneCycle: initial_learning_rate", self.initial_learning_rate)?;
        check_rate("OneCycle: final_learning_rate", self.final_learning_rate)?;
        check_range("OneCycle: rising", self.rising, 0.0..=0.5)?;
        check_steps("OneCycle: total_steps", self.total_steps)
    }
}
