//! Element-wise kernels.

use super::{Real, parallel, simd};
use crate::backend::{Binary, Unary};
use crate::tensor::{MAX_RANK, Shape, Tensor};

/// Elements of cheap work that are worth a thread.
const GRAIN: usize = 1 << 16;

/// Into how many parts `len` elements of cheap work are cut; a function of the size alone.
pub(crate) fn parts(len: usize) -> usize {
    (len / GRAIN).clamp(1, 64)
}

pub(crate) fn map<T: Real>(x: &Tensor, f: impl Fn(T) -> T + Sync) -> Tensor {
    let source = x.as_slice::<T>();
    Tensor::written::<T>(x.shape(), |out| {
        parallel::rows_mut(out, 1, parts(source.len()), |first, out| {
            let source = &source[first..first + out.len()];
            simd(
                #[inline(always)]
                || out.iter_mut().zip(source).for_each(|(out, &x)| *out = f(x)),
            );
        });
    })
}

pub(crate) fn zip<T: Real>(a: &[T], b: &[T], shape: Shape, f: impl Fn(T, T) -> T + Sync) -> Tensor {
    Tensor::written::<T>(shape, |out| {
        parallel::rows_mut(out, 1, parts(a.len()), |first, out| {
            let (a, b) = (&a[first..first + out.len()], &b[first..first + out.len()]);
            simd(
                #[inline(always)]
                || out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| *out = f(a, b)),
            );
        });
    })
}

pub(super) fn unary<T: Real>(op: Unary, x: &Tensor) -> Tensor {
    match op {
        Unary::Neg => map::<T>(x, |x| -x),
        Unary::Exp => map::<T>(x, Real::exp),
        Unary::Ln => map::<T>(x, Real::ln),
        Unary::Sqrt => map::<T>(x, Real::sqrt),
        Unary::Square => map::<T>(x, |x| x * x),
        Unary::Abs => map::<T>(x, Real::abs),
        Unary::Sign => map::<T>(x, sign),
        Unary::Tanh => map::<T>(x, Real::tanh),
        Unary::Sin => map::<T>(x, |x| T::of(x.f64().sin())),
        Unary::Cos => map::<T>(x, |x| T::of(x.f64().cos())),
    }
}

fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x
    }
}

/// Calls a generic function with the closure of an operation: one compiled loop each.
macro_rules! with_operation {
    ($op:expr, $T:ident, $f:ident => $body:expr) => {{
        let truth = |holds: bool| if holds { $T::ONE } else { $T::ZERO };
        match $op {
            Binary::Add => {
                let $f = |a: $T, b: $T| a + b;
                $body
            }
            Binary::Sub => {
                let $f = |a: $T, b: $T| a - b;
                $body
            }
            Binary::Mul => {
                let $f = |a: $T, b: $T| a * b;
                $body
            }
            Binary::Div => {
                let $f = |a: $T, b: $T| a / b;
                $body
            }
            Binary::Pow => {
                let $f = |a: $T, b: $T| Real::powf(a, b);
                $body
            }
            Binary::Max => {
                let $f = |a: $T, b: $T| Real::max(a, b);
                $body
            }
            Binary::Min => {
                let $f = |a: $T, b: $T| Real::min(a, b);
                $body
            }
            Binary::Greater => {
                let $f = |a: $T, b: $T| truth(a > b);
                $body
            }
            Binary::GreaterEqual => {
                let $f = |a: $T, b: $T| truth(a >= b);
                $body
            }
            Binary::Less => {
                let $f = |a: $T, b: $T| truth(a < b);
                $body
            }
            Binary::LessEqual => {
                let $f = |a: $T, b: $T| truth(a <= b);
                $body
            }
            Binary::Equal => {
                let $f = |a: $T, b: $T| truth(a == b);
                $body
            }
            Binary::NotEqual => {
                let $f = |a: $T, b: $T| truth(a != b);
                $body
            }
        }
    }};
}

pub(super) fn binary<T: Real>(op: Binary, a: &Tensor, b: &Tensor, shape: Shape) -> Tensor {
    let (left, right) = (a.as_slice::<T>(), b.as_slice::<T>());
    if a.shape() == b.shape() {
        return with_operation!(op, T, f => zip(left, right, shape, f));
    }
    let (a_steps, b_steps) = (steps(&a.shape(), &shape), steps(&b.shape(), &shape));
    let rank = shape.len();
    let last = shape.last().copied().unwrap_or(1);
    let (a_last, b_last) = if rank == 0 { (0, 0) } else { (a_steps[rank - 1], b_steps[rank - 1]) };
    Tensor::written::<T>(shape, |out| {
        for (line, out) in out.chunks_mut(last.max(1)).enumerate() {
            let (mut a_first, mut b_first, mut rest) = (0, 0, line);
            for axis in (0..rank.saturating_sub(1)).rev() {
                let index = rest % shape[axis];
                rest /= shape[axis];
                a_first += index * a_steps[axis];
                b_first += index * b_steps[axis];
            }
            with_operation!(op, T, f => simd(#[inline(always)] || match (a_last, b_last) {
                (0, 0) => out.fill(f(left[a_first], right[b_first])),
                (0, _) => {
                    let a = left[a_first];
                    out.iter_mut().zip(&right[b_first..]).for_each(|(out, &b)| *out = f(a, b));
                }
                (_, 0) => {
                    let b = right[b_first];
                    out.iter_mut().zip(&left[a_first..]).for_each(|(out, &a)| *out = f(a, b));
                }
                _ => out.iter_mut().zip(&left[a_first..]).zip(&right[b_first..]).for_each(|((out, &a), &b)| *out = f(a, b)),
            }));
        }
    })
}

