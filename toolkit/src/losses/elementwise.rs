//! What the losses share that are a mean over the outputs of a number for each output.

use crate::Result;
use crate::tensor::Tensor;

/// A loss by its value and slope at each output; target `y` and prediction `p` have one shape.
pub(super) trait Elementwise {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor>;
    /// The derivatives of the values with respect to `p`.
    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor>;
}

/// Makes an [`Elementwise`] type a [`Loss`](super::Loss).
macro_rules! elementwise_loss {
    ($loss:ident) => {
        impl $crate::losses::Loss for $loss {
            $crate::losses::options::loss_methods!();

            fn check(&self, y_true: &Tensor, prediction: &$crate::tensor::Shape) -> Result<()> {
                $crate::losses::check_same_shape(y_true, prediction)
            }

            fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                let y = $crate::losses::aligned(y_true, y_pred)?;
                $crate::losses::sample_means(&self.values(&y, y_pred)?)
            }

            fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
                let y = $crate::losses::aligned(y_true, y_pred)?;
                let share = 1.0 / y_pred.shape().row_elements() as f64;
                let weights = $crate::losses::per_row(weights, &y_pred.shape()) * share;
                Ok(self.slopes(&y, y_pred)? * weights)
            }
        }
    };
}
pub(super) use elementwise_loss;
