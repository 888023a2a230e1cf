//! Every operation against differences in 64-bit arithmetic.

use super::*;
use crate::random::Generator;

fn random(shape: &[usize], seed: u64) -> Tensor {
    let mut generator = Generator::new(seed);
    let count = shape.iter().product();
    Tensor::from_vec_f64((0..count).map(|_| generator.normal()).collect(), shape).unwrap()
}

/// The gradient of a weighted sum of `f`'s numbers, and its central differences, agree to 1e-7.
fn check(what: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) {
    let total = |inputs: &[Tensor]| -> (Vec<Var>, Var) {
        let vars: Vec<Var> = inputs.iter().cloned().map(Var::new).collect();
        let y = f(&vars);
        let weights = random(&y.shape(), 99);
        let sum = (y * weights).sum();
        (vars, sum)
    };
    let (vars, sum) = total(inputs);
    let gradients = sum.gradients(&vars.iter().collect::<Vec<_>>()).unwrap();
    for (index, gradient) in gradients.iter().enumerate() {
        assert_eq!(gradient.shape(), inputs[index].shape(), "{what}");
        for at in 0..gradient.len() {
            let moved = |shift: f64| {
                let mut inputs = inputs.to_vec();
                inputs[index].as_mut_slice::<f64>()[at] += shift;
                total(&inputs).1.value().unwrap().item().unwrap()
            };
            let step = 1e-5;
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let gradient = gradient.number(at);
            let error = (gradient - difference).abs() / difference.abs().max(1.0);
            assert!(error < 1e-7, "{what}, input {index}[{at}]: {gradient}, difference {difference}");
        }
    }
}

#[test]
fn every_operation_has_the_gradient_of_its_value() {
    let (a, b) = (random(&[3, 4], 1), random(&[3, 4], 2));
    let (row, column) = (random(&[4], 3), random(&[3, 1], 4));
    let positive = a.square() + 0.1;
    let one = |what: &str, f: fn(&Var) -> Var| check(what, std::slice::from_ref(&a), |x| f(&x[0]));
    one("exp", Var::exp);
    one("square", Var::square);
    one("abs", Var::abs);
    one("tanh", Var::tanh);
    one("sigmoid", Var::sigmoid);
    one("relu", Var::relu);
    one("softplus", Var::softplus);
    one("softmax", Var::softmax);
    one("log_softmax", Var::log_softmax);
    one("sin", Var::sin);
    one("cos", Var::cos);
    one("neg", |x| -x);
    one("numbers", |x| 2.0 - (x * 3.0 + 1.0) / 4.0);
    one("a number over it", |x| 2.0 / (x.square() + 1.0));
    one("pow", |x| (x.square() + 1.0).pow(1.5));
    one("clip", |x| x.clip(-0.5, 0.7));
    one("sum", Var::sum);
    one("mean", Var::mean);
    one("sum_along", |x| x.sum_along(0));
    one("mean_along", |x| x.mean_along([0, -1]));
    one("mean_keeping", |x| x - x.mean_keeping(-1));
    one("max_along", |x| x.max_along(1));
    one("min_along", |x| x.min_along(0));
    one("reshape", |x| x.reshape([2, Shape::INFER]).square());
    one("transpose", |x| x.transpose().square());
    one("permute", |x| x.reshape([3, 2, 2]).permute(&[2, 0, 1]).square());
    one("slice", |x| x.slice(&[1..3, 0..2]).square());
    one("maximum with a number", |x| x.maximum(0.3));
    one("used twice", |x| x * x.sum_keeping(1) + x);
    check("ln", std::slice::from_ref(&positive), |x| x[0].ln());
    check("sqrt", std::slice::from_ref(&positive), |x| x[0].sqrt());
    check("pow of both", &[positive, b.clone()], |x| x[0].pow(&x[1]));
    let two = |what: &str, f: fn(&Var, &Var) -> Var| {
        for other in [&b, &row, &column] {
            check(what, &[a.clone(), other.clone()], |x| f(&x[0], &x[1]));
        }
    };
    two("add", |x, y| x + y);
    two("sub", |x, y| x - y);
    two("mul", |x, y| x * y);
    two("div", |x, y| x / (y.square() + 1.0));
    two("maximum", |x, y| x.maximum(y));
    two("minimum", |x, y| x.minimum(y));
    two("where_mask", |x, y| x.where_mask(x.detach().greater(0.1), y));
    check("broadcast_to", &[row], |x| x[0].broadcast_to([2, 3, 4]).square());
    check("matmul", &[a.clone(), random(&[4, 2], 5)], |x| x[0].matmul(&x[1]).square());
    check("concat", &[a.clone(), column], |x| Var::concat(&[x[0].clone(), x[1].clone()], 1).square());
    check("stack", &[a, b], |x| Var::stack(&[x[0].clone(), x[1].clone()]).square());
}

#[test]
fn a_mistake_is_the_error_of_whoever_asks() {
    let x = Var::new(Tensor::zeros([2, 3]));
    let wrong = (&x + Tensor::zeros([2])).square().mean_along(7);
    let error = wrong.value().unwrap_err().to_string();
    assert!(error.contains("add: the shapes [2, 3] and [2] do not broadcast"), "{error}");
    assert!(wrong.sum().gradient(&x).is_err());
    let error = x.mean_along(2).value().unwrap_err().to_string();
    assert!(error.contains("mean_along") && error.contains("axis 2 does not exist"), "{error}");
}

#[test]
fn ties_share_the_gradient_and_constants_have_none() -> Result<()> {
    let x = Var::new(Tensor::new([1.0, 1.0, 0.0]));
    assert_eq!(x.max_along(0).gradient(&x)?.to_vec(), [0.5, 0.5, 0.0]);
    assert_eq!(x.maximum(1.0).gradient(&x)?.to_vec(), [0.5, 0.5, 0.0]);
    let c = Var::constant(Tensor::new([1.0, 2.0, 3.0]));
    assert_eq!((&x * &c).sum().gradient(&c)?.to_vec(), [0.0; 3]);
    assert_eq!((&x * x.detach()).sum().gradient(&x)?.to_vec(), [1.0, 1.0, 0.0]);
    Ok(())
}

/// A chain of many operations neither overflows the stack when it goes away, nor in between.
#[test]
fn long_chains_work() -> Result<()> {
    let x = Var::new(Tensor::scalar(1.0));
    let mut y = x.clone();
    for _ in 0..100_000 {
        y = y + 1e-6;
    }
    assert_eq!(y.gradient(&x)?.item()?, 1.0);
    Ok(())
}
