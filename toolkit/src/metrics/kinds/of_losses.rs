//! Losses as metrics: their mean over the samples, without reductions.

use super::mean::{Mean, PerSample, mean_metric};
use crate::config::keras_config;
use crate::losses::{self, Loss};
use crate::{Result, Tensor};

macro_rules! loss_metrics {
    ($($(#[$doc:meta])* $metric:ident $default:literal $loss:ident)*) => {$(
        $(#[$doc])*
        ///
        /// # Example
        /// ```
        /// use kiln::metrics::{self, Metric};
        /// use kiln::prelude::*;
        #[doc = concat!("let mut metric = metrics::", stringify!($metric), "::new();")]
        /// metric.update(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]), None)?;
        /// assert!(metric.result().is_finite());
        /// # Ok::<(), kiln::Error>(())
        /// ```
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            loss: losses::$loss,
            mean: Mean,
        }

        impl $metric {
            /// The metric.
            pub fn new() -> Self {
                Self { name: $default.into(), loss: losses::$loss::new(), mean: Mean::default() }
            }
        }

        mean_metric!($metric);
        keras_config!($metric, "keras.metrics", Self::new(), {
            field "name": (name);
            only "dtype": ("float32");
        });

        impl PerSample for $metric {
            fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                self.loss.per_sample(y_true, y_pred)
            }
        }
    )*};
}

loss_metrics! {
    /// The mean of the squared differences: the loss [`losses::MeanSquaredError`](crate::losses::MeanSquaredError) as a metric.
    MeanSquaredError "mean_squared_error" MeanSquaredError
    /// The mean size of the differences: [`losses::MeanAbsoluteError`](crate::losses::MeanAbsoluteError) as a metric.
    MeanAbsoluteError "mean_absolute_error" MeanAbsoluteError
    /// The mean relative error in percent: [`losses::MeanAbsolutePercentageError`](crate::losses::MeanAbsolutePercentageError) as a metric.
    MeanAbsolutePercentageError "mean_absolute_percentage_error" MeanAbsolutePercentageError
    /// The mean squared difference of logarithms: [`losses::MeanSquaredLogarithmicError`](crate::losses::MeanSquaredLogarithmicError) as a metric.
    MeanSquaredLogarithmicError "mean_squared_logarithmic_error" MeanSquaredLogarithmicError
    /// The logarithm of the hyperbolic cosine of the difference: [`losses::LogCosh`](crate::losses::LogCosh) as a metric.
    LogCoshError "logcosh" LogCosh
    /// [`losses::Poisson`](crate::losses::Poisson) as a metric.
    Poisson "poisson" Poisson
    /// The divergence of distributions: [`losses::KLDivergence`](crate::losses::KLDivergence) as a metric.
    KLDivergence "kl_divergence" KLDivergence
    /// [`losses::Hinge`](crate::losses::Hinge) as a metric.
    Hinge "hinge" Hinge
    /// [`losses::SquaredHinge`](crate::losses::SquaredHinge) as a metric.
    SquaredHinge "squared_hinge" SquaredHinge
    /// [`losses::CategoricalHinge`](crate::losses::CategoricalHinge) as a metric.
    CategoricalHinge "categorical_hinge" CategoricalHinge
}

/// The cosine of the angle between target and prediction, 1 where they point the same way: the loss has the other sign.
///
/// # Example
/// ```
/// use kiln::metrics::{self, Metric};
/// use kiln::prelude::*;
/// let mut metric = metrics::CosineSimilarity::new();
/// metric.update(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[2.0, 0.0]]), None)?;
/// assert_eq!(metric.result(), 1.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CosineSimilarity {
    name: String,
    loss: losses::CosineSimilarity,
    mean: Mean,
}

impl CosineSimilarity {
    /// The metric.
    pub fn new() -> Self {
        Self {
            name: "cosine_similarity".into(),
            loss: losses::CosineSimilarity::new(),
            mean: Mean::default(),
        }
    }
}

mean_metric!(CosineSimilarity);
keras_config!(CosineSimilarity, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
    read "axis": (-1);
});

impl PerSample for CosineSimilarity {
    const RISES: bool = true;

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        Ok(-self.loss.per_sample(y_true, y_pred)?)
    }
}

macro_rules! crossentropy_metrics {
    ($($(#[$doc:meta])* $metric:ident $default:literal { $($rows:tt)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            loss: losses::$metric,
            mean: Mean,
        }

        impl $metric {
            /// For probabilities.
            pub fn new() -> Self {
                Self { name: $default.into(), loss: losses::$metric::new(), mean: Mean::default() }
            }

            /// Whether the model's outputs are logits.
            pub fn from_logits(mut self, from_logits: bool) -> Self {
                self.loss = self.loss.from_logits(from_logits);
                self
            }
        }

        mean_metric!($metric);
        keras_config!($metric, "keras.metrics", Self::new(), {
            field "name": (name);
            only "dtype": ("float32");
            $($rows)*
        });

        impl PerSample for $metric {
            fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                self.loss.per_sample(y_true, y_pred)
            }
        }
    )*};
}

crossentropy_metrics! {
    /// [`losses::BinaryCrossentropy`](crate::losses::BinaryCrossentropy) as a metric.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{self, Metric};
    /// use kiln::prelude::*;
    /// let mut metric = metrics::BinaryCrossentropy::new().from_logits(true);
    /// metric.update(&Tensor::new([[1.0]]), &Tensor::new([[0.0]]), None)?;
    /// assert!((metric.result() - 2.0_f64.ln()).abs() < 1e-6);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    BinaryCrossentropy "binary_crossentropy" {
        field "from_logits": (loss.from_logits);
        field "label_smoothing": (loss.label_smoothing);
    }
    /// [`losses::CategoricalCrossentropy`](crate::losses::CategoricalCrossentropy) as a metric.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{self, Metric};
    /// use kiln::prelude::*;
    /// let mut metric = metrics::CategoricalCrossentropy::new();
    /// metric.update(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]), None)?;
    /// assert!((metric.result() - 2.0_f64.ln()).abs() < 1e-6);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    CategoricalCrossentropy "categorical_crossentropy" {
        field "from_logits": (loss.from_logits);
        field "label_smoothing": (loss.label_smoothing);
        only "axis": (-1);
    }
    /// [`losses::SparseCategoricalCrossentropy`](crate::losses::SparseCategoricalCrossentropy) as a metric.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{self, Metric};
    /// use kiln::prelude::*;
    /// let mut metric = metrics::SparseCategoricalCrossentropy::new();
    /// metric.update(&Tensor::new([0]), &Tensor::new([[0.5, 0.5]]), None)?;
    /// assert!((metric.result() - 2.0_f64.ln()).abs() < 1e-6);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    SparseCategoricalCrossentropy "sparse_categorical_crossentropy" {
        field "from_logits": (loss.from_logits);
        field "ignore_class": (loss.ignore_class);
        only "axis": (-1);
    }
}

impl BinaryCrossentropy {
    /// Moves each target by this share towards 1/2.
    pub fn label_smoothing(mut self, label_smoothing: f64) -> Self {
        self.loss = self.loss.label_smoothing(label_smoothing);
        self
    }
}

impl CategoricalCrossentropy {
    /// Moves each target by this share towards the even distribution.
    pub fn label_smoothing(mut self, label_smoothing: f64) -> Self {
        self.loss = self.loss.label_smoothing(label_smoothing);
        self
    }
}
