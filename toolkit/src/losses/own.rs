//! Losses of the user's own: the forward part as a closure, the gradient by the tape.

use super::{Loss, aligned, sample_means};
use crate::autodiff::Var;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// A loss of one's own, from a function of targets and predictions; its gradient follows by itself.
///
/// The function returns a number for each sample, or several, of which the mean is taken. Targets come in the number
/// type of the predictions, and in their shape where they differ by an axis of size 1 only. The type has a name, so a
/// variable of it survives a notebook cell.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let my_mse = losses::from_fn("my_mse", |y, p| (y - p).square().mean_along(-1));
/// let mut model = Sequential::new().seed(1).add(Dense::new(4).activation("tanh").input_shape([2])).add(Dense::new(1));
/// let (x, y) = (Tensor::new([[0.0, 1.0], [1.0, 0.5]]), Tensor::new([[0.5], [-0.5]]));
/// assert!(model.check_gradients(&x, &y, my_mse.clone())?.worst.relative < 1e-6);
/// model.compile(SGD::new(0.1), my_mse, ["mse"])?;
/// let scores = model.evaluate(&x, &y)?;
/// assert_eq!(scores.loss(), scores["mse"]);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn from_fn(name: &'static str, loss: impl Fn(&Var, &Var) -> Var + Send + Sync + 'static) -> LossFn {
    LossFn { name, loss: Arc::new(loss) }
}

/// What [`from_fn`] makes.
#[derive(Clone)]
pub struct LossFn {
    name: &'static str,
    loss: Arc<dyn Fn(&Var, &Var) -> Var + Send + Sync>,
}

impl LossFn {
    /// The numbers of each sample: `[batch]` or `[batch, ...]`.
    fn of(&self, y_true: &Tensor, prediction: &Var) -> Result<Var> {
        let p = prediction.value()?;
        let y = aligned(y_true, &p).unwrap_or_else(|_| y_true.cast(p.dtype()));
        let losses = (self.loss)(&Var::constant(y), prediction);
        let shape =
            losses.value().map_err(|error| error.in_context(format_args!("loss {}", self.name)))?.shape();
        if shape.first() == p.shape().first() {
            return Ok(losses);
        }
        Err(Error::shape(format!(
            "loss {}: predictions of shape {} need a number for each sample, but the function returned the shape {shape}",
            self.name,
            p.shape()
        ))
        .with_help("take means along the axes behind the first: .mean_along(-1), not .mean()"))
    }
}

impl Loss for LossFn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        if y_true.shape().first() == prediction.first() {
            return Ok(());
        }
        Err(Error::shape(format!("the targets {} do not fit the predictions {prediction}", y_true.shape())))
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        sample_means(&self.of(y_true, &Var::constant(y_pred.clone()))?.value()?)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let prediction = Var::new(y_pred.clone());
        let losses = self.of(y_true, &prediction)?;
        let shape = losses.shape();
        let share = super::per_row(weights, &shape) / shape.row_elements().max(1) as f64;
        let upstream = y_pred.backend().full(y_pred.dtype(), shape, 1.0).mul(share)?;
        let mut gradients = losses.pull_back(&upstream, &[&prediction])?;
        gradients.pop().ok_or_else(|| Error::state("the tape gave no gradient"))
    }
}

impl fmt::Debug for LossFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "losses::from_fn({:?}, ..)", self.name)
    }
}
