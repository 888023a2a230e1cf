//! What Keras has in `keras.utils`, and a split into training and test samples.

use crate::random::{Generator, fresh_seed};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

/// Integer labels as rows with a 1 at each label and 0 elsewhere; without `num_classes` the largest label decides.
///
/// A last axis of size 1 goes away: labels of shape `[n]` and `[n, 1]` both give `[n, classes]`.
///
/// # Errors
/// For labels that are no whole numbers in `0..num_classes`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let y = Tensor::new([0, 2, 1]);
/// assert_eq!(utils::to_categorical(&y, None)?.to_vec(), [1., 0., 0., 0., 0., 1., 0., 1., 0.]);
/// assert_eq!(utils::to_categorical(&y, 10)?.shape(), [3, 10]);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn to_categorical(y: &Tensor, num_classes: impl Into<Option<usize>>) -> Result<Tensor> {
    let backend = y.backend();
    let y = y.to_host()?;
    let labels = (0..y.len()).map(|index| y.number(index));
    let largest = labels.clone().fold(-1.0_f64, f64::max);
    let classes = num_classes.into().unwrap_or(largest.max(0.0) as usize + 1);
    let wrong = |label: f64| label.fract() != 0.0 || !(0.0..classes as f64).contains(&label);
    if let Some(index) = labels.clone().position(wrong) {
        return Err(Error::data(format!(
            "to_categorical: label {} of sample {index} is not one of the {classes} classes 0..{classes}",
            y.number(index)
        ))
        .with_help("labels count from 0; num_classes is their number"));
    }
    let labels = Tensor::from_labels(labels.map(|label| label as i32).collect(), [y.len()])?;
    let mut sizes = y.shape().to_vec();
    if sizes.len() > 1 && sizes.last() == Some(&1) {
        sizes.pop();
    }
    sizes.push(classes);
    Ok(backend.one_hot(&labels, classes, DType::Float32).reshaped(Shape::new(&sizes)?))
}

/// Each vector along an axis divided by its norm; zeros stay zeros. Keras's defaults are `axis` -1 and `order` 2.
///
/// # Errors
/// When there is no such axis, or the order is below 1.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let x = Tensor::new([[3.0, 4.0], [0.0, 0.0]]);
/// assert_eq!(utils::normalize(&x, -1, 2.0)?.to_vec(), [0.6, 0.8, 0.0, 0.0]);
/// assert_eq!(utils::normalize(&x, 0, 1.0)?.to_vec(), [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn normalize(x: &Tensor, axis: isize, order: f64) -> Result<Tensor> {
    if order.is_nan() || order < 1.0 {
        return Err(Error::argument(format!("normalize: order must be at least 1, but is {order}")));
    }
    let mut sizes = x.shape().to_vec();
    sizes[x.shape().axis(axis)?] = 1;
    let norms = if order.is_infinite() {
        x.abs().max_along(axis)?
    } else if order == 2.0 {
        x.square().sum_along(axis)?.sqrt()
    } else {
        x.abs().pow(order)?.sum_along(axis)?.pow(1.0 / order)?
    };
    let norms = norms.add(norms.equal(0.0)?)?;
    x.div(norms.reshape(sizes)?)
}

/// Splits samples and targets at random: `(x_train, x_test, y_train, y_test)`, in scikit-learn's order.
///
/// `test_size` is the share of the samples in the test part, rounded up, in `0.0..1.0`. The order follows
/// [`set_seed`](crate::set_seed).
///
/// # Errors
/// When the numbers of samples differ, or a part would be empty.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// kiln::set_seed(1);
/// let x = Tensor::arange(20).reshape([10, 2])?;
/// let y = Tensor::arange(10);
/// let (x_train, x_test, y_train, y_test) = utils::train_test_split(&x, &y, 0.25)?;
/// assert_eq!((x_train.shape()[0], x_test.shape()[0]), (7, 3));
/// assert_eq!(x_test.row(0)?.to_vec()[0], 2.0 * y_test.to_vec()[0]); // pairs stay together
/// # let _ = y_train;
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn train_test_split(x: &Tensor, y: &Tensor, test_size: f64) -> Result<(Tensor, Tensor, Tensor, Tensor)> {
    let (rows, targets) = (x.row_count()?, y.row_count()?);
    if rows != targets {
        return Err(Error::shape(format!(
            "train_test_split: there are {rows} samples, but {targets} targets"
        )));
    }
    let held = (rows as f64 * test_size).ceil();
    if !(0.0..1.0).contains(&test_size) || held < 1.0 || held >= rows as f64 {
        return Err(Error::argument(format!(
            "train_test_split: test_size must be in 0.0..1.0 and leave samples on both sides, but is {test_size} of {rows}"
        )));
    }
    let order = Generator::new(fresh_seed()).permutation(rows);
    let (test, train) = order.split_at(held as usize);
    Ok((x.take(train)?, x.take(test)?, y.take(train)?, y.take(test)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of `keras.utils.normalize` and `to_categorical`.
    #[test]
    fn options_and_mistakes() -> Result<()> {
        let x = Tensor::new([[1.0, 2.0, 2.0], [0.0, -4.0, 3.0]]);
        let third = close(
            &normalize(&x, -1, 3.0)?,
            &[0.388_911_1, 0.777_822_2, 0.777_822_2, 0.0, -0.889_295_7, 0.666_971_7],
        );
        assert!(third, "{}", normalize(&x, -1, 3.0)?);
        assert_eq!(normalize(&x, -1, f64::INFINITY)?.to_vec()[..3], [0.5, 1.0, 1.0]);
        assert!(normalize(&x, -1, 0.5).is_err());
        let column = Tensor::new([[1.0], [0.0]]);
        assert_eq!(to_categorical(&column, None)?.shape(), [2, 2]);
        assert_eq!(to_categorical(&Tensor::new([[0, 1], [2, 0]]), 3)?.shape(), [2, 2, 3]);
        let error = to_categorical(&Tensor::new([0, 3]), 3).unwrap_err().to_string();
        assert!(error.contains("label 3 of sample 1") && error.contains("0..3"), "{error}");
        assert!(to_categorical(&Tensor::new([0.5]), None).is_err());
        assert!(train_test_split(&x, &Tensor::arange(3), 0.5).is_err());
        assert!(train_test_split(&x, &Tensor::arange(2), 1.0).is_err());
        Ok(())
    }

    fn close(ours: &Tensor, theirs: &[f32]) -> bool {
        ours.to_vec().iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-6)
    }
}
