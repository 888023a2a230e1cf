//! What a training leaves behind: a number an epoch of each measure.

use crate::callbacks::Logs;
use crate::notebook::{MimeBundle, show_result};
use crate::plot::EpochSeries;
use crate::table::{Cell, Table};

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

    /// The numbers as a table, one row an epoch (counted from 1, as the progress bar does).
    pub fn to_table(&self) -> Table {
        let names = self.series.iter().map(|(name, _)| name.clone());
        let mut table = Table::new(std::iter::once("epoch".to_string()).chain(names));
        for (row, epoch) in self.epochs.iter().enumerate() {
            let epoch = Cell::Integer(*epoch as i64 + 1);
            let numbers = self
                .series
                .iter()
                .map(|(_, values)| values.get(row).map_or(Cell::Empty, |&value| value.into()));
            table.push(std::iter::once(epoch).chain(numbers).collect::<Vec<_>>());
        }
        table
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        let table = self.to_table();
        show_result(&MimeBundle::text(table.to_string().trim_end()).with("text/html", table.to_html()));
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

impl EpochSeries for History {
    fn epochs(&self) -> Vec<usize> {
        self.epochs.iter().map(|epoch| epoch + 1).collect()
    }

    fn series(&self) -> Vec<(String, Vec<f64>)> {
        self.series.clone()
    }
}
