//! Selecting parts: rows by index or mask, ranges along axes, joining.

use super::{Shape, Tensor};
use crate::{Error, Result};
use std::ops::{Bound, Range, RangeBounds};

/// What selects a range: `1..3`, `..3`, `1..`, `..`, `1..=2`.
pub trait IntoRange {
    /// The range within `0..count`.
    ///
    /// # Errors
    /// When it reaches beyond `count`, or ends before it begins.
    fn into_range(self, count: usize) -> Result<Range<usize>>;
}

impl<R: RangeBounds<usize>> IntoRange for R {
    fn into_range(self, count: usize) -> Result<Range<usize>> {
        let start = match self.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&start) => start + 1,
            Bound::Unbounded => 0,
        };
        let end = match self.end_bound() {
            Bound::Included(&end) => end + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => count,
        };
        if start > end || end > count {
            return Err(Error::argument(format!("the range {start}..{end} does not lie in 0..{count}")));
        }
        Ok(start..end)
    }
}

/// What selects ranges along axes: a tuple of ranges of any form, or an array or a slice of `Range`s.
pub trait IntoRanges {
    /// The ranges within this shape, from the first axis on.
    ///
    /// # Errors
    /// When a range lies outside, or there are more ranges than axes.
    fn into_ranges(self, shape: &Shape) -> Result<Vec<Range<usize>>>;
}

impl IntoRanges for &[Range<usize>] {
    fn into_ranges(self, shape: &Shape) -> Result<Vec<Range<usize>>> {
        check_count(self.len(), shape)?;
        self.iter().enumerate().map(|(axis, range)| within(range.clone(), axis, shape)).collect()
    }
}

impl<const N: usize> IntoRanges for &[Range<usize>; N] {
    fn into_ranges(self, shape: &Shape) -> Result<Vec<Range<usize>>> {
        self.as_slice().into_ranges(shape)
    }
}

impl IntoRanges for &Vec<Range<usize>> {
    fn into_ranges(self, shape: &Shape) -> Result<Vec<Range<usize>>> {
        self.as_slice().into_ranges(shape)
    }
}

macro_rules! tuples_of_ranges {
    ($($count:literal: ($($name:ident $axis:literal)+);)*) => {$(
        impl<$($name: IntoRange),+> IntoRanges for ($($name,)+) {
            #[allow(non_snake_case)]
            fn into_ranges(self, shape: &Shape) -> Result<Vec<Range<usize>>> {
                check_count($count, shape)?;
                let ($($name,)+) = self;
                Ok(vec![$(within($name, $axis, shape)?),+])
            }
        }
    )*};
}

tuples_of_ranges! {
    1: (A 0);
    2: (A 0 B 1);
    3: (A 0 B 1 C 2);
    4: (A 0 B 1 C 2 D 3);
    5: (A 0 B 1 C 2 D 3 E 4);
    6: (A 0 B 1 C 2 D 3 E 4 F 5);
}

fn check_count(ranges: usize, shape: &Shape) -> Result<()> {
    if ranges <= shape.len() {
        return Ok(());
    }
    Err(Error::argument(format!("slice: {ranges} ranges for the shape {shape}")))
}

fn within(range: impl IntoRange, axis: usize, shape: &Shape) -> Result<Range<usize>> {
    range.into_range(shape[axis]).map_err(|error| error.in_context(format_args!("slice, axis {axis}")))
}

/// What selects rows in [`Tensor::take`]: a list of row numbers, or a tensor of them.
pub trait RowIndex {
    /// The row numbers.
    fn rows(&self) -> Vec<usize>;
}

impl RowIndex for [usize] {
    fn rows(&self) -> Vec<usize> {
        self.to_vec()
    }
}

impl<const N: usize> RowIndex for [usize; N] {
    fn rows(&self) -> Vec<usize> {
        self.to_vec()
    }
}

impl RowIndex for Vec<usize> {
    fn rows(&self) -> Vec<usize> {
        self.clone()
    }
}

impl RowIndex for Tensor {
    fn rows(&self) -> Vec<usize> {
        self.to_labels().into_iter().map(|row| usize::try_from(row).unwrap_or(usize::MAX)).collect()
    }
}

