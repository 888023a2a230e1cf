//! Where plotly's script is: pages with interactive figures carry it inside, so that they need no network.

use std::path::{Path, PathBuf};

/// The variable that names it to the toolkit in a notebook's process.
pub(crate) const VARIABLE: &str = "KILN_PLOTLY_JS";

/// `plotly.min.js` as named by `KILN_PLOTLY_JS`, else that of the Python package `plotly` in the active environment, else
/// in the one that `cargo lab` made.
pub(crate) fn script() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    active.chain(crate::cli::lab_environment()).find_map(|environment| within(&environment))
}

fn within(environment: &Path) -> Option<PathBuf> {
    const SCRIPT: &str = "site-packages/plotly/package_data/plotly.min.js";
    let pythons = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let folders = pythons.map(|entry| entry.path()).chain([environment.join("Lib")]);
    folders.map(|folder| folder.join(SCRIPT)).find(|script| script.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_found_whatever_the_python() {
        let environment = std::env::temp_dir().join(format!("kiln-plotly-{}", std::process::id()));
        assert_eq!(within(&environment), None);
        let package = environment.join("lib/python3.13/site-packages/plotly/package_data");
        std::fs::create_dir_all(environment.join("lib/python3.12/site-packages")).unwrap();
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("plotly.min.js"), "").unwrap();
        assert_eq!(within(&environment), Some(package.join("plotly.min.js")));
        std::fs::remove_dir_all(environment).ok();
    }
}
