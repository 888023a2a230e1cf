//! The mean of the nearest neighbours.

use super::{Regressor, Sample};
use crate::{Error, Result};

/// The mean target of the $k$ nearest points of the sample.
///
/// The fewer the neighbours, the more the model follows the noise. Of two points at equal distance the left one counts as
/// nearer.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let sim = bias_variance::Simulation::new(|x| 2.0 * x).noise(0.5).samples(20).runs(300).seed(1);
/// let one = sim.clone().regressor(NearestNeighbours::new(1)).run()?;
/// let nine = sim.regressor(NearestNeighbours::new(9)).run()?;
/// assert!(one.variance() > nine.variance() && one.bias_squared() < nine.bias_squared());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NearestNeighbours {
    neighbours: usize,
}

impl NearestNeighbours {
    /// The mean of this many neighbours, at least 1 and at most the number of samples.
    pub fn new(neighbours: usize) -> Self {
        Self { neighbours }
    }
}

impl Regressor for NearestNeighbours {
    fn name(&self) -> String {
        format!("{} nearest neighbours", self.neighbours)
    }

    fn check(&self, samples: usize) -> Result<()> {
        if (1..=samples).contains(&self.neighbours) {
            return Ok(());
        }
        let count = self.neighbours;
        Err(Error::argument(format!(
            "NearestNeighbours: neighbours must be in 1..={samples}, the samples, but is {count}"
        )))
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        self.check(sample.len())?;
        let sorted = sorted(sample);
        let count = self.neighbours;
        for (&x, prediction) in at.iter().zip(predictions) {
            let mut first = sorted.partition_point(|point| point.0 < x).saturating_sub(count);
            while first + count < sorted.len() && sorted[first + count].0 - x < x - sorted[first].0 {
                first += 1;
            }
            *prediction =
                sorted[first..first + count].iter().map(|point| point.1).sum::<f64>() / count as f64;
        }
        Ok(())
    }
}

/// Points and targets in the order of the points.
pub(super) fn sorted(sample: &Sample) -> Vec<(f64, f64)> {
    let mut pairs: Vec<(f64, f64)> = sample.x.iter().copied().zip(sample.y.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs
}
