//! What a device must do: a few primitives, and fused operations that are composed of them where a device has nothing
//! better.
//!
//! Shapes and types are checked by the callers ([`Tensor`]'s methods and the layers); an engine may rely on them.

use crate::Result;
use crate::activations::Activation;
use crate::device::Device;
use crate::tensor::{DType, Shape, Tensor};

#[cfg(feature = "arrayfire")]
pub(crate) mod arrayfire;
mod composed;
mod device_array;
pub(crate) mod host;
pub(crate) mod pictures;

pub(crate) use device_array::DeviceArray;
pub(crate) use pictures::{Pictures, Window};

/// Operations on each number of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Neg,
    Exp,
    Ln,
    Sqrt,
    Square,
    Abs,
    Sign,
    Tanh,
    Sin,
    Cos,
}

/// Operations on pairs of numbers; comparisons give 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Max,
    Min,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

impl Binary {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Pow => "pow",
            Self::Max => "maximum",
            Self::Min => "minimum",
            Self::Greater => "greater",
            Self::GreaterEqual => "greater_equal",
            Self::Less => "less",
            Self::LessEqual => "less_equal",
            Self::Equal => "equal",
            Self::NotEqual => "not_equal",
        }
    }
}

/// What becomes of the numbers along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
}

/// The gradients of a linear layer.
#[derive(Debug)]
pub(crate) struct LinearGradients {
    /// With respect to the input, where it was asked for.
    pub(crate) input: Option<Tensor>,
    pub(crate) kernel: Tensor,
    pub(crate) bias: Option<Tensor>,
}

/// Batch normalization's results in training.
#[derive(Debug)]
pub(crate) struct Normalized {
    pub(crate) output: Tensor,
    pub(crate) mean: Tensor,
    pub(crate) variance: Tensor,
}

/// One step of gradient descent: see [`SGD`](crate::optimizers::SGD).
#[derive(Debug, Clone, Copy)]
pub(crate) struct SgdStep {
    pub(crate) learning_rate: f64,
    pub(crate) momentum: f64,
    pub(crate) nesterov: bool,
}

/// One step of Adam: see [`Adam`](crate::optimizers::Adam). `alpha` is the rate with both bias corrections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    pub(crate) alpha: f64,
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    pub(crate) epsilon: f64,
}

/// One step of another optimizer: see [`optimizers`](crate::optimizers) for the formulas. Rates hold what corrects the
/// moments' bias; each rule names its slots in the order of its optimizer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UpdateRule {
    /// [accumulator]
    Adagrad { rate: f64, epsilon: f64 },
    /// [mean square, mean square of the steps]
    Adadelta { rate: f64, rho: f64, epsilon: f64 },
    /// [mean square, step if there is momentum, mean gradient if centered]
    RmsProp { rate: f64, rho: f64, momentum: f64, epsilon: f64, centered: bool },
    /// [mean, mean square, largest mean square]
    Amsgrad(AdamStep),
    /// [mean, largest size]
    Adamax { rate: f64, beta_1: f64, beta_2: f64, epsilon: f64 },
    /// [mean, mean square]
    Nadam { mean_rate: f64, gradient_rate: f64, square_scale: f64, beta_1: f64, beta_2: f64, epsilon: f64 },
    /// [momentum]
    Lion { rate: f64, beta_1: f64, beta_2: f64 },
    /// [accumulator, linear]
    Ftrl { rate: f64, power: f64, l1: f64, l2: f64, shrinkage: f64 },
}

/// A compute engine.
///
/// Engines live as long as the process. Where an operation takes several tensors, the first one's engine carries it out,
/// and the callers have checked that the others lie there too.
pub(crate) trait Backend: Pictures + Send + Sync + std::fmt::Debug {
    /// Which device it is.
    fn device(&self) -> Device;

    /// Whether results are computed later, so that a look at a number waits for it.
    fn is_lazy(&self) -> bool {
        false
    }

