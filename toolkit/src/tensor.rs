//! The one tensor type: dynamic shape, runtime device, no type parameters.

use crate::backend::host::{Buffer, Host};
use crate::backend::{Backend, DeviceArray};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

mod arithmetic;
mod convert;
mod devices;
mod display;
mod indexing;
mod random;
mod reduce;
mod shape;
mod show;
mod total;

pub use convert::IntoTensor;
pub use indexing::{IntoRange, IntoRanges, RowIndex};
pub use shape::{IntoShape, MAX_RANK, Shape};
pub(crate) use total::Total;

/// What numbers a [`Tensor`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit floating point: weights, activations, losses.
    Float32,
    /// 64-bit floating point: for checks of gradients.
    Float64,
    /// Bytes with a divisor, one byte a number: images. They read as `byte / divisor`.
    Uint8,
    /// 32-bit integers: class labels.
    Int32,
}

impl DType {
    /// Keras's name of it: `float32`, `float64`, `uint8`, `int32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Uint8 => "uint8",
            Self::Int32 => "int32",
        }
    }

    /// Whether it is one of the two floating-point types.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }
}

/// An array of numbers with a shape; rows (the first dimension) are samples, channels come last, as in Keras.
///
/// A clone shares the numbers and costs nothing; whoever changes one of two clones gets a copy of his own first. A
/// range of rows ([`Tensor::rows`]) and a new shape ([`Tensor::reshape`]) share them too.
///
/// Arithmetic works with the operators, which broadcast like NumPy's and panic on shapes that do not fit; the methods
/// return errors instead.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let a = Tensor::new([[1.0, 2.0], [3.0, 4.0]]);
/// let b = &a * 10.0 + Tensor::new([0.5, 0.25]);
/// assert_eq!(b.to_vec(), [10.5, 20.25, 30.5, 40.25]);
/// assert_eq!(a.matmul(&a.transpose()?)?.to_vec(), [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor {
    shape: Shape,
    data: Data,
    /// Where this tensor's numbers begin in `data`.
    first: usize,
}

/// Where the numbers are.
#[derive(Clone)]
pub(crate) enum Data {
    F32(Arc<Buffer>),
    F64(Arc<Buffer>),
    U8 {
        bytes: Arc<Vec<u8>>,
        divisor: f32,
    },
    I32(Arc<Vec<i32>>),
    /// On another device; `first` is 0 then.
    #[cfg_attr(not(feature = "arrayfire"), allow(dead_code))] // Made by the engines behind features.
    Device(Arc<dyn DeviceArray>),
}

impl Tensor {
    /// A tensor of these numbers: nested arrays or vectors of `f32`, `f64` or integers.
    ///
    /// Floating-point numbers become [`DType::Float32`], integers [`DType::Int32`].
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// assert_eq!(Tensor::new([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).shape(), [2, 3]);
    /// assert_eq!(Tensor::new(vec![3, 1, 2]).dtype(), DType::Int32);
    /// ```
    pub fn new(values: impl IntoTensor) -> Self {
        values.into_tensor()
    }

