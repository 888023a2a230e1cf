//! Shapes of tensors, and how two of them broadcast.

use crate::{Error, Result};
use std::fmt;
use std::ops::Deref;

/// The most dimensions that a tensor has.
pub const MAX_RANK: usize = 6;

/// The sizes of a tensor's dimensions, outermost first; a scalar has none.
///
/// Derefs to a slice, is copied freely, and compares with arrays and slices.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let images = Tensor::zeros([32, 28, 28]);
/// assert_eq!(images.shape(), [32, 28, 28]);
/// assert_eq!(images.shape().len(), 3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    sizes: [usize; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// In place of one size of a new shape: the size that follows from the number of elements, NumPy's -1.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// assert_eq!(Tensor::zeros([4, 6]).reshape([3, Shape::INFER])?.shape(), [3, 8]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub const INFER: usize = usize::MAX;

    /// The shape with these sizes, of which one may be [`INFER`](Self::INFER), for so many elements.
    pub(crate) fn inferred(sizes: &[usize], elements: usize) -> Result<Self> {
        let Some(open) = sizes.iter().position(|&size| size == Self::INFER) else { return Self::new(sizes) };
        let others = || sizes.iter().enumerate().filter(|(axis, _)| *axis != open).map(|(_, &size)| size);
        let known = others().try_fold(1_usize, usize::checked_mul).unwrap_or(0);
        if others().any(|size| size == Self::INFER) || known == 0 || !elements.is_multiple_of(known) {
            let shown: Vec<String> = sizes
                .iter()
                .map(|&size| if size == Self::INFER { "?".into() } else { size.to_string() })
                .collect();
            return Err(Error::shape(format!(
                "{elements} numbers do not fill the shape [{}]",
                shown.join(", ")
            )));
        }
        let mut sizes = sizes.to_vec();
        sizes[open] = elements / known;
        Self::new(&sizes)
    }

    /// The shape with these sizes.
    ///
    /// # Errors
    /// With more than [`MAX_RANK`] dimensions, or more elements than memory can address.
    pub fn new(sizes: &[usize]) -> Result<Self> {
        if sizes.len() > MAX_RANK {
            return Err(Error::shape(format!(
                "a tensor has at most {MAX_RANK} dimensions, but got {} ({sizes:?})",
                sizes.len()
            )));
        }
        if sizes
            .iter()
            .try_fold(1_usize, |count, &size| count.checked_mul(size))
            .is_none_or(|n| n > isize::MAX as usize / 8)
        {
            return Err(Error::shape(format!("the shape {sizes:?} has more elements than memory can hold")));
        }
        Ok(Self::from_fit(sizes))
    }

    /// The number of elements: the product of the sizes.
    pub fn elements(&self) -> usize {
        self.iter().product()
    }

    /// This shape with `size` in place of its first size.
    pub(crate) fn with_rows(mut self, size: usize) -> Self {
        self.sizes[0] = size;
        self
    }

    /// The number of elements of one row, which is what one index of the first dimension selects.
    pub(crate) fn row_elements(&self) -> usize {
        self.get(1..).map_or(1, |sizes| sizes.iter().product())
    }

    /// (product of all sizes but the last, last size): the tensor as a matrix of vectors along its last axis.
    pub(crate) fn as_rows(&self) -> (usize, usize) {
        match self.split_last() {
            Some((&last, outer)) => (outer.iter().product(), last),
            None => (1, 1),
        }
    }

    /// The shape that both broadcast to: sizes are aligned at the last axis, and a size of 1 stretches.
    pub(crate) fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.len().max(other.len());
        let mut sizes = [1; MAX_RANK];
        for (axis, size) in sizes[..rank].iter_mut().enumerate() {
            *size = match (self.aligned(axis, rank), other.aligned(axis, rank)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(Self::from_fit(&sizes[..rank]))
    }

    /// The size at `axis` after sizes of 1 have been put in front to reach `rank`.
    pub(crate) fn aligned(&self, axis: usize, rank: usize) -> usize {
        (axis + self.len()).checked_sub(rank).map_or(1, |axis| self[axis])
    }

    /// `axis` counted from the front; negative axes count from the back, as in NumPy.
    ///
    /// # Errors
    /// When the tensor has no such axis.
    pub fn axis(&self, axis: isize) -> Result<usize> {
        let rank = self.len() as isize;
        if !(-rank..rank).contains(&axis) {
            return Err(Error::argument(format!("axis {axis} does not exist in the shape {self:?}"))
                .with_help(format!("axes are -{rank}..{rank}")));
        }
        Ok(axis.rem_euclid(rank) as usize)
    }

    /// For sizes that are known to fit.
    pub(crate) fn from_fit(sizes: &[usize]) -> Self {
        let mut all = [1; MAX_RANK];
        all[..sizes.len()].copy_from_slice(sizes);
        Self { sizes: all, rank: sizes.len() as u8 }
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank as usize]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == other[..]
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        **self == *other
    }
}

/// What a function takes where a shape is meant: an array, a slice, a vector, one number, or a [`Shape`].
pub trait IntoShape {
    /// The shape.
    ///
    /// # Errors
    /// As [`Shape::new`].
    fn into_shape(self) -> Result<Shape>;

    /// The shape for so many elements: one size may be [`Shape::INFER`].
    ///
    /// # Errors
    /// As [`Shape::new`]; when no such size fits.
    fn into_shape_of(self, _elements: usize) -> Result<Shape>
    where
        Self: Sized,
    {
        self.into_shape()
    }
}

impl<const N: usize> IntoShape for [usize; N] {
    fn into_shape_of(self, elements: usize) -> Result<Shape> {
        Shape::inferred(&self, elements)
    }

    fn into_shape(self) -> Result<Shape> {
        Shape::new(&self)
    }
}

impl IntoShape for &[usize] {
    fn into_shape_of(self, elements: usize) -> Result<Shape> {
        Shape::inferred(self, elements)
    }

    fn into_shape(self) -> Result<Shape> {
        Shape::new(self)
    }
}

impl IntoShape for Vec<usize> {
    fn into_shape_of(self, elements: usize) -> Result<Shape> {
        Shape::inferred(&self, elements)
    }

    fn into_shape(self) -> Result<Shape> {
        Shape::new(&self)
    }
}

impl IntoShape for usize {
    fn into_shape(self) -> Result<Shape> {
        Shape::new(&[self])
    }
}

impl IntoShape for () {
    fn into_shape(self) -> Result<Shape> {
        Shape::new(&[])
    }
}

impl IntoShape for Shape {
    fn into_shape(self) -> Result<Shape> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        let shape = |sizes: &[usize]| Shape::new(sizes).unwrap();
        assert_eq!(shape(&[4, 1, 3]).broadcast(&shape(&[5, 1])), Some(shape(&[4, 5, 3])));
        assert_eq!(shape(&[]).broadcast(&shape(&[2])), Some(shape(&[2])));
        assert_eq!(shape(&[0, 3]).broadcast(&shape(&[1, 3])), Some(shape(&[0, 3])));
        assert_eq!(shape(&[2, 3]).broadcast(&shape(&[2])), None);
    }

    #[test]
    fn an_overflowing_shape_is_an_error() {
        assert!(Shape::new(&[usize::MAX, 2]).is_err());
        assert!(Shape::new(&[1; 7]).is_err());
    }
}
