//! One device of one of ArrayFire's backends, and the list of all of them.
#![allow(unsafe_code)] // A foreign library is called.

use super::array::{Array, Sizes, Value, sizes};
use super::functions::{Functions, Handle, Type};
use super::library::Library;
use super::pictures::Tables;
use crate::device::{Device, DeviceKind, DeviceMemory};
use crate::tensor::{DType, Data, Tensor};
use crate::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::ffi::c_int;
use std::sync::{Arc, OnceLock};

/// A device.
pub(crate) struct Engine {
    library: &'static Library,
    number: c_int,
    pub(crate) name: String,
    pub(crate) memory: Option<u64>,
    pub(crate) has_doubles: bool,
    pub(crate) is_gpu: bool,
    pub(super) tables: Tables,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.device())
    }
}

/// The devices of a backend; its library is opened when they are first asked for, and stays.
pub(crate) fn engines(kind: DeviceKind) -> Result<&'static [Engine]> {
    static FOUND: [OnceLock<Result<&'static [Engine]>>; 3] = [const { OnceLock::new() }; 3];
    let place = match kind {
        DeviceKind::Host => return Ok(&[]),
        DeviceKind::Cpu => &FOUND[0],
        DeviceKind::OpenCl => &FOUND[1],
        DeviceKind::Cuda => &FOUND[2],
    };
    place.get_or_init(|| find(kind)).clone()
}

fn find(kind: DeviceKind) -> Result<&'static [Engine]> {
    // Both live as long as the process: devices do not come and go.
    let library: &'static Library = Box::leak(Box::new(Library::open(kind)?));
    let place = |error: Error| error.in_context(format_args!("ArrayFire's {} backend", kind.name()));
    let count = library.device_count().map_err(place)?;
    let mut engines = Vec::new();
    for number in 0..count {
        let facts = library.facts(number).map_err(place)?;
        engines.push(Engine {
            library,
            number,
            name: facts.name,
            memory: facts.memory,
            has_doubles: facts.has_doubles,
            is_gpu: facts.is_gpu,
            tables: Tables::default(),
        });
    }
    if engines.is_empty() {
        return Err(place(Error::new(ErrorKind::Device, "there is no device")));
    }
    Ok(Box::leak(engines.into_boxed_slice()))
}

/// Where the library of a backend was found, and its version.
pub(crate) fn origin(kind: DeviceKind) -> Result<String> {
    let engine = engines(kind)?.first().ok_or_else(|| Error::new(ErrorKind::Device, "there is no device"))?;
    Ok(format!("{} at {}", engine.library.version()?, engine.library.file.display()))
}

thread_local! {
    /// Which device each backend uses in this thread.
    static ACTIVE: Cell<[c_int; 3]> = const { Cell::new([-1; 3]) };
}

impl Engine {
    /// Its name in Kiln.
    pub(crate) fn device(&self) -> Device {
        Device::of(self.library.kind, self.number as usize)
    }

    /// Calls the library with this device as the active one.
    pub(super) fn call(&self, action: impl FnOnce(&Functions) -> c_int) -> Result<()> {
        let guard = self.library.enter();
        let functions = self.library.functions(&guard);
        let mut active = ACTIVE.get();
        let place = self.library.kind as usize - 1;
        if active[place] != self.number {
            // SAFETY: a number goes in.
            self.library.checked(unsafe { (functions.set_device)(self.number) })?;
            active[place] = self.number;
            ACTIVE.set(active);
        }
        self.library.checked(action(functions))
    }

    /// The array of a tensor, with the sizes that its shape has.
    pub(super) fn value(&'static self, tensor: &Tensor) -> Value {
        self.value_in(tensor, sizes(&tensor.shape()))
    }

    /// The array of a tensor that lies here.
    pub(super) fn own(&'static self, tensor: &Tensor) -> Option<Value> {
        let Data::Device(data) = tensor.data() else { return None };
        let array = Arc::clone(data).as_any_arc().downcast::<Array>().ok()?;
        std::ptr::eq(array.engine(), self).then_some(Value(array))
    }

    /// The array of a tensor, with these sizes. Numbers on the host are copied: those are constants of a layer.
    pub(super) fn value_in(&'static self, tensor: &Tensor, sizes: Sizes) -> Value {
        match (self.own(tensor), tensor.data()) {
            (Some(own), _) => own.shaped(sizes),
            (None, Data::F32(_) | Data::F64(_) | Data::U8 { .. } | Data::I32(_)) => {
                Value::upload(self, tensor).shaped(sizes)
            }
            (None, Data::Device(_)) => {
                let error = crate::device::mixed("an operation", self.device(), tensor.device());
                Value::failed(self, sizes, type_of(tensor.dtype()), error)
            }
        }
    }

    /// The array of a tensor as floating-point numbers of its own type, or of 32 bits where it holds others.
    pub(super) fn float(&'static self, tensor: &Tensor) -> Value {
        self.value(tensor).float(float_type(tensor.dtype()))
    }

    /// Computes all of these arrays at once, those of equal sizes in one kernel.
    pub(super) fn evaluate_all(&'static self, tensors: &[&Tensor]) -> Result<()> {
        let mut arrays: Vec<(Sizes, Type, Handle)> = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            let Data::Device(data) = tensor.data() else { continue };
            let Some(array) = data.as_any().downcast_ref::<Array>() else { continue };
            if !std::ptr::eq(array.engine(), self) {
                continue;
            }
            if let Some(handle) = array.handle()? {
                arrays.push((array.sizes(), array.kind(), handle));
            }
        }
        arrays.sort_by_key(|&(sizes, kind, handle)| (sizes, kind as i32, handle.addr()));
        for group in arrays.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let mut handles: Vec<Handle> = group.iter().map(|&(_, _, handle)| handle).collect();
            handles.dedup();
            // SAFETY: arrays of the same sizes and type, which the tensors keep alive.
            self.call(|f| unsafe { (f.eval_multiple)(handles.len() as c_int, handles.as_mut_ptr()) })?;
        }
        Ok(())
    }

    pub(crate) fn memory_in_use(&self) -> Result<DeviceMemory> {
        let (mut held, mut buffers, mut used, mut locked) = (0, 0, 0, 0);
        // SAFETY: four places for numbers.
        self.call(|f| unsafe { (f.device_mem_info)(&mut held, &mut buffers, &mut used, &mut locked) })?;
        Ok(DeviceMemory { held: held as u64, used: used as u64 })
    }

    pub(crate) fn free_unused(&self) -> Result<()> {
        // SAFETY: nothing goes in.
        self.call(|f| unsafe { (f.device_gc)() })
    }

    /// Waits until all that was begun is done.
    pub(crate) fn wait(&self) -> Result<()> {
        // SAFETY: a number goes in.
        self.call(|f| unsafe { (f.sync)(self.number) })
    }
}

/// The type of a tensor's numbers in ArrayFire.
pub(super) fn type_of(dtype: DType) -> Type {
    match dtype {
        DType::Float32 => Type::F32,
        DType::Float64 => Type::F64,
        DType::Uint8 => Type::U8,
        DType::Int32 => Type::I32,
    }
}

/// The floating-point type with which a tensor of this type is computed with.
pub(super) fn float_type(dtype: DType) -> Type {
    if dtype == DType::Float64 { Type::F64 } else { Type::F32 }
}
