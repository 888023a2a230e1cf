//! Finding and loading ArrayFire at run time.
//!
//! Each of its backends is a library of its own with the same functions. They are opened when a device of theirs is
//! asked for, and not linked: a program or bundle that was built with the feature `arrayfire` starts on machines without
//! ArrayFire, and says there what is missing.
#![allow(unsafe_code)] // A foreign library is opened and called.

use super::functions::Functions;
use crate::device::DeviceKind;
use crate::{Error, ErrorKind, Result};
use std::ffi::{CStr, c_char, c_int};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One backend's library, opened.
pub(super) struct Library {
    functions: Functions,
    /// Arrays are evaluated in place and share what is not yet computed, so one call is made at a time.
    lock: Mutex<()>,
    pub(super) kind: DeviceKind,
    /// The file that was opened.
    pub(super) file: PathBuf,
    library: libloading::Library,
}

/// What ArrayFire says of one device.
pub(super) struct DeviceFacts {
    pub(super) name: String,
    /// In bytes.
    pub(super) memory: Option<u64>,
    pub(super) has_doubles: bool,
    pub(super) is_gpu: bool,
}

impl Library {
    /// Opens the library of a backend.
    ///
    /// # Errors
    /// When it is nowhere, cannot be loaded (a driver is missing), or lacks a function.
    pub(super) fn open(kind: DeviceKind) -> Result<Self> {
        let mut failures = Vec::new();
        for file in candidates(kind) {
            if file.is_absolute() && !file.exists() {
                continue;
            }
            // SAFETY: loading runs the library's initializers; ArrayFire's are meant for that.
            match unsafe { libloading::Library::new(&file) } {
                Ok(library) => match Functions::of(&library) {
                    Ok(functions) => {
                        return Ok(Self { functions, lock: Mutex::new(()), kind, file, library });
                    }
                    Err(error) => failures.push(format!("{}: {error}", file.display())),
                },
                // The loader's own paths are tried last; that nothing is there is no news.
                Err(error) if file.is_absolute() => failures.push(format!("{}: {error}", file.display())),
                Err(_) => {}
            }
        }
        if failures.is_empty() {
            return Err(not_found(kind));
        }
        Err(Error::new(
            ErrorKind::Device,
            format!("ArrayFire's {} backend cannot be loaded\n{}", kind.name(), failures.join("\n")),
        )
        .with_help(
            "is the driver of the device installed, and ArrayFire complete and of version 3.8 or later?",
        ))
    }

    /// Calls the library, one thread at a time.
    pub(super) fn call(&self, action: impl FnOnce(&Functions) -> c_int) -> Result<()> {
        let _guard = self.enter();
        self.checked(action(&self.functions))
    }

    /// The functions, while nobody else calls them.
    pub(super) fn enter(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The functions; the caller holds the guard of [`enter`](Self::enter).
    pub(super) fn functions(&self, _guard: &MutexGuard<'_, ()>) -> &Functions {
        &self.functions
    }

    /// What a code means; the caller is the thread that got it.
    pub(super) fn checked(&self, code: c_int) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        let mut text: *mut c_char = std::ptr::null_mut();
        let mut length = 0;
        // SAFETY: the library allocates the text and says how long it is.
        let message = unsafe {
            (self.functions.get_last_error)(&mut text, &mut length);
            take_text(&self.functions, text)
        };
        Err(explained(code, &message))
    }

    /// The version, as three numbers with dots.
    pub(super) fn version(&self) -> Result<String> {
        let (mut major, mut minor, mut patch) = (0, 0, 0);
        // SAFETY: three places for numbers.
        self.call(|f| unsafe { (f.get_version)(&mut major, &mut minor, &mut patch) })?;
        Ok(format!("{major}.{minor}.{patch}"))
    }

    pub(super) fn device_count(&self) -> Result<c_int> {
        let mut count = 0;
        // SAFETY: a place for a number.
        self.call(|f| unsafe { (f.get_device_count)(&mut count) })?;
        Ok(count)
    }

    pub(super) fn facts(&self, device: c_int) -> Result<DeviceFacts> {
        // SAFETY: a number goes in.
        self.call(|f| unsafe { (f.set_device)(device) })?;
        let mut has_doubles = false;
        // SAFETY: a place for an answer.
        self.call(|f| unsafe { (f.get_dbl_support)(&mut has_doubles, device) })?;
        let mut list = String::new();
        let mut text: *mut c_char = std::ptr::null_mut();
        // SAFETY: the library allocates the text, which is freed here.
        self.call(|f| unsafe {
            let code = (f.info_string)(&mut text, false);
            if code == 0 {
                list = take_text(f, text);
            }
            code
        })?;
        let (name, memory) = description(&list, device).unwrap_or_default();
        Ok(DeviceFacts { name, memory, has_doubles, is_gpu: self.is_gpu() })
    }

    /// Whether the active device is a graphics processor; OpenCL has both kinds.
    fn is_gpu(&self) -> bool {
        type DeviceType = unsafe extern "C" fn(*mut c_int) -> c_int;
        const GPU: c_int = 4;
        match self.kind {
            DeviceKind::Cuda => true,
            DeviceKind::OpenCl => {
                let mut answer = 0;
                // SAFETY: the type is that of af/opencl.h; a place for an answer.
                let asked = unsafe { self.library.get::<DeviceType>(b"afcl_get_device_type\0") };
                asked.is_ok_and(|ask| self.call(|_| unsafe { ask(&mut answer) }).is_ok()) && answer == GPU
            }
            DeviceKind::Host | DeviceKind::Cpu => false,
        }
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArrayFire at {}", self.file.display())
    }
}

