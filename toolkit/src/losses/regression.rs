//! Losses of regression.

use super::options::{LossOptions, loss_methods, loss_options};
use super::{Loss, aligned, check_same_shape, per_row, sample_means};
use crate::Result;
use crate::config::keras_config;
use crate::tensor::{Shape, Tensor};

/// The mean of the squared differences: $\frac1k \sum_j (y_j - p_j)^2$.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::MeanSquaredError::new().per_sample(&Tensor::new([[1.0, 2.0]]), &Tensor::new([[0.0, 4.0]]))?;
/// assert_eq!(loss.to_vec(), [2.5]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MeanSquaredError {
    options: LossOptions,
}

impl MeanSquaredError {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("mean_squared_error") }
    }
}

loss_options!(MeanSquaredError);
keras_config!(MeanSquaredError, "keras.losses", Self::new(), { own "options": (options); });

impl Loss for MeanSquaredError {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_same_shape(y_true, prediction)
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        sample_means(&(y_pred - aligned(y_true, y_pred)?).square())
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let share = 2.0 / y_pred.shape().row_elements() as f64;
        Ok((y_pred - aligned(y_true, y_pred)?) * (per_row(weights, &y_pred.shape()) * share))
    }
}
