//! What notebook cells load: the toolkit, compiled ahead into one dynamic library.
//!
//! A cell names this crate `kiln`, so `use kiln::prelude::*;` reads the same in a notebook and in a program. Being one
//! dynamic library, its statics (the seed, the default device, the display channel) are shared by all cells.
pub use kiln::*;

mod hooks;
pub mod show;
