//! Noise in training: added, or multiplied.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Adds noise from $N(0, \sigma^2)$ to its input in training; prediction leaves it as it is.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(GaussianNoise::new(0.1).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[1.0, 2.0]]))?.to_vec(), [1.0, 2.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Bishop, *Training with noise is equivalent to Tikhonov regularization* (1995).
#[derive(Debug, Clone)]
pub struct GaussianNoise {
    options: LayerOptions,
    stddev: f64,
    seed: Option<u64>,
}

layer_options!(GaussianNoise);

impl GaussianNoise {
    /// With this standard deviation, in `0.0..=1.0`.
    pub fn new(stddev: f64) -> Self {
        Self { options: LayerOptions::default(), stddev, seed: None }
    }

    /// A seed of its own; without one the noise follows the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

keras_config!(GaussianNoise, "keras.layers", Self::new(0.0), {
    own "options": (options);
    must "stddev": (stddev);
    field "seed": (seed);
});

impl Layer for GaussianNoise {
    fn class_name(&self) -> &'static str {
        "GaussianNoise"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(0.0..=1.0).contains(&self.stddev) {
            return Err(Error::argument(format!("stddev must be in 0.0..=1.0, but is {}", self.stddev)));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !pass.is_training() || self.stddev == 0.0 {
            return Ok(x.clone());
        }
        let noise = x.backend().hashed_normal(x.dtype(), x.shape(), pass.seeded_key(self.seed));
        Ok(x + noise * self.stddev)
    }

    fn backward(&self, grad: &Tensor, _: &mut Pass) -> Result<Tensor> {
        Ok(grad.clone())
    }
}

/// Multiplies its input by noise from $N(1, p/(1 - p))$ in training, which has the mean and the variance of dropout with
/// rate $p$; prediction leaves it as it is.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(GaussianDropout::new(0.3).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[1.0, 2.0]]))?.to_vec(), [1.0, 2.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting* (2014), section 10.
#[derive(Debug, Clone)]
pub struct GaussianDropout {
    options: LayerOptions,
    rate: f64,
    seed: Option<u64>,
}

layer_options!(GaussianDropout);

impl GaussianDropout {
    /// With the variance of dropout at this rate, in `0.0..1.0`.
    pub fn new(rate: f64) -> Self {
        Self { options: LayerOptions::default(), rate, seed: None }
    }

    /// A seed of its own; without one the noise follows the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The numbers that input and gradient are multiplied by.
    fn times_noise(&self, x: &Tensor, pass: &Pass) -> Tensor {
        if !pass.is_training() || self.rate == 0.0 {
            return x.clone();
        }
        let noise = x.backend().hashed_normal(x.dtype(), x.shape(), pass.seeded_key(self.seed));
        x * (noise * (self.rate / (1.0 - self.rate)).sqrt() + 1.0)
    }
}

keras_config!(GaussianDropout, "keras.layers", Self::new(0.0), {
    own "options": (options);
    must "rate": (rate);
    field "seed": (seed);
});

impl Layer for GaussianDropout {
    fn class_name(&self) -> &'static str {
        "GaussianDropout"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::argument(format!("the rate must be in 0.0..1.0, but is {}", self.rate)));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(self.times_noise(x, pass))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(self.times_noise(grad, pass))
    }
}
