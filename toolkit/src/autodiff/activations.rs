//! Activations, by the engine where it has them in a stable form.

use super::Var;
use crate::Activation;

impl Var {
    /// $1 / (1 + e^{-x})$ of each number.
    pub fn sigmoid(&self) -> Self {
        self.apply("sigmoid", |x| Ok(Activation::Sigmoid.apply(x)), |g, _, y| g.mul(y.mul(1.0 - y)?))
    }

    /// $\max(x, 0)$ of each number; its derivative at 0 is 0.
    pub fn relu(&self) -> Self {
        self.apply("relu", |x| x.maximum(0.0), |g, x, _| g.mul(x.greater(0.0)?))
    }

    /// $\ln(1 + e^x)$ of each number.
    pub fn softplus(&self) -> Self {
        let pull =
            |g: &crate::Tensor, x: &crate::Tensor, _: &crate::Tensor| g.mul(Activation::Sigmoid.apply(x));
        self.apply("softplus", |x| Ok(Activation::Softplus.apply(x)), pull)
    }

    /// $e^{x_i} / \sum_j e^{x_j}$ along the last axis.
    pub fn softmax(&self) -> Self {
        self.log_softmax().exp()
    }

    /// The logarithm of [`softmax`](Self::softmax), also where that is too small for a number.
    pub fn log_softmax(&self) -> Self {
        let shape = self.shape();
        let Some((_, outer)) = shape.split_last() else {
            let error = crate::Error::shape("softmax needs an axis, but this is a scalar");
            return self.mistaken("log_softmax", error);
        };
        let largest = self.detach().max_along(-1).reshape([outer, &[1]].concat());
        let moved = self - largest;
        &moved - moved.exp().sum_keeping(-1).ln()
    }
}
