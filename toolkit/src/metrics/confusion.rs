//! Which classes are taken for which.

use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// Counts, row by row: `counts[label * classes + predicted]`, for [`plot::confusion_matrix`](crate::plot::confusion_matrix).
///
/// Both are class numbers, or a row of scores for each sample, of which the largest counts.
///
/// # Errors
/// When the lengths differ, or a number is not one of the classes.
///
/// # Example
/// ```
/// use kiln::metrics::confusion_matrix;
/// use kiln::prelude::*;
/// let scores = Tensor::new([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]);
/// assert_eq!(confusion_matrix(&Tensor::new([0, 1, 1]), &scores, 2)?, [1, 0, 1, 1]);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn confusion_matrix(labels: &Tensor, predicted: &Tensor, classes: usize) -> Result<Vec<usize>> {
    let numbers = |tensor: &Tensor| {
        let scores = tensor.rank() > 1 && tensor.shape().last() == Some(&classes) && classes > 1;
        let numbers = if scores { tensor.argmax(-1)? } else { tensor.cast(DType::Int32) };
        Ok::<_, Error>(numbers.to_labels())
    };
    let (labels, predicted) = (numbers(labels)?, numbers(predicted)?);
    if labels.len() != predicted.len() {
        return Err(Error::shape(format!(
            "confusion_matrix: there are {} labels, but {} predictions",
            labels.len(),
            predicted.len()
        )));
    }
    let mut counts = vec![0; classes * classes];
    for (label, guess) in labels.iter().zip(&predicted) {
        let place = |number: &i32| usize::try_from(*number).ok().filter(|number| *number < classes);
        let (Some(row), Some(column)) = (place(label), place(guess)) else {
            return Err(Error::data(format!(
                "confusion_matrix: label {label} or prediction {guess} is not one of the {classes} classes"
            )));
        };
        counts[row * classes + column] += 1;
    }
    Ok(counts)
}
