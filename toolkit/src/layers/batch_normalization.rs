//! Batch normalization.

use super::axes::{moved_to_end, restored, sample_axis};
use super::options::{WeightOptions, weight_options};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::backend::Normalized;
use crate::config::{Config, keras_config};
use crate::initializers::{Ones, Zeros};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Gives each feature mean 0 and variance 1 over the batch, then scales and shifts it.
///
/// $$ \hat x = \frac{x - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta $$
///
/// $\mu_B$ and $\sigma_B^2$ are over all axes but one, the last by default; the variance divides by the number of samples. Training also
/// moves the statistics that prediction uses: `moving = momentum * moving + (1 - momentum) * batch`. A frozen layer
/// predicts with them also in training, and does not move them.
///
/// Weights in order: gamma, beta, moving_mean, moving_variance.
///
/// Source: Ioffe and Szegedy, *Batch normalization: accelerating deep network training by reducing internal covariate
/// shift* (2015).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(BatchNormalization::new().momentum(0.9).input_shape([300]));
/// assert_eq!(model.count_params(), (600, 600));
/// ```
#[derive(Debug, Clone)]
pub struct BatchNormalization {
    options: LayerOptions,
    axis: isize,
    momentum: f64,
    epsilon: f64,
    center: bool,
    scale: bool,
    gamma: WeightOptions,
    beta: WeightOptions,
    moving_mean: WeightOptions,
    moving_variance: WeightOptions,
}

layer_options!(BatchNormalization);
weight_options!(BatchNormalization, gamma: gamma_initializer gamma_regularizer gamma_constraint);
weight_options!(BatchNormalization, beta: beta_initializer beta_regularizer beta_constraint);

impl BatchNormalization {
    /// Momentum 0.99 and epsilon 0.001, with scale and shift, as in Keras.
    pub fn new() -> Self {
        Self {
            options: LayerOptions::default(),
            axis: -1,
            momentum: 0.99,
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma: WeightOptions::new(Ones),
            beta: WeightOptions::new(Zeros),
            moving_mean: WeightOptions::new(Zeros),
            moving_variance: WeightOptions::new(Ones),
        }
    }

    /// The axis whose places are normalized each on its own, such as the channels; the last by default.
    pub fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }

    /// The share of the old moving statistics that a batch leaves, in `0.0..=1.0`.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
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

    fn gamma(&self, pass: &Pass) -> Option<Tensor> {
        self.scale.then(|| pass.weight(0))
    }

    fn beta(&self, pass: &Pass) -> Option<Tensor> {
        self.center.then(|| pass.weight(usize::from(self.scale)))
    }

    /// Where the moving statistics come among the weights.
    fn first_moving(&self) -> usize {
        usize::from(self.scale) + usize::from(self.center)
    }

    fn uses_batch(pass: &Pass) -> bool {
        pass.is_training() && pass.is_trainable()
    }
}

