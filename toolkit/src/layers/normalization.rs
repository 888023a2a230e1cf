//! Normalization by statistics of the data set.

use super::axes::Axes;
use super::{Built, Layer, LayerOptions, Pass, WeightSpec, layer_options};
use crate::config::{Config, Field, keras_config};
use crate::initializers::Initializer;
use crate::random::Generator;
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use serde_json::Value;

/// The smallest deviation that is divided by.
const SMALLEST: f64 = 1e-7;

/// $y = (x - \mu) / \max(\sigma, 10^{-7})$ with the mean and the deviation of the training data, found by
/// [`adapt`](Self::adapt) or given.
///
/// Each place along the kept `axis` (the last by default) has statistics of its own. Adapted statistics are weights that
/// do not train (mean, variance, and a count that Keras keeps unused); given ones belong to the configuration.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let x = Tensor::new([[1.0, 10.0], [3.0, 30.0]]);
/// let mut model = Sequential::new().add(Normalization::new().adapt(&x)?.input_shape([2]));
/// assert_eq!(model.predict(&x)?.to_vec(), [-1.0, -1.0, 1.0, 1.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Normalization {
    options: LayerOptions,
    axis: Axes,
    mean: Option<Numbers>,
    variance: Option<Numbers>,
    invert: bool,
    adapted: Option<(Vec<f64>, Vec<f64>)>,
}

layer_options!(Normalization);

/// One number, or a list with one for each place along the kept axes.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// The same everywhere.
    One(f64),
    /// One a place.
    Many(Vec<f64>),
}

impl From<f64> for Numbers {
    fn from(number: f64) -> Self {
        Self::One(number)
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(numbers: Vec<f64>) -> Self {
        Self::Many(numbers)
    }
}

impl<const N: usize> From<[f64; N]> for Numbers {
    fn from(numbers: [f64; N]) -> Self {
        Self::Many(numbers.to_vec())
    }
}

impl Field for Numbers {
    fn write(&self) -> Result<Value> {
        match self {
            Self::One(number) => number.write(),
            Self::Many(numbers) => numbers.write(),
        }
    }
    fn read(value: &Value) -> Result<Self> {
        if value.is_array() { flat(value).map(Self::Many) } else { f64::read(value).map(Self::One) }
    }
}

/// Keras may nest the list to the rank of the input.
fn flat(value: &Value) -> Result<Vec<f64>> {
    match value.as_array() {
        Some(list) => Ok(list.iter().map(flat).collect::<Result<Vec<_>>>()?.concat()),
        None => Ok(vec![f64::read(value)?]),
    }
}

/// Weights that begin as given.
#[derive(Debug)]
struct Given(Vec<f64>);

impl Initializer for Given {
    fn values(&self, _: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        Ok(self.0.clone())
    }
}

impl Normalization {
    /// Along the last axis, with statistics that [`adapt`](Self::adapt) finds.
    pub fn new() -> Self {
        Self {
            options: LayerOptions::default(),
            axis: [-1].into(),
            mean: None,
            variance: None,
            invert: false,
            adapted: None,
        }
    }

    /// The axis or axes along which each place has its own statistics; `()` for one mean and variance of everything.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into().listed();
        self
    }

    /// The mean, given with [`variance`](Self::variance) instead of adapting.
    pub fn mean(mut self, mean: impl Into<Numbers>) -> Self {
        self.mean = Some(mean.into());
        self
    }

    /// The variance, at least 0.
    pub fn variance(mut self, variance: impl Into<Numbers>) -> Self {
        self.variance = Some(variance.into());
        self
    }

    /// Whether the layer does the opposite: $\mu + x \max(\sigma, 10^{-7})$.
    pub fn invert(mut self, invert: bool) -> Self {
        self.invert = invert;
        self
    }

