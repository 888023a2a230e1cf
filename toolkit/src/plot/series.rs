//! What a chart takes as numbers: vectors, slices, arrays and ranges of any numeric type.

use std::ops::{Range, RangeInclusive};

/// A number that a chart can draw.
pub trait Number: Copy {
    /// The number as `f64`.
    fn to_f64(self) -> f64;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Number for $type {
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
        impl IntoSeries for Range<$type> where Range<$type>: Iterator<Item = $type> {
            fn into_series(self) -> Vec<f64> {
                self.map(Number::to_f64).collect()
            }
        }
        impl IntoSeries for RangeInclusive<$type> where RangeInclusive<$type>: Iterator<Item = $type> {
            fn into_series(self) -> Vec<f64> {
                self.map(Number::to_f64).collect()
            }
        }
    )*};
}

/// A series of numbers for a chart.
///
/// Vectors, slices, arrays (owned or borrowed) of all numeric types, integer ranges and `ndarray` arrays are series;
/// of an iterator, `collect` a vector first.
///
/// # Example
/// ```
/// use kiln::plot::IntoSeries;
/// assert_eq!((1..4).into_series(), [1.0, 2.0, 3.0]);
/// assert_eq!((&[0.5_f32, 1.5]).into_series(), [0.5, 1.5]);
/// ```
pub trait IntoSeries {
    /// The numbers, in order.
    fn into_series(self) -> Vec<f64>;
}

number!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl Number for f64 {
    fn to_f64(self) -> f64 {
        self
    }
}

impl Number for f32 {
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl<T: Number> IntoSeries for Vec<T> {
    fn into_series(self) -> Vec<f64> {
        self.into_iter().map(Number::to_f64).collect()
    }
}

impl<T: Number> IntoSeries for &Vec<T> {
    fn into_series(self) -> Vec<f64> {
        self.iter().map(|&v| v.to_f64()).collect()
    }
}

impl<T: Number> IntoSeries for &[T] {
    fn into_series(self) -> Vec<f64> {
        self.iter().map(|&v| v.to_f64()).collect()
    }
}

impl<T: Number, const N: usize> IntoSeries for [T; N] {
    fn into_series(self) -> Vec<f64> {
        self.into_iter().map(Number::to_f64).collect()
    }
}

impl<T: Number, const N: usize> IntoSeries for &[T; N] {
    fn into_series(self) -> Vec<f64> {
        self.iter().map(|&v| v.to_f64()).collect()
    }
}

impl<S, D> IntoSeries for &ndarray::ArrayBase<S, D>
where
    S: ndarray::Data,
    S::Elem: Number,
    D: ndarray::Dimension,
{
    fn into_series(self) -> Vec<f64> {
        self.iter().map(|&v| v.to_f64()).collect()
    }
}

/// `n` evenly spaced numbers from `low` to `high`, both included.
///
/// # Example
/// ```
/// assert_eq!(kiln::plot::linspace(0.0, 1.0, 5), [0.0, 0.25, 0.5, 0.75, 1.0]);
/// ```
pub fn linspace(low: f64, high: f64, n: usize) -> Vec<f64> {
    match n {
        0 => Vec::new(),
        1 => vec![low],
        _ => (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect(),
    }
}
