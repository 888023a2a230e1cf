//! A scale and a shift that are not learned.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// $y = s x + o$ with given numbers, such as 1/255 for the bytes of pictures.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Rescaling::new(0.5).offset(-1.0).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[2.0, 4.0]]))?.to_vec(), [0.0, 1.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rescaling {
    options: LayerOptions,
    scale: f64,
    offset: f64,
}

layer_options!(Rescaling);

impl Rescaling {
    /// With this scale $s$ and no offset.
    pub fn new(scale: f64) -> Self {
        Self { options: LayerOptions::default(), scale, offset: 0.0 }
    }

    /// The offset $o$.
    pub fn offset(mut self, offset: f64) -> Self {
        self.offset = offset;
        self
    }
}

keras_config!(Rescaling, "keras.layers", Self::new(1.0), {
    own "options": (options);
    must "scale": (scale);
    field "offset": (offset);
});

impl Layer for Rescaling {
    fn class_name(&self) -> &'static str {
        "Rescaling"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(self.scale.is_finite() && self.offset.is_finite()) {
            return Err(Error::argument(format!("scale and offset must be finite: {self:?}")));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, _: &mut Pass) -> Result<Tensor> {
        Ok(x * self.scale + self.offset)
    }

    fn backward(&self, grad: &Tensor, _: &mut Pass) -> Result<Tensor> {
        Ok(grad * self.scale)
    }
}
