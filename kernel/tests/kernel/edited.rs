//! A toolkit that is edited while a kernel runs.

use super::client::Kernel;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with a copy of the sources and a build of its own, so that no other kernel sees them change.
struct Copied(PathBuf);

impl Copied {
    fn new() -> Self {
        let place = std::env::temp_dir().join(format!("kiln-edited-{}", std::process::id()));
        let copy = place.join("source");
        std::fs::create_dir_all(copy.join("kernel")).unwrap();
        let clone = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in ["Cargo.toml", "Cargo.lock", "toolkit", "datasets", "kernel/bundle"] {
            let copied =
                Command::new("cp").arg("-r").arg(clone.join(name)).arg(copy.join(name)).status().unwrap();
            assert!(copied.success(), "{name} is copied");
        }
        // The workspace has the bundle, the toolkit and the data sets, and nothing else.
        let manifest = std::fs::read_to_string(copy.join("Cargo.toml")).unwrap();
        let start = manifest.find("members = [").expect("members");
        let end = start + manifest[start..].find(']').expect("the end of the members");
        let members = r#"members = ["toolkit", "toolkit/picture", "datasets", "kernel/bundle""#;
        std::fs::write(
            copy.join("Cargo.toml"),
            format!("{}{members}{}", &manifest[..start], &manifest[end..]),
        )
        .unwrap();
        Self(place)
    }

    fn source(&self) -> PathBuf {
        self.0.join("source")
    }

    fn start(&self) -> Kernel {
        let cache = self.0.join("cache");
        let source = self.source();
        Kernel::start_with(&[
            ("KILN_SOURCE", source.to_str().unwrap()),
            ("KILN_CACHE", cache.to_str().unwrap()),
        ])
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Cells go on with the toolkit they started with, and the reader is told once; what would load a second toolkit beside it
/// is refused; the next kernel has the new one.
#[test]
#[ignore = "builds the toolkit twice; `.ci/full` runs it"]
fn an_edited_toolkit_asks_for_a_restart() {
    let copied = Copied::new();
    let mut kernel = copied.start();
    kernel.execute("use kiln::prelude::*;\nlet kept = Tensor::zeros([3]);").ok();
    let library = copied.source().join("toolkit/src/lib.rs");
    let text = std::fs::read_to_string(&library).unwrap();
    std::fs::write(&library, format!("{text}\n/// New.\npub fn edited() -> u32 {{\n    41\n}}\n")).unwrap();

    let answer = kernel.execute("kept.len()").ok();
    assert_eq!(answer.result(), Some("3"));
    let told = answer.text("stderr");
    assert!(told.contains("was edited") && told.contains("Restart the kernel"), "{told}");
    assert_eq!(kernel.execute("kept.len() + 1").ok().text("stderr"), "", "it is said once");
    let answer = kernel.execute(":dep fastrand = \"2\"");
    assert_eq!(answer.error().0, "ToolkitChanged");
    assert!(answer.reply["traceback"].to_string().contains("restart the kernel"), "{answer:?}");
    assert_eq!(kernel.execute("kept.len()").ok().result(), Some("3"), "no variable is lost");
    kernel.shut_down();

    let mut kernel = copied.start();
    assert_eq!(kernel.execute("kiln::edited() + 1").ok().result(), Some("42"));
}
