//! The data sets of `kiln-datasets` as tensors.

use crate::Error;

pub mod fashion_mnist;

impl From<kiln_datasets::Error> for Error {
    fn from(error: kiln_datasets::Error) -> Self {
        Self::file(error.to_string())
    }
}
