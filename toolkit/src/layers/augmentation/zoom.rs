//! Pictures scaled at random.

use super::{Factor, View, view_options};
use crate::Result;
use crate::backend::pictures::Warp;
use crate::config::{Config, keras_config};
use crate::layers::window::picture;
use crate::layers::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::random::Generator;
use crate::tensor::Tensor;

/// Scales each picture about its centre in training: by one plus a share drawn evenly from a range, above 0 zooming out.
/// Without a `width_factor` the width scales as the height does.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let model = Sequential::new().add(RandomZoom::new((-0.2, 0.0)).input_shape([28, 28, 1]));
/// # let _ = model;
/// ```
#[derive(Debug, Clone)]
pub struct RandomZoom {
    options: LayerOptions,
    height_factor: Factor,
    width_factor: Option<Factor>,
    view: View,
}

layer_options!(RandomZoom);
view_options!(RandomZoom);

impl RandomZoom {
    /// By a share: `0.2` stands for -20 % to 20 %, a pair for its range; within `-1.0..=1.0`.
    pub fn new(height_factor: impl Into<Factor>) -> Self {
        Self {
            options: LayerOptions::default(),
            height_factor: height_factor.into(),
            width_factor: None,
            view: View::new(),
        }
    }

    /// A share of its own for the width.
    pub fn width_factor(mut self, width_factor: impl Into<Factor>) -> Self {
        self.width_factor = Some(width_factor.into());
        self
    }

    fn draw(&self, x: &Tensor) -> impl FnMut(&mut Generator) -> Warp + use<> {
        let (height, width) = (x.shape()[1] as f64, x.shape()[2] as f64);
        let (down, across) = (self.height_factor, self.width_factor);
        move |generator| {
            let down = 1.0 + down.draw(generator);
            let across = across.map_or(down, |factor| 1.0 + factor.draw(generator));
            Warp {
                a: [across, 0.0, (width - 1.0) / 2.0 * (1.0 - across)],
                b: [0.0, down, (height - 1.0) / 2.0 * (1.0 - down)],
            }
        }
    }
}

keras_config!(RandomZoom, "keras.layers", Self::new(0.0), {
    own "options": (options);
    only "data_format": ("channels_last");
    must "height_factor": (height_factor);
    field "width_factor": (width_factor);
    field "fill_mode": (view.fill_mode);
    field "interpolation": (view.interpolation);
    field "seed": (view.seed);
    field "fill_value": (view.fill_value);
});

impl Layer for RandomZoom {
    fn class_name(&self) -> &'static str {
        "RandomZoom"
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
        self.width_factor.map_or(Ok(()), |factor| factor.check("width_factor"))?;
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.forward(x, pass, self.draw(x))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        self.view.backward(grad, pass, self.draw(grad))
    }
}
