//! The area under a curve of decisions.

use super::{Rows, mean_of, named};
use crate::config::{Config, Field, Named, OneOf, keras_config};
use crate::metrics::Metric;
use crate::optimizers::check_range;
use crate::{Error, Result, Tensor};
use serde_json::Value;

/// Which curve the area is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Curve {
    /// True positive rate over false positive rate.
    #[default]
    Roc,
    /// Precision over recall.
    Pr,
}

/// How the area between two thresholds is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SummationMethod {
    /// By the mean of both heights; for the precision-recall curve after Davis and Goadrich.
    #[default]
    Interpolation,
    /// By the larger height.
    Majoring,
    /// By the smaller height.
    Minoring,
}

impl Named for Curve {
    const WHAT: &'static str = "curve";
    const NAMES: &'static [(&'static str, Self)] = &[("ROC", Self::Roc), ("PR", Self::Pr)];
}

impl Named for SummationMethod {
    const WHAT: &'static str = "summation method";
    const NAMES: &'static [(&'static str, Self)] =
        &[("interpolation", Self::Interpolation), ("majoring", Self::Majoring), ("minoring", Self::Minoring)];
}

/// The area under the ROC or the precision-recall curve, from counts at thresholds.
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
    num_thresholds: usize,
    curve: Result<Curve>,
    summation_method: Result<SummationMethod>,
    /// The inner thresholds, where they are given.
    thresholds: Option<Vec<f64>>,
    multi_label: bool,
    num_labels: Option<usize>,
    label_weights: Option<LabelWeights>,
    from_logits: bool,
    /// By label: the weight of positives and of negatives between two thresholds.
    labels: Vec<Buckets>,
}

/// The weights of the labels; Keras keeps them as a tensor.
#[derive(Debug, Clone)]
struct LabelWeights(Vec<f64>);

impl Field for LabelWeights {
    fn write(&self) -> Result<Value> {
        Ok(serde_json::json!({"class_name": "__tensor__", "config": {"value": self.0, "dtype": "float32"}}))
    }
    fn read(value: &Value) -> Result<Self> {
        Field::read(value.pointer("/config/value").unwrap_or(value)).map(Self)
    }
}

#[derive(Debug, Clone, Default)]
struct Buckets {
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

named!(AUC);

impl AUC {
    /// Under the ROC curve, with 200 thresholds.
    pub fn new() -> Self {
        Self {
            name: "auc".into(),
            num_thresholds: 200,
            curve: Ok(Curve::Roc),
            summation_method: Ok(SummationMethod::Interpolation),
            thresholds: None,
            multi_label: false,
            num_labels: None,
            label_weights: None,
            from_logits: false,
            labels: Vec::new(),
        }
    }

    /// Which curve: a [`Curve`] or its name, `"ROC"` (the default) or `"PR"`.
    pub fn curve(mut self, curve: impl OneOf<Curve>) -> Self {
        self.curve = curve.value();
        self
    }

    /// How the area between thresholds is measured: a [`SummationMethod`] or its name, `"interpolation"` by default.
    pub fn summation_method(mut self, method: impl OneOf<SummationMethod>) -> Self {
        self.summation_method = method.value();
        self
    }

    /// How many thresholds there are, at least 2; 200 by default.
    pub fn num_thresholds(mut self, thresholds: usize) -> Self {
        self.num_thresholds = thresholds;
        self
    }

    /// These thresholds, in `0.0..=1.0`, between one below and one above all predictions, instead of evenly spaced ones.
    pub fn thresholds(mut self, thresholds: impl IntoIterator<Item = f64>) -> Self {
        let mut thresholds: Vec<f64> = thresholds.into_iter().collect();
        thresholds.sort_by(f64::total_cmp);
        self.num_thresholds = thresholds.len() + 2;
        self.thresholds = Some(thresholds);
        self
    }

    /// Whether each column is a label of its own, over whose areas the mean is taken; false by default.
    pub fn multi_label(mut self, multi_label: bool) -> Self {
        self.multi_label = multi_label;
        self
    }

    /// The weights of the labels in that mean.
    pub fn label_weights(mut self, weights: impl IntoIterator<Item = f64>) -> Self {
        self.label_weights = Some(LabelWeights(weights.into_iter().collect()));
        self
    }

    /// Whether predictions are logits, of which the sigmoid is taken first; false by default.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// Into which bucket a prediction falls: the number of thresholds below it, less one.
    fn bucket(&self, guess: f64) -> usize {
        match &self.thresholds {
            Some(inner) => inner.iter().filter(|threshold| guess as f32 > **threshold as f32).count(),
            None => {
                // In 32 bits as in Keras: a prediction may sit on a threshold.
                let last = (self.num_thresholds - 1) as f32;
                ((guess.clamp(0.0, 1.0) as f32 * last).ceil() as usize).saturating_sub(1)
            }
        }
    }

