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
