//! Bias and variance of a classifier under the 0-1 loss.

use super::runner::{BLOCK, Rows, all_runs, points};
use super::{Design, Polynomial, Regressor, Sample};
use crate::device::Device;
use crate::plot::{self, Figure, Number, linspace};
use crate::random::Generator;
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

mod zero_one;

pub use zero_one::{ZeroOne, ZeroOneSweep};

/// Samples of two classes, and a classifier fitted to each.
///
/// At $x$ the class is 1 with probability $p(x)$, else 0. A regressor that is fitted to the labels 0 and 1 classifies by
/// whether its prediction is at least one half: nearest neighbours and trees then vote by majority.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let two = bias_variance::Classification::new(|x| if x < 0.5 { 0.1 } else { 0.8 }).samples(40).runs(400).seed(1);
/// let one = two.clone().classifier(NearestNeighbours::new(1)).run()?;
/// let nine = two.classifier(NearestNeighbours::new(9)).run()?;
/// assert!(one.variance() > nine.variance());
/// let sum = one.bias() + one.variance() + one.noise();
/// assert!((one.error() - sum).abs() < 4.0 * one.error_error());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a simulation runs only when its method `run` is called"]
pub struct Classification {
    probability: Arc<dyn Fn(f64) -> f64 + Send + Sync>,
    samples: usize,
    domain: (f64, f64),
    design: Design,
    runs: usize,
    seed: Option<u64>,
    points: usize,
    classifier: Arc<dyn Regressor>,
}

impl Classification {
    /// A simulation where class 1 has this probability, from 0 to 1: 1,000 runs of 30 points in $0 \le x \le 1$, classified
    /// by a straight line through the labels.
    pub fn new(probability: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self {
            probability: Arc::new(probability),
            samples: 30,
            domain: (0.0, 1.0),
            design: Design::Random,
            runs: 1_000,
            seed: None,
            points: 100,
            classifier: Arc::new(Polynomial::new(1)),
        }
    }

    /// The number of points in each sample, at least 1; 30 by default.
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Where the points lie, and where the classifiers are judged; 0 to 1 by default.
    pub fn domain(mut self, low: f64, high: f64) -> Self {
        self.domain = (low, high);
        self
    }

    /// Whether the points are drawn anew for every run (the default) or stay; see [`Design`].
    pub fn design(mut self, design: Design) -> Self {
        self.design = design;
        self
    }

    /// The number of samples, and of classifiers, at least 2; 1,000 by default.
    pub fn runs(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// The seed of points and labels. Without it, the next one of the process; see [`kiln::set_seed`](crate::set_seed).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// At how many places, evenly over the domain, the classifiers are judged; 100 by default.
    pub fn test_points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// What is fitted to each sample's labels; a straight line by default.
    pub fn classifier(mut self, regressor: impl Regressor + 'static) -> Self {
        self.classifier = Arc::new(regressor);
        self
    }

    /// Draws the samples, fits, and takes the errors apart.
    ///
    /// An interrupt in a notebook stops it; the result then has the runs so far, and says so.
    ///
    /// # Errors
    /// Fewer than 2 runs, no samples or test points, an empty domain, a probability outside 0 to 1, and what the
    /// regressor cannot do.
    pub fn run(&self) -> Result<ZeroOne> {
        self.check()?;
        let seed = self.seed.unwrap_or_else(crate::random::fresh_seed);
        let at = self.grid();
        let probability: Vec<f64> = at.iter().map(|&x| self.chance(x)).collect::<Result<_>>()?;
        let name = self.classifier.name();
        // Of each run its classes, and whether they differ from fresh labels.
        let rows = Rows { width: at.len(), of_block: BLOCK * at.len(), at_once: false };
        let (classes, mut errors) = all_runs(&name, self.runs, rows, |first, classes, errors| {
            self.some_runs(seed, first, &at, &probability, classes, errors)
        })?;
        errors.truncate(classes.len());
        Ok(ZeroOne::of(name, self.runs, at, probability, &classes, &errors))
    }

    /// Runs the simulation for each value of a classifier's parameter, on the same samples.
    ///
    /// # Errors
    /// As [`run`](Self::run), with the value; and where there are no values.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let two = bias_variance::Classification::new(|x| 0.5 + 0.4 * (9.0 * x).sin()).samples(60).runs(200).seed(1);
    /// let sweep = two.complexity_sweep("neighbours", [1, 5, 15, 45], NearestNeighbours::new)?;
    /// assert!(sweep.variance()[0] > sweep.variance()[2] && sweep.bias()[0] < sweep.bias()[3]);
    /// sweep.figure().check()?;
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn complexity_sweep<V: Number, R: Regressor + 'static>(
        &self,
        label: impl Into<String>,
        values: impl IntoIterator<Item = V>,
        classifier: impl Fn(V) -> R,
    ) -> Result<ZeroOneSweep> {
        let label = label.into();
        let seed = self.seed.unwrap_or_else(crate::random::fresh_seed);
        let mut results = Vec::new();
        for value in values {
            let one = self.clone().seed(seed).classifier(classifier(value));
            let place = || format!("{label} {}", plot::short(value.to_f64()));
            let result = one.run().map_err(|error| error.in_context(place()))?;
            let stopped = result.interrupted();
            results.push((value.to_f64(), result));
            if stopped {
                break;
            }
        }
        if results.is_empty() {
            return Err(Error::argument(format!("complexity_sweep: there are no values of {label}")));
        }
        Ok(ZeroOneSweep::of(label, results))
    }

