//! Batch normalization over the rows of a matrix.

use super::{Real, simd};
use crate::backend::Normalized;
use crate::tensor::{Shape, Tensor};

/// $y = \gamma \hat x + \beta$ with $\hat x = (x - \mu) / \sqrt{\sigma^2 + \epsilon}$; the variance divides by n.
pub(super) fn forward<T: Real>(
    x: &Tensor,
    gamma: Option<&Tensor>,
    beta: Option<&Tensor>,
    epsilon: f64,
) -> Normalized {
    let (rows, columns) = x.shape().as_rows();
    let source = x.as_slice::<T>();
    let share = T::of(1.0 / rows as f64);
    let shape = Shape::from_fit(&[columns]);
    let mean = Tensor::written::<T>(shape, |mean| {
        simd(
            #[inline(always)]
            || {
                mean.fill(T::ZERO);
                for row in source.chunks(columns.max(1)) {
                    mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += x);
                }
                mean.iter_mut().for_each(|mean| *mean *= share);
            },
        );
    });
    let means = mean.as_slice::<T>();
    let variance = Tensor::written::<T>(shape, |variance| {
        simd(
            #[inline(always)]
            || {
                variance.fill(T::ZERO);
                for row in source.chunks(columns.max(1)) {
                    for ((variance, &mean), &x) in variance.iter_mut().zip(means).zip(row) {
                        *variance += (x - mean) * (x - mean);
                    }
                }
                variance.iter_mut().for_each(|variance| *variance *= share);
            },
        );
    });
    let (scale, shift) = affine::<T>(means, variance.as_slice::<T>(), gamma, beta, epsilon);
    let output = Tensor::written::<T>(x.shape(), |out| {
        simd(
            #[inline(always)]
            || {
                for (out, row) in out.chunks_mut(columns.max(1)).zip(source.chunks(columns.max(1))) {
                    for (((out, &x), &scale), &shift) in out.iter_mut().zip(row).zip(&scale).zip(&shift) {
                        *out = x * scale + shift;
                    }
                }
            },
        );
    });
    Normalized { output, mean, variance }
}

/// Scale and shift of each column, so that normalization is `x * scale + shift`, as Keras computes it.
fn affine<T: Real>(
    mean: &[T],
    variance: &[T],
    gamma: Option<&Tensor>,
    beta: Option<&Tensor>,
    epsilon: f64,
) -> (Vec<T>, Vec<T>) {
    let gamma = gamma.map(Tensor::as_slice::<T>);
    let beta = beta.map(Tensor::as_slice::<T>);
    let scale: Vec<T> = (0..mean.len())
        .map(|column| {
            gamma.map_or(T::ONE, |gamma| gamma[column]) / Real::sqrt(variance[column] + T::of(epsilon))
        })
        .collect();
    let shift = (0..mean.len())
        .map(|column| beta.map_or(T::ZERO, |beta| beta[column]) - mean[column] * scale[column])
        .collect();
    (scale, shift)
}

/// With $g$ the upstream gradient, $s = 1/\sqrt{\sigma^2 + \epsilon}$ and means over the batch:
/// $dx = \gamma s \, (g - \overline{g} - \hat x \, \overline{g \hat x})$.
pub(super) fn backward<T: Real>(
    x: &Tensor,
    normalized: &Normalized,
    gamma: Option<&Tensor>,
    grad: &Tensor,
    epsilon: f64,
) -> (Tensor, Tensor, Tensor) {
    let (rows, columns) = x.shape().as_rows();
    let (source, upstream) = (x.as_slice::<T>(), grad.as_slice::<T>());
    let means = normalized.mean.as_slice::<T>();
    let inverse: Vec<T> = normalized
        .variance
        .as_slice::<T>()
        .iter()
        .map(|&variance| T::ONE / Real::sqrt(variance + T::of(epsilon)))
        .collect();
    let shape = Shape::from_fit(&[columns]);
    let d_beta = super::reduction::reduce::<T>(crate::backend::Reduction::Sum, grad, (1, rows, columns))
        .reshaped(shape);
    let d_gamma = Tensor::written::<T>(shape, |out| {
        simd(
            #[inline(always)]
            || {
                out.fill(T::ZERO);
                for (row, upstream) in source.chunks(columns.max(1)).zip(upstream.chunks(columns.max(1))) {
                    for (((out, &x), &grad), &mean) in out.iter_mut().zip(row).zip(upstream).zip(means) {
                        *out += grad * (x - mean);
                    }
                }
                out.iter_mut().zip(&inverse).for_each(|(out, &inverse)| *out *= inverse);
            },
        );
    });
    let share = T::of(1.0 / rows as f64);
    let gammas = gamma.map(Tensor::as_slice::<T>);
    let (beta_sums, gamma_sums) = (d_beta.as_slice::<T>(), d_gamma.as_slice::<T>());
    // dx = a g + b (x - mean) + c, with one a, b, c a column.
    let (mut a, mut b, mut c) = (vec![T::ZERO; columns], vec![T::ZERO; columns], vec![T::ZERO; columns]);
    for column in 0..columns {
        let scale = gammas.map_or(T::ONE, |gamma| gamma[column]) * inverse[column];
        a[column] = scale;
        b[column] = -scale * inverse[column] * gamma_sums[column] * share;
        c[column] = -scale * beta_sums[column] * share;
    }
    let d_x = Tensor::written::<T>(x.shape(), |out| {
        simd(
            #[inline(always)]
            || {
                let lines = out
                    .chunks_mut(columns.max(1))
                    .zip(source.chunks(columns.max(1)))
                    .zip(upstream.chunks(columns.max(1)));
                for ((out, row), upstream) in lines {
                    for column in 0..columns {
                        out[column] = a[column] * upstream[column]
                            + b[column] * (row[column] - means[column])
                            + c[column];
                    }
                }
            },
        );
    });
    (d_x, d_gamma, d_beta)
}
