//! Kiln: a Keras-like library for training small networks fast and visibly.

pub mod error;
pub mod notebook;
pub mod plot;
pub mod table;

pub use error::{Error, ErrorKind, Result};

/// What a notebook or a program imports: `use kiln::prelude::*;`.
pub mod prelude {
    pub use crate::Result;
    pub use crate::plot;
    pub use crate::plot::Figure;
    pub use crate::table::Table;
}
