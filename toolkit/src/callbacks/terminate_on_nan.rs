//! An end to trainings whose loss is lost.

use super::Callback;
use crate::models::Sequential;
use crate::{Error, Result};

/// Ends the training when the loss of the epoch so far is NaN or infinite.
///
/// The epoch ends with that batch, and its loss stands in the history.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::full([8, 1], 1e3), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile(SGD::new(1e6), "mse", ())?;
/// let history = model.fit(&x, &y).epochs(50).callback(TerminateOnNaN::new()).verbose(0).run()?;
/// assert!(history.epochs().len() < 10);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TerminateOnNaN {
    raise_error: bool,
}

impl TerminateOnNaN {
    /// Ends the training and says so on standard output.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `run` returns an error instead; false by default.
    pub fn raise_error(mut self, raise_error: bool) -> Self {
        self.raise_error = raise_error;
        self
    }
}

impl Callback for TerminateOnNaN {
    fn on_batch_end(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        let loss = model.running_loss();
        if loss.is_finite() {
            return Ok(());
        }
        if self.raise_error {
            return Err(Error::data(format!("TerminateOnNaN: the loss is {loss} at batch {batch}"))
                .with_help("a smaller learning rate, or clipnorm in the optimizer, may keep it finite"));
        }
        println!("Batch {batch}: Invalid loss, terminating training");
        model.stop_training();
        Ok(())
    }
}
