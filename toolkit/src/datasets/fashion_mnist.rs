//! Fashion-MNIST: 70,000 pictures of clothes in ten classes.

use crate::notebook::{MimeBundle, show_result};
use crate::tensor::Tensor;
use crate::{Error, Result};
use kiln_datasets::fashion_mnist as source;
use std::fmt;

/// Fashion-MNIST as tensors; see [`load`].
#[derive(Clone)]
pub struct FashionMnist {
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    source: source::Source,
}

/// Loads Fashion-MNIST: Keras's cache, the system's folder, Kiln's cache, a download, or the embedded part.
///
/// `KILN_DATA=embedded` or `KILN_DATA=full` decides; see `kiln_datasets::fashion_mnist`.
///
/// # Errors
/// For a damaged file, or where the full data is asked for and not to be had.
///
/// # Example
/// ```
/// # // The embedded part, whatever this machine has.
/// # let data = kiln::datasets::fashion_mnist::embedded()?;
/// # /*
/// let data = datasets::fashion_mnist::load()?;
/// # */
/// assert_eq!(data.train_x().shape()[1..], [28, 28]);
/// assert_eq!(data.class_names()[data.train_y().to_labels()[0] as usize].is_empty(), false);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn load() -> Result<FashionMnist> {
    from_source(source::load()?)
}

/// The embedded part: 6,000 training and 1,000 test images, the same share of each class.
///
/// # Errors
/// Never for a library that was built whole.
pub fn embedded() -> Result<FashionMnist> {
    from_source(source::Options::new().extent(source::Extent::Embedded).load()?)
}

fn from_source(data: source::FashionMnist) -> Result<FashionMnist> {
    let images = |images: Vec<u8>| {
        let count = images.len() / (source::SIDE * source::SIDE);
        Tensor::from_bytes(images, 255.0, [count, source::SIDE, source::SIDE])
    };
    let labels = |labels: Vec<u8>| {
        let count = labels.len();
        Tensor::from_labels(labels.into_iter().map(i32::from).collect(), count)
    };
    Ok(FashionMnist {
        train_x: images(data.train.images)?,
        train_y: labels(data.train.labels)?,
        test_x: images(data.test.images)?,
        test_y: labels(data.test.labels)?,
        source: data.source,
    })
}

impl FashionMnist {
    /// The training images, `[60000, 28, 28]` (or 6,000), as numbers in 0..=1; they take one byte a pixel.
    pub fn train_x(&self) -> Tensor {
        self.train_x.clone()
    }

    /// The training labels, `[60000]`, in 0..10.
    pub fn train_y(&self) -> Tensor {
        self.train_y.clone()
    }

    /// The test images, `[10000, 28, 28]` (or 1,000).
    pub fn test_x(&self) -> Tensor {
        self.test_x.clone()
    }

    /// The test labels, `[10000]`.
    pub fn test_y(&self) -> Tensor {
        self.test_y.clone()
    }

    /// The names of the ten classes, by label.
    pub fn class_names(&self) -> [&'static str; source::CLASSES] {
        source::class_names()
    }

    /// Whether this is the whole set, not the embedded part.
    pub fn is_full(&self) -> bool {
        self.source != source::Source::Embedded
    }

    /// Shows what it is as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        show_result(&MimeBundle::text(format!("{self:?}")));
    }

    /// Where it came from, in words.
    pub fn source(&self) -> String {
        self.source.to_string()
    }
}

impl fmt::Debug for FashionMnist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (train, test) = (self.train_x.shape()[0], self.test_x.shape()[0]);
        write!(
            f,
            "Fashion-MNIST: {train} training and {test} test images of 28 x 28 pixels, 10 classes, from {}",
            self.source
        )
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::file(error.to_string())
    }
}
