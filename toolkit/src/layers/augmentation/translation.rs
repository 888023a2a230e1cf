//! Pictures moved at random.

use super::{Factor, View, view_options};
use crate::Result;
use crate::backend::pictures::Warp;
use crate::config::{Config, keras_config};
use crate::layers::window::picture;
use crate::layers::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::random::Generator;
use crate::tensor::Tensor;

/// Moves each picture in training, by shares of its height (positive: down) and of its width (positive: to the right)
/// drawn evenly from two ranges.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(RandomTranslation::new(0.1, (0.0, 0.2)).input_shape([28, 28, 1]));
/// # let _ = model;
/// ```
#[derive(Debug, Clone)]
pub struct RandomTranslation {
    options: LayerOptions,
    height_factor: Factor,
    width_factor: Factor,
    view: View,
}

layer_options!(RandomTranslation);
view_options!(RandomTranslation);

impl RandomTranslation {
    /// By shares of height and width: `0.1` stands for -10 % to 10 %, a pair for its range; within `-1.0..=1.0`.
    pub fn new(height_factor: impl Into<Factor>, width_factor: impl Into<Factor>) -> Self {
        Self {
            options: LayerOptions::default(),
            height_factor: height_factor.into(),
            width_factor: width_factor.into(),
            view: View::new(),
        }
    }

    fn draw(&self, x: &Tensor) -> impl FnMut(&mut Generator) -> Warp + use<> {
        let (height, width) = (x.shape()[1] as f64, x.shape()[2] as f64);
        let (down, across) = (self.height_factor, self.width_factor);
        move |generator| {
            let down = down.draw(generator) * height;
            let across = across.draw(generator) * width;
            Warp { a: [1.0, 0.0, -across], b: [0.0, 1.0, -down] }
        }
    }
}

keras_config!(RandomTranslation, "keras.layers", Self::new(0.0, 0.0), {
    own "options": (options);
    only "data_format": ("channels_last");
    must "height_factor": (height_factor);
    must "width_factor": (width_factor);
    field "fill_mode": (view.fill_mode);
    field "interpolation": (view.interpolation);
    field "seed": (view.seed);
    field "fill_value": (view.fill_value);
});

impl Layer for RandomTranslation {
    fn class_name(&self) -> &'static str {
        "RandomTranslation"
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
        self.height_factor.check("height_factor")?;
        self.width_factor.check("width_factor")?;
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.forward(x, pass, self.draw(x))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.backward(grad, pass, self.draw(grad))
    }
}
