//! Element-wise arithmetic with broadcasting, comparisons, matrix products, transposes.

use super::{DType, Shape, Tensor};
use crate::backend::{Binary, Unary};
use crate::{Error, Result};

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])*
            pub fn $name(&self) -> Self {
                let x = self.to_float();
                x.backend().unary(Unary::$op, &x)
            }
        )*}
    };
}

unary_methods! {
    /// e to the power of each number.
    exp => Exp;
    /// The natural logarithm of each number.
    ln => Ln;
    /// The square root of each number.
    sqrt => Sqrt;
    /// The square of each number.
    square => Square;
    /// The size of each number without its sign.
    abs => Abs;
    /// -1, 0 or 1 by the sign of each number.
    sign => Sign;
    /// The hyperbolic tangent of each number.
    tanh => Tanh;
    /// The sine of each number (in radians).
    sin => Sin;
    /// The cosine of each number (in radians).
    cos => Cos;
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// When the shapes do not broadcast, the tensors lie on different devices, or the device fails.
            pub fn $name(&self, other: impl Operand) -> Result<Self> {
                other.apply(Binary::$op, self)?.checked()
            }
        )*}
    };
}

binary_methods! {
    /// The sum, element by element.
    add => Add;
    /// The difference, element by element.
    sub => Sub;
    /// The product, element by element.
    mul => Mul;
    /// The quotient, element by element.
    div => Div;
    /// Each number to the power of the other.
    pow => Pow;
    /// The larger of both, element by element.
    maximum => Max;
    /// The smaller of both, element by element.
    minimum => Min;
    /// 1 where this number is larger than the other, else 0.
    greater => Greater;
    /// 1 where this number is larger than the other or equal, else 0.
    greater_equal => GreaterEqual;
    /// 1 where this number is smaller than the other, else 0.
    less => Less;
    /// 1 where this number is smaller than the other or equal, else 0.
    less_equal => LessEqual;
    /// 1 where both are equal, else 0.
    equal => Equal;
    /// 1 where both differ, else 0.
    not_equal => NotEqual;
}

/// What stands on the right of an element-wise operation: a tensor or a number.
pub trait Operand {
    /// Applies the operation with `left` on its left.
    ///
    /// # Errors
    /// When the shapes do not broadcast.
    #[doc(hidden)]
    fn apply(self, op: Binary, left: &Tensor) -> Result<Tensor>;
}

impl Operand for &Tensor {
    fn apply(self, op: Binary, left: &Tensor) -> Result<Tensor> {
        let Some(shape) = left.shape().broadcast(&self.shape()) else {
            return Err(Error::shape(format!(
                "{}: the shapes {} and {} do not broadcast",
                op.name(),
                left.shape(),
                self.shape()
            ))
            .with_help("sizes must be equal or 1, compared from the last axis on"));
        };
        let (left, right) = Tensor::on_one_device(op.name(), left, self)?;
        let (left, right) = same_float(&left, &right);
        Ok(left.backend().binary(op, &left, &right, shape))
    }
}

impl Operand for Tensor {
    fn apply(self, op: Binary, left: &Tensor) -> Result<Tensor> {
        (&self).apply(op, left)
    }
}

impl Operand for f64 {
    fn apply(self, op: Binary, left: &Tensor) -> Result<Tensor> {
        let left = left.to_float();
        Ok(left.backend().binary_scalar(op, &left, self, false))
    }
}

/// Both as floating-point numbers of one type, the wider of the two.
fn same_float(a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    let wide = a.dtype() == DType::Float64 || b.dtype() == DType::Float64;
    let dtype = if wide { DType::Float64 } else { DType::Float32 };
    (a.cast(dtype), b.cast(dtype))
}

impl Tensor {
    /// The matrix product with `other`: [m, k] times [k, n] is [m, n].
    ///
    /// # Errors
    /// When a tensor is no matrix, or the inner sizes differ.
    pub fn matmul(&self, other: &Self) -> Result<Self> {
        self.matmul_with(false, other, false)
    }

    /// The matrix product, with either matrix read as its transpose.
    ///
    /// # Errors
    /// When a tensor is no matrix, or the inner sizes differ.
    pub fn matmul_with(&self, transpose_self: bool, other: &Self, transpose_other: bool) -> Result<Self> {
        let sides = |tensor: &Self, transpose: bool| match *tensor.shape() {
            [rows, columns] if transpose => Ok((columns, rows)),
            [rows, columns] => Ok((rows, columns)),
            _ => {
                Err(Error::shape(format!("matmul: a matrix is needed, but the shape is {}", tensor.shape())))
            }
        };
        let ((_, inner), (rows, _)) = (sides(self, transpose_self)?, sides(other, transpose_other)?);
        if inner != rows {
            let mark = |transpose: bool| if transpose { " transposed" } else { "" };
            return Err(Error::shape(format!(
                "matmul: {}{} times {}{}: the inner sizes {inner} and {rows} differ",
                self.shape(),
                mark(transpose_self),
                other.shape(),
                mark(transpose_other)
            )));
        }
        let (a, b) = Self::on_one_device("matmul", self, other)?;
        let (a, b) = same_float(&a, &b);
        a.backend().matmul(&a, transpose_self, &b, transpose_other).checked()
    }

    /// With the order of all axes reversed; a matrix is transposed.
    ///
    /// # Errors
    /// Never for a tensor that exists.
    pub fn transpose(&self) -> Result<Self> {
        let axes: Vec<usize> = (0..self.rank()).rev().collect();
        self.permute(&axes)
    }

