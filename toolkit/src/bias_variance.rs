//! Bias and variance by simulation: many samples of one function, a model fitted to each, and what the errors are made of.
//!
//! With the true function $f$, noise of variance $\sigma^2$ and the model $h_S$ that was fitted to the sample $S$,
//!
//! $$ \underbrace{E\big[(y - h_S(x))^2\big]}_{\text{MSE}} = \underbrace{\big(E[h_S(x)] - f(x)\big)^2}_{\text{bias}^2} +
//! \underbrace{E\big[(h_S(x) - E[h_S(x)])^2\big]}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}} $$
//!
//! A [`Simulation`] draws the samples, fits a [`Regressor`] to each and returns a [`Decomposition`].
//! [`Simulation::complexity_sweep`] does so for models of growing complexity, [`Classification`] for classifiers and the 0-1
//! loss.
//!
//! # Example
//! ```
//! use kiln::prelude::*;
//! let sim = bias_variance::Simulation::new(|x| x + 2.0 * (1.5 * x).sin())
//!     .noise(0.5).samples(30).domain(0.0, 10.0).runs(200).seed(1).regressor(Polynomial::new(1)).run()?;
//! let sum = sim.bias_squared() + sim.variance() + sim.noise();
//! assert!((sim.mse() - sum).abs() < 0.1 * sum);
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! Source: Geman, Bienenstock and Doursat, *Neural networks and the bias/variance dilemma* (1992), section 3.

mod batched;
mod classification;
mod decomposition;
mod lanes;
mod lasso;
mod neighbours;
mod network;
mod polynomial;
mod regressor;
mod runner;
mod squared_errors;
mod sweep;
mod tree;

pub use classification::{Classification, ZeroOne, ZeroOneSweep};
pub use decomposition::Decomposition;
pub use lasso::Lasso;
pub use neighbours::NearestNeighbours;
pub use network::Network;
pub use polynomial::{Polynomial, Ridge};
pub use regressor::{Regressor, Sample};
pub use sweep::Sweep;
pub use tree::RegressionTree;

use crate::device::{Device, IntoDevice};
use crate::plot::{Number, linspace};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// Where the points of a sample lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Design {
    /// Drawn evenly from the domain, anew for every run.
    #[default]
    Random,
    /// At equal distances, both ends included, the same in every run: only the noise differs.
    Fixed,
}

/// Samples of a function, and a model fitted to each.
///
/// Equal seeds draw the same points and noise whatever the regressor, so that models are compared on the same samples, and
/// give the same bytes for any number of threads.
///
/// # Example
/// See the [module](self).
#[derive(Clone)]
#[must_use = "a simulation runs only when its method `run` is called"]
pub struct Simulation {
    truth: Arc<dyn Fn(f64) -> f64 + Send + Sync>,
    noise: f64,
    samples: usize,
    domain: (f64, f64),
    design: Design,
    runs: usize,
    seed: Option<u64>,
    points: usize,
    regressor: Arc<dyn Regressor>,
    device: Option<Result<Device>>,
}

impl Simulation {
    /// A simulation of this true function: 1,000 runs of 30 points in $0 \le x \le 1$, without noise, fitted by a straight
    /// line.
    pub fn new(truth: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self {
            truth: Arc::new(truth),
            noise: 0.0,
            samples: 30,
            domain: (0.0, 1.0),
            design: Design::Random,
            runs: 1_000,
            seed: None,
            points: 100,
            regressor: Arc::new(Polynomial::new(1)),
            device: None,
        }
    }

    /// The standard deviation $\sigma \ge 0$ of the Gaussian noise on every target; 0 by default.
    pub fn noise(mut self, deviation: f64) -> Self {
        self.noise = deviation;
        self
    }

    /// The number of points in each sample, at least 1; 30 by default.
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Where the points lie, and where the models are compared with the truth; 0 to 1 by default.
    pub fn domain(mut self, low: f64, high: f64) -> Self {
        self.domain = (low, high);
        self
    }

    /// Whether the points are drawn anew for every run (the default) or stay; see [`Design`].
    pub fn design(mut self, design: Design) -> Self {
        self.design = design;
        self
    }

