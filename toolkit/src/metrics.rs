//! Metrics: what is measured beside the loss.

use crate::config::{Config, without_config};
use crate::tensor::Tensor;
use crate::{Error, Result, config};
use std::fmt::Debug;

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

    /// The number over all batches since the last reset; 0 before the first. Of several numbers, their mean.
    fn result(&self) -> f64;

    /// Collects what is still to be computed on a device, so that the end of a step can see to it.
    #[doc(hidden)]
    fn pending<'a>(&'a self, _into: &mut Vec<&'a Tensor>) {}

    /// Whether a larger number is better, which callbacks with the mode `auto` ask; false unless written.
    fn larger_is_better(&self) -> bool {
        false
    }

    /// All numbers, where a metric has several: one a threshold, one a class. Logs then hold `name[0]`, `name[1]`, ...
    fn results(&self) -> Vec<f64> {
        vec![self.result()]
    }

    /// Reports options outside their range; asked by `compile`.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// What Keras's JSON says of it; only the built-in metrics have that.
    ///
    /// # Errors
    /// For a metric of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("metric", &format_args!("{self:?}")))
    }
}

mod choice;
mod confusion;
mod kinds;
mod own;

pub(crate) use choice::GivenMetric;
pub use choice::{MetricChoice, Metrics};
pub use confusion::confusion_matrix;
pub(crate) use kinds::AccuracyByShape;
pub use kinds::*;
pub use own::{MetricFn, from_fn};

/// Keras's names of metrics, and the classes they mean.
const NAMES: [(&str, &str); 35] = [
    ("sparse_categorical_accuracy", "SparseCategoricalAccuracy"),
    ("categorical_accuracy", "CategoricalAccuracy"),
    ("binary_accuracy", "BinaryAccuracy"),
    ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"),
    ("sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("auc", "AUC"),
    ("f1_score", "F1Score"),
    ("f_beta_score", "FBetaScore"),
    ("true_positives", "TruePositives"),
    ("false_positives", "FalsePositives"),
    ("true_negatives", "TrueNegatives"),
    ("false_negatives", "FalseNegatives"),
    ("r2_score", "R2Score"),
    ("root_mean_squared_error", "RootMeanSquaredError"),
    ("mean_squared_error", "MeanSquaredError"),
    ("mse", "MeanSquaredError"),
    ("mean_absolute_error", "MeanAbsoluteError"),
    ("mae", "MeanAbsoluteError"),
    ("mean_absolute_percentage_error", "MeanAbsolutePercentageError"),
    ("mape", "MeanAbsolutePercentageError"),
    ("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError"),
    ("msle", "MeanSquaredLogarithmicError"),
    ("log_cosh_error", "LogCoshError"),
    ("poisson", "Poisson"),
    ("kl_divergence", "KLDivergence"),
    ("hinge", "Hinge"),
    ("squared_hinge", "SquaredHinge"),
    ("categorical_hinge", "CategoricalHinge"),
    ("cosine_similarity", "CosineSimilarity"),
    ("binary_crossentropy", "BinaryCrossentropy"),
    ("bce", "BinaryCrossentropy"),
    ("categorical_crossentropy", "CategoricalCrossentropy"),
    ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
];

/// The metric of this name, which it then has: Keras's snake-case name, the name of the class, or an abbreviation.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Box<dyn Metric>> {
    if ["accuracy", "acc"].contains(&name.to_ascii_lowercase().as_str()) {
        return Ok(Box::new(AccuracyByShape::named(name)));
    }
    let abbreviation = || NAMES.iter().find(|(short, _)| short.len() <= 4 && short.to_uppercase() == name);
    let known = NAMES.iter().find(|(snake, class)| *snake == name || *class == name).or_else(abbreviation);
    let Some((_, class)) = known else {
        let names = std::iter::once("accuracy").chain(NAMES.iter().map(|(name, _)| *name));
        return Err(Error::unknown_name("metric", name, names));
    };
    config::metric_named(class, name)
}
