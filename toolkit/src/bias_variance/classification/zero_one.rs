//! What a simulation of classifiers found.

use super::parts;
use crate::plot::{self, Color, Figure, Line};
use crate::table::Table;
use std::fmt;

/// Bias, variance and noise of a classifier under the 0-1 loss.
///
/// At $x$ let $y^*$ be the more probable class, $y_m$ the main prediction, that of most models, and $h$ one of them. Then
///
/// $$ B(x) = [y_m \ne y^*], \qquad V(x) = P(h \ne y_m), \qquad N(x) = P(y \ne y^*) $$
///
/// $$ P(h \ne y) = B(x) + c_2 V(x) + c_1 N(x), \qquad c_2 = \pm 1, \quad c_1 = 2 P(h = y^*) - 1 $$
///
/// where $c_2$ is $-1$ where the main prediction is wrong: there a model that differs from it is right. The bias of an
/// average classifier can thus make variance useful, which the squared loss does not know. [`variance`](Self::variance) and
/// [`noise`](Self::noise) are the averages with these factors, so that their sum with the bias is the error; the error is
/// measured against fresh labels, not added up.
///
/// # Example
/// See [`Classification`](super::Classification).
///
/// Source: Domingos, *A unified bias-variance decomposition* (2000), theorem 2; without noise it is that of Kong and
/// Dietterich, *Error-correcting output coding corrects bias and variance* (1995).
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroOne {
    name: String,
    x: Vec<f64>,
    probability: Vec<f64>,
    votes: Vec<f64>,
    runs: usize,
    wanted: usize,
    error_at: Vec<f64>,
    error_error: f64,
    variance_error: f64,
    noise_error: f64,
}

impl ZeroOne {
    pub(super) fn of(name: String, wanted: usize, x: Vec<f64>, probability: Vec<f64>, rows: &[f64]) -> Self {
        let points = x.len();
        let runs = rows.len() / (2 * points);
        let n = runs as f64;
        let mean = |part: usize| -> Vec<f64> {
            let mut sum = vec![0.0; points];
            for row in rows.chunks_exact(2 * points) {
                sum.iter_mut().zip(&row[part * points..]).for_each(|(sum, value)| *sum += value);
            }
            sum.iter().map(|sum| sum / n).collect()
        };
        let mut found = Self {
            name,
            x,
            probability,
            votes: mean(0),
            runs,
            wanted,
            error_at: mean(1),
            error_error: 0.0,
            variance_error: 0.0,
            noise_error: 0.0,
        };
        // What a run adds to each average, given the main prediction: its spread is the average's standard error.
        let of_runs = |part: &dyn Fn(usize, &[f64]) -> f64| {
            let of_run = |row| (0..points).map(|j| part(j, row)).sum::<f64>() / points as f64;
            standard_error(&rows.chunks_exact(2 * points).map(of_run).collect::<Vec<_>>())
        };
        let (main, bias, noise) = (found.main_prediction(), found.bias_at(), found.noise_at());
        let likely = |j: usize| found.probability[j] >= 0.5;
        let sign = |yes: bool| if yes { 1.0 } else { -1.0 };
        let error_error = of_runs(&|j, row| row[points + j]);
        let differs = |j: usize, row: &[f64]| f64::from((row[j] >= 0.5) != (main[j] == 1));
        let variance_error = of_runs(&|j, row| sign(bias[j] == 0.0) * differs(j, row));
        let noise_error = of_runs(&|j, row| sign((row[j] >= 0.5) == likely(j)) * noise[j]);
        (found.error_error, found.variance_error, found.noise_error) =
            (error_error, variance_error, noise_error);
        found
    }

    /// What classified.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The error against fresh labels, averaged over the test points.
    pub fn error(&self) -> f64 {
        average(&self.error_at)
    }

    /// The standard error of [`error`](Self::error).
    pub fn error_error(&self) -> f64 {
        self.error_error
    }

    /// The share of test points where most models are wrong.
    pub fn bias(&self) -> f64 {
        average(&self.bias_at())
    }

    /// The net variance: [`unbiased_variance`](Self::unbiased_variance) less [`biased_variance`](Self::biased_variance).
    pub fn variance(&self) -> f64 {
        self.unbiased_variance() - self.biased_variance()
    }

    /// The standard error of [`variance`](Self::variance), for this main prediction.
    pub fn variance_error(&self) -> f64 {
        self.variance_error
    }

    /// What models that differ from a right main prediction add to the error.
    pub fn unbiased_variance(&self) -> f64 {
        let right = self.bias_at().into_iter().zip(self.variance_at());
        average(&right.map(|(bias, variance)| (1.0 - bias) * variance).collect::<Vec<_>>())
    }

    /// What models that differ from a wrong main prediction take from the error.
    pub fn biased_variance(&self) -> f64 {
        let wrong = self.bias_at().into_iter().zip(self.variance_at());
        average(&wrong.map(|(bias, variance)| bias * variance).collect::<Vec<_>>())
    }

    /// What the noise adds to the error: the average of $c_1 N$.
    pub fn noise(&self) -> f64 {
        let effect = |(noise, right): (f64, f64)| (2.0 * right - 1.0) * noise;
        average(&self.noise_at().into_iter().zip(self.share_right()).map(effect).collect::<Vec<_>>())
    }

    /// The standard error of [`noise`](Self::noise).
    pub fn noise_error(&self) -> f64 {
        self.noise_error
    }

    /// The test points.
    pub fn x(&self) -> Vec<f64> {
        self.x.clone()
    }

    /// The share of models that say class 1 at each test point.
    pub fn votes(&self) -> Vec<f64> {
        self.votes.clone()
    }

    /// The probability of class 1 at each test point.
    pub fn probability(&self) -> Vec<f64> {
        self.probability.clone()
    }

