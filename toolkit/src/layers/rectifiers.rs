//! The rectifiers as layers: ReLU, LeakyReLU and ELU.

use super::activation::{activated, activated_backward};
use super::{Built, Layer, LayerOptions, Pass, layer_options};
use crate::config::{Config, keras_config};
use crate::tensor::Tensor;
use crate::{Activation, Error, Result};

/// The rectifier $\max(x, 0)$, with Keras's options:
///
/// $$ y = \min(x, m) \text{ where } x > t, \qquad y = a (x - t) \text{ elsewhere} $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(ReLU::new().max_value(6.0).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[-1.0, 8.0]]))?.to_vec(), [0.0, 6.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Nair and Hinton, *Rectified linear units improve restricted Boltzmann machines* (2010).
#[derive(Debug, Clone)]
pub struct ReLU {
    options: LayerOptions,
    max_value: Option<f64>,
    negative_slope: f64,
    threshold: f64,
}

layer_options!(ReLU);

impl ReLU {
    /// The layer with Keras's defaults.
    pub fn new() -> Self {
        Self { options: LayerOptions::default(), max_value: None, negative_slope: 0.0, threshold: 0.0 }
    }

    /// The largest value $m$, at least 0; none by default.
    pub fn max_value(mut self, max_value: f64) -> Self {
        self.max_value = Some(max_value);
        self
    }

    /// The slope $a$ below the threshold, at least 0; 0 by default.
    pub fn negative_slope(mut self, negative_slope: f64) -> Self {
        self.negative_slope = negative_slope;
        self
    }

    /// The threshold $t$, at least 0; 0 by default.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    fn function(&self) -> Activation {
        Activation::Relu {
            negative_slope: self.negative_slope,
            max_value: self.max_value,
            threshold: self.threshold,
        }
    }
}

impl Default for ReLU {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(ReLU, "keras.layers", Self::new(), {
    own "options": (options);
    field "max_value": (max_value);
    field "negative_slope": (negative_slope);
    field "threshold": (threshold);
});

impl Layer for ReLU {
    fn class_name(&self) -> &'static str {
        "ReLU"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let options = [
            ("max_value", self.max_value.unwrap_or(0.0)),
            ("negative_slope", self.negative_slope),
            ("threshold", self.threshold),
        ];
        for (what, value) in options {
            if value.is_nan() || value < 0.0 {
                return Err(Error::argument(format!("{what} must be at least 0, but is {value}")));
            }
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(activated(&self.function(), x, pass))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        activated_backward(&self.function(), grad, pass)
    }
}

/// $\max(x, a x)$: a small slope keeps units that are off alive. As a layer Keras's slope is 0.3, as the function
/// `leaky_relu` it is 0.2.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(LeakyReLU::new().negative_slope(0.5).input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[-2.0, 3.0]]))?.to_vec(), [-1.0, 3.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Maas et al., *Rectifier nonlinearities improve neural network acoustic models* (2013).
#[derive(Debug, Clone)]
pub struct LeakyReLU {
    options: LayerOptions,
    negative_slope: f64,
}

layer_options!(LeakyReLU);

impl LeakyReLU {
    /// The layer with Keras's defaults.
    pub fn new() -> Self {
        Self { options: LayerOptions::default(), negative_slope: 0.3 }
    }

    /// The slope $a$ below 0, at least 0; 0.3 by default.
    pub fn negative_slope(mut self, negative_slope: f64) -> Self {
        self.negative_slope = negative_slope;
        self
    }

    fn function(&self) -> Activation {
        Activation::LeakyRelu { negative_slope: self.negative_slope }
    }
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self::new()
    }
}

keras_config!(LeakyReLU, "keras.layers", Self::new(), {
    own "options": (options);
    field "negative_slope": (negative_slope);
});

impl Layer for LeakyReLU {
    fn class_name(&self) -> &'static str {
        "LeakyReLU"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if self.negative_slope.is_nan() || self.negative_slope < 0.0 {
            return Err(Error::argument(format!(
                "negative_slope must be at least 0, but is {}",
                self.negative_slope
            )));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(activated(&self.function(), x, pass))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        activated_backward(&self.function(), grad, pass)
    }
}

/// $x$ above 0 and $\alpha (e^x - 1)$ below: smooth, with a mean near 0.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(ELU::new().input_shape([2]));
/// assert_eq!(model.predict(&Tensor::new([[0.0, 3.0]]))?.to_vec(), [0.0, 3.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Clevert et al., *Fast and accurate deep network learning by exponential linear units* (2015).
#[derive(Debug, Clone)]
pub struct ELU {
    options: LayerOptions,
    alpha: f64,
}

layer_options!(ELU);

impl ELU {
    /// The layer with Keras's defaults.
    pub fn new() -> Self {
        Self { options: LayerOptions::default(), alpha: 1.0 }
    }

    /// The size $\alpha$ of the limit towards minus infinity; 1 by default.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    fn function(&self) -> Activation {
        Activation::Elu { alpha: self.alpha }
    }
}

impl Default for ELU {
    fn default() -> Self {
        Self::new()
    }
}

// Keras writes the fields of this layer in an order of their own.
keras_config!(ELU, "keras.layers", Self::new(), {
    field "name": (options.name);
    field "alpha": (alpha);
    field "trainable": (options.trainable);
    own "dtype": (options.dtype());
});

impl Layer for ELU {
    fn class_name(&self) -> &'static str {
        "ELU"
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        if !self.alpha.is_finite() {
            return Err(Error::argument(format!("alpha must be finite, but is {}", self.alpha)));
        }
        Ok(Built { output: input.to_vec(), weights: Vec::new() })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        Ok(activated(&self.function(), x, pass))
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        activated_backward(&self.function(), grad, pass)
    }
}
