//! The four files of the set: their names, checksums, and how they fit together.

use std::path::Path;

use super::{CLASSES, FashionMnist, SIDE, Source, Split};
use crate::idx::{self, Array};
use crate::{Error, Result};

/// One of the four original files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Original {
    pub(super) name: &'static str,
    /// SHA-256 of the decompressed content in hexadecimal digits. The compressed bytes differ from place to place
    /// (Debian compresses anew), the content does not.
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "only downloads are checked"))]
    pub(super) content_sha256: &'static str,
    /// The size of the official file in bytes, for progress and as a bound.
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "only downloads are checked"))]
    pub(super) size: u64,
}

pub(super) const ORIGINALS: [Original; 4] = [
    Original {
        name: "train-images-idx3-ubyte.gz",
        content_sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        size: 26_421_880,
    },
    Original {
        name: "train-labels-idx1-ubyte.gz",
        content_sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        size: 29_515,
    },
    Original {
        name: "t10k-images-idx3-ubyte.gz",
        content_sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        size: 4_422_102,
    },
    Original {
        name: "t10k-labels-idx1-ubyte.gz",
        content_sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        size: 5_148,
    },
];

/// The names of those of the four files that are not in the folder.
pub(super) fn missing_in(directory: &Path) -> Vec<&'static str> {
    ORIGINALS.iter().map(|file| file.name).filter(|name| !directory.join(name).exists()).collect()
}

/// Reads the four files of a folder.
pub(super) fn read(source: Source, directory: &Path) -> Result<FashionMnist> {
    let split = |part: &str| -> Result<Split> {
        let images = directory.join(format!("{part}-images-idx3-ubyte.gz"));
        let labels = directory.join(format!("{part}-labels-idx1-ubyte.gz"));
        let images_read = idx::read(&images)?;
        let labels_read = idx::read(&labels)?;
        join(&images.display().to_string(), images_read, &labels.display().to_string(), labels_read)
    };
    Ok(FashionMnist { train: split("train")?, test: split("t10k")?, source })
}

/// The part that is compiled in: 3.1 MB, made by `tests/oracle/embedded_fashion_mnist.py`.
pub(super) fn embedded() -> Result<FashionMnist> {
    let train = (
        include_bytes!("../../data/fashion_mnist/train-images-idx3-ubyte.gz").as_slice(),
        include_bytes!("../../data/fashion_mnist/train-labels-idx1-ubyte.gz").as_slice(),
    );
    let test = (
        include_bytes!("../../data/fashion_mnist/t10k-images-idx3-ubyte.gz").as_slice(),
        include_bytes!("../../data/fashion_mnist/t10k-labels-idx1-ubyte.gz").as_slice(),
    );
    let split = |(images, labels): (&[u8], &[u8])| {
        join("the embedded images", idx::decode(images)?, "the embedded labels", idx::decode(labels)?)
    };
    Ok(FashionMnist { train: split(train)?, test: split(test)?, source: Source::Embedded })
}

fn join(images_place: &str, images: Array, labels_place: &str, labels: Array) -> Result<Split> {
    if images.shape.len() != 3 || images.shape[1..] != [SIDE, SIDE] {
        return Err(Error::new(format!(
            "holds shape {:?}, but images of shape [n, 28, 28] are expected",
            images.shape
        ))
        .at(images_place));
    }
    if labels.shape.len() != 1 {
        return Err(Error::new(format!(
            "holds shape {:?}, but labels of shape [n] are expected",
            labels.shape
        ))
        .at(labels_place));
    }
    if images.shape[0] != labels.shape[0] {
        return Err(Error::new(format!(
            "holds {} labels for the {} images in {images_place}",
            labels.shape[0], images.shape[0]
        ))
        .at(labels_place));
    }
    if labels.values.is_empty() {
        return Err(Error::new("holds no image").at(images_place));
    }
    if let Some(position) = labels.values.iter().position(|&label| usize::from(label) >= CLASSES) {
        return Err(Error::new(format!(
            "label {} at position {position}: labels are in 0..{CLASSES}",
            labels.values[position]
        ))
        .at(labels_place));
    }
    Ok(Split { images: images.values, labels: labels.values })
}
