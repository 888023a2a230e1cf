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
    /// For each series the rows of its numbers: not every epoch is validated.
    rows: Vec<Vec<usize>>,
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

    /// The numbers of this name with a place for each epoch, also for those without one: an epoch may end without
    /// validation.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
    /// model.compile("sgd", "mse", ())?;
    /// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
    /// let history = model.fit(&x, &y).epochs(4).validation_data(&x, &y).validation_freq(2).verbose(0).run()?;
    /// assert_eq!(history.get("val_loss").len(), 2);
    /// assert_eq!(history.aligned("val_loss").iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn aligned(&self, name: &str) -> Vec<Option<f64>> {
        let mut aligned = vec![None; self.epochs.len()];
        if let Some(index) = self.series.iter().position(|(known, _)| known == name) {
            for (&row, &value) in self.rows[index].iter().zip(&self.series[index].1) {
                aligned[row] = Some(value);
            }
        }
        aligned
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
        let columns: Vec<_> = self.series.iter().map(|(name, _)| self.aligned(name)).collect();
        for (row, epoch) in self.epochs.iter().enumerate() {
            let numbers = columns.iter().map(|column| column[row].into());
            table.push(std::iter::once(Cell::from(epoch + 1)).chain(numbers));
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
        let row = self.epochs.len();
        self.epochs.push(epoch);
        for (name, value) in logs.iter() {
            let index = self.series.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                self.series.push((name.into(), Vec::new()));
                self.rows.push(Vec::new());
                self.rows.len() - 1
            });
            self.series[index].1.push(value);
            self.rows[index].push(row);
        }
    }
}

impl EpochSeries for History {
    fn epochs(&self) -> Vec<usize> {
        self.epochs.iter().map(|epoch| epoch + 1).collect()
    }

    fn series(&self) -> Vec<(String, Vec<f64>)> {
        let one = |(name, _): &(String, Vec<f64>)| {
            let numbers = self.aligned(name).into_iter().map(|value| value.unwrap_or(f64::NAN));
            (name.clone(), numbers.collect())
        };
        self.series.iter().map(one).collect()
    }
}
