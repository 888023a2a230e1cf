//! Operations on each number, and on pairs with broadcasting.

use super::Var;
use crate::Result;
use crate::tensor::{Shape, Tensor};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident: $operation:expr, $pull:expr;)*) => {
        impl Var {$(
            $(#[$doc])*
            pub fn $name(&self) -> Self {
                self.apply(stringify!($name), $operation, $pull)
            }
        )*}
    };
}

unary! {
    /// e to the power of each number.
    exp: |x| Ok(x.exp()), |g, _, y| g.mul(y);
    /// The natural logarithm of each number.
    ln: |x| Ok(x.ln()), |g, x, _| g.div(x);
    /// The square root of each number.
    sqrt: |x| Ok(x.sqrt()), |g, _, y| g.div(y * 2.0);
    /// The square of each number.
    square: |x| Ok(x.square()), |g, x, _| g.mul(x * 2.0);
    /// The size of each number without its sign; its derivative at 0 is 0.
    abs: |x| Ok(x.abs()), |g, x, _| g.mul(x.sign());
    /// -1, 0 or 1 by the sign of each number; its derivative is 0.
    sign: |x| Ok(x.sign()), |g, _, _| Ok(g * 0.0);
    /// The hyperbolic tangent of each number.
    tanh: |x| Ok(x.tanh()), |g, _, y| g.mul(1.0 - y.square());
    /// The sine of each number (in radians).
    sin: |x| Ok(x.sin()), |g, x, _| g.mul(x.cos());
    /// The cosine of each number (in radians).
    cos: |x| Ok(x.cos()), |g, x, _| g.mul(-x.sin());
}

/// What stands beside a [`Var`] in an operation: another one, a tensor, or a number.
pub trait VarOperand {
    /// It as a variable; numbers and tensors are constants.
    fn to_var(&self) -> Var;

    /// The number, where it is one: that is computed with more cheaply.
    #[doc(hidden)]
    fn number(&self) -> Option<f64> {
        None
    }
}

impl VarOperand for Var {
    fn to_var(&self) -> Var {
        self.clone()
    }
}

impl VarOperand for Tensor {
    fn to_var(&self) -> Var {
        self.into()
    }
}

impl VarOperand for f64 {
    fn to_var(&self) -> Var {
        (*self).into()
    }

    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<T: VarOperand> VarOperand for &T {
    fn to_var(&self) -> Var {
        (**self).to_var()
    }

    fn number(&self) -> Option<f64> {
        (**self).number()
    }
}

/// A gradient summed over what broadcasting has repeated.
fn summed_to(gradient: &Tensor, shape: &Shape) -> Result<Tensor> {
    let mut sum = gradient.clone();
    while sum.rank() > shape.len() {
        sum = sum.sum_along(0)?;
    }
    for axis in 0..shape.len() {
        if shape[axis] == 1 && sum.shape()[axis] != 1 {
            let mut sizes = sum.shape().to_vec();
            sizes[axis] = 1;
            sum = sum.sum_along(axis as isize)?.reshape(sizes)?;
        }
    }
    Ok(sum)
}

impl Var {
    /// An operation on pairs; the ways back get gradient, left, right and result, before the sum over what was repeated.
    fn pair(
        &self,
        what: &str,
        other: &Self,
        operation: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>,
        to_left: impl Fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
        to_right: impl Fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        let (a, b) = match (self.value(), other.value()) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(error), _) | (_, Err(error)) => return Self::failed(error),
        };
        let y = match operation(&a, &b) {
            Ok(y) => y,
            Err(error) => return Self::failed(error),
        };
        let left = self.edge({
            let (a, b, y) = (a.clone(), b.clone(), y.clone());
            move |g| summed_to(&to_left(g, &a, &b, &y)?, &a.shape())
        });
        let right = other.edge({
            let y = y.clone();
            move |g| summed_to(&to_right(g, &a, &b, &y)?, &b.shape())
        });
        Self::computed(what, Ok(y), [left, right])
    }

    /// The sum, element by element.
    #[allow(clippy::should_implement_trait, reason = "tensors have the same name for it")]
    pub fn add(&self, other: impl VarOperand) -> Self {
        if let Some(number) = other.number() {
            return self.apply("add", |x| x.add(number), |g, _, _| Ok(g.clone()));
        }
        let pull = |g: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor| Ok(g.clone());
        self.pair("add", &other.to_var(), |a, b| a.add(b), pull, pull)
    }

    /// The difference, element by element.
    #[allow(clippy::should_implement_trait, reason = "tensors have the same name for it")]
    pub fn sub(&self, other: impl VarOperand) -> Self {
        if let Some(number) = other.number() {
            return self.apply("sub", |x| x.sub(number), |g, _, _| Ok(g.clone()));
        }
        self.pair("sub", &other.to_var(), |a, b| a.sub(b), |g, _, _, _| Ok(g.clone()), |g, _, _, _| Ok(-g))
    }

    /// The product, element by element.
    #[allow(clippy::should_implement_trait, reason = "tensors have the same name for it")]
    pub fn mul(&self, other: impl VarOperand) -> Self {
        if let Some(number) = other.number() {
            return self.apply("mul", |x| x.mul(number), move |g, _, _| g.mul(number));
        }
        self.pair("mul", &other.to_var(), |a, b| a.mul(b), |g, _, b, _| g.mul(b), |g, a, _, _| g.mul(a))
    }

    /// The quotient, element by element.
    #[allow(clippy::should_implement_trait, reason = "tensors have the same name for it")]
    pub fn div(&self, other: impl VarOperand) -> Self {
        if let Some(number) = other.number() {
            return self.apply("div", |x| x.div(number), move |g, _, _| g.div(number));
        }
        let to_right = |g: &Tensor, _: &Tensor, b: &Tensor, y: &Tensor| (-g).mul(y)?.div(b);
        self.pair("div", &other.to_var(), |a, b| a.div(b), |g, _, b, _| g.div(b), to_right)
    }

    /// Each number to the power of the other; an exponent that gradients go back to needs positive numbers.
    pub fn pow(&self, other: impl VarOperand) -> Self {
        if let Some(number) = other.number() {
            let pull = move |g: &Tensor, x: &Tensor, _: &Tensor| g.mul(x.pow(number - 1.0)? * number);
            return self.apply("pow", |x| x.pow(number), pull);
        }
        let to_left = |g: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor| g.mul(b.mul(a.pow(b.sub(1.0)?)?)?);
        let to_right = |g: &Tensor, a: &Tensor, _: &Tensor, y: &Tensor| g.mul(y.mul(a.ln())?);
        self.pair("pow", &other.to_var(), |a, b| a.pow(b), to_left, to_right)
    }

    /// The larger of both, element by element; where they are equal, each gets half of the gradient.
    pub fn maximum(&self, other: impl VarOperand) -> Self {
        let to_left =
            |g: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor| g.mul(share(a.greater(b)?, a.equal(b)?)?);
        let to_right =
            |g: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor| g.mul(share(a.less(b)?, a.equal(b)?)?);
        self.pair("maximum", &self.beside(other), |a, b| a.maximum(b), to_left, to_right)
    }

    /// The smaller of both, element by element; where they are equal, each gets half of the gradient.
    pub fn minimum(&self, other: impl VarOperand) -> Self {
        let to_left = |g: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor| g.mul(share(a.less(b)?, a.equal(b)?)?);
        let to_right =
            |g: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor| g.mul(share(a.greater(b)?, a.equal(b)?)?);
        self.pair("minimum", &self.beside(other), |a, b| a.minimum(b), to_left, to_right)
    }

    /// Each number limited to `low..=high`; the derivative is 0 outside.
    pub fn clip(&self, low: f64, high: f64) -> Self {
        let pull =
            move |g: &Tensor, x: &Tensor, _: &Tensor| g.mul(x.greater_equal(low)?.mul(x.less_equal(high)?)?);
        self.apply("clip", |x| Ok(x.clip(low, high)), pull)
    }

    /// The number of this variable where `mask` is not 0, elsewhere the one of `other`.
    pub fn where_mask(&self, mask: impl VarOperand, other: impl VarOperand) -> Self {
        let mask = match mask.to_var().value().and_then(|mask| mask.not_equal(0.0)) {
            Ok(mask) => mask,
            Err(error) => return Self::failed(error.in_context("where_mask")),
        };
        let (here, there) = (mask.clone(), mask.equal(0.0));
        let to_left = move |g: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor| g.mul(&here);
        let to_right = move |g: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor| g.mul(&there.clone()?);
        self.pair("where_mask", &self.beside(other), |a, b| a.where_mask(&mask, b), to_left, to_right)
    }

    /// A number as wide as this variable's, so that the result is not widened or narrowed.
    fn beside(&self, other: impl VarOperand) -> Self {
        match (other.number(), &self.0.value) {
            (Some(number), Ok(value)) => {
                Self::constant(value.backend().full(value.dtype(), Shape::from_fit(&[]), number))
            }
            _ => other.to_var(),
        }
    }
}