impl Default for BatchNormalization {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(BatchNormalization, "keras.layers", Self::new(), {
    own "options": (options);
    field "axis": (axis);
    field "momentum": (momentum);
    field "epsilon": (epsilon);
    field "center": (center);
    field "scale": (scale);
    field "beta_initializer": (beta.initializer);
    field "gamma_initializer": (gamma.initializer);
    field "moving_mean_initializer": (moving_mean.initializer);
    field "moving_variance_initializer": (moving_variance.initializer);
    field "beta_regularizer": (beta.regularizer);
    field "gamma_regularizer": (gamma.regularizer);
    field "beta_constraint": (beta.constraint);
    field "gamma_constraint": (gamma.constraint);
    only "synchronized": (false);
    only "renorm": (false);
    only "renorm_clipping": (null);
    only "renorm_momentum": (0.99);
});

impl Layer for BatchNormalization {
    fn class_name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(Error::argument(format!("momentum must be in 0.0..=1.0, but is {}", self.momentum)));
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(Error::argument(format!("epsilon must be above 0, but is {}", self.epsilon)));
        }
        let features = [input[sample_axis(self.axis, input)? - 1]];
        let mut weights = Vec::new();
        if self.scale {
            weights.push(self.gamma.spec("gamma", &features)?);
        }
        if self.center {
            weights.push(self.beta.spec("beta", &features)?);
        }
        weights.push(self.moving_mean.spec("moving_mean", &features)?.frozen());
        weights.push(self.moving_variance.spec("moving_variance", &features)?.frozen());
        Ok(Built { output: input.to_vec(), weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axis = x.shape().axis(self.axis)?;
        let x = moved_to_end(x, &[axis])?;
        let y = self.forward_last(&x, pass)?.reshaped(x.shape());
        restored(&y, &[axis])
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let axis = grad.shape().axis(self.axis)?;
        let grad = moved_to_end(grad, &[axis])?;
        let input = self.backward_last(&grad, pass)?.reshaped(grad.shape());
        restored(&input, &[axis])
    }
}

impl BatchNormalization {
    fn forward_last(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let (rows, features) = x.shape().as_rows();
        let flat = x.reshaped(Shape::from_fit(&[rows, features]));
        let (gamma, beta) = (self.gamma(pass), self.beta(pass));
        let first = self.first_moving();
        pass.keep(&flat);
        if !Self::uses_batch(pass) {
            let scale = self.inference_scale(pass);
            let shift = -(pass.weight(first) * &scale);
            let shift = match beta {
                Some(beta) => shift + beta,
                None => shift,
            };
            return Ok(flat * scale + shift);
        }
        let normalized = x.backend().batch_norm(&flat, gamma.as_ref(), beta.as_ref(), self.epsilon);
        for (offset, batch) in [(0, &normalized.mean), (1, &normalized.variance)] {
            let moved = pass.weight(first + offset) * self.momentum + batch * (1.0 - self.momentum);
            pass.set_weight(first + offset, moved);
        }
        pass.keep(&normalized.mean);
        pass.keep(&normalized.variance);
        Ok(normalized.output)
    }

    fn backward_last(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let (rows, features) = grad.shape().as_rows();
        let grad = grad.reshaped(Shape::from_fit(&[rows, features]));
        if !Self::uses_batch(pass) {
            return self.backward_inference(&grad, pass);
        }
        let (variance, mean, x) = (pass.kept()?, pass.kept()?, pass.kept()?);
        let normalized = Normalized { output: x.clone(), mean, variance };
        let gamma = self.gamma(pass);
        let (input, d_gamma, d_beta) =
            x.backend().batch_norm_backward(&x, &normalized, gamma.as_ref(), &grad, self.epsilon);
        if self.scale {
            pass.set_gradient(0, d_gamma);
        }
        if self.center {
            pass.set_gradient(usize::from(self.scale), d_beta);
        }
        Ok(input)
    }

    /// $\gamma / \sqrt{\sigma^2 + \epsilon}$ with the moving variance.
    fn inference_scale(&self, pass: &Pass) -> Tensor {
        let inverse = 1.0 / (pass.weight(self.first_moving() + 1) + self.epsilon).sqrt();
        match self.gamma(pass) {
            Some(gamma) => inverse * gamma,
            None => inverse,
        }
    }

    /// With moving statistics the layer is an affine map of each feature.
    fn backward_inference(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let x = pass.kept()?;
        if pass.is_trainable() {
            let first = self.first_moving();
            if self.scale {
                let inverse = 1.0 / (pass.weight(first + 1) + self.epsilon).sqrt();
                let standard = (&x - pass.weight(first)) * inverse;
                pass.set_gradient(0, (grad * standard).sum_along(0)?);
            }
            if self.center {
                pass.set_gradient(usize::from(self.scale), grad.sum_along(0)?);
            }
        }
        Ok(grad * self.inference_scale(pass))
    }
}
