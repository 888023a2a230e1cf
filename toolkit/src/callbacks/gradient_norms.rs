//! How large the gradients of each layer are, epoch by epoch.

use super::shared::Shared;
use super::{Callback, Logs, Needs};
use crate::Result;
use crate::models::Sequential;
use crate::plot::{self, Figure, Line, Panel};
use crate::table::{Cell, Table};

/// Gathers the size of each layer's gradient: of all its weights together, the mean over the steps of an epoch.
///
/// $$ \frac1S \sum_{s=1}^{S} \sqrt{\sum_w \left(\frac{\partial L_s}{\partial w}\right)^2} $$
///
/// with the penalties of regularizers, before any clipping. Gradients that vanish towards the input, or explode, show
/// in [`flow`](Self::flow). Clones share what they gather: one goes into `fit`, the other is read afterwards. A new
/// training begins anew.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// kiln::set_seed(1);
/// let mut model = Sequential::new().add(Dense::new(8).activation("sigmoid").input_shape([2])).add(Dense::new(1));
/// model.compile("sgd", "mse", ())?;
/// let norms = GradientNorms::new();
/// let (x, y) = (Tensor::random_normal([64, 2], 0.0, 1.0)?, Tensor::ones([64, 1]));
/// model.fit(&x, &y).epochs(3).callback(norms.clone()).verbose(0).run()?;
/// assert_eq!(norms.layers(), ["dense", "dense_1"]);
/// assert_eq!(norms.get("dense").len(), 3);
/// assert!(norms.get("dense")[0] < norms.get("dense_1")[0]);
/// norms.figure().check()?; // by epoch, a line a layer; norms.flow(): by layer
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct GradientNorms {
    state: Shared<State>,
}

#[derive(Debug, Default)]
struct State {
    layers: Vec<String>,
    /// A row an epoch, with a number for each layer.
    epochs: Vec<(usize, Vec<f64>)>,
    sums: Vec<f64>,
    steps: usize,
}

impl GradientNorms {
    /// Nothing gathered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The layers that have weights that train, from input to output.
    pub fn layers(&self) -> Vec<String> {
        self.state.lock().layers.clone()
    }

    /// The norms of this layer, one an epoch; none for an unknown name.
    pub fn get(&self, layer: &str) -> Vec<f64> {
        let state = self.state.lock();
        let Some(index) = state.layers.iter().position(|known| known == layer) else { return Vec::new() };
        state.epochs.iter().map(|(_, norms)| norms[index]).collect()
    }

    /// The norms by epoch, one line a layer, on a logarithmic axis.
    pub fn figure(&self) -> Figure {
        let state = self.state.lock();
        let epochs: Vec<usize> = state.epochs.iter().map(|(epoch, _)| epoch + 1).collect();
        let mut panel = Panel::new().x_label("epoch").y_label("gradient norm").integer_x().log_y();
        for (index, layer) in state.layers.iter().enumerate() {
            let norms: Vec<f64> = state.epochs.iter().map(|(_, norms)| norms[index]).collect();
            let line = Line::new(layer.clone(), &epochs, norms);
            panel = panel.add(if epochs.len() <= 12 { line.markers() } else { line });
        }
        Figure::new().panel(panel)
    }

    /// The norms by layer, from input to output, one line for the first, a middle and the last epoch: see
    /// [`plot::gradient_flow`].
    pub fn flow(&self) -> Figure {
        let state = self.state.lock();
        let mut shown = vec![0, state.epochs.len() / 2, state.epochs.len().saturating_sub(1)];
        shown.dedup();
        let series: Vec<(String, Vec<f64>)> = shown
            .iter()
            .filter_map(|&row| state.epochs.get(row))
            .map(|(epoch, norms)| (format!("epoch {}", epoch + 1), norms.clone()))
            .collect();
        plot::gradient_flow(&state.layers, &series)
    }

    /// A row an epoch (counted from 1), a column a layer.
    pub fn to_table(&self) -> Table {
        let state = self.state.lock();
        let mut table = Table::new(std::iter::once("epoch".to_string()).chain(state.layers.iter().cloned()));
        for (epoch, norms) in &state.epochs {
            let numbers = norms.iter().map(|&norm| Cell::Number(norm));
            table.push(std::iter::once(Cell::from(epoch + 1)).chain(numbers));
        }
        table
    }

    /// Shows the figure as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.figure().evcxr_display();
    }
}

impl Callback for GradientNorms {
    fn needs(&self) -> Needs {
        Needs { gradients: true }
    }

    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        *self.state.lock() = State::default();
        Ok(())
    }

    fn on_train_batch_end(&mut self, _batch: usize, model: &mut Sequential) -> Result<()> {
        let mut state = self.state.lock();
        let mut squares: Vec<f64> = vec![0.0; state.layers.len()];
        for (address, gradient) in model.gradients() {
            let layer = address.split('/').next().unwrap_or_default();
            let index = state.layers.iter().position(|known| known == layer).unwrap_or_else(|| {
                state.layers.push(layer.to_string());
                squares.push(0.0);
                squares.len() - 1
            });
            squares[index] += gradient.square().sum().item()?;
        }
        state.sums.resize(squares.len(), 0.0);
        state.sums.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square.sqrt());
        state.steps += 1;
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, _logs: &mut Logs, _model: &mut Sequential) -> Result<()> {
        let mut state = self.state.lock();
        let steps = std::mem::take(&mut state.steps).max(1) as f64;
        let means = std::mem::take(&mut state.sums).into_iter().map(|sum| sum / steps).collect();
        state.epochs.push((epoch, means));
        Ok(())
    }
}
