//! Pictures mirrored at random.

use super::View;
use crate::Result;
use crate::backend::pictures::Warp;
use crate::config::{Config, Field, keras_config, name_of, names};
use crate::layers::window::picture;
use crate::layers::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::random::Generator;
use crate::tensor::Tensor;
use serde_json::Value;

/// Mirrors each picture with probability 1/2 in training. In the mode `"horizontal_and_vertical"` one draw decides on both
/// axes, as in Keras: a picture stays as it is or is turned by 180 degrees.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(RandomFlip::new().mode("horizontal").input_shape([28, 28, 1]));
/// # let _ = model;
/// ```
#[derive(Debug, Clone)]
pub struct RandomFlip {
    options: LayerOptions,
    mode: Result<FlipMode>,
    view: View,
}

layer_options!(RandomFlip);

impl RandomFlip {
    /// In both directions, as Keras's default is.
    pub fn new() -> Self {
        Self {
            options: LayerOptions::default(),
            mode: Ok(FlipMode::HorizontalAndVertical),
            view: View::new(),
        }
    }

    /// The directions: `"horizontal"`, `"vertical"` or `"horizontal_and_vertical"`.
    pub fn mode(mut self, mode: &str) -> Self {
        self.mode = names("mode", &MODES, &mode.into());
        self
    }

    /// A seed of its own; without one the draws follow the model's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.view.seed = Some(seed);
        self
    }

    fn draw(&self, x: &Tensor) -> impl FnMut(&mut Generator) -> Warp + use<> {
        let (height, width) = (x.shape()[1] as f64, x.shape()[2] as f64);
        let mode = self.mode.clone().unwrap_or(FlipMode::Horizontal);
        move |generator| {
            let flips = generator.uniform() <= 0.5;
            let across = flips && mode != FlipMode::Vertical;
            let down = flips && mode != FlipMode::Horizontal;
            Warp {
                a: if across { [-1.0, 0.0, width - 1.0] } else { [1.0, 0.0, 0.0] },
                b: if down { [0.0, -1.0, height - 1.0] } else { [0.0, 1.0, 0.0] },
            }
        }
    }
}

impl Default for RandomFlip {
    fn default() -> Self {
        Self::new()
    }
}

/// The directions of a flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FlipMode {
    Horizontal,
    Vertical,
    HorizontalAndVertical,
}

const MODES: [(&str, FlipMode); 3] = [
    ("horizontal", FlipMode::Horizontal),
    ("vertical", FlipMode::Vertical),
    ("horizontal_and_vertical", FlipMode::HorizontalAndVertical),
];

impl Field for Result<FlipMode> {
    fn write(&self) -> Result<Value> {
        Ok(name_of(&MODES, &self.clone()?))
    }
    fn read(value: &Value) -> Result<Self> {
        names("mode", &MODES, value).map(Ok)
    }
}

keras_config!(RandomFlip, "keras.layers", Self::new(), {
    own "options": (options);
    only "data_format": ("channels_last");
    field "seed": (view.seed);
    field "mode": (mode);
});

impl Layer for RandomFlip {
    fn class_name(&self) -> &'static str {
        "RandomFlip"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        picture(input)?;
        self.view.reading()?;
        self.mode.clone()?;
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.forward(x, pass, self.draw(x))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.backward(grad, pass, self.draw(grad))
    }
}
