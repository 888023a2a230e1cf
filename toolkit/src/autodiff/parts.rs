//! Matrix products, other shapes, parts and joins.

use super::Var;
use crate::tensor::{IntoRanges, IntoShape, Shape, Tensor};
use crate::{Error, Result};

impl Var {
    /// The matrix product: [m, k] times [k, n] is [m, n].
    pub fn matmul(&self, other: &Self) -> Self {
        let (a, b) = match (self.value(), other.value()) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(error), _) | (_, Err(error)) => return Self::failed(error),
        };
        let value = match a.matmul(&b) {
            Ok(value) => value,
            Err(error) => return Self::failed(error),
        };
        let left = self.edge(move |g| g.matmul_with(false, &b, true));
        let right = other.edge(move |g| a.matmul_with(true, g, false));
        Self::computed("matmul", Ok(value), [left, right])
    }

    /// The same numbers in another shape; one size may be [`Shape::INFER`], NumPy's -1.
    pub fn reshape(&self, shape: impl IntoShape) -> Self {
        match shape.into_shape_of(self.shape().elements()) {
            Ok(shape) => self.apply("reshape", |x| x.reshape(shape), |g, x, _| g.reshape(x.shape())),
            Err(error) => self.mistaken("reshape", error),
        }
    }

    /// With the order of all axes reversed; a matrix is transposed.
    pub fn transpose(&self) -> Self {
        self.apply("transpose", Tensor::transpose, |g, _, _| g.transpose())
    }

    /// With its axes in another order: axis `i` of the result is axis `axes[i]` of this variable.
    pub fn permute(&self, axes: &[usize]) -> Self {
        let mut back = vec![0; axes.len()];
        for (to, &from) in axes.iter().enumerate() {
            if let Some(place) = back.get_mut(from) {
                *place = to;
            }
        }
        self.apply("permute", |x| x.permute(axes), move |g, _, _| g.permute(&back))
    }

    /// Repeated along axes of size 1, and along new axes in front, to this shape.
    pub fn broadcast_to(&self, shape: impl IntoShape) -> Self {
        let (value, shape) = match (self.value(), shape.into_shape()) {
            (Ok(value), Ok(shape)) => (value, shape),
            (Err(error), _) => return Self::failed(error),
            (_, Err(error)) => return Self::failed(error.in_context("broadcast_to")),
        };
        if self.shape().broadcast(&shape) != Some(shape) {
            let message = format!("broadcast_to: the shape {} does not stretch to {shape}", self.shape());
            return Self::failed(Error::shape(message));
        }
        self.add(Self::constant(value.backend().full(value.dtype(), shape, 0.0)))
    }

    /// The part in these ranges, one an axis, from the first axis on; missing ones take all: see [`Tensor::slice`].
    pub fn slice(&self, ranges: impl IntoRanges) -> Self {
        let ranges = match ranges.into_ranges(&self.shape()) {
            Ok(ranges) => ranges,
            Err(error) => return self.mistaken("slice", error),
        };
        let taken = ranges.clone();
        let pull = move |g: &Tensor, x: &Tensor, _: &Tensor| {
            let mut padded = g.clone();
            for (axis, range) in ranges.iter().enumerate() {
                let zeros = |size: usize| {
                    let mut sizes = padded.shape().to_vec();
                    sizes[axis] = size;
                    Ok::<_, Error>(padded.backend().full(padded.dtype(), Shape::new(&sizes)?, 0.0))
                };
                let parts =
                    [zeros(range.start)?, padded.clone(), zeros(x.shape()[axis].saturating_sub(range.end))?];
                padded = Tensor::concat(&parts, axis as isize)?;
            }
            Ok(padded)
        };
        self.apply("slice", |x| x.slice(&taken), pull)
    }

    /// Variables joined along an axis, along which alone their sizes may differ.
    pub fn concat(parts: &[Self], axis: isize) -> Self {
        let values = match parts.iter().map(Self::value).collect::<Result<Vec<_>>>() {
            Ok(values) => values,
            Err(error) => return Self::failed(error),
        };
        let joined = match Tensor::concat(&values, axis) {
            Ok(joined) => joined,
            Err(error) => return Self::failed(error),
        };
        let mut first = 0;
        let edges: Vec<_> = parts
            .iter()
            .map(|part| {
                let axis = joined.shape().axis(axis).unwrap_or_default();
                let range = first..first + part.shape()[axis];
                first = range.end;
                part.edge(move |g| {
                    let mut ranges: Vec<_> = g.shape().iter().map(|&size| 0..size).collect();
                    ranges[axis] = range.clone();
                    g.slice(&ranges)
                })
            })
            .collect();
        Self::computed("concat", Ok(joined), edges)
    }

    /// Variables of one shape, put behind each other along a new first axis.
    pub fn stack(parts: &[Self]) -> Self {
        let rows: Vec<Self> = parts
            .iter()
            .map(|part| {
                let sizes: Vec<usize> = std::iter::once(1).chain(part.shape().iter().copied()).collect();
                part.reshape(sizes)
            })
            .collect();
        Self::concat(&rows, 0)
    }
}
