//! Metrics of regression.

use super::{Metric, Rows, named};
use crate::{Result, Tensor};

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
}

/// The share of the targets' variance that the predictions explain, averaged over the columns:
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
    /// By column: the sum of targets, of their squares, and of squared errors.
    sums: Vec<[f64; 3]>,
    weight: f64,
}

named!(R2Score);

impl R2Score {
    /// The mean over the columns.
    pub fn new() -> Self {
        Self { name: "r2_score".into(), sums: Vec::new(), weight: 0.0 }
    }

    /// The score of each column.
    pub fn results(&self) -> Vec<f64> {
        let score = |&[sum, squares, errors]: &[f64; 3]| {
            let score = 1.0 - errors / (squares - sum * sum / self.weight);
            if score.is_infinite() { 0.0 } else { score }
        };
        self.sums.iter().map(score).collect()
    }
}

impl Default for R2Score {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for R2Score {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.sums, self.weight) = (Vec::new(), 0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let rows = Rows::of(y_true, y_pred, weights)?;
        self.sums.resize(rows.columns, [0.0; 3]);
        self.weight += rows.weights.iter().sum::<f64>();
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            let [sum, squares, errors] = &mut self.sums[at % rows.columns];
            *sum += weight * truth;
            *squares += weight * truth * truth;
            *errors += weight * (truth - guess) * (truth - guess);
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        let scores = self.results();
        if scores.is_empty() { 0.0 } else { scores.iter().sum::<f64>() / scores.len() as f64 }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self::new().name(&self.name))
    }
}
