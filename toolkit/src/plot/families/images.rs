//! Grids of images, with or without what a model says about them.

use crate::Error;
use crate::plot::figure::Figure;
use crate::plot::panel::Panel;
use crate::plot::series::IntoSeries;
use crate::plot::traces::{ImageData, Images};

/// A grid of images with a text above each (`&[]` for none).
///
/// # Example
/// ```
/// use kiln::plot::{self, ImageData};
/// let images = ImageData::split(2, 2, [0.0, 0.3, 0.6, 1.0, 1.0, 0.6, 0.3, 0.0]);
/// assert!(plot::images(&images, &["up", "down"]).check().is_ok());
/// ```
pub fn images<S: AsRef<str>>(images: &[ImageData], titles: &[S]) -> Figure {
    let titles = titles.iter().map(|t| (t.as_ref().to_string(), false)).collect();
    grid(images, titles)
}

/// A single grey image from values between 0 and 1.
///
/// # Example
/// ```
/// assert!(kiln::plot::image(2, 2, [0.0, 0.5, 0.5, 1.0]).check().is_ok());
/// ```
pub fn image(rows: usize, cols: usize, values: impl IntoSeries) -> Figure {
    grid(&[ImageData::grey(rows, cols, values)], Vec::new())
}

/// A grid of images with predictions: a right one as it is, a wrong one in red with the truth behind it.
///
/// # Example
/// ```
/// use kiln::plot::{self, ImageData};
/// let images = ImageData::split(1, 1, [0.0, 1.0]);
/// let figure = plot::images_with_predictions(&images, &[0, 0], &[0, 1], &["bag", "boot"]);
/// assert!(figure.check().is_ok());
/// ```
pub fn images_with_predictions<S: AsRef<str>>(
    images: &[ImageData],
    predicted: &[usize],
    truth: &[usize],
    class_names: &[S],
) -> Figure {
    if predicted.len() != images.len() || truth.len() != images.len() {
        return broken(Error::shape(format!(
            "images with predictions: {} images, {} predictions, {} labels",
            images.len(),
            predicted.len(),
            truth.len()
        )));
    }
    let name =
        |class: usize| class_names.get(class).map_or_else(|| class.to_string(), |n| n.as_ref().to_string());
    let titles = predicted
        .iter()
        .zip(truth)
        .map(|(&p, &t)| if p == t { (name(p), false) } else { (format!("{} ({})", name(p), name(t)), true) })
        .collect();
    let wrong = predicted.iter().zip(truth).filter(|(p, t)| p != t).count();
    grid(images, titles)
        .footnote(format!("{wrong} of {} are wrong; in red, with the right class in brackets.", images.len()))
}

fn broken(error: Error) -> Figure {
    let mut figure = Figure::new();
    figure.problems.push(error);
    figure
}

fn grid(images: &[ImageData], titles: Vec<(String, bool)>) -> Figure {
    if !titles.is_empty() && titles.len() != images.len() {
        return broken(Error::shape(format!("images: {} images, but {} titles", images.len(), titles.len())));
    }
    let count = images.len();
    let columns = match count {
        0..=5 => count.max(1),
        6 => 3,
        7..=8 => 4,
        9 => 3,
        10 | 15 | 20 | 25 => 5,
        11..=24 => 6,
        _ => 10,
    };
    let mut grid = Images::new(images, columns);
    let (_, w) = grid.size();
    // An image is at most 150 pixels wide, the figure at most 900.
    let cell = (900.0 / columns as f64).min(150.0);
    let scale = cell * columns as f64 / w as f64;
    if !titles.is_empty() {
        let widest = titles.iter().map(|t| crate::plot::font::width(&t.0, 14.0)).fold(1.0, f64::max);
        let size = (14.0 * (cell - 4.0) / widest).clamp(9.0, 14.0);
        let titles =
            titles.into_iter().map(|(t, a)| (crate::plot::font::fit(&t, size, cell - 2.0), a)).collect();
        let rows = ((size * 1.5) / scale).ceil() as usize;
        grid = grid.titles(titles, rows, size);
    }
    let (h, w) = grid.size();
    let panel = Panel::new().bare().reverse_y().equal_aspect().add(grid);
    let mut figure = Figure::new().panel(panel);
    figure.content_size = Some((w as f64 * scale, h as f64 * scale));
    figure
}