    /// Finds mean and variance (dividing by the count) in the data; a second call forgets the first.
    ///
    /// # Errors
    /// When the data has no samples, lacks the kept axis, or mean and variance were given.
    pub fn adapt(mut self, data: &Tensor) -> Result<Self> {
        if self.mean.is_some() || self.variance.is_some() {
            return Err(Error::state(
                "Normalization: mean and variance were given, so there is nothing to adapt",
            ));
        }
        if data.shape().first().is_none_or(|&rows| rows == 0) {
            return Err(Error::data("Normalization: there is no sample to adapt to"));
        }
        let axes = self.axis.within(&data.shape()[1..])?;
        let kept: Vec<usize> = axes.iter().map(|&axis| data.shape()[axis]).collect();
        let places = kept.iter().product();
        let groups = super::axes::moved_to_end(&data.cast(DType::Float64), &axes)?;
        let groups = groups.reshaped(Shape::from_fit(&[data.len() / places, places]));
        let mean = groups.mean_along(0)?;
        let variance = (&groups - &mean).square().mean_along(0)?;
        self.adapted = Some((mean.to_vec_f64(), variance.to_vec_f64()));
        Ok(self)
    }

    /// The kept axes' sizes, and the shape in which statistics broadcast over a sample.
    fn shapes(&self, input: &[usize]) -> Result<(Vec<usize>, Vec<usize>)> {
        let axes = self.axis.within(input)?;
        let broadcast = (0..input.len()).map(|axis| if axes.contains(&(axis + 1)) { input[axis] } else { 1 });
        Ok((axes.iter().map(|&axis| input[axis - 1]).collect(), broadcast.collect()))
    }

    fn given(&self, numbers: &Numbers, x: &Tensor) -> Result<Tensor> {
        let (kept, broadcast) = self.shapes(&x.shape()[1..])?;
        let count = kept.iter().product();
        let values = match numbers {
            Numbers::One(number) => vec![*number; count],
            Numbers::Many(numbers) => numbers.clone(),
        };
        Tensor::from_vec_f64(values, broadcast)?.cast(x.dtype()).to_device(x.device())
    }

    /// (mean, deviation), broadcasting over the batch.
    fn statistics(&self, x: &Tensor, pass: &Pass) -> Result<(Tensor, Tensor)> {
        let (mean, variance) = match (&self.mean, &self.variance) {
            (Some(mean), Some(variance)) => (self.given(mean, x)?, self.given(variance, x)?),
            _ => {
                let (_, broadcast) = self.shapes(&x.shape()[1..])?;
                (pass.weight(0).reshape(broadcast.clone())?, pass.weight(1).reshape(broadcast)?)
            }
        };
        Ok((mean, variance.sqrt().clip(SMALLEST, f64::INFINITY)))
    }
}

impl Default for Normalization {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(Normalization, "keras.layers", Self::new(), {
    own "options": (options);
    field "axis": (axis);
    field "invert": (invert);
    field "mean": (mean);
    field "variance": (variance);
});

impl Layer for Normalization {
    fn class_name(&self) -> &'static str {
        "Normalization"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let (kept, _) = self.shapes(input)?;
        let count: usize = kept.iter().product();
        if self.mean.is_some() != self.variance.is_some() {
            return Err(Error::argument("mean and variance must be given together"));
        }
        for numbers in [&self.mean, &self.variance].into_iter().flatten() {
            if let Numbers::Many(numbers) = numbers
                && numbers.len() != count
            {
                return Err(Error::shape(format!(
                    "mean and variance need {count} numbers for samples of shape {input:?}, but have {}",
                    numbers.len()
                )));
            }
        }
        let mut weights = Vec::new();
        if self.mean.is_none() {
            let (mean, variance) = match &self.adapted {
                Some((mean, _)) if mean.len() != count => {
                    return Err(Error::shape(format!(
                        "the layer was adapted to {} places, but the samples {input:?} have {count}",
                        mean.len()
                    )));
                }
                Some(adapted) => adapted.clone(),
                None => (vec![0.0; count], vec![1.0; count]),
            };
            weights.push(WeightSpec::new("mean", &kept, &Given(mean).into())?.frozen());
            weights.push(WeightSpec::new("variance", &kept, &Given(variance).into())?.frozen());
            weights.push(WeightSpec::new("count", &[], &Given(vec![0.0]).into())?.frozen());
        }
        Ok(Built { output: input.to_vec(), weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let (mean, deviation) = self.statistics(x, pass)?;
        pass.keep(&deviation);
        Ok(if self.invert { mean + x * deviation } else { (x - mean) / deviation })
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let deviation = pass.kept()?;
        Ok(if self.invert { grad * deviation } else { grad / deviation })
    }
}
