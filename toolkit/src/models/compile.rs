//! How a model trains: its optimizer, its loss, its metrics.

use super::Sequential;
use crate::choice::Choice;
use crate::losses::{self, Loss, Reduction};
use crate::metrics::{GivenMetric, Metrics};
use crate::optimizers::{LearningRate, Optimizer, OptimizerState};
use crate::tensor::Total;
use crate::{Error, Result};
use std::sync::Arc;

/// What `compile` has set, and what training keeps for it.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) optimizer: OptimizerState,
    pub(super) loss: Arc<dyn Loss>,
    /// The name by which the loss was chosen.
    pub(super) loss_name: Option<String>,
    pub(super) measures: Vec<Measure>,
    pub(super) running: Running,
}

/// A metric at work.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) given: GivenMetric,
    /// Whether it takes the weights of samples and classes into account.
    pub(super) weighted: bool,
    /// The name in logs, which no other metric has.
    pub(super) log_name: String,
}

impl Measure {
    /// The same without any batch.
    pub(super) fn fresh(&self) -> Self {
        Self { given: self.given.fresh(), weighted: self.weighted, log_name: self.log_name.clone() }
    }

    /// The metrics with their names in logs. As in Keras, the second `auc` is `auc_1`, and a weighted metric whose name is
    /// taken `weighted_...`.
    fn all(metrics: Metrics) -> Result<Vec<Self>> {
        let given = metrics.get()?;
        let mut taken: Vec<(String, usize)> = vec![("loss".into(), 1)];
        let mut free = |name: &str| match taken.iter_mut().find(|(known, _)| known == name) {
            None => {
                taken.push((name.into(), 1));
                None
            }
            Some((_, count)) => {
                *count += 1;
                Some(*count - 1)
            }
        };
        let mut measures = Vec::new();
        for given in given.plain {
            let name = given.metric.name().to_string();
            let log_name = free(&name).map_or(name.clone(), |number| format!("{name}_{number}"));
            measures.push(Self { given, weighted: false, log_name });
        }
        for given in given.weighted {
            let name = given.metric.name().to_string();
            let mut log_name = name.clone();
            if free(&name).is_some() {
                log_name = format!("weighted_{name}");
                if let Some(number) = free(&log_name) {
                    log_name = format!("weighted_{name}_{number}");
                }
            }
            measures.push(Self { given, weighted: true, log_name });
        }
        Ok(measures)
    }
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
    /// Metrics are `()`, one name or metric, an array, a vector or a tuple of them; Keras's `weighted_metrics` are added to
    /// them by [`Metrics::weighted_metrics`]. Keras's other arguments have no meaning here: `loss_weights` weighs several
    /// outputs, and `run_eagerly`, `jit_compile` and `steps_per_execution` are about how Python runs.
    ///
    /// # Errors
    /// For an unknown name, a hyper-parameter outside its range, a reduction of the loss that leaves no single number, or
    /// a mistake in the layers.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([3]));
    /// model.compile("sgd", "mse", ())?;
    /// model.compile(SGD::new(0.01).momentum(0.9), "mean_squared_error", ["mse"])?;
    /// model.compile("adam", "mse", metrics::Metrics::new("mae").weighted_metrics("mae"))?;
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
        let choice = loss.into();
        let (loss, loss_name) = (choice.get()?, choice.given_name().map(Into::into));
        if loss.reduction()? == Reduction::None {
            return Err(losses::no_number(loss.name()));
        }
        let measures = Measure::all(metrics.into())?;
        self.compiled = Some(Compiled { optimizer, loss, loss_name, measures, running: Running::default() });
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

    /// Ends the training (called from a callback): behind this epoch, or, in a hook of a batch, behind this batch, with
    /// which the epoch then ends.
    pub fn stop_training(&mut self) {
        self.stop = true;
    }

    /// Whether a larger number of the metric of this name is better; false for an unknown name.
    pub(crate) fn metric_rises(&self, name: &str) -> bool {
        let mut measures = self.compiled.iter().flat_map(|compiled| &compiled.measures);
        measures.any(|measure| measure.log_name == name && measure.given.metric.larger_is_better())
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
