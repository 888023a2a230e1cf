//! Metrics of the user's own.

use super::Metric;
use super::kinds::Mean;
use crate::autodiff::Var;
use crate::losses::{aligned, sample_means};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// A metric of one's own: the mean over all samples of a function of targets and predictions.
///
/// The function returns a number for each sample, or several, of which the mean is taken; it may be the one that is
/// also a loss. Targets come in the shape of the predictions where they differ by an axis of size 1 only. What is no
/// mean over samples implements [`Metric`].
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let near = metrics::from_fn("near", |y, p| (y - p).abs().less(0.1)).larger_is_better(true);
/// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
/// model.compile("sgd", "mse", ("mae", near))?;
/// let x = Tensor::new([[0.0], [1.0], [2.0], [3.0]]);
/// let scores = model.evaluate(&x, &Tensor::new([[0.05], [1.0], [2.5], [3.0]]))?;
/// assert_eq!(scores["near"], 0.75);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn from_fn(
    name: impl Into<String>,
    metric: impl Fn(&Var, &Var) -> Var + Send + Sync + 'static,
) -> MetricFn {
    MetricFn { name: name.into(), metric: Arc::new(metric), rises: false, mean: Mean::default() }
}

/// What [`from_fn`] makes.
#[derive(Clone)]
pub struct MetricFn {
    name: String,
    metric: Arc<dyn Fn(&Var, &Var) -> Var + Send + Sync>,
    rises: bool,
    mean: Mean,
}

impl MetricFn {
    /// Whether a larger number is better, for callbacks that watch the metric; false by default.
    pub fn larger_is_better(mut self, rises: bool) -> Self {
        self.rises = rises;
        self
    }
}

impl Metric for MetricFn {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let y = aligned(y_true, y_pred).unwrap_or_else(|_| y_true.clone());
        let values = (self.metric)(&Var::constant(y), &Var::constant(y_pred.clone())).value();
        let values = values.map_err(|error| error.in_context(format_args!("metric {}", self.name)))?;
        if values.shape().first() != y_pred.shape().first() {
            return Err(Error::shape(format!(
                "metric {}: predictions of shape {} need a number for each sample, but the function returned the shape {}",
                self.name,
                y_pred.shape(),
                values.shape()
            ))
            .with_help("take means along the axes behind the first: .mean_along(-1), not .mean()"));
        }
        self.mean.add(&sample_means(&values)?, weights)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { mean: Mean::default(), ..self.clone() })
    }

    fn result(&self) -> f64 {
        self.mean.result()
    }

    fn pending<'a>(&'a self, into: &mut Vec<&'a Tensor>) {
        self.mean.pending(into);
    }

    fn larger_is_better(&self) -> bool {
        self.rises
    }
}

impl fmt::Debug for MetricFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metrics::from_fn({:?}, ..)", self.name)
    }
}
