//! Layers: immutable descriptions that compute. What a pass needs to remember is in the [`Pass`].

use crate::choice::Choice;
use crate::config::{Config, without_config};
use crate::constraints::Constraint;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::tensor::Tensor;
use crate::{Activation as Function, Result};
use std::fmt::Debug;
use std::sync::Arc;

mod activation;
mod activity;
mod alpha_dropout;
mod augmentation;
mod axes;
mod batch_normalization;
mod conv2d;
mod dense;
mod dropout;
mod flatten;
mod global_average_pooling2d;
mod layer_normalization;
mod noise;
mod normalization;
mod options;
mod own;
mod pass;
mod pooling;
mod prelu;
mod rectifiers;
mod rescaling;
mod reshape;
mod softmax;
mod window;

pub use activation::Activation;
pub use alpha_dropout::AlphaDropout;
pub use augmentation::{Factor, FillMode, Interpolation, IntoFillMode, IntoInterpolation};
pub use augmentation::{RandomFlip, RandomRotation, RandomTranslation, RandomZoom};
pub use axes::Axes;
pub use batch_normalization::BatchNormalization;
pub use conv2d::Conv2D;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use global_average_pooling2d::GlobalAveragePooling2D;
pub use layer_normalization::LayerNormalization;
pub use noise::{GaussianDropout, GaussianNoise};
pub use normalization::{Normalization, Numbers};
pub use options::LayerOptions;
pub use own::{Context, Own, OwnLayer, Weight, from_fn};
pub(crate) use pass::SlotView;
pub use pass::{Mode, Pass};
pub use pooling::{AveragePooling2D, MaxPooling2D};
pub use prelu::PReLU;
pub use rectifiers::{ELU, LeakyReLU, ReLU};
pub use rescaling::Rescaling;
pub use reshape::Reshape;
pub use softmax::Softmax;
pub use window::{IntoPair, Padding};

pub(crate) use options::layer_options;

/// The key of the random numbers of one training step.
pub(crate) fn pass_key(seed: u64, step: u64) -> u64 {
    pass::mix(seed ^ pass::mix(step))
}

/// A layer: it maps a batch to a batch, and the gradient behind it to the gradient before it.
///
/// A layer holds hyper-parameters only. Its weights, and what backward needs from forward, are in the [`Pass`].
/// [`from_fn`] and [`Own`] make one of the forward part alone.
pub trait Layer: Debug + Send + Sync {
    /// Keras's name of the class, such as `Dense`.
    fn class_name(&self) -> &'static str;

    /// Name, input shape and whether it trains.
    fn options(&self) -> &LayerOptions;

    /// What Keras's JSON says of it; only the built-in layers have that.
    ///
    /// # Errors
    /// For a layer of the user's own, and where a part of it has none.
    fn config(&self) -> Result<Config> {
        Err(without_config("layer", &format_args!("{self:?}")))
    }

    /// The shape of the output for an input of this shape (both without the batch), and the weights.
    ///
    /// # Errors
    /// When the input does not fit, or a hyper-parameter is outside its range.
    fn build(&self, input: &[usize]) -> Result<Built>;

    /// The output for a batch; `x` has the shape `[batch, input...]`.
    ///
    /// # Errors
    /// When the computation fails.
    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor>;

    /// The gradient with respect to the input from the one with respect to the output; those of the weights go to
    /// [`Pass::set_gradient`]. Where [`Pass::wants_input_gradient`] is false, any tensor may be returned.
    ///
    /// # Errors
    /// When the computation fails.
    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor>;

    /// The activation that the layer ends with, which a loss may join its own gradient with.
    fn last_activation(&self) -> Function {
        Function::Linear
    }
}

/// A shared layer is a layer: what a configuration makes can be added to a model.
impl Layer for Arc<dyn Layer> {
    fn class_name(&self) -> &'static str {
        (**self).class_name()
    }

    fn options(&self) -> &LayerOptions {
        (**self).options()
    }

    fn config(&self) -> Result<Config> {
        (**self).config()
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        (**self).build(input)
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        (**self).forward(x, pass)
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        (**self).backward(grad, pass)
    }

    fn last_activation(&self) -> Function {
        (**self).last_activation()
    }
}

/// What [`Layer::build`] tells about a layer: the shape of its output and its weights.
#[derive(Debug)]
pub struct Built {
    /// The output's shape without the batch.
    pub output: Vec<usize>,
    /// The weights: those that train first, then the others, as in Keras's files.
    pub weights: Vec<WeightSpec>,
}

/// One weight of a layer, before it has values.
#[derive(Debug, Clone)]
pub struct WeightSpec {
    /// Keras's name, such as `kernel`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it begins.
    pub initializer: Arc<dyn Initializer>,
    /// Its penalty, if any.
    pub regularizer: Option<Arc<dyn Regularizer>>,
    /// What holds for it after each update, if anything.
    pub constraint: Option<Arc<dyn Constraint>>,
    /// Whether it is trained by gradients; moving statistics are not.
    pub trainable: bool,
}

impl WeightSpec {
    /// A weight that trains, without a penalty.
    ///
    /// # Errors
    /// When the initializer was given by an unknown name.
    pub fn new(name: &'static str, shape: &[usize], initializer: &Choice<dyn Initializer>) -> Result<Self> {
        let initializer =
            initializer.get().map_err(|error| error.in_context(format_args!("{name}_initializer")))?;
        Ok(Self {
            name,
            shape: shape.to_vec(),
            initializer,
            regularizer: None,
            constraint: None,
            trainable: true,
        })
    }

    /// With this penalty.
    ///
    /// # Errors
    /// When it was given by an unknown name, or its factor is outside its range.
    pub fn regularized(mut self, regularizer: Option<&Choice<dyn Regularizer>>) -> Result<Self> {
        if let Some(regularizer) = regularizer {
            let checked = |found: Arc<dyn Regularizer>| {
                found.check()?;
                found.check_shape(&self.shape)?;
                Ok(found)
            };
            let regularizer = regularizer.get().and_then(checked);
            let in_place = |error: crate::Error| error.in_context(format_args!("{}_regularizer", self.name));
            self.regularizer = Some(regularizer.map_err(in_place)?);
        }
        Ok(self)
    }

    /// Under this constraint.
    ///
    /// # Errors
    /// When it was given by an unknown name, or its bounds are outside their range.
    pub fn constrained(mut self, constraint: Option<&Choice<dyn Constraint>>) -> Result<Self> {
        if let Some(constraint) = constraint {
            let constraint = constraint.get().and_then(|found| found.check().map(|()| found));
            let in_place = |error: crate::Error| error.in_context(format_args!("{}_constraint", self.name));
            self.constraint = Some(constraint.map_err(in_place)?);
        }
        Ok(self)
    }

    /// Not trained by gradients.
    pub fn frozen(mut self) -> Self {
        self.trainable = false;
        self
    }
}
