//! Metrics of regression.

use super::{Rows, mean_of, named};
use crate::config::{Config, Field, keras_config, name_of, names};
use crate::metrics::Metric;
use crate::{Error, Result, Tensor};
use serde_json::Value;

/// The root of the mean squared error over all batches: $\sqrt{\frac1n \sum (y - p)^2}$.
///
/// # Example
/// ```
/// use kiln::metrics::{Metric, RootMeanSquaredError};
/// use kiln::prelude::*;
/// let mut error = RootMeanSquaredError::new();
/// error.update(&Tensor::new([0.0, 0.0]), &Tensor::new([3.0, 3.0]), None)?;
/// assert_eq!(error.result(), 3.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RootMeanSquaredError {
    name: String,
    total: f64,
    count: f64,
}

named!(RootMeanSquaredError);

impl RootMeanSquaredError {
    /// The metric.
    pub fn new() -> Self {
        Self { name: "root_mean_squared_error".into(), total: 0.0, count: 0.0 }
    }
}

impl Default for RootMeanSquaredError {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for RootMeanSquaredError {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.total, self.count) = (0.0, 0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        for (truth, guess, weight) in Rows::of(y_true, y_pred, weights)?.numbers() {
            self.total += weight * (truth - guess) * (truth - guess);
            self.count += weight;
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { (self.total / self.count).sqrt() }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self::new().name(&self.name))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(RootMeanSquaredError, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
});

/// How the scores of the columns become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassAggregation {
    /// Their mean.
    UniformAverage,
    /// Their mean, weighted by the variance of each column's targets.
    VarianceWeightedAverage,
}

const NAMES: [(&str, ClassAggregation); 2] = [
    ("uniform_average", ClassAggregation::UniformAverage),
    ("variance_weighted_average", ClassAggregation::VarianceWeightedAverage),
];

/// What [`R2Score::class_aggregation`] takes: a [`ClassAggregation`], Keras's name of it, or `None` for a score a column.
pub trait IntoClassAggregation {
    /// The aggregation.
    ///
    /// # Errors
    /// For an unknown name, with the list of the known ones.
    fn into_class_aggregation(self) -> Result<Option<ClassAggregation>>;
}

impl IntoClassAggregation for ClassAggregation {
    fn into_class_aggregation(self) -> Result<Option<ClassAggregation>> {
        Ok(Some(self))
    }
}

impl IntoClassAggregation for Option<ClassAggregation> {
    fn into_class_aggregation(self) -> Result<Option<ClassAggregation>> {
        Ok(self)
    }
}

impl IntoClassAggregation for &str {
    fn into_class_aggregation(self) -> Result<Option<ClassAggregation>> {
        names("class aggregation", &NAMES, &self.into()).map(Some)
    }
}

impl Field for Result<Option<ClassAggregation>> {
    fn write(&self) -> Result<Value> {
        Ok(self.clone()?.map_or(Value::Null, |aggregation| name_of(&NAMES, &aggregation)))
    }
    fn read(value: &Value) -> Result<Self> {
        if value.is_null() {
            return Ok(Ok(None));
        }
        names("class aggregation", &NAMES, value).map(|aggregation| Ok(Some(aggregation)))
    }
}

/// The share of the targets' variance that the predictions explain, of each column of `[batch, outputs]`:
/// $1 - \sum (y - p)^2 / \sum (y - \bar y)^2$.
///
/// # Example
/// ```
/// use kiln::metrics::{Metric, R2Score};
/// use kiln::prelude::*;
/// let mut score = R2Score::new();
/// score.update(&Tensor::new([[1.0], [2.0], [3.0]]), &Tensor::new([[1.0], [2.0], [3.0]]), None)?;
/// assert_eq!(score.result(), 1.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct R2Score {
    name: String,
    class_aggregation: Result<Option<ClassAggregation>>,
    num_regressors: usize,
    /// By column: the sum of targets, of their squares, and of squared errors.
    sums: Vec<[f64; 3]>,
    weight: f64,
    numbers: f64,
}

named!(R2Score);

impl R2Score {
    /// The mean over the columns.
    pub fn new() -> Self {
        Self {
            name: "r2_score".into(),
            class_aggregation: Ok(Some(ClassAggregation::UniformAverage)),
            num_regressors: 0,
            sums: Vec::new(),
            weight: 0.0,
            numbers: 0.0,
        }
    }

    /// How the columns' scores become one: `"uniform_average"` (the default), `"variance_weighted_average"`, or `None`
    /// for a number each: see [`results`](Metric::results).
    pub fn class_aggregation(mut self, aggregation: impl IntoClassAggregation) -> Self {
        self.class_aggregation = aggregation.into_class_aggregation();
        self
    }

    /// How many inputs the regression has, for the adjusted score $1 - (1 - R^2) \frac{n - 1}{n - p - 1}$; 0, the
    /// default, means the plain score.
    pub fn num_regressors(mut self, regressors: usize) -> Self {
        self.num_regressors = regressors;
        self
    }

    fn adjusted(&self, score: f64) -> f64 {
        let (samples, regressors) = (self.numbers, self.num_regressors as f64);
        // Keras warns here and falls back on the plain score.
        if self.num_regressors == 0 || regressors >= samples - 1.0 {
            return score;
        }
        1.0 - (1.0 - score) * (samples - 1.0) / (samples - regressors - 1.0)
    }
}

impl Default for R2Score {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(R2Score, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
    field "class_aggregation": (class_aggregation);
    field "num_regressors": (num_regressors);
});

impl Metric for R2Score {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.sums, self.weight, self.numbers) = (Vec::new(), 0.0, 0.0);
    }

    fn check(&self) -> Result<()> {
        self.class_aggregation.clone().map(drop).map_err(|error| error.in_context("r2_score"))
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        if y_pred.rank() != 2 {
            return Err(Error::shape(format!(
                "r2_score needs predictions [batch, outputs], but they have the shape {}",
                y_pred.shape()
            )));
        }
        let rows = Rows::of(y_true, y_pred, weights)?;
        self.sums.resize(rows.columns, [0.0; 3]);
        self.weight += rows.weights.iter().sum::<f64>();
        self.numbers += rows.truth.len() as f64;
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            let [sum, squares, errors] = &mut self.sums[at % rows.columns];
            *sum += weight * truth;
            *squares += weight * truth * truth;
            *errors += weight * (truth - guess) * (truth - guess);
        }
        Ok(())
    }

    fn results(&self) -> Vec<f64> {
        let total = |&[sum, squares, _]: &[f64; 3]| squares - sum * sum / self.weight;
        let score = |sums: &[f64; 3]| {
            let score = 1.0 - sums[2] / total(sums);
            if score.is_infinite() { 0.0 } else { score }
        };
        let scores: Vec<f64> = self.sums.iter().map(score).collect();
        let scores = match self.class_aggregation {
            Ok(Some(ClassAggregation::UniformAverage)) => vec![mean_of(&scores)],
            Ok(Some(ClassAggregation::VarianceWeightedAverage)) if !scores.is_empty() => {
                let totals: Vec<f64> = self.sums.iter().map(total).collect();
                let sum: f64 = totals.iter().zip(&scores).map(|(total, score)| total * score).sum();
                vec![sum / totals.iter().sum::<f64>()]
            }
            _ => scores,
        };
        scores.into_iter().map(|score| self.adjusted(score)).collect()
    }

    fn result(&self) -> f64 {
        mean_of(&self.results())
    }

    fn fresh(&self) -> Box<dyn Metric> {
        let mut fresh = self.clone();
        fresh.reset();
        Box::new(fresh)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}
