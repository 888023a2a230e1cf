//! The rectifier with a learned slope.

use super::axes::Axes;
use super::options::{WeightOptions, weight_options};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::initializers::Zeros;
use crate::tensor::{Shape, Tensor};
use crate::{Result, backend::Reduction};

/// $\max(x, 0) + \alpha \min(x, 0)$ with a slope $\alpha$ that is learned, one for each number of a sample.
///
/// `shared_axes` gives all places along an axis one slope: after a convolution, `[1, 2]` leaves one a channel. The slopes
/// begin as 0, as in Keras.
///
/// Source: He et al., *Delving deep into rectifiers* (2015).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(PReLU::new().shared_axes([1, 2]).input_shape([7, 7, 16]));
/// assert_eq!(model.get_weights()?[0].shape(), [1, 1, 16]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PReLU {
    options: LayerOptions,
    alpha: WeightOptions,
    shared_axes: Option<Axes>,
}

layer_options!(PReLU);
weight_options!(PReLU, alpha: alpha_initializer alpha_regularizer alpha_constraint);

impl PReLU {
    /// A slope for each number of a sample, beginning as 0.
    pub fn new() -> Self {
        Self { options: LayerOptions::default(), alpha: WeightOptions::new(Zeros), shared_axes: None }
    }

    /// Axes along which all places share a slope; axis 0 counts the samples.
    pub fn shared_axes(mut self, axes: impl Into<Axes>) -> Self {
        self.shared_axes = Some(axes.into().listed());
        self
    }

    fn slopes(&self, input: &[usize]) -> Result<Vec<usize>> {
        let mut shape = input.to_vec();
        for axis in
            self.shared_axes.iter().map(|axes| axes.within(input)).collect::<Result<Vec<_>>>()?.concat()
        {
            shape[axis - 1] = 1;
        }
        Ok(shape)
    }
}

impl Default for PReLU {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(PReLU, "keras.layers", Self::new(), {
    own "options": (options);
    field "alpha_initializer": (alpha.initializer);
    field "alpha_regularizer": (alpha.regularizer);
    field "alpha_constraint": (alpha.constraint);
    field "shared_axes": (shared_axes);
});

impl Layer for PReLU {
    fn class_name(&self) -> &'static str {
        "PReLU"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        Ok(Built { output: input.to_vec(), weights: vec![self.alpha.spec("alpha", &self.slopes(input)?)?] })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        pass.keep(x);
        Ok(x.clip(0.0, f64::INFINITY) + x.clip(f64::NEG_INFINITY, 0.0) * pass.weight(0))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let x = pass.kept()?;
        let alpha = pass.weight(0);
        if pass.is_trainable() {
            let mut sum = grad * x.clip(f64::NEG_INFINITY, 0.0);
            // Over the samples, and over each axis that shares its slope.
            for axis in (0..sum.rank()).filter(|&axis| axis == 0 || alpha.shape()[axis - 1] == 1) {
                let shape = sum.shape();
                let (before, behind) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
                let mut sizes = shape.to_vec();
                sizes[axis] = 1;
                let reduced = sum.backend().reduce(Reduction::Sum, &sum, (before, shape[axis], behind));
                sum = reduced.reshaped(Shape::from_fit(&sizes));
            }
            pass.set_gradient(0, sum.reshaped(alpha.shape()));
        }
        let above = x.greater(0.0)?;
        Ok(grad * (&above + (1.0 - &above) * alpha))
    }
}
