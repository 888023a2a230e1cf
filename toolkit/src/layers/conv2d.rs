//! The convolution of pictures.

use super::activity::Activity;
use super::options::{WeightOptions, weight_options};
use super::window::{IntoPair, Padding, picture, window};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::activations::IntoActivation;
use crate::backend::Window;
use crate::choice::Choice;
use crate::config::{Config, OneOf, keras_config};
use crate::initializers::{GlorotUniform, Zeros};
use crate::regularizers::Regularizer;
use crate::tensor::{Shape, Tensor};
use crate::{Activation, Error, Result};

/// A convolution of pictures `[height, width, channels]` with learned kernels:
///
/// $$ y_{ijf} = \varphi\Big(b_f + \sum_{u,v,c} k_{uvcf} \, x_{i s + u d,\, j s + v d,\, c}\Big) $$
///
/// with strides $s$ and dilation $d$ (a cross-correlation, as in Keras). Weights in order: the kernel
/// `[height, width, channels / groups, filters]`, which begins as [`GlorotUniform`], and the bias `[filters]`, which
/// begins as 0. How the border counts is told at [`Padding`].
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new()
///     .add(Conv2D::new(32, 3).activation("relu").padding("same").input_shape([28, 28, 1]))
///     .add(Conv2D::new(64, (3, 5)).strides(2));
/// assert_eq!(model.output_shape(), Some(vec![13, 12, 64]));
/// ```
///
/// Source: LeCun et al., *Gradient-based learning applied to document recognition* (1998).
#[derive(Debug, Clone)]
pub struct Conv2D {
    options: LayerOptions,
    filters: usize,
    kernel_size: (usize, usize),
    strides: (usize, usize),
    padding: Result<Padding>,
    dilation_rate: (usize, usize),
    groups: usize,
    activation: Result<Activation>,
    use_bias: bool,
    kernel: WeightOptions,
    bias: WeightOptions,
    activity: Activity,
}

layer_options!(Conv2D);
weight_options!(Conv2D, kernel: kernel_initializer kernel_regularizer kernel_constraint);
weight_options!(Conv2D, bias: bias_initializer bias_regularizer bias_constraint);

impl Conv2D {
    /// So many filters with windows of this size (a number, or height and width), linear, with a bias and no padding.
    pub fn new(filters: usize, kernel_size: impl IntoPair) -> Self {
        Self {
            options: LayerOptions::default(),
            filters,
            kernel_size: kernel_size.into_pair(),
            strides: (1, 1),
            padding: Ok(Padding::Valid),
            dilation_rate: (1, 1),
            groups: 1,
            activation: Ok(Activation::Linear),
            use_bias: true,
            kernel: WeightOptions::new(GlorotUniform),
            bias: WeightOptions::new(Zeros),
            activity: Activity::default(),
        }
    }

    /// How far the window moves at a time; 1 by default.
    pub fn strides(mut self, strides: impl IntoPair) -> Self {
        self.strides = strides.into_pair();
        self
    }

    /// What becomes of the border: `"valid"` (the default) or `"same"`.
    pub fn padding(mut self, padding: impl OneOf<Padding>) -> Self {
        self.padding = padding.value();
        self
    }

    /// How far apart the pixels of a window lie; 1 by default. Above 1, strides must be 1.
    pub fn dilation_rate(mut self, dilation: impl IntoPair) -> Self {
        self.dilation_rate = dilation.into_pair();
        self
    }

    /// Into how many groups channels and filters are divided; each filter sees its group's channels only.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
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

    /// The penalty on the output, divided by the size of the batch, by value or by name.
    pub fn activity_regularizer(mut self, regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        self.activity = Activity::new(regularizer);
        self
    }

    fn window(&self, height: usize, width: usize) -> Result<Window> {
        let padding = self.padding.clone()?;
        window((height, width), self.kernel_size, self.strides, self.dilation_rate, padding)
    }
}

keras_config!(Conv2D, "keras.layers", Self::new(0, 1), {
    own "options": (options);
    early "activity_regularizer": (activity.0);
    must "filters": (filters);
    must "kernel_size": (kernel_size);
    field "strides": (strides);
    field "padding": (padding);
    only "data_format": ("channels_last");
    field "dilation_rate": (dilation_rate);
    field "groups": (groups);
    field "activation": (activation);
    field "use_bias": (use_bias);
    field "kernel_initializer": (kernel.initializer);
    field "bias_initializer": (bias.initializer);
    field "kernel_regularizer": (kernel.regularizer);
    field "bias_regularizer": (bias.regularizer);
    late "activity_regularizer": (activity.0);
    field "kernel_constraint": (kernel.constraint);
    field "bias_constraint": (bias.constraint);
});

impl Layer for Conv2D {
    fn class_name(&self) -> &'static str {
        "Conv2D"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        self.activation.clone()?;
        self.activity.check()?;
        let (height, width, channels) = picture(input)?;
        let (filters, groups) = (self.filters, self.groups);
        if filters == 0 {
            return Err(Error::argument("filters must be at least 1, but is 0"));
        }
        if groups == 0 || channels % groups != 0 || filters % groups != 0 {
            return Err(Error::argument(format!(
                "groups must divide the {channels} channels and the {filters} filters, but is {groups}"
            )));
        }
        if self.strides != (1, 1) && self.dilation_rate != (1, 1) {
            return Err(Error::argument("strides and dilation_rate cannot both be above 1"));
        }
        let window = self.window(height, width)?;
        let (down, across) = self.kernel_size;
        let mut weights = vec![self.kernel.spec("kernel", &[down, across, channels / groups, filters])?];
        if self.use_bias {
            weights.push(self.bias.spec("bias", &[filters])?);
        }
        Ok(Built { output: vec![window.output.0, window.output.1, filters], weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let activation = self.activation.clone()?;
        let window = self.window(x.shape()[1], x.shape()[2])?;
        let mut before = x.backend().conv2d(x, &pass.weight(0), &window);
        if self.use_bias {
            before = before + pass.weight(1);
        }
        let y = x.backend().activate(&activation, &before);
        self.activity.penalize(&y, pass)?;
        pass.keep(x);
        pass.keep(if activation.gradient_needs_input() { &before } else { &y });
        pass.keep(&y);
        Ok(y)
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let (y, before, x) = (pass.kept()?, pass.kept()?, pass.kept()?);
        let window = self.window(x.shape()[1], x.shape()[2])?;
        let grad = self.activity.add_gradient(grad, &y)?;
        let grad = x.backend().activate_backward(&self.activation.clone()?, &grad, &before, &y);
        let (kernel, input) =
            x.backend().conv2d_backward(&x, &pass.weight(0), &grad, &window, pass.wants_input_gradient());
        if pass.is_trainable() {
            pass.set_gradient(0, kernel);
            if self.use_bias {
                let (rows, filters) = grad.shape().as_rows();
                pass.set_gradient(1, grad.reshaped(Shape::from_fit(&[rows, filters])).sum_along(0)?);
            }
        }
        Ok(input.unwrap_or(grad))
    }
}
