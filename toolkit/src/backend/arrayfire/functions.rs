//! ArrayFire's C interface, as far as it is used.
#![allow(unsafe_code)] // A foreign library is called.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// An array of the library.
pub(super) type Handle = *mut c_void;
/// A size of an array.
pub(super) type Size = i64;

/// Operations on each number.
pub(super) type Unary = unsafe extern "C" fn(*mut Handle, Handle) -> c_int;
/// Operations on pairs; the last argument allows sizes of 1 to be stretched.
pub(super) type Binary = unsafe extern "C" fn(*mut Handle, Handle, Handle, bool) -> c_int;
/// Reductions along a dimension.
pub(super) type Along = unsafe extern "C" fn(*mut Handle, Handle, c_int) -> c_int;

/// `af_seq`: from, to (included), step.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Sequence {
    pub(super) begin: f64,
    pub(super) end: f64,
    pub(super) step: f64,
}

/// All of a dimension.
pub(super) const SPAN: Sequence = Sequence { begin: 1.0, end: 1.0, step: 0.0 };

/// `af_dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub(super) enum Type {
    F32 = 0,
    F64 = 2,
    Bool = 4,
    I32 = 5,
    U32 = 6,
    U8 = 7,
}

macro_rules! functions {
    ($($name:ident: $type:ty;)*) => {
        /// The functions of one loaded library.
        pub(super) struct Functions {
            $(pub(super) $name: $type,)*
        }

        impl Functions {
            /// Finds all functions.
            ///
            /// # Errors
            /// With the loader's message when one is missing: the library is older than what is called here.
            pub(super) fn of(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those of ArrayFire's public headers (af/*.h), versions 3.8 to 3.10.
                unsafe {
                    Ok(Self { $($name: *library.get::<$type>(concat!("af_", stringify!($name), "\0").as_bytes())?,)* })
                }
            }
        }
    };
}

functions! {
    get_version: unsafe extern "C" fn(*mut c_int, *mut c_int, *mut c_int) -> c_int;
    get_last_error: unsafe extern "C" fn(*mut *mut c_char, *mut Size);
    free_host: unsafe extern "C" fn(*mut c_void) -> c_int;
    get_device_count: unsafe extern "C" fn(*mut c_int) -> c_int;
    set_device: unsafe extern "C" fn(c_int) -> c_int;
    info_string: unsafe extern "C" fn(*mut *mut c_char, bool) -> c_int;
    get_dbl_support: unsafe extern "C" fn(*mut bool, c_int) -> c_int;
    device_mem_info: unsafe extern "C" fn(*mut usize, *mut usize, *mut usize, *mut usize) -> c_int;
    device_gc: unsafe extern "C" fn() -> c_int;
    sync: unsafe extern "C" fn(c_int) -> c_int;

    create_array: unsafe extern "C" fn(*mut Handle, *const c_void, c_uint, *const Size, c_int) -> c_int;
    constant: unsafe extern "C" fn(*mut Handle, f64, c_uint, *const Size, c_int) -> c_int;
    range: unsafe extern "C" fn(*mut Handle, c_uint, *const Size, c_int, c_int) -> c_int;
    get_data_ptr: unsafe extern "C" fn(*mut c_void, Handle) -> c_int;
    release_array: unsafe extern "C" fn(Handle) -> c_int;
    eval_multiple: unsafe extern "C" fn(c_int, *mut Handle) -> c_int;

    moddims: unsafe extern "C" fn(*mut Handle, Handle, c_uint, *const Size) -> c_int;
    reorder: unsafe extern "C" fn(*mut Handle, Handle, c_uint, c_uint, c_uint, c_uint) -> c_int;
    join: unsafe extern "C" fn(*mut Handle, c_int, Handle, Handle) -> c_int;
    index: unsafe extern "C" fn(*mut Handle, Handle, c_uint, *const Sequence) -> c_int;
    lookup: unsafe extern "C" fn(*mut Handle, Handle, Handle, c_uint) -> c_int;
    cast: unsafe extern "C" fn(*mut Handle, Handle, c_int) -> c_int;
    select: unsafe extern "C" fn(*mut Handle, Handle, Handle, Handle) -> c_int;
    all_true_all: unsafe extern "C" fn(*mut f64, *mut f64, Handle) -> c_int;
    matmul: unsafe extern "C" fn(*mut Handle, Handle, Handle, c_int, c_int) -> c_int;
    imax: unsafe extern "C" fn(*mut Handle, *mut Handle, Handle, c_int) -> c_int;

    sum: Along;
    max: Along;
    min: Along;

    exp: Unary;
    expm1: Unary;
    log: Unary;
    log1p: Unary;
    sqrt: Unary;
    abs: Unary;
    tanh: Unary;
    sin: Unary;
    cos: Unary;
    erf: Unary;
    sigmoid: Unary;

    add: Binary;
    sub: Binary;
    mul: Binary;
    div: Binary;
    pow: Binary;
    maxof: Binary;
    minof: Binary;
    gt: Binary;
    ge: Binary;
    lt: Binary;
    le: Binary;
    eq: Binary;
    neq: Binary;
}
