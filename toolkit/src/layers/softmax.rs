//! The softmax as a layer.

use super::activation::{activated, activated_backward};
use super::axes::{moved_to_end, restored};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Activation, Result};

/// $y_i = e^{x_i} / \sum_j e^{x_j}$ along one axis: positive numbers with the sum 1.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Softmax::new().input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[3.0, 3.0]]))?.to_vec(), [0.5, 0.5]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Softmax {
    options: LayerOptions,
    axis: isize,
}

layer_options!(Softmax);

impl Softmax {
    /// Along the last axis.
    pub fn new() -> Self {
        Self { options: LayerOptions::default(), axis: -1 }
    }

    /// Along this axis of the batch (0 counts the samples); negative ones count from the back.
    pub fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }
}

impl Default for Softmax {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(Softmax, "keras.layers", Self::new(), {
    own "options": (options);
    field "axis": (axis);
});

impl Layer for Softmax {
    fn class_name(&self) -> &'static str {
        "Softmax"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        super::axes::sample_axis(self.axis, input)?;
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axis = x.shape().axis(self.axis)?;
        restored(&activated(&Activation::Softmax, &moved_to_end(x, &[axis])?, pass), &[axis])
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axis = grad.shape().axis(self.axis)?;
        restored(&activated_backward(&Activation::Softmax, &moved_to_end(grad, &[axis])?, pass)?, &[axis])
    }

    fn last_activation(&self) -> Activation {
        if self.axis == -1 { Activation::Softmax } else { Activation::Linear }
    }
}
