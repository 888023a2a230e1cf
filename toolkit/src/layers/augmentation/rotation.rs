//! Pictures turned at random.

use super::{Factor, View, view_options};
use crate::Result;
use crate::backend::pictures::Warp;
use crate::config::{Config, keras_config};
use crate::layers::window::picture;
use crate::layers::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::random::Generator;
use crate::tensor::Tensor;

/// Turns each picture about its centre in training, by an angle drawn evenly from `factor` times a full turn (positive:
/// counter-clockwise).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(RandomRotation::new(0.1).fill_mode("nearest").input_shape([28, 28, 1]));
/// # let _ = model;
/// ```
#[derive(Debug, Clone)]
pub struct RandomRotation {
    options: LayerOptions,
    factor: Factor,
    view: View,
}

layer_options!(RandomRotation);
view_options!(RandomRotation);

impl RandomRotation {
    /// By a share of a full turn: `0.1` stands for -36 to 36 degrees, a pair for its range; within `-1.0..=1.0`.
    pub fn new(factor: impl Into<Factor>) -> Self {
        let (low, high) = factor.into().range();
        Self { options: LayerOptions::default(), factor: Factor::Between(low, high), view: View::new() }
    }

    fn draw(&self, x: &Tensor) -> impl FnMut(&mut Generator) -> Warp + use<> {
        let (height, width) = (x.shape()[1] as f64, x.shape()[2] as f64);
        let (cx, cy) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
        let factor = self.factor;
        move |generator| {
            let (sin, cos) = (factor.draw(generator) * std::f64::consts::TAU).sin_cos();
            Warp { a: [cos, -sin, cx - cx * cos + cy * sin], b: [sin, cos, cy - cx * sin - cy * cos] }
        }
    }
}

keras_config!(RandomRotation, "keras.layers", Self::new(0.0), {
    own "options": (options);
    only "data_format": ("channels_last");
    must "factor": (factor);
    field "fill_mode": (view.fill_mode);
    field "fill_value": (view.fill_value);
    field "interpolation": (view.interpolation);
    field "seed": (view.seed);
});

impl Layer for RandomRotation {
    fn class_name(&self) -> &'static str {
        "RandomRotation"
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
        self.factor.check("factor")?;
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.forward(x, pass, self.draw(x))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.backward(grad, pass, self.draw(grad))
    }
}