    /// With its axes in another order: axis `i` of the result is axis `axes[i]` of this tensor.
    ///
    /// # Errors
    /// When `axes` does not name each axis once.
    pub fn permute(&self, axes: &[usize]) -> Result<Self> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if sorted.iter().copied().ne(0..self.rank()) {
            return Err(Error::argument(format!(
                "permute: {axes:?} must name each axis of {} once",
                self.shape()
            )));
        }
        let sizes: Vec<usize> = axes.iter().map(|&axis| self.shape()[axis]).collect();
        let x = self.to_float();
        x.backend().permute(&x, axes, Shape::from_fit(&sizes)).checked()
    }

    /// Each number limited to `low..=high`.
    pub fn clip(&self, low: f64, high: f64) -> Self {
        let x = self.to_float();
        let raised = x.backend().binary_scalar(Binary::Max, &x, low, false);
        raised.backend().binary_scalar(Binary::Min, &raised, high, false)
    }

    /// The number of this tensor where `mask` is not 0, elsewhere the one of `other`.
    ///
    /// # Errors
    /// When the shapes do not broadcast.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::new([1.0, f64::NAN, 3.0]);
    /// let whole = x.where_mask(&x.equal(&x)?, &Tensor::scalar(0.0))?;
    /// assert_eq!(whole.to_vec(), [1.0, 0.0, 3.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn where_mask(&self, mask: &Self, other: &Self) -> Result<Self> {
        let fits = self.shape().broadcast(&other.shape()).and_then(|both| both.broadcast(&mask.shape()));
        let Some(shape) = fits else {
            return Err(Error::shape(format!(
                "where_mask: the shapes {}, {} and {} (of the mask) do not broadcast",
                self.shape(),
                other.shape(),
                mask.shape()
            )));
        };
        let (here, there) = same_float(self, other);
        let (count, column) = (shape.elements(), |tensor: &Self| {
            let zeros = tensor.backend().full(tensor.to_float().dtype(), shape, 0.0);
            let stretched = tensor.add(zeros)?;
            Ok::<_, Error>(stretched.reshaped(Shape::from_fit(&[shape.elements(), 1])))
        });
        let mask = column(mask)?.to_host()?;
        // Rows are chosen, not multiplied: what is not wanted may be NaN or infinite.
        let rows: Vec<usize> =
            (0..count).map(|at| if mask.number(at) == 0.0 { count + at } else { at }).collect();
        let both = Self::concat(&[column(&here)?, column(&there)?], 0)?;
        Ok(both.backend().take_rows(&both, &rows).reshaped(shape))
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<T: Operand> std::ops::$trait<T> for &Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: T) -> Tensor {
                match other.apply(Binary::$op, self) {
                    Ok(result) => result,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        impl<T: Operand> std::ops::$trait<T> for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: T) -> Tensor {
                std::ops::$trait::$method(&self, other)
            }
        }
        impl std::ops::$trait<&Tensor> for f64 {
            type Output = Tensor;

            fn $method(self, right: &Tensor) -> Tensor {
                let right = right.to_float();
                right.backend().binary_scalar(Binary::$op, &right, self, true)
            }
        }
        impl std::ops::$trait<Tensor> for f64 {
            type Output = Tensor;

            fn $method(self, right: Tensor) -> Tensor {
                std::ops::$trait::$method(self, &right)
            }
        }
    )*};
}

operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
}

impl std::ops::Neg for &Tensor {
    type Output = Tensor;

    fn neg(self) -> Tensor {
        let x = self.to_float();
        x.backend().unary(Unary::Neg, &x)
    }
}

impl std::ops::Neg for Tensor {
    type Output = Tensor;

    fn neg(self) -> Tensor {
        -&self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_equals_explicit_loops() {
        let a = Tensor::arange(6).reshape([2, 3, 1]).unwrap();
        let b = Tensor::arange(4).reshape([1, 4]).unwrap() + 1.0;
        let quotient = (&a / &b).to_vec();
        for i in 0..6 {
            for j in 0..4 {
                assert_eq!(quotient[i * 4 + j], i as f32 / (j + 1) as f32);
            }
        }
        assert_eq!((1.0 - &a).to_vec(), [1.0, 0.0, -1.0, -2.0, -3.0, -4.0]);
        assert_eq!(a.greater(2.0).unwrap().to_vec(), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn matrix_products_with_transposes_agree() {
        let a = Tensor::arange(12).reshape([3, 4]).unwrap();
        let b = Tensor::arange(20).reshape([4, 5]).unwrap();
        let direct = a.matmul(&b).unwrap();
        let (at, bt) = (a.transpose().unwrap(), b.transpose().unwrap());
        for (left, transpose_left) in [(&a, false), (&at, true)] {
            for (right, transpose_right) in [(&b, false), (&bt, true)] {
                let product = left.matmul_with(transpose_left, right, transpose_right).unwrap();
                assert_eq!(product.to_vec(), direct.to_vec());
            }
        }
        assert_eq!(direct.to_vec()[..2], [70.0, 76.0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors_that_name_them() {
        let error = Tensor::zeros([2, 3]).add(Tensor::zeros([2])).unwrap_err().to_string();
        assert!(error.contains("[2, 3] and [2] do not broadcast"), "{error}");
        let error = Tensor::zeros([2, 3]).matmul(&Tensor::zeros([2, 3])).unwrap_err().to_string();
        assert!(error.contains("inner sizes 3 and 2 differ"), "{error}");
    }
}
