//! Counts of right and wrong selections at one threshold or several.

use super::{Rows, named};
use crate::config::keras_config;
use crate::metrics::Metric;
use crate::optimizers::check_range;
use crate::{Result, Tensor};

/// What is counted at one threshold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) hits: f64,
    pub(super) alarms: f64,
    pub(super) misses: f64,
    pub(super) rejections: f64,
}

impl Counts {
    pub(super) fn add(&mut self, truth: bool, selected: bool, weight: f64) {
        match (truth, selected) {
            (true, true) => self.hits += weight,
            (false, true) => self.alarms += weight,
            (true, false) => self.misses += weight,
            (false, false) => self.rejections += weight,
        }
    }
}

/// What the `thresholds` of a metric takes: one number or several.
pub trait IntoThresholds {
    /// The thresholds, and whether they were given as a list.
    fn into_thresholds(self) -> Thresholds;
}

/// Above what predictions are selected.
#[derive(Debug, Clone, PartialEq)]
pub enum Thresholds {
    /// One threshold, one number.
    One(f64),
    /// Several, with a number each.
    Many(Vec<f64>),
}

impl Thresholds {
    pub(super) fn values(&self) -> &[f64] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    pub(super) fn check(&self, what: &str) -> Result<()> {
        self.values()
            .iter()
            .try_for_each(|value| check_range(&format!("{what}: thresholds"), *value, 0.0..=1.0))
    }
}

impl IntoThresholds for f64 {
    fn into_thresholds(self) -> Thresholds {
        Thresholds::One(self)
    }
}

impl<const N: usize> IntoThresholds for [f64; N] {
    fn into_thresholds(self) -> Thresholds {
        Thresholds::Many(self.to_vec())
    }
}

impl IntoThresholds for Vec<f64> {
    fn into_thresholds(self) -> Thresholds {
        Thresholds::Many(self)
    }
}

impl crate::config::Field for Thresholds {
    fn write(&self) -> Result<serde_json::Value> {
        match self {
            Self::One(value) => value.write(),
            Self::Many(values) => values.write(),
        }
    }
    fn read(value: &serde_json::Value) -> Result<Self> {
        if value.is_array() {
            Vec::<f64>::read(value).map(Self::Many)
        } else {
            f64::read(value).map(Self::One)
        }
    }
}

/// The counts at each threshold over batches.
#[derive(Debug, Clone, Default)]
pub(super) struct CountsAt(Vec<Counts>);

impl CountsAt {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A number for each threshold; zeros before the first batch.
    pub(super) fn each(&self, thresholds: usize, number: impl Fn(&Counts) -> f64) -> Vec<f64> {
        if self.0.is_empty() { vec![0.0; thresholds] } else { self.0.iter().map(number).collect() }
    }

    /// Counts each number of the rows that `counts` lets through (given its place); `selects` may take its row into account.
    pub(super) fn add(
        &mut self,
        rows: &Rows,
        thresholds: &[f64],
        counts: impl Fn(usize) -> bool,
        selects: impl Fn(usize) -> bool,
    ) {
        self.0.resize(thresholds.len(), Counts::default());
        for (at, (truth, guess, weight)) in rows.numbers().enumerate() {
            if !counts(at) {
                continue;
            }
            let selectable = selects(at);
            for (counts, threshold) in self.0.iter_mut().zip(thresholds) {
                counts.add(truth != 0.0, selectable && guess > *threshold, weight);
            }
        }
    }
}

macro_rules! counting {
    ($($(#[$doc:meta])* $metric:ident $default:literal $counted:ident $example:literal)*) => {$(
        $(#[$doc])*
        ///
        /// # Example
        /// ```
        /// use kiln::metrics::{self, Metric};
        /// use kiln::prelude::*;
        #[doc = concat!("let mut metric = metrics::", stringify!($metric), "::new().thresholds(0.6);")]
        /// metric.update(&Tensor::new([1.0, 0.0, 1.0, 1.0]), &Tensor::new([0.9, 0.8, 0.1, 0.7]), None)?;
        #[doc = concat!("assert_eq!(metric.result(), ", $example, ");")]
        /// # Ok::<(), kiln::Error>(())
        /// ```
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            thresholds: Option<Thresholds>,
            counts: CountsAt,
        }

        named!($metric);

        impl $metric {
            /// With the threshold 0.5.
            pub fn new() -> Self {
                Self { name: $default.into(), thresholds: None, counts: CountsAt::default() }
            }

            /// Above what a prediction is selected, one number or several, in `0.0..=1.0`; 0.5 by default.
            pub fn thresholds(mut self, thresholds: impl IntoThresholds) -> Self {
                self.thresholds = Some(thresholds.into_thresholds());
                self
            }

            fn at(&self) -> &[f64] {
                self.thresholds.as_ref().map_or(&[0.5], Thresholds::values)
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
            field "thresholds": (thresholds);
        });

        impl Metric for $metric {
            fn name(&self) -> &str {
                &self.name
            }

            fn reset(&mut self) {
                self.counts.clear();
            }

            fn check(&self) -> Result<()> {
                self.thresholds.as_ref().map_or(Ok(()), |thresholds| thresholds.check($default))
            }

            fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
                let thresholds = self.at().to_vec();
                self.counts.add(&Rows::of(y_true, y_pred, weights)?, &thresholds, |_| true, |_| true);
                Ok(())
            }

            fn results(&self) -> Vec<f64> {
                self.counts.each(self.at().len(), |counts| counts.$counted)
            }

            fn result(&self) -> f64 {
                super::mean_of(&self.results())
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { counts: CountsAt::default(), ..self.clone() })
            }

            fn config(&self) -> Result<crate::config::Config> {
                crate::config::Config::of(self)
            }
        }
    )*};
}

counting! {
    /// How many selected numbers are right.
    TruePositives "true_positives" hits "2.0"
    /// How many selected numbers are wrong.
    FalsePositives "false_positives" alarms "1.0"
    /// How many numbers that are not selected are wrong.
    FalseNegatives "false_negatives" misses "1.0"
    /// How many numbers that are not selected are right.
    TrueNegatives "true_negatives" rejections "0.0"
}
