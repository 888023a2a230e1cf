//! Training over epochs.

use super::compile::Measure;
use super::samples::{ClassWeights, Samples};
use super::shuffle::Shuffle;
use super::{History, Sequential};
use crate::callbacks::{Callback, Callbacks, Logs, Needs, Progress, Verbose, Verbosity, at_least_one};
use crate::config::OneOf;
use crate::losses::of_samples;
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
    samples: Samples,
    class_weight: Option<ClassWeights>,
    epochs: usize,
    initial_epoch: usize,
    batch_size: usize,
    steps_per_epoch: Option<usize>,
    shuffle: Result<Shuffle>,
    validation: Validation,
    validation_weights: Option<Tensor>,
    validation_freq: usize,
    validation_batch_size: Option<usize>,
    validation_steps: Option<usize>,
    callbacks: Callbacks,
    verbosity: Verbose,
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
            samples: Samples::new(x, y),
            class_weight: None,
            epochs: 1,
            initial_epoch: 0,
            batch_size: 32,
            steps_per_epoch: None,
            shuffle: Ok(Shuffle::Samples),
            validation: Validation::None,
            validation_weights: None,
            validation_freq: 1,
            validation_batch_size: None,
            validation_steps: None,
            callbacks: Callbacks::default(),
            verbosity: Verbose::default(),
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

    /// What each sample counts in the loss and in weighted metrics, `[samples]`. A `validation_split` takes its part along.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let (x, y) = (Tensor::ones([4, 1]), Tensor::new([[1.0], [1.0], [9.0], [9.0]]));
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
    /// model.compile(SGD::new(0.1), "mse", ())?;
    /// let trusted = Tensor::new([1.0, 1.0, 0.0, 0.0]);
    /// model.fit(&x, &y).sample_weight(&trusted).epochs(300).verbose(0).run()?;
    /// assert!((model.predict(&x)?.mean().item()? - 1.0).abs() < 1e-3);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn sample_weight(mut self, weights: &Tensor) -> Self {
        self.samples.weights = Some(weights.clone());
        self
    }

    /// What the samples of each class count, by class: `[(0, 1.0), (1, 5.0)]`. Classes that are not named count 1; of
    /// one-hot targets the class is that of the largest number. It does not count in validation.
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (usize, f64)>) -> Self {
        self.class_weight = Some(weights.into_iter().collect());
        self
    }

    /// How many batches make an epoch; all samples by default. As in Keras the next epoch goes on behind the last batch,
    /// and one that comes to the end of the samples is shorter.
    pub fn steps_per_epoch(mut self, steps: usize) -> Self {
        self.steps_per_epoch = Some(steps);
        self
    }

    /// Whether each epoch takes the samples in a new random order; true by default. `"batch"` mixes the samples within each
    /// batch only, for data that lie in an order of their own.
    pub fn shuffle(mut self, shuffle: impl OneOf<Shuffle>) -> Self {
        self.shuffle = shuffle.value();
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

    /// What each sample of [`validation_data`](Self::validation_data) counts: Keras's third entry of it.
    pub fn validation_sample_weight(mut self, weights: &Tensor) -> Self {
        self.validation_weights = Some(weights.clone());
        self
    }

    /// How many samples make a batch in validation; by default as many as in training. See
    /// [`Evaluation::batch_size`](super::Evaluation::batch_size).
    pub fn validation_batch_size(mut self, batch_size: usize) -> Self {
        self.validation_batch_size = Some(batch_size);
        self
    }

    /// Validates on the first so many batches only.
    pub fn validation_steps(mut self, steps: usize) -> Self {
        self.validation_steps = Some(steps);
        self
    }

    /// Validates after every so many epochs; 1 by default.
    pub fn validation_freq(mut self, epochs: usize) -> Self {
        self.validation_freq = epochs;
        self
    }

    /// Adds a callback; they are called in the order in which they were added.
    pub fn callback(mut self, callback: impl Callback + 'static) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// How much is said: 0 nothing, 1 a progress bar (the default, also "auto"), 2 one line an epoch.
    ///
    /// In a notebook the bar is a live view, in whose place the curves of all epochs stay.
    pub fn verbose(mut self, level: impl Into<Verbose>) -> Self {
        self.verbosity = level.into();
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
        let verbosity: Verbosity = self.verbosity.level()?;
        let model = &mut *self.model;
        model.prepare(&self.samples.x, &self.samples.y)?;
        let (mut samples, mut validation) = match &self.validation {
            Validation::None => (self.samples.clone(), None),
            Validation::Split(share) => {
                if let Some(weights) = &self.samples.weights {
                    self.samples.weights = Some(of_samples(weights, self.samples.count()?)?);
                }
                self.samples.split(*share)?
            }
            Validation::Data(x, y) => {
                let held = Samples { weights: self.validation_weights.clone(), ..Samples::new(x, y) };
                (self.samples.clone(), Some(held))
            }
        };
        samples.weigh(self.class_weight.as_ref())?;
        if let Some(held) = &mut validation {
            let prepared = model.prepare(&held.x, &held.y).and_then(|()| held.weigh(None));
            prepared.map_err(|error| error.in_context("validation data"))?;
        }
        let shuffle = self.shuffle.clone().map_err(|error| error.in_context("fit"))?;
        model.begin_training()?;
        (model.order_seed, model.resumed) = (self.seed.unwrap_or_else(fresh_seed), None);
        // The data moves once; batches are parts of it.
        let home = model.home()?;
        let samples = samples.to_device(home)?;
        let validation = validation.map(|held| held.to_device(home)).transpose()?;
        let rows = samples.count()?;
        let batches = rows.div_ceil(self.batch_size);
        let mut run = Run {
            rows,
            samples,
            validation,
            validation_batch_size: self.validation_batch_size.unwrap_or(self.batch_size),
            validation_steps: self.validation_steps,
            batch_size: self.batch_size,
            steps: self.steps_per_epoch,
            place: rows,
            permutation: Vec::new(),
            gathered: None,
            order: Generator::with_stream(model.order_seed, 0),
            shuffle,
            progress: Progress::new(verbosity, self.epochs, self.steps_per_epoch.unwrap_or(batches)),
            callbacks: std::mem::take(&mut self.callbacks),
            history: History::default(),
        };
        model.stop = false;
        model.needs = run.callbacks.needs();
        run.callbacks.each(|callback| callback.on_train_begin(model))?;
        let first = run.first_epoch(self.initial_epoch, model);
        for epoch in first..self.epochs {
            let validates = (epoch + 1).is_multiple_of(self.validation_freq);
            run.epoch(epoch, validates, model)?;
            if run.history.interrupted || model.stop {
                break;
            }
        }
        model.needs = Needs::default();
        model.finish_training();
        run.callbacks.each(|callback| callback.on_train_end(model))?;
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
        at_least_one("fit: steps_per_epoch", self.steps_per_epoch.unwrap_or(1))?;
        at_least_one("fit: validation_batch_size", self.validation_batch_size.unwrap_or(1))?;
        at_least_one("fit: validation_steps", self.validation_steps.unwrap_or(1))?;
        if self.validation_weights.is_some() && !matches!(self.validation, Validation::Data(..)) {
            return Err(Error::argument("fit: validation_sample_weight needs validation_data")
                .with_help("a validation_split takes the weights of sample_weight along"));
        }
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

/// A training on its way.
struct Run {
    samples: Samples,
    rows: usize,
    validation: Option<Samples>,
    validation_batch_size: usize,
    validation_steps: Option<usize>,
    batch_size: usize,
    /// How many batches an epoch has, where it is not all.
    steps: Option<usize>,
    /// The order of the samples, and how many of it are used up.
    permutation: Vec<usize>,
    place: usize,
    /// What is gathered ahead on a device, and the place where it begins.
    gathered: Option<(usize, Samples)>,
    order: Generator,
    shuffle: Shuffle,
    progress: Progress,
    callbacks: Callbacks,
    history: History,
}

impl Run {
    /// The first epoch: where a callback has taken up an earlier training, the one behind its last, and the samples come in
    /// the order in which they would have come.
    fn first_epoch(&mut self, initial: usize, model: &mut Sequential) -> usize {
        let Some(resumed) = model.resumed.take() else { return initial };
        model.order_seed = resumed.order;
        self.order = Generator::with_stream(resumed.order, 0);
        for _ in initial..resumed.epoch {
            self.begin_round();
            let used = self.steps.map_or(self.rows, |steps| steps.saturating_mul(self.batch_size));
            self.place = self.rows.min(self.place.saturating_add(used));
        }
        resumed.epoch
    }

    /// A new order of the samples, where the last one is used up.
    fn begin_round(&mut self) {
        if self.place >= self.rows {
            self.permutation = self.shuffle.order(self.rows, self.batch_size, &mut self.order);
            (self.place, self.gathered) = (0, None);
        }
    }

    /// The next batch. On the host it is gathered by itself and stays in the caches; on a device more is gathered at once,
    /// of which the batches are views, since each call costs.
    fn next_batch(&mut self) -> Result<Samples> {
        let (first, end) = (self.place, self.rows.min(self.place + self.batch_size));
        self.place = end;
        let backend = self.samples.x.backend();
        if !backend.is_lazy() {
            return Ok(self.samples.take(&self.permutation[first..end]));
        }
        let begin = match &self.gathered {
            Some((begin, block)) if (*begin..begin + block.count()?).contains(&first) => *begin,
            _ => {
                let rows = first..self.rows.min(first + self.block());
                let block = self.samples.take(&self.permutation[rows]);
                let all: Vec<&Tensor> = [&block.x, &block.y].into_iter().chain(&block.weights).collect();
                backend.evaluate(&all)?;
                self.gathered = Some((first, block));
                first
            }
        };
        let block = self.gathered.as_ref().map(|(_, block)| block.range(first - begin..end - begin));
        block.ok_or_else(|| Error::state("fit: no batch was gathered"))
    }

    /// How many samples a device gathers at once: whole batches.
    fn block(&self) -> usize {
        const NUMBERS: usize = 4 << 20;
        let batches = NUMBERS / (self.samples.x.shape().row_elements() * self.batch_size).max(1);
        self.batch_size * batches.clamp(1, 64)
    }

    fn epoch(&mut self, epoch: usize, validates: bool, model: &mut Sequential) -> Result<()> {
        model.reset_metrics()?;
        model.compiled_mut()?.optimizer.set_epoch(epoch);
        self.callbacks.each(|callback| callback.on_epoch_begin(epoch, model))?;
        self.progress.epoch_begins(epoch);
        self.begin_round();
        let mut steps = 0;
        while self.steps.is_none_or(|most| steps < most) {
            if self.place >= self.rows {
                if let Some(most) = self.steps {
                    eprintln!("fit: the samples end after {steps} of {most} steps of epoch {}", epoch + 1);
                }
                break;
            }
            if notebook::interrupted() {
                self.history.interrupted = true;
                break;
            }
            let mut batch = self.next_batch()?;
            batch.x = batch.x.cast(model.dtype);
            self.callbacks.each(|callback| callback.on_train_batch_begin(steps, model))?;
            model.train_step(&batch)?;
            self.callbacks.each(|callback| callback.on_train_batch_end(steps, model))?;
            steps += 1;
            if model.stop {
                break;
            }
            if self.progress.is_due(steps) {
                self.progress.draw(steps, &model.running_logs());
            }
        }
        let mut logs = model.running_logs();
        if let (Some(held), true, false) = (&self.validation, validates, self.history.interrupted) {
            let (batch_size, most) = (self.validation_batch_size, self.validation_steps);
            let measured = model.measured(held, batch_size, most, &mut self.callbacks)?;
            for (name, value) in measured.iter() {
                logs.insert(format!("val_{name}"), value);
            }
        }
        if self.history.interrupted && steps == 0 {
            return Ok(());
        }
        self.callbacks.each(|callback| callback.on_epoch_end(epoch, &mut logs, model))?;
        self.progress.epoch_ends(steps, &logs);
        self.history.record(epoch, &logs);
        Ok(())
    }
}

impl Sequential {
    /// Loss and metrics over a data set; the running ones of training stay as they are.
    pub(super) fn measured(
        &mut self,
        samples: &Samples,
        batch_size: usize,
        steps: Option<usize>,
        callbacks: &mut Callbacks,
    ) -> Result<Logs> {
        let training = std::mem::take(&mut self.compiled_mut()?.running);
        let compiled = self.compiled_mut()?;
        let fresh = compiled.measures.iter().map(Measure::fresh).collect();
        let measures = std::mem::replace(&mut compiled.measures, fresh);
        let result = self.measure_all(samples, batch_size, steps, callbacks);
        let compiled = self.compiled_mut()?;
        compiled.running = training;
        compiled.measures = measures;
        result
    }
}