/// 1 where one is ahead, a half where both are equal.
fn share(ahead: Tensor, equal: Tensor) -> Result<Tensor> {
    ahead.add(equal * 0.5)
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl Var {$(
            $(#[$doc])*
            pub fn $name(&self, other: impl VarOperand) -> Self {
                let both = self.value().and_then(|a| match other.number() {
                    Some(number) => a.$name(number),
                    None => a.$name(other.to_var().value()?),
                });
                both.map_or_else(Self::failed, Self::constant)
            }
        )*}
    };
}

comparisons! {
    /// 1 where this number is larger than the other, else 0; gradients do not go through.
    greater;
    /// 1 where this number is larger than the other or equal, else 0; gradients do not go through.
    greater_equal;
    /// 1 where this number is smaller than the other, else 0; gradients do not go through.
    less;
    /// 1 where this number is smaller than the other or equal, else 0; gradients do not go through.
    less_equal;
    /// 1 where both are equal, else 0; gradients do not go through.
    equal;
    /// 1 where both differ, else 0; gradients do not go through.
    not_equal;
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => {$(
        impl<T: VarOperand> std::ops::$trait<T> for &Var {
            type Output = Var;

            fn $method(self, other: T) -> Var {
                Var::$method(self, other)
            }
        }
        impl<T: VarOperand> std::ops::$trait<T> for Var {
            type Output = Var;

            fn $method(self, other: T) -> Var {
                Var::$method(&self, other)
            }
        }
        impl std::ops::$trait<Var> for f64 {
            type Output = Var;

            fn $method(self, right: Var) -> Var {
                right.with_number_left(self, |left, right| Var::$method(left, right))
            }
        }
        impl std::ops::$trait<&Var> for f64 {
            type Output = Var;

            fn $method(self, right: &Var) -> Var {
                right.with_number_left(self, |left, right| Var::$method(left, right))
            }
        }
    )*};
}

operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}

impl Var {
    /// An operation with a number on the left.
    fn with_number_left(&self, number: f64, operation: impl FnOnce(&Self, &Self) -> Self) -> Self {
        operation(&self.beside(number), self)
    }
}

impl std::ops::Neg for &Var {
    type Output = Var;

    fn neg(self) -> Var {
        self.apply("neg", |x| Ok(-x), |g, _, _| Ok(-g))
    }
}

impl std::ops::Neg for Var {
    type Output = Var;

    fn neg(self) -> Var {
        -&self
    }
}
