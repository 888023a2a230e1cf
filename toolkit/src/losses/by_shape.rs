//! The crossentropy that fits the shapes: what Keras's name `crossentropy` means in `compile`.

use super::{BinaryCrossentropy, CategoricalCrossentropy, Loss, SparseCategoricalCrossentropy};
use crate::Result;
use crate::tensor::{Shape, Tensor};

/// Binary for one output, of labels where the targets have an axis less or one number a row, else of distributions.
#[derive(Debug, Clone, Default)]
pub(super) struct CrossentropyByShape {
    binary: BinaryCrossentropy,
    labels: SparseCategoricalCrossentropy,
    distributions: CategoricalCrossentropy,
}

impl CrossentropyByShape {
    fn of(&self, y_true: &Shape, y_pred: &Shape) -> &dyn Loss {
        let last = |shape: &Shape| shape.last().copied().unwrap_or(1);
        if last(y_pred) == 1 {
            &self.binary
        } else if y_true.len() < y_pred.len() || last(y_true) == 1 {
            &self.labels
        } else {
            &self.distributions
        }
    }
}

impl Loss for CrossentropyByShape {
    fn name(&self) -> &str {
        "crossentropy"
    }

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        self.of(&y_true.shape(), prediction).check(y_true, prediction)
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        self.of(&y_true.shape(), &y_pred.shape()).per_sample(y_true, y_pred)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        self.of(&y_true.shape(), &y_pred.shape()).gradient(y_true, y_pred, weights)
    }
}
