//! Sums, means, extremes and their places.

use super::{Shape, Tensor};
use crate::Result;
use crate::backend::Reduction;

macro_rules! reductions {
    ($($name:ident $along:ident $op:ident $what:literal;)*) => {
        impl Tensor {$(
            #[doc = concat!("The ", $what, " of all numbers, as a tensor of one element without dimensions.")]
            pub fn $name(&self) -> Self {
                let x = self.to_float().reshaped(Shape::from_fit(&[self.len()]));
                x.backend().reduce(Reduction::$op, &x, (1, x.len(), 1)).reshaped(Shape::from_fit(&[]))
            }

            #[doc = concat!("The ", $what, " along one axis (negative ones count from the back), which disappears.")]
            ///
            /// # Errors
            /// When the tensor has no such axis.
            pub fn $along(&self, axis: isize) -> Result<Self> {
                self.reduced(Reduction::$op, axis)
            }
        )*}
    };
}

reductions! {
    sum sum_along Sum "sum";
    mean mean_along Mean "mean";
    max max_along Max "largest";
    min min_along Min "smallest";
}

impl Tensor {
    fn reduced(&self, op: Reduction, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        let x = self.to_float();
        let (split, rest) = cut(&x.shape(), axis);
        x.backend().reduce(op, &x, split).reshaped(rest).checked()
    }

    /// The place of the largest number along one axis (the first of equal ones), as integers.
    ///
    /// # Errors
    /// When the tensor has no such axis.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let scores = Tensor::new([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4]]);
    /// assert_eq!(scores.argmax(-1)?.to_labels(), [1, 0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn argmax(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        let x = self.to_float();
        let (split, rest) = cut(&x.shape(), axis);
        x.backend().arg_max(&x, split).reshaped(rest).checked()
    }

    /// The place of the smallest number along one axis (the first of equal ones), as integers.
    ///
    /// # Errors
    /// When the tensor has no such axis.
    pub fn argmin(&self, axis: isize) -> Result<Self> {
        (-self).argmax(axis)
    }

    /// The standard deviation of all numbers (dividing by their count), as a tensor of one element.
    pub fn std(&self) -> Self {
        let centred = self.to_float() - self.mean();
        centred.square().mean().sqrt()
    }

    /// Whether every number is finite: neither infinite nor NaN.
    pub fn all_finite(&self) -> bool {
        !self.dtype().is_float() || self.backend().all_finite(self)
    }
}

/// The shape as (before, axis, behind), and what is left without the axis.
fn cut(shape: &Shape, axis: usize) -> ((usize, usize, usize), Shape) {
    let (before, behind) = (&shape[..axis], &shape[axis + 1..]);
    let rest: Vec<usize> = before.iter().chain(behind).copied().collect();
    ((before.iter().product(), shape[axis], behind.iter().product()), Shape::from_fit(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_along_each_axis() {
        let x = Tensor::arange(24).reshape([2, 3, 4]).unwrap();
        assert_eq!(x.sum_along(0).unwrap().to_vec()[..3], [12.0, 14.0, 16.0]);
        assert_eq!(x.mean_along(1).unwrap().to_vec(), [4.0, 5.0, 6.0, 7.0, 16.0, 17.0, 18.0, 19.0]);
        assert_eq!(x.max_along(-1).unwrap().to_vec(), [3.0, 7.0, 11.0, 15.0, 19.0, 23.0]);
        assert_eq!(x.min().item().unwrap(), 0.0);
        assert_eq!(x.sum().item().unwrap(), 276.0);
        assert_eq!(x.argmax(1).unwrap().to_labels(), [2; 8]);
        assert!((x.std().item().unwrap() - (575.0_f64 / 12.0).sqrt()).abs() < 1e-5);
    }
}
