//! What `compile` takes as metrics.

use super::{Metric, by_name};
use crate::Result;

/// A metric, by value or by name. An unknown name is kept as its error, which `compile` reports.
#[derive(Debug)]
pub struct MetricChoice(Result<Box<dyn Metric>>);

impl<M: Metric + 'static> From<M> for MetricChoice {
    fn from(metric: M) -> Self {
        Self(Ok(Box::new(metric)))
    }
}

impl From<&str> for MetricChoice {
    fn from(name: &str) -> Self {
        Self(by_name(name))
    }
}

impl From<String> for MetricChoice {
    fn from(name: String) -> Self {
        Self(by_name(&name))
    }
}

/// The metrics that `compile` was given: `()`, a name, a metric, or an array, a vector or a tuple of them.
///
/// # Example
/// ```
/// use kiln::metrics::{AUC, Metrics, Precision};
/// let mixed: Metrics = ("accuracy", AUC::new(), Precision::new()).into();
/// let names: Metrics = ["accuracy", "mse"].into();
/// # let _ = (mixed, names);
/// ```
#[derive(Debug, Default)]
pub struct Metrics(Vec<MetricChoice>);

impl Metrics {
    /// The metrics.
    ///
    /// # Errors
    /// For the first unknown name.
    pub(crate) fn get(self) -> Result<Vec<Box<dyn Metric>>> {
        self.0.into_iter().map(|choice| choice.0).collect()
    }
}

impl From<()> for Metrics {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<&str> for Metrics {
    fn from(name: &str) -> Self {
        Self(vec![name.into()])
    }
}

impl From<String> for Metrics {
    fn from(name: String) -> Self {
        Self(vec![name.into()])
    }
}

impl<M: Metric + 'static> From<M> for Metrics {
    fn from(metric: M) -> Self {
        Self(vec![metric.into()])
    }
}

impl<T: Into<MetricChoice>, const N: usize> From<[T; N]> for Metrics {
    fn from(metrics: [T; N]) -> Self {
        Self(metrics.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<MetricChoice>> From<Vec<T>> for Metrics {
    fn from(metrics: Vec<T>) -> Self {
        Self(metrics.into_iter().map(Into::into).collect())
    }
}

macro_rules! from_tuples {
    ($(($($name:ident)+))*) => {$(
        impl<$($name: Into<MetricChoice>),+> From<($($name,)+)> for Metrics {
            #[allow(non_snake_case)]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self(vec![$($name.into()),+])
            }
        }
    )*};
}

from_tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }
