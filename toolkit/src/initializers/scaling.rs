//! Variance scaling: Glorot's, He's and LeCun's initializers, and their common form.

use super::{Initializer, draw, truncated_normal};
use crate::config::{Config, Named, OneOf, keras_config};
use crate::random::Generator;
use crate::{Error, Result};

/// The standard deviation of the standard normal distribution truncated at two.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

/// By what number of connections the variance is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fan {
    /// The inputs of a unit.
    In,
    /// The outputs that an input feeds.
    Out,
    /// The mean of both.
    Avg,
}

/// From what distribution the weights are drawn; all have the same variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Normal, drawn again beyond two standard deviations and corrected for it; Keras's `normal`.
    TruncatedNormal,
    /// Normal without truncation.
    UntruncatedNormal,
    /// Even.
    Uniform,
}

/// Draws with variance `scale / fan`, so that the signal keeps its size from layer to layer.
///
/// | | scale | fan | for |
/// |---|---|---|---|
/// | Glorot (Xavier) | 1 | mean of inputs and outputs | sigmoid, tanh, softmax |
/// | He | 2 | inputs | ReLU and its kin |
/// | LeCun | 1 | inputs | SELU |
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::VarianceScaling::new().scale(2.0)).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert!(kernel.iter().all(|weight| weight.abs() <= 2.28));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VarianceScaling {
    scale: f64,
    mode: Result<Fan>,
    distribution: Result<Distribution>,
}

impl VarianceScaling {
    /// Scale 1, inputs, truncated normal, as in Keras.
    pub fn new() -> Self {
        Self::of(1.0, Fan::In, Distribution::TruncatedNormal)
    }

    /// The variance times the fan, above 0.
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Which connections count.
    pub fn mode(mut self, mode: impl OneOf<Fan>) -> Self {
        self.mode = mode.value();
        self
    }

    /// The distribution.
    pub fn distribution(mut self, distribution: impl OneOf<Distribution>) -> Self {
        self.distribution = distribution.value();
        self
    }

    const fn of(scale: f64, mode: Fan, distribution: Distribution) -> Self {
        Self { scale, mode: Ok(mode), distribution: Ok(distribution) }
    }
}

impl Default for VarianceScaling {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for VarianceScaling {
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(Error::argument(format!(
                "VarianceScaling: scale must be above 0, but is {}",
                self.scale
            )));
        }
        let (inputs, outputs) = fans(shape);
        let fan = match self.mode.clone()? {
            Fan::In => inputs,
            Fan::Out => outputs,
            Fan::Avg => (inputs + outputs) / 2.0,
        };
        let variance = self.scale / fan.max(1.0);
        Ok(match self.distribution.clone()? {
            Distribution::TruncatedNormal => {
                let stddev = variance.sqrt() / TRUNCATED_STDDEV;
                draw(shape, || stddev * truncated_normal(generator))
            }
            Distribution::UntruncatedNormal => draw(shape, || variance.sqrt() * generator.normal()),
            Distribution::Uniform => {
                let limit = (3.0 * variance).sqrt();
                draw(shape, || limit * (2.0 * generator.uniform() - 1.0))
            }
        })
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(VarianceScaling, "keras.initializers", Self::new(), {
    only "seed": (null);
    field "scale": (scale);
    field "mode": (mode);
    field "distribution": (distribution);
    only "input_axes": (null);
    only "output_axes": (null);
});

impl Named for Fan {
    const WHAT: &'static str = "mode";
    const NAMES: &'static [(&'static str, Self)] =
        &[("fan_in", Self::In), ("fan_out", Self::Out), ("fan_avg", Self::Avg)];
}

impl Named for Distribution {
    const WHAT: &'static str = "distribution";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("truncated_normal", Self::TruncatedNormal),
        ("normal", Self::TruncatedNormal),
        ("untruncated_normal", Self::UntruncatedNormal),
        ("uniform", Self::Uniform),
    ];
}

/// How many inputs a unit has and how many outputs an input feeds; a convolution counts its whole window.
fn fans(shape: &[usize]) -> (f64, f64) {
    match *shape {
        [] => (1.0, 1.0),
        [size] => (size as f64, size as f64),
        [ref window @ .., inputs, outputs] => {
            let window: usize = window.iter().product();
            ((inputs * window) as f64, (outputs * window) as f64)
        }
    }
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $scale:literal, $fan:ident, $distribution:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Initializer for $name {
            fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
                VarianceScaling::of($scale, Fan::$fan, Distribution::$distribution).values(shape, generator)
            }

            fn config(&self) -> Result<Config> {
                Config::of(self)
            }
        }

        keras_config!($name, "keras.initializers", $name, {
            only "seed": (null);
            only "input_axes": (null);
            only "output_axes": (null);
        });
    )*};
}

named! {
    /// Even draws within $\pm\sqrt{6 / (n_{in} + n_{out})}$; Keras's default for kernels.
    ///
    /// Source: Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::GlorotUniform).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 1.2248));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    GlorotUniform = 1.0, Avg, Uniform;
    /// Normal with variance $2 / (n_{in} + n_{out})$, truncated.
    ///
    /// Source: Glorot and Bengio (2010).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::GlorotNormal).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 1.6078));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    GlorotNormal = 1.0, Avg, TruncatedNormal;
    /// Even draws within $\pm\sqrt{6 / n_{in}}$.
    ///
    /// Source: He et al., *Delving deep into rectifiers* (2015).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::HeUniform).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 1.7321));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    HeUniform = 2.0, In, Uniform;
    /// Normal with variance $2 / n_{in}$, truncated.
    ///
    /// Source: He et al. (2015).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::HeNormal).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 2.2737));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    HeNormal = 2.0, In, TruncatedNormal;
    /// Even draws within $\pm\sqrt{3 / n_{in}}$.
    ///
    /// Source: LeCun et al., *Efficient backprop* (1998).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::LecunUniform).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 1.2248));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    LecunUniform = 1.0, In, Uniform;
    /// Normal with variance $1 / n_{in}$, truncated.
    ///
    /// Source: LeCun et al. (1998).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let layer = Dense::new(2).kernel_initializer(initializers::LecunNormal).input_shape([2]);
    /// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
    /// assert!(kernel.iter().all(|weight| weight.abs() <= 1.6078));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    LecunNormal = 1.0, In, TruncatedNormal;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variance, mean and bounds of each named initializer, at five standard errors.
    #[test]
    fn draws_have_the_variance_and_bounds_they_promise() {
        let (inputs, outputs) = (300, 700);
        let count = (inputs * outputs) as f64;
        let cases: [(&dyn Initializer, f64, f64); 6] = [
            (&GlorotUniform, 2.0 / 1000.0, (6.0 / 1000.0_f64).sqrt()),
            (&GlorotNormal, 2.0 / 1000.0, 2.273_7 * (2.0 / 1000.0_f64).sqrt()),
            (&HeUniform, 2.0 / 300.0, (6.0 / 300.0_f64).sqrt()),
            (&HeNormal, 2.0 / 300.0, 2.273_7 * (2.0 / 300.0_f64).sqrt()),
            (&LecunUniform, 1.0 / 300.0, (3.0 / 300.0_f64).sqrt()),
            (&LecunNormal, 1.0 / 300.0, 2.273_7 * (1.0 / 300.0_f64).sqrt()),
        ];
        for (initializer, variance, bound) in cases {
            let values = initializer.values(&[inputs, outputs], &mut Generator::new(9)).unwrap();
            let mean = values.iter().sum::<f64>() / count;
            let square = values.iter().map(|value| value * value).sum::<f64>() / count;
            let fourth = values.iter().map(|value| value.powi(4)).sum::<f64>() / count;
            assert!(mean.abs() < 5.0 * (variance / count).sqrt(), "{initializer:?}: mean {mean}");
            let error = ((fourth - square * square) / count).sqrt();
            assert!(
                (square - variance).abs() < 5.0 * error,
                "{initializer:?}: variance {square}, not {variance}"
            );
            let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            assert!(
                largest <= bound && largest > 0.99 * bound,
                "{initializer:?}: largest {largest}, bound {bound}"
            );
        }
    }

    #[test]
    fn a_convolution_counts_its_window() {
        assert_eq!(fans(&[3, 3, 16, 32]), (144.0, 288.0));
        assert_eq!(fans(&[7]), (7.0, 7.0));
    }
}
