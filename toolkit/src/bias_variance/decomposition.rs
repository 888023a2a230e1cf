//! What a simulation found.

mod sums;

use self::sums::{Sums, means};
use super::Simulation;
use super::squared_errors::SquaredErrors;
use crate::plot::{self, Figure};
use crate::table::Table;
use std::fmt;

/// Bias, variance and noise of a regressor, at each test point and averaged over them, with standard errors.
///
/// - The squared bias is that of the mean model, less variance / runs: the mean of finitely many models has a scatter of
///   its own. So corrected it is unbiased, and may come out slightly negative where the bias is 0.
/// - The variance divides by runs − 1.
/// - The noise is the variance $\sigma^2$ that the simulation was given; it is exact.
/// - The mean squared error is measured against fresh noisy targets, not added up: that it equals the sum is a check.
///
/// # Example
/// See the [module](super).
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    name: String,
    x: Vec<f64>,
    truth: Vec<f64>,
    predictions: Vec<f64>,
    runs: usize,
    wanted: usize,
    noise: f64,
    mean_model: Vec<f64>,
    bias_squared: Part,
    variance: Part,
    mse: Part,
    run_mse: Vec<f64>,
}

/// A quantity per point and averaged, each with its standard error.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    at: Vec<f64>,
    errors: Vec<f64>,
    average: f64,
    error: f64,
}

impl Decomposition {
    pub(super) fn of(
        simulation: &Simulation,
        x: Vec<f64>,
        truth: Vec<f64>,
        predictions: Vec<f64>,
        errors: SquaredErrors,
    ) -> Self {
        let points = x.len();
        let runs = predictions.len() / points;
        let n = runs as f64;
        let mean_model = means(&predictions, points);
        let Sums { squares, fourths, run_variance, run_pull } = Sums::of(&predictions, &mean_model, &truth);
        let SquaredErrors { means: mse, squares: error_squares, of_runs: run_mse } = errors;
        let variance: Vec<f64> = squares.iter().map(|square| square / (n - 1.0)).collect();
        let bias = |j: usize| mean_model[j] - truth[j];
        let average = |values: &[f64]| values.iter().sum::<f64>() / points as f64;
        let bias_at: Vec<f64> = (0..points).map(|j| bias(j).powi(2) - variance[j] / n).collect();
        // The mean model's own scatter moves the squared bias in first order by the pull, in second by its square.
        let bias_errors =
            (0..points).map(|j| bias_error(4.0 * bias(j).powi(2) * variance[j], variance[j], n));
        let bias_squared = Part {
            errors: bias_errors.collect(),
            average: average(&bias_at),
            error: bias_error(spread(&run_pull).powi(2), average(&variance), n),
            at: bias_at,
        };
        let variance_error = |j: usize| ((fourths[j] / n - variance[j].powi(2)).max(0.0) / n).sqrt();
        let variance = Part {
            errors: (0..points).map(variance_error).collect(),
            average: average(&variance),
            error: spread(&run_variance) / n.sqrt(),
            at: variance,
        };
        let mse = Part {
            errors: error_squares.iter().map(|square| (square / (n - 1.0) / n).sqrt()).collect(),
            average: average(&mse),
            error: spread(&run_mse) / n.sqrt(),
            at: mse,
        };
        let (name, noise) = (simulation.regressor.name(), simulation.noise.powi(2));
        let wanted = simulation.runs;
        Self {
            name,
            x,
            truth,
            predictions,
            runs,
            wanted,
            noise,
            mean_model,
            bias_squared,
            variance,
            mse,
            run_mse,
        }
    }

    /// What was fitted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The squared bias, averaged over the test points.
    pub fn bias_squared(&self) -> f64 {
        self.bias_squared.average
    }

    /// The variance of the models, averaged over the test points.
    pub fn variance(&self) -> f64 {
        self.variance.average
    }

    /// The variance of the noise, $\sigma^2$: what no model can avoid.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// The mean squared error against fresh noisy targets, averaged over the test points.
    pub fn mse(&self) -> f64 {
        self.mse.average
    }

