//! The fused operations in terms of the primitives: what a device does that has nothing better, and the second opinion
//! on the host engine's own kernels.

use super::{AdamStep, Backend, Binary, LinearGradients, Normalized, Reduction, SgdStep, Unary};
use crate::activations::Activation;
use crate::tensor::{DType, Shape, Tensor};

mod update;

pub(super) use update::update;

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

/// 1 where x is larger than `bound`, else 0.
fn above(x: &Tensor, bound: f64) -> Tensor {
    x.backend().binary_scalar(Binary::Greater, x, bound, false)
}

fn sigmoid(x: &Tensor) -> Tensor {
    0.5 * (0.5 * x).tanh() + 0.5
}

fn softplus(x: &Tensor) -> Tensor {
    x.clip(0.0, f64::INFINITY) + ((-x.abs()).exp() + 1.0).ln()
}

/// e^x - 1 where x is negative, else 0; by tanh, so that it does not cancel near 0.
fn exp_m1_below(x: &Tensor) -> Tensor {
    let half = 0.5 * x.clip(f64::NEG_INFINITY, 0.0);
    let tanh = half.tanh();
    2.0 * &tanh / (1.0 - &tanh)
}

/// The sum along the last axis, which stays with size 1.
fn row_sums(x: &Tensor) -> Tensor {
    let (rows, columns) = x.shape().as_rows();
    let mut sizes = x.shape().to_vec();
    if let Some(last) = sizes.last_mut() {
        *last = 1;
    }
    x.backend().reduce(Reduction::Sum, x, (rows, columns, 1)).reshaped(Shape::from_fit(&sizes))
}

fn softmax(x: &Tensor) -> Tensor {
    let (rows, columns) = x.shape().as_rows();
    let largest = x.backend().reduce(Reduction::Max, x, (rows, columns, 1));
    let shifted = (x.reshaped(Shape::from_fit(&[rows, columns])) - largest).reshaped(x.shape());
    let e = shifted.exp();
    &e / row_sums(&e)
}

/// By bisection of the threshold: the sum of what lies above it falls from at least 1 to 0 between the largest number
/// less 1 and the largest.
fn sparsemax(x: &Tensor) -> Tensor {
    let (rows, columns) = x.shape().as_rows();
    let flat = x.reshaped(Shape::from_fit(&[rows, columns]));
    let largest =
        x.backend().reduce(Reduction::Max, x, (rows, columns, 1)).reshaped(Shape::from_fit(&[rows, 1]));
    let mut low = largest - 1.0;
    let mut width = 1.0;
    for _ in 0..60 {
        width *= 0.5;
        let over = above(&row_sums(&(&flat - (&low + width)).clip(0.0, f64::INFINITY)), 1.0);
        low = low + over * width;
    }
    // What the bisection found is the support; the threshold follows from it exactly.
    let support = above(&(&flat - &low), 0.0);
    let threshold = (row_sums(&(&flat * &support)) - 1.0) / row_sums(&support);
    (flat - threshold).clip(0.0, f64::INFINITY).reshaped(x.shape())
}

pub(super) fn activate(activation: &Activation, x: &Tensor) -> Tensor {
    let positive = || x.clip(0.0, f64::INFINITY);
    match *activation {
        Activation::Linear => x.clone(),
        Activation::Relu { negative_slope, max_value, threshold } => {
            let side = above(x, threshold);
            let upper = x.clip(f64::NEG_INFINITY, max_value.unwrap_or(f64::INFINITY));
            &side * upper + (1.0 - &side) * (x - threshold) * negative_slope
        }
        Activation::LeakyRelu { negative_slope } => {
            positive() + x.clip(f64::NEG_INFINITY, 0.0) * negative_slope
        }
        Activation::Elu { alpha } => positive() + exp_m1_below(x) * alpha,
        Activation::Selu => (positive() + exp_m1_below(x) * SELU_ALPHA) * SELU_SCALE,
        Activation::Celu { alpha } => positive() + exp_m1_below(&(x / alpha)) * alpha,
        Activation::Gelu { approximate } => x * normal_share(x, approximate),
        Activation::Softplus => softplus(x),
        Activation::Softsign => x / (x.abs() + 1.0),
        Activation::Silu => x * sigmoid(x),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::LogSigmoid => -softplus(&-x),
        Activation::HardSigmoid => (x + 3.0).clip(0.0, 6.0) / 6.0,
        Activation::HardSilu => x * (x + 3.0).clip(0.0, 6.0) / 6.0,
        Activation::Tanh => x.tanh(),
        Activation::Exponential => x.exp(),
        Activation::HardTanh => x.clip(-1.0, 1.0),
        Activation::TanhShrink => x - x.tanh(),
        Activation::SoftShrink { threshold } => x - x.clip(-threshold, threshold),
        Activation::HardShrink { threshold } => x * above(&x.abs(), threshold),
        Activation::Squareplus { b } => 0.5 * (x + (x.square() + b).sqrt()),
        Activation::SparsePlus => {
            let side = above(x, 1.0);
            &side * x + (1.0 - &side) * (x.clip(-1.0, 1.0) + 1.0).square() * 0.25
        }
        Activation::SparseSigmoid => 0.5 * (x.clip(-1.0, 1.0) + 1.0),
        Activation::Threshold { threshold, value } => {
            let side = above(x, threshold);
            &side * x + (1.0 - &side) * value
        }
        Activation::Sparsemax => sparsemax(x),
        Activation::Softmax => softmax(x),
        Activation::LogSoftmax => {
            let (rows, columns) = x.shape().as_rows();
            let flat = x.reshaped(Shape::from_fit(&[rows, columns]));
            let shifted = &flat - x.backend().reduce(Reduction::Max, x, (rows, columns, 1));
            (&shifted - row_sums(&shifted.exp()).ln()).reshaped(x.shape())
        }
    }
}

