//! A callback of closures.

use super::{Callback, Logs};
use crate::Result;
use crate::models::Sequential;
use std::fmt;

/// What a closure of a [`LambdaCallback`] may return: nothing, or a [`Result`] whose error ends the training.
pub trait Outcome {
    /// The result.
    ///
    /// # Errors
    /// That of the closure.
    fn outcome(self) -> Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> Result<()> {
        Ok(())
    }
}

impl Outcome for Result<()> {
    fn outcome(self) -> Result<()> {
        self
    }
}

type Whole = Box<dyn FnMut(&mut Sequential) -> Result<()> + Send>;
type Numbered = Box<dyn FnMut(usize, &mut Sequential) -> Result<()> + Send>;
type Logged = Box<dyn FnMut(usize, &mut Logs, &mut Sequential) -> Result<()> + Send>;

/// A callback made of closures, for what is too short for a type of its own.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile(SGD::new(0.3), "mse", ())?;
/// let enough = LambdaCallback::new().on_epoch_end(|epoch, logs, model| {
///     if logs.get("loss") < Some(1e-3) {
///         println!("enough after epoch {}", epoch + 1);
///         model.stop_training();
///     }
/// });
/// let history = model.fit(&x, &y).epochs(100).callback(enough).verbose(0).run()?;
/// assert!(history.epochs().len() < 100);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Default)]
pub struct LambdaCallback {
    train_begin: Option<Whole>,
    train_end: Option<Whole>,
    epoch_begin: Option<Numbered>,
    epoch_end: Option<Logged>,
    batch_begin: Option<Numbered>,
    batch_end: Option<Numbered>,
}

impl LambdaCallback {
    /// A callback that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Called with the model before the first epoch.
    pub fn on_train_begin<O: Outcome>(
        mut self,
        mut call: impl FnMut(&mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.train_begin = Some(Box::new(move |model| call(model).outcome()));
        self
    }

    /// Called with the model behind the last epoch.
    pub fn on_train_end<O: Outcome>(
        mut self,
        mut call: impl FnMut(&mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.train_end = Some(Box::new(move |model| call(model).outcome()));
        self
    }

    /// Called with epoch (from 0) and model before an epoch.
    pub fn on_epoch_begin<O: Outcome>(
        mut self,
        mut call: impl FnMut(usize, &mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.epoch_begin = Some(Box::new(move |epoch, model| call(epoch, model).outcome()));
        self
    }

    /// Called with epoch (from 0), numbers and model behind an epoch.
    pub fn on_epoch_end<O: Outcome>(
        mut self,
        mut call: impl FnMut(usize, &mut Logs, &mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.epoch_end = Some(Box::new(move |epoch, logs, model| call(epoch, logs, model).outcome()));
        self
    }

    /// Called with batch (from 0 in each epoch) and model before a batch of a training.
    pub fn on_train_batch_begin<O: Outcome>(
        mut self,
        mut call: impl FnMut(usize, &mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.batch_begin = Some(Box::new(move |batch, model| call(batch, model).outcome()));
        self
    }

    /// Called with batch (from 0 in each epoch) and model behind a batch of a training.
    pub fn on_train_batch_end<O: Outcome>(
        mut self,
        mut call: impl FnMut(usize, &mut Sequential) -> O + Send + 'static,
    ) -> Self {
        self.batch_end = Some(Box::new(move |batch, model| call(batch, model).outcome()));
        self
    }
}

impl fmt::Debug for LambdaCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaCallback").finish_non_exhaustive()
    }
}

impl Callback for LambdaCallback {
    fn on_train_begin(&mut self, model: &mut Sequential) -> Result<()> {
        self.train_begin.as_mut().map_or(Ok(()), |call| call(model))
    }

    fn on_train_end(&mut self, model: &mut Sequential) -> Result<()> {
        self.train_end.as_mut().map_or(Ok(()), |call| call(model))
    }

    fn on_epoch_begin(&mut self, epoch: usize, model: &mut Sequential) -> Result<()> {
        self.epoch_begin.as_mut().map_or(Ok(()), |call| call(epoch, model))
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        self.epoch_end.as_mut().map_or(Ok(()), |call| call(epoch, logs, model))
    }

    fn on_train_batch_begin(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        self.batch_begin.as_mut().map_or(Ok(()), |call| call(batch, model))
    }

    fn on_train_batch_end(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        self.batch_end.as_mut().map_or(Ok(()), |call| call(batch, model))
    }
}