    /// A copy of a tensor that lies on the host.
    fn receive(&'static self, host: &Tensor) -> Tensor;

    /// Computes what was put off for these tensors; the end of a step, so that nothing piles up.
    ///
    /// # Errors
    /// When the device fails.
    fn evaluate(&'static self, _tensors: &[&Tensor]) -> Result<()> {
        Ok(())
    }

    /// One number everywhere.
    fn full(&'static self, dtype: DType, shape: Shape, value: f64) -> Tensor;

    /// `op` on each number of a floating-point tensor.
    fn unary(&'static self, op: Unary, x: &Tensor) -> Tensor;

    /// `op` on pairs; both of one floating-point type, broadcasting to `shape`.
    fn binary(&'static self, op: Binary, a: &Tensor, b: &Tensor, shape: Shape) -> Tensor;

    /// `op` with a number on the right, or on the left if `reversed`.
    fn binary_scalar(&'static self, op: Binary, a: &Tensor, scalar: f64, reversed: bool) -> Tensor;

    /// The product of two matrices, either read as its transpose.
    fn matmul(&'static self, a: &Tensor, transpose_a: bool, b: &Tensor, transpose_b: bool) -> Tensor;

    /// Reduces the middle of (outer, axis, inner); the result has the shape [outer, inner].
    fn reduce(&'static self, op: Reduction, x: &Tensor, split: (usize, usize, usize)) -> Tensor;

    /// The place of the first largest number in the middle of (outer, axis, inner), as integers [outer, inner].
    fn arg_max(&'static self, x: &Tensor, split: (usize, usize, usize)) -> Tensor;

    /// Axis `i` of the result, which has `shape`, is axis `axes[i]` of `x`.
    fn permute(&'static self, x: &Tensor, axes: &[usize], shape: Shape) -> Tensor;

    /// The rows of these numbers; bytes become f32.
    fn take_rows(&'static self, x: &Tensor, rows: &[usize]) -> Tensor;

    /// Floating-point tensors of one type joined along an axis.
    fn concat(&'static self, parts: &[Tensor], axis: usize, shape: Shape) -> Tensor;

    /// The numbers in another type.
    fn cast(&'static self, x: &Tensor, dtype: DType) -> Tensor;

    /// Whether no number is infinite or NaN.
    fn all_finite(&'static self, x: &Tensor) -> bool;

    /// Numbers drawn evenly from 0..1 by a hash of `key` and the place: the same on every device.
    fn hashed_uniform(&'static self, dtype: DType, shape: Shape, key: u64) -> Tensor;

    /// Numbers from the standard normal distribution, by Box and Muller's method from two streams of `key`.
    fn hashed_normal(&'static self, dtype: DType, shape: Shape, key: u64) -> Tensor {
        composed::hashed_normal(self.as_dyn(), dtype, shape, key)
    }

    /// Rows with a 1 at each label and 0 elsewhere; labels outside 0..classes give rows of 0.
    fn one_hot(&'static self, labels: &Tensor, classes: usize, dtype: DType) -> Tensor;

    // Fused operations, each with a body composed of the primitives.

    /// The activation of each number (of each row for softmax).
    fn activate(&'static self, activation: &Activation, x: &Tensor) -> Tensor {
        composed::activate(activation, x)
    }

    /// The gradient before the activation from the one behind it; `x` and `y` are the activation's input and output.
    fn activate_backward(
        &'static self,
        activation: &Activation,
        grad: &Tensor,
        x: &Tensor,
        y: &Tensor,
    ) -> Tensor {
        composed::activate_backward(activation, grad, x, y)
    }

    /// `activation(x kernel + bias)` for x [n, k]; also the value before the activation, where backward needs it.
    fn linear(
        &'static self,
        x: &Tensor,
        kernel: &Tensor,
        bias: Option<&Tensor>,
        activation: &Activation,
    ) -> (Tensor, Option<Tensor>) {
        composed::linear(self.as_dyn(), x, kernel, bias, activation)
    }

    /// The gradients of `x kernel + bias` for an upstream gradient [n, m].
    fn linear_backward(
        &'static self,
        x: &Tensor,
        kernel: &Tensor,
        grad: &Tensor,
        bias: bool,
        input: bool,
    ) -> LinearGradients {
        composed::linear_backward(self.as_dyn(), x, kernel, grad, bias, input)
    }

    /// Keeps each number with probability `1 - rate` and divides it by that; the mask comes from `key`.
    fn dropout(&'static self, x: &Tensor, rate: f64, key: u64) -> Tensor {
        composed::dropout(self.as_dyn(), x, rate, key)
    }

    /// Columns of x [n, c] with mean 0 and variance 1 over the batch, then scaled and shifted.
    fn batch_norm(
        &'static self,
        x: &Tensor,
        gamma: Option<&Tensor>,
        beta: Option<&Tensor>,
        epsilon: f64,
    ) -> Normalized {
        composed::batch_norm(x, gamma, beta, epsilon)
    }

    /// (input, gamma, beta) gradients of [`Backend::batch_norm`].
    fn batch_norm_backward(
        &'static self,
        x: &Tensor,
        normalized: &Normalized,
        gamma: Option<&Tensor>,
        grad: &Tensor,
        epsilon: f64,
    ) -> (Tensor, Tensor, Tensor) {
        composed::batch_norm_backward(x, normalized, gamma, grad, epsilon)
    }

    /// Moves `weights` by one step of gradient descent.
    fn sgd(&'static self, step: SgdStep, weights: &mut Tensor, grad: &Tensor, velocity: Option<&mut Tensor>) {
        composed::sgd(step, weights, grad, velocity);
    }

    /// Moves `weights` by one step of Adam.
    fn adam(
        &'static self,
        step: AdamStep,
        weights: &mut Tensor,
        grad: &Tensor,
        mean: &mut Tensor,
        square: &mut Tensor,
    ) {
        composed::adam(step, weights, grad, mean, square);
    }

    /// Moves `weights` by one step of another optimizer.
    fn update(&'static self, rule: UpdateRule, weights: &mut Tensor, grad: &Tensor, slots: &mut [Tensor]) {
        composed::update(rule, weights, grad, slots);
    }

    /// Itself as an object, for the composed bodies.
    fn as_dyn(&'static self) -> &'static dyn Backend;
}
