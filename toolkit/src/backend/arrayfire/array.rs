//! Arrays of the library, and how they are made.
#![allow(unsafe_code)] // A foreign library is called.

use super::engine::Engine;
use super::functions::{Along, Binary, Functions, Handle, SPAN, Sequence, Size, Type, Unary};
use crate::backend::host::Buffer;
use crate::backend::{Backend, DeviceArray};
use crate::tensor::{DType, Data, Shape, Tensor};
use crate::{Error, Result};
use std::any::Any;
use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::Arc;

/// Sizes as ArrayFire has them: the fastest one first, the batch last.
pub(super) type Sizes = [Size; 4];

/// The sizes of a tensor's shape. A row-major tensor and a column-major array with the sizes in reversed order have the
/// same bytes; of more than four axes the first ones are joined.
pub(super) fn sizes(shape: &[usize]) -> Sizes {
    let mut sizes = [1; 4];
    for (place, &size) in shape.iter().rev().enumerate() {
        sizes[place.min(3)] *= size as Size;
    }
    sizes
}

/// An array on a device.
pub(crate) struct Array {
    engine: &'static Engine,
    state: State,
    sizes: Sizes,
    kind: Type,
    /// What bytes are divided by.
    divisor: f32,
}

#[derive(Debug)]
enum State {
    /// It belongs to this array alone; the library counts who shares the memory behind it.
    Live(Handle),
    /// No numbers: nothing is asked of the library.
    Empty,
    Failed(Error),
}

// SAFETY: a handle is used under the library's lock only.
unsafe impl Send for Array {}
// SAFETY: as above.
unsafe impl Sync for Array {}

impl Drop for Array {
    fn drop(&mut self) {
        if let State::Live(handle) = self.state {
            // SAFETY: this was the only owner. An error on the way out helps nobody.
            let _ = self.engine.call(|f| unsafe { (f.release_array)(handle) });
        }
    }
}

impl std::fmt::Debug for Array {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}{:?} on {:?}", self.kind, self.sizes, self.engine)
    }
}

