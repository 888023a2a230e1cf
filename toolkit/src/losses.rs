//! Losses: what training makes small.

use crate::choice::choice_of;
use crate::config::{Config, without_config};
use crate::tensor::{Shape, Tensor};
use crate::{Activation, Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

mod by_shape;
mod crossentropy;
mod elementwise;
mod errors;
mod hinge;
mod options;
mod own;
mod reduction;
mod regression;
mod rows;

pub use crossentropy::{BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy};
pub use errors::{
    Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Poisson,
};
pub use hinge::{Hinge, SquaredHinge};
pub(crate) use options::no_number;
pub use options::{LossOptions, Reduction};
pub use own::{LossFn, from_fn};
pub(crate) use reduction::{counts_evenly, of_samples, shares};
pub use regression::MeanSquaredError;
pub use rows::{CategoricalHinge, CosineSimilarity, KLDivergence};

/// Keras's smallest number: probabilities are kept between it and 1 minus it.
pub(crate) const EPSILON: f64 = 1e-7;

/// A loss: one number a sample, and the gradient of their weighted sum.
///
/// [`from_fn`] makes one of the forward part alone.
pub trait Loss: Debug + Send + Sync {
    /// The name that Keras gives it, such as `mean_squared_error`.
    fn name(&self) -> &str;

    /// Reports targets that do not fit predictions of this shape (with the batch); asked once for a whole data set.
    ///
    /// # Errors
    /// With the shapes, or the first wrong target.
    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()>;

    /// The loss of each sample: a tensor `[batch]`.
    ///
    /// # Errors
    /// When the computation fails.
    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor>;

    /// The gradient with respect to `y_pred` of the sum of all samples' losses, each times its number in `weights`
    /// (`[batch]`).
    ///
    /// # Errors
    /// When the computation fails.
    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor>;

    /// How the losses of the samples become the loss of a batch.
    ///
    /// # Errors
    /// For an unknown name.
    fn reduction(&self) -> Result<Reduction> {
        Ok(Reduction::default())
    }

    /// Whether [`mask`](Self::mask) may leave positions out.
    fn masks(&self) -> bool {
        false
    }

    /// The share of each sample's positions that count, `[batch]`; `None` where all do.
    ///
    /// # Errors
    /// When the computation fails.
    fn mask(&self, _y_true: &Tensor, _y_pred: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// What Keras's JSON says of it; only the built-in losses have that.
    ///
    /// # Errors
    /// For a loss of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("loss", &format_args!("{self:?}")))
    }

    /// Whether [`joined_gradient`](Self::joined_gradient) gives the gradient before this activation in one step.
    fn joins(&self, _activation: &Activation) -> bool {
        false
    }

    /// The gradient with respect to the input of the joined activation, from its output `y_pred`.
    ///
    /// # Errors
    /// When the computation fails.
    fn joined_gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        self.gradient(y_true, y_pred, weights)
    }
}

choice_of!(Loss, by_name);

impl dyn Loss {
    /// The loss of a batch, reduced, as Keras's `loss(y_true, y_pred, sample_weight)`; the weights are one a sample.
    ///
    /// # Errors
    /// When the shapes do not fit.
    ///
    /// # Example
    /// ```
    /// use kiln::losses::{self, Loss, MeanSquaredError};
    /// use kiln::prelude::*;
    /// let loss: &dyn Loss = &MeanSquaredError::new().reduction("sum");
    /// let (y, p) = (Tensor::new([[1.0], [0.0]]), Tensor::new([[3.0], [1.0]]));
    /// assert_eq!(loss.call(&y, &p, Some(&Tensor::new([1.0, 2.0])))?.item()?, 6.0);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn call(&self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<Tensor> {
        reduction::reduced(self, y_true, y_pred, sample_weight)
    }

    /// The gradient of [`call`](#method.call) by the prediction.
    ///
    /// # Errors
    /// As there, and for the reduction `none`.
    pub fn call_gradient(
        &self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<Tensor> {
        self.gradient(y_true, y_pred, &shares(self, y_true, y_pred, sample_weight)?)
    }
}

