//! Flattening each sample to a vector.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Makes one vector of each sample: `[batch, 28, 28]` becomes `[batch, 784]`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(Flatten::new().input_shape([28, 28]));
/// assert_eq!(model.output_shape(), Some(vec![784]));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Flatten {
    options: LayerOptions,
}

layer_options!(Flatten);

impl Flatten {
    /// The layer.
    pub fn new() -> Self {
        Self::default()
    }
}

keras_config!(Flatten, "keras.layers", Self::new(), {
    own "options": (options);
    only "data_format": ("channels_last");
});

impl Layer for Flatten {
    fn class_name(&self) -> &'static str {
        "Flatten"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        Ok(Built { output: vec![input.iter().product()], weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let shape = x.shape();
        let Some(&batch) = shape.first() else { return Err(Error::shape("a batch is needed, not a scalar")) };
        pass.keep(x);
        Ok(x.reshaped(Shape::from_fit(&[batch, shape.row_elements()])))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        grad.reshape(pass.kept()?.shape())
    }
}
