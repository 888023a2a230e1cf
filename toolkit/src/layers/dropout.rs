//! Dropout.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::{Shape, Tensor};
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
    noise_shape: Option<Vec<Option<usize>>>,
}

layer_options!(Dropout);

impl Dropout {
    /// Drops this share of the inputs, in `0.0..=1.0`.
    pub fn new(rate: f64) -> Self {
        Self { options: LayerOptions::default(), rate, seed: None, noise_shape: None }
    }

    /// The shape of the mask, with the batch; each size is that of the input (`None`) or 1, where the mask is the same all
    /// along the axis. `[None, Some(1), Some(1), None]` drops whole channels of pictures.
    pub fn noise_shape(mut self, shape: impl IntoIterator<Item = Option<usize>>) -> Self {
        self.noise_shape = Some(shape.into_iter().collect());
        self
    }

    /// A seed of its own; without one the masks follow the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Dropout {
    /// Each number times its entry of the mask, which is 0 or 1 / (1 - rate).
    fn dropped(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let key = pass.seeded_key(self.seed);
        let Some(noise) = &self.noise_shape else { return Ok(x.backend().dropout(x, self.rate, key)) };
        let sizes: Vec<usize> =
            noise.iter().zip(x.shape().to_vec()).map(|(noise, size)| noise.unwrap_or(size)).collect();
        let ones = x.backend().full(x.dtype(), Shape::new(&sizes)?, 1.0);
        x.mul(ones.backend().dropout(&ones, self.rate, key))
    }
}

keras_config!(Dropout, "keras.layers", Self::new(0.0), {
    own "options": (options);
    must "rate": (rate);
    field "seed": (seed);
    field "noise_shape": (noise_shape);
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
        if let Some(shape) = &self.noise_shape {
            // The size of the batch is not known here: 1 stands for it.
            let whole: Vec<usize> = std::iter::once(1).chain(input.iter().copied()).collect();
            let fits = |(noise, size): (&Option<usize>, &usize)| noise.is_none_or(|n| n == 1 || n == *size);
            if shape.len() != whole.len() || !shape.iter().zip(&whole).skip(1).all(fits) {
                return Err(Error::shape(format!(
                    "noise_shape needs {} sizes, with the batch, each that of the input (None) or 1, but is {shape:?} for samples of shape {input:?}",
                    whole.len()
                )));
            }
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !pass.is_training() || self.rate == 0.0 {
            return Ok(x.clone());
        }
        self.dropped(x, pass)
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        if !pass.is_training() || self.rate == 0.0 {
            return Ok(grad.clone());
        }
        // The mask is drawn again from the same key: nothing needs to be kept.
        self.dropped(grad, pass)
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// Whole channels stay or go, in inference none; other shapes are refused with what is expected.
    #[test]
    fn a_mask_is_the_same_along_axes_of_size_one() -> Result<()> {
        let layer = Dropout::new(0.5).noise_shape([None, Some(1), Some(1)]).seed(3);
        let mut model = Sequential::new().seed(1).add(layer.input_shape([6, 40]));
        let x = Tensor::ones([8, 6, 40]);
        assert_eq!(model.predict(&x)?.to_vec(), x.to_vec());
        model.compile("sgd", "mse", ())?;
        // Each sample is 0 or 2 as a whole: of 8 samples the mean square is a multiple of a half.
        let loss = model.train_on_batch(&x, &Tensor::zeros([8, 6, 40]))?;
        assert!(loss > 0.0 && loss < 4.0 && (loss * 2.0).fract() == 0.0, "{loss}");
        let check = model.check_gradients(&Tensor::ones([2, 6, 40]), &Tensor::zeros([2, 6, 40]), "mse")?;
        assert!(check.worst.relative < 1e-6, "{check:?}");
        let wrong = Sequential::new().add(Dropout::new(0.5).noise_shape([None, Some(2)]).input_shape([4]));
        let error = wrong.summary().expect_err("2 is neither 1 nor 4").to_string();
        assert!(error.contains("noise_shape needs 2 sizes") && error.contains("[4]"), "{error}");
        Ok(())
    }
}