impl Tensor {
    /// The row of this number, without the first dimension, sharing the numbers.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn row(&self, index: usize) -> Result<Self> {
        let row = self.rows(index..index.saturating_add(1))?;
        Ok(row.reshaped(Shape::from_fit(&self.shape()[1..])))
    }

    /// The rows of these numbers, in that order; a number may come more than once.
    ///
    /// # Errors
    /// When there is no such row.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::new([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.take(&[2, 0])?.to_vec(), [5.0, 6.0, 1.0, 2.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn take(&self, rows: &(impl RowIndex + ?Sized)) -> Result<Self> {
        let count = self.row_count()?;
        let rows = rows.rows();
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            return Err(Error::argument(format!(
                "take: there is no row {row} in a tensor of shape {}",
                self.shape()
            )));
        }
        self.backend().take_rows(self, &rows).checked()
    }

    /// The rows where `mask`, with one number a row, is not 0.
    ///
    /// # Errors
    /// When the mask has another number of rows.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::new([1.0, 5.0, 3.0]);
    /// assert_eq!(x.mask_rows(&x.greater(2.0)?)?.to_vec(), [5.0, 3.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn mask_rows(&self, mask: &Self) -> Result<Self> {
        let count = self.row_count()?;
        if mask.len() != count {
            return Err(Error::shape(format!(
                "mask_rows: {count} rows need a mask of {count} numbers, but it has {}",
                mask.len()
            )));
        }
        let mask = mask.to_host()?;
        let rows: Vec<usize> = (0..count).filter(|&row| mask.number(row) != 0.0).collect();
        self.take(&rows)
    }

    /// The part in these ranges, one an axis, from the first axis on; missing ones take all. NumPy's `x[:2, 1:3]` is
    /// `x.slice((..2, 1..3))`.
    ///
    /// # Errors
    /// When a range lies outside, or there are more ranges than axes.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::arange(12).reshape([3, 4])?;
    /// assert_eq!(x.slice((..2, 1..3))?.to_vec(), [1.0, 2.0, 5.0, 6.0]);
    /// assert_eq!(x.slice((.., 3..))?.shape(), [3, 1]);
    /// assert_eq!(x.slice(&[0..1])?.to_vec(), [0.0, 1.0, 2.0, 3.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn slice(&self, ranges: impl IntoRanges) -> Result<Self> {
        let ranges = ranges.into_ranges(&self.shape())?;
        let mut result = self.clone();
        for (axis, range) in ranges.into_iter().enumerate() {
            result = if axis == 0 { result.rows_unchecked(range) } else { result.narrowed(axis, range) };
        }
        Ok(result)
    }

    /// A range along one axis, copied.
    fn narrowed(&self, axis: usize, range: Range<usize>) -> Self {
        let size = self.shape()[axis];
        if range == (0..size) {
            return self.clone();
        }
        let outer: usize = self.shape()[..axis].iter().product();
        let inner: usize = self.shape()[axis + 1..].iter().product();
        let as_rows = self.reshaped(Shape::from_fit(&[outer * size, inner]));
        let rows: Vec<usize> =
            (0..outer).flat_map(|block| range.clone().map(move |index| block * size + index)).collect();
        let mut sizes = self.shape().to_vec();
        sizes[axis] = range.len();
        self.backend().take_rows(&as_rows, &rows).reshaped(Shape::from_fit(&sizes))
    }

    /// Tensors joined along an axis, along which alone their sizes may differ.
    ///
    /// # Errors
    /// When there is none, or the other sizes differ.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let joined = Tensor::concat(&[Tensor::zeros([2, 1]), Tensor::ones([2, 2])], 1)?;
    /// assert_eq!(joined.to_vec(), [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn concat(tensors: &[Self], axis: isize) -> Result<Self> {
        let Some(first) = tensors.first() else { return Err(Error::argument("concat: no tensor to join")) };
        let axis = first.shape().axis(axis)?;
        let mut sizes = first.shape().to_vec();
        sizes[axis] = 0;
        for tensor in tensors {
            let shape = tensor.shape();
            if shape.len() != sizes.len()
                || (0..sizes.len()).any(|other| other != axis && shape[other] != sizes[other])
            {
                return Err(Error::shape(format!(
                    "concat along axis {axis}: {} does not fit {}",
                    shape,
                    first.shape()
                )));
            }
            sizes[axis] += shape[axis];
            Self::on_one_device("concat", first, tensor)?;
        }
        let dtype = tensors
            .iter()
            .find(|tensor| tensor.dtype() == super::DType::Float64)
            .map_or(super::DType::Float32, Self::dtype);
        let backend = first.backend();
        let parts: Vec<Self> = tensors.iter().map(|tensor| tensor.cast(dtype)).collect();
        backend.concat(&parts, axis, Shape::from_fit(&sizes)).checked()
    }

    /// Tensors of one shape, put behind each other along a new first axis.
    ///
    /// # Errors
    /// When there is none, or the shapes differ.
    pub fn stack(tensors: &[Self]) -> Result<Self> {
        let rows: Vec<Self> = tensors
            .iter()
            .map(|tensor| {
                let sizes: Vec<usize> = std::iter::once(1).chain(tensor.shape().iter().copied()).collect();
                tensor.reshape(sizes)
            })
            .collect::<Result<_>>()?;
        Self::concat(&rows, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_parts_read_the_right_numbers() {
        let x = Tensor::arange(24).reshape([2, 3, 4]).unwrap();
        let part = x.rows(1..).unwrap().slice(&[0..1, 1..3, 2..4]).unwrap();
        assert_eq!(part.shape(), [1, 2, 2]);
        assert_eq!(part.to_vec(), [18.0, 19.0, 22.0, 23.0]);
        assert_eq!(x.row(1).unwrap().row(2).unwrap().to_vec(), [20.0, 21.0, 22.0, 23.0]);
        assert_eq!((x.rows(1..2).unwrap() + 1.0).to_vec()[0], 13.0);
    }

    #[test]
    fn what_lies_outside_is_an_error() {
        let x = Tensor::arange(4);
        assert!(x.rows(2..9).is_err());
        assert!(x.row(4).is_err());
        assert!(x.take(&[4]).is_err());
        assert!(Tensor::scalar(1.0).rows(0..1).is_err());
        assert!(x.slice((.., 0..1)).is_err());
        let error = x.reshape([2, 2]).unwrap().slice((.., 1..3)).unwrap_err().to_string();
        assert!(error.contains("axis 1") && error.contains("1..3"), "{error}");
        assert!(Tensor::concat(&[], 0).is_err());
    }
}
