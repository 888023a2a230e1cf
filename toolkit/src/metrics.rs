//! Metrics: what is measured beside the loss.

use crate::losses::{self, Loss, aligned, sample_means};
use crate::tensor::{DType, Shape, Tensor, Total};
use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// A number that is gathered over the batches of an epoch.
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

    /// What is still to be computed on a device, so that the end of a step can see to it.
    #[doc(hidden)]
    fn pending(&self) -> Option<&Tensor> {
        None
    }
}

mod choice;
mod confusion;
mod kinds;

pub use choice::{MetricChoice, Metrics};
pub use confusion::confusion_matrix;
pub use kinds::{
    AUC, Curve, F1Score, Precision, R2Score, Recall, RootMeanSquaredError, TopKCategoricalAccuracy,
};

/// A mean over samples of a number each sample has.
#[derive(Debug, Clone)]
struct MeanOfSamples {
    name: String,
    kind: Kind,
    total: Total,
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
    Ok(Box::new(MeanOfSamples { name: name.into(), kind, total: Total::default(), count: 0.0 }))
}

impl Metric for MeanOfSamples {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.total, self.count) = (Total::default(), 0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        if let Kind::Accuracy = self.kind {
            self.kind = accuracy_for(y_true, y_pred);
        }
        let samples = self.kind.per_sample(y_true, y_pred)?;
        if let Some(weights) = weights {
            self.total.add(&samples.mul(weights)?.sum(), 1.0)?;
            self.count += weights.sum().item()?;
        } else {
            self.total.add(&samples.sum(), 1.0)?;
            self.count += samples.len() as f64;
        }
        Ok(())
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { total: Total::default(), count: 0.0, ..self.clone() })
    }

    fn result(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.total.value() / self.count }
    }

    fn pending(&self) -> Option<&Tensor> {
        self.total.pending()
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
