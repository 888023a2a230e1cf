//! Where ArrayFire is. The toolkit in the notebooks loads it; here it is looked for, to tell and to remember.

use std::path::{Path, PathBuf};

/// Its backends, as the toolkit names their devices.
const BACKENDS: [&str; 3] = ["cuda", "opencl", "cpu"];

/// The backends that are there, each with its library.
pub(crate) fn backends() -> Vec<(&'static str, PathBuf)> {
    let places = places();
    let find = |backend: &&'static str| {
        let file = places.iter().find_map(|place| library(place, backend))?;
        Some((*backend, file))
    };
    BACKENDS.iter().filter_map(find).collect()
}

/// The directory in which the libraries of the first backend lie.
pub(crate) fn directory() -> Option<PathBuf> {
    backends().into_iter().next().and_then(|(_, file)| Some(file.parent()?.to_owned()))
}

fn library(place: &Path, backend: &str) -> Option<PathBuf> {
    let names = if cfg!(target_os = "macos") {
        [format!("libaf{backend}.3.dylib"), format!("libaf{backend}.dylib")]
    } else {
        [format!("libaf{backend}.so.3"), format!("libaf{backend}.so")]
    };
    names.iter().map(|name| place.join(name)).find(|file| file.is_file())
}

/// The directories where the toolkit and the system's loader look.
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    for variable in ["KILN_ARRAYFIRE", "AF_PATH"] {
        if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            places.extend([path.join("lib"), path.join("lib64"), path]);
        }
    }
    places.extend(
        ["/opt/arrayfire/lib", "/opt/arrayfire/lib64", "/opt/homebrew/lib", "/usr/local/lib"]
            .map(PathBuf::from),
    );
    for variable in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        places.extend(std::env::var_os(variable).iter().flat_map(std::env::split_paths));
    }
    places.extend(
        ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map(PathBuf::from),
    );
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_found_by_its_name() {
        let place = std::env::temp_dir().join(format!("kiln-arrayfire-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        assert_eq!(library(&place, "cpu"), None);
        let name = if cfg!(target_os = "macos") { "libafcpu.3.dylib" } else { "libafcpu.so.3" };
        std::fs::write(place.join(name), "").unwrap();
        assert_eq!(library(&place, "cpu"), Some(place.join(name)));
        std::fs::remove_dir_all(&place).unwrap();
    }
}
