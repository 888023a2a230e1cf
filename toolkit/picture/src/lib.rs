//! Pictures as a short list of primitives, and three painters: SVG, PDF and PNG.
//!
//! `kiln::plot` lays its figures out as a [`Scene`](scene::Scene) and lets a painter draw it. The program `kiln` reads the
//! SVG of a figure back ([`read_svg`]) and paints it anew, so that neither needs the other. Text is drawn in a bundled
//! font with Hangul and looks the same on every machine.
//!
//! # Example
//! ```
//! use kiln_picture::{Rgb, pdf, scene::{Anchor, Scene}, svg};
//! let mut scene = Scene { width: 200.0, height: 100.0, title: "손실".into(), items: Vec::new() };
//! scene.text((100.0, 50.0), "손실 L(w)", 16.0, Rgb(32, 33, 36), Anchor::Middle);
//! assert!(svg::write(&scene).starts_with("<svg"));
//! assert!(pdf::write(&scene).starts_with(b"%PDF"));
//! ```

mod color;
mod error;
pub mod font;
pub mod html;
pub mod path;
pub mod pdf;
pub mod png;
#[cfg(feature = "render")]
pub mod raster;
pub mod read_svg;
pub mod scene;
pub mod svg;

pub use color::Rgb;
pub use error::Error;