/// The loss of this name.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Loss>> {
    Ok(match name {
        "sparse_categorical_crossentropy" | "SparseCategoricalCrossentropy" => {
            Arc::new(SparseCategoricalCrossentropy::new())
        }
        "categorical_crossentropy" | "CategoricalCrossentropy" => Arc::new(CategoricalCrossentropy::new()),
        "binary_crossentropy" | "BinaryCrossentropy" | "bce" | "BCE" => Arc::new(BinaryCrossentropy::new()),
        "mean_squared_error" | "MeanSquaredError" | "mse" | "MSE" => Arc::new(MeanSquaredError::new()),
        "mean_absolute_error" | "MeanAbsoluteError" | "mae" | "MAE" => Arc::new(MeanAbsoluteError::new()),
        "mean_absolute_percentage_error" | "MeanAbsolutePercentageError" | "mape" | "MAPE" => {
            Arc::new(MeanAbsolutePercentageError::new())
        }
        "mean_squared_logarithmic_error" | "MeanSquaredLogarithmicError" | "msle" | "MSLE" => {
            Arc::new(MeanSquaredLogarithmicError::new())
        }
        "huber" | "Huber" => Arc::new(Huber::new()),
        "log_cosh" | "LogCosh" => Arc::new(LogCosh::new()),
        "poisson" | "Poisson" => Arc::new(Poisson::new()),
        "hinge" | "Hinge" => Arc::new(Hinge::new()),
        "squared_hinge" | "SquaredHinge" => Arc::new(SquaredHinge::new()),
        "categorical_hinge" | "CategoricalHinge" => Arc::new(CategoricalHinge::new()),
        "cosine_similarity" | "CosineSimilarity" => Arc::new(CosineSimilarity::new()),
        "kl_divergence" | "KLDivergence" | "kld" | "KLD" => Arc::new(KLDivergence::new()),
        "crossentropy" | "ce" => Arc::new(by_shape::CrossentropyByShape::default()),
        _ => {
            return Err(Error::unknown_name(
                "loss",
                name,
                [
                    "sparse_categorical_crossentropy",
                    "categorical_crossentropy",
                    "binary_crossentropy",
                    "mean_squared_error",
                    "mean_absolute_error",
                    "mean_absolute_percentage_error",
                    "mean_squared_logarithmic_error",
                    "huber",
                    "log_cosh",
                    "poisson",
                    "hinge",
                    "squared_hinge",
                    "categorical_hinge",
                    "cosine_similarity",
                    "kl_divergence",
                    "crossentropy",
                ],
            ));
        }
    })
}

/// Targets in the shape of the predictions: a trailing axis of size 1 is added or taken away, as Keras does.
pub(crate) fn aligned(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let target = y_true.cast(y_pred.dtype());
    if target.shape() == y_pred.shape() {
        return Ok(target);
    }
    if target.len() == y_pred.len() && target.rank().abs_diff(y_pred.rank()) == 1 {
        return Ok(target.reshaped(y_pred.shape()));
    }
    Err(Error::shape(format!("the targets {} do not fit the predictions {}", y_true.shape(), y_pred.shape())))
}

/// Reports targets whose shape is not that of the predictions, but for a trailing axis of size 1.
pub(crate) fn check_same_shape(y_true: &Tensor, prediction: &Shape) -> Result<()> {
    let strip = |shape: &Shape| match shape.split_last() {
        Some((1, outer)) if !outer.is_empty() => outer.to_vec(),
        _ => shape.to_vec(),
    };
    if y_true.shape() == *prediction || strip(&y_true.shape()) == strip(prediction) {
        return Ok(());
    }
    Err(Error::shape(format!(
        "the targets have the shape {}, but the model's output is {prediction}",
        y_true.shape()
    )))
}

/// `weights` ([batch]) shaped so that it multiplies each sample of a tensor of this shape.
pub(crate) fn per_row(weights: &Tensor, shape: &Shape) -> Tensor {
    let mut sizes = vec![1; shape.len().max(1)];
    sizes[0] = weights.len();
    weights.reshaped(Shape::from_fit(&sizes))
}

/// The mean over all axes but the batch: a tensor `[batch]`.
pub(crate) fn sample_means(values: &Tensor) -> Result<Tensor> {
    let rows = values.shape().first().copied().unwrap_or(1);
    let columns = values.shape().row_elements();
    if columns == 1 {
        return Ok(values.reshaped(Shape::from_fit(&[rows])));
    }
    values.reshaped(Shape::from_fit(&[rows, columns])).mean_along(1)
}

/// Sums along the last axis with that axis again, of size 1.
pub(crate) fn keep_last_axis(sums: Tensor) -> Tensor {
    let sizes: Vec<usize> = sums.shape().iter().copied().chain([1]).collect();
    sums.reshaped(Shape::from_fit(&sizes))
}
