//! What every layer can be told: its name, the shape of its input, whether it trains.

use crate::Result;
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
