//! Dropout for self-normalizing networks.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::backend::Binary;
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// The limit of SELU towards minus infinity: minus its scale times its alpha.
const SELU_LIMIT: f64 = -1.758_099_340_847_376_6;

/// Sets a random share of its inputs to SELU's limit $\alpha'$ in training, so that mean 0 and variance 1 stay.
///
/// With rate $p$ and the mask $m$, $y = a (m x + (1 - m) \alpha') + b$ where
/// $a = ((1 - p)(1 + p \alpha'^2))^{-1/2}$ and $b = -a p \alpha'$.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new()
///     .add(Dense::new(8).activation("selu").kernel_initializer("lecun_normal").input_shape([4]))
///     .add(AlphaDropout::new(0.1));
/// # let _ = model;
/// ```
///
/// Source: Klambauer et al., *Self-normalizing neural networks* (2017).
#[derive(Debug, Clone)]
pub struct AlphaDropout {
    options: LayerOptions,
    rate: f64,
    seed: Option<u64>,
}

layer_options!(AlphaDropout);

impl AlphaDropout {
    /// Drops this share of the inputs, in `0.0..1.0`.
    pub fn new(rate: f64) -> Self {
        Self { options: LayerOptions::default(), rate, seed: None }
    }

    /// A seed of its own; without one the masks follow the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn is_active(&self, pass: &Pass) -> bool {
        pass.is_training() && self.rate > 0.0
    }

    /// 1 where a number is kept, else 0.
    fn mask(&self, x: &Tensor, pass: &Pass) -> Tensor {
        let draws = x.backend().hashed_uniform(x.dtype(), x.shape(), pass.seeded_key(self.seed));
        x.backend().binary_scalar(Binary::GreaterEqual, &draws, self.rate, false)
    }

    fn scale(&self) -> f64 {
        ((1.0 - self.rate) * (1.0 + self.rate * SELU_LIMIT * SELU_LIMIT)).powf(-0.5)
    }
}

keras_config!(AlphaDropout, "keras.layers", Self::new(0.0), {
    own "options": (options);
    must "rate": (rate);
    field "seed": (seed);
    only "noise_shape": (null);
});

impl Layer for AlphaDropout {
    fn class_name(&self) -> &'static str {
        "AlphaDropout"
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
        if !self.is_active(pass) {
            return Ok(x.clone());
        }
        let mask = self.mask(x, pass);
        let shift = -self.scale() * SELU_LIMIT * self.rate;
        Ok((&mask * x + (1.0 - &mask) * SELU_LIMIT) * self.scale() + shift)
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !self.is_active(pass) {
            return Ok(grad.clone());
        }
        Ok(self.mask(grad, pass) * grad * self.scale())
    }
}