    /// The main prediction at each test point: the class of most models.
    pub fn main_prediction(&self) -> Vec<usize> {
        self.votes.iter().map(|vote| usize::from(*vote >= 0.5)).collect()
    }

    /// $B$ at each test point: 1 where the main prediction is not the more probable class, else 0.
    pub fn bias_at(&self) -> Vec<f64> {
        let pairs = self.votes.iter().zip(&self.probability);
        pairs.map(|(vote, p)| f64::from((*vote >= 0.5) != (*p >= 0.5))).collect()
    }

    /// $V$ at each test point: the share of models that differ from the main prediction.
    pub fn variance_at(&self) -> Vec<f64> {
        self.votes.iter().map(|vote| vote.min(1.0 - vote)).collect()
    }

    /// $N$ at each test point: the probability of the less probable class.
    pub fn noise_at(&self) -> Vec<f64> {
        self.probability.iter().map(|p| p.min(1.0 - p)).collect()
    }

    /// The error at each test point.
    pub fn error_at(&self) -> Vec<f64> {
        self.error_at.clone()
    }

    fn share_right(&self) -> Vec<f64> {
        let pairs = self.votes.iter().zip(&self.probability);
        pairs.map(|(vote, p)| if *p >= 0.5 { *vote } else { 1.0 - vote }).collect()
    }

    /// The number of runs that were done.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// Whether the reader stopped it before all runs were done.
    pub fn interrupted(&self) -> bool {
        self.runs < self.wanted
    }

    /// The models' votes beside the probability of class 1.
    pub fn figure(&self) -> Figure {
        let half = vec![0.5; self.x.len()];
        Figure::new()
            .title(&self.name)
            .x_label("x")
            .y_label("class 1")
            .y_range(-0.03, 1.03)
            .add(Line::new("", &self.x, half).color(Color::Muted).width(1.0))
            .add(Line::new("share of models", &self.x, &self.votes))
            .add(Line::new("probability", &self.x, &self.probability).dashed().color(Color::Text))
    }

    /// The parts of the error.
    pub fn to_table(&self) -> Table {
        let cut =
            if self.interrupted() { format!(" of {}, interrupted", self.wanted) } else { String::new() };
        Table::new(["", "average", "standard error"])
            .title(format!("{}, {} runs{cut}, 0-1 loss", self.name, self.runs))
            .row(["bias".into(), self.bias().into()])
            .row(["variance, unbiased".into(), self.unbiased_variance().into()])
            .row(["variance, biased (subtracted)".into(), self.biased_variance().into()])
            .row(["net variance".into(), self.variance().into(), self.variance_error.into()])
            .row(["noise".into(), self.noise().into(), self.noise_error.into()])
            .row([
                "bias + net variance + noise".into(),
                (self.bias() + self.variance() + self.noise()).into(),
            ])
            .row(["error, measured".into(), self.error().into(), self.error_error.into()])
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}

impl fmt::Display for ZeroOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// The decompositions of classifiers of growing complexity.
///
/// # Example
/// See [`Classification::complexity_sweep`](super::Classification::complexity_sweep).
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroOneSweep {
    label: String,
    complexity: Vec<f64>,
    results: Vec<ZeroOne>,
}

impl ZeroOneSweep {
    pub(super) fn of(label: String, results: Vec<(f64, ZeroOne)>) -> Self {
        let (complexity, results) = results.into_iter().unzip();
        Self { label, complexity, results }
    }

    /// The parameter's values.
    pub fn complexity(&self) -> Vec<f64> {
        self.complexity.clone()
    }

    /// The whole result for each value.
    pub fn results(&self) -> &[ZeroOne] {
        &self.results
    }

    /// The averaged bias for each value.
    pub fn bias(&self) -> Vec<f64> {
        self.results.iter().map(ZeroOne::bias).collect()
    }

    /// The averaged net variance for each value.
    pub fn variance(&self) -> Vec<f64> {
        self.results.iter().map(ZeroOne::variance).collect()
    }

    /// The averaged effect of the noise for each value.
    pub fn noise(&self) -> Vec<f64> {
        self.results.iter().map(ZeroOne::noise).collect()
    }

    /// The averaged error for each value.
    pub fn error(&self) -> Vec<f64> {
        self.results.iter().map(ZeroOne::error).collect()
    }

    /// The value with the lowest error.
    pub fn best(&self) -> f64 {
        let pairs = self.complexity.iter().zip(&self.results);
        pairs.min_by(|a, b| a.1.error().total_cmp(&b.1.error())).map_or(f64::NAN, |(value, _)| *value)
    }

    /// Whether the reader stopped it early.
    pub fn interrupted(&self) -> bool {
        self.results.iter().any(ZeroOne::interrupted)
    }

    /// A row for each value.
    pub fn to_table(&self) -> Table {
        let columns = [self.label.as_str(), "bias", "net variance", "noise", "error", "standard error"];
        let mut table = Table::new(columns);
        if self.interrupted() {
            table = table.title("interrupted");
        }
        for (value, result) in self.complexity.iter().zip(&self.results) {
            table.push([
                plot::short(*value).into(),
                result.bias().into(),
                result.variance().into(),
                result.noise().into(),
                result.error().into(),
                result.error_error().into(),
            ]);
        }
        table
    }

    /// Bias, net variance, noise and the error by complexity.
    pub fn figure(&self) -> Figure {
        parts(&self.label, &self.complexity, &self.results)
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}

impl fmt::Display for ZeroOneSweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// Of the average of these values.
fn standard_error(values: &[f64]) -> f64 {
    let (n, average) = (values.len() as f64, average(values));
    let squares: f64 = values.iter().map(|value| (value - average).powi(2)).sum();
    (squares / (n - 1.0) / n).sqrt()
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
