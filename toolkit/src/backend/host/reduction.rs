//! Sums, extremes and their places. The order of additions depends on the shape alone.

use super::{Real, simd};
use crate::backend::Reduction;
use crate::tensor::{Data, Shape, Tensor};
use std::sync::Arc;

/// Running sums that are kept side by side: enough for two AVX-512 registers of f32.
const LANES: usize = 32;

/// The sum of f(x): in lanes over runs of numbers, and the runs' sums in f64.
#[inline(always)]
pub(crate) fn sum_of<T: Real>(values: &[T], f: impl Fn(T) -> T) -> f64 {
    let mut total = 0.0;
    for run in values.chunks(4096) {
        let mut lanes = [T::ZERO; LANES];
        let (whole, rest) = run.as_chunks::<LANES>();
        for chunk in whole {
            for lane in 0..LANES {
                lanes[lane] += f(chunk[lane]);
            }
        }
        let mut sum = 0.0;
        for lane in lanes {
            sum += lane.f64();
        }
        for &value in rest {
            sum += f(value).f64();
        }
        total += sum;
    }
    total
}

pub(super) fn reduce<T: Real>(
    op: Reduction,
    x: &Tensor,
    (outer, axis, inner): (usize, usize, usize),
) -> Tensor {
    let source = x.as_slice::<T>();
    Tensor::written::<T>(Shape::from_fit(&[outer, inner]), |out| {
        simd(
            #[inline(always)]
            || {
                for block in 0..outer {
                    let source = &source[block * axis * inner..(block + 1) * axis * inner];
                    let out = &mut out[block * inner..(block + 1) * inner];
                    match op {
                        Reduction::Sum => sum_columns(source, out, T::ONE),
                        Reduction::Mean => sum_columns(source, out, T::of(1.0 / axis as f64)),
                        Reduction::Max => fold_columns(source, out, Real::max),
                        Reduction::Min => fold_columns(source, out, Real::min),
                    }
                }
            },
        );
    })
}

#[inline(always)]
fn sum_columns<T: Real>(source: &[T], out: &mut [T], factor: T) {
    if out.len() == 1 {
        out[0] = T::of(sum_of(source, |x| x) * factor.f64());
        return;
    }
    out.fill(T::ZERO);
    for row in source.chunks(out.len().max(1)) {
        out.iter_mut().zip(row).for_each(|(out, &x)| *out += x);
    }
    out.iter_mut().for_each(|out| *out *= factor);
}

#[inline(always)]
fn fold_columns<T: Real>(source: &[T], out: &mut [T], f: impl Fn(T, T) -> T) {
    if source.is_empty() {
        return out.fill(T::of(f64::NAN));
    }
    let (first, rest) = source.split_at(out.len());
    out.copy_from_slice(first);
    for row in rest.chunks(out.len().max(1)) {
        out.iter_mut().zip(row).for_each(|(out, &x)| *out = f(*out, x));
    }
}

pub(super) fn arg_max<T: Real>(x: &Tensor, (outer, axis, inner): (usize, usize, usize)) -> Tensor {
    let source = x.as_slice::<T>();
    let place = |block: usize, column: usize| {
        let number = |index: usize| source[(block * axis + index) * inner + column];
        (1..axis).fold(0, |best, index| if number(index) > number(best) { index } else { best }) as i32
    };
    let places = (0..outer * inner).map(|index| place(index / inner.max(1), index % inner.max(1))).collect();
    Tensor::from_data(Data::I32(Arc::new(places)), Shape::from_fit(&[outer, inner]))
}

#[allow(clippy::eq_op)] // The difference of a number and itself is the test.
pub(super) fn all_finite<T: Real>(x: &Tensor) -> bool {
    // x - x is 0 for finite numbers and NaN for all others, and NaN survives the sum.
    Real::is_finite(simd(
        #[inline(always)]
        || sum_of(x.as_slice::<T>(), |x| x - x),
    ))
}
