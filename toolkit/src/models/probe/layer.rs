//! What a probe keeps of one layer.

use crate::activations::Activation;
use crate::layers::Layer;
use crate::tensor::Tensor;

/// An activation counts as flat where its slope is below this share of its largest slope.
const FLAT: f64 = 0.05;
/// So many values of a layer are kept for histograms, evenly over all of them.
const KEPT: usize = 10_000;

/// One layer in one pass: its outputs, their gradients, and the gradient of its weights.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().seed(1).add(Dense::new(50).activation("relu").input_shape([10])).add(Dense::new(1));
/// model.compile("sgd", "mse", ())?;
/// let probe = model.probe(&Tensor::random_normal([100, 10], 0.0, 1.0)?, &Tensor::zeros([100, 1]))?;
/// let layer = probe.layer("dense")?;
/// assert!((0.3..0.7).contains(&layer.saturated()) && layer.dead() < 0.1);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LayerProbe {
    name: String,
    activation: &'static str,
    activations: Vec<f64>,
    gradients: Vec<f64>,
    mean: f64,
    deviation: f64,
    gradient_norm: f64,
    output_gradient_norm: f64,
    saturated: f64,
    dead: f64,
}

impl LayerProbe {
    /// `None` for a layer that only passes numbers on.
    pub(super) fn of(
        name: &str,
        layer: &dyn Layer,
        output: &Tensor,
        gradient: Option<&Tensor>,
        weight_gradients: &[Tensor],
    ) -> Option<Self> {
        let activation = activation_of(layer);
        if activation == Activation::Linear && weight_gradients.is_empty() {
            return None;
        }
        let values = output.to_vec_f64();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let slopes = relative_slopes(&activation, output);
        let units = output.shape().last().copied().unwrap_or(1).max(1);
        let gradients = gradient.map(Tensor::to_vec_f64).unwrap_or_default();
        let squares: f64 = weight_gradients.iter().flat_map(Tensor::to_vec_f64).map(|g| g * g).sum();
        Some(Self {
            name: name.to_owned(),
            activation: activation.name().unwrap_or("other"),
            mean,
            deviation: variance.sqrt(),
            gradient_norm: if weight_gradients.is_empty() { f64::NAN } else { squares.sqrt() },
            output_gradient_norm: gradient
                .map_or(f64::NAN, |_| gradients.iter().map(|g| g * g).sum::<f64>().sqrt()),
            saturated: slopes.as_deref().map_or(f64::NAN, |s| share(s.iter().map(|s| *s < FLAT))),
            dead: slopes.as_deref().map_or(f64::NAN, |s| {
                share((0..units).map(|unit| s.iter().skip(unit).step_by(units).all(|s| *s < FLAT)))
            }),
            activations: some(values),
            gradients: some(gradients),
        })
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the activation that it ends with.
    pub fn activation(&self) -> &str {
        self.activation
    }

    /// Its outputs; evenly chosen 10,000 where there are more.
    pub fn activations(&self) -> &[f64] {
        &self.activations
    }

    /// The loss's gradient at its outputs, $\partial L / \partial a$; evenly chosen 10,000 where there are more. Empty for a
    /// last layer whose activation the loss takes into its own formula (softmax, sigmoid): there is none in between.
    pub fn gradients(&self) -> &[f64] {
        &self.gradients
    }

    /// The mean of all outputs.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation of all outputs.
    pub fn deviation(&self) -> f64 {
        self.deviation
    }

    /// The size of the gradient of its weights, $\sqrt{\sum_w (\partial L / \partial w)^2}$; NaN without weights that train.
    pub fn gradient_norm(&self) -> f64 {
        self.gradient_norm
    }

    /// The size of the gradient at its outputs; NaN where [`gradients`](Self::gradients) is empty.
    pub fn output_gradient_norm(&self) -> f64 {
        self.output_gradient_norm
    }

    /// The share of outputs where the activation's slope is below 5 % of its largest: beyond about ±2.2 for tanh, beyond
    /// about ±4.4 for the sigmoid, 0 for a rectifier. NaN where the output does not tell the slope (GELU, softmax).
    pub fn saturated(&self) -> f64 {
        self.saturated
    }

    /// The share of units (channels) that are so for every sample: dead rectifiers. NaN as above.
    pub fn dead(&self) -> f64 {
        self.dead
    }
}

/// The activation that a layer ends with, or is.
fn activation_of(layer: &dyn Layer) -> Activation {
    let last = layer.last_activation();
    if last != Activation::Linear {
        return last;
    }
    let of_class = match layer.class_name() {
        "ReLU" => "relu",
        "ELU" => "elu",
        "LeakyReLU" => "leaky_relu",
        _ => "",
    };
    let config = layer.config().ok();
    let named = config.as_ref().and_then(|config| config.fields().get("activation")?.as_str());
    Activation::by_name(named.unwrap_or(of_class)).unwrap_or(Activation::Linear)
}

/// The activation's slope at each output, relative to its largest between -8 and 8; `None` if the output does not tell it.
fn relative_slopes(activation: &Activation, output: &Tensor) -> Option<Vec<f64>> {
    if activation.mixes_units() || activation.gradient_needs_input() {
        return None;
    }
    let largest = activation.derivative(&Tensor::linspace(-8.0, 8.0, 1601)).ok()?;
    let largest = largest.to_vec_f64().into_iter().fold(0.0, f64::max);
    let ones = output.backend().full(output.dtype(), output.shape(), 1.0);
    let slopes = output.backend().activate_backward(activation, &ones, output, output);
    Some(slopes.to_vec_f64().into_iter().map(|slope| slope.abs() / largest).collect())
}

fn share(flags: impl Iterator<Item = bool>) -> f64 {
    let (mut yes, mut all) = (0_usize, 0_usize);
    for flag in flags {
        yes += usize::from(flag);
        all += 1;
    }
    yes as f64 / all.max(1) as f64
}

fn some(values: Vec<f64>) -> Vec<f64> {
    if values.len() <= KEPT {
        return values;
    }
    (0..KEPT).map(|i| values[i * values.len() / KEPT]).collect()
}
