//! Metrics of what is selected: precision, recall, F1, top k.

use super::{Metric, Rows, classes_of, named};
use crate::{Result, Tensor};

/// Counts of right and wrong selections.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    hits: f64,
    alarms: f64,
    misses: f64,
}

impl Counts {
    fn add(&mut self, truth: bool, selected: bool, weight: f64) {
        match (truth, selected) {
            (true, true) => self.hits += weight,
            (false, true) => self.alarms += weight,
            (true, false) => self.misses += weight,
            (false, false) => {}
        }
    }
}

macro_rules! of_selections {
    ($(#[$doc:meta])* $metric:ident $default:literal $counted:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            threshold: Option<f64>,
            top_k: Option<usize>,
            class_id: Option<usize>,
            counts: Counts,
        }

        named!($metric);

        impl $metric {
            /// Of all numbers, selected above 0.5.
            pub fn new() -> Self {
                Self { name: $default.into(), threshold: None, top_k: None, class_id: None, counts: Counts::default() }
            }

            /// Above what a prediction is selected; 0.5 by default.
            pub fn threshold(mut self, threshold: f64) -> Self {
                self.threshold = Some(threshold);
                self
            }

            /// Selects the largest `k` predictions of each row, by default whatever their size.
            pub fn top_k(mut self, k: usize) -> Self {
                self.top_k = Some(k);
                self
            }

            /// Counts this class alone.
            pub fn class_id(mut self, class: usize) -> Self {
                self.class_id = Some(class);
                self
            }
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        impl Metric for $metric {
            fn larger_is_better(&self) -> bool {
                true
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn reset(&mut self) {
                self.counts = Counts::default();
            }

            fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
                let rows = Rows::of(y_true, y_pred, weights)?;
                let threshold = self.threshold.unwrap_or(if self.top_k.is_some() { -1e10 } else { 0.5 });
                for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
                    let (row, column) = (at / rows.columns, at % rows.columns);
                    if self.class_id.is_some_and(|class| class != column) {
                        continue;
                    }
                    let of_row = &rows.guess[row * rows.columns..][..rows.columns];
                    let best = self.top_k.is_none_or(|k| rank(of_row, column) < k);
                    self.counts.add(truth != 0.0, best && guess > threshold, weight);
                }
                Ok(())
            }

            fn result(&self) -> f64 {
                let Counts { hits, .. } = self.counts;
                let all = hits + self.counts.$counted;
                if all > 0.0 { hits / all } else { 0.0 }
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { counts: Counts::default(), ..self.clone() })
            }
        }
    };
}

/// How many numbers of a row come before this one: the larger ones, and equal ones further left.
fn rank(row: &[f64], column: usize) -> usize {
    let own = row[column];
    row.iter().enumerate().filter(|&(at, &other)| other > own || other == own && at < column).count()
}

of_selections! {
    /// The share of what is selected that is right: tp / (tp + fp); 0 where nothing is selected.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{Metric, Precision};
    /// use kiln::prelude::*;
    /// let mut precision = Precision::new();
    /// precision.update(&Tensor::new([1.0, 0.0, 1.0]), &Tensor::new([0.9, 0.8, 0.1]), None)?;
    /// assert_eq!(precision.result(), 0.5);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    Precision "precision" alarms
}

of_selections! {
    /// The share of what is right that is selected: tp / (tp + fn); 0 where nothing is right.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{Metric, Recall};
    /// use kiln::prelude::*;
    /// let mut recall = Recall::new();
    /// recall.update(&Tensor::new([1.0, 0.0, 1.0]), &Tensor::new([0.9, 0.8, 0.1]), None)?;
    /// assert_eq!(recall.result(), 0.5);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    Recall "recall" misses
}

/// The harmonic mean of precision and recall of each class, then their mean ("macro"); targets are one-hot rows.
///
/// Without a threshold the largest prediction of a row is selected. As in Keras, 1e-7 is added to denominators.
///
/// # Example
/// ```
/// use kiln::metrics::{F1Score, Metric};
/// use kiln::prelude::*;
/// let mut score = F1Score::new();
/// score.update(&Tensor::new([[1.0, 0.0], [0.0, 1.0]]), &Tensor::new([[0.9, 0.1], [0.2, 0.8]]), None)?;
/// assert!((score.result() - 1.0).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct F1Score {
    name: String,
    threshold: Option<f64>,
    counts: Vec<Counts>,
}

named!(F1Score);

impl F1Score {
    /// By the largest prediction of each row.
    pub fn new() -> Self {
        Self { name: "f1_score".into(), threshold: None, counts: Vec::new() }
    }

    /// Selects each prediction above this.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// The score of each class.
    pub fn results(&self) -> Vec<f64> {
        let score = |counts: &Counts| {
            let precision = counts.hits / (counts.hits + counts.alarms + 1e-7);
            let recall = counts.hits / (counts.hits + counts.misses + 1e-7);
            2.0 * precision * recall / (precision + recall + 1e-7)
        };
        self.counts.iter().map(score).collect()
    }
}

impl Default for F1Score {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for F1Score {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        self.counts.clear();
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let rows = Rows::of(y_true, y_pred, weights)?;
        self.counts.resize(rows.columns, Counts::default());
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            let row = &rows.guess[at / rows.columns * rows.columns..][..rows.columns];
            let selected = match self.threshold {
                Some(threshold) => guess > threshold,
                None => guess.abs() > 1e-12 && row.iter().all(|other| *other <= guess),
            };
            self.counts[at % rows.columns].add(truth != 0.0, selected, weight);
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        let scores = self.results();
        if scores.is_empty() { 0.0 } else { scores.iter().sum::<f64>() / scores.len() as f64 }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { counts: Vec::new(), ..self.clone() })
    }
}

/// The share of samples whose class is among the `k` largest predictions; of equal predictions all count.
///
/// Targets are class numbers or one-hot rows.
///
/// # Example
/// ```
/// use kiln::metrics::{Metric, TopKCategoricalAccuracy};
/// use kiln::prelude::*;
/// let mut top = TopKCategoricalAccuracy::new(2);
/// top.update(&Tensor::new([2, 0]), &Tensor::new([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]]), None)?;
/// assert_eq!(top.result(), 0.5);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TopKCategoricalAccuracy {
    name: String,
    k: usize,
    hits: f64,
    count: f64,
}

named!(TopKCategoricalAccuracy);

impl TopKCategoricalAccuracy {
    /// Among the largest `k` (Keras's default is 5).
    pub fn new(k: usize) -> Self {
        Self { name: "top_k_categorical_accuracy".into(), k, hits: 0.0, count: 0.0 }
    }
}

impl Metric for TopKCategoricalAccuracy {
    fn larger_is_better(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn reset(&mut self) {
        (self.hits, self.count) = (0.0, 0.0);
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        let columns = y_pred.shape().as_rows().1.max(1);
        let (labels, guesses) = (classes_of(y_true, y_pred)?, y_pred.to_vec_f64());
        let weights = weights.map(Tensor::to_vec_f64);
        for (at, (label, row)) in labels.iter().zip(guesses.chunks(columns)).enumerate() {
            let weight = weights.as_ref().and_then(|weights| weights.get(at)).copied().unwrap_or(1.0);
            let own = usize::try_from(*label).ok().and_then(|label| row.get(label));
            let hit = own.is_some_and(|own| row.iter().filter(|other| *other > own).count() < self.k);
            self.hits += if hit { weight } else { 0.0 };
            self.count += weight;
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.hits / self.count }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        let mut fresh = self.clone();
        fresh.reset();
        Box::new(fresh)
    }
}
