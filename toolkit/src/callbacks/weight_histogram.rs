//! How the weights of each layer are spread, epoch by epoch.

use super::shared::Shared;
use super::{Callback, Logs};
use crate::Result;
use crate::models::Sequential;
use crate::plot::{Figure, Line, Panel};
use crate::table::{Cell, Table};

/// Gathers histograms of each layer's weights (of its kernel, or its first weight): before the first epoch and behind
/// each.
///
/// Of each histogram only the counts are kept, so that a long training of a large model fits. Clones share what they
/// gather: one goes into `fit`, the other is read afterwards. A new training begins anew.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// kiln::set_seed(1);
/// let mut model = Sequential::new().add(Dense::new(16).activation("relu").input_shape([2])).add(Dense::new(1));
/// model.compile(SGD::new(0.1), "mse", ())?;
/// let weights = WeightHistogram::new();
/// let (x, y) = (Tensor::random_normal([64, 2], 0.0, 1.0)?, Tensor::ones([64, 1]));
/// model.fit(&x, &y).epochs(3).callback(weights.clone()).verbose(0).run()?;
/// assert_eq!(weights.layers(), ["dense", "dense_1"]);
/// let spread = weights.get("dense");
/// assert_eq!(spread.len(), 4); // before the first epoch, and behind each
/// assert_eq!(spread[0].counts.iter().sum::<usize>(), 32);
/// weights.figure().check()?;
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct WeightHistogram {
    bins: Option<usize>,
    state: Shared<State>,
}

#[derive(Debug, Default)]
struct State {
    layers: Vec<String>,
    /// A row for the time before the first epoch and one an epoch, with a histogram for each layer.
    rows: Vec<Vec<Spread>>,
    /// The number of finished epochs at each row.
    epochs: Vec<usize>,
}

/// The weights of one layer at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// How many weights lie in each of equal intervals between `min` and `max`.
    pub counts: Vec<usize>,
    /// The smallest weight.
    pub min: f64,
    /// The largest weight.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub std: f64,
}

impl Spread {
    fn of(values: &[f64], bins: usize) -> Self {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            (min, max) = (min.min(*value), max.max(*value));
        }
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        let mut counts = vec![0; bins];
        let width = (max - min) / bins as f64;
        for value in values.iter().filter(|value| value.is_finite()) {
            let bin = if width > 0.0 { ((value - min) / width) as usize } else { bins / 2 };
            counts[bin.min(bins - 1)] += 1;
        }
        Self { counts, min, max, mean, std }
    }

    /// The middles of the intervals, and the density there: the area below it is 1.
    fn density(&self) -> (Vec<f64>, Vec<f64>) {
        let width = (self.max - self.min) / self.counts.len() as f64;
        let all = self.counts.iter().sum::<usize>().max(1) as f64;
        let unit = if width > 0.0 { width } else { 1.0 };
        let middle = |bin: usize| self.min + (bin as f64 + 0.5) * width;
        let bins = 0..self.counts.len();
        (bins.map(middle).collect(), self.counts.iter().map(|&count| count as f64 / all / unit).collect())
    }
}

impl WeightHistogram {
    /// Nothing gathered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of intervals; by default the root of the number of weights, at least 5 and at most 40.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = Some(bins);
        self
    }

    /// The layers that have weights, from input to output.
    pub fn layers(&self) -> Vec<String> {
        self.state.lock().layers.clone()
    }

    /// The weights of this layer before the first epoch and behind each; none for an unknown name.
    pub fn get(&self, layer: &str) -> Vec<Spread> {
        let state = self.state.lock();
        let Some(index) = state.layers.iter().position(|known| known == layer) else { return Vec::new() };
        state.rows.iter().map(|row| row[index].clone()).collect()
    }

    /// A panel a layer: the density of its weights before training, in the middle and at the end.
    pub fn figure(&self) -> Figure {
        let state = self.state.lock();
        let last = state.rows.len().saturating_sub(1);
        let mut shown = vec![0, last / 2, last];
        shown.dedup();
        let columns = match state.layers.len() {
            0..=3 => state.layers.len().max(1),
            4 => 2,
            5..=6 => 3,
            _ => 4,
        };
        let mut figure = Figure::new().columns(columns);
        for (index, layer) in state.layers.iter().enumerate() {
            let mut panel = Panel::new().title(layer.clone()).x_label("weight");
            for row in shown.iter().filter(|&&row| row < state.rows.len()) {
                let (x, y) = state.rows[*row][index].density();
                let name = match state.epochs[*row] {
                    0 => "before training".to_string(),
                    epoch => format!("epoch {epoch}"),
                };
                panel = panel.add(Line::new(name, x, y));
            }
            if index % columns == 0 {
                panel = panel.y_label("density");
            }
            figure = figure.panel(panel.legend(index == 0));
        }
        figure
    }

    /// A row for each epoch (0 is the time before the first) and layer: mean, standard deviation, smallest, largest.
    pub fn to_table(&self) -> Table {
        let state = self.state.lock();
        let mut table = Table::new(["epoch", "layer", "mean", "std", "min", "max"]);
        for (epoch, row) in state.epochs.iter().zip(&state.rows) {
            for (layer, spread) in state.layers.iter().zip(row) {
                let numbers = [spread.mean, spread.std, spread.min, spread.max].map(Cell::Number);
                table.push([Cell::from(*epoch), Cell::from(layer.as_str())].into_iter().chain(numbers));
            }
        }
        table
    }

    /// Shows the figure as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.figure().evcxr_display();
    }

    fn gather(&self, epoch: usize, model: &Sequential) -> Result<()> {
        let mut state = self.state.lock();
        let names = model.weight_names();
        let layers = names.iter().map(|name| name.split('/').next().unwrap_or_default().to_string());
        let mut row: Vec<Spread> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for (layer, weight) in layers.zip(model.get_weights()?) {
            if !seen.contains(&layer) {
                let bins =
                    self.bins.unwrap_or_else(|| (weight.len() as f64).sqrt().clamp(5.0, 40.0) as usize);
                row.push(Spread::of(&weight.to_vec_f64(), bins));
                seen.push(layer);
            }
        }
        state.layers = seen;
        state.rows.push(row);
        state.epochs.push(epoch);
        Ok(())
    }
}

impl Callback for WeightHistogram {
    fn on_train_begin(&mut self, model: &mut Sequential) -> Result<()> {
        super::at_least_one("WeightHistogram: bins", self.bins.unwrap_or(1))?;
        *self.state.lock() = State::default();
        self.gather(0, model)
    }

    fn on_epoch_end(&mut self, epoch: usize, _logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        self.gather(epoch + 1, model)
    }
}
