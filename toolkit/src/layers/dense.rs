//! The fully connected layer.

use super::{Built, Layer, LayerOptions, Pass, WeightSpec, layer_options};
use crate::activations::IntoActivation;
use crate::choice::Choice;
use crate::config::{Config, keras_config};
use crate::constraints::Constraint;
use crate::initializers::{GlorotUniform, Initializer, Zeros};
use crate::regularizers::Regularizer;
use crate::tensor::{Shape, Tensor};
use crate::{Activation, Error, Result};

/// A fully connected layer: $y = \varphi(x W + b)$ with the kernel $W$ of shape `[inputs, units]`.
///
/// It works on the last axis of its input, which must be known when the model is built. Kernels begin as
/// [`GlorotUniform`], biases as 0.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(300).activation("elu").kernel_initializer("he_normal").kernel_regularizer(L2::new(1e-4));
/// # let _ = layer;
/// ```
#[derive(Debug, Clone)]
pub struct Dense {
    options: LayerOptions,
    units: usize,
    activation: Result<Activation>,
    use_bias: bool,
    kernel_initializer: Choice<dyn Initializer>,
    bias_initializer: Choice<dyn Initializer>,
    kernel_regularizer: Option<Choice<dyn Regularizer>>,
    bias_regularizer: Option<Choice<dyn Regularizer>>,
    activity_regularizer: Option<Choice<dyn Regularizer>>,
    kernel_constraint: Option<Choice<dyn Constraint>>,
    bias_constraint: Option<Choice<dyn Constraint>>,
}

layer_options!(Dense);

