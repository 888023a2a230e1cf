//! Training over epochs.

use super::{History, Sequential};
use crate::callbacks::{Callback, Logs, Needs, Progress, Verbosity, at_least_one};
use crate::notebook;
use crate::random::{Generator, fresh_seed};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// A training that is being described; [`run`](Self::run) carries it out.
///
/// Made by [`Sequential::fit`].
#[must_use = "nothing is trained before .run()?"]
pub struct Fit<'a> {
    model: &'a mut Sequential,
    x: Tensor,
    y: Tensor,
    epochs: usize,
    initial_epoch: usize,
    batch_size: usize,
    shuffle: bool,
    validation: Validation,
    validation_freq: usize,
    callbacks: Vec<Box<dyn Callback>>,
    verbosity: Verbosity,
    seed: Option<u64>,
    ran: bool,
}

#[derive(Debug)]
enum Validation {
    None,
    Split(f64),
    Data(Tensor, Tensor),
}

impl Sequential {
    /// Describes a training on samples `x` and targets `y`; `.run()?` at the end carries it out.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::linspace(-1.0, 1.0, 64).reshape([64, 1])?;
    /// let y = &x * 3.0 + 0.5;
    /// let mut model = Sequential::new().seed(1).add(Dense::new(1).input_shape([1]));
    /// model.compile(SGD::new(0.1), "mse", ())?;
    /// let history = model.fit(&x, &y).epochs(60).batch_size(16).validation_split(0.25).verbose(0).run()?;
    /// assert!(history.get("loss").last() < Some(&1e-3));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn fit(&mut self, x: &Tensor, y: &Tensor) -> Fit<'_> {
        Fit {
            model: self,
            x: x.clone(),
            y: y.clone(),
            epochs: 1,
            initial_epoch: 0,
            batch_size: 32,
            shuffle: true,
            validation: Validation::None,
            validation_freq: 1,
            callbacks: Vec::new(),
            verbosity: Verbosity::Bar,
            seed: None,
            ran: false,
        }
    }
}

impl Fit<'_> {
    /// The number of the last epoch, that is how often every sample is used; 1 by default.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// The number of the first epoch, to go on with an earlier training; 0 by default.
    pub fn initial_epoch(mut self, epoch: usize) -> Self {
        self.initial_epoch = epoch;
        self
    }

    /// How many samples an update uses; 32 by default. The last batch of an epoch may be smaller.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Whether each epoch takes the samples in a new random order; true by default.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Holds back the last part of the samples, in `0.0..1.0`, taken before shuffling, to validate after each epoch.
    pub fn validation_split(mut self, split: f64) -> Self {
        if !matches!(self.validation, Validation::Data(..)) {
            self.validation = Validation::Split(split);
        }
        self
    }

    /// Validates on these samples after each epoch; a split is then ignored.
    pub fn validation_data(mut self, x: &Tensor, y: &Tensor) -> Self {
        self.validation = Validation::Data(x.clone(), y.clone());
        self
    }

    /// Validates after every so many epochs; 1 by default.
    pub fn validation_freq(mut self, epochs: usize) -> Self {
        self.validation_freq = epochs;
        self
    }

    /// Adds a callback; they are called in the order in which they were added.
    pub fn callback(mut self, callback: impl Callback + 'static) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// How much is said: 0 nothing, 1 a progress bar (the default), 2 one line an epoch.
    pub fn verbose(mut self, level: u8) -> Self {
        self.verbosity = match level {
            0 => Verbosity::Silent,
            1 => Verbosity::Bar,
            _ => Verbosity::Line,
        };
        self
    }

    /// A seed for the order of the samples; without one it follows the model's or the process's seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Trains the model.
    ///
    /// When the reader of a notebook interrupts, it returns what there is, with [`History::interrupted`]; the model is as
    /// its last step left it.
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit; for zero epochs or a batch size of 0; when a callback fails.
    pub fn run(mut self) -> Result<History> {
        self.ran = true;
        self.check()?;
        let model = &mut *self.model;
        model.prepare(&self.x, &self.y)?;
        let (x, y, validation) = split(&self.x, &self.y, &self.validation)?;
        if let Some((x, y)) = &validation {
            model.prepare(x, y).map_err(|error| error.in_context("validation data"))?;
        }
        model.begin_training()?;
        // The data moves once; batches are parts of it.
        let home = model.home()?;
        let (x, y) = (x.to_device(home)?, y.to_device(home)?);
        let validation =
            validation.map(|(x, y)| Ok::<_, Error>((x.to_device(home)?, y.to_device(home)?))).transpose()?;
        let mut run = Run {
            rows: x.row_count()?,
            x,
            y,
            validation,
            batch_size: self.batch_size,
            order: Generator::with_stream(self.seed.unwrap_or_else(fresh_seed), 0),
            shuffle: self.shuffle,
            progress: Progress::new(self.verbosity, self.epochs, 0),
            callbacks: std::mem::take(&mut self.callbacks),
            history: History::default(),
        };
        run.progress = Progress::new(self.verbosity, self.epochs, run.rows.div_ceil(run.batch_size));
        model.stop = false;
        model.needs.gradients = run.callbacks.iter().any(|callback| callback.needs().gradients);
        run.each(|callback| callback.on_train_begin(model))?;
        for epoch in self.initial_epoch..self.epochs {
            let validates = (epoch + 1).is_multiple_of(self.validation_freq);
            run.epoch(epoch, validates, model)?;
            if run.history.interrupted || model.stop {
                break;
            }
        }
        model.needs = Needs::default();
        model.finish_training();
        run.each(|callback| callback.on_train_end(model))?;
        Ok(run.history)
    }

    /// What a cell shows whose last expression is a training that was not run.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        notebook::show_result(&notebook::MimeBundle::text("not trained yet: end with .run()?"));
    }

    fn check(&self) -> Result<()> {
        at_least_one("fit: epochs", self.epochs)?;
        at_least_one("fit: batch_size", self.batch_size)?;
        at_least_one("fit: validation_freq", self.validation_freq)
    }
}

