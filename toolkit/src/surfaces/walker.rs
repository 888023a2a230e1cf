//! An optimizer with what it remembers, moving one small weight.

use crate::optimizers::{Optimizer, OptimizerState};
use crate::{Result, Tensor};
use std::sync::Arc;

/// Moves a place as the training loop moves a weight: the same rule, the same schedule, in 64 bits.
pub(super) struct Walker {
    state: OptimizerState,
    place: [Tensor; 1],
}

impl Walker {
    pub(super) fn new(optimizer: Arc<dyn Optimizer>, start: &[f64]) -> Result<Self> {
        let place = Tensor::from_vec_f64(start.to_vec(), [start.len()])?;
        Ok(Self { state: OptimizerState::new(optimizer)?, place: [place] })
    }

    /// The place after one more step along this gradient.
    pub(super) fn step(&mut self, gradient: &[f64]) -> Result<Vec<f64>> {
        let gradient = Tensor::from_vec_f64(gradient.to_vec(), [gradient.len()])?;
        self.state.apply(&mut self.place, &[gradient])?;
        Ok(self.place[0].to_vec_f64())
    }
}
