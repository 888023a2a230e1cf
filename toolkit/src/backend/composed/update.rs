//! Optimizer steps in terms of the primitives.

use super::super::{Binary, UpdateRule};
use crate::tensor::Tensor;

/// The moving mean `mean` of `value`.
fn follow(mean: &mut Tensor, value: &Tensor, kept: f64) {
    *mean = &*mean + (value - &*mean) * (1.0 - kept);
}

fn larger(a: &Tensor, b: &Tensor) -> Tensor {
    a.backend().binary(Binary::Max, a, b, a.shape())
}

fn power(x: &Tensor, exponent: f64) -> Tensor {
    x.backend().binary_scalar(Binary::Pow, x, exponent, false)
}

pub(in crate::backend) fn update(rule: UpdateRule, w: &mut Tensor, g: &Tensor, slots: &mut [Tensor]) {
    match (rule, slots) {
        (UpdateRule::Adagrad { rate, epsilon }, [sum]) => {
            *sum = &*sum + g.square();
            *w = &*w - g * rate / (&*sum + epsilon).sqrt();
        }
        (UpdateRule::Adadelta { rate, rho, epsilon }, [square, steps]) => {
            *square = &*square * rho + g.square() * (1.0 - rho);
            let step = (&*steps + epsilon).sqrt() * g / (&*square + epsilon).sqrt();
            *steps = &*steps * rho + step.square() * (1.0 - rho);
            *w = &*w - step * rate;
        }
        (UpdateRule::RmsProp { rate, rho, momentum, epsilon, centered }, [square, rest @ ..]) => {
            *square = &*square * rho + g.square() * (1.0 - rho);
            let (step, mean) = if momentum > 0.0 { rest.split_at_mut(1) } else { rest.split_at_mut(0) };
            let root = match (mean, centered) {
                ([mean], true) => {
                    *mean = &*mean * rho + g * (1.0 - rho);
                    (&*square - mean.square() + epsilon).sqrt()
                }
                _ => (&*square + epsilon).sqrt(),
            };
            let pull = g * rate / root;
            *w = match step {
                [step] => {
                    *step = &*step * momentum + pull;
                    &*w - &*step
                }
                _ => &*w - pull,
            };
        }
        (UpdateRule::Amsgrad(step), [mean, square, largest]) => {
            follow(mean, g, step.beta_1);
            follow(square, &g.square(), step.beta_2);
            *largest = larger(largest, square);
            *w = &*w - &*mean * step.alpha / (largest.sqrt() + step.epsilon);
        }
        (UpdateRule::Adamax { rate, beta_1, beta_2, epsilon }, [mean, size]) => {
            follow(mean, g, beta_1);
            *size = larger(&(&*size * beta_2), &g.abs());
            *w = &*w - &*mean * rate / (&*size + epsilon);
        }
        (
            UpdateRule::Nadam { mean_rate, gradient_rate, square_scale, beta_1, beta_2, epsilon },
            [mean, square],
        ) => {
            follow(mean, g, beta_1);
            follow(square, &g.square(), beta_2);
            let pull = &*mean * mean_rate + g * gradient_rate;
            *w = &*w - pull / ((&*square * square_scale).sqrt() + epsilon);
        }
        (UpdateRule::Lion { rate, beta_1, beta_2 }, [momentum]) => {
            *w = &*w - (&*momentum * beta_1 + g * (1.0 - beta_1)).sign() * rate;
            *momentum = &*momentum * beta_2 + g * (1.0 - beta_2);
        }
        (UpdateRule::Ftrl { rate, power: exponent, l1, l2, shrinkage }, [sum, linear]) => {
            let next = &*sum + g.square();
            let rise = (power(&next, -exponent) - power(sum, -exponent)) / rate;
            *linear = &*linear + g + &*w * (2.0 * shrinkage) - rise * &*w;
            let quadratic = power(&next, -exponent) / rate + 2.0 * l2;
            *w = (linear.clip(-l1, l1) - &*linear) / quadratic;
            *sum = next;
        }
        (rule, slots) => unreachable!("{rule:?} with {} slots", slots.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{AdamStep, SgdStep, composed};
    use crate::tensor::DType;

    /// Weights, and the gradient of a step.
    fn numbers(count: usize, seed: f64, dtype: DType) -> Tensor {
        let values = (0..count).map(|at| ((at as f64 + 1.0) * seed).sin() * 0.8);
        Tensor::from_vec_f64(values.collect(), [count]).unwrap().cast(dtype)
    }

    fn assert_near(what: &str, ours: &[Tensor], theirs: &[Tensor], tolerance: f64) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            for (ours, theirs) in ours.to_vec_f64().iter().zip(theirs.to_vec_f64()) {
                let near = (ours - theirs).abs() <= tolerance * (1.0 + theirs.abs());
                assert!(near, "{what}: {ours}, composed {theirs}");
            }
        }
    }

    /// Six steps of each rule by the host's own loops and by the composed bodies, in both number types.
    #[test]
    fn the_hosts_optimizers_equal_the_composed_ones() {
        let adam = AdamStep { alpha: 0.03, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
        let rms = |momentum, centered| UpdateRule::RmsProp {
            rate: 0.02,
            rho: 0.9,
            momentum,
            epsilon: 1e-7,
            centered,
        };
        let rules = [
            (UpdateRule::Adagrad { rate: 0.3, epsilon: 1e-7 }, 1),
            (UpdateRule::Adadelta { rate: 1.0, rho: 0.95, epsilon: 1e-7 }, 2),
            (rms(0.0, false), 1),
            (rms(0.9, false), 2),
            (rms(0.0, true), 2),
            (rms(0.9, true), 3),
            (UpdateRule::Amsgrad(adam), 3),
            (UpdateRule::Adamax { rate: 0.05, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }, 2),
            (
                UpdateRule::Nadam {
                    mean_rate: 0.04,
                    gradient_rate: 0.01,
                    square_scale: 3.0,
                    beta_1: 0.9,
                    beta_2: 0.999,
                    epsilon: 1e-7,
                },
                2,
            ),
            (UpdateRule::Lion { rate: 0.01, beta_1: 0.9, beta_2: 0.99 }, 1),
            (UpdateRule::Ftrl { rate: 0.1, power: -0.5, l1: 0.01, l2: 0.02, shrinkage: 0.01 }, 2),
        ];
        for dtype in [DType::Float32, DType::Float64] {
            let tolerance = if dtype == DType::Float64 { 1e-13 } else { 2e-6 };
            for (rule, slots) in rules {
                // Long enough that the host divides the work. Sums of squares begin above 0, as Adagrad's do.
                let mut ours = vec![numbers(40_000, 0.7, dtype)];
                let slot = Tensor::filled(dtype, ours[0].shape(), 0.1);
                ours.extend((0..slots).map(|_| slot.clone()));
                let mut theirs = ours.clone();
                for step in 1..=6 {
                    let gradient = numbers(40_000, 0.3 * f64::from(step), dtype);
                    let backend = gradient.backend();
                    let (weight, slots) = ours.split_at_mut(1);
                    backend.update(rule, &mut weight[0], &gradient, slots);
                    let (weight, slots) = theirs.split_at_mut(1);
                    update(rule, &mut weight[0], &gradient, slots);
                }
                assert_near(&format!("{rule:?}, {dtype:?}"), &ours, &theirs, tolerance);
            }
            for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
                let rule = SgdStep { learning_rate: 0.05, momentum, nesterov };
                let mut ours = vec![numbers(40_000, 0.7, dtype), numbers(40_000, 0.2, dtype)];
                let mut theirs = ours.clone();
                let gradient = numbers(40_000, 0.4, dtype);
                for _ in 0..6 {
                    for (pair, composed) in [(&mut ours, false), (&mut theirs, true)] {
                        let (weight, velocity) = pair.split_at_mut(1);
                        let velocity = (momentum > 0.0).then_some(&mut velocity[0]);
                        if composed {
                            composed::sgd(rule, &mut weight[0], &gradient, velocity);
                        } else {
                            gradient.backend().sgd(rule, &mut weight[0], &gradient, velocity);
                        }
                    }
                }
                assert_near(&format!("{rule:?}, {dtype:?}"), &ours, &theirs, tolerance);
            }
            let mut ours: Vec<Tensor> = [0.7, 0.2].iter().map(|&seed| numbers(40_000, seed, dtype)).collect();
            ours.push(numbers(40_000, 0.2, dtype).square());
            let mut theirs = ours.clone();
            for step in 1..=6 {
                let gradient = numbers(40_000, 0.3 * f64::from(step), dtype);
                if let [weight, mean, square] = ours.as_mut_slice() {
                    gradient.backend().adam(adam, weight, &gradient, mean, square);
                }
                if let [weight, mean, square] = theirs.as_mut_slice() {
                    composed::adam(adam, weight, &gradient, mean, square);
                }
            }
            assert_near(&format!("{adam:?}, {dtype:?}"), &ours, &theirs, tolerance);
        }
    }
}
