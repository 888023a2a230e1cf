//! Where the workspace is, and where `cargo lab` puts what it makes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The folders of one checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The root of the workspace: what was cloned.
    pub(crate) root: PathBuf,
    /// What `cargo lab` makes: `target/lab`, or the folder in `KILN_HOME`.
    pub(crate) lab: PathBuf,
}

impl Home {
    /// The workspace around the current folder, else around this program, else the one it was built in.
    pub(crate) fn find() -> Result<Self> {
        let starts = [
            std::env::current_dir().ok(),
            std::env::current_exe().ok(),
            Some(PathBuf::from(env!("CARGO_MANIFEST_DIR"))),
        ];
        Self::around(&starts, std::env::var_os("KILN_HOME"))
    }

    fn around(starts: &[Option<PathBuf>], kiln_home: Option<OsString>) -> Result<Self> {
        let root =
            starts.iter().flatten().find_map(|start| start.ancestors().find(|folder| is_workspace(folder)));
        let Some(root) = root else {
            bail!(
                "there is no Kiln workspace around the current folder\n\
                 help: change into the folder that was cloned, then run `cargo lab`"
            );
        };
        let lab = match kiln_home.filter(|value| !value.is_empty()) {
            Some(folder) => std::path::absolute(PathBuf::from(folder))?,
            None => root.join("target/lab"),
        };
        Ok(Self { root: root.to_path_buf(), lab })
    }

    /// The virtual environment with JupyterLab.
    pub(crate) fn environment(&self) -> PathBuf {
        self.lab.join("venv")
    }

    /// The folder that JupyterLab opens.
    pub(crate) fn notebooks(&self) -> PathBuf {
        let notebooks = self.root.join("notebooks");
        if notebooks.is_dir() { notebooks } else { self.root.clone() }
    }
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("kernel/bundle/Cargo.toml").is_file() && folder.join("Cargo.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_start_wins_and_kiln_home_moves_the_rest() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let starts = [Some(PathBuf::from("/")), Some(root.join("kernel/src")), None];
        let home = Home::around(&starts, None).unwrap();
        assert_eq!(home.root, root);
        assert_eq!(home.environment(), root.join("target/lab/venv"));
        let home = Home::around(&starts, Some(std::env::temp_dir().into_os_string())).unwrap();
        assert_eq!(home.environment(), std::env::temp_dir().join("venv"));
    }

    #[test]
    fn outside_of_a_workspace_there_is_an_error() {
        let error = Home::around(&[Some(PathBuf::from("/"))], None).unwrap_err().to_string();
        assert!(error.contains("help: change into the folder"), "{error}");
    }
}
