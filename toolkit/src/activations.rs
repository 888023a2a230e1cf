//! Activation functions, by name or with parameters.

use crate::{Error, Result, Tensor};

/// An activation function.
///
/// Layers take it by value or by Keras's name: `Dense::new(300).activation("elu")` is
/// `Dense::new(300).activation(Activation::Elu { alpha: 1.0 })`. A name that does not exist is reported, with the list of
/// those that do, when the model is built.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let y = Activation::by_name("elu")?.apply(&Tensor::new([-1.0, 2.0]));
/// assert!((y.to_vec()[0] - (f32::exp(-1.0) - 1.0)).abs() < 1e-6);
/// assert_eq!(y.to_vec()[1], 2.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// $x$
    Linear,
    /// $\max(x, 0)$, with Keras's options: a slope below the threshold, a largest value, a threshold.
    Relu {
        /// The slope below the threshold; 0 by default.
        negative_slope: f64,
        /// The largest value, if any.
        max_value: Option<f64>,
        /// Below it the negative slope holds; 0 by default.
        threshold: f64,
    },
    /// $\max(x, a x)$; as a function Keras's slope is 0.2.
    LeakyRelu {
        /// The slope below 0.
        negative_slope: f64,
    },
    /// $x$ above 0, $\alpha (e^x - 1)$ below.
    Elu {
        /// The size of the limit towards minus infinity.
        alpha: f64,
    },
    /// $\lambda$ elu$(x, \alpha)$ with $\lambda = 1.0507...$, $\alpha = 1.6733...$: keeps mean 0 and variance 1.
    Selu,
    /// $\max(x, 0) + \alpha (e^{\min(x, 0)/\alpha} - 1)$
    Celu {
        /// The scale of the negative part.
        alpha: f64,
    },
    /// $x \Phi(x)$ with the normal distribution function, or its approximation by tanh.
    Gelu {
        /// Whether the approximation by tanh is used.
        approximate: bool,
    },
    /// $\ln(1 + e^x)$
    Softplus,
    /// $x / (1 + |x|)$
    Softsign,
    /// $x \sigma(x)$, also called swish.
    Silu,
    /// $x \tanh(\ln(1 + e^x))$
    Mish,
    /// $\sigma(x) = 1 / (1 + e^{-x})$
    Sigmoid,
    /// $\ln \sigma(x)$
    LogSigmoid,
    /// $x / 6 + 1/2$, limited to 0..=1.
    HardSigmoid,
    /// $x$ times the hard sigmoid.
    HardSilu,
    /// $\tanh x$
    Tanh,
    /// $e^x$
    Exponential,
    /// $x$, limited to -1..=1.
    HardTanh,
    /// $x - \tanh x$
    TanhShrink,
    /// $x$ moved towards 0 by the threshold, and 0 within it.
    SoftShrink {
        /// Half the width of the part that is 0; 0.5 by default.
        threshold: f64,
    },
    /// $x$, but 0 where $|x|$ is at most the threshold.
    HardShrink {
        /// Half the width of the part that is 0; 0.5 by default.
        threshold: f64,
    },
    /// $(x + \sqrt{x^2 + b}) / 2$
    Squareplus {
        /// The curvature at 0; 4 by default.
        b: f64,
    },
    /// 0 up to -1, $(x + 1)^2 / 4$ up to 1, then $x$.
    SparsePlus,
    /// $(x + 1) / 2$, limited to 0..=1.
    SparseSigmoid,
    /// $x$ above the threshold, else a fixed value. It has no name in Keras's configurations.
    Threshold {
        /// Above it numbers stay as they are.
        threshold: f64,
        /// What the others become.
        value: f64,
    },
    /// $\max(x_i - \tau, 0)$ along the last axis, with the $\tau$ that makes the sum 1: a softmax that gives exact zeros.
    Sparsemax,
    /// $e^{x_i} / \sum_j e^{x_j}$ along the last axis.
    Softmax,
    /// The logarithm of the softmax along the last axis.
    LogSoftmax,
}

const RELU: Activation = Activation::Relu { negative_slope: 0.0, max_value: None, threshold: 0.0 };

