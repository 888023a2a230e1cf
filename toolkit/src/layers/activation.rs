//! An activation function as a layer of its own.

use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::activations::{Activation as Function, IntoActivation};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// An activation function as a layer of its own: $y = \varphi(x)$, in the shape of its input.
///
/// The functions are those of [`crate::activations`]. It stands apart from a `Dense` where something is to come between
/// them, such as a batch normalization.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(layers::Activation::new("relu").input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[-1.0, 2.0]]))?.to_vec(), [0.0, 2.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Activation {
    options: LayerOptions,
    activation: Result<Function>,
}

layer_options!(Activation);

impl Activation {
    /// The layer of this function, by value or by name.
    pub fn new(activation: impl IntoActivation) -> Self {
        Self { options: LayerOptions::default(), activation: activation.into_activation() }
    }
}

keras_config!(Activation, "keras.layers", Self::new(Function::Linear), {
    own "options": (options);
    must "activation": (activation);
});

impl Layer for Activation {
    fn class_name(&self) -> &'static str {
        "Activation"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if self.activation.clone()?.mixes_units() && input.is_empty() {
            return Err(Error::shape("softmax needs an axis beside the batch"));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(activated(&self.activation.clone()?, x, pass))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        activated_backward(&self.activation.clone()?, grad, pass)
    }

    fn last_activation(&self) -> Function {
        self.activation.clone().unwrap_or(Function::Linear)
    }
}

/// The function of x; input and output are kept.
pub(super) fn activated(function: &Function, x: &Tensor, pass: &mut Pass) -> Tensor {
    let y = x.backend().activate(function, x);
    pass.keep(x);
    pass.keep(&y);
    y
}

/// The gradient through what [`activated`] did.
pub(super) fn activated_backward(function: &Function, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
    let (y, x) = (pass.kept()?, pass.kept()?);
    if pass.gradient_is_before_activation() {
        return Ok(grad.clone());
    }
    Ok(x.backend().activate_backward(function, grad, &x, &y))
}
