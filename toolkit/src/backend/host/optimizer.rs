//! Optimizer steps: each weight is read and written once.

use super::{Real, parallel, simd};
use crate::backend::{AdamStep, SgdStep};
use crate::tensor::Tensor;

/// Weights of one update that are worth a thread.
const GRAIN: usize = 1 << 14;

fn parts(len: usize) -> usize {
    (len / GRAIN).clamp(1, 64)
}

pub(super) fn sgd<T: Real>(
    step: SgdStep,
    weights: &mut Tensor,
    grad: &Tensor,
    velocity: Option<&mut Tensor>,
) {
    let (rate, momentum) = (T::of(step.learning_rate), T::of(step.momentum));
    let grad = grad.as_slice::<T>();
    let Some(velocity) = velocity else {
        let weights = weights.as_mut_slice::<T>();
        return parallel::rows_mut(weights, 1, parts(grad.len()), |first, weights| {
            let grad = &grad[first..first + weights.len()];
            simd(
                #[inline(always)]
                || weights.iter_mut().zip(grad).for_each(|(w, &g)| *w -= rate * g),
            );
        });
    };
    let nesterov = step.nesterov;
    let velocities = velocity.as_mut_slice::<T>();
    parallel::pairs_mut(
        weights.as_mut_slice::<T>(),
        velocities,
        parts(grad.len()),
        |first, weights, velocities| {
            let grad = &grad[first..first + weights.len()];
            simd(
                #[inline(always)]
                || {
                    for ((w, m), &g) in weights.iter_mut().zip(velocities).zip(grad) {
                        let pull = rate * g;
                        *m = momentum * *m - pull;
                        *w += if nesterov { momentum * *m - pull } else { *m };
                    }
                },
            );
        },
    );
}

pub(super) fn adam<T: Real>(
    step: AdamStep,
    weights: &mut Tensor,
    grad: &Tensor,
    mean: &mut Tensor,
    square: &mut Tensor,
) {
    let (alpha, epsilon) = (T::of(step.alpha), T::of(step.epsilon));
    let (one_minus_1, one_minus_2) = (T::of(1.0 - step.beta_1), T::of(1.0 - step.beta_2));
    let grad = grad.as_slice::<T>();
    let (weights, mean, square) =
        (weights.as_mut_slice::<T>(), mean.as_mut_slice::<T>(), square.as_mut_slice::<T>());
    parallel::triples_mut(weights, mean, square, parts(grad.len()), |first, weights, mean, square| {
        let grad = &grad[first..first + weights.len()];
        simd(
            #[inline(always)]
            || {
                for (((w, m), v), &g) in weights.iter_mut().zip(mean).zip(square).zip(grad) {
                    *m += (g - *m) * one_minus_1;
                    *v += (g * g - *v) * one_minus_2;
                    *w -= *m * alpha / (Real::sqrt(*v) + epsilon);
                }
            },
        );
    });
}
