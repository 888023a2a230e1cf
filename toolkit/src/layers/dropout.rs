//! Dropout.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Sets a random share of its inputs to 0 in training; the rest is divided by the probability of keeping.
///
/// With rate $p$ each number stays with probability $1 - p$ and then is $x / (1 - p)$, so that its mean stays $x$ and
/// prediction uses the numbers as they are (inverted dropout, as in Keras). The original paper instead multiplies by
/// $1 - p$ at prediction.
///
/// Source: Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting* (2014).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dropout::new(0.2);
/// # let _ = layer;
/// ```
#[derive(Debug, Clone)]
pub struct Dropout {
    options: LayerOptions,
    rate: f64,
    seed: Option<u64>,
}

layer_options!(Dropout);

impl Dropout {
    /// Drops this share of the inputs, in `0.0..=1.0`.
    pub fn new(rate: f64) -> Self {
        Self { options: LayerOptions::default(), rate, seed: None }
    }

    /// A seed of its own; without one the masks follow the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

keras_config!(Dropout, "keras.layers", Self::new(0.0), {
    own "options": (options);
    must "rate": (rate);
    field "seed": (seed);
    only "noise_shape": (null);
});

impl Layer for Dropout {
    fn class_name(&self) -> &'static str {
        "Dropout"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(Error::argument(format!("the rate must be in 0.0..=1.0, but is {}", self.rate)));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !pass.is_training() || self.rate == 0.0 {
            return Ok(x.clone());
        }
        Ok(x.backend().dropout(x, self.rate, pass.seeded_key(self.seed)))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !pass.is_training() || self.rate == 0.0 {
            return Ok(grad.clone());
        }
        // The mask is drawn again from the same key: nothing needs to be kept.
        Ok(grad.backend().dropout(grad, self.rate, pass.seeded_key(self.seed)))
    }
}
