//! The steps of the optimizers beside SGD and Adam: each weight and slot is read and written once.

use super::{Real, parallel, simd};
use crate::backend::UpdateRule;
use crate::tensor::Tensor;

/// Weights of one update that are worth a thread.
const GRAIN: usize = 1 << 14;

pub(super) fn update<T: Real>(rule: UpdateRule, w: &mut Tensor, g: &Tensor, slots: &mut [Tensor]) {
    let of = T::of;
    match (rule, slots) {
        (UpdateRule::Adagrad { rate, epsilon }, [sum]) => {
            let (rate, epsilon) = (of(rate), of(epsilon));
            each::<T, _>(w, g, [sum], |w, g, [sum]| {
                let sum = sum + g * g;
                (w - rate * g / Real::sqrt(sum + epsilon), [sum])
            });
        }
        (UpdateRule::Adadelta { rate, rho, epsilon }, [square, steps]) => {
            let (rate, new, rho, epsilon) = (of(rate), of(1.0 - rho), of(rho), of(epsilon));
            each::<T, _>(w, g, [square, steps], |w, g, [square, steps]| {
                let square = rho * square + new * g * g;
                let step = Real::sqrt(steps + epsilon) * g / Real::sqrt(square + epsilon);
                (w - rate * step, [square, rho * steps + new * step * step])
            });
        }
        (UpdateRule::RmsProp { rate, rho, momentum, epsilon, centered }, [square, rest @ ..]) => {
            let (rate, new, rho) = (of(rate), of(1.0 - rho), of(rho));
            let (momentum, epsilon) = (of(momentum), of(epsilon));
            match (rest, centered) {
                ([], _) => each::<T, _>(w, g, [square], |w, g, [square]| {
                    let square = rho * square + new * g * g;
                    (w - rate * g / Real::sqrt(square + epsilon), [square])
                }),
                ([mean], true) => each::<T, _>(w, g, [square, mean], |w, g, [square, mean]| {
                    let square = rho * square + new * g * g;
                    let mean = rho * mean + new * g;
                    (w - rate * g / Real::sqrt(square - mean * mean + epsilon), [square, mean])
                }),
                ([step], false) => each::<T, _>(w, g, [square, step], |w, g, [square, step]| {
                    let square = rho * square + new * g * g;
                    let step = momentum * step + rate * g / Real::sqrt(square + epsilon);
                    (w - step, [square, step])
                }),
                ([step, mean], _) => {
                    each::<T, _>(w, g, [square, step, mean], |w, g, [square, step, mean]| {
                        let square = rho * square + new * g * g;
                        let mean = rho * mean + new * g;
                        let step = momentum * step + rate * g / Real::sqrt(square - mean * mean + epsilon);
                        (w - step, [square, step, mean])
                    });
                }
                (rest, _) => unreachable!("RMSprop with {} slots", rest.len() + 1),
            }
        }
        (UpdateRule::Amsgrad(step), [mean, square, largest]) => {
            let (alpha, epsilon) = (of(step.alpha), of(step.epsilon));
            let (new_1, new_2) = (of(1.0 - step.beta_1), of(1.0 - step.beta_2));
            each::<T, _>(w, g, [mean, square, largest], |w, g, [mean, square, largest]| {
                let mean = mean + (g - mean) * new_1;
                let square = square + (g * g - square) * new_2;
                let largest = Real::max(largest, square);
                (w - mean * alpha / (Real::sqrt(largest) + epsilon), [mean, square, largest])
            });
        }
        (UpdateRule::Adamax { rate, beta_1, beta_2, epsilon }, [mean, size]) => {
            let (rate, new_1, beta_2, epsilon) = (of(rate), of(1.0 - beta_1), of(beta_2), of(epsilon));
            each::<T, _>(w, g, [mean, size], |w, g, [mean, size]| {
                let mean = mean + (g - mean) * new_1;
                let size = Real::max(beta_2 * size, Real::abs(g));
                (w - rate * mean / (size + epsilon), [mean, size])
            });
        }
        (
            UpdateRule::Nadam { mean_rate, gradient_rate, square_scale, beta_1, beta_2, epsilon },
            [mean, square],
        ) => {
            let (mean_rate, gradient_rate, scale) = (of(mean_rate), of(gradient_rate), of(square_scale));
            let (new_1, new_2, epsilon) = (of(1.0 - beta_1), of(1.0 - beta_2), of(epsilon));
            each::<T, _>(w, g, [mean, square], |w, g, [mean, square]| {
                let mean = mean + (g - mean) * new_1;
                let square = square + (g * g - square) * new_2;
                let pull = mean * mean_rate + g * gradient_rate;
                (w - pull / (Real::sqrt(square * scale) + epsilon), [mean, square])
            });
        }
        (UpdateRule::Lion { rate, beta_1, beta_2 }, [momentum]) => {
            let (rate, new_1, new_2) = (of(rate), of(1.0 - beta_1), of(1.0 - beta_2));
            let (beta_1, beta_2) = (of(beta_1), of(beta_2));
            each::<T, _>(w, g, [momentum], |w, g, [momentum]| {
                let direction = beta_1 * momentum + new_1 * g;
                let up = if direction > T::ZERO { rate } else { T::ZERO };
                let down = if direction < T::ZERO { rate } else { T::ZERO };
                (w - up + down, [beta_2 * momentum + new_2 * g])
            });
        }
        (UpdateRule::Ftrl { rate, power, l1, l2, shrinkage }, [sum, linear]) => {
            let (power, per_rate, l1) = (of(-power), of(1.0 / rate), of(l1));
            let (twice_l2, twice_shrinkage) = (of(2.0 * l2), of(2.0 * shrinkage));
            each::<T, _>(w, g, [sum, linear], |w, g, [sum, linear]| {
                let next = sum + g * g;
                let grown = Real::powf(next, power);
                let rise = (grown - Real::powf(sum, power)) * per_rate;
                let linear = linear + g + twice_shrinkage * w - rise * w;
                let kept = Real::max(Real::min(linear, l1), -l1);
                ((kept - linear) / (grown * per_rate + twice_l2), [next, linear])
            });
        }
        (rule, slots) => unreachable!("{rule:?} with {} slots", slots.len()),
    }
}

/// Replaces each weight and its slots by what `rule` makes of them and of the gradient.
fn each<T: Real, const N: usize>(
    weights: &mut Tensor,
    grad: &Tensor,
    slots: [&mut Tensor; N],
    rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
) {
    let grad = grad.as_slice::<T>();
    let parts = (grad.len() / GRAIN).clamp(1, 64);
    let slots = slots.map(Tensor::as_mut_slice::<T>);
    parallel::with_all_mut(weights.as_mut_slice::<T>(), slots, parts, |first, weights, slots| {
        let len = weights.len();
        let grad = &grad[first..first + len];
        let mut slots = slots.map(|slot| &mut slot[..len]);
        simd(
            #[inline(always)]
            || {
                for index in 0..len {
                    let old = std::array::from_fn(|slot| slots[slot][index]);
                    let (weight, new) = rule(weights[index], grad[index], old);
                    weights[index] = weight;
                    for (slot, value) in slots.iter_mut().zip(new) {
                        slot[index] = value;
                    }
                }
            },
        );
    });
}
