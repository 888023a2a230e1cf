//! A grid of small images, kept as one picture.

use serde_json::{Value, json};

use super::{Canvas, Label, Mark, Sheet};
use crate::plot::axis::{Extent, Scale, Span};
use crate::plot::png;
use crate::plot::scene::{Primitive, Raster, Rect};
use crate::plot::series::IntoSeries;
use crate::plot::theme::Theme;
use crate::{Error, Result};

/// A small image: rows times columns of grey or colour.
///
/// # Example
/// ```
/// use kiln::plot::{self, ImageData};
/// let checker = ImageData::grey(2, 2, [0.0, 1.0, 1.0, 0.0]);
/// let figure = plot::images(&[checker.clone(), checker], &["first", "second"]);
/// assert!(figure.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ImageData {
    rows: usize,
    cols: usize,
    rgba: Vec<u8>,
    problem: Option<String>,
}

impl ImageData {
    /// A grey image from `rows * cols` values between 0 (black) and 1 (white); what lies outside is cut off.
    pub fn grey(rows: usize, cols: usize, values: impl IntoSeries) -> Self {
        Self::build(rows, cols, 1, &values.into_series(), |v| {
            let level = (v[0] * 255.0).round() as u8;
            [level, level, level]
        })
    }

    /// A colour image from `rows * cols * 3` values between 0 and 1, with red, green and blue side by side.
    pub fn rgb(rows: usize, cols: usize, values: impl IntoSeries) -> Self {
        Self::build(rows, cols, 3, &values.into_series(), |v| [0, 1, 2].map(|i| (v[i] * 255.0).round() as u8))
    }

    /// A grey image from bytes, 0 (black) to 255 (white).
    pub fn grey_u8(rows: usize, cols: usize, bytes: &[u8]) -> Self {
        Self::build(rows, cols, 1, &bytes.into_series(), |v| [v[0] as u8; 3])
    }

    /// Weights as an image: white at 0, blue below, red above, scaled to the largest magnitude.
    pub fn signed(rows: usize, cols: usize, values: impl IntoSeries) -> Self {
        let values = values.into_series();
        let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
        Self::build(rows, cols, 1, &values, |v| {
            let t = if largest > 0.0 { v[0] / largest } else { 0.0 };
            let color = crate::plot::colormap::diverging(t);
            [color.0, color.1, color.2]
        })
    }

    /// Cuts a row of images, one behind the other in `values`, into single grey ones.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::ImageData;
    /// assert_eq!(ImageData::split(2, 2, [0.0; 12]).len(), 3);
    /// ```
    pub fn split(rows: usize, cols: usize, values: impl IntoSeries) -> Vec<Self> {
        values.into_series().chunks((rows * cols).max(1)).map(|image| Self::grey(rows, cols, image)).collect()
    }

    fn build(
        rows: usize,
        cols: usize,
        channels: usize,
        values: &[f64],
        color: impl Fn(&[f64]) -> [u8; 3],
    ) -> Self {
        let mut image = Self { rows, cols, rgba: Vec::new(), problem: None };
        if rows == 0 || cols == 0 || values.len() != rows * cols * channels {
            image.problem = Some(format!(
                "{rows} x {cols} x {channels} needs {} values, but got {}",
                rows * cols * channels,
                values.len()
            ));
            return image;
        }
        image.rgba.reserve(rows * cols * 4);
        for pixel in values.chunks_exact(channels) {
            if pixel.iter().all(|v| v.is_finite()) {
                image.rgba.extend(color(pixel));
                image.rgba.push(255);
            } else {
                image.rgba.extend([0, 0, 0, 0]);
            }
        }
        image
    }
}

/// A grid of images of one size, each with an optional text above.
///
/// All images become one picture (a PNG inside the figure), so that a hundred of them stay small. Values that are not
/// finite are transparent.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    images: Vec<ImageData>,
    titles: Vec<(String, bool)>,
    columns: usize,
    label_rows: usize,
    label_size: f64,
}

