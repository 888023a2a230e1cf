//! Matrix products by faer, and the linear layer with bias and activation in one pass.

use super::{Real, activation, parallel, simd};
use crate::activations::Activation;
use crate::backend::LinearGradients;
use crate::tensor::{Shape, Tensor};
use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Multiplications that are worth a thread: some 20 µs.
const GRAIN: usize = 1 << 20;

/// A matrix in row-major memory, read as it lies or as its transpose.
#[derive(Clone, Copy)]
struct Side<'a, T> {
    numbers: &'a [T],
    rows: usize,
    columns: usize,
    transpose: bool,
}

impl<'a, T: Real> Side<'a, T> {
    fn of(tensor: &'a Tensor, transpose: bool) -> Self {
        let (rows, columns) = tensor.shape().as_rows();
        Self { numbers: tensor.as_slice(), rows, columns, transpose }
    }

    fn matrix(&self) -> MatRef<'a, T> {
        let matrix = MatRef::from_row_major_slice(self.numbers, self.rows, self.columns);
        if self.transpose { matrix.transpose() } else { matrix }
    }
}

pub(super) fn matmul<T: Real>(a: &Tensor, transpose_a: bool, b: &Tensor, transpose_b: bool) -> Tensor {
    product(Side::<T>::of(a, transpose_a), Side::of(b, transpose_b), |_| {})
}

/// a times b; `finish` gets each run of whole result rows while it is still in the cache.
fn product<T: Real>(a: Side<'_, T>, b: Side<'_, T>, finish: impl Fn(&mut [T]) + Sync) -> Tensor {
    let (left, right) = (a.matrix(), b.matrix());
    let (m, k, n) = (left.nrows(), left.ncols(), right.ncols());
    Tensor::written::<T>(Shape::from_fit(&[m, n]), |out| {
        // The cut is by rows, in multiples of 8, and by size alone: each number is the same sum in any cut.
        let parts = (m * k * n / GRAIN).clamp(1, m.div_ceil(8).max(1)).min(16);
        parallel::rows_mut(out, n, parts, |first, out| {
            let rows = out.len().checked_div(n).unwrap_or(0);
            if k == 0 {
                out.fill(T::ZERO);
            } else if !out.is_empty() {
                let into = MatMut::from_row_major_slice_mut(out, rows, n);
                faer_matmul(into, Accum::Replace, left.subrows(first, rows), right, T::ONE, Par::Seq);
            }
            finish(out);
        });
    })
}

pub(super) fn forward<T: Real>(
    x: &Tensor,
    kernel: &Tensor,
    bias: Option<&Tensor>,
    activation: &Activation,
) -> (Tensor, Option<Tensor>) {
    let bias = bias.map(Tensor::as_slice::<T>);
    let units = kernel.shape()[1];
    let add_bias = |out: &mut [T]| {
        if let Some(bias) = bias {
            simd(
                #[inline(always)]
                || {
                    for row in out.chunks_mut(units.max(1)) {
                        row.iter_mut().zip(bias).for_each(|(out, &bias)| *out += bias);
                    }
                },
            );
        }
    };
    let (x, kernel) = (Side::<T>::of(x, false), Side::of(kernel, false));
    if activation.gradient_needs_input() {
        let before = product(x, kernel, add_bias);
        let after = activation::activate::<T>(activation, &before);
        return (after, Some(before));
    }
    let after = product(x, kernel, |out| {
        add_bias(out);
        activation::in_place(activation, out, units);
    });
    (after, None)
}

pub(super) fn backward<T: Real>(
    x: &Tensor,
    kernel: &Tensor,
    grad: &Tensor,
    bias: bool,
    input: bool,
) -> LinearGradients {
    let upstream = Side::<T>::of(grad, false);
    let bias = bias.then(|| {
        let (rows, units) = grad.shape().as_rows();
        super::reduction::reduce::<T>(crate::backend::Reduction::Sum, grad, (1, rows, units))
            .reshaped(Shape::from_fit(&[units]))
    });
    LinearGradients {
        input: input.then(|| product(upstream, Side::of(kernel, true), |_| {})),
        kernel: product(Side::of(x, true), upstream, |_| {}),
        bias,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Products that are cut into parts equal, to the bit, the product in one piece.
    #[test]
    fn the_cut_does_not_change_a_bit() {
        let numbers = |n: usize, k: usize| -> Vec<f32> {
            (0..n).map(|i| ((i * k) % 251) as f32 / 251.0 - 0.5).collect()
        };
        let (m, k, n) = (784, 32, 300);
        let (a, b) = (numbers(m * k, 7919), numbers(k * n, 10_4729));
        let mut whole = vec![0.0_f32; m * n];
        let left = MatRef::from_row_major_slice(&a, k, m).transpose();
        let right = MatRef::from_row_major_slice(&b, k, n);
        faer_matmul(
            MatMut::from_row_major_slice_mut(&mut whole, m, n),
            Accum::Replace,
            left,
            right,
            1.0,
            Par::Seq,
        );
        let a = Tensor::from_vec(a, [k, m]).unwrap();
        let b = Tensor::from_vec(b, [k, n]).unwrap();
        assert_eq!(matmul::<f32>(&a, true, &b, false).to_vec(), whole);
    }

    #[test]
    fn empty_products_are_zero() {
        let product = matmul::<f32>(&Tensor::zeros([2, 0]), false, &Tensor::zeros([0, 3]), false);
        assert_eq!(product.to_vec(), [0.0; 6]);
        assert!(matmul::<f32>(&Tensor::zeros([0, 2]), false, &Tensor::zeros([2, 3]), false).is_empty());
    }
}