/// Keras's names and what they mean. The first name of an activation is the one that it is written with.
const NAMES: [(&str, Activation); 32] = [
    ("linear", Activation::Linear),
    ("relu", RELU),
    ("relu6", Activation::Relu { negative_slope: 0.0, max_value: Some(6.0), threshold: 0.0 }),
    ("leaky_relu", Activation::LeakyRelu { negative_slope: 0.2 }),
    ("elu", Activation::Elu { alpha: 1.0 }),
    ("selu", Activation::Selu),
    ("celu", Activation::Celu { alpha: 1.0 }),
    ("gelu", Activation::Gelu { approximate: false }),
    ("softplus", Activation::Softplus),
    ("softsign", Activation::Softsign),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("mish", Activation::Mish),
    ("sigmoid", Activation::Sigmoid),
    ("log_sigmoid", Activation::LogSigmoid),
    ("hard_sigmoid", Activation::HardSigmoid),
    ("hard_silu", Activation::HardSilu),
    ("hard_swish", Activation::HardSilu),
    ("tanh", Activation::Tanh),
    ("exponential", Activation::Exponential),
    ("hard_tanh", Activation::HardTanh),
    ("tanh_shrink", Activation::TanhShrink),
    ("soft_shrink", Activation::SoftShrink { threshold: 0.5 }),
    ("hard_shrink", Activation::HardShrink { threshold: 0.5 }),
    ("squareplus", Activation::Squareplus { b: 4.0 }),
    ("sparse_plus", Activation::SparsePlus),
    ("sparse_sigmoid", Activation::SparseSigmoid),
    ("sparsemax", Activation::Sparsemax),
    ("softmax", Activation::Softmax),
    ("log_softmax", Activation::LogSoftmax),
    ("relu_6", Activation::Relu { negative_slope: 0.0, max_value: Some(6.0), threshold: 0.0 }),
    ("identity", Activation::Linear),
];

impl Activation {
    /// The rectifier $\max(x, 0)$ without options.
    pub fn relu() -> Self {
        RELU
    }

    /// The activation of this name.
    ///
    /// # Errors
    /// For a name that Keras does not know, with the list of those that it does.
    pub fn by_name(name: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, activation)| *activation)
            .ok_or_else(|| Error::unknown_name("activation", name, NAMES[..30].iter().map(|(name, _)| *name)))
    }

    /// The name that Keras writes for it; `None` for parameters that no name stands for.
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(_, activation)| activation == self).map(|(name, _)| *name)
    }

    /// Every activation that a name stands for, once.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (_, activation) in NAMES {
            if !all.contains(&activation) {
                all.push(activation);
            }
        }
        all
    }

    /// Its value at each number of `x` (along the last axis for softmax).
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let x = x.to_float();
        x.backend().activate(self, &x)
    }

    /// Its derivative at each number of `x`, for plots and checks.
    ///
    /// # Errors
    /// For softmax and its logarithm, where each output depends on all inputs.
    pub fn derivative(&self, x: &Tensor) -> Result<Tensor> {
        if self.mixes_units() {
            return Err(Error::argument(format!("{self:?} has no derivative of one number by one number")));
        }
        let x = x.to_float();
        let ones = x.backend().full(x.dtype(), x.shape(), 1.0);
        Ok(x.backend().activate_backward(self, &ones, &x, &self.apply(&x)))
    }

    /// Whether an output depends on other inputs than its own.
    pub(crate) fn mixes_units(&self) -> bool {
        matches!(self, Self::Softmax | Self::LogSoftmax | Self::Sparsemax)
    }

    /// Whether its gradient needs the input; else the output tells it.
    pub(crate) fn gradient_needs_input(&self) -> bool {
        match self {
            Self::Linear
            | Self::LeakyRelu { .. }
            | Self::Selu
            | Self::Sigmoid
            | Self::Tanh
            | Self::Exponential
            | Self::Softmax
            | Self::LogSoftmax
            | Self::Sparsemax => false,
            Self::Elu { alpha } => *alpha <= 0.0,
            Self::Relu { .. } => *self != RELU,
            _ => true,
        }
    }
}