impl DeviceArray for Array {
    fn backend(&self) -> &'static dyn Backend {
        self.engine
    }

    fn dtype(&self) -> DType {
        match self.kind {
            Type::F64 => DType::Float64,
            Type::U8 => DType::Uint8,
            Type::I32 | Type::U32 | Type::Bool => DType::Int32,
            Type::F32 => DType::Float32,
        }
    }

    fn read(&self) -> Result<Data> {
        let count = self.sizes.iter().product::<Size>() as usize;
        Ok(match self.kind {
            Type::F64 => {
                let mut buffer = Buffer::for_writing::<f64>(count);
                self.copy_into(buffer.as_mut_slice::<f64>())?;
                Data::F64(Arc::new(buffer))
            }
            Type::U8 => {
                let mut bytes = vec![0_u8; count];
                self.copy_into(&mut bytes)?;
                Data::U8 { bytes: Arc::new(bytes), divisor: self.divisor }
            }
            Type::I32 | Type::U32 | Type::Bool => {
                let mut numbers = vec![0_i32; count];
                self.copy_into(&mut numbers)?;
                Data::I32(Arc::new(numbers))
            }
            Type::F32 => {
                let mut buffer = Buffer::for_writing::<f32>(count);
                self.copy_into(buffer.as_mut_slice::<f32>())?;
                Data::F32(Arc::new(buffer))
            }
        })
    }

    fn rows(&self, rows: Range<usize>, row: usize) -> Data {
        let count = self.sizes.iter().product::<Size>() / (row.max(1) as Size);
        let part = Sequence { begin: rows.start as f64, end: rows.end as f64 - 1.0, step: 1.0 };
        // A view computes what was put off for the whole: of this array, and not of a copy with other sizes.
        let batch = (0..4).find(|&place| {
            self.sizes[..place].iter().product::<Size>() == row as Size && self.sizes[place] == count
        });
        let view = |whole: &Self, place: usize| {
            let (mut sizes, mut sequences) = (whole.sizes, [SPAN; 4]);
            (sizes[place], sequences[place]) = (rows.len() as Size, part);
            Value::new(self.engine, sizes, self.kind, self.divisor, &[whole], |f, out, from| unsafe {
                // SAFETY: four sequences within the array.
                (f.index)(out, from[0], 4, sequences.as_ptr())
            })
        };
        let part = match batch {
            Some(place) => view(self, place),
            None => view(&self.shared([row as Size, count, 1, 1]).0, 1),
        };
        Data::Device(part.0)
    }

    fn failure(&self) -> Option<&Error> {
        if let State::Failed(error) = &self.state { Some(error) } else { None }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Array {
    pub(super) fn engine(&self) -> &'static Engine {
        self.engine
    }

    /// The handle, for calls that make no array; none for an array without numbers.
    pub(super) fn handle(&self) -> Result<Option<Handle>> {
        match &self.state {
            State::Live(handle) => Ok(Some(*handle)),
            State::Empty => Ok(None),
            State::Failed(error) => Err(error.clone()),
        }
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    pub(super) fn kind(&self) -> Type {
        self.kind
    }

    fn copy_into<T>(&self, into: &mut [T]) -> Result<()> {
        let Some(handle) = self.handle()? else { return Ok(()) };
        // SAFETY: there is room for all numbers, and the type is the array's.
        self.engine.call(|f| unsafe { (f.get_data_ptr)(into.as_mut_ptr().cast(), handle) })
    }

    /// The same array with other sizes.
    fn shared(&self, sizes: Sizes) -> Value {
        Value::new(self.engine, sizes, self.kind, self.divisor, &[self], |f, out, from| unsafe {
            // SAFETY: four sizes with the same product.
            (f.moddims)(out, from[0], 4, sizes.as_ptr())
        })
    }
}

/// An array within an operation; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Value(pub(super) Arc<Array>);

impl Value {
    /// The result of a call with these arrays; carries the error where one of them does, or the call fails.
    pub(super) fn new(
        engine: &'static Engine,
        sizes: Sizes,
        kind: Type,
        divisor: f32,
        inputs: &[&Array],
        action: impl FnOnce(&Functions, *mut Handle, &[Handle]) -> c_int,
    ) -> Self {
        let state = Self::state(engine, sizes, inputs, action).unwrap_or_else(State::Failed);
        Self(Arc::new(Array { engine, state, sizes, kind, divisor }))
    }

    fn state(
        engine: &'static Engine,
        sizes: Sizes,
        inputs: &[&Array],
        action: impl FnOnce(&Functions, *mut Handle, &[Handle]) -> c_int,
    ) -> Result<State> {
        let mut handles = [std::ptr::null_mut(); 4];
        for (place, input) in handles.iter_mut().zip(inputs) {
            // An array without numbers has no handle; what is computed from it has none either.
            *place = input.handle()?.unwrap_or(std::ptr::null_mut());
        }
        if sizes.contains(&0) {
            return Ok(State::Empty);
        }
        let mut out = std::ptr::null_mut();
        engine.call(|f| action(f, &mut out, &handles[..inputs.len()]))?;
        Ok(State::Live(out))
    }

    pub(super) fn failed(engine: &'static Engine, sizes: Sizes, kind: Type, error: Error) -> Self {
        Self(Arc::new(Array { engine, state: State::Failed(error), sizes, kind, divisor: 1.0 }))
    }

    /// A copy of the numbers of a host tensor.
    pub(super) fn upload(engine: &'static Engine, tensor: &Tensor) -> Self {
        let sizes = sizes(&tensor.shape());
        let range = tensor.first()..tensor.first() + tensor.len();
        match tensor.data() {
            Data::F32(buffer) => Self::of(engine, &buffer.as_slice::<f32>()[range], sizes, Type::F32, 1.0),
            Data::F64(buffer) => Self::of(engine, &buffer.as_slice::<f64>()[range], sizes, Type::F64, 1.0),
            Data::U8 { bytes, divisor } => Self::of(engine, &bytes[range], sizes, Type::U8, *divisor),
            Data::I32(numbers) => Self::of(engine, &numbers[range], sizes, Type::I32, 1.0),
            Data::Device(array) => match array.as_any().downcast_ref::<Array>() {
                Some(array) => array.shared(array.sizes),
                None => unreachable!("there are no other devices"),
            },
        }
    }

    /// A copy of these numbers, whose type is `kind`.
    pub(super) fn of<T>(
        engine: &'static Engine,
        values: &[T],
        sizes: Sizes,
        kind: Type,
        divisor: f32,
    ) -> Self {
        let data: *const c_void = values.as_ptr().cast();
        Self::new(engine, sizes, kind, divisor, &[], |f, out, _| unsafe {
            // SAFETY: as many numbers of the type as the sizes say.
            (f.create_array)(out, data, 4, sizes.as_ptr(), kind as c_int)
        })
    }

    /// One number everywhere; takes no memory before it is computed with.
    pub(super) fn constant(engine: &'static Engine, value: f64, sizes: Sizes, kind: Type) -> Self {
        Self::new(engine, sizes, kind, 1.0, &[], |f, out, _| unsafe {
            // SAFETY: four sizes.
            (f.constant)(out, value, 4, sizes.as_ptr(), kind as c_int)
        })
    }

    /// 0, 1, 2, ... along a dimension.
    pub(super) fn range(engine: &'static Engine, sizes: Sizes, dimension: usize, kind: Type) -> Self {
        Self::new(engine, sizes, kind, 1.0, &[], |f, out, _| unsafe {
            // SAFETY: four sizes.
            (f.range)(out, 4, sizes.as_ptr(), dimension as c_int, kind as c_int)
        })
    }

    /// The result of a call with this array.
    pub(super) fn derived(
        &self,
        sizes: Sizes,
        kind: Type,
        action: impl FnOnce(&Functions, *mut Handle, Handle) -> c_int,
    ) -> Self {
        let divisor = self.0.divisor;
        Self::new(self.0.engine, sizes, kind, divisor, &[&self.0], |f, out, from| action(f, out, from[0]))
    }

    pub(super) fn engine(&self) -> &'static Engine {
        self.0.engine
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.0.sizes
    }

    pub(super) fn kind(&self) -> Type {
        self.0.kind
    }

    pub(super) fn divisor(&self) -> f32 {
        self.0.divisor
    }

    pub(super) fn tensor(self, shape: Shape) -> Tensor {
        Tensor::from_data(Data::Device(self.0), shape)
    }

    /// With other sizes, the numbers in the same order.
    pub(super) fn shaped(&self, sizes: Sizes) -> Self {
        if self.0.sizes == sizes { self.clone() } else { self.0.shared(sizes) }
    }

    pub(super) fn unary(&self, operation: impl FnOnce(&Functions) -> Unary) -> Self {
        // SAFETY: an array goes in, one comes out.
        self.derived(self.sizes(), self.kind(), |f, out, from| unsafe { operation(f)(out, from) })
    }

    /// An operation on pairs; sizes of 1 are stretched.
    pub(super) fn binary(&self, other: &Self, operation: impl FnOnce(&Functions) -> Binary) -> Self {
        let kind = self.kind();
        self.binary_of(other, kind, operation)
    }

    /// A comparison, as 0 and 1 in the arrays' type.
    pub(super) fn compared(&self, other: &Self, operation: impl FnOnce(&Functions) -> Binary) -> Self {
        self.binary_of(other, Type::Bool, operation).cast(self.kind())
    }

    /// A comparison as truth values.
    pub(super) fn condition(&self, other: &Self, operation: impl FnOnce(&Functions) -> Binary) -> Self {
        self.binary_of(other, Type::Bool, operation)
    }

    fn binary_of(&self, other: &Self, kind: Type, operation: impl FnOnce(&Functions) -> Binary) -> Self {
        let (a, b) = (self.sizes(), other.sizes());
        let stretched = |place: usize| if a[place] == 1 { b[place] } else { a[place] };
        let sizes = std::array::from_fn(stretched);
        Self::new(self.engine(), sizes, kind, 1.0, &[&self.0, &other.0], |f, out, from| unsafe {
            // SAFETY: two arrays whose sizes are equal or 1.
            operation(f)(out, from[0], from[1], a != b)
        })
    }

    /// An operation with one number on the right.
    pub(super) fn with(&self, number: f64, operation: impl FnOnce(&Functions) -> Binary) -> Self {
        self.binary(&self.beside(number), operation)
    }

    /// One number in the sizes and the type of this array.
    pub(super) fn beside(&self, number: f64) -> Self {
        Self::constant(self.engine(), number, self.sizes(), self.kind())
    }

    pub(super) fn cast(&self, kind: Type) -> Self {
        if self.kind() == kind {
            return self.clone();
        }
        // SAFETY: an array goes in, one comes out.
        self.derived(self.sizes(), kind, |f, out, from| unsafe { (f.cast)(out, from, kind as c_int) })
    }

    /// Floating-point numbers: itself if it holds them, else 32-bit ones.
    pub(super) fn float(&self, kind: Type) -> Self {
        let divisor = self.divisor();
        let numbers = self.cast(kind);
        if self.kind() == Type::U8 && divisor != 1.0 {
            numbers.with(f64::from(divisor), |f| f.div)
        } else {
            numbers
        }
    }

    /// A reduction along a dimension, whose size becomes 1.
    pub(super) fn along(&self, dimension: usize, operation: impl FnOnce(&Functions) -> Along) -> Self {
        let mut sizes = self.sizes();
        sizes[dimension] = 1;
        // SAFETY: a dimension from 0 to 3.
        self.derived(sizes, self.kind(), |f, out, from| unsafe {
            operation(f)(out, from, dimension as c_int)
        })
    }

    /// The parts with these numbers along a dimension.
    pub(super) fn lookup(&self, places: &Self, dimension: usize) -> Self {
        let mut sizes = self.sizes();
        sizes[dimension] = places.sizes().iter().product();
        let divisor = self.divisor();
        let inputs = [&*self.0, &*places.0];
        Self::new(self.engine(), sizes, self.kind(), divisor, &inputs, |f, out, from| unsafe {
            // SAFETY: the places are integers.
            (f.lookup)(out, from[0], from[1], dimension as u32)
        })
    }

    /// This array, and behind it along a dimension another.
    pub(super) fn joined(&self, other: &Self, dimension: usize) -> Self {
        let mut sizes = self.sizes();
        sizes[dimension] += other.sizes()[dimension];
        let inputs = [&*self.0, &*other.0];
        Self::new(self.engine(), sizes, self.kind(), 1.0, &inputs, |f, out, from| unsafe {
            // SAFETY: the other sizes are equal.
            (f.join)(out, dimension as c_int, from[0], from[1])
        })
    }

    /// The numbers of `a` where this holds, elsewhere those of `b`.
    pub(super) fn select(&self, a: &Self, b: &Self) -> Self {
        let inputs = [&*self.0, &*a.0, &*b.0];
        Self::new(self.engine(), self.sizes(), a.kind(), 1.0, &inputs, |f, out, from| unsafe {
            // SAFETY: truth values and two arrays of the same sizes.
            (f.select)(out, from[0], from[1], from[2])
        })
    }
}
