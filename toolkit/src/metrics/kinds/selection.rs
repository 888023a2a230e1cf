//! Precision and recall.

use super::counts::{CountsAt, IntoThresholds, Thresholds};
use super::{Rows, named};
use crate::config::keras_config;
use crate::metrics::Metric;
use crate::{Error, Result, Tensor};

macro_rules! of_selections {
    ($(#[$doc:meta])* $metric:ident $default:literal $counted:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            name: String,
            thresholds: Option<Thresholds>,
            top_k: Option<usize>,
            class_id: Option<usize>,
            counts: CountsAt,
        }

        named!($metric);

        impl $metric {
            /// Of all numbers, selected above 0.5.
            pub fn new() -> Self {
                Self {
                    name: $default.into(),
                    thresholds: None,
                    top_k: None,
                    class_id: None,
                    counts: CountsAt::default(),
                }
            }

            /// Above what a prediction is selected, one number or several, in `0.0..=1.0`; 0.5 by default. Of several,
            /// [`results`](Metric::results) has a number each.
            pub fn thresholds(mut self, thresholds: impl IntoThresholds) -> Self {
                self.thresholds = Some(thresholds.into_thresholds());
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

            fn at(&self) -> &[f64] {
                let default: &[f64] = if self.top_k.is_some() { &[-1e10] } else { &[0.5] };
                self.thresholds.as_ref().map_or(default, Thresholds::values)
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
            field "top_k": (top_k);
            field "class_id": (class_id);
        });

        impl Metric for $metric {
            fn larger_is_better(&self) -> bool {
                true
            }

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
                let rows = Rows::of(y_true, y_pred, weights)?;
                let columns = rows.columns.max(1);
                if let Some(class) = self.class_id.filter(|class| *class >= columns) {
                    return Err(Error::argument(format!(
                        "{}: class_id is {class}, but there are {columns} outputs",
                        self.name
                    )));
                }
                let counts = |at: usize| self.class_id.is_none_or(|class| class == at % columns);
                let top = |at: usize| {
                    let row = &rows.guess[at / columns * columns..][..columns];
                    self.top_k.is_none_or(|k| rank(row, at % columns) < k)
                };
                let thresholds = self.at().to_vec();
                self.counts.add(&rows, &thresholds, counts, top);
                Ok(())
            }

            fn results(&self) -> Vec<f64> {
                self.counts.each(self.at().len(), |counts| {
                    let all = counts.hits + counts.$counted;
                    if all > 0.0 { counts.hits / all } else { 0.0 }
                })
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
    /// let mut recall = Recall::new().thresholds([0.5, 0.05]);
    /// recall.update(&Tensor::new([1.0, 0.0, 1.0]), &Tensor::new([0.9, 0.8, 0.1]), None)?;
    /// assert_eq!(recall.results(), [0.5, 1.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    Recall "recall" misses
}
