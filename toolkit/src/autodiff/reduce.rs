//! Sums, means and extremes.

use super::Var;
use crate::Result;
use crate::tensor::{Shape, Tensor};

/// What names axes: one (`-1`), or an array of them (`[1, 2]`); negative ones count from the back.
pub trait IntoAxes {
    /// The axes of a tensor of this shape, from the front, the last one first.
    ///
    /// # Errors
    /// When the shape has no such axis.
    fn into_axes(self, shape: &Shape) -> Result<Vec<usize>>;
}

impl IntoAxes for isize {
    fn into_axes(self, shape: &Shape) -> Result<Vec<usize>> {
        Ok(vec![shape.axis(self)?])
    }
}

impl<const N: usize> IntoAxes for [isize; N] {
    fn into_axes(self, shape: &Shape) -> Result<Vec<usize>> {
        let mut axes = self.into_iter().map(|axis| shape.axis(axis)).collect::<Result<Vec<_>>>()?;
        axes.sort_unstable_by(|a, b| b.cmp(a));
        axes.dedup();
        Ok(axes)
    }
}

/// The shape in which the reduced axes have size 1.
fn kept(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] }).collect()
}

impl Var {
    /// The sum of all numbers, without dimensions.
    pub fn sum(&self) -> Self {
        self.apply("sum", |x| Ok(x.sum()), |g, x, _| x.backend().full(x.dtype(), x.shape(), 1.0).mul(g))
    }

    /// The mean of all numbers, without dimensions.
    pub fn mean(&self) -> Self {
        let count = self.shape().elements().max(1) as f64;
        self.sum() / count
    }

    /// The sum along one or several axes, which disappear.
    pub fn sum_along(&self, axes: impl IntoAxes) -> Self {
        match axes.into_axes(&self.shape()) {
            Ok(axes) => self.summed(axes, false),
            Err(error) => self.mistaken("sum_along", error),
        }
    }

    /// The sum along one or several axes, which stay with the size 1: it broadcasts against what was summed.
    pub fn sum_keeping(&self, axes: impl IntoAxes) -> Self {
        match axes.into_axes(&self.shape()) {
            Ok(axes) => self.summed(axes, true),
            Err(error) => self.mistaken("sum_keeping", error),
        }
    }

    /// The mean along one or several axes, which disappear.
    pub fn mean_along(&self, axes: impl IntoAxes) -> Self {
        match axes.into_axes(&self.shape()) {
            Ok(axes) => self.count(&axes, |count| self.summed(axes.clone(), false) / count),
            Err(error) => self.mistaken("mean_along", error),
        }
    }

    /// The mean along one or several axes, which stay with the size 1: it broadcasts against what was averaged.
    pub fn mean_keeping(&self, axes: impl IntoAxes) -> Self {
        match axes.into_axes(&self.shape()) {
            Ok(axes) => self.count(&axes, |count| self.summed(axes.clone(), true) / count),
            Err(error) => self.mistaken("mean_keeping", error),
        }
    }

    /// The largest along one axis, which disappears; of equally large numbers each gets its part of the gradient.
    pub fn max_along(&self, axis: isize) -> Self {
        self.extreme("max_along", axis, |x| x.max_along(axis))
    }

    /// The smallest along one axis, which disappears; of equally small numbers each gets its part of the gradient.
    pub fn min_along(&self, axis: isize) -> Self {
        self.extreme("min_along", axis, |x| x.min_along(axis))
    }

    fn extreme(&self, what: &str, axis: isize, operation: impl FnOnce(&Tensor) -> Result<Tensor>) -> Self {
        self.apply(what, operation, move |g, x, y| {
            let sizes = kept(&x.shape(), &[x.shape().axis(axis)?]);
            let hits = x.equal(y.reshape(sizes.clone())?)?;
            let shares = hits.div(hits.sum_along(axis)?.reshape(sizes.clone())?)?;
            shares.mul(g.reshape(sizes)?)
        })
    }

    /// Sums along axes that are sorted from the back.
    fn summed(&self, axes: Vec<usize>, keeps: bool) -> Self {
        let kept = kept(&self.shape(), &axes);
        let sizes = kept.clone();
        let operation = |x: &Tensor| {
            let mut sum = x.clone();
            for &axis in &axes {
                sum = sum.sum_along(axis as isize)?;
            }
            if keeps { sum.reshape(kept) } else { Ok(sum) }
        };
        self.apply("sum", operation, move |g, x, _| {
            x.backend().full(x.dtype(), x.shape(), 1.0).mul(g.reshape(sizes.clone())?)
        })
    }

    fn count(&self, axes: &[usize], mean: impl FnOnce(f64) -> Self) -> Self {
        let shape = self.shape();
        mean(axes.iter().map(|&axis| shape[axis] as f64).product())
    }

    /// A mistake in the arguments, unless there was one before.
    pub(super) fn mistaken(&self, what: &str, error: crate::Error) -> Self {
        match self.value() {
            Ok(_) => Self::failed(error.in_context(what)),
            Err(earlier) => Self::failed(earlier),
        }
    }
}
