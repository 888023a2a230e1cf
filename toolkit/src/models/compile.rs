//! How a model trains: its optimizer, its loss, its metrics.

use super::Sequential;
use crate::choice::Choice;
use crate::losses::Loss;
use crate::metrics::{Metric, Metrics};
use crate::optimizers::{LearningRate, Optimizer, OptimizerState};
use crate::tensor::Total;
use crate::{Error, Result};
use std::sync::Arc;

/// What `compile` has set, and what training keeps for it.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) optimizer: OptimizerState,
    pub(super) loss: Arc<dyn Loss>,
    pub(super) metrics: Vec<Box<dyn Metric>>,
    pub(super) running: Running,
}

/// The loss of an epoch so far.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) total: Total,
    pub(super) samples: f64,
}

impl Sequential {
    /// Sets how the model trains: an optimizer, a loss, and metrics, each by value or by Keras's name. The optimizer
    /// begins anew; the weights stay.
    ///
    /// Metrics are `()`, one name, an array or a vector.
    ///
    /// # Errors
    /// For an unknown name, a hyper-parameter outside its range, or a mistake in the layers.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([3]));
    /// model.compile("sgd", "mse", ())?;
    /// model.compile(SGD::new(0.01).momentum(0.9), "mean_squared_error", ["mse"])?;
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn compile(
        &mut self,
        optimizer: impl Into<Choice<dyn Optimizer>>,
        loss: impl Into<Choice<dyn Loss>>,
        metrics: impl Into<Metrics>,
    ) -> Result<()> {
        self.check_layers()?;
        let optimizer = OptimizerState::new(optimizer)?;
        let loss = loss.into().get()?;
        let metrics = metrics.into().get()?;
        self.compiled = Some(Compiled { optimizer, loss, metrics, running: Running::default() });
        Ok(())
    }

    /// The optimizer at work: its steps, its slots; from `compile` on.
    ///
    /// # Errors
    /// Before `compile`.
    pub fn optimizer_state(&self) -> Result<&OptimizerState> {
        Ok(&self.compiled()?.optimizer)
    }

    /// The learning rate of the next update.
    ///
    /// # Errors
    /// Before `compile`.
    pub fn learning_rate(&self) -> Result<f64> {
        Ok(self.compiled()?.optimizer.learning_rate())
    }

    /// Sets the learning rate from the next update on.
    ///
    /// # Errors
    /// Before `compile`; for an optimizer that was made with a schedule; for a rate that is negative or not finite.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        let compiled = self.compiled_mut()?;
        if matches!(compiled.optimizer.optimizer().learning_rate(), LearningRate::Schedule(_)) {
            return Err(Error::state(
                "the optimizer was made with a schedule, so its learning rate cannot be set",
            )
            .with_help("make the optimizer with a number instead"));
        }
        LearningRate::Constant(rate).check()?;
        compiled.optimizer.set_learning_rate(rate);
        Ok(())
    }

    /// Ends the training at the end of this epoch (called from a callback).
    pub fn stop_training(&mut self) {
        self.stop = true;
    }

    pub(super) fn compiled(&self) -> Result<&Compiled> {
        self.compiled.as_ref().ok_or_else(not_compiled)
    }

    pub(super) fn compiled_mut(&mut self) -> Result<&mut Compiled> {
        self.compiled.as_mut().ok_or_else(not_compiled)
    }
}

fn not_compiled() -> Error {
    Error::state("the model is not compiled")
        .with_help("call model.compile(optimizer, loss, metrics)?, again also after adding a layer")
}
