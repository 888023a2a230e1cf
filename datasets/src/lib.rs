//! Data sets for the Kiln notebooks: Fashion-MNIST, generators of small synthetic sets, and the IDX file format.
//!
//! ```
//! use kiln_datasets::fashion_mnist::{self, Extent, Options};
//!
//! // `fashion_mnist::load()?` looks for the whole set; this takes the embedded part and needs no file.
//! let data = Options::new().extent(Extent::Embedded).load()?;
//! assert_eq!(data.train.shape(), [6000, 28, 28]);
//! assert_eq!(data.test.labels.len(), 1000);
//! let name = fashion_mnist::class_names()[usize::from(data.train.labels[0])];
//! # assert!(!name.is_empty());
//! # Ok::<(), kiln_datasets::Error>(())
//! ```
//!
//! This crate knows no tensor: it returns row-major `Vec<u8>` and `Vec<f32>` with their shapes. `kiln::datasets` wraps
//! them as tensors.
//!
//! Features: `download` (off by default) fetches what is missing from within this process, with `ureq`, over plain HTTP
//! and checked by SHA-256; `https` adds TLS for mirrors that need it. Without them, a process that finds the installed
//! command `kiln` in the environment variable `KILN_EXE` has that do it.

pub mod error;
pub mod fashion_mnist;
pub mod idx;
pub mod synthetic;

pub use error::{Error, Result};
