//! An optimizer with what it remembers, moving one small weight.

use crate::optimizers::{Optimizer, Step};
use crate::{Result, Tensor};
use std::sync::Arc;

/// Moves a place as the training loop moves a weight: the same rule, the same schedule, in 64 bits.
pub(super) struct Walker {
    optimizer: Arc<dyn Optimizer>,
    weight: Tensor,
    slots: Vec<Tensor>,
    number: u64,
}

impl Walker {
    pub(super) fn new(optimizer: Arc<dyn Optimizer>, start: &[f64]) -> Result<Self> {
        optimizer.check()?;
        let zeros = |_| Tensor::from_vec_f64(vec![0.0; start.len()], [start.len()]);
        let slots = optimizer.slots().into_iter().map(zeros).collect::<Result<_>>()?;
        Ok(Self { optimizer, weight: Tensor::from_vec_f64(start.to_vec(), [start.len()])?, slots, number: 0 })
    }

    /// The place after one more step along this gradient.
    pub(super) fn step(&mut self, gradient: &[f64]) -> Result<Vec<f64>> {
        let gradient = Tensor::from_vec_f64(gradient.to_vec(), [gradient.len()])?;
        let learning_rate = self.optimizer.learning_rate().at(self.number);
        self.number += 1;
        let step = Step { learning_rate, number: self.number };
        self.optimizer.update(step, &mut self.weight, &gradient, &mut self.slots);
        Ok(self.weight.to_vec_f64())
    }
}
