//! Moving numbers: rows by index, joins, permutations, conversions.

use super::{Buffer, Real, parallel, simd};
use crate::tensor::{DType, Data, Shape, Tensor};
use std::sync::Arc;

pub(super) fn take_rows(x: &Tensor, rows: &[usize]) -> Tensor {
    let shape = x.shape().with_rows(rows.len());
    let row = x.shape().row_elements();
    match x.data() {
        Data::F32(_) => copy_rows(x.as_slice::<f32>(), rows, row, shape),
        Data::F64(_) => copy_rows(x.as_slice::<f64>(), rows, row, shape),
        Data::U8 { bytes, divisor } => {
            let bytes = &bytes[x.first()..];
            Tensor::written::<f32>(shape, |out| {
                for (&index, out) in rows.iter().zip(out.chunks_mut(row.max(1))) {
                    divide_bytes(&bytes[index * row..(index + 1) * row], *divisor, out);
                }
            })
        }
        Data::I32(labels) => {
            let labels = &labels[x.first()..];
            let taken =
                rows.iter().flat_map(|&index| &labels[index * row..(index + 1) * row]).copied().collect();
            Tensor::from_data(Data::I32(Arc::new(taken)), shape)
        }
        Data::Device(_) => unreachable!("the numbers of this tensor lie on {}", x.device()),
    }
}

fn copy_rows<T: Real>(source: &[T], rows: &[usize], row: usize, shape: Shape) -> Tensor {
    Tensor::written::<T>(shape, |out| {
        for (&index, out) in rows.iter().zip(out.chunks_mut(row.max(1))) {
            out.copy_from_slice(&source[index * row..(index + 1) * row]);
        }
    })
}

fn divide_bytes(bytes: &[u8], divisor: f32, out: &mut [f32]) {
    simd(
        #[inline(always)]
        || out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = f32::from(byte) / divisor),
    );
}

pub(super) fn concat<T: Real>(parts: &[Tensor], axis: usize, shape: Shape) -> Tensor {
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    Tensor::written::<T>(shape, |out| {
        let line = shape[axis] * inner;
        let mut first = 0;
        for part in parts {
            let width = part.shape()[axis] * inner;
            let source = part.as_slice::<T>();
            for block in 0..outer {
                out[block * line + first..][..width].copy_from_slice(&source[block * width..][..width]);
            }
            first += width;
        }
    })
}

pub(super) fn permute<T: Real>(x: &Tensor, axes: &[usize], shape: Shape) -> Tensor {
    let source = x.as_slice::<T>();
    let rank = axes.len();
    let mut steps = vec![1; rank];
    for axis in (0..rank.saturating_sub(1)).rev() {
        steps[axis] = steps[axis + 1] * x.shape()[axis + 1];
    }
    let steps: Vec<usize> = axes.iter().map(|&axis| steps[axis]).collect();
    Tensor::written::<T>(shape, |out| {
        let mut index = vec![0; rank];
        let mut place = 0;
        for out in out {
            *out = source[place];
            for axis in (0..rank).rev() {
                index[axis] += 1;
                place += steps[axis];
                if index[axis] < shape[axis] {
                    break;
                }
                place -= steps[axis] * shape[axis];
                index[axis] = 0;
            }
        }
    })
}

pub(super) fn one_hot<T: Real>(labels: &Tensor, classes: usize) -> Tensor {
    let count = labels.len();
    Tensor::written::<T>(Shape::from_fit(&[count, classes]), |out| {
        out.fill(T::ZERO);
        for row in 0..count {
            let label = labels.number(row);
            if label >= 0.0 && (label as usize) < classes {
                out[row * classes + label as usize] = T::ONE;
            }
        }
    })
}

pub(super) fn cast(x: &Tensor, dtype: DType) -> Tensor {
    match (x.data(), dtype) {
        (Data::U8 { bytes, divisor }, DType::Float32) => {
            let bytes = &bytes[x.first()..x.first() + x.len()];
            Tensor::written::<f32>(x.shape(), |out| {
                parallel::rows_mut(out, 1, super::elementwise::parts(bytes.len()), |first, out| {
                    divide_bytes(&bytes[first..first + out.len()], *divisor, out);
                });
            })
        }
        (Data::F64(_), DType::Float32) => {
            let source = x.as_slice::<f64>();
            Tensor::written::<f32>(x.shape(), |out| {
                out.iter_mut().zip(source).for_each(|(out, &x)| *out = x as f32);
            })
        }
        (_, DType::Int32) => {
            let labels = (0..x.len()).map(|index| x.number(index) as i32).collect();
            Tensor::from_data(Data::I32(Arc::new(labels)), x.shape())
        }
        (_, DType::Float64) => {
            let values: Vec<f64> = (0..x.len()).map(|index| x.number(index)).collect();
            Tensor::from_data(Data::F64(Arc::new(Buffer::copy_of(&values))), x.shape())
        }
        _ => Tensor::written::<f32>(x.shape(), |out| {
            out.iter_mut().enumerate().for_each(|(index, out)| *out = x.number(index) as f32);
        }),
    }
}
