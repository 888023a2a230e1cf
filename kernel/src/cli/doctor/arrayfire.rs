//! The devices that a backend of ArrayFire finds.
// Asking the library is a call into C.
#![allow(unsafe_code)]

use libloading::Library;
use std::ffi::{CStr, c_char, c_int};
use std::path::Path;

/// What the library says of its version and devices, one line for each device.
pub(super) fn devices(library: &Path) -> Result<Vec<String>, String> {
    // SAFETY: the file is ArrayFire's, by its name and place; its initialisers load drivers.
    let library = unsafe { Library::new(library) }.map_err(|error| error.to_string())?;
    // SAFETY: ArrayFire's C interface has these functions with these signatures.
    let text = unsafe {
        let info = library
            .get::<unsafe extern "C" fn(*mut *mut c_char, bool) -> c_int>(b"af_info_string")
            .map_err(|error| error.to_string())?;
        let mut text: *mut c_char = std::ptr::null_mut();
        let code = info(&raw mut text, false);
        if code != 0 || text.is_null() {
            return Err(format!("it finds no device (code {code})"));
        }
        CStr::from_ptr(text).to_string_lossy().into_owned()
    };
    // Drivers start threads that outlive the library: it stays loaded.
    std::mem::forget(library);
    Ok(lines(&text))
}

fn lines(text: &str) -> Vec<String> {
    let is_device = |line: &&str| line.starts_with(['[', '-']);
    text.lines().map(str::trim).filter(is_device).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list's first lines are about the library, the others about devices.
    #[test]
    fn devices_are_lines() {
        let text = "ArrayFire v3.9.0 (CPU, 64-bit Linux, build b59a1ae)\n[0] Intel: Xeon, 64000 MB\n";
        assert_eq!(lines(text), ["[0] Intel: Xeon, 64000 MB"]);
    }
}