    /// The standard error of [`bias_squared`](Self::bias_squared).
    pub fn bias_squared_error(&self) -> f64 {
        self.bias_squared.error
    }

    /// The standard error of [`variance`](Self::variance).
    pub fn variance_error(&self) -> f64 {
        self.variance.error
    }

    /// The standard error of [`mse`](Self::mse).
    pub fn mse_error(&self) -> f64 {
        self.mse.error
    }

    /// The squared bias at each test point.
    pub fn bias_squared_at(&self) -> Vec<f64> {
        self.bias_squared.at.clone()
    }

    /// The variance at each test point.
    pub fn variance_at(&self) -> Vec<f64> {
        self.variance.at.clone()
    }

    /// The noise at each test point: the same everywhere.
    pub fn noise_at(&self) -> Vec<f64> {
        vec![self.noise; self.x.len()]
    }

    /// The mean squared error at each test point.
    pub fn mse_at(&self) -> Vec<f64> {
        self.mse.at.clone()
    }

    /// The standard errors of [`bias_squared_at`](Self::bias_squared_at).
    pub fn bias_squared_errors_at(&self) -> Vec<f64> {
        self.bias_squared.errors.clone()
    }

    /// The standard errors of [`variance_at`](Self::variance_at).
    pub fn variance_errors_at(&self) -> Vec<f64> {
        self.variance.errors.clone()
    }

    /// The standard errors of [`mse_at`](Self::mse_at).
    pub fn mse_errors_at(&self) -> Vec<f64> {
        self.mse.errors.clone()
    }

    /// The median over the runs of a model's mean squared error: steady also where a few wild models spoil every mean.
    pub fn median_mse(&self) -> f64 {
        let mut sorted = self.run_mse.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        if sorted.len().is_multiple_of(2) { 0.5 * (sorted[half - 1] + sorted[half]) } else { sorted[half] }
    }

    /// The test points.
    pub fn x(&self) -> Vec<f64> {
        self.x.clone()
    }

    /// The true function at the test points.
    pub fn truth(&self) -> Vec<f64> {
        self.truth.clone()
    }

    /// The mean of all models at the test points.
    pub fn mean_model(&self) -> Vec<f64> {
        self.mean_model.clone()
    }

    /// The predictions of the first `count` models at the test points.
    pub fn models(&self, count: usize) -> Vec<Vec<f64>> {
        self.predictions.chunks_exact(self.x.len()).take(count).map(<[f64]>::to_vec).collect()
    }

    /// The number of runs that were done.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// Whether the reader stopped it before all runs were done.
    pub fn interrupted(&self) -> bool {
        self.runs < self.wanted
    }

    /// All models, their mean and the truth.
    pub fn figure(&self) -> Figure {
        plot::fan(&self.x, &self.truth, &self.mean_model, &self.models(self.runs)).title(&self.name)
    }

    /// The parts of the error with their standard errors.
    pub fn to_table(&self) -> Table {
        let sum = self.bias_squared() + self.variance() + self.noise();
        let cut =
            if self.interrupted() { format!(" of {}, interrupted", self.wanted) } else { String::new() };
        Table::new(["", "average", "standard error"])
            .title(format!("{}, {} runs{cut}", self.name, self.runs))
            .row(["bias²".into(), self.bias_squared().into(), self.bias_squared_error().into()])
            .row(["variance".into(), self.variance().into(), self.variance_error().into()])
            .row(["noise".into(), self.noise.into(), 0.0.into()])
            .row(["bias² + variance + noise".into(), sum.into()])
            .row(["MSE, measured".into(), self.mse().into(), self.mse_error().into()])
    }

    /// What a notebook's kernel calls on the last expression of a cell.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}

impl fmt::Display for Decomposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// The standard error of a squared bias: `pull` is the variance of its first-order term over the runs.
fn bias_error(pull: f64, variance: f64, runs: f64) -> f64 {
    (pull / runs + 2.0 * (variance / runs).powi(2)).sqrt()
}

/// The standard deviation.
fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
