//! Activations and their gradients: one vectorised loop each.

use super::{Real, elementwise, simd};
use crate::activations::Activation;
use crate::tensor::Tensor;

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const GELU_CUBIC: f64 = 0.044_715;

#[inline(always)]
fn sigmoid<T: Real>(x: T) -> T {
    // e^-|x| never overflows; the branch is a selection.
    let e = Real::exp(-Real::abs(x));
    let share = T::ONE / (T::ONE + e);
    if x < T::ZERO { e * share } else { share }
}

#[inline(always)]
fn softplus<T: Real>(x: T) -> T {
    Real::max(x, T::ZERO) + Real::ln_1p(Real::exp(-Real::abs(x)))
}

#[inline(always)]
fn clamp<T: Real>(x: T, low: f64, high: f64) -> T {
    Real::min(Real::max(x, T::of(low)), T::of(high))
}

/// Calls `$apply` with the function of an activation that works on single numbers.
macro_rules! with_function {
    ($activation:expr, $T:ident, $f:ident => $body:expr) => {
        match *$activation {
            Activation::Linear => {
                let $f = |x: $T| x;
                $body
            }
            Activation::Relu { negative_slope, max_value, threshold } => {
                let (slope, threshold) = ($T::of(negative_slope), $T::of(threshold));
                let largest = $T::of(max_value.unwrap_or(f64::INFINITY));
                let $f = |x: $T| {
                    let above = if x >= largest { largest } else { x };
                    if x > threshold { above } else { slope * (x - threshold) }
                };
                $body
            }
            Activation::LeakyRelu { negative_slope } => {
                let slope = $T::of(negative_slope);
                let $f = |x: $T| if x >= $T::ZERO { x } else { slope * x };
                $body
            }
            Activation::Elu { alpha } => {
                let alpha = $T::of(alpha);
                let $f = |x: $T| {
                    let e = Real::exp_m1(Real::min(x, $T::ZERO));
                    if x > $T::ZERO { x } else { alpha * e }
                };
                $body
            }
            Activation::Selu => {
                let (scale, alpha) = ($T::of(SELU_SCALE), $T::of(SELU_ALPHA));
                let $f = |x: $T| {
                    let e = Real::exp_m1(Real::min(x, $T::ZERO));
                    scale * if x > $T::ZERO { x } else { alpha * e }
                };
                $body
            }
            Activation::Celu { alpha } => {
                let alpha = $T::of(alpha);
                let $f =
                    |x: $T| Real::max(x, $T::ZERO) + alpha * Real::exp_m1(Real::min(x, $T::ZERO) / alpha);
                $body
            }
            Activation::Gelu { approximate: false } => {
                let $f = |x: $T| {
                    x * $T::of(0.5) * ($T::ONE + Real::erf(x * $T::of(std::f64::consts::FRAC_1_SQRT_2)))
                };
                $body
            }
            Activation::Gelu { approximate: true } => {
                let $f = |x: $T| {
                    let inner = $T::of(SQRT_2_OVER_PI) * (x + $T::of(GELU_CUBIC) * x * x * x);
                    // (1 + tanh t) / 2 without its cancellation far below 0.
                    x * sigmoid(inner + inner)
                };
                $body
            }
            Activation::Softplus => {
                let $f = |x: $T| softplus(x);
                $body
            }
            Activation::Softsign => {
                let $f = |x: $T| x / ($T::ONE + Real::abs(x));
                $body
            }
            Activation::Silu => {
                let $f = |x: $T| x * sigmoid(x);
                $body
            }
            Activation::Mish => {
                let $f = |x: $T| x * Real::tanh(softplus(x));
                $body
            }
            Activation::Sigmoid => {
                let $f = |x: $T| sigmoid(x);
                $body
            }
            Activation::LogSigmoid => {
                let $f = |x: $T| -softplus(-x);
                $body
            }
            Activation::HardSigmoid => {
                let $f = |x: $T| clamp(x + $T::of(3.0), 0.0, 6.0) / $T::of(6.0);
                $body
            }
            Activation::HardSilu => {
                let $f = |x: $T| x * clamp(x + $T::of(3.0), 0.0, 6.0) / $T::of(6.0);
                $body
            }
            Activation::Tanh => {
                let $f = |x: $T| Real::tanh(x);
                $body
            }
            Activation::Exponential => {
                let $f = |x: $T| Real::exp(x);
                $body
            }
            Activation::HardTanh => {
                let $f = |x: $T| clamp(x, -1.0, 1.0);
                $body
            }
            Activation::TanhShrink => {
                let $f = |x: $T| x - Real::tanh(x);
                $body
            }
            Activation::SoftShrink { threshold } => {
                let $f = |x: $T| x - clamp(x, -threshold, threshold);
                $body
            }
            Activation::HardShrink { threshold } => {
                let threshold = $T::of(threshold);
                let $f = |x: $T| if Real::abs(x) > threshold { x } else { $T::ZERO };
                $body
            }
            Activation::Squareplus { b } => {
                let b = $T::of(b);
                let $f = |x: $T| $T::of(0.5) * (x + Real::sqrt(x * x + b));
                $body
            }
            Activation::SparsePlus => {
                let $f = |x: $T| {
                    let inside = clamp(x, -1.0, 1.0) + $T::ONE;
                    if x > $T::ONE { x } else { $T::of(0.25) * inside * inside }
                };
                $body
            }
            Activation::SparseSigmoid => {
                let $f = |x: $T| $T::of(0.5) * (clamp(x, -1.0, 1.0) + $T::ONE);
                $body
            }
            Activation::Threshold { threshold, value } => {
                let (threshold, value) = ($T::of(threshold), $T::of(value));
                let $f = |x: $T| if x > threshold { x } else { value };
                $body
            }
            Activation::Softmax | Activation::LogSoftmax | Activation::Sparsemax => {
                unreachable!("these work on rows")
            }
        }
    };
}