    /// A tensor of these numbers in this shape, row by row.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn from_vec(values: Vec<f32>, shape: impl IntoShape) -> Result<Self> {
        let shape = expect_elements(shape.into_shape()?, values.len())?;
        Ok(Self::of_f32(Buffer::copy_of(&values), shape))
    }

    /// A tensor of 64-bit numbers in this shape, for checks.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn from_vec_f64(values: Vec<f64>, shape: impl IntoShape) -> Result<Self> {
        let shape = expect_elements(shape.into_shape()?, values.len())?;
        Ok(Self { shape, data: Data::F64(Arc::new(Buffer::copy_of(&values))), first: 0 })
    }

    /// Bytes that read as `byte / divisor`; divided by 255 an image's pixels read as 0.0..=1.0.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn from_bytes(bytes: impl Into<Arc<Vec<u8>>>, divisor: f32, shape: impl IntoShape) -> Result<Self> {
        let bytes = bytes.into();
        let shape = expect_elements(shape.into_shape()?, bytes.len())?;
        Ok(Self { shape, data: Data::U8 { bytes, divisor }, first: 0 })
    }

    /// Integers in this shape, such as class labels.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn from_labels(labels: Vec<i32>, shape: impl IntoShape) -> Result<Self> {
        let shape = expect_elements(shape.into_shape()?, labels.len())?;
        Ok(Self { shape, data: Data::I32(Arc::new(labels)), first: 0 })
    }

    /// A tensor without dimensions that holds one number.
    pub fn scalar(value: f64) -> Self {
        Self::of_f32(Buffer::copy_of(&[value as f32]), Shape::from_fit(&[]))
    }

    /// A single number of 64 bits.
    pub(crate) fn scalar_f64(value: f64) -> Self {
        Self { shape: Shape::from_fit(&[]), data: Data::F64(Arc::new(Buffer::copy_of(&[value]))), first: 0 }
    }

    /// Zeros in this shape.
    ///
    /// # Panics
    /// When the shape is too large, see [`Shape::new`].
    #[track_caller]
    pub fn zeros(shape: impl IntoShape) -> Self {
        Self::full(shape, 0.0)
    }

    /// Ones in this shape.
    ///
    /// # Panics
    /// When the shape is too large, see [`Shape::new`].
    #[track_caller]
    pub fn ones(shape: impl IntoShape) -> Self {
        Self::full(shape, 1.0)
    }

    /// One number everywhere.
    ///
    /// # Panics
    /// When the shape is too large, see [`Shape::new`].
    #[track_caller]
    pub fn full(shape: impl IntoShape, value: f64) -> Self {
        match shape.into_shape() {
            Ok(shape) => Self::filled(DType::Float32, shape, value),
            Err(error) => panic!("{error}"),
        }
    }

    /// `count` numbers from `start` to `end`, both included, at equal distances.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5).to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// ```
    pub fn linspace(start: f64, end: f64, count: usize) -> Self {
        let step = if count > 1 { (end - start) / (count - 1) as f64 } else { 0.0 };
        let values: Vec<f32> = (0..count).map(|index| (start + step * index as f64) as f32).collect();
        Self::of_f32(Buffer::copy_of(&values), Shape::from_fit(&[count]))
    }

    /// The integers from 0 up to `end`, as 32-bit floating-point numbers.
    pub fn arange(end: usize) -> Self {
        let values: Vec<f32> = (0..end).map(|index| index as f32).collect();
        Self::of_f32(Buffer::copy_of(&values), Shape::from_fit(&[end]))
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.elements()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number type.
    pub fn dtype(&self) -> DType {
        match self.data {
            Data::F32(_) => DType::Float32,
            Data::F64(_) => DType::Float64,
            Data::U8 { .. } => DType::Uint8,
            Data::I32(_) => DType::Int32,
            Data::Device(ref array) => array.dtype(),
        }
    }

    /// The numbers in another type; conversion to the type it has costs nothing.
    ///
    /// To [`DType::Int32`] numbers are rounded towards zero; [`DType::Uint8`] cannot be converted to.
    pub fn cast(&self, dtype: DType) -> Self {
        if dtype == self.dtype() {
            return self.clone();
        }
        self.backend().cast(self, dtype)
    }

    /// Floating-point numbers: itself if it holds them, else 32-bit ones.
    pub(crate) fn to_float(&self) -> Self {
        if self.dtype().is_float() { self.clone() } else { self.cast(DType::Float32) }
    }

    /// The same numbers in another shape; one size may be [`Shape::INFER`], NumPy's -1.
    ///
    /// # Errors
    /// When the number of elements differs.
    pub fn reshape(&self, shape: impl IntoShape) -> Result<Self> {
        let shape = shape
            .into_shape_of(self.len())
            .and_then(|shape| expect_elements(shape, self.len()))
            .map_err(|error| error.in_context(format_args!("reshape of {}", self.shape)))?;
        Ok(self.reshaped(shape))
    }

    /// The rows of this range (the first dimension), sharing the numbers.
    ///
    /// # Errors
    /// When the tensor has no dimension or fewer rows.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::arange(12).reshape([4, 3])?;
    /// assert_eq!(x.rows(1..3)?.to_vec(), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn rows(&self, range: impl IntoRange) -> Result<Self> {
        let count = self.row_count()?;
        let range = range.into_range(count)?;
        Ok(self.rows_unchecked(range))
    }

    /// How many rows there are: the size of the first dimension.
    pub(crate) fn row_count(&self) -> Result<usize> {
        self.shape.first().copied().ok_or_else(|| Error::shape("a scalar tensor has no rows"))
    }

    pub(crate) fn rows_unchecked(&self, range: Range<usize>) -> Self {
        let row = self.shape.row_elements();
        if let Data::Device(array) = &self.data {
            return Self::from_data(array.rows(range.clone(), row), self.shape.with_rows(range.len()));
        }
        Self {
            shape: self.shape.with_rows(range.len()),
            data: self.data.clone(),
            first: self.first + range.start * row,
        }
    }

    pub(crate) fn reshaped(&self, shape: Shape) -> Self {
        debug_assert_eq!(shape.elements(), self.len());
        Self { shape, data: self.data.clone(), first: self.first }
    }

    pub(crate) fn of_f32(buffer: Buffer, shape: Shape) -> Self {
        Self { shape, data: Data::F32(Arc::new(buffer)), first: 0 }
    }

    pub(crate) fn from_data(data: Data, shape: Shape) -> Self {
        Self { shape, data, first: 0 }
    }

    pub(crate) fn filled(dtype: DType, shape: Shape, value: f64) -> Self {
        match dtype {
            DType::Float64 => {
                let mut buffer = Buffer::for_writing::<f64>(shape.elements());
                buffer.as_mut_slice::<f64>().fill(value);
                Self::from_data(Data::F64(Arc::new(buffer)), shape)
            }
            DType::Float32 | DType::Uint8 | DType::Int32 => {
                let mut buffer = Buffer::for_writing::<f32>(shape.elements());
                buffer.as_mut_slice::<f32>().fill(value as f32);
                Self::of_f32(buffer, shape)
            }
        }
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    pub(crate) fn data_mut(&mut self) -> &mut Data {
        &mut self.data
    }

    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// The engine that holds the numbers.
    pub(crate) fn backend(&self) -> &'static dyn Backend {
        match &self.data {
            Data::Device(array) => array.backend(),
            _ => &Host,
        }
    }
}

fn expect_elements(shape: Shape, elements: usize) -> Result<Shape> {
    if shape.elements() == elements {
        return Ok(shape);
    }
    Err(Error::shape(format!(
        "the shape {shape} has {} elements, but there are {elements} numbers",
        shape.elements()
    )))
}
