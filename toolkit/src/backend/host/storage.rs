//! How kernels reach the numbers of a tensor, and the switch to the processor's best instruction set.

use super::{Buffer, Real};
use crate::tensor::{Data, Shape, Tensor};
use std::sync::{Arc, OnceLock};

/// Runs `work` compiled for the best instruction set of this processor; loops in it must be inlined to profit.
#[inline(always)]
pub(crate) fn simd<R>(work: impl FnOnce() -> R) -> R {
    static ARCH: OnceLock<pulp::Arch> = OnceLock::new();
    ARCH.get_or_init(pulp::Arch::new).dispatch(work)
}

/// Number types that a tensor's data can be.
pub(crate) trait Stored: Sized {
    fn slice(data: &Data) -> Option<&[Self]>;
    fn buffer_mut(data: &mut Data) -> Option<&mut Arc<Buffer>>;
    fn data(buffer: Buffer) -> Data;
}

impl Stored for f32 {
    fn slice(data: &Data) -> Option<&[Self]> {
        if let Data::F32(buffer) = data { Some(buffer.as_slice()) } else { None }
    }
    fn buffer_mut(data: &mut Data) -> Option<&mut Arc<Buffer>> {
        if let Data::F32(buffer) = data { Some(buffer) } else { None }
    }
    fn data(buffer: Buffer) -> Data {
        Data::F32(Arc::new(buffer))
    }
}

impl Stored for f64 {
    fn slice(data: &Data) -> Option<&[Self]> {
        if let Data::F64(buffer) = data { Some(buffer.as_slice()) } else { None }
    }
    fn buffer_mut(data: &mut Data) -> Option<&mut Arc<Buffer>> {
        if let Data::F64(buffer) = data { Some(buffer) } else { None }
    }
    fn data(buffer: Buffer) -> Data {
        Data::F64(Arc::new(buffer))
    }
}

impl Tensor {
    /// The numbers. The caller has checked the type.
    pub(crate) fn as_slice<T: Real>(&self) -> &[T] {
        let all = T::slice(self.data()).expect("the type and the device of the tensor were checked before");
        &all[self.first()..self.first() + self.len()]
    }

    /// The numbers, for changing: a copy is made first where a clone of this tensor shares them.
    pub(crate) fn as_mut_slice<T: Real>(&mut self) -> &mut [T] {
        let whole = T::slice(self.data()).map_or(0, <[T]>::len);
        if self.first() != 0 || self.len() != whole {
            *self = Self::of::<T>(Buffer::copy_of(self.as_slice::<T>()), self.shape());
        }
        let buffer = T::buffer_mut(self.data_mut()).expect("the type of the tensor was checked before");
        Arc::make_mut(buffer).as_mut_slice()
    }

    /// A tensor of a new buffer that `fill` writes in full.
    pub(crate) fn written<T: Real>(shape: Shape, fill: impl FnOnce(&mut [T])) -> Self {
        let mut buffer = Buffer::for_writing::<T>(shape.elements());
        fill(buffer.as_mut_slice());
        Self::from_data(T::data(buffer), shape)
    }

    fn of<T: Real>(buffer: Buffer, shape: Shape) -> Self {
        Self::from_data(T::data(buffer), shape)
    }
}
