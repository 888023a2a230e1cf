//! Poolings of pictures: the largest number of each window, or its mean.

use super::window::{IntoPair, Padding, picture, window};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::Result;
use crate::backend::{Reduction, Window};
use crate::config::{Config, OneOf, keras_config};
use crate::tensor::Tensor;

/// The largest number of each window of pictures `[height, width, channels]`, channel by channel. The gradient goes to the
/// first of equal largest numbers.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(MaxPooling2D::new().input_shape([2, 2, 1]));
/// let x = Tensor::new([1.0, 4.0, 2.0, 3.0]).reshape([1, 2, 2, 1])?;
/// assert_eq!(model.predict(&x)?.to_vec(), [4.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MaxPooling2D {
    options: LayerOptions,
    pool_size: (usize, usize),
    strides: Option<(usize, usize)>,
    padding: Result<Padding>,
}

layer_options!(MaxPooling2D);

impl MaxPooling2D {
    /// Windows of 2 times 2.
    pub fn new() -> Self {
        Self::of_size((2, 2))
    }

    fn of_size(pool_size: (usize, usize)) -> Self {
        Self { options: LayerOptions::default(), pool_size, strides: None, padding: Ok(Padding::Valid) }
    }

    /// The size of the windows: a number, or height and width.
    pub fn pool_size(mut self, pool_size: impl IntoPair) -> Self {
        self.pool_size = pool_size.into_pair();
        self
    }

    /// How far the window moves at a time; by default its own size, so that windows do not overlap.
    pub fn strides(mut self, strides: impl IntoPair) -> Self {
        self.strides = Some(strides.into_pair());
        self
    }

    /// What becomes of the border: `"valid"` (the default: what does not fill a window is left out) or `"same"`.
    pub fn padding(mut self, padding: impl OneOf<Padding>) -> Self {
        self.padding = padding.value();
        self
    }

    fn window(&self, height: usize, width: usize) -> Result<Window> {
        let strides = self.strides.unwrap_or(self.pool_size);
        window((height, width), self.pool_size, strides, (1, 1), self.padding.clone()?)
    }
}

keras_config!(MaxPooling2D, "keras.layers", Self::of_size((2, 2)), {
    own "options": (options);
    field "pool_size": (pool_size);
    field "padding": (padding);
    field "strides": (strides);
    only "data_format": ("channels_last");
});

impl Layer for MaxPooling2D {
    fn class_name(&self) -> &'static str {
        "MaxPooling2D"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    /// Keras writes strides that were not given as the size of the window.
    fn config(&self) -> Result<Config> {
        Config::of(&Self { strides: Some(self.strides.unwrap_or(self.pool_size)), ..self.clone() })
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let (height, width, channels) = picture(input)?;
        let window = self.window(height, width)?;
        Ok(Built { output: vec![window.output.0, window.output.1, channels], weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        pass.keep(x);
        Ok(x.backend().pool(Reduction::Max, x, &self.window(x.shape()[1], x.shape()[2])?))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let x = pass.kept()?;
        Ok(x.backend().pool_backward(Reduction::Max, &x, grad, &self.window(x.shape()[1], x.shape()[2])?))
    }
}

impl Default for MaxPooling2D {
    fn default() -> Self {
        Self::new()
    }
}

/// The mean of each window of pictures `[height, width, channels]`, channel by channel. With `"same"` padding a window at
/// the border averages the pixels that lie within the picture.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(AveragePooling2D::new(2).input_shape([2, 2, 1]));
/// let x = Tensor::new([1.0, 4.0, 2.0, 3.0]).reshape([1, 2, 2, 1])?;
/// assert_eq!(model.predict(&x)?.to_vec(), [2.5]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AveragePooling2D {
    options: LayerOptions,
    pool_size: (usize, usize),
    strides: Option<(usize, usize)>,
    padding: Result<Padding>,
}

layer_options!(AveragePooling2D);

impl AveragePooling2D {
    /// Windows of this size: a number, or height and width.
    pub fn new(pool_size: impl IntoPair) -> Self {
        Self::of_size(pool_size.into_pair())
    }

    fn of_size(pool_size: (usize, usize)) -> Self {
        Self { options: LayerOptions::default(), pool_size, strides: None, padding: Ok(Padding::Valid) }
    }

    /// How far the window moves at a time; by default its own size, so that windows do not overlap.
    pub fn strides(mut self, strides: impl IntoPair) -> Self {
        self.strides = Some(strides.into_pair());
        self
    }

    /// What becomes of the border: `"valid"` (the default: what does not fill a window is left out) or `"same"`.
    pub fn padding(mut self, padding: impl OneOf<Padding>) -> Self {
        self.padding = padding.value();
        self
    }

    fn window(&self, height: usize, width: usize) -> Result<Window> {
        let strides = self.strides.unwrap_or(self.pool_size);
        window((height, width), self.pool_size, strides, (1, 1), self.padding.clone()?)
    }
}

keras_config!(AveragePooling2D, "keras.layers", Self::of_size((2, 2)), {
    own "options": (options);
    must "pool_size": (pool_size);
    field "padding": (padding);
    field "strides": (strides);
    only "data_format": ("channels_last");
});

impl Layer for AveragePooling2D {
    fn class_name(&self) -> &'static str {
        "AveragePooling2D"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    /// Keras writes strides that were not given as the size of the window.
    fn config(&self) -> Result<Config> {
        Config::of(&Self { strides: Some(self.strides.unwrap_or(self.pool_size)), ..self.clone() })
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let (height, width, channels) = picture(input)?;
        let window = self.window(height, width)?;
        Ok(Built { output: vec![window.output.0, window.output.1, channels], weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        pass.keep(x);
        Ok(x.backend().pool(Reduction::Mean, x, &self.window(x.shape()[1], x.shape()[2])?))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let x = pass.kept()?;
        Ok(x.backend().pool_backward(Reduction::Mean, &x, grad, &self.window(x.shape()[1], x.shape()[2])?))
    }
}
