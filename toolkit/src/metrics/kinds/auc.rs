//! The area under a curve of decisions.

use super::{Metric, Rows, named};
use crate::{Result, Tensor};

/// Which curve the area is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Curve {
    /// True positive rate over false positive rate.
    #[default]
    Roc,
    /// Precision over recall, interpolated after Davis and Goadrich.
    Pr,
}

/// The area under the ROC or the precision-recall curve, from counts at evenly spaced thresholds.
///
/// # Example
/// ```
/// use kiln::metrics::{AUC, Metric};
/// use kiln::prelude::*;
/// let mut auc = AUC::new();
/// auc.update(&Tensor::new([0.0, 0.0, 1.0, 1.0]), &Tensor::new([0.0, 0.5, 0.3, 0.9]), None)?;
/// assert!((auc.result() - 0.75).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Davis and Goadrich, *The relationship between precision-recall and ROC curves* (2006).
#[derive(Debug, Clone)]
pub struct AUC {
    name: String,
    curve: Curve,
    /// By bucket: the weight of positives and of negatives whose prediction lies in it.
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

named!(AUC);

impl AUC {
    /// Under the ROC curve, with 200 thresholds.
    pub fn new() -> Self {
        Self { name: "auc".into(), curve: Curve::Roc, positives: vec![0.0; 199], negatives: vec![0.0; 199] }
    }

    /// Which curve; ROC by default.
    pub fn curve(mut self, curve: Curve) -> Self {
        self.curve = curve;
        self
    }

    /// How many thresholds there are, at least 2; 200 by default.
    pub fn num_thresholds(mut self, thresholds: usize) -> Self {
        let buckets = thresholds.max(2) - 1;
        (self.positives, self.negatives) = (vec![0.0; buckets], vec![0.0; buckets]);
        self
    }
}

impl Default for AUC {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for AUC {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        self.positives.fill(0.0);
        self.negatives.fill(0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let last = self.positives.len() as f64;
        for (truth, guess, weight) in Rows::of(y_true, y_pred, weights)?.numbers() {
            // In 32 bits as in Keras: a prediction may sit on a threshold.
            let place = (guess.clamp(0.0, 1.0) as f32 * last as f32).ceil() as usize;
            let counts = if truth > 0.0 { &mut self.positives } else { &mut self.negatives };
            counts[place.saturating_sub(1)] += weight;
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        // Counts of predictions above each threshold, the last above all.
        let above = |counts: &[f64]| {
            let mut sums: Vec<f64> = counts.to_vec();
            sums.push(0.0);
            for at in (0..counts.len()).rev() {
                sums[at] += sums[at + 1];
            }
            sums
        };
        let (hits, alarms) = (above(&self.positives), above(&self.negatives));
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let steps = 0..self.positives.len();
        match self.curve {
            Curve::Roc => steps
                .map(|at| {
                    let rate = |at: usize| (share(alarms[at], alarms[0]), share(hits[at], hits[0]));
                    let ((x, y), (next_x, next_y)) = (rate(at), rate(at + 1));
                    (x - next_x) * (y + next_y) / 2.0
                })
                .sum(),
            Curve::Pr => steps
                .map(|at| {
                    let (gain, all, next) =
                        (hits[at] - hits[at + 1], hits[at] + alarms[at], hits[at + 1] + alarms[at + 1]);
                    let slope = share(gain, (all - next).max(0.0));
                    let intercept = hits[at + 1] - slope * next;
                    let ratio = if all > 0.0 && next > 0.0 { all / next } else { 1.0 };
                    share(slope * (gain + intercept * ratio.ln()), hits[0])
                })
                .sum(),
        }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        let mut fresh = self.clone();
        fresh.reset();
        Box::new(fresh)
    }
}