/// The gated linear unit: the first half of the last axis times the sigmoid of the second, $a \, \sigma(b)$.
///
/// A function, not an [`Activation`]: its output is half as wide as its input.
///
/// # Errors
/// For a last axis of odd size.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let y = activations::glu(&Tensor::new([[2.0, 4.0, 0.0, 0.0]]))?;
/// assert_eq!(y.to_vec(), [1.0, 2.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Dauphin et al., *Language modeling with gated convolutional networks* (2017).
pub fn glu(x: &Tensor) -> Result<Tensor> {
    let (rows, columns) = x.shape().as_rows();
    if x.rank() == 0 || !columns.is_multiple_of(2) {
        return Err(Error::shape(format!("glu halves the last axis, but the shape is {}", x.shape())));
    }
    let half = columns / 2;
    let flat = x.to_float().reshape([rows, columns])?;
    let gate = Activation::Sigmoid.apply(&flat.slice(&[0..rows, half..columns])?);
    let mut sizes = x.shape().to_vec();
    if let Some(last) = sizes.last_mut() {
        *last = half;
    }
    (flat.slice(&[0..rows, 0..half])? * gate).reshape(sizes)
}

/// What a layer's `activation` takes: an [`Activation`] or a name.
pub trait IntoActivation {
    /// The activation.
    ///
    /// # Errors
    /// For an unknown name.
    fn into_activation(self) -> Result<Activation>;
}

impl IntoActivation for Activation {
    fn into_activation(self) -> Result<Activation> {
        Ok(self)
    }
}

impl IntoActivation for &str {
    fn into_activation(self) -> Result<Activation> {
        Activation::by_name(self)
    }
}

impl IntoActivation for String {
    fn into_activation(self) -> Result<Activation> {
        Activation::by_name(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A distribution, and its gradient by central differences.
    #[test]
    fn sparsemax_is_a_distribution_with_zeros() -> Result<()> {
        let rows = vec![0.3, -1.2, 0.9, 0.05, 2.0, 1.9, -0.5, 0.25];
        let at = |values: &[f64]| Tensor::from_vec_f64(values.to_vec(), [2, 4]);
        let y = Activation::Sparsemax.apply(&at(&rows)?);
        assert!(y.sum_along(1)?.to_vec_f64().iter().all(|sum| (sum - 1.0).abs() < 1e-12));
        assert!(y.to_vec_f64().iter().filter(|share| **share == 0.0).count() >= 3);
        let above = at(&[0.5, -1.0, 2.0, 0.7, 1.0, -0.3, 0.2, 0.9])?;
        let x = at(&rows)?;
        let gradient = x.backend().activate_backward(&Activation::Sparsemax, &above, &x, &y).to_vec_f64();
        for (place, gradient) in gradient.iter().enumerate() {
            let value = |by: f64| {
                let mut rows = rows.clone();
                rows[place] += by;
                (Activation::Sparsemax.apply(&at(&rows)?) * &above).sum().item()
            };
            let difference = (value(1e-6)? - value(-1e-6)?) / 2e-6;
            assert!((gradient - difference).abs() < 1e-8, "{place}: {gradient}, not {difference}");
        }
        Ok(())
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Activation::by_name("rellu").unwrap_err().to_string();
        assert!(
            error.contains("unknown activation `rellu`") && error.contains("relu, relu6, leaky_relu"),
            "{error}"
        );
    }

    /// Each derivative against the central difference of the function itself, in f64, away from kinks.
    #[test]
    fn derivatives_are_those_of_the_functions() {
        let points: Vec<f64> = (0..60).map(|i| -7.3 + 0.25 * f64::from(i)).collect();
        let at = |shift: f64| {
            Tensor::from_vec_f64(points.iter().map(|x| x + shift).collect(), points.len()).unwrap()
        };
        let step = 1e-5;
        let extra = [
            Activation::Relu { negative_slope: 0.1, max_value: Some(4.0), threshold: 1.1 },
            Activation::Elu { alpha: 0.7 },
            Activation::Elu { alpha: -0.5 },
            Activation::Celu { alpha: 0.4 },
            Activation::Gelu { approximate: true },
            Activation::LeakyRelu { negative_slope: -0.3 },
            Activation::Threshold { threshold: 0.3, value: -0.2 },
        ];
        for activation in
            Activation::all().into_iter().chain(extra).filter(|activation| !activation.mixes_units())
        {
            let derivative = activation.derivative(&at(0.0)).unwrap().to_vec_f64();
            let (above, below) =
                (activation.apply(&at(step)).to_vec_f64(), activation.apply(&at(-step)).to_vec_f64());
            for (index, &x) in points.iter().enumerate() {
                let difference = (above[index] - below[index]) / (2.0 * step);
                let error = (derivative[index] - difference).abs();
                assert!(
                    error < 1e-6 * difference.abs().max(1e-3),
                    "{activation:?} at {x}: {} {difference}",
                    derivative[index]
                );
            }
        }
    }
}