impl Drop for Fit<'_> {
    fn drop(&mut self) {
        if !self.ran && !std::thread::panicking() {
            eprintln!("fit: nothing was trained, since .run()? is missing at the end");
        }
    }
}

impl std::fmt::Debug for Fit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not trained yet: end with .run()?")
    }
}

type Pair = (Tensor, Tensor);

/// The samples to train on, and those to validate on.
fn split(x: &Tensor, y: &Tensor, validation: &Validation) -> Result<(Tensor, Tensor, Option<Pair>)> {
    match validation {
        Validation::None => Ok((x.clone(), y.clone(), None)),
        Validation::Data(held_x, held_y) => {
            Ok((x.clone(), y.clone(), Some((held_x.clone(), held_y.clone()))))
        }
        Validation::Split(share) => {
            let rows = x.row_count()?;
            let first = (rows as f64 * (1.0 - share)).floor() as usize;
            if !(0.0..1.0).contains(share) || first == 0 || first == rows && *share > 0.0 {
                return Err(Error::argument(format!(
                    "validation_split must be in 0.0..1.0 and leave samples on both sides, but is {share} of {rows}"
                )));
            }
            let held =
                (first < rows).then(|| Ok::<_, Error>((x.rows(first..)?, y.rows(first..)?))).transpose()?;
            Ok((x.rows(..first)?, y.rows(..first)?, held))
        }
    }
}

/// A training on its way.
struct Run {
    x: Tensor,
    y: Tensor,
    rows: usize,
    validation: Option<Pair>,
    batch_size: usize,
    order: Generator,
    shuffle: bool,
    progress: Progress,
    callbacks: Vec<Box<dyn Callback>>,
    history: History,
}

impl Run {
    fn each(&mut self, mut call: impl FnMut(&mut dyn Callback) -> Result<()>) -> Result<()> {
        self.callbacks.iter_mut().try_for_each(|callback| call(callback.as_mut()))
    }

    /// How many samples are gathered at once. On the host a batch, which stays in its caches; on a device more, of which
    /// the batches are views, since each call costs.
    fn block(&self) -> usize {
        const NUMBERS: usize = 4 << 20;
        if !self.x.backend().is_lazy() {
            return self.batch_size;
        }
        let batches = NUMBERS / (self.x.shape().row_elements() * self.batch_size).max(1);
        self.batch_size * batches.clamp(1, 64)
    }

    fn epoch(&mut self, epoch: usize, validates: bool, model: &mut Sequential) -> Result<()> {
        model.reset_metrics()?;
        model.compiled_mut()?.optimizer.set_epoch(epoch);
        self.each(|callback| callback.on_epoch_begin(epoch, model))?;
        self.progress.epoch_begins(epoch);
        let order = if self.shuffle { self.order.permutation(self.rows) } else { (0..self.rows).collect() };
        let mut steps = 0;
        let backend = self.x.backend();
        'epoch: for block in order.chunks(self.block()) {
            let (block_x, block_y) = (backend.take_rows(&self.x, block), backend.take_rows(&self.y, block));
            backend.evaluate(&[&block_x, &block_y])?;
            for first in (0..block.len()).step_by(self.batch_size) {
                if notebook::interrupted() {
                    self.history.interrupted = true;
                    break 'epoch;
                }
                let batch = first..block.len().min(first + self.batch_size);
                let x = block_x.rows_unchecked(batch.clone()).cast(model.dtype);
                model.train_step(&x, &block_y.rows_unchecked(batch))?;
                self.each(|callback| callback.on_batch_end(steps, model))?;
                steps += 1;
                if self.progress.is_due(steps) {
                    self.progress.draw(steps, &model.running_logs());
                }
            }
        }
        let mut logs = model.running_logs();
        if let (Some((x, y)), true, false) = (&self.validation, validates, self.history.interrupted) {
            for (name, value) in model.measured(x, y)?.iter() {
                logs.insert(format!("val_{name}"), value);
            }
        }
        if self.history.interrupted && steps == 0 {
            return Ok(());
        }
        self.each(|callback| callback.on_epoch_end(epoch, &mut logs, model))?;
        self.progress.epoch_ends(steps, &logs);
        self.history.record(epoch, &logs);
        Ok(())
    }
}

impl Sequential {
    /// Loss and metrics over a data set; the running ones of training stay as they are.
    pub(super) fn measured(&mut self, x: &Tensor, y: &Tensor) -> Result<Logs> {
        let training = std::mem::take(&mut self.compiled_mut()?.running);
        let compiled = self.compiled_mut()?;
        let fresh = compiled.metrics.iter().map(|metric| metric.fresh()).collect();
        let metrics = std::mem::replace(&mut compiled.metrics, fresh);
        let result = self.measure_all(x, y);
        let compiled = self.compiled_mut()?;
        compiled.running = training;
        compiled.metrics = metrics;
        result
    }
}
