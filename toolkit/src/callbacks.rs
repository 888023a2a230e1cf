//! Callbacks: what happens between the epochs and batches of a training.

use crate::models::Sequential;
use crate::{Error, Result};

mod backup_and_restore;
mod csv_logger;
mod early_stopping;
mod gradient_norms;
mod lambda_callback;
mod learning_rate_scheduler;
mod list;
mod logs;
mod model_checkpoint;
mod monitor;
mod progress;
mod python;
mod reduce_lr_on_plateau;
mod shared;
mod terminate_on_nan;
mod weight_histogram;

pub use backup_and_restore::BackupAndRestore;
pub use csv_logger::CSVLogger;
pub use early_stopping::EarlyStopping;
pub use gradient_norms::GradientNorms;
pub use lambda_callback::{LambdaCallback, Outcome};
pub use learning_rate_scheduler::LearningRateScheduler;
pub use logs::Logs;
pub use model_checkpoint::{IntoSaveFreq, ModelCheckpoint, SaveFreq};
pub use monitor::MonitorMode;
pub use reduce_lr_on_plateau::ReduceLROnPlateau;
pub use terminate_on_nan::TerminateOnNaN;
pub use weight_histogram::{Spread, WeightHistogram};

pub(crate) use list::Callbacks;
pub(crate) use progress::{Progress, Verbosity};

/// Takes part in a training, an evaluation or a prediction. Every method does nothing unless it is written.
///
/// The hooks are Keras's, with the model as their last argument. Batches and epochs count from 0. During a training
/// [`Sequential::running_logs`] has the means of the epoch so far. An error that a method returns ends the training.
///
/// # Example
/// Stop as soon as the loss is below 0.1:
/// ```
/// use kiln::prelude::*;
///
/// struct Enough;
/// impl Callback for Enough {
///     fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
///         if logs.get("loss").is_some_and(|loss| loss < 0.1) {
///             model.stop_training();
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Callback: Send {
    /// What the callback wants to see beside the logs; asked once a training. Without a taker nothing is kept.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Before the first epoch.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind the last epoch.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_train_end(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before an epoch.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_epoch_begin(&mut self, _epoch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind an epoch and its validation. What is put into `logs` goes into the history.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before a batch of a training; calls [`on_batch_begin`](Self::on_batch_begin) unless it is written.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_train_batch_begin(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        self.on_batch_begin(batch, model)
    }

    /// Behind a batch of a training; calls [`on_batch_end`](Self::on_batch_end) unless it is written.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_train_batch_end(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        self.on_batch_end(batch, model)
    }

    /// Keras's short name of [`on_train_batch_begin`](Self::on_train_batch_begin).
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_batch_begin(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Keras's short name of [`on_train_batch_end`](Self::on_train_batch_end).
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_batch_end(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before an evaluation, also the one that validates an epoch.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_test_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind an evaluation, with its loss and metrics (without `val_`).
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_test_end(&mut self, _logs: &Logs, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before a batch of an evaluation.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_test_batch_begin(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind a batch of an evaluation.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_test_batch_end(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before a prediction.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_predict_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind a prediction.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_predict_end(&mut self, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Before a batch of a prediction.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_predict_batch_begin(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }

    /// Behind a batch of a prediction.
    ///
    /// # Errors
    /// An error ends what the model is doing; so with all methods.
    fn on_predict_batch_end(&mut self, _batch: usize, _model: &mut Sequential) -> Result<()> {
        Ok(())
    }
}

/// What a callback wants to see beside the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gradients of each step: [`Sequential::gradients`].
    pub gradients: bool,
}

/// The error of a callback argument that must be a whole number of at least one.
pub(crate) fn at_least_one(what: &str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(Error::argument(format!("{what} must be at least 1, but is 0")))
}
