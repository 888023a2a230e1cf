//! Another shape for each sample.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Gives each sample another shape; its numbers stay in their order.
///
/// # Example
/// Pictures without a channel get one, as a convolution wants it:
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(Reshape::new([28, 28, 1]).input_shape([28, 28])).add(Conv2D::new(8, 3));
/// assert_eq!(model.output_shape(), Some(vec![26, 26, 8]));
/// ```
#[derive(Debug, Clone)]
pub struct Reshape {
    options: LayerOptions,
    target_shape: Vec<isize>,
}

layer_options!(Reshape);

impl Reshape {
    /// To this shape, without the batch; one size may be -1, it follows from the others.
    pub fn new<const N: usize>(target_shape: [isize; N]) -> Self {
        Self { options: LayerOptions::default(), target_shape: target_shape.to_vec() }
    }

    fn target(&self, input: &[usize]) -> Result<Vec<usize>> {
        let elements: usize = input.iter().product();
        let known = self.target_shape.iter().filter(|&&size| size >= 0).product::<isize>() as usize;
        let open = self.target_shape.iter().filter(|&&size| size == -1).count();
        let fits = match open {
            0 => known == elements,
            1 => known > 0 && elements.is_multiple_of(known),
            _ => false,
        };
        if !fits || self.target_shape.iter().any(|&size| size < -1) {
            return Err(Error::shape(format!(
                "samples of shape {input:?} have {elements} numbers, which do not fit into {:?}",
                self.target_shape
            )));
        }
        let size = |&size: &isize| if size == -1 { elements / known } else { size as usize };
        Ok(self.target_shape.iter().map(size).collect())
    }
}

keras_config!(Reshape, "keras.layers", Self::new([]), {
    own "options": (options);
    must "target_shape": (target_shape);
});

impl Layer for Reshape {
    fn class_name(&self) -> &'static str {
        "Reshape"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let output = self.target(input)?;
        Shape::new(&[&[1], output.as_slice()].concat())?;
        Ok(Built { output, weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        pass.keep(x);
        let shape = x.shape();
        x.reshape([&shape[..1], &self.target(&shape[1..])?].concat())
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        grad.reshape(pass.kept()?.shape())
    }
}