    /// The number of samples, and of models, at least 2; 1,000 by default.
    pub fn runs(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// The seed of points and noise. Without it, the next one of the process; see [`kiln::set_seed`](crate::set_seed).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// At how many places, evenly over the domain, the models are compared with the truth; 100 by default.
    pub fn test_points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// What is fitted to each sample; a straight line by default.
    pub fn regressor(mut self, regressor: impl Regressor + 'static) -> Self {
        self.regressor = Arc::new(regressor);
        self
    }

    /// Where the models are fitted: a [`Device`] or its name; without it on the [default](Device::get_default).
    ///
    /// [`Polynomial`] and [`Ridge`] fit all samples at once on a device, as batched linear algebra in 64-bit numbers; what
    /// is no tensor operation ([`Lasso`], [`NearestNeighbours`], [`RegressionTree`]) and the tiny networks of [`Network`] stay
    /// on the host, as does all where a device has no such numbers. Points and noise are the same on every device.
    pub fn device(mut self, device: impl IntoDevice) -> Self {
        self.device = Some(device.into_device());
        self
    }

    /// Draws the samples, fits, and takes the errors apart.
    ///
    /// An interrupt in a notebook stops it; the result then has the runs so far, and says so.
    ///
    /// # Errors
    /// Fewer than 2 runs, no samples or test points, a negative or infinite noise, an empty domain, a function that is not
    /// finite somewhere on it, and what the regressor cannot do, such as a degree that the samples do not determine;
    /// no such device, or its errors.
    pub fn run(&self) -> Result<Decomposition> {
        self.check()?;
        runner::run(self, self.seed.unwrap_or_else(crate::random::fresh_seed))
    }

    /// Runs the simulation for each value of a model's parameter, on the same samples.
    ///
    /// # Errors
    /// As [`run`](Self::run), with the value; and where there are no values.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let sweep = bias_variance::Simulation::new(|x| (4.0 * x).sin())
    ///     .noise(0.3).samples(20).runs(100).seed(1).complexity_sweep("degree", 0..=6, Polynomial::new)?;
    /// assert!(sweep.bias_squared()[0] > sweep.bias_squared()[6]);
    /// let figure = sweep.figure();
    /// # let _ = figure;
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn complexity_sweep<V: Number, R: Regressor + 'static>(
        &self,
        label: impl Into<String>,
        values: impl IntoIterator<Item = V>,
        regressor: impl Fn(V) -> R,
    ) -> Result<Sweep> {
        let label = label.into();
        let seed = self.seed.unwrap_or_else(crate::random::fresh_seed);
        let mut sweep = Sweep::new(label.clone());
        for value in values {
            let one = self.clone().seed(seed).regressor(regressor(value));
            let place = || format!("{label} {}", crate::plot::short(value.to_f64()));
            let result = one.run().map_err(|error| error.in_context(place()))?;
            let stopped = result.interrupted();
            sweep.push(value.to_f64(), result);
            if stopped {
                break;
            }
        }
        if sweep.results().is_empty() {
            return Err(Error::argument(format!("complexity_sweep: there are no values of {label}")));
        }
        Ok(sweep)
    }

    fn check(&self) -> Result<()> {
        let (low, high) = self.domain;
        let wrong = |message: String| Err(Error::argument(message).in_context("Simulation"));
        if self.runs < 2 {
            return wrong(format!("runs must be at least 2 to have a variance, but is {}", self.runs));
        }
        if self.samples == 0 || self.points == 0 {
            let (samples, points) = (self.samples, self.points);
            return wrong(format!(
                "samples and test_points must be at least 1, but are {samples} and {points}"
            ));
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return wrong(format!(
                "noise, a standard deviation, must be at least 0 and finite, but is {}",
                self.noise
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
            self.target(x)?;
        }
        self.regressor.check(self.samples)
    }

    /// The device that computes.
    fn chosen_device(&self) -> Result<Device> {
        let device = self.device.clone().unwrap_or_else(Device::get_default)?;
        device.check()?;
        Ok(self.regressor.device(device))
    }

    fn grid(&self) -> Vec<f64> {
        if self.points == 1 {
            vec![0.5 * (self.domain.0 + self.domain.1)]
        } else {
            linspace(self.domain.0, self.domain.1, self.points)
        }
    }

    fn target(&self, x: f64) -> Result<f64> {
        let y = (self.truth)(x);
        if y.is_finite() {
            return Ok(y);
        }
        Err(Error::data(format!("Simulation: the true function is {y} at x = {x}"))
            .with_help("choose a domain on which the function is finite"))
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("noise", &self.noise)
            .field("samples", &self.samples)
            .field("domain", &self.domain)
            .field("design", &self.design)
            .field("runs", &self.runs)
            .field("regressor", &self.regressor)
            .finish_non_exhaustive()
    }
}
