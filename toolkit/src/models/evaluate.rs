//! Measuring a model, and predicting with it.

use super::Sequential;
use crate::callbacks::{Callback, Callbacks, Logs, at_least_one};
use crate::layers::{Mode, pass_key};
use crate::notebook;
use crate::random::fresh_seed;
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
        Ok(Scores(self.measured(x, y, &mut Callbacks::default())?))
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
        Prediction {
            model: self,
            x: x.clone(),
            batch_size: BATCH,
            training: false,
            seed: None,
            callbacks: Callbacks::default(),
        }
    }

    pub(super) fn measure_all(&mut self, x: &Tensor, y: &Tensor, callbacks: &mut Callbacks) -> Result<Logs> {
        let rows = x.row_count()?;
        callbacks.each(|callback| callback.on_test_begin(self))?;
        for (batch, first) in (0..rows).step_by(BATCH).enumerate() {
            stop_if_interrupted("evaluate")?;
            callbacks.each(|callback| callback.on_test_batch_begin(batch, self))?;
            let range = first..rows.min(first + BATCH);
            let output = self.infer(&x.rows_unchecked(range.clone()))?;
            let penalty = self.penalties()?;
            self.measure(&y.rows_unchecked(range), &output, penalty)?;
            callbacks.each(|callback| callback.on_test_batch_end(batch, self))?;
        }
        let logs = self.running_logs();
        callbacks.each(|callback| callback.on_test_end(&logs, self))?;
        Ok(logs)
    }

    /// The output for one batch in inference mode.
    pub(super) fn infer(&mut self, x: &Tensor) -> Result<Tensor> {
        self.pass.begin(self.slots.len(), Mode::Inference, false, 0);
        self.forward(&x.cast(self.dtype))
    }

    /// The output for one batch in training mode; the weights stay as they are, moving statistics too.
    fn as_in_training(&mut self, x: &Tensor, key: u64) -> Result<Tensor> {
        let weights = self.pass.weights.clone();
        self.pass.begin(self.slots.len(), Mode::Training, false, key);
        let output = self.forward(&x.cast(self.dtype));
        self.pass.weights = weights;
        output
    }
}

/// A prediction that is being described; [`run`](Self::run) carries it out. Made by [`Sequential::prediction`].
#[must_use = "nothing is predicted before .run()?"]
#[derive(Debug)]
pub struct Prediction<'a> {
    model: &'a mut Sequential,
    x: Tensor,
    batch_size: usize,
    training: bool,
    seed: Option<u64>,
    callbacks: Callbacks,
}

impl Prediction<'_> {
    /// How many samples are computed at once; the numbers do not depend on it.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Adds a callback, whose hooks `on_predict_..` are called.
    pub fn callback(mut self, callback: impl Callback + 'static) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Whether layers behave as in training, as `model(x, training=True)` does in Keras: dropout drops, noise is added, and
    /// batch normalization uses each batch's statistics. The model stays as it is, its moving statistics too (Keras
    /// moves those).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dropout::new(0.5).input_shape([1000]));
    /// let x = Tensor::ones([1, 1000]);
    /// assert_eq!(model.predict(&x)?.mean().item()?, 1.0);
    /// let dropped = model.prediction(&x).training(true).seed(1).run()?;
    /// assert!(dropped.to_vec().iter().all(|x| [0.0, 2.0].contains(x)));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn training(mut self, training: bool) -> Self {
        self.training = training;
        self
    }

    /// The seed of what is drawn with [`training`](Self::training); the next one of the process by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The outputs, one row a sample.
    ///
    /// # Errors
    /// When the data does not fit the model; when the notebook's reader interrupts.
    pub fn run(self) -> Result<Tensor> {
        at_least_one("prediction: batch_size", self.batch_size)?;
        let Self { model, x, batch_size, training, seed, mut callbacks } = self;
        model.check_layers()?;
        model.check_input(&x)?;
        model.build(&x.shape()[1..])?;
        let rows = x.row_count()?;
        let seed = training.then(|| seed.unwrap_or_else(fresh_seed));
        let mut outputs = Vec::new();
        callbacks.each(|callback| callback.on_predict_begin(model))?;
        for (batch, first) in (0..rows).step_by(batch_size).enumerate() {
            stop_if_interrupted("predict")?;
            callbacks.each(|callback| callback.on_predict_batch_begin(batch, model))?;
            let samples = x.rows_unchecked(first..rows.min(first + batch_size));
            outputs.push(match seed {
                None => model.infer(&samples)?,
                Some(seed) => model.as_in_training(&samples, pass_key(seed, batch as u64))?,
            });
            callbacks.each(|callback| callback.on_predict_batch_end(batch, model))?;
        }
        callbacks.each(|callback| callback.on_predict_end(model))?;
        Tensor::concat(&outputs, 0)
    }
}

fn stop_if_interrupted(what: &str) -> Result<()> {
    if notebook::interrupted() { Err(Error::state(format!("{what} was interrupted"))) } else { Ok(()) }
}