/// The normal distribution function of x, exact (through the device's error function) or by tanh.
fn normal_share(x: &Tensor, approximate: bool) -> Tensor {
    let inner = x * (1.0 + 0.044_715 * x.square()) * SQRT_2_OVER_PI;
    if approximate {
        0.5 * (inner.tanh() + 1.0)
    } else {
        0.5 * (error_function(&(x * std::f64::consts::FRAC_1_SQRT_2)) + 1.0)
    }
}

/// The error function by Abramowitz and Stegun's formula 7.1.26 (error below 1.5e-7, enough for f32).
fn error_function(x: &Tensor) -> Tensor {
    let a = x.abs();
    let t = 1.0 / (&a * 0.327_591_1 + 1.0);
    let poly = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592]
        .iter()
        .fold(x.backend().full(x.dtype(), x.shape(), 0.0), |sum, &coefficient| sum * &t + coefficient);
    x.sign() * (1.0 - poly * t * (-a.square()).exp())
}

pub(super) fn activate_backward(activation: &Activation, grad: &Tensor, x: &Tensor, y: &Tensor) -> Tensor {
    match *activation {
        Activation::Linear => grad.clone(),
        Activation::Softmax => y * (grad - row_sums(&(grad * y))),
        Activation::LogSoftmax => grad - y.exp() * row_sums(grad),
        Activation::Sparsemax => {
            let support = above(y, 0.0);
            let mean = row_sums(&(grad * &support)) / row_sums(&support);
            (grad - mean) * support
        }
        _ => grad * derivative(activation, x, y),
    }
}

fn derivative(activation: &Activation, x: &Tensor, y: &Tensor) -> Tensor {
    let backend = y.backend();
    let at_least = |x: &Tensor, bound: f64| backend.binary_scalar(Binary::GreaterEqual, x, bound, false);
    match *activation {
        Activation::Relu { negative_slope, max_value, threshold } => {
            let source = if activation.gradient_needs_input() { x } else { y };
            let side = above(source, threshold);
            let below_max = 1.0 - at_least(source, max_value.unwrap_or(f64::INFINITY));
            &side * below_max + (1.0 - &side) * negative_slope
        }
        Activation::LeakyRelu { negative_slope } => {
            let side = at_least(if negative_slope < 0.0 { x } else { y }, 0.0);
            &side + (1.0 - &side) * negative_slope
        }
        Activation::Elu { alpha } if alpha > 0.0 => {
            let side = above(y, 0.0);
            &side + (1.0 - &side) * (y + alpha)
        }
        Activation::Elu { alpha } => {
            let side = above(x, 0.0);
            &side + (1.0 - &side) * x.clip(f64::NEG_INFINITY, 0.0).exp() * alpha
        }
        Activation::Selu => {
            let side = above(y, 0.0);
            &side * SELU_SCALE + (1.0 - &side) * (y + SELU_SCALE * SELU_ALPHA)
        }
        Activation::Celu { alpha } => (x.clip(f64::NEG_INFINITY, 0.0) / alpha).exp(),
        Activation::Gelu { approximate: false } => {
            normal_share(x, false) + x * (-0.5 * x.square()).exp() * 0.398_942_280_401_432_7
        }
        Activation::Gelu { approximate: true } => {
            let share = normal_share(x, true);
            let inner = SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044_715 * x.square());
            &share + 2.0 * x * &share * (1.0 - &share) * inner
        }
        Activation::Softplus => sigmoid(x),
        Activation::Softsign => 1.0 / (x.abs() + 1.0).square(),
        Activation::Silu => {
            let share = sigmoid(x);
            &share + x * &share * (1.0 - &share)
        }
        Activation::Mish => {
            let tanh = softplus(x).tanh();
            &tanh + x * (1.0 - tanh.square()) * sigmoid(x)
        }
        Activation::Sigmoid => y * (1.0 - y),
        Activation::LogSigmoid => sigmoid(&-x),
        Activation::HardSigmoid => (1.0 - at_least(&x.abs(), 3.0)) / 6.0,
        Activation::HardSilu => (x + 3.0).clip(0.0, 6.0) / 6.0 + x * (1.0 - at_least(&x.abs(), 3.0)) / 6.0,
        Activation::Tanh => 1.0 - y.square(),
        Activation::Exponential => y.clone(),
        Activation::HardTanh => 1.0 - at_least(&x.abs(), 1.0),
        Activation::TanhShrink => x.tanh().square(),
        Activation::SoftShrink { threshold } | Activation::HardShrink { threshold } => {
            above(&x.abs(), threshold)
        }
        Activation::Squareplus { b } => 0.5 * (x / (x.square() + b).sqrt() + 1.0),
        Activation::SparsePlus => 0.5 * (x.clip(-1.0, 1.0) + 1.0),
        Activation::SparseSigmoid => 0.5 * (1.0 - at_least(&x.abs(), 1.0)),
        Activation::Threshold { threshold, .. } => above(x, threshold),
        Activation::Linear | Activation::Softmax | Activation::LogSoftmax | Activation::Sparsemax => {
            unreachable!("handled by the caller")
        }
    }
}

