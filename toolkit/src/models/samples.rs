//! Samples with their targets, and what each of them counts.

use super::Sequential;
use crate::callbacks::Callbacks;
use crate::device::Device;
use crate::losses::of_samples;
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::ops::Range;

/// Samples, targets, and the weights of samples where there are any.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    pub(super) x: Tensor,
    pub(super) y: Tensor,
    pub(super) weights: Option<Tensor>,
}

/// What the classes count, by number; those that are not named count 1.
pub(super) type ClassWeights = Vec<(usize, f64)>;

impl Samples {
    pub(super) fn new(x: &Tensor, y: &Tensor) -> Self {
        Self { x: x.clone(), y: y.clone(), weights: None }
    }

    pub(super) fn count(&self) -> Result<usize> {
        self.x.row_count()
    }

    /// Makes the weights of classes those of samples, and reports weights that do not fit.
    pub(super) fn weigh(&mut self, classes: Option<&ClassWeights>) -> Result<()> {
        let rows = self.count()?;
        match (&self.weights, classes) {
            (Some(_), Some(_)) => {
                return Err(Error::argument("sample_weight and class_weight cannot both be given")
                    .with_help("multiply the weights of the samples by those of their classes instead"));
            }
            (Some(weights), None) => self.weights = Some(of_samples(weights, rows)?),
            (None, Some(classes)) => self.weights = Some(by_class(&self.y, classes)?),
            (None, None) => return Ok(()),
        }
        let finite = self.weights.as_ref().is_none_or(Tensor::all_finite);
        if finite { Ok(()) } else { Err(Error::data("the weights of the samples hold NaN or an infinity")) }
    }

    pub(super) fn range(&self, range: Range<usize>) -> Self {
        Self {
            x: self.x.rows_unchecked(range.clone()),
            y: self.y.rows_unchecked(range.clone()),
            weights: self.weights.as_ref().map(|weights| weights.rows_unchecked(range)),
        }
    }

    pub(super) fn take(&self, rows: &[usize]) -> Self {
        let take = |tensor: &Tensor| tensor.backend().take_rows(tensor, rows);
        Self { x: take(&self.x), y: take(&self.y), weights: self.weights.as_ref().map(take) }
    }

    /// The same on a device.
    pub(super) fn to_device(&self, device: Device) -> Result<Self> {
        let weights = self.weights.as_ref().map(|weights| weights.to_device(device)).transpose()?;
        Ok(Self { x: self.x.to_device(device)?, y: self.y.to_device(device)?, weights })
    }

    /// The first part to train on, and the rest of this share to validate on.
    pub(super) fn split(&self, share: f64) -> Result<(Self, Option<Self>)> {
        let rows = self.count()?;
        let first = (rows as f64 * (1.0 - share)).floor() as usize;
        if !(0.0..1.0).contains(&share) || first == 0 || first == rows && share > 0.0 {
            return Err(Error::argument(format!(
                "validation_split must be in 0.0..1.0 and leave samples on both sides, but is {share} of {rows}"
            )));
        }
        Ok((self.range(0..first), (first < rows).then(|| self.range(first..rows))))
    }
}

/// What each sample's class counts: of one-hot rows the class of the largest number.
fn by_class(y: &Tensor, classes: &ClassWeights) -> Result<Tensor> {
    if let Some((class, weight)) = classes.iter().find(|(_, weight)| !weight.is_finite() || *weight < 0.0) {
        return Err(Error::argument(format!(
            "class_weight: the weight of class {class} must be at least 0 and finite, but is {weight}"
        )));
    }
    let one_hot = y.rank() > 1 && y.shape().last().is_some_and(|last| *last > 1);
    let labels = if one_hot { y.argmax(-1)? } else { y.clone() }.to_host()?;
    let rows = y.row_count()?;
    if labels.len() != rows {
        return Err(Error::shape(format!(
            "class_weight needs one class a sample, but the targets have the shape {}",
            y.shape()
        )));
    }
    let weight = |row: usize| {
        // Keras cuts off what is behind the point.
        let class = labels.number(row).trunc();
        classes.iter().find(|(known, _)| *known as f64 == class).map_or(1.0, |(_, weight)| *weight as f32)
    };
    Tensor::from_vec((0..rows).map(weight).collect(), [rows])
}

