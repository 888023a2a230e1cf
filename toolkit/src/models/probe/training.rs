//! Probes over a training: before it, and after each epoch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Probe;
use crate::Result;
use crate::callbacks::{Callback, Logs, at_least_one};
use crate::models::Sequential;
use crate::plot::{self, Figure, Line, Panel};
use crate::tensor::Tensor;

/// A callback that probes the model with the same samples before the training and after every so many epochs.
///
/// Clones share what they gather: one goes into `fit`, the other is read afterwards. A new training begins anew.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::random_normal([64, 4], 0.0, 1.0)?, Tensor::ones([64, 1]));
/// let mut model = Sequential::new().seed(1).add(Dense::new(8).activation("relu").input_shape([4])).add(Dense::new(1));
/// model.compile("sgd", "mse", ())?;
/// let probes = models::Probes::new(&x, &y).every(2);
/// model.fit(&x, &y).epochs(4).callback(probes.clone()).verbose(0).run()?;
/// assert_eq!(probes.epochs(), [0, 2, 4]); // 0: before the training
/// probes.dead().check()?; // the share of dead units by epoch, one line a layer
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Probes {
    x: Tensor,
    y: Tensor,
    every: usize,
    seen: Arc<Mutex<Vec<(usize, Probe)>>>,
}

impl Probes {
    /// Probes with these samples after each epoch. A few hundred are enough: each probe is a pass over all of them.
    pub fn new(x: &Tensor, y: &Tensor) -> Self {
        Self { x: x.clone(), y: y.clone(), every: 1, seen: Arc::default() }
    }

    /// Probes after every so many epochs; 1 by default.
    pub fn every(mut self, epochs: usize) -> Self {
        self.every = epochs;
        self
    }

    /// The epochs that were finished when the model was probed; 0 is before the training.
    pub fn epochs(&self) -> Vec<usize> {
        self.seen().iter().map(|(epoch, _)| *epoch).collect()
    }

    /// The probes, in the order of [`epochs`](Self::epochs).
    pub fn get(&self) -> Vec<Probe> {
        self.seen().iter().map(|(_, probe)| probe.clone()).collect()
    }

    /// The gradients' size by layer, one line for the first, a middle and the last probe.
    pub fn flow(&self) -> Figure {
        let seen = self.seen();
        let mut shown = vec![0, seen.len() / 2, seen.len().saturating_sub(1)];
        shown.dedup();
        let rows = shown.iter().filter_map(|&row| seen.get(row));
        let series: Vec<(String, Vec<f64>)> =
            rows.map(|(epoch, probe)| (format!("epoch {epoch}"), probe.gradient_norms())).collect();
        let names = seen.first().map(|(_, probe)| probe.names()).unwrap_or_default();
        plot::gradient_flow(&names, &series)
    }

    /// The gradients' size by epoch, one line a layer, on a logarithmic axis.
    pub fn gradient_norms(&self) -> Figure {
        self.by_epoch("gradient norm", Probe::gradient_norms, Panel::log_y)
    }

    /// The standard deviation of the outputs by epoch, one line a layer.
    pub fn deviations(&self) -> Figure {
        self.by_epoch("deviation of the outputs", Probe::activation_deviations, |panel| panel)
    }

    /// The share of flat outputs by epoch, one line a layer; see [`LayerProbe::saturated`](super::LayerProbe::saturated).
    pub fn saturated(&self) -> Figure {
        self.by_epoch("share saturated", Probe::saturated, |panel| panel.y_range(-0.02, 1.02))
    }

    /// The share of dead units by epoch, one line a layer; see [`LayerProbe::dead`](super::LayerProbe::dead).
    pub fn dead(&self) -> Figure {
        self.by_epoch("share of dead units", Probe::dead, |panel| panel.y_range(-0.02, 1.02))
    }

    fn by_epoch(
        &self,
        label: &str,
        values: impl Fn(&Probe) -> Vec<f64>,
        axis: impl FnOnce(Panel) -> Panel,
    ) -> Figure {
        let seen = self.seen();
        let epochs: Vec<usize> = seen.iter().map(|(epoch, _)| *epoch).collect();
        let rows: Vec<Vec<f64>> = seen.iter().map(|(_, probe)| values(probe)).collect();
        let names = seen.first().map(|(_, probe)| probe.names()).unwrap_or_default();
        let mut panel = axis(Panel::new().x_label("epoch").y_label(label).integer_x());
        for (i, name) in names.iter().enumerate() {
            let line: Vec<f64> = rows.iter().map(|row| row.get(i).copied().unwrap_or(f64::NAN)).collect();
            // A layer without this number (the softmax at the end) has no line.
            if line.iter().any(|v| v.is_finite()) {
                panel = panel.add(Line::new(name, &epochs, line).markers());
            }
        }
        Figure::new().panel(panel)
    }

    fn seen(&self) -> MutexGuard<'_, Vec<(usize, Probe)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, epoch: usize, model: &mut Sequential) -> Result<()> {
        let probe = model.probe(&self.x, &self.y)?;
        self.seen().push((epoch, probe));
        Ok(())
    }

    /// Shows the gradients' size by layer as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.flow().evcxr_display();
    }
}

impl Callback for Probes {
    fn on_train_begin(&mut self, model: &mut Sequential) -> Result<()> {
        at_least_one("Probes: every", self.every)?;
        self.seen().clear();
        self.look(0, model)
    }

    fn on_epoch_end(&mut self, epoch: usize, _logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        if (epoch + 1).is_multiple_of(self.every) { self.look(epoch + 1, model) } else { Ok(()) }
    }
}