pub(super) fn linear(
    backend: &'static dyn Backend,
    x: &Tensor,
    kernel: &Tensor,
    bias: Option<&Tensor>,
    activation: &Activation,
) -> (Tensor, Option<Tensor>) {
    let product = backend.matmul(x, false, kernel, false);
    let before = match bias {
        Some(bias) => product + bias,
        None => product,
    };
    let after = backend.activate(activation, &before);
    (after, activation.gradient_needs_input().then_some(before))
}

pub(super) fn linear_backward(
    backend: &'static dyn Backend,
    x: &Tensor,
    kernel: &Tensor,
    grad: &Tensor,
    bias: bool,
    input: bool,
) -> LinearGradients {
    LinearGradients {
        input: input.then(|| backend.matmul(grad, false, kernel, true)),
        kernel: backend.matmul(x, true, grad, false),
        bias: bias.then(|| column_sums(grad)),
    }
}

fn column_sums(x: &Tensor) -> Tensor {
    let (rows, columns) = x.shape().as_rows();
    x.backend().reduce(Reduction::Sum, x, (1, rows, columns)).reshaped(Shape::from_fit(&[columns]))
}

pub(super) fn dropout(backend: &'static dyn Backend, x: &Tensor, rate: f64, key: u64) -> Tensor {
    let threshold = (rate * 16_777_216.0).round() / 16_777_216.0;
    let draws = backend.hashed_uniform(x.dtype(), x.shape(), key);
    let keep = backend.binary_scalar(Binary::GreaterEqual, &draws, threshold, false);
    let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
    x * keep * scale
}

pub(super) fn hashed_normal(backend: &'static dyn Backend, dtype: DType, shape: Shape, key: u64) -> Tensor {
    let radius = backend.hashed_uniform(dtype, shape, key);
    let angle = backend.hashed_uniform(dtype, shape, key.rotate_left(29) ^ 0x9e37_79b9_7f4a_7c15);
    let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
    radius * backend.unary(Unary::Cos, &(angle * std::f64::consts::TAU))
}

pub(super) fn batch_norm(
    x: &Tensor,
    gamma: Option<&Tensor>,
    beta: Option<&Tensor>,
    epsilon: f64,
) -> Normalized {
    let rows = x.shape().as_rows().0 as f64;
    let mean = column_sums(x) / rows;
    let variance = column_sums(&(x - &mean).square()) / rows;
    let mut scale = 1.0 / (&variance + epsilon).sqrt();
    if let Some(gamma) = gamma {
        scale = scale * gamma;
    }
    let shift = -(&mean * &scale);
    let shift = match beta {
        Some(beta) => shift + beta,
        None => shift,
    };
    Normalized { output: x * scale + shift, mean, variance }
}

pub(super) fn batch_norm_backward(
    x: &Tensor,
    normalized: &Normalized,
    gamma: Option<&Tensor>,
    grad: &Tensor,
    epsilon: f64,
) -> (Tensor, Tensor, Tensor) {
    let rows = x.shape().as_rows().0 as f64;
    let inverse = 1.0 / (&normalized.variance + epsilon).sqrt();
    let standard = (x - &normalized.mean) * &inverse;
    let d_beta = column_sums(grad);
    let d_gamma = column_sums(&(grad * &standard));
    let scale = match gamma {
        Some(gamma) => inverse * gamma,
        None => inverse,
    };
    let d_x = (grad - &d_beta / rows - standard * (&d_gamma / rows)) * scale;
    (d_x, d_gamma, d_beta)
}

pub(super) fn sgd(step: SgdStep, weights: &mut Tensor, grad: &Tensor, velocity: Option<&mut Tensor>) {
    let pull = grad * step.learning_rate;
    let Some(velocity) = velocity else {
        *weights = &*weights - pull;
        return;
    };
    *velocity = &*velocity * step.momentum - &pull;
    *weights =
        if step.nesterov { &*weights + &*velocity * step.momentum - pull } else { &*weights + &*velocity };
}

pub(super) fn adam(
    step: AdamStep,
    weights: &mut Tensor,
    grad: &Tensor,
    mean: &mut Tensor,
    square: &mut Tensor,
) {
    *mean = &*mean + (grad - &*mean) * (1.0 - step.beta_1);
    *square = &*square + (grad.square() - &*square) * (1.0 - step.beta_2);
    *weights = &*weights - &*mean * step.alpha / (square.sqrt() + step.epsilon);
}