/// A batch with options; made by [`Sequential::batch`].
#[must_use = "nothing happens before .train()? or .test()?"]
#[derive(Debug)]
pub struct Batch<'a> {
    model: &'a mut Sequential,
    samples: Samples,
    class_weight: Option<ClassWeights>,
}

impl Sequential {
    /// Describes one batch with options: weights of samples or classes. `.train()?` makes one update on it, `.test()?`
    /// measures it; without options they are [`train_on_batch`](Self::train_on_batch) and
    /// [`test_on_batch`](Self::test_on_batch).
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
    /// model.compile(SGD::new(0.1), "mse", ["mae"])?;
    /// let (x, y) = (Tensor::new([[1.0], [2.0]]), Tensor::new([[0.0], [0.0]]));
    /// let scores = model.batch(&x, &y).sample_weight(&Tensor::new([1.0, 0.0])).test()?;
    /// assert_eq!((scores.loss(), scores["mae"]), (0.5, 1.5));
    /// let before = model.batch(&x, &y).class_weight([(0, 2.0)]).train()?;
    /// assert_eq!(before.loss(), 5.0);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn batch(&mut self, x: &Tensor, y: &Tensor) -> Batch<'_> {
        Batch { model: self, samples: Samples::new(x, y), class_weight: None }
    }

    /// Loss and metrics of one batch, in inference mode and without an update.
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
    /// model.compile("sgd", "mse", ["mae"])?;
    /// let scores = model.test_on_batch(&Tensor::new([[3.0]]), &Tensor::new([[1.0]]))?;
    /// assert_eq!((scores.loss(), scores["mae"]), (4.0, 2.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn test_on_batch(&mut self, x: &Tensor, y: &Tensor) -> Result<super::Scores> {
        self.batch(x, y).test()
    }

    /// The outputs for one batch, in inference mode; the same as [`predict`](Self::predict), computed at once.
    ///
    /// # Errors
    /// When the data does not fit the model.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([2]));
    /// assert_eq!(model.predict_on_batch(&Tensor::new([[1.0, 2.0]]))?.to_vec(), [3.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn predict_on_batch(&mut self, x: &Tensor) -> Result<Tensor> {
        let rows = x.shape().first().copied().unwrap_or(1).max(1);
        self.prediction(x).batch_size(rows).run()
    }
}

impl Batch<'_> {
    /// What each sample counts in the loss and in weighted metrics, `[batch]`.
    pub fn sample_weight(mut self, weights: &Tensor) -> Self {
        self.samples.weights = Some(weights.clone());
        self
    }

    /// What the samples of each class count, by class; classes that are not named count 1.
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (usize, f64)>) -> Self {
        self.class_weight = Some(weights.into_iter().collect());
        self
    }

    /// Makes one update; loss and metrics are those from before it, in training mode.
    ///
    /// # Errors
    /// Before `compile`; when data, weights and model do not fit.
    pub fn train(mut self) -> Result<super::Scores> {
        self.model.prepare(&self.samples.x, &self.samples.y)?;
        self.samples.weigh(self.class_weight.as_ref())?;
        self.model.begin_training()?;
        self.model.reset_metrics()?;
        self.samples = self.samples.to_device(self.model.home()?)?;
        self.samples.x = self.samples.x.cast(self.model.dtype);
        self.model.train_step(&self.samples)?;
        Ok(super::Scores::of(self.model.running_logs()))
    }

    /// Measures the batch in inference mode.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn test(mut self) -> Result<super::Scores> {
        self.model.prepare(&self.samples.x, &self.samples.y)?;
        self.samples.weigh(self.class_weight.as_ref())?;
        let rows = self.samples.count()?;
        Ok(super::Scores::of(self.model.measured(&self.samples, rows, None, &mut Callbacks::default())?))
    }
}
