//! Which backends of ArrayFire are here, and the devices that they find.
// Asking the library is a call into C.
#![allow(unsafe_code)]

use libloading::Library;
use std::ffi::{CStr, c_char, c_int};
use std::path::{Path, PathBuf};

/// The backends, in the order in which people want them.
pub(super) const BACKENDS: [&str; 3] = ["cuda", "opencl", "cpu"];

/// The library of a backend, where the toolkit would look for it.
pub(super) fn library(backend: &str) -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for variable in ["KILN_ARRAYFIRE", "AF_PATH"] {
        if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            places.extend(["lib", "lib64", ""].map(|part| path.join(part)));
        }
    }
    let usual = ["/opt/arrayfire/lib", "/opt/arrayfire/lib64", "/opt/homebrew/lib", "/usr/local/lib"];
    places.extend(usual.map(PathBuf::from));
    let loader = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&loader));
    places.extend(
        ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map(PathBuf::from),
    );
    let suffixes: &[&str] = if cfg!(target_os = "macos") { &["3.dylib", "dylib"] } else { &["so.3", "so"] };
    let names: Vec<String> = suffixes.iter().map(|suffix| format!("libaf{backend}.{suffix}")).collect();
    places.iter().flat_map(|place| names.iter().map(move |name| place.join(name))).find(|path| path.is_file())
}

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