    fn some_runs(
        &self,
        seed: u64,
        first: usize,
        at: &[f64],
        probability: &[f64],
        classes: &mut [f64],
        errors: &mut [f64],
    ) -> Result<()> {
        let (mut samples, mut generators) = (Vec::new(), Vec::new());
        for run in first..first + classes.len() / at.len() {
            let mut generator = Generator::with_stream(seed, run as u64 + 1);
            let x = points(self.samples, self.domain, self.design, &mut generator);
            let mut y = Vec::with_capacity(x.len());
            for &x in &x {
                y.push(f64::from(generator.uniform() < self.chance(x)?));
            }
            samples.push(Sample { x, y, domain: self.domain, seed: generator.word() });
            generators.push(generator);
        }
        self.classifier.fit_predict_all(Device::HOST, &samples, at, classes)?;
        let rows = classes.chunks_exact_mut(at.len()).zip(errors.chunks_exact_mut(at.len()));
        for ((classes, errors), mut generator) in rows.zip(generators) {
            for ((class, error), probability) in classes.iter_mut().zip(errors).zip(probability) {
                let (said, label) = (*class >= 0.5, generator.uniform() < *probability);
                *class = f64::from(said);
                *error = f64::from(said != label);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let (low, high) = self.domain;
        let wrong = |message: String| Err(Error::argument(message).in_context("Classification"));
        if self.runs < 2 {
            return wrong(format!("runs must be at least 2 to have a variance, but is {}", self.runs));
        }
        if self.samples == 0 || self.points == 0 {
            let (samples, points) = (self.samples, self.points);
            return wrong(format!(
                "samples and test_points must be at least 1, but are {samples} and {points}"
            ));
        }
        if !(low.is_finite() && high.is_finite() && low < high) {
            return wrong(format!("domain must go from a lower to a higher number, but is {low} to {high}"));
        }
        if self.runs.checked_mul(self.points).is_none_or(|size| size > 1 << 27) {
            let (runs, points) = (self.runs, self.points);
            return wrong(format!(
                "{runs} runs at {points} test points are more than 134 million predictions"
            ));
        }
        for x in self.grid() {
            self.chance(x)?;
        }
        self.classifier.check(self.samples)
    }

    fn grid(&self) -> Vec<f64> {
        if self.points == 1 {
            vec![0.5 * (self.domain.0 + self.domain.1)]
        } else {
            linspace(self.domain.0, self.domain.1, self.points)
        }
    }

    fn chance(&self, x: f64) -> Result<f64> {
        let p = (self.probability)(x);
        if (0.0..=1.0).contains(&p) {
            return Ok(p);
        }
        Err(Error::data(format!("Classification: the probability of class 1 is {p} at x = {x}"))
            .with_help("a probability lies in 0..=1 everywhere on the domain"))
    }
}

impl fmt::Debug for Classification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classification")
            .field("samples", &self.samples)
            .field("domain", &self.domain)
            .field("design", &self.design)
            .field("runs", &self.runs)
            .field("classifier", &self.classifier)
            .finish_non_exhaustive()
    }
}

/// The figure of a sweep: the parts by complexity.
fn parts(label: &str, x: &[f64], results: &[ZeroOne]) -> Figure {
    let each = |part: fn(&ZeroOne) -> f64| -> Vec<f64> { results.iter().map(part).collect() };
    Figure::new()
        .x_label(label)
        .y_label("0-1 loss")
        .add(plot::Line::new("bias", x, each(ZeroOne::bias)).markers())
        .add(plot::Line::new("variance (net)", x, each(ZeroOne::variance)).markers())
        .add(plot::Line::new("noise", x, each(ZeroOne::noise)).dashed().color(plot::Color::Muted))
        .add(plot::Line::new("error", x, each(ZeroOne::error)).width(3.0).color(plot::Color::Text))
        .footnote(
            "error = bias + net variance + noise; a variance that corrects a biased vote counts negative.",
        )
}