impl Images {
    /// A grid with `columns` images in a row.
    pub fn new(images: &[ImageData], columns: usize) -> Self {
        Self {
            images: images.to_vec(),
            titles: Vec::new(),
            columns: columns.max(1),
            label_rows: 0,
            label_size: 14.0,
        }
    }

    /// A text above each image; `true` marks it in the theme's colour of alarm (a wrong prediction). `rows` is the
    /// height kept free for it, in pixels of the images.
    pub(crate) fn titles(mut self, titles: Vec<(String, bool)>, rows: usize, size: f64) -> Self {
        self.titles = titles;
        self.label_rows = rows;
        self.label_size = size;
        self
    }

    fn cell(&self) -> (usize, usize) {
        let (rows, cols) = self.images.first().map_or((1, 1), |i| (i.rows, i.cols));
        (rows + gap(rows) + self.label_rows, cols + gap(cols))
    }

    fn grid_rows(&self) -> usize {
        self.images.len().div_ceil(self.columns)
    }

    /// The size of the whole picture, in pixels of the images.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (h, w) = self.cell();
        (h * self.grid_rows(), w * self.columns.min(self.images.len().max(1)))
    }

    fn mosaic(&self) -> Raster {
        let (height, width) = self.size();
        let (cell_h, cell_w) = self.cell();
        let mut rgba = vec![0; width * height * 4];
        for (i, image) in self.images.iter().enumerate() {
            let top = (i / self.columns) * cell_h + self.label_rows;
            let left = (i % self.columns) * cell_w + gap(image.cols) / 2;
            for (r, row) in image.rgba.chunks_exact(image.cols * 4).enumerate() {
                let start = ((top + r) * width + left) * 4;
                rgba[start..start + row.len()].copy_from_slice(row);
            }
        }
        Raster { width, height, rgba }
    }
}

/// Pixels between neighbours.
fn gap(size: usize) -> usize {
    (size / 12).max(1)
}

impl Mark for Images {
    fn check(&self) -> Result<()> {
        let Some(first) = self.images.first() else {
            return Err(Error::data("images: there is none to draw"));
        };
        for (i, image) in self.images.iter().enumerate() {
            if let Some(problem) = &image.problem {
                return Err(Error::shape(format!("image {i}: {problem}")));
            }
            if (image.rows, image.cols) != (first.rows, first.cols) {
                return Err(Error::shape(format!(
                    "image {i}: its size is {} x {}, but the first one's is {} x {}",
                    image.rows, image.cols, first.rows, first.cols
                )));
            }
        }
        Ok(())
    }

    fn extent(&self, _: Scale, _: Scale) -> Extent {
        let (h, w) = self.size();
        Extent {
            x: Span { low: 0.0, high: w as f64 },
            y: Span { low: 0.0, high: h as f64 },
            tight: true,
            grounded: false,
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let raster = self.mosaic();
        let (x0, y0) = canvas.at(0.0, 0.0);
        let (x1, y1) = canvas.at(raster.width as f64, raster.height as f64);
        let rect = Rect { x: x0.min(x1), y: y0.min(y1), w: (x1 - x0).abs(), h: (y1 - y0).abs() };
        canvas.scene.items.push(Primitive::Image { rect, raster, smooth: false });
    }

    fn plotly(&self, sheet: &Sheet<'_>) -> Vec<Value> {
        vec![json!({
            "type": "image",
            "source": png::data_uri(&self.mosaic()),
            "x0": 0.5,
            "y0": 0.5,
            "xaxis": sheet.x,
            "yaxis": sheet.y,
            "hoverinfo": "skip",
        })]
    }

    fn labels(&self, theme: &Theme) -> Vec<Label> {
        let (cell_h, cell_w) = self.cell();
        let label = |(i, (text, alarm)): (usize, &(String, bool))| Label {
            at: (
                ((i % self.columns) * cell_w) as f64 + cell_w as f64 / 2.0,
                ((i / self.columns) * cell_h) as f64 + self.label_rows as f64 * 0.52,
            ),
            text: text.clone(),
            size: self.label_size,
            color: if *alarm { theme.alarm } else { theme.text },
        };
        self.titles.iter().enumerate().filter(|(_, t)| !t.0.is_empty()).map(label).collect()
    }
}
