//! What a training leaves behind: a number an epoch of each measure.

use crate::callbacks::Logs;

/// The numbers of each epoch of a training.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile("sgd", "mse", ())?;
/// let history = model.fit(&Tensor::ones([8, 1]), &Tensor::zeros([8, 1])).epochs(3).verbose(0).run()?;
/// assert_eq!(history.get("loss").len(), 3);
/// assert_eq!(history.names(), ["loss"]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub(super) epochs: Vec<usize>,
    pub(super) series: Vec<(String, Vec<f64>)>,
    pub(super) interrupted: bool,
}

impl History {
    /// The numbers of this name, one an epoch; none for an unknown name.
    pub fn get(&self, name: &str) -> Vec<f64> {
        self.series
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, values)| values.clone())
            .unwrap_or_default()
    }

    /// The names, in Keras's order: sorted, with what callbacks add at the end.
    pub fn names(&self) -> Vec<&str> {
        self.series.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The epochs, counted from 0.
    pub fn epochs(&self) -> &[usize] {
        &self.epochs
    }

    /// Whether the reader of the notebook interrupted the training; the model is as its last step left it.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    pub(super) fn record(&mut self, epoch: usize, logs: &Logs) {
        self.epochs.push(epoch);
        for (name, value) in logs.iter() {
            match self.series.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => self.series.push((name.into(), vec![value])),
            }
        }
    }
}
