//! Layer normalization.

use super::axes::{Axes, moved_to_end, restored};
use super::options::{WeightOptions, weight_options};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::initializers::{Ones, Zeros};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Gives each sample mean 0 and variance 1 over its features, then scales and shifts them.
///
/// $$ \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta $$
///
/// $\mu$ and $\sigma^2$ are over the given axes of one sample (the last by default), so training and prediction are
/// alike; the variance divides by the number of features. Weights in order: gamma, beta.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(LayerNormalization::new().epsilon(1e-9).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[3.0, 5.0]]))?.to_vec(), [-1.0, 1.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Ba et al., *Layer normalization* (2016).
#[derive(Debug, Clone)]
pub struct LayerNormalization {
    options: LayerOptions,
    axis: Axes,
    epsilon: f64,
    center: bool,
    scale: bool,
    gamma: WeightOptions,
    beta: WeightOptions,
}

layer_options!(LayerNormalization);
weight_options!(LayerNormalization, gamma: gamma_initializer gamma_regularizer gamma_constraint);
weight_options!(LayerNormalization, beta: beta_initializer beta_regularizer beta_constraint);

impl LayerNormalization {
    /// Over the last axis, with epsilon 0.001, scale and shift, as in Keras.
    pub fn new() -> Self {
        Self {
            options: LayerOptions::default(),
            axis: [-1].into(),
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma: WeightOptions::new(Ones),
            beta: WeightOptions::new(Zeros),
        }
    }

    /// The axis or axes whose numbers are normalized together; axis 0 counts the samples and cannot be one of them.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into().listed();
        self
    }

    /// What is added to the variance, above 0.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether there is a shift $\beta$; true by default.
    pub fn center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Whether there is a scale $\gamma$; true by default.
    pub fn scale(mut self, scale: bool) -> Self {
        self.scale = scale;
        self
    }

    /// The numbers as a matrix with a row for each group that is normalized.
    fn rows(&self, x: &Tensor, axes: &[usize]) -> Result<(Tensor, Shape)> {
        let moved = moved_to_end(x, axes)?;
        let features: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
        let rows = x.len().checked_div(features).unwrap_or(0);
        Ok((moved.reshaped(Shape::from_fit(&[rows, features])), moved.shape()))
    }

    fn weight(&self, index: usize, exists: bool, pass: &Pass) -> Option<Tensor> {
        exists.then(|| pass.weight(index)).map(|weight| weight.reshaped(Shape::from_fit(&[weight.len()])))
    }
}

impl Default for LayerNormalization {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(LayerNormalization, "keras.layers", Self::new(), {
    own "options": (options);
    field "axis": (axis);
    field "epsilon": (epsilon);
    field "center": (center);
    field "scale": (scale);
    only "rms_scaling": (false);
    field "beta_initializer": (beta.initializer);
    field "gamma_initializer": (gamma.initializer);
    field "beta_regularizer": (beta.regularizer);
    field "gamma_regularizer": (gamma.regularizer);
    field "beta_constraint": (beta.constraint);
    field "gamma_constraint": (gamma.constraint);
});

/// The mean of each row, as a column.
fn row_means(x: &Tensor) -> Result<Tensor> {
    let rows = x.shape()[0];
    Ok(x.mean_along(1)?.reshaped(Shape::from_fit(&[rows, 1])))
}

impl Layer for LayerNormalization {
    fn class_name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(Error::argument(format!("epsilon must be above 0, but is {}", self.epsilon)));
        }
        let axes = self.axis.within(input)?;
        if axes.is_empty() {
            return Err(Error::argument("axis names no axis"));
        }
        let shape: Vec<usize> = axes.iter().map(|&axis| input[axis - 1]).collect();
        let mut weights = Vec::new();
        if self.scale {
            weights.push(self.gamma.spec("gamma", &shape)?);
        }
        if self.center {
            weights.push(self.beta.spec("beta", &shape)?);
        }
        Ok(Built { output: input.to_vec(), weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axes = self.axis.within(&x.shape()[1..])?;
        let (rows, shape) = self.rows(x, &axes)?;
        let centred = &rows - row_means(&rows)?;
        let inverse = 1.0 / (row_means(&centred.square())? + self.epsilon).sqrt();
        let standard = centred * &inverse;
        pass.keep(&standard);
        pass.keep(&inverse);
        let mut y = standard;
        if let Some(gamma) = self.weight(0, self.scale, pass) {
            y = y * gamma;
        }
        if let Some(beta) = self.weight(usize::from(self.scale), self.center, pass) {
            y = y + beta;
        }
        restored(&y.reshaped(shape), &axes)
    }

    /// With $g$ the gradient times $\gamma$ and means over each row:
    /// $dx = (g - \overline g - \hat x \, \overline{g \hat x}) / \sqrt{\sigma^2 + \epsilon}$.
    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axes = self.axis.within(&grad.shape()[1..])?;
        let (upstream, shape) = self.rows(grad, &axes)?;
        let (inverse, standard) = (pass.kept()?, pass.kept()?);
        if pass.is_trainable() {
            if self.scale {
                let sums = (&upstream * &standard).sum_along(0)?;
                pass.set_gradient(0, sums.reshaped(pass.weight(0).shape()));
            }
            if self.center {
                let index = usize::from(self.scale);
                pass.set_gradient(index, upstream.sum_along(0)?.reshaped(pass.weight(index).shape()));
            }
        }
        let g = match self.weight(0, self.scale, pass) {
            Some(gamma) => upstream * gamma,
            None => upstream,
        };
        let dx = (&g - row_means(&g)? - &standard * row_means(&(&g * &standard))?) * inverse;
        restored(&dx.reshaped(shape), &axes)
    }
}
