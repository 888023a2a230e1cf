//! What a simulation fits.

use crate::device::Device;
use crate::{Error, Result, notebook};
use std::fmt::Debug;

/// One sample: points and their noisy targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The points.
    pub x: Vec<f64>,
    /// Their targets, as many.
    pub y: Vec<f64>,
    /// Where points and test points lie; models scale by it.
    pub domain: (f64, f64),
    /// A seed for models that draw random numbers.
    pub seed: u64,
}

impl Sample {
    /// A sample of these points on this domain.
    ///
    /// # Errors
    /// No points, not as many targets, or a number that is not finite.
    pub fn new(x: Vec<f64>, y: Vec<f64>, domain: (f64, f64)) -> Result<Self> {
        if x.is_empty() || x.len() != y.len() {
            return Err(Error::shape(format!("Sample: {} points with {} targets", x.len(), y.len())));
        }
        if let Some(value) = x.iter().chain(&y).find(|value| !value.is_finite()) {
            return Err(Error::data(format!(
                "Sample: points and targets must be finite, but one is {value}"
            )));
        }
        Ok(Self { x, y, domain, seed: 0 })
    }

    /// The number of points.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// `x` on the scale where the domain is $-1$ to $1$.
    pub fn scaled(&self, x: f64) -> f64 {
        let (low, high) = self.domain;
        (2.0 * x - (low + high)) / (high - low)
    }
}

/// A model of one variable that can be fitted to a sample.
///
/// # Example
/// ```
/// use kiln::bias_variance::{Regressor, Sample, Simulation};
/// /// The mean of the targets, everywhere.
/// #[derive(Debug)]
/// struct Constant;
/// impl Regressor for Constant {
///     fn name(&self) -> String {
///         "constant".into()
///     }
///     fn fit_predict(&self, sample: &Sample, _at: &[f64], predictions: &mut [f64]) -> kiln::Result<()> {
///         predictions.fill(sample.y.iter().sum::<f64>() / sample.len() as f64);
///         Ok(())
///     }
/// }
/// let sim = Simulation::new(|_| 3.0).noise(1.0).samples(10).runs(500).seed(1).regressor(Constant).run()?;
/// assert!((sim.variance() - 0.1).abs() < 0.03);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Regressor: Debug + Send + Sync {
    /// What it is, for titles.
    fn name(&self) -> String;

    /// Reports parameters outside their range, or too few samples.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self, _samples: usize) -> Result<()> {
        Ok(())
    }

    /// Fits to the sample, and writes the predictions at these places.
    ///
    /// # Errors
    /// Where it cannot be fitted.
    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()>;

    /// Where it computes if a simulation asks for `device`: on the host, unless it is made of tensor operations.
    fn device(&self, _device: Device) -> Device {
        Device::HOST
    }

    /// Does so for several samples of one size, on a device that [`device`](Self::device) named: the predictions of the
    /// first, then those of the second, and so on.
    ///
    /// A model that is quicker on several at once does it here; the results must not depend on how many there are.
    ///
    /// # Errors
    /// Where one of them cannot be fitted, or the device fails.
    fn fit_predict_all(
        &self,
        _device: Device,
        samples: &[Sample],
        at: &[f64],
        predictions: &mut [f64],
    ) -> Result<()> {
        samples.iter().zip(predictions.chunks_exact_mut(at.len())).try_for_each(|(sample, predictions)| {
            if notebook::interrupted() {
                return Err(Error::state(format!("{}: the simulation was interrupted", self.name())));
            }
            self.fit_predict(sample, at, predictions)
        })
    }
}
