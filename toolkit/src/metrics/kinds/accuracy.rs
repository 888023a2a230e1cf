//! Accuracies: the share of right decisions.

use super::classes_of;
use super::mean::{Mean, PerSample, mean_metric};
use crate::config::keras_config;
use crate::losses::{aligned, sample_means};
use crate::metrics::Metric;
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

/// The share of numbers on the right side of a threshold, targets being 0 or 1. There is no sigmoid in it: logits need
/// the threshold 0.
///
/// # Example
/// ```
/// use kiln::metrics::{BinaryAccuracy, Metric};
/// use kiln::prelude::*;
/// let mut accuracy = BinaryAccuracy::new().threshold(0.7);
/// accuracy.update(&Tensor::new([[1.0], [0.0]]), &Tensor::new([[0.6], [0.4]]), None)?;
/// assert_eq!(accuracy.result(), 0.5);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BinaryAccuracy {
    name: String,
    threshold: f64,
    mean: Mean,
}

impl BinaryAccuracy {
    /// With the threshold 0.5.
    pub fn new() -> Self {
        Self { name: "binary_accuracy".into(), threshold: 0.5, mean: Mean::default() }
    }

    /// Above what a prediction counts as 1; 0.5 by default.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }
}

mean_metric!(BinaryAccuracy);
keras_config!(BinaryAccuracy, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
    field "threshold": (threshold);
});

impl PerSample for BinaryAccuracy {
    const RISES: bool = true;

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        means(&y_pred.greater(self.threshold)?.equal(aligned(y_true, y_pred)?)?)
    }
}

/// The share of samples whose largest prediction is at the place of the largest target (one-hot rows).
///
/// # Example
/// ```
/// use kiln::metrics::{CategoricalAccuracy, Metric};
/// use kiln::prelude::*;
/// let mut accuracy = CategoricalAccuracy::new();
/// accuracy.update(&Tensor::new([[0.0, 1.0]]), &Tensor::new([[0.2, 0.8]]), None)?;
/// assert_eq!(accuracy.result(), 1.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CategoricalAccuracy {
    name: String,
    mean: Mean,
}

impl CategoricalAccuracy {
    /// The metric.
    pub fn new() -> Self {
        Self { name: "categorical_accuracy".into(), mean: Mean::default() }
    }
}

mean_metric!(CategoricalAccuracy);
keras_config!(CategoricalAccuracy, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
});

impl PerSample for CategoricalAccuracy {
    const RISES: bool = true;

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        if y_true.shape() != y_pred.shape() {
            return Err(Error::shape(format!(
                "categorical_accuracy needs one-hot targets of the shape {}, but they have {}",
                y_pred.shape(),
                y_true.shape()
            ))
            .with_help(
                "integer labels need sparse_categorical_accuracy, or accuracy, which looks at the shapes",
            ));
        }
        means(&y_pred.argmax(-1)?.equal(y_true.argmax(-1)?)?)
    }
}

/// The share of samples whose largest prediction is at the place of the label.
///
/// # Example
/// ```
/// use kiln::metrics::{Metric, SparseCategoricalAccuracy};
/// use kiln::prelude::*;
/// let mut accuracy = SparseCategoricalAccuracy::new();
/// accuracy.update(&Tensor::new([1, 1]), &Tensor::new([[0.2, 0.8], [0.7, 0.3]]), None)?;
/// assert_eq!(accuracy.result(), 0.5);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SparseCategoricalAccuracy {
    name: String,
    mean: Mean,
}

impl SparseCategoricalAccuracy {
    /// The metric.
    pub fn new() -> Self {
        Self { name: "sparse_categorical_accuracy".into(), mean: Mean::default() }
    }
}

mean_metric!(SparseCategoricalAccuracy);
keras_config!(SparseCategoricalAccuracy, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
});

impl PerSample for SparseCategoricalAccuracy {
    const RISES: bool = true;

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let best = y_pred.argmax(-1)?;
        if y_true.len() != best.len() {
            return Err(Error::shape(format!(
                "sparse_categorical_accuracy needs one integer label a row, but the targets have the shape {} and the predictions {}",
                y_true.shape(),
                y_pred.shape()
            )));
        }
        means(&best.equal(y_true.cast(DType::Float32).reshape(best.shape())?)?)
    }
}

/// What the name `accuracy` means in `compile`: which accuracy follows from the shapes of the first batch, whatever the
/// loss.
#[derive(Debug)]
pub(crate) struct AccuracyByShape {
    name: String,
    chosen: Option<Box<dyn Metric>>,
}

