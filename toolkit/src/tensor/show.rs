//! Tensors in figures and in cells.

use super::Tensor;
use crate::notebook::{MimeBundle, show_result};
use crate::plot::{ImageData, IntoSeries};
use crate::{Error, Result};

impl Tensor {
    /// Each row as an image: `[n, height, width]` or `[n, height, width, 1]` in grey, `[n, height, width, 3]` in colour,
    /// from numbers in 0..=1.
    ///
    /// # Errors
    /// When the shape is none of these.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let images = Tensor::random_uniform([9, 28, 28], 0.0, 1.0)?.to_images()?;
    /// assert!(plot::images(&images, &["noise"; 9]).check().is_ok());
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_images(&self) -> Result<Vec<ImageData>> {
        let (count, height, width, colour) = match *self.shape() {
            [count, height, width] | [count, height, width, 1] => (count, height, width, false),
            [count, height, width, 3] => (count, height, width, true),
            _ => {
                return Err(Error::shape(format!(
                    "images need a shape [n, height, width] or [n, height, width, 1 or 3], but it is {}",
                    self.shape()
                ))
                .with_help(
                    "take some rows first, and reshape flat ones: x.rows(..9)?.reshape([9, 28, 28])?",
                ));
            }
        };
        let make = if colour { ImageData::rgb } else { ImageData::grey };
        Ok((0..count)
            .map(|index| make(height, width, self.rows_unchecked(index..index + 1).to_vec_f64()))
            .collect())
    }

    /// Shows the numbers as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        show_result(&MimeBundle::text(format!("{self:?}")));
    }
}

impl IntoSeries for &Tensor {
    fn into_series(self) -> Vec<f64> {
        self.to_vec_f64()
    }
}

impl IntoSeries for Tensor {
    fn into_series(self) -> Vec<f64> {
        self.to_vec_f64()
    }
}
