//! How much a file may ask for: its content never takes more than [`SPARE`] and [`FACTOR`] times its size. What is read is
//! held twice for a moment, as bytes and as numbers, so that reading takes at most twice that.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What any file may ask for, in bytes.
const SPARE: usize = 64 << 20;

/// How much larger than the file its content may be.
const FACTOR: usize = 32;

/// The largest number of layers of a model that is read.
pub(super) const LAYERS: usize = 10_000;

/// How many bytes a file of this size may have for content.
pub(super) fn content_of(file: usize) -> usize {
    file.saturating_mul(FACTOR).saturating_add(SPARE)
}

/// What may still be read of a file.
#[derive(Clone)]
pub(super) struct Budget {
    left: Arc<AtomicUsize>,
    file: usize,
}

impl Budget {
    pub(super) fn of_file(file: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(content_of(file))), file }
    }

    /// The file's size.
    pub(super) fn file(&self) -> usize {
        self.file
    }

    /// What may be read in all.
    pub(super) fn total(&self) -> usize {
        content_of(self.file)
    }

    pub(super) fn spend(&self, bytes: usize) -> Result<()> {
        let less = |left: usize| left.checked_sub(bytes);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::file(format!(
                "the file of {} bytes unpacks to more than {} bytes",
                self.file,
                self.total()
            ))),
        }
    }
}

/// An error when this many elements take more than `limit` bytes.
pub(super) fn check_elements(path: &str, shape: &[usize], element: u64, limit: usize) -> Result<()> {
    let element = usize::try_from(element).unwrap_or(usize::MAX);
    let bytes = shape.iter().try_fold(element, |bytes, &size| bytes.checked_mul(size));
    match bytes {
        Some(bytes) if bytes <= limit => Ok(()),
        _ => Err(Error::file(format!(
            "the array `{path}` of shape {shape:?} is larger than the {limit} bytes that the file can hold"
        ))),
    }
}