impl AccuracyByShape {
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), chosen: None }
    }
}

impl Metric for AccuracyByShape {
    fn name(&self) -> &str {
        &self.name
    }

    fn larger_is_better(&self) -> bool {
        true
    }

    fn reset(&mut self) {
        self.chosen.iter_mut().for_each(|metric| metric.reset());
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let last = |tensor: &Tensor| tensor.shape().last().copied().unwrap_or(1);
        let choose = || -> Box<dyn Metric> {
            if last(y_pred) == 1 {
                Box::new(BinaryAccuracy::new())
            } else if y_true.rank() < y_pred.rank() || last(y_true) == 1 {
                Box::new(SparseCategoricalAccuracy::new())
            } else {
                Box::new(CategoricalAccuracy::new())
            }
        };
        self.chosen.get_or_insert_with(choose).update(y_true, y_pred, weights)
    }

    fn pending<'a>(&'a self, into: &mut Vec<&'a Tensor>) {
        self.chosen.iter().for_each(|metric| metric.pending(into));
    }

    fn result(&self) -> f64 {
        self.chosen.as_ref().map_or(0.0, |metric| metric.result())
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { name: self.name.clone(), chosen: self.chosen.as_ref().map(|metric| metric.fresh()) })
    }
}

macro_rules! top_k {
    ($(#[$doc:meta])* $metric:ident $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            k: usize,
            mean: Mean,
        }

        impl $metric {
            /// Among the largest `k` (Keras's default is 5).
            pub fn new(k: usize) -> Self {
                Self { name: $default.into(), k, mean: Mean::default() }
            }
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new(5)
            }
        }

        mean_metric!(@named $metric);
        keras_config!($metric, "keras.metrics", Self::new(5), {
            field "name": (name);
            only "dtype": ("float32");
            field "k": (k);
        });

        impl PerSample for $metric {
    const RISES: bool = true;

            fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                in_top(y_true, y_pred, self.k)
            }
        }
    };
}

top_k! {
    /// The share of samples whose class is among the `k` largest predictions; of equal predictions all count.
    ///
    /// Targets are one-hot rows or class numbers.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{Metric, TopKCategoricalAccuracy};
    /// use kiln::prelude::*;
    /// let mut top = TopKCategoricalAccuracy::new(2);
    /// top.update(&Tensor::new([2, 0]), &Tensor::new([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]]), None)?;
    /// assert_eq!(top.result(), 0.5);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    TopKCategoricalAccuracy "top_k_categorical_accuracy"
}

top_k! {
    /// [`TopKCategoricalAccuracy`] under the name that Keras has for class numbers.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{Metric, SparseTopKCategoricalAccuracy};
    /// use kiln::prelude::*;
    /// let mut top = SparseTopKCategoricalAccuracy::new(1);
    /// top.update(&Tensor::new([1, 0]), &Tensor::new([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]]), None)?;
    /// assert_eq!(top.result(), 0.5);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    SparseTopKCategoricalAccuracy "sparse_top_k_categorical_accuracy"
}

fn in_top(y_true: &Tensor, y_pred: &Tensor, k: usize) -> Result<Tensor> {
    let columns = y_pred.shape().as_rows().1.max(1);
    let (labels, guesses) = (classes_of(y_true, y_pred)?, y_pred.to_vec_f64());
    if labels.len() * columns != guesses.len() {
        return Err(Error::shape(format!(
            "the targets {} do not fit the predictions {}",
            y_true.shape(),
            y_pred.shape()
        )));
    }
    let hit = |(label, row): (&i32, &[f64])| {
        let own = usize::try_from(*label).ok().and_then(|label| row.get(label));
        f32::from(u8::from(own.is_some_and(|own| row.iter().filter(|other| *other > own).count() < k)))
    };
    let hits: Vec<f32> = labels.iter().zip(guesses.chunks(columns)).map(hit).collect();
    means(&Tensor::from_vec(hits, [labels.len()])?.reshape(&y_pred.shape()[..y_pred.rank() - 1])?)
}

/// The mean over each sample's positions: `[batch]`.
fn means(hits: &Tensor) -> Result<Tensor> {
    let rows = hits.shape().first().copied().unwrap_or(1);
    sample_means(&hits.reshaped(Shape::new(&[rows, hits.len() / rows.max(1)])?))
}