    fn area(&self, label: &Buckets) -> f64 {
        let (hits, alarms) = (above(&label.positives), above(&label.negatives));
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let steps = 0..label.positives.len();
        let method = self.summation_method.as_ref().copied().unwrap_or_default();
        let curve = self.curve.as_ref().copied().unwrap_or_default();
        if (curve, method) == (Curve::Pr, SummationMethod::Interpolation) {
            let step = |at: usize| {
                let (gain, all, next) =
                    (hits[at] - hits[at + 1], hits[at] + alarms[at], hits[at + 1] + alarms[at + 1]);
                let slope = share(gain, (all - next).max(0.0));
                let intercept = hits[at + 1] - slope * next;
                let ratio = if all > 0.0 && next > 0.0 { all / next } else { 1.0 };
                share(slope * (gain + intercept * ratio.ln()), hits[0])
            };
            return steps.map(step).sum();
        }
        let point = |at: usize| {
            let recall = share(hits[at], hits[0]);
            match curve {
                Curve::Roc => (share(alarms[at], alarms[0]), recall),
                Curve::Pr => (recall, share(hits[at], hits[at] + alarms[at])),
            }
        };
        let step = |at: usize| {
            let ((x, y), (next_x, next_y)) = (point(at), point(at + 1));
            let height = match method {
                SummationMethod::Interpolation => (y + next_y) / 2.0,
                SummationMethod::Majoring => y.max(next_y),
                SummationMethod::Minoring => y.min(next_y),
            };
            (x - next_x) * height
        };
        steps.map(step).sum()
    }
}

/// Counts of predictions above each threshold, the last above all.
fn above(counts: &[f64]) -> Vec<f64> {
    let mut sums: Vec<f64> = counts.to_vec();
    sums.push(0.0);
    for at in (0..counts.len()).rev() {
        sums[at] += sums[at + 1];
    }
    sums
}

impl Default for AUC {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(AUC, "keras.metrics", Self::new(), {
    field "name": (name);
    only "dtype": ("float32");
    field "num_thresholds": (num_thresholds);
    field "curve": (curve);
    field "summation_method": (summation_method);
    field "multi_label": (multi_label);
    field "num_labels": (num_labels);
    field "label_weights": (label_weights);
    field "from_logits": (from_logits);
    early "thresholds": (thresholds);
});

impl Metric for AUC {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        self.labels.clear();
    }

    fn check(&self) -> Result<()> {
        self.curve.clone().map_err(|error| error.in_context("auc"))?;
        self.summation_method.clone().map_err(|error| error.in_context("auc"))?;
        if self.num_thresholds < 2 {
            return Err(Error::argument(format!(
                "auc: num_thresholds must be at least 2, but is {}",
                self.num_thresholds
            )));
        }
        if self.label_weights.is_some() && !self.multi_label {
            return Err(Error::argument("auc: label_weights need multi_label(true)"));
        }
        let mut inner = self.thresholds.iter().flatten();
        inner.try_for_each(|value| check_range("auc: thresholds", *value, 0.0..=1.0))
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let rows = Rows::of(y_true, y_pred, weights)?;
        let columns = if self.multi_label { rows.columns.max(1) } else { 1 };
        if let Some(wrong) = self.label_weights.as_ref().filter(|weights| weights.0.len() != columns) {
            return Err(Error::shape(format!(
                "auc: there are {columns} labels, but {} label_weights",
                wrong.0.len()
            )));
        }
        let buckets = self.num_thresholds - 1;
        let empty = Buckets { positives: vec![0.0; buckets], negatives: vec![0.0; buckets] };
        self.labels.resize(columns, empty);
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            let guess = if self.from_logits { 1.0 / (1.0 + (-guess).exp()) } else { guess };
            let bucket = self.bucket(guess);
            let label = &mut self.labels[at % columns];
            let counts = if truth > 0.0 { &mut label.positives } else { &mut label.negatives };
            counts[bucket] += weight;
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        let areas: Vec<f64> = self.labels.iter().map(|label| self.area(label)).collect();
        match &self.label_weights {
            Some(LabelWeights(weights)) if !areas.is_empty() => {
                let sum: f64 = areas.iter().zip(weights).map(|(area, weight)| area * weight).sum();
                sum / weights.iter().sum::<f64>()
            }
            _ => mean_of(&areas),
        }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        let mut fresh = self.clone();
        fresh.reset();
        Box::new(fresh)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}
