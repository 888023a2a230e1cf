//! Measuring a model, and predicting with it.

use super::Sequential;
use crate::callbacks::{Logs, at_least_one};
use crate::layers::Mode;
use crate::notebook;
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::ops::Index;

/// Samples that are computed at once where nobody says otherwise; the numbers do not depend on it.
const BATCH: usize = 512;

/// Loss and metrics of a model on a data set.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile("sgd", "mse", ["mse"])?;
/// let scores = model.evaluate(&Tensor::ones([8, 1]), &Tensor::zeros([8, 1]))?;
/// assert_eq!(scores.loss(), scores["mse"]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scores(Logs);

impl Scores {
    /// The loss, with the penalties on the weights.
    pub fn loss(&self) -> f64 {
        self.0.get("loss").unwrap_or(f64::NAN)
    }

    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name)
    }

    /// The loss, then the metrics by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter()
    }

    /// Shows the numbers as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        notebook::show_result(&notebook::MimeBundle::text(self.to_string()));
    }
}

impl Index<&str> for Scores {
    type Output = f64;

    /// # Panics
    /// When there is no number of this name.
    #[track_caller]
    fn index(&self, name: &str) -> &f64 {
        self.0.value(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.0.iter().map(|(name, _)| name).collect();
            panic!("there is no score `{name}`; there are: {}", names.join(", "))
        })
    }
}

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.iter().map(|(name, value)| format!("{name}: {value:.4}")).collect();
        f.write_str(&parts.join(", "))
    }
}

impl Sequential {
    /// Loss and metrics on samples `x` and targets `y`.
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit; when the notebook's reader interrupts.
    pub fn evaluate(&mut self, x: &Tensor, y: &Tensor) -> Result<Scores> {
        self.prepare(x, y)?;
        Ok(Scores(self.measured(x, y)?))
    }

    /// The outputs for samples `x`, in inference mode.
    ///
    /// # Errors
    /// When the data does not fit the model; when the notebook's reader interrupts.
    pub fn predict(&mut self, x: &Tensor) -> Result<Tensor> {
        self.prediction(x).run()
    }

    /// Describes a prediction with options; `.run()?` at the end carries it out.
    pub fn prediction(&mut self, x: &Tensor) -> Prediction<'_> {
        Prediction { model: self, x: x.clone(), batch_size: BATCH }
    }

    pub(super) fn measure_all(&mut self, x: &Tensor, y: &Tensor) -> Result<Logs> {
        let rows = x.row_count()?;
        for first in (0..rows).step_by(BATCH) {
            stop_if_interrupted("evaluate")?;
            let range = first..rows.min(first + BATCH);
            let output = self.infer(&x.rows_unchecked(range.clone()))?;
            let penalty = self.penalties()?;
            let y = y.rows_unchecked(range).to_device(output.device())?;
            self.measure(&y, &output, &penalty)?;
        }
        Ok(self.running_logs())
    }

    /// The output for one batch in inference mode.
    pub(super) fn infer(&mut self, x: &Tensor) -> Result<Tensor> {
        self.pass.begin(self.slots.len(), Mode::Inference, false, 0);
        let x = x.to_device(self.home()?)?;
        self.forward(&x.cast(self.dtype))
    }
}

/// A prediction that is being described; [`run`](Self::run) carries it out. Made by [`Sequential::prediction`].
#[must_use = "nothing is predicted before .run()?"]
#[derive(Debug)]
pub struct Prediction<'a> {
    model: &'a mut Sequential,
    x: Tensor,
    batch_size: usize,
}

impl Prediction<'_> {
    /// How many samples are computed at once; the numbers do not depend on it.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// The outputs, one row a sample.
    ///
    /// # Errors
    /// When the data does not fit the model; when the notebook's reader interrupts.
    pub fn run(self) -> Result<Tensor> {
        at_least_one("prediction: batch_size", self.batch_size)?;
        self.model.check_layers()?;
        self.model.check_input(&self.x)?;
        self.model.build(&self.x.shape()[1..])?;
        let rows = self.x.row_count()?;
        let mut outputs = Vec::new();
        for first in (0..rows).step_by(self.batch_size) {
            stop_if_interrupted("predict")?;
            outputs.push(self.model.infer(&self.x.rows_unchecked(first..rows.min(first + self.batch_size)))?);
        }
        Tensor::concat(&outputs, 0)?.to_host()
    }
}

fn stop_if_interrupted(what: &str) -> Result<()> {
    if notebook::interrupted() { Err(Error::state(format!("{what} was interrupted"))) } else { Ok(()) }
}
