//! Activations with ArrayFire's own functions; the others are composed of the primitives.

use super::array::Value;
use crate::activations::Activation;

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// The activation of each number, where there is a short way.
pub(super) fn forward(activation: &Activation, x: &Value) -> Option<Value> {
    let positive = || x.with(0.0, |f| f.maxof);
    let negative = || x.with(0.0, |f| f.minof);
    Some(match *activation {
        Activation::Linear => x.clone(),
        Activation::Relu { negative_slope: 0.0, max_value: None, threshold: 0.0 } => positive(),
        Activation::LeakyRelu { negative_slope } if (0.0..=1.0).contains(&negative_slope) => {
            x.binary(&x.with(negative_slope, |f| f.mul), |f| f.maxof)
        }
        Activation::Elu { alpha: 1.0 } => positive().binary(&negative().unary(|f| f.expm1), |f| f.add),
        Activation::Elu { alpha } => {
            positive().binary(&negative().unary(|f| f.expm1).with(alpha, |f| f.mul), |f| f.add)
        }
        Activation::Selu => {
            let below = negative().unary(|f| f.expm1).with(SELU_ALPHA, |f| f.mul);
            positive().binary(&below, |f| f.add).with(SELU_SCALE, |f| f.mul)
        }
        Activation::Gelu { approximate: false } => x.binary(&normal_share(x), |f| f.mul),
        Activation::Sigmoid => x.unary(|f| f.sigmoid),
        Activation::Silu => x.binary(&x.unary(|f| f.sigmoid), |f| f.mul),
        Activation::Tanh => x.unary(|f| f.tanh),
        Activation::Exponential => x.unary(|f| f.exp),
        Activation::Softplus => {
            let small = x.beside(0.0).binary(&x.unary(|f| f.abs), |f| f.sub).unary(|f| f.exp);
            positive().binary(&small.unary(|f| f.log1p), |f| f.add)
        }
        _ => return None,
    })
}

/// The derivative at each number, where there is a short way; `x` and `y` are the activation's input and output.
pub(super) fn derivative(activation: &Activation, x: &Value, y: &Value) -> Option<Value> {
    let positive = || y.condition(&y.beside(0.0), |f| f.gt);
    let one = || y.beside(1.0);
    Some(match *activation {
        Activation::Linear => one(),
        Activation::Relu { negative_slope: 0.0, max_value: None, threshold: 0.0 } => {
            y.compared(&y.beside(0.0), |f| f.gt)
        }
        // Above 0 it is 1, below e^x, which is 1 more than the output.
        Activation::Elu { alpha: 1.0 } => y.with(0.0, |f| f.minof).with(1.0, |f| f.add),
        Activation::Elu { alpha } if alpha > 0.0 => positive().select(&one(), &y.with(alpha, |f| f.add)),
        Activation::Selu => {
            let below = y.with(SELU_SCALE * SELU_ALPHA, |f| f.add);
            positive().select(&y.beside(SELU_SCALE), &below)
        }
        Activation::Gelu { approximate: false } => {
            let bell = x.binary(x, |f| f.mul).with(-0.5, |f| f.mul).unary(|f| f.exp);
            let bell = x.binary(&bell, |f| f.mul).with(0.398_942_280_401_432_7, |f| f.mul);
            normal_share(x).binary(&bell, |f| f.add)
        }
        Activation::Sigmoid => y.binary(&one().binary(y, |f| f.sub), |f| f.mul),
        Activation::Tanh => one().binary(&y.binary(y, |f| f.mul), |f| f.sub),
        Activation::Softplus => x.unary(|f| f.sigmoid),
        _ => return None,
    })
}

/// The normal distribution function.
fn normal_share(x: &Value) -> Value {
    x.with(std::f64::consts::FRAC_1_SQRT_2, |f| f.mul)
        .unary(|f| f.erf)
        .with(1.0, |f| f.add)
        .with(0.5, |f| f.mul)
}