/// A text that the library has allocated, which is freed.
///
/// # Safety
/// `text` is null or ends with a 0, and belongs to the library.
unsafe fn take_text(functions: &Functions, text: *mut c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller says.
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        (functions.free_host)(text.cast());
        copy
    }
}

/// Name and memory of a device in a list with lines such as `[0] NVIDIA: H100, 81079 MB, CUDA Compute 9.0`.
fn description(list: &str, device: c_int) -> Option<(String, Option<u64>)> {
    let marks = [format!("[{device}]"), format!("-{device}-")];
    let after =
        |line: &'_ str| marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark).map(str::to_owned));
    let line = list.lines().find_map(after)?;
    let before = line.split(" MB").next()?;
    let (name, memory) = before.rsplit_once(", ").unwrap_or((before, ""));
    let memory = memory.parse::<u64>().ok().map(|megabytes| megabytes << 20);
    Some((name.trim_matches([' ', ':']).to_owned(), memory))
}

/// Where the library of a backend may be, in the order in which it is looked for.
fn candidates(kind: DeviceKind) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for variable in ["KILN_ARRAYFIRE", "AF_PATH"] {
        if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            places.extend(["lib", "lib64", ""].map(|part| path.join(part)));
        }
    }
    let usual: &[&str] = if cfg!(windows) {
        &[r"C:\Program Files\ArrayFire\v3\lib"]
    } else {
        &["/opt/arrayfire/lib", "/opt/arrayfire/lib64", "/opt/homebrew/lib", "/usr/local/lib"]
    };
    places.extend(usual.iter().map(PathBuf::from));
    let stem = format!("af{}", kind.name());
    let names = if cfg!(windows) {
        vec![format!("{stem}.dll")]
    } else if cfg!(target_os = "macos") {
        vec![format!("lib{stem}.3.dylib"), format!("lib{stem}.dylib")]
    } else {
        vec![format!("lib{stem}.so.3"), format!("lib{stem}.so")]
    };
    let all = places.iter().flat_map(|place| names.iter().map(move |name| place.join(name)));
    all.chain(names.iter().map(PathBuf::from)).collect()
}

/// The directory that set-up remembered, if no backend lies in it any more.
pub(crate) fn gone() -> Option<PathBuf> {
    let place = PathBuf::from(std::env::var_os("KILN_ARRAYFIRE").filter(|path| !path.is_empty())?);
    let kinds = [DeviceKind::Cpu, DeviceKind::OpenCl, DeviceKind::Cuda];
    let is_here = |file: &PathBuf| file.starts_with(&place) && file.exists();
    let is_there = kinds.iter().any(|&kind| candidates(kind).iter().any(is_here));
    (!is_there).then_some(place)
}

fn not_found(kind: DeviceKind) -> Error {
    Error::new(ErrorKind::Device, format!("ArrayFire's {} backend was not found", kind.name()))
        .with_help(crate::device::HOW_TO_GET)
}

/// An error code in our words, with the library's own message.
fn explained(code: c_int, message: &str) -> Error {
    let (what, help) = match code {
        101 => (
            "the device has no memory left",
            Some("take a smaller batch_size, or drop tensors and models that are no longer needed"),
        ),
        102 => {
            ("the device's driver failed", Some("is the driver installed, and as new as ArrayFire needs?"))
        }
        301 | 302 => ("this build of ArrayFire cannot do that", None),
        401 => ("the device has no 64-bit floating-point numbers", Some("check gradients on host or cpu")),
        _ => ("ArrayFire reported an error", None),
    };
    // The library's files and the stack of its calls tell a reader nothing.
    let tells = |line: &&str| {
        let is_frame = line.split_once("# ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        !(line.is_empty() || is_frame || line.starts_with("In file ") || line.starts_with("at "))
    };
    let lines: Vec<&str> = message.lines().map(str::trim).filter(tells).take(3).collect();
    let message = if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) };
    let error = Error::new(ErrorKind::Device, format!("{what} (ArrayFire's code {code}{message})"));
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_read_from_the_list_of_devices() {
        let list = "ArrayFire v3.9.0 (CUDA, 64-bit Linux, build 1)\nPlatform: CUDA Runtime 12.0, Driver: 1\n\
                    [0] NVIDIA H100, 81079 MB, CUDA Compute 9.0\n-1- NVIDIA T4, 15000 MB, CUDA Compute 7.5\n";
        assert_eq!(description(list, 0), Some(("NVIDIA H100".into(), Some(81_079 << 20))));
        assert_eq!(description(list, 1), Some(("NVIDIA T4".into(), Some(15_000 << 20))));
        assert_eq!(description(list, 2), None);
        assert_eq!(description("[0] : Unknown MB, Max", 0), Some(("Unknown".into(), None)));
    }

    #[test]
    fn errors_say_what_to_do() {
        let error =
            explained(101, "In function af_matmul\nIn file src/api/c/blas.cpp:261\n 0# 0x00007F in lib.so\n");
        let expected = "the device has no memory left (ArrayFire's code 101: In function af_matmul)";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.help().is_some());
    }
}
