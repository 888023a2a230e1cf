//! A regression tree.

use super::neighbours::sorted;
use super::{Regressor, Sample};
use crate::{Error, Result};

/// A tree that splits the axis where the squared error falls most, and predicts the mean of each leaf.
///
/// A split lies halfway between two neighbouring points. A node is split until the depth is reached, until a leaf would
/// have fewer points than [`min_samples_leaf`](Self::min_samples_leaf), or until its targets are equal.
///
/// # Example
/// ```
/// use kiln::bias_variance::{Regressor, RegressionTree, Sample};
/// let sample = Sample::new(vec![0.0, 1.0, 2.0, 3.0], vec![5.0, 5.0, 9.0, 9.0], (0.0, 3.0))?;
/// let mut at = [0.0; 2];
/// RegressionTree::new(1).fit_predict(&sample, &[1.4, 1.6], &mut at)?;
/// assert_eq!(at, [5.0, 9.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Breiman et al., *Classification and Regression Trees* (1984), chapter 8.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionTree {
    max_depth: usize,
    min_samples_leaf: usize,
}

impl RegressionTree {
    /// A tree with at most this many splits from the root to a leaf; 0 is a constant.
    pub fn new(max_depth: usize) -> Self {
        Self { max_depth, min_samples_leaf: 1 }
    }

    /// The least number of points in a leaf, at least 1; 1 by default.
    #[must_use]
    pub fn min_samples_leaf(mut self, points: usize) -> Self {
        self.min_samples_leaf = points;
        self
    }

    /// Writes the predictions for the places in `at` (with their indices, in order) of one node.
    fn grow(&self, points: &[(f64, f64)], depth: usize, at: &[(f64, usize)], predictions: &mut [f64]) {
        if at.is_empty() {
            return;
        }
        if depth < self.max_depth
            && let Some(split) = self.split(points)
        {
            let threshold = 0.5 * (points[split - 1].0 + points[split].0);
            let cut = at.partition_point(|place| place.0 <= threshold);
            self.grow(&points[..split], depth + 1, &at[..cut], predictions);
            self.grow(&points[split..], depth + 1, &at[cut..], predictions);
        } else {
            let mean = points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64;
            at.iter().for_each(|place| predictions[place.1] = mean);
        }
    }

    /// How many points go to the left, so that the sum of squares within both sides is least.
    fn split(&self, points: &[(f64, f64)]) -> Option<usize> {
        let mean = points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64;
        if points.iter().all(|point| point.1 == points[0].1) {
            return None;
        }
        // Relative to the mean both sides' sums cancel, and the gain is this square over the sides' sizes.
        let (mut left, mut best) = (0.0, None);
        for split in 1..points.len() {
            left += points[split - 1].1 - mean;
            let sides = (split as f64, (points.len() - split) as f64);
            let gain = left * left * (1.0 / sides.0 + 1.0 / sides.1);
            let allowed = split.min(points.len() - split) >= self.min_samples_leaf;
            if allowed && points[split - 1].0 < points[split].0 && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, split));
            }
        }
        best.map(|(_, split)| split)
    }
}

impl Regressor for RegressionTree {
    fn name(&self) -> String {
        format!("regression tree of depth {}", self.max_depth)
    }

    fn check(&self, _samples: usize) -> Result<()> {
        if self.min_samples_leaf > 0 {
            return Ok(());
        }
        Err(Error::argument("RegressionTree: min_samples_leaf must be at least 1, but is 0"))
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        let mut places: Vec<(f64, usize)> =
            at.iter().copied().enumerate().map(|(index, x)| (x, index)).collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.grow(&sorted(sample), 0, &places, predictions);
        Ok(())
    }
}