impl Dense {
    /// A layer with this many units, linear and with a bias.
    pub fn new(units: usize) -> Self {
        Self {
            options: LayerOptions::default(),
            units,
            activation: Ok(Activation::Linear),
            use_bias: true,
            kernel_initializer: GlorotUniform.into(),
            bias_initializer: Zeros.into(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
        }
    }

    /// The activation $\varphi$, by value or by name.
    pub fn activation(mut self, activation: impl IntoActivation) -> Self {
        self.activation = activation.into_activation();
        self
    }

    /// Whether there is a bias; true by default.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }

    /// How the kernel begins, by value or by name.
    pub fn kernel_initializer(mut self, initializer: impl Into<Choice<dyn Initializer>>) -> Self {
        self.kernel_initializer = initializer.into();
        self
    }

    /// How the bias begins, by value or by name.
    pub fn bias_initializer(mut self, initializer: impl Into<Choice<dyn Initializer>>) -> Self {
        self.bias_initializer = initializer.into();
        self
    }

    /// The penalty on the kernel, by value or by name.
    pub fn kernel_regularizer(mut self, regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        self.kernel_regularizer = Some(regularizer.into());
        self
    }

    /// The penalty on the bias, by value or by name.
    pub fn bias_regularizer(mut self, regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        self.bias_regularizer = Some(regularizer.into());
        self
    }

    /// The penalty on the output, divided by the size of the batch, by value or by name.
    pub fn activity_regularizer(mut self, regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        self.activity_regularizer = Some(regularizer.into());
        self
    }

    /// What holds for the kernel after each update, by value or by name.
    pub fn kernel_constraint(mut self, constraint: impl Into<Choice<dyn Constraint>>) -> Self {
        self.kernel_constraint = Some(constraint.into());
        self
    }

    /// What holds for the bias after each update, by value or by name.
    pub fn bias_constraint(mut self, constraint: impl Into<Choice<dyn Constraint>>) -> Self {
        self.bias_constraint = Some(constraint.into());
        self
    }
}

keras_config!(Dense, "keras.layers", Self::new(0), {
    own "options": (options);
    early "activity_regularizer": (activity_regularizer);
    must "units": (units);
    field "activation": (activation);
    field "use_bias": (use_bias);
    field "kernel_initializer": (kernel_initializer);
    field "bias_initializer": (bias_initializer);
    field "kernel_regularizer": (kernel_regularizer);
    field "bias_regularizer": (bias_regularizer);
    field "kernel_constraint": (kernel_constraint);
    field "bias_constraint": (bias_constraint);
    only "quantization_config": (null);
});

impl Layer for Dense {
    fn class_name(&self) -> &'static str {
        "Dense"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        self.activation.clone()?;
        if self.units == 0 {
            return Err(Error::argument("units must be at least 1, but is 0"));
        }
        if let Some(regularizer) = &self.activity_regularizer {
            let checked = regularizer.get().and_then(|found| found.check());
            checked.map_err(|error| error.in_context("activity_regularizer"))?;
        }
        let Some((&inputs, outer)) = input.split_last() else {
            return Err(Error::shape("the input needs at least one dimension beside the batch"));
        };
        let kernel = WeightSpec::new("kernel", &[inputs, self.units], &self.kernel_initializer)?;
        let kernel = kernel.regularized(self.kernel_regularizer.as_ref())?;
        let mut weights = vec![kernel.constrained(self.kernel_constraint.as_ref())?];
        if self.use_bias {
            let bias = WeightSpec::new("bias", &[self.units], &self.bias_initializer)?;
            let bias = bias.regularized(self.bias_regularizer.as_ref())?;
            weights.push(bias.constrained(self.bias_constraint.as_ref())?);
        }
        let output = outer.iter().copied().chain([self.units]).collect();
        Ok(Built { output, weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let activation = self.activation.clone()?;
        let kernel = pass.weight(0);
        let bias = self.use_bias.then(|| pass.weight(1));
        let (rows, inputs) = x.shape().as_rows();
        if inputs != kernel.shape()[0] {
            return Err(Error::shape(format!(
                "the kernel expects {} input features, but got shape {}",
                kernel.shape()[0],
                x.shape()
            ))
            .with_help("is a Flatten or another Dense missing before it?"));
        }
        let flat = x.reshaped(Shape::from_fit(&[rows, inputs]));
        let (y, before) = x.backend().linear(&flat, &kernel, bias.as_ref(), &activation);
        if let Some(regularizer) = &self.activity_regularizer {
            let samples = x.shape().first().copied().unwrap_or(1) as f64;
            pass.add_penalty_of(&regularizer.get()?.penalty(&y), 1.0 / samples)?;
        }
        pass.keep(&flat);
        pass.keep(before.as_ref().unwrap_or(&y));
        pass.keep(&y);
        let mut sizes = x.shape().to_vec();
        if let Some(last) = sizes.last_mut() {
            *last = self.units;
        }
        Ok(y.reshaped(Shape::from_fit(&sizes)))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let activation = self.activation.clone()?;
        let (y, before, x) = (pass.kept()?, pass.kept()?, pass.kept()?);
        let batch = grad.shape().first().copied().unwrap_or(1);
        let mut sizes = grad.shape().to_vec();
        if let Some(last) = sizes.last_mut() {
            *last = x.shape().as_rows().1;
        }
        let backend = x.backend();
        let mut grad = grad.reshape(y.shape())?;
        if let Some(regularizer) = &self.activity_regularizer {
            grad = grad + regularizer.get()?.gradient(&y) / batch as f64;
        }
        let grad = if pass.gradient_is_before_activation() {
            grad
        } else {
            backend.activate_backward(&activation, &grad, &before, &y)
        };
        let kernel = pass.weight(0);
        let input = if pass.is_trainable() {
            let gradients =
                backend.linear_backward(&x, &kernel, &grad, self.use_bias, pass.wants_input_gradient());
            pass.set_gradient(0, gradients.kernel);
            if let Some(bias) = gradients.bias {
                pass.set_gradient(1, bias);
            }
            gradients.input
        } else {
            pass.wants_input_gradient().then(|| backend.matmul(&grad, false, &kernel, true))
        };
        Ok(input.map_or(grad, |input| input.reshaped(Shape::from_fit(&sizes))))
    }

    fn last_activation(&self) -> Activation {
        if self.activity_regularizer.is_some() {
            return Activation::Linear; // The penalty's gradient comes in between: nothing is joined.
        }
        self.activation.clone().unwrap_or(Activation::Linear)
    }
}
