//! The penalty on what a layer computes.

use super::Pass;
use crate::Result;
use crate::choice::Choice;
use crate::regularizers::Regularizer;
use crate::tensor::Tensor;

/// A penalty on a layer's output, if there is one. It is divided by the size of the batch, as in Keras since 3.14.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity(pub(super) Option<Choice<dyn Regularizer>>);

impl Activity {
    pub(super) fn new(regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        Self(Some(regularizer.into()))
    }

    pub(super) fn check(&self) -> Result<()> {
        let Some(regularizer) = &self.0 else { return Ok(()) };
        let checked = regularizer.get().and_then(|found| found.check());
        checked.map_err(|error| error.in_context("activity_regularizer"))
    }

    /// Adds the penalty on the output of a batch to the loss.
    pub(super) fn penalize(&self, y: &Tensor, pass: &mut Pass) -> Result<()> {
        if let Some(regularizer) = &self.0 {
            let regularizer = regularizer.get()?;
            regularizer.check_shape(&y.shape()).map_err(|error| error.in_context("activity_regularizer"))?;
            pass.add_penalty_of(&regularizer.penalty(y), 1.0 / y.shape()[0].max(1) as f64)?;
        }
        Ok(())
    }

    /// The gradient behind the penalty.
    pub(super) fn add_gradient(&self, grad: &Tensor, y: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Some(regularizer) => Ok(grad + regularizer.get()?.gradient(y) / y.shape()[0].max(1) as f64),
            None => Ok(grad.clone()),
        }
    }
}
