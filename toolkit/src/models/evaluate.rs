//! Measuring a model, and predicting with it.

use super::Sequential;
use super::samples::Samples;
use crate::callbacks::{Callback, Callbacks, Logs, at_least_one};
use crate::layers::{Mode, pass_key};
use crate::losses;
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
    pub(super) fn of(logs: Logs) -> Self {
        Self(logs)
    }

    /// The loss, with the penalties on the weights.
    pub fn loss(&self) -> f64 {
        self.0.get("loss").unwrap_or(f64::NAN)
    }

    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name)
    }

    /// Loss and metrics, sorted by name.
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
    /// Loss and metrics on samples `x` and targets `y`. With weights of samples: [`evaluation`](Self::evaluation).
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit; when the notebook's reader interrupts.
    pub fn evaluate(&mut self, x: &Tensor, y: &Tensor) -> Result<Scores> {
        self.evaluation(x, y).run()
    }

    /// Describes an evaluation with options; `.run()?` at the end carries it out.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
    /// model.compile("sgd", "mse", metrics::Metrics::new("mae").weighted_metrics("mae"))?;
    /// let (x, y) = (Tensor::new([[1.0], [2.0]]), Tensor::new([[0.0], [0.0]]));
    /// let scores = model.evaluation(&x, &y).sample_weight(&Tensor::new([1.0, 0.0])).run()?;
    /// assert_eq!((scores.loss(), scores["mae"], scores["weighted_mae"]), (0.5, 1.5, 1.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn evaluation(&mut self, x: &Tensor, y: &Tensor) -> Evaluation<'_> {
        Evaluation { model: self, samples: Samples::new(x, y), batch_size: 32, steps: None }
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

    /// Measures batch by batch; `batch_size` is how many samples Keras would take, which counts only where the loss of a
    /// data set depends on its batches.
    pub(super) fn measure_all(
        &mut self,
        samples: &Samples,
        batch_size: usize,
        steps: Option<usize>,
        callbacks: &mut Callbacks,
    ) -> Result<Logs> {
        let loss = self.compiled()?.loss.clone();
        let even = steps.is_none() && samples.weights.is_none() && losses::counts_evenly(&*loss)?;
        let batch_size = if even { BATCH.max(batch_size) } else { batch_size };
        let rows = samples.count()?;
        callbacks.each(|callback| callback.on_test_begin(self))?;
        let firsts = (0..rows).step_by(batch_size).take(steps.unwrap_or(usize::MAX));
        for (batch, first) in firsts.enumerate() {
            stop_if_interrupted("evaluate")?;
            callbacks.each(|callback| callback.on_test_batch_begin(batch, self))?;
            let part = samples.range(first..rows.min(first + batch_size));
            let Samples { x, y, weights } = part.to_device(self.home()?)?;
            let output = self.infer(&x)?;
            let penalty = self.penalties()?;
            let shares = losses::shares(&*loss, &y, &output, weights.as_ref())?;
            self.measure(&y, &output, &penalty, weights.as_ref(), &shares)?;
            callbacks.each(|callback| callback.on_test_batch_end(batch, self))?;
        }
        let logs = self.running_logs();
        callbacks.each(|callback| callback.on_test_end(&logs, self))?;
        Ok(logs)
    }

    /// The output for one batch in inference mode.
    pub(super) fn infer(&mut self, x: &Tensor) -> Result<Tensor> {
        self.pass.begin(self.slots.len(), Mode::Inference, false, 0);
        let x = x.to_device(self.home()?)?;
        self.forward(&x.cast(self.dtype))
    }

    /// The output for one batch in training mode; the weights stay as they are, moving statistics too.
    fn as_in_training(&mut self, x: &Tensor, key: u64) -> Result<Tensor> {
        let weights = self.pass.weights.clone();
        self.pass.begin(self.slots.len(), Mode::Training, false, key);
        let output = self.home().and_then(|home| x.to_device(home));
        let output = output.and_then(|x| self.forward(&x.cast(self.dtype)));
        self.pass.weights = weights;
        output
    }
}

/// An evaluation that is being described; [`run`](Self::run) carries it out. Made by [`Sequential::evaluation`].
#[must_use = "nothing is measured before .run()?"]
#[derive(Debug)]
pub struct Evaluation<'a> {
    model: &'a mut Sequential,
    samples: Samples,
    batch_size: usize,
    steps: Option<usize>,
}

impl Evaluation<'_> {
    /// What each sample counts in the loss and in weighted metrics, `[samples]`.
    pub fn sample_weight(mut self, weights: &Tensor) -> Self {
        self.samples.weights = Some(weights.clone());
        self
    }

    /// How many samples make a batch; 32 by default, as in Keras. The numbers depend on it only for losses that count the
    /// samples of a batch unevenly: by weights, by `ignore_class`, or by the reduction `sum`.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Measures the first so many batches only.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Loss and metrics.
    ///
    /// # Errors
    /// Before `compile`; when data, weights and model do not fit; when the notebook's reader interrupts.
    pub fn run(mut self) -> Result<Scores> {
        at_least_one("evaluation: batch_size", self.batch_size)?;
        at_least_one("evaluation: steps", self.steps.unwrap_or(1))?;
        self.model.prepare(&self.samples.x, &self.samples.y)?;
        self.samples.weigh(None)?;
        Ok(Scores(self.model.measured(
            &self.samples,
            self.batch_size,
            self.steps,
            &mut Callbacks::default(),
        )?))
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
        Tensor::concat(&outputs, 0)?.to_host()
    }
}

fn stop_if_interrupted(what: &str) -> Result<()> {
    if notebook::interrupted() { Err(Error::state(format!("{what} was interrupted"))) } else { Ok(()) }
}
