//! Kiln: a Keras-like library for training small networks fast and visibly.

pub mod activations;
mod backend;
pub mod error;
pub mod notebook;
pub mod random;
pub mod tensor;

pub use error::{Error, ErrorKind, Result};
pub use random::set_seed;
pub use tensor::Tensor;

/// What a notebook or a program imports: `use kiln::prelude::*;`.
pub mod prelude {
    pub use crate::Result;
    pub use crate::activations::Activation;
    pub use crate::tensor::{DType, Shape, Tensor};
}
