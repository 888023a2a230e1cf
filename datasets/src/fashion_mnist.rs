//! Fashion-MNIST: 70,000 small grey images of clothing in ten classes.
//!
//! [`load`] looks for the four original files in these places, and takes the first that holds all of them:
//!
//! 1. the folder in `FASHION_MNIST_DIR`, if set: then only there;
//! 2. Keras's cache, `~/.keras/datasets/fashion-mnist` (or below `KERAS_HOME`);
//! 3. the system's folder, `/usr/share/datasets/fashion-mnist` (Debian's package `dataset-fashion-mnist`);
//! 4. Kiln's cache, `kiln/datasets/fashion-mnist` in the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`);
//! 5. the official address, from which they are downloaded into Kiln's cache (30 MB; checked by SHA-256; another address
//!    by `KILN_FASHION_MNIST_URL`);
//! 6. the embedded part, 6,000 and 1,000 of the images, 600 and 100 a class; [`load`] says so once on stderr.
//!
//! `KILN_DATA=embedded` takes the last without a look at the others, and `KILN_DATA=full` makes it an error to end there.
//!
//! A folder that lacks some of the files is passed over, since Keras fetches them one by one and may have been stopped in
//! between. A file that is there but damaged is an error that names it: passing over it in silence would leave the reader
//! with other numbers than expected and no reason.
//!
//! Source: Xiao, Rasul, Vollgraf: *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms*
//! (2017), arXiv:1708.07747. MIT licence, © Zalando SE; the notice is in `datasets/data/README.md`.

#[cfg(any(test, not(feature = "download")))]
mod delegate;
#[cfg(feature = "download")]
mod download;
mod files;
mod options;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Result;
pub use options::{Extent, OFFICIAL_ADDRESS, Options};

/// Height and width of an image in pixels.
pub const SIDE: usize = 28;
/// How many classes there are; labels are in `0..CLASSES`.
pub const CLASSES: usize = 10;

/// Fashion-MNIST, or the embedded part of it; see [`source`](Self::source).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FashionMnist {
    /// 60,000 images, 6,000 of each class; or 6,000 and 600.
    pub train: Split,
    /// 10,000 images, 1,000 of each class; or 1,000 and 100.
    pub test: Split,
    /// Where it came from.
    pub source: Source,
}

/// Images with their labels.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    /// Grey values, row-major in the shape [`shape`](Self::shape): 0 is background, 255 full ink.
    pub images: Vec<u8>,
    /// The class of each image, in `0..10`; [`class_names`] names it.
    pub labels: Vec<u8>,
}

impl Split {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of the images: `[len, 28, 28]`, that is image, row, column.
    pub fn shape(&self) -> [usize; 3] {
        [self.len(), SIDE, SIDE]
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split {{ images: u8 {:?}, labels: u8 [{}] }}", self.shape(), self.len())
    }
}

/// The place that the images came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The folder that was asked for, by [`Options::directory`] or `FASHION_MNIST_DIR`.
    Directory(PathBuf),
    /// Keras's cache.
    KerasCache(PathBuf),
    /// The system's folder, from a package.
    System(PathBuf),
    /// Kiln's cache, filled by an earlier download.
    KilnCache(PathBuf),
    /// Kiln's cache, filled just now.
    Downloaded(PathBuf),
    /// The part that is compiled in.
    Embedded,
}

impl Source {
    /// The folder, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Directory(path)
            | Self::KerasCache(path)
            | Self::System(path)
            | Self::KilnCache(path)
            | Self::Downloaded(path) => Some(path),
            Self::Embedded => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.display()),
            Self::KerasCache(path) => write!(f, "Keras's cache {}", path.display()),
            Self::System(path) => write!(f, "the system's {}", path.display()),
            Self::KilnCache(path) => write!(f, "Kiln's cache {}", path.display()),
            Self::Downloaded(path) => write!(f, "a download into {}", path.display()),
            Self::Embedded => f.write_str("the embedded part, 6,000 + 1,000 of the 70,000 images"),
        }
    }
}

/// Loads Fashion-MNIST from the first place that has it; the module's documentation lists them.
///
/// A download happens at most once: Kiln's cache keeps it. Where that fails, the next try within the same process
/// comes after a minute at the earliest, so that a cell that is run again does not wait again.
///
/// # Errors
/// A damaged file in one of the places; `FASHION_MNIST_DIR` without the four files; with `KILN_DATA=full`, nothing but
/// the embedded part to be had; an unknown value of `KILN_DATA`.
///
/// # Example
/// ```no_run
/// let data = kiln_datasets::fashion_mnist::load()?;
/// println!("{:?} from {}", data.train.shape(), data.source);
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn load() -> Result<FashionMnist> {
    Options::from_env()?.load()
}

/// The names of the ten classes, by label.
pub fn class_names() -> [&'static str; CLASSES] {
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
}

/// The names of the ten classes in Korean, by label.
pub fn class_names_ko() -> [&'static str; CLASSES] {
    ["티셔츠/상의", "바지", "풀오버", "드레스", "코트", "샌들", "셔츠", "운동화", "가방", "앵클부츠"]
}