/// How far apart neighbours along each axis of `into` lie in a tensor of shape `from`; 0 where it is stretched.
fn steps(from: &Shape, into: &Shape) -> [usize; MAX_RANK] {
    let mut steps = [0; MAX_RANK];
    let mut step = 1;
    for axis in (0..into.len()).rev() {
        let size = from.aligned(axis, into.len());
        steps[axis] = if size == 1 { 0 } else { step };
        step *= size;
    }
    steps
}

pub(super) fn binary_scalar<T: Real>(op: Binary, a: &Tensor, scalar: T, reversed: bool) -> Tensor {
    with_operation!(op, T, f => if reversed { map::<T>(a, |x| f(scalar, x)) } else { map::<T>(a, |x| f(x, scalar)) })
}

/// 32 well-mixed bits for the number `index` of the stream `key` (the finalizer of a hash, in two rounds).
#[inline(always)]
fn hash(key: u64, index: u32) -> u32 {
    let mut bits = index ^ key as u32;
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x21f0_aaad);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(0xd35a_2d97);
    bits ^= bits >> 15;
    bits = bits.wrapping_add((key >> 32) as u32);
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x7feb_352d);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(0x846c_a68b);
    bits ^ (bits >> 16)
}

pub(super) fn hashed_uniform<T: Real>(shape: Shape, key: u64) -> Tensor {
    Tensor::written::<T>(shape, |out| {
        parallel::rows_mut(out, 1, parts(shape.elements()), |first, out| {
            simd(
                #[inline(always)]
                || {
                    for (index, out) in out.iter_mut().enumerate() {
                        *out = T::of(f64::from(hash(key, (first + index) as u32) >> 8) / 16_777_216.0);
                    }
                },
            );
        });
    })
}

/// Inverted dropout: the comparison is made on integers, so that the mask does not depend on the number type.
pub(super) fn dropout<T: Real>(x: &Tensor, rate: f64, key: u64) -> Tensor {
    let threshold = (rate * 16_777_216.0).round() as u32;
    let scale = if rate < 1.0 { T::of(1.0 / (1.0 - rate)) } else { T::ZERO };
    let source = x.as_slice::<T>();
    Tensor::written::<T>(x.shape(), |out| {
        parallel::rows_mut(out, 1, parts(4 * source.len()), |first, out| {
            let source = &source[first..first + out.len()];
            simd(
                #[inline(always)]
                || {
                    for (index, (out, &x)) in out.iter_mut().zip(source).enumerate() {
                        let keep = hash(key, (first + index) as u32) >> 8 >= threshold;
                        *out = if keep { x * scale } else { T::ZERO };
                    }
                },
            );
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, variance, neighbours' correlation and the largest gap of hashed numbers, at five standard errors.
    #[test]
    fn hashed_numbers_are_uniform_and_unrelated() {
        let n = 1 << 18;
        for key in [0, 1, 0x1234_5678_9abc_def0, u64::MAX] {
            let draws = hashed_uniform::<f64>(Shape::from_fit(&[n]), key).to_vec_f64();
            let mean = draws.iter().sum::<f64>() / n as f64;
            assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n as f64).sqrt(), "{key:x}: mean {mean}");
            let variance = draws.iter().map(|draw| (draw - 0.5).powi(2)).sum::<f64>() / n as f64;
            assert!(
                (variance - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180.0 / n as f64).sqrt(),
                "{key:x}: variance {variance}"
            );
            for lag in [1, 2, 16, 300, 784] {
                let products: f64 = draws.iter().zip(&draws[lag..]).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
                let correlation = products / ((n - lag) as f64 / 12.0);
                assert!(correlation.abs() < 5.0 / (n as f64).sqrt(), "{key:x}: lag {lag}: {correlation}");
            }
        }
    }

    #[test]
    fn streams_of_neighbouring_keys_are_unrelated() {
        let n = 1 << 16;
        let shape = Shape::from_fit(&[n]);
        let first = hashed_uniform::<f64>(shape, 41).to_vec_f64();
        for key in [42, 41 | 1 << 32, 40] {
            let second = hashed_uniform::<f64>(shape, key).to_vec_f64();
            let products: f64 = first.iter().zip(&second).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
            assert!((products / (n as f64 / 12.0)).abs() < 5.0 / (n as f64).sqrt());
        }
    }
}
