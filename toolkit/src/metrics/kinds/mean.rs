//! Metrics that are a mean over the samples of a number each sample has.

use crate::tensor::Total;
use crate::{Result, Tensor};

/// A weighted mean that is gathered over batches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mean {
    total: Total,
    count: Total,
}

impl Mean {
    /// Takes in the numbers of a batch's samples, `[batch]`.
    pub(crate) fn add(&mut self, samples: &Tensor, weights: Option<&Tensor>) -> Result<()> {
        if let Some(weights) = weights {
            // Some metrics decide on the host.
            let weights = weights.cast(samples.dtype()).to_device(samples.device())?;
            self.total.add(&samples.mul(&weights)?.sum(), 1.0)?;
            self.count.add(&weights.sum(), 1.0)?;
        } else {
            self.total.add(&samples.sum(), 1.0)?;
            self.count.add_number(samples.len() as f64);
        }
        Ok(())
    }

    /// The mean; 0 before the first batch.
    pub(crate) fn result(&self) -> f64 {
        let count = self.count.value();
        if count == 0.0 { 0.0 } else { self.total.value() / count }
    }

    /// Collects what is still on a device.
    pub(crate) fn pending<'a>(&'a self, into: &mut Vec<&'a Tensor>) {
        into.extend(self.total.pending().into_iter().chain(self.count.pending()));
    }
}

/// The number that each sample has.
pub(super) trait PerSample {
    /// Whether a larger number is better.
    const RISES: bool = false;

    /// `[batch]`
    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor>;
}

/// Makes a [`PerSample`] type with the fields `name` and `mean` a metric.
macro_rules! mean_metric {
    ($metric:ident) => {
        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        $crate::metrics::kinds::mean::mean_metric!(@named $metric);
    };
    (@named $metric:ident) => {
        $crate::metrics::kinds::named!($metric);

        impl $crate::metrics::Metric for $metric {
            fn name(&self) -> &str {
                &self.name
            }

            fn larger_is_better(&self) -> bool {
                <Self as $crate::metrics::kinds::mean::PerSample>::RISES
            }

            fn reset(&mut self) {
                self.mean = $crate::metrics::kinds::mean::Mean::default();
            }

            fn update(
                &mut self,
                y_true: &$crate::Tensor,
                y_pred: &$crate::Tensor,
                weights: Option<&$crate::Tensor>,
            ) -> $crate::Result<()> {
                use $crate::metrics::kinds::mean::PerSample;
                let samples = self.per_sample(y_true, y_pred)?;
                self.mean.add(&samples, weights)
            }

            fn result(&self) -> f64 {
                self.mean.result()
            }

            fn pending<'a>(&'a self, into: &mut Vec<&'a $crate::Tensor>) {
                self.mean.pending(into);
            }

            fn fresh(&self) -> Box<dyn $crate::metrics::Metric> {
                let mut fresh = self.clone();
                fresh.reset();
                Box::new(fresh)
            }

            fn config(&self) -> $crate::Result<$crate::config::Config> {
                $crate::config::Config::of(self)
            }
        }
    };
}
pub(super) use mean_metric;
