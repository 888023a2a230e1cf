//! Ways into and out of a tensor: arrays, vectors, `ndarray`.

use super::{DType, Data, Shape, Tensor};
use crate::backend::host::Buffer;
use crate::{Error, Result};
use std::sync::Arc;

/// What [`Tensor::new`] takes: numbers, and arrays or vectors of such, nested to any depth.
pub trait IntoTensor {
    /// The tensor.
    fn into_tensor(self) -> Tensor;
}

impl Tensor {
    /// All numbers, row by row, as `f32`.
    ///
    /// # Panics
    /// When the tensor lies on a device that failed; [`to_host`](Self::to_host) reports that as an error.
    #[track_caller]
    pub fn to_vec(&self) -> Vec<f32> {
        let float = self.here().cast(DType::Float32);
        float.as_slice::<f32>().to_vec()
    }

    /// All numbers, row by row, as `f64`.
    ///
    /// # Panics
    /// When the tensor lies on a device that failed.
    #[track_caller]
    pub fn to_vec_f64(&self) -> Vec<f64> {
        match self.dtype() {
            DType::Float64 => self.here().as_slice::<f64>().to_vec(),
            _ => self.to_vec().into_iter().map(f64::from).collect(),
        }
    }

    /// All numbers, row by row, as integers, rounded towards zero.
    ///
    /// # Panics
    /// When the tensor lies on a device that failed.
    #[track_caller]
    pub fn to_labels(&self) -> Vec<i32> {
        let integers = self.here().cast(DType::Int32);
        let Data::I32(labels) = integers.data() else { return Vec::new() };
        labels[integers.first..integers.first + integers.len()].to_vec()
    }

    /// The number in a tensor of one element.
    ///
    /// # Errors
    /// When there is not exactly one element, or the device failed on which it lies.
    pub fn item(&self) -> Result<f64> {
        if self.len() != 1 {
            return Err(Error::shape(format!(
                "item() needs a tensor of one element, but the shape is {}",
                self.shape
            )));
        }
        Ok(self.to_host()?.number(0))
    }

    /// The number at this position of the row-by-row order. Who asks for many brings the tensor to the host first.
    pub(crate) fn number(&self, index: usize) -> f64 {
        let index = self.first + index;
        match &self.data {
            Data::F32(buffer) => f64::from(buffer.as_slice::<f32>()[index]),
            Data::F64(buffer) => buffer.as_slice::<f64>()[index],
            Data::U8 { bytes, divisor } => f64::from(f32::from(bytes[index]) / divisor),
            Data::I32(labels) => f64::from(labels[index]),
            Data::Device(_) => self.here().number(index),
        }
    }

    /// As an `ndarray` array, copied.
    pub fn to_ndarray(&self) -> ndarray::ArrayD<f32> {
        match ndarray::ArrayD::from_shape_vec(ndarray::IxDyn(&self.shape), self.to_vec()) {
            Ok(array) => array,
            Err(_) => unreachable!("the vector has as many numbers as the shape"),
        }
    }

    /// From an `ndarray` array of any memory order, copied.
    ///
    /// # Errors
    /// When the array has more dimensions than a tensor can have.
    pub fn from_ndarray<D: ndarray::Dimension>(array: &ndarray::ArrayRef<f32, D>) -> Result<Self> {
        Self::from_vec(array.iter().copied().collect(), array.shape())
    }
}

impl<D: ndarray::Dimension> TryFrom<ndarray::Array<f32, D>> for Tensor {
    type Error = Error;

    fn try_from(array: ndarray::Array<f32, D>) -> Result<Self> {
        Self::from_ndarray(&array)
    }
}

impl From<&Tensor> for ndarray::ArrayD<f32> {
    fn from(tensor: &Tensor) -> Self {
        tensor.to_ndarray()
    }
}

macro_rules! number_into_tensor {
    ($($number:ty => $make:expr),*) => {$(
        impl IntoTensor for $number {
            fn into_tensor(self) -> Tensor {
                $make(vec![self], Shape::from_fit(&[]))
            }
        }
        impl IntoTensor for Vec<$number> {
            fn into_tensor(self) -> Tensor {
                let shape = Shape::from_fit(&[self.len()]);
                $make(self, shape)
            }
        }
        impl IntoTensor for &[$number] {
            fn into_tensor(self) -> Tensor {
                self.to_vec().into_tensor()
            }
        }
        impl<const N: usize> IntoTensor for [$number; N] {
            fn into_tensor(self) -> Tensor {
                self.to_vec().into_tensor()
            }
        }
        impl<const N: usize, const M: usize> IntoTensor for [[$number; M]; N] {
            fn into_tensor(self) -> Tensor {
                $make(self.concat(), Shape::from_fit(&[N, M]))
            }
        }
        impl<const N: usize, const M: usize, const L: usize> IntoTensor for [[[$number; L]; M]; N] {
            fn into_tensor(self) -> Tensor {
                $make(self.concat().concat(), Shape::from_fit(&[N, M, L]))
            }
        }
    )*};
}

fn of_f32(values: Vec<f32>, shape: Shape) -> Tensor {
    Tensor::of_f32(Buffer::copy_of(&values), shape)
}

fn of_f64(values: Vec<f64>, shape: Shape) -> Tensor {
    of_f32(values.into_iter().map(|value| value as f32).collect(), shape)
}

fn of_i32(values: Vec<i32>, shape: Shape) -> Tensor {
    Tensor::from_data(Data::I32(Arc::new(values)), shape)
}

fn of_usize(values: Vec<usize>, shape: Shape) -> Tensor {
    of_i32(values.into_iter().map(|value| value as i32).collect(), shape)
}

number_into_tensor!(f32 => of_f32, f64 => of_f64, i32 => of_i32, usize => of_usize);

impl IntoTensor for Tensor {
    fn into_tensor(self) -> Tensor {
        self
    }
}

impl IntoTensor for &Tensor {
    fn into_tensor(self) -> Tensor {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ndarray_goes_both_ways_also_when_transposed() {
        let array = ndarray::array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let tensor = Tensor::from_ndarray(&array.t()).unwrap();
        assert_eq!(tensor.shape(), [3, 2]);
        assert_eq!(tensor.to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(tensor.to_ndarray(), array.t().into_dyn());
    }

    #[test]
    fn bytes_read_divided() {
        let pixels = Tensor::from_bytes(vec![0, 51, 255], 255.0, 3).unwrap();
        assert_eq!(pixels.to_vec(), [0.0, 0.2, 1.0]);
        assert_eq!(pixels.rows(1..).unwrap().to_vec(), [0.2, 1.0]);
    }
}
