//! Metrics: what is measured beside the loss.

use crate::losses::{self, Loss, aligned, sample_means};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// A number that is gathered over the batches of an epoch. [`from_fn`] makes one of a closure where it is a mean over
/// samples.
///
/// # Example
/// The largest error of all:
/// ```
/// use kiln::prelude::*;
///
/// #[derive(Debug, Default)]
/// struct LargestError(f64);
///
/// impl Metric for LargestError {
///     fn name(&self) -> &str {
///         "largest_error"
///     }
///     fn reset(&mut self) {
///         self.0 = 0.0;
///     }
///     fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, _weights: Option<&Tensor>) -> Result<()> {
///         self.0 = self.0.max(y_pred.sub(y_true)?.abs().max().item()?);
///         Ok(())
///     }
///     fn fresh(&self) -> Box<dyn Metric> {
///         Box::new(Self::default())
///     }
///     fn result(&self) -> f64 {
///         self.0
///     }
/// }
///
/// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
/// model.compile("sgd", "mse", ("mae", LargestError::default()))?;
/// let scores = model.evaluate(&Tensor::new([[0.0], [1.0]]), &Tensor::new([[0.5], [3.0]]))?;
/// assert_eq!(scores["largest_error"], 2.0);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Metric: Debug + Send {
    /// The name under which logs and histories hold it.
    fn name(&self) -> &str;

    /// Forgets all batches.
    fn reset(&mut self);

    /// Takes in a batch, whose samples may have weights (`[batch]`).
    ///
    /// # Errors
    /// When targets and predictions do not fit.
    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()>;

    /// The same metric under the same name, without any batch.
    fn fresh(&self) -> Box<dyn Metric>;

    /// The number over all batches since the last reset; 0 before the first.
    fn result(&self) -> f64;

    /// Whether a larger number is better, which callbacks with the mode `auto` ask; false unless written.
    fn larger_is_better(&self) -> bool {
        false
    }
}

mod choice;
mod confusion;
mod kinds;
mod own;

pub use choice::{MetricChoice, Metrics};
pub use confusion::confusion_matrix;
pub use kinds::{
    AUC, Curve, F1Score, Precision, R2Score, Recall, RootMeanSquaredError, TopKCategoricalAccuracy,
};
pub use own::{MetricFn, from_fn};

/// A mean over samples of a number each sample has.
#[derive(Debug, Clone)]
struct MeanOfSamples {
    name: String,
    kind: Kind,
    total: f64,
    count: f64,
}

#[derive(Debug, Clone)]
enum Kind {
    /// `accuracy`: which of the three below it is follows from the first batch's shapes.
    Accuracy,
    SparseCategoricalAccuracy,
    CategoricalAccuracy,
    BinaryAccuracy,
    Loss(Arc<dyn Loss>),
}

/// The metric of this name.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Box<dyn Metric>> {
    let kind = match name.to_ascii_lowercase().as_str() {
        "accuracy" | "acc" => Kind::Accuracy,
        "sparse_categorical_accuracy" | "sparsecategoricalaccuracy" => Kind::SparseCategoricalAccuracy,
        "categorical_accuracy" | "categoricalaccuracy" => Kind::CategoricalAccuracy,
        "binary_accuracy" | "binaryaccuracy" => Kind::BinaryAccuracy,
        "auc" => return Ok(Box::new(AUC::new().name(name))),
        "precision" => return Ok(Box::new(Precision::new().name(name))),
        "recall" => return Ok(Box::new(Recall::new().name(name))),
        "f1_score" | "f1score" => return Ok(Box::new(F1Score::new().name(name))),
        "r2_score" | "r2score" => return Ok(Box::new(R2Score::new().name(name))),
        "root_mean_squared_error" | "rootmeansquarederror" => {
            return Ok(Box::new(RootMeanSquaredError::new().name(name)));
        }
        "top_k_categorical_accuracy" | "topkcategoricalaccuracy" | "sparse_top_k_categorical_accuracy" => {
            return Ok(Box::new(TopKCategoricalAccuracy::new(5).name(name)));
        }
        _ => match losses::by_name(name) {
            Ok(loss) => Kind::Loss(loss),
            Err(_) => {
                return Err(Error::unknown_name(
                    "metric",
                    name,
                    [
                        "accuracy",
                        "sparse_categorical_accuracy",
                        "categorical_accuracy",
                        "binary_accuracy",
                        "top_k_categorical_accuracy",
                        "precision",
                        "recall",
                        "auc",
                        "f1_score",
                        "r2_score",
                        "root_mean_squared_error",
                        "and each loss",
                    ],
                ));
            }
        },
    };
    Ok(Box::new(MeanOfSamples { name: name.into(), kind, total: 0.0, count: 0.0 }))
}

impl Metric for MeanOfSamples {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.total, self.count) = (0.0, 0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        if let Kind::Accuracy = self.kind {
            self.kind = accuracy_for(y_true, y_pred);
        }
        let samples = self.kind.per_sample(y_true, y_pred)?;
        if let Some(weights) = weights {
            self.total += samples.mul(weights)?.sum().item()?;
            self.count += weights.sum().item()?;
        } else {
            self.total += samples.sum().item()?;
            self.count += samples.len() as f64;
        }
        Ok(())
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { total: 0.0, count: 0.0, ..self.clone() })
    }

    fn result(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.total / self.count }
    }

    fn larger_is_better(&self) -> bool {
        match &self.kind {
            Kind::Loss(loss) => loss.name() == "cosine_similarity",
            _ => true,
        }
    }
}

/// Keras's rule for the name `accuracy`: by the shapes alone, whatever the loss.
fn accuracy_for(y_true: &Tensor, y_pred: &Tensor) -> Kind {
    let last = |tensor: &Tensor| tensor.shape().last().copied().unwrap_or(1);
    if last(y_pred) == 1 {
        Kind::BinaryAccuracy
    } else if y_true.rank() < y_pred.rank() || last(y_true) == 1 {
        Kind::SparseCategoricalAccuracy
    } else {
        Kind::CategoricalAccuracy
    }
}

impl Kind {
    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let hits = match self {
            // The metric of the cosine is positive, unlike the loss.
            Self::Loss(loss) if loss.name() == "cosine_similarity" => {
                return Ok(-loss.per_sample(y_true, y_pred)?);
            }
            Self::Loss(loss) => return loss.per_sample(y_true, y_pred),
            Self::BinaryAccuracy | Self::Accuracy => y_pred.greater(0.5)?.equal(aligned(y_true, y_pred)?)?,
            Self::CategoricalAccuracy => y_pred.argmax(-1)?.equal(y_true.argmax(-1)?)?,
            Self::SparseCategoricalAccuracy => {
                let best = y_pred.argmax(-1)?;
                let labels = y_true.cast(DType::Float32).reshape(best.shape())?;
                best.equal(labels)?
            }
        };
        let rows = hits.shape().first().copied().unwrap_or(1);
        sample_means(&hits.reshaped(Shape::from_fit(&[rows, hits.len() / rows.max(1)])))
    }
}
