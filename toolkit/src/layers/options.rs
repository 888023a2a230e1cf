//! What every layer can be told: its name, the shape of its input, whether it trains.

use super::WeightSpec;
use crate::Result;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::tensor::{IntoShape, Shape};

/// The options that all layers share.
#[derive(Debug, Clone)]
pub struct LayerOptions {
    pub(crate) name: Option<String>,
    pub(crate) input_shape: Option<Result<Shape>>,
    pub(crate) trainable: bool,
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self { name: None, input_shape: None, trainable: true }
    }
}

impl LayerOptions {
    pub(crate) fn set_input_shape(&mut self, shape: impl IntoShape) {
        self.input_shape = Some(shape.into_shape());
    }
}

/// Gives a layer with a field `options: LayerOptions` the builder methods of the shared options.
macro_rules! layer_options {
    ($layer:ident) => {
        impl $layer {
            /// The layer's name in the model; without one it is numbered after its class: `dense`, `dense_1`, ...
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.options.name = Some(name.into());
                self
            }

            /// The shape of one sample of the input, without the batch; the first layer of a model may tell it, so that
            /// the weights exist before any data.
            pub fn input_shape(mut self, shape: impl $crate::tensor::IntoShape) -> Self {
                self.options.set_input_shape(shape);
                self
            }

            /// Whether training changes the layer's weights; true by default.
            pub fn trainable(mut self, trainable: bool) -> Self {
                self.options.trainable = trainable;
                self
            }
        }
    };
}
pub(crate) use layer_options;

/// What is said of one weight: how it begins, what it costs, what holds for it.
#[derive(Debug, Clone)]
pub(crate) struct WeightOptions {
    pub(crate) initializer: Choice<dyn Initializer>,
    pub(crate) regularizer: Option<Choice<dyn Regularizer>>,
    pub(crate) constraint: Option<Choice<dyn Constraint>>,
}

impl WeightOptions {
    pub(crate) fn new(initializer: impl Into<Choice<dyn Initializer>>) -> Self {
        Self { initializer: initializer.into(), regularizer: None, constraint: None }
    }

    /// The weight of this name and shape.
    pub(crate) fn spec(&self, name: &'static str, shape: &[usize]) -> Result<WeightSpec> {
        let spec = WeightSpec::new(name, shape, &self.initializer)?;
        spec.regularized(self.regularizer.as_ref())?.constrained(self.constraint.as_ref())
    }
}

/// Gives a layer the builder methods for one of its weights, whose [`WeightOptions`] are in the field of that name.
macro_rules! weight_options {
    ($layer:ident, $weight:ident: $initializer:ident $regularizer:ident $constraint:ident) => {
        impl $layer {
            #[doc = concat!("How ", stringify!($weight), " begins, by value or by name.")]
            pub fn $initializer(
                mut self,
                initializer: impl Into<$crate::choice::Choice<dyn $crate::initializers::Initializer>>,
            ) -> Self {
                self.$weight.initializer = initializer.into();
                self
            }

            #[doc = concat!("The penalty on ", stringify!($weight), ", by value or by name.")]
            pub fn $regularizer(
                mut self,
                regularizer: impl Into<$crate::choice::Choice<dyn $crate::regularizers::Regularizer>>,
            ) -> Self {
                self.$weight.regularizer = Some(regularizer.into());
                self
            }

            #[doc = concat!("What holds for ", stringify!($weight), " after each update, by value or by name.")]
            pub fn $constraint(
                mut self,
                constraint: impl Into<$crate::choice::Choice<dyn $crate::constraints::Constraint>>,
            ) -> Self {
                self.$weight.constraint = Some(constraint.into());
                self
            }
        }
    };
}
pub(crate) use weight_options;
