//! One simulation for each value of a parameter.

use super::Decomposition;
use crate::plot::{self, Figure};
use crate::table::Table;
use std::fmt;

/// The decompositions of models of growing complexity.
///
/// # Example
/// See [`Simulation::complexity_sweep`](super::Simulation::complexity_sweep).
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    label: String,
    complexity: Vec<f64>,
    results: Vec<Decomposition>,
}

impl Sweep {
    pub(super) fn new(label: String) -> Self {
        Self { label, complexity: Vec::new(), results: Vec::new() }
    }

    pub(super) fn push(&mut self, value: f64, result: Decomposition) {
        self.complexity.push(value);
        self.results.push(result);
    }

    fn each(&self, part: impl Fn(&Decomposition) -> f64) -> Vec<f64> {
        self.results.iter().map(part).collect()
    }

    /// The parameter's values.
    pub fn complexity(&self) -> Vec<f64> {
        self.complexity.clone()
    }

    /// The whole result for each value.
    pub fn results(&self) -> &[Decomposition] {
        &self.results
    }

    /// The averaged squared bias for each value.
    pub fn bias_squared(&self) -> Vec<f64> {
        self.each(Decomposition::bias_squared)
    }

    /// The averaged variance for each value. At high degrees of a random design it has no stable mean: see
    /// [`median_mse`](Self::median_mse).
    pub fn variance(&self) -> Vec<f64> {
        self.each(Decomposition::variance)
    }

    /// The variance of the noise, for each value.
    pub fn noise(&self) -> Vec<f64> {
        self.each(Decomposition::noise)
    }

    /// The averaged mean squared error for each value.
    pub fn mse(&self) -> Vec<f64> {
        self.each(Decomposition::mse)
    }

    /// The median over the runs of the mean squared error, for each value.
    pub fn median_mse(&self) -> Vec<f64> {
        self.each(Decomposition::median_mse)
    }

    /// The value with the lowest mean squared error.
    pub fn best(&self) -> f64 {
        let pairs = self.complexity.iter().zip(&self.results);
        pairs.min_by(|a, b| a.1.mse().total_cmp(&b.1.mse())).map_or(f64::NAN, |(value, _)| *value)
    }

    /// Whether the reader stopped it early; the last result may then have fewer runs.
    pub fn interrupted(&self) -> bool {
        self.results.iter().any(Decomposition::interrupted)
    }

    /// A row for each value.
    pub fn to_table(&self) -> Table {
        let columns =
            [self.label.as_str(), "bias²", "variance", "noise", "MSE", "standard error", "median MSE"];
        let mut table = Table::new(columns);
        if self.interrupted() {
            table = table.title("interrupted");
        }
        for (value, result) in self.complexity.iter().zip(&self.results) {
            table.push([
                plot::short(*value).into(),
                result.bias_squared().into(),
                result.variance().into(),
                result.noise().into(),
                result.mse().into(),
                result.mse_error().into(),
                result.median_mse().into(),
            ]);
        }
        table
    }

    /// Bias, variance, noise and their sum by complexity.
    pub fn figure(&self) -> Figure {
        let bias: Vec<f64> = self.bias_squared().into_iter().map(|bias| bias.max(0.0)).collect();
        plot::decomposition(&self.label, &self.complexity, &bias, &self.variance(), &self.noise())
    }

    /// What a notebook's kernel calls on the last expression of a cell.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}