pub(super) fn activate<T: Real>(activation: &Activation, x: &Tensor) -> Tensor {
    if activation.mixes_units() {
        let columns = x.shape().as_rows().1;
        let mut out = x.clone();
        rows_in_place(activation, out.as_mut_slice::<T>(), columns);
        return out;
    }
    with_function!(activation, T, f => elementwise::map::<T>(x, f))
}

/// The activation over rows of `columns` numbers, in their place.
pub(super) fn in_place<T: Real>(activation: &Activation, numbers: &mut [T], columns: usize) {
    if activation.mixes_units() {
        return rows_in_place(activation, numbers, columns);
    }
    if *activation != Activation::Linear {
        with_function!(activation, T, f => simd(#[inline(always)] || numbers.iter_mut().for_each(|x| *x = f(*x))));
    }
}

fn rows_in_place<T: Real>(activation: &Activation, numbers: &mut [T], columns: usize) {
    if *activation == Activation::Sparsemax {
        return numbers.chunks_mut(columns.max(1)).for_each(sparsemax_row);
    }
    let log = *activation == Activation::LogSoftmax;
    simd(
        #[inline(always)]
        || {
            for row in numbers.chunks_mut(columns.max(1)) {
                let largest = row.iter().copied().fold(T::of(f64::NEG_INFINITY), Real::max);
                let mut sum = T::ZERO;
                if log {
                    row.iter().for_each(|&x| sum += Real::exp(x - largest));
                    let shift = largest + Real::ln(sum);
                    row.iter_mut().for_each(|x| *x -= shift);
                } else {
                    for x in row.iter_mut() {
                        *x = Real::exp(*x - largest);
                        sum += *x;
                    }
                    row.iter_mut().for_each(|x| *x /= sum);
                }
            }
        },
    );
}

pub(super) fn backward<T: Real>(activation: &Activation, grad: &Tensor, x: &Tensor, y: &Tensor) -> Tensor {
    let from_output =
        |f: fn(T, T) -> T| elementwise::zip(grad.as_slice::<T>(), y.as_slice::<T>(), grad.shape(), f);
    match *activation {
        Activation::Linear => grad.clone(),
        Activation::Softmax | Activation::LogSoftmax => rows_backward::<T>(activation, grad, y),
        Activation::Sparsemax => sparsemax_backward::<T>(grad, y),
        Activation::Sigmoid => from_output(|g, y| g * y * (T::ONE - y)),
        Activation::Tanh => from_output(|g, y| g * ((T::ONE - y) * (T::ONE + y))),
        Activation::Exponential => from_output(|g, y| g * y),
        Activation::Relu { negative_slope, max_value: None, threshold }
            if negative_slope == 0.0 && threshold == 0.0 =>
        {
            from_output(|g, y| if y > T::ZERO { g } else { T::ZERO })
        }
        Activation::Elu { alpha } if alpha > 0.0 => {
            let alpha = T::of(alpha);
            let f = |g: T, y: T| if y > T::ZERO { g } else { g * (y + alpha) };
            elementwise::zip(grad.as_slice::<T>(), y.as_slice::<T>(), grad.shape(), f)
        }
        Activation::Selu => from_output(|g, y| {
            let scale = T::of(SELU_SCALE);
            if y > T::ZERO { g * scale } else { g * (y + scale * T::of(SELU_ALPHA)) }
        }),
        Activation::LeakyRelu { negative_slope } => {
            // The sign of the output tells the side for a slope that is not negative; at 0 Keras takes 1.
            let slope = T::of(negative_slope);
            let source = if negative_slope < 0.0 { x } else { y };
            let f = |g: T, v: T| if v >= T::ZERO { g } else { g * slope };
            elementwise::zip(grad.as_slice::<T>(), source.as_slice::<T>(), grad.shape(), f)
        }
        _ => from_input::<T>(activation, grad, x),
    }
}

fn from_input<T: Real>(activation: &Activation, grad: &Tensor, x: &Tensor) -> Tensor {
    macro_rules! times {
        (|$x:ident| $derivative:expr) => {
            elementwise::zip(grad.as_slice::<T>(), x.as_slice::<T>(), grad.shape(), |g: T, $x: T| {
                g * $derivative
            })
        };
    }
    let half = T::of(0.5);
    match *activation {
        Activation::Relu { negative_slope, max_value, threshold } => {
            let (slope, threshold) = (T::of(negative_slope), T::of(threshold));
            let largest = T::of(max_value.unwrap_or(f64::INFINITY));
            // At the kinks Keras has its own numbers on JAX: those of leaky_relu, of relu6, or of a minimum.
            let leaky = negative_slope != 0.0 && max_value.is_none() && threshold == T::ZERO;
            let at_threshold = if leaky { T::ONE } else { T::ZERO };
            let relu6 = max_value == Some(6.0) && negative_slope == 0.0 && threshold == T::ZERO;
            let at_largest = if relu6 { T::ZERO } else { half };
            times!(|x| {
                let above = if x < largest { T::ONE } else { T::ZERO };
                let above = if x == largest { at_largest } else { above };
                let below = if x == threshold { at_threshold } else { slope };
                if x > threshold { above } else { below }
            })
        }
        Activation::Elu { alpha } => {
            let alpha = T::of(alpha);
            times!(|x| if x > T::ZERO { T::ONE } else { alpha * Real::exp(x) })
        }
        Activation::Celu { alpha } => {
            let alpha = T::of(alpha);
            times!(|x| if x > T::ZERO { T::ONE } else { Real::exp(x / alpha) })
        }
        Activation::Gelu { approximate: false } => times!(|x| {
            let density = Real::exp(-half * x * x) * T::of(0.398_942_280_401_432_7);
            half * (T::ONE + Real::erf(x * T::of(std::f64::consts::FRAC_1_SQRT_2))) + x * density
        }),
        Activation::Gelu { approximate: true } => times!(|x| {
            let (scale, cubic) = (T::of(SQRT_2_OVER_PI), T::of(GELU_CUBIC));
            let doubled = (scale + scale) * (x + cubic * x * x * x);
            let slope = (scale + scale) * (T::ONE + T::of(3.0) * cubic * x * x);
            // x s(t) with t = 2 (...): s + x s (1 - s) t'.
            let (share, rest) = (sigmoid(doubled), sigmoid(-doubled));
            share + x * share * rest * slope
        }),
        Activation::Softplus => times!(|x| sigmoid(x)),
        Activation::Softsign => times!(|x| {
            let scale = T::ONE + Real::abs(x);
            T::ONE / (scale * scale)
        }),
        Activation::Silu => times!(|x| {
            let share = sigmoid(x);
            share + x * share * (T::ONE - share)
        }),
        Activation::Mish => times!(|x| {
            let tanh = Real::tanh(softplus(x));
            tanh + x * (T::ONE - tanh) * (T::ONE + tanh) * sigmoid(x)
        }),
        Activation::LogSigmoid => times!(|x| sigmoid(-x)),
        Activation::HardSigmoid => {
            times!(|x| if Real::abs(x) < T::of(3.0) { T::of(1.0 / 6.0) } else { T::ZERO })
        }
        Activation::HardSilu => times!(|x| {
            let inside = if Real::abs(x) < T::of(3.0) { x / T::of(6.0) } else { T::ZERO };
            clamp(x + T::of(3.0), 0.0, 6.0) / T::of(6.0) + inside
        }),
        Activation::HardTanh => times!(|x| if Real::abs(x) <= T::ONE { T::ONE } else { T::ZERO }),
        Activation::TanhShrink => times!(|x| {
            let tanh = Real::tanh(x);
            tanh * tanh
        }),
        Activation::SoftShrink { threshold } | Activation::HardShrink { threshold } => {
            let threshold = T::of(threshold);
            times!(|x| if Real::abs(x) > threshold { T::ONE } else { T::ZERO })
        }
        Activation::Squareplus { b } => {
            let b = T::of(b);
            times!(|x| half * (T::ONE + x / Real::sqrt(x * x + b)))
        }
        Activation::SparsePlus => times!(|x| half * (clamp(x, -1.0, 1.0) + T::ONE)),
        Activation::Threshold { threshold, .. } => {
            let threshold = T::of(threshold);
            times!(|x| if x > threshold { T::ONE } else { T::ZERO })
        }
        // Half the slope at the ends, as the minimum and the maximum have it in Keras on JAX.
        Activation::SparseSigmoid => times!(|x| {
            let ends = if Real::abs(x) == T::ONE { half * half } else { T::ZERO };
            if Real::abs(x) < T::ONE { half } else { ends }
        }),
        _ => unreachable!("the output tells the gradient of {activation:?}"),
    }
}

/// What is left of a row above the threshold that makes the sum 1.
fn sparsemax_row<T: Real>(row: &mut [T]) {
    let mut sorted: Vec<f64> = row.iter().map(|x| x.f64()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut threshold) = (0.0, 0.0);
    for (count, x) in (1..).map(f64::from).zip(&sorted) {
        sum += x;
        let next = (sum - 1.0) / count;
        if *x <= next {
            break;
        }
        threshold = next;
    }
    let threshold = T::of(threshold);
    row.iter_mut().for_each(|x| *x = Real::max(*x - threshold, T::ZERO));
}

/// Sparsemax: where the output is not 0, the gradient from above less its mean there.
fn sparsemax_backward<T: Real>(grad: &Tensor, y: &Tensor) -> Tensor {
    let columns = y.shape().as_rows().1.max(1);
    let (upstream, output) = (grad.as_slice::<T>(), y.as_slice::<T>());
    Tensor::written::<T>(grad.shape(), |out| {
        for ((out, g), y) in out.chunks_mut(columns).zip(upstream.chunks(columns)).zip(output.chunks(columns))
        {
            let (mut sum, mut count) = (T::ZERO, T::ZERO);
            for (&g, _) in g.iter().zip(y).filter(|(_, y)| **y > T::ZERO) {
                sum += g;
                count += T::ONE;
            }
            for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                *out = if y > T::ZERO { g - sum / count } else { T::ZERO };
            }
        }
    })
}

/// Softmax: $y_i (g_i - \sum_j g_j y_j)$; its logarithm: $g_i - e^{y_i} \sum_j g_j$.
fn rows_backward<T: Real>(activation: &Activation, grad: &Tensor, y: &Tensor) -> Tensor {
    let log = *activation == Activation::LogSoftmax;
    let columns = y.shape().as_rows().1.max(1);
    let (upstream, output) = (grad.as_slice::<T>(), y.as_slice::<T>());
    Tensor::written::<T>(grad.shape(), |out| {
        simd(
            #[inline(always)]
            || {
                for ((out, g), y) in
                    out.chunks_mut(columns).zip(upstream.chunks(columns)).zip(output.chunks(columns))
                {
                    let mut sum = T::ZERO;
                    if log {
                        g.iter().for_each(|&g| sum += g);
                        out.iter_mut()
                            .zip(g)
                            .zip(y)
                            .for_each(|((out, &g), &y)| *out = g - Real::exp(y) * sum);
                    } else {
                        g.iter().zip(y).for_each(|(&g, &y)| sum += g * y);
                        out.iter_mut().zip(g).zip(y).for_each(|((out, &g), &y)| *out = y * (g - sum));
                    }
                }
            },
        );
    })
}
