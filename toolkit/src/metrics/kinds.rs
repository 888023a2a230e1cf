//! The built-in metrics.

use crate::losses::aligned;
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

mod accuracy;
mod auc;
mod counts;
mod f_score;
mod mean;
mod of_losses;
mod regression;
mod selection;

pub(crate) use accuracy::AccuracyByShape;
pub use accuracy::{
    BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
};
pub use auc::{AUC, Curve, SummationMethod};
pub use counts::{FalseNegatives, FalsePositives, IntoThresholds, Thresholds, TrueNegatives, TruePositives};
pub use f_score::{Average, F1Score, FBetaScore};
pub(super) use mean::Mean;
pub use of_losses::{
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, CosineSimilarity, Hinge, KLDivergence,
    LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge,
};
pub use regression::{ClassAggregation, IntoClassAggregation, R2Score, RootMeanSquaredError};
pub use selection::{Precision, Recall};

/// The mean of a few numbers; 0 of none.
fn mean_of(numbers: &[f64]) -> f64 {
    if numbers.is_empty() { 0.0 } else { numbers.iter().sum::<f64>() / numbers.len() as f64 }
}

/// The rows of targets and predictions, as f64, and the weight of each row.
struct Rows {
    columns: usize,
    truth: Vec<f64>,
    guess: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    fn of(y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<Self> {
        let (rows, columns) = y_pred.shape().as_rows();
        let (rows, columns) = if y_pred.rank() < 2 { (y_pred.len(), 1) } else { (rows, columns) };
        let truth = aligned(y_true, &y_pred.to_float())?.to_vec_f64();
        let weights = weights.map_or_else(|| vec![1.0; rows], Tensor::to_vec_f64);
        if weights.len() != rows {
            return Err(Error::shape(format!("there are {rows} rows, but {} weights", weights.len())));
        }
        Ok(Self { columns, truth, guess: y_pred.to_vec_f64(), weights })
    }

    /// (target, prediction, weight) of each number.
    fn numbers(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let columns = self.columns.max(1);
        let pairs = self.truth.iter().zip(&self.guess).enumerate();
        pairs.map(move |(at, (&truth, &guess))| (truth, guess, self.weights[at / columns]))
    }
}

/// Class numbers or rows of one-hot targets, as class numbers.
fn classes_of(y_true: &Tensor, y_pred: &Tensor) -> Result<Vec<i32>> {
    let one_hot = y_true.shape() == y_pred.shape() && y_pred.rank() > 1;
    Ok(if one_hot { y_true.argmax(-1)? } else { y_true.cast(DType::Int32) }.to_labels())
}

/// Gives a metric with a field `name: String` its builder method.
macro_rules! named {
    ($metric:ident) => {
        impl $metric {
            /// The name under which logs and histories hold it.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = name.into();
                self
            }
        }
    };
}
use named;
