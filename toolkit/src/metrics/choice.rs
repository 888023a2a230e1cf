//! What `compile` takes as metrics.

use super::{Metric, by_name};
use crate::{Error, Result, config};
use serde_json::Value;

/// A metric, by value or by name. An unknown name is kept as its error, which `compile` reports.
#[derive(Debug)]
pub struct MetricChoice {
    found: Result<Box<dyn Metric>>,
    /// The name by which it was chosen.
    name: Option<String>,
}

impl<M: Metric + 'static> From<M> for MetricChoice {
    fn from(metric: M) -> Self {
        Box::<dyn Metric>::from(Box::new(metric)).into()
    }
}

impl From<Box<dyn Metric>> for MetricChoice {
    fn from(metric: Box<dyn Metric>) -> Self {
        Self { found: Ok(metric), name: None }
    }
}

impl From<&str> for MetricChoice {
    fn from(name: &str) -> Self {
        Self { found: by_name(name), name: Some(name.into()) }
    }
}

impl From<String> for MetricChoice {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

/// A metric at work, and the name by which it was chosen.
#[derive(Debug)]
pub(crate) struct GivenMetric {
    pub(crate) metric: Box<dyn Metric>,
    pub(crate) name: Option<String>,
}

impl GivenMetric {
    /// The same without any batch.
    pub(crate) fn fresh(&self) -> Self {
        Self { metric: self.metric.fresh(), name: self.name.clone() }
    }

    /// As Keras's `compile_config` holds it: the name by which it was chosen, or its configuration.
    pub(crate) fn config(&self) -> Result<Value> {
        match &self.name {
            Some(name) => Ok(name.clone().into()),
            None => Ok(self.metric.config()?.to_value()),
        }
    }
}

/// The metrics of a model, without and with the weights of samples.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) plain: Vec<GivenMetric>,
    pub(crate) weighted: Vec<GivenMetric>,
}

/// The metrics that `compile` was given: `()`, a name, a metric, or an array, a vector or a tuple of them; with
/// [`weighted_metrics`](Self::weighted_metrics) also those that take the weights of samples and classes into account.
///
/// # Example
/// ```
/// use kiln::metrics::{AUC, Metrics, Precision};
/// let mixed: Metrics = ("accuracy", AUC::new(), Precision::new()).into();
/// let names: Metrics = ["accuracy", "mse"].into();
/// let both = Metrics::new("accuracy").weighted_metrics(["accuracy", "mse"]);
/// # let _ = (mixed, names, both);
/// ```
#[derive(Debug, Default)]
pub struct Metrics {
    plain: Vec<MetricChoice>,
    weighted: Vec<MetricChoice>,
}

impl Metrics {
    /// These metrics; none of them sees weights, as in Keras.
    pub fn new(metrics: impl Into<Self>) -> Self {
        metrics.into()
    }

    /// Adds metrics that take the weights of samples and classes into account: Keras's `weighted_metrics`. One whose name
    /// is taken is called `weighted_...` in the logs.
    #[must_use]
    pub fn weighted_metrics(mut self, metrics: impl Into<Self>) -> Self {
        let Self { plain, weighted } = metrics.into();
        self.weighted.extend(plain);
        self.weighted.extend(weighted);
        self
    }

    /// The metrics of Keras's `metrics` and `weighted_metrics`, each `null`, a metric, or a list of them.
    pub(crate) fn from_config(plain: &Value, weighted: &Value) -> Result<Self> {
        Ok(Self { plain: choices("metrics", plain)?, weighted: choices("weighted_metrics", weighted)? })
    }

    /// The metrics.
    ///
    /// # Errors
    /// For the first unknown name, and for options outside their range.
    pub(crate) fn get(self) -> Result<Given> {
        let get = |choices: Vec<MetricChoice>| -> Result<Vec<GivenMetric>> {
            let each = choices.into_iter().map(|choice| {
                let metric = choice.found?;
                metric.check()?;
                Ok(GivenMetric { metric, name: choice.name })
            });
            each.collect()
        };
        Ok(Given { plain: get(self.plain)?, weighted: get(self.weighted)? })
    }

    fn of(plain: Vec<MetricChoice>) -> Self {
        Self { plain, weighted: Vec::new() }
    }
}

/// The metrics in one field of `compile_config`. A list within a list is Keras's form for models of several outputs.
fn choices(field: &str, value: &Value) -> Result<Vec<MetricChoice>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => match list.as_slice() {
            [inner @ Value::Array(_)] => choices(field, inner),
            _ => list.iter().map(|each| choice(field, each)).collect(),
        },
        single => Ok(vec![choice(field, single)?]),
    }
}

fn choice(field: &str, value: &Value) -> Result<MetricChoice> {
    let place = |error: Error| error.in_context(format_args!("field `{field}`"));
    let name = value.as_str().map(Into::into);
    Ok(MetricChoice { found: Ok(config::metric(value).map_err(place)?), name })
}

impl From<()> for Metrics {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<&str> for Metrics {
    fn from(name: &str) -> Self {
        Self::of(vec![name.into()])
    }
}

impl From<String> for Metrics {
    fn from(name: String) -> Self {
        Self::of(vec![name.into()])
    }
}

impl<M: Metric + 'static> From<M> for Metrics {
    fn from(metric: M) -> Self {
        Self::of(vec![metric.into()])
    }
}

impl<T: Into<MetricChoice>, const N: usize> From<[T; N]> for Metrics {
    fn from(metrics: [T; N]) -> Self {
        Self::of(metrics.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<MetricChoice>> From<Vec<T>> for Metrics {
    fn from(metrics: Vec<T>) -> Self {
        Self::of(metrics.into_iter().map(Into::into).collect())
    }
}

macro_rules! from_tuples {
    ($(($($name:ident)+))*) => {$(
        impl<$($name: Into<MetricChoice>),+> From<($($name,)+)> for Metrics {
            #[allow(non_snake_case)]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self::of(vec![$($name.into()),+])
            }
        }
    )*};
}

from_tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }
