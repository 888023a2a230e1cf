//! The mean of each channel of a picture.

use super::window::picture;
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::Result;
use crate::config::{Config, keras_config};
use crate::tensor::{Shape, Tensor};

/// The mean of each channel over the whole picture: `[height, width, channels]` becomes `[channels]`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(GlobalAveragePooling2D::new().input_shape([7, 7, 64]));
/// assert_eq!(model.output_shape(), Some(vec![64]));
/// ```
///
/// Source: Lin et al., *Network in network* (2013).
#[derive(Debug, Clone, Default)]
pub struct GlobalAveragePooling2D {
    options: LayerOptions,
    keepdims: bool,
}

layer_options!(GlobalAveragePooling2D);

impl GlobalAveragePooling2D {
    /// One number a channel.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether height and width stay with size 1; false by default.
    pub fn keepdims(mut self, keepdims: bool) -> Self {
        self.keepdims = keepdims;
        self
    }
}

keras_config!(GlobalAveragePooling2D, "keras.layers", Self::new(), {
    own "options": (options);
    only "data_format": ("channels_last");
    field "keepdims": (keepdims);
});

impl Layer for GlobalAveragePooling2D {
    fn class_name(&self) -> &'static str {
        "GlobalAveragePooling2D"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let (_, _, channels) = picture(input)?;
        let output = if self.keepdims { vec![1, 1, channels] } else { vec![channels] };
        Ok(Built { output, weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let (height, width, channels) = picture(&x.shape()[1..])?;
        let samples = x.shape()[0];
        pass.keep(x);
        let means = x.reshaped(Shape::from_fit(&[samples, height * width, channels])).mean_along(1)?;
        Ok(if self.keepdims { means.reshape([samples, 1, 1, channels])? } else { means })
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let shape = pass.kept()?.shape();
        let share = grad.reshape([shape[0], 1, 1, shape[3]])? * (1.0 / (shape[1] * shape[2]) as f64);
        Ok(grad.backend().full(grad.dtype(), shape, 1.0) * share)
    }
}
