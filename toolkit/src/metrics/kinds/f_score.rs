//! The harmonic mean of precision and recall.

use super::{Rows, mean_of, named};
use crate::config::{Config, Named, OneOf, keras_config};
use crate::metrics::Metric;
use crate::optimizers::check_range;
use crate::{Error, Result, Tensor};

/// How the scores of the classes become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// From the counts of all classes together.
    Micro,
    /// The mean of the classes' scores.
    Macro,
    /// The mean of the classes' scores, weighted by how often each is right.
    Weighted,
}

impl Named for Average {
    const WHAT: &'static str = "average";
    const NAMES: &'static [(&'static str, Self)] =
        &[("micro", Self::Micro), ("macro", Self::Macro), ("weighted", Self::Weighted)];
}

/// What both scores are made of.
#[derive(Debug, Clone)]
struct Score {
    average: Option<Result<Average>>,
    beta: f64,
    threshold: Option<f64>,
    /// By class: true positives, false positives, false negatives.
    counts: Vec<[f64; 3]>,
}

impl Score {
    fn new() -> Self {
        Self { average: None, beta: 1.0, threshold: None, counts: Vec::new() }
    }

    fn check(&self, what: &str) -> Result<()> {
        if let Some(Err(error)) = &self.average {
            return Err(error.clone().in_context(what));
        }
        if self.beta <= 0.0 || !self.beta.is_finite() {
            return Err(Error::argument(format!("{what}: beta must be above 0, but is {}", self.beta)));
        }
        check_range(&format!("{what}: threshold"), self.threshold.unwrap_or(0.5), 0.0..=1.0)
    }

    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        if y_pred.rank() != 2 {
            return Err(Error::shape(format!(
                "an F-score needs predictions [batch, classes], but they have the shape {}",
                y_pred.shape()
            )));
        }
        let rows = Rows::of(y_true, y_pred, weights)?;
        self.counts.resize(rows.columns, [0.0; 3]);
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            let row = &rows.guess[at / rows.columns * rows.columns..][..rows.columns];
            let selected = match self.threshold {
                Some(threshold) => guess > threshold,
                // So that a row of zeros selects nothing.
                None => guess.abs() > 1e-9 && row.iter().all(|other| *other <= guess),
            };
            let selected = f64::from(u8::from(selected));
            let [hits, alarms, misses] = &mut self.counts[at % rows.columns];
            *hits += weight * selected * truth;
            *alarms += weight * selected * (1.0 - truth);
            *misses += weight * (1.0 - selected) * truth;
        }
        Ok(())
    }

    fn of(&self, &[hits, alarms, misses]: &[f64; 3]) -> f64 {
        let precision = hits / (hits + alarms + 1e-7);
        let recall = hits / (hits + misses + 1e-7);
        let square = self.beta * self.beta;
        precision * recall / (square * precision + recall + 1e-7) * (1.0 + square)
    }

    fn results(&self) -> Vec<f64> {
        let classes: Vec<f64> = self.counts.iter().map(|counts| self.of(counts)).collect();
        match self.average {
            Some(Ok(Average::Micro)) => {
                let sum = |mut sum: [f64; 3], counts: &[f64; 3]| {
                    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                    sum
                };
                vec![self.of(&self.counts.iter().fold([0.0; 3], sum))]
            }
            Some(Ok(Average::Macro)) => vec![mean_of(&classes)],
            Some(Ok(Average::Weighted)) => {
                let weights: Vec<f64> = self.counts.iter().map(|[hits, _, misses]| hits + misses).collect();
                let all = weights.iter().sum::<f64>() + 1e-7;
                vec![classes.iter().zip(&weights).map(|(score, weight)| score * weight / all).sum()]
            }
            Some(Err(_)) | None => classes,
        }
    }
}

macro_rules! scores {
    ($(#[$doc:meta])* $metric:ident $default:literal { $($row:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            score: Score,
        }

        named!($metric);

        impl $metric {
            /// Of each class, by the largest prediction of each row.
            pub fn new() -> Self {
                Self { name: $default.into(), score: Score::new() }
            }

            /// How the classes' scores become one: an [`Average`] or `"micro"`, `"macro"`, `"weighted"`. Without it each
            /// class has its own number, as in Keras: see [`results`](Metric::results).
            pub fn average(mut self, average: impl OneOf<Average>) -> Self {
                self.score.average = Some(average.value());
                self
            }

            /// Selects each prediction above this, in `0.0..=1.0`; without it the largest of a row.
            pub fn threshold(mut self, threshold: f64) -> Self {
                self.score.threshold = Some(threshold);
                self
            }
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        keras_config!($metric, "keras.metrics", Self::new(), {
            field "name": (name);
            only "dtype": ("float32");
            field "average": (score.average);
            $($row)*
            field "threshold": (score.threshold);
        });

        impl Metric for $metric {
            fn larger_is_better(&self) -> bool {
                true
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn reset(&mut self) {
                self.score.counts.clear();
            }

            fn check(&self) -> Result<()> {
                self.score.check($default)
            }

            fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
                self.score.update(y_true, y_pred, weights)
            }

            fn results(&self) -> Vec<f64> {
                self.score.results()
            }

            fn result(&self) -> f64 {
                mean_of(&self.score.results())
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
    };
}

scores! {
    /// The harmonic mean of precision and recall, by class or averaged; targets are one-hot rows.
    ///
    /// As in Keras, 1e-7 is added to denominators.
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{F1Score, Metric};
    /// use kiln::prelude::*;
    /// let mut score = F1Score::new().average("macro");
    /// score.update(&Tensor::new([[1.0, 0.0], [0.0, 1.0]]), &Tensor::new([[0.9, 0.1], [0.2, 0.8]]), None)?;
    /// assert!((score.result() - 1.0).abs() < 1e-6);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    F1Score "f1_score" {}
}

scores! {
    /// The mean of precision and recall in which recall counts $\beta$ times as much:
    /// $(1 + \beta^2) \frac{P R}{\beta^2 P + R}$; see [`F1Score`].
    ///
    /// # Example
    /// ```
    /// use kiln::metrics::{FBetaScore, Metric};
    /// use kiln::prelude::*;
    /// let mut score = FBetaScore::new().beta(2.0).average("micro");
    /// score.update(&Tensor::new([[1.0, 0.0], [0.0, 1.0]]), &Tensor::new([[0.9, 0.1], [0.2, 0.8]]), None)?;
    /// assert!((score.result() - 1.0).abs() < 1e-6);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    FBetaScore "fbeta_score" { field "beta": (score.beta); }
}

impl FBetaScore {
    /// How much more recall counts than precision, above 0; 1 by default.
    pub fn beta(mut self, beta: f64) -> Self {
        self.score.beta = beta;
        self
    }
}
