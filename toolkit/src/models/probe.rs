//! Looking into a network: what comes out of each layer, and what gradient comes back to it.

mod layer;
mod training;

pub use layer::LayerProbe;
pub use training::Probes;

use super::Sequential;
use crate::layers::{Mode, pass_key};
use crate::losses;
use crate::plot::{self, Figure};
use crate::table::{Cell, Table};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// What [`Sequential::probe`] saw in one pass: for each layer that computes, its outputs and their gradients.
///
/// # Example
/// A sigmoid network loses its gradient on the way to the input; a rectifier with He's initialization keeps it:
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::random_normal([64, 20], 0.0, 1.0)?, Tensor::ones([64, 1]));
/// let probe = |activation: &str, initializer: &str| -> Result<_> {
///     let mut model = Sequential::new().seed(1);
///     for _ in 0..8 {
///         model = model.add(Dense::new(20).activation(activation).kernel_initializer(initializer));
///     }
///     let mut model = model.add(Dense::new(1));
///     model.compile("sgd", "mse", ())?;
///     model.probe(&x, &y)
/// };
/// let (sigmoid, relu) = (probe("sigmoid", "glorot_uniform")?, probe("relu", "he_normal")?);
/// let ratio = |p: &models::Probe| p.gradient_norms()[0] / p.gradient_norms()[8];
/// assert!(ratio(&sigmoid) < 1e-3 && ratio(&relu) > 1e-1);
/// let figure = plot::gradient_flow(
///     &sigmoid.names(),
///     &[("sigmoid", sigmoid.gradient_norms()), ("relu + He", relu.gradient_norms())],
/// );
/// # figure.check()?;
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    layers: Vec<LayerProbe>,
    loss: f64,
}

impl Sequential {
    /// Looks at one pass forward and backward with these samples, in training mode, without training: weights, moving
    /// statistics and the optimizer stay as they are.
    ///
    /// Layers that only pass numbers on (flatten, dropout) are left out.
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit.
    ///
    /// # Example
    /// See [`Probe`].
    pub fn probe(&mut self, x: &Tensor, y: &Tensor) -> Result<Probe> {
        self.prepare(x, y).map_err(|error| error.in_context("probe"))?;
        let weights = self.pass.weights.clone();
        let to_input = std::mem::replace(&mut self.input_gradient, true);
        let home = self.home()?;
        let seen = x.to_device(home).and_then(|x| self.look(&x.cast(self.dtype), &y.to_device(home)?));
        self.input_gradient = to_input;
        self.pass.weights = weights;
        seen.map_err(|error| error.in_context("probe"))
    }

    fn look(&mut self, x: &Tensor, y: &Tensor) -> Result<Probe> {
        let key = pass_key(self.seed.unwrap_or_default(), self.compiled()?.optimizer.iterations());
        self.pass.begin(self.slots.len(), Mode::Training, true, key);
        let mut outputs = Vec::with_capacity(self.slots.len());
        let mut value = x.clone();
        for index in 0..self.slots.len() {
            self.enter(index);
            let layer = &self.slots[index].layer;
            value =
                layer.forward(&value, &mut self.pass).map_err(|error| error.in_context(self.place(index)))?;
            outputs.push(value.clone());
        }
        let loss = self.compiled()?.loss.clone();
        let shares = losses::shares(&*loss, y, &value, None)?;
        let data = loss.per_sample(y, &value)?.mul(&shares)?.sum().item()?;
        let total = data + self.penalties()?.value();
        let joined = self.slots.last().is_some_and(|slot| loss.joins(&slot.layer.last_activation()));
        let mut gradients = Vec::with_capacity(self.slots.len());
        self.backward_seen(y, &value, &shares, &mut |gradient| gradients.push(gradient.clone()))?;
        gradients.reverse();
        let layers = self.slots.iter().enumerate().zip(outputs.iter().zip(&gradients));
        let layers = layers.filter_map(|((index, slot), (output, gradient))| {
            let own: Vec<Tensor> = (slot.first_weight..slot.first_weight + slot.weight_count)
                .filter_map(|weight| self.whole_gradient(weight))
                .collect();
            let last_joined = joined && index + 1 == self.slots.len();
            LayerProbe::of(&slot.name, &*slot.layer, output, (!last_joined).then_some(gradient), &own)
        });
        Ok(Probe { layers: layers.collect(), loss: total })
    }

    /// A weight's gradient with its penalty's, as the optimizer gets it.
    fn whole_gradient(&self, index: usize) -> Option<Tensor> {
        let gradient = self.pass.gradients[index].as_ref()?;
        let penalty = self.weights[index].spec.regularizer.as_ref();
        Some(penalty.map_or_else(
            || gradient.clone(),
            |regularizer| gradient + regularizer.gradient(&self.pass.weights[index]),
        ))
    }
}

impl Probe {
    /// The layers that compute, from input to output.
    pub fn layers(&self) -> &[LayerProbe] {
        &self.layers
    }

    /// The layer of this name.
    ///
    /// # Errors
    /// For a name that is not there, with the list of those that are.
    pub fn layer(&self, name: &str) -> Result<&LayerProbe> {
        let names = self.layers.iter().map(LayerProbe::name);
        self.layers
            .iter()
            .find(|layer| layer.name() == name)
            .ok_or_else(|| Error::unknown_name("layer", name, names))
    }

    /// The mean loss of the samples, penalties included.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// The layers' names, from input to output.
    pub fn names(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.name().to_owned()).collect()
    }

    /// For each layer the size of the gradient of its weights, $\sqrt{\sum_w (\partial L / \partial w)^2}$; NaN for a layer
    /// without weights that train.
    pub fn gradient_norms(&self) -> Vec<f64> {
        self.layers.iter().map(LayerProbe::gradient_norm).collect()
    }

    /// For each layer the standard deviation of its outputs.
    pub fn activation_deviations(&self) -> Vec<f64> {
        self.layers.iter().map(LayerProbe::deviation).collect()
    }

    /// For each layer the share of its outputs where the activation is flat; see [`LayerProbe::saturated`].
    pub fn saturated(&self) -> Vec<f64> {
        self.layers.iter().map(LayerProbe::saturated).collect()
    }

    /// For each layer the share of its units that are flat for every sample; see [`LayerProbe::dead`].
    pub fn dead(&self) -> Vec<f64> {
        self.layers.iter().map(LayerProbe::dead).collect()
    }

    /// A row for each layer.
    pub fn to_table(&self) -> Table {
        let columns = [
            "layer",
            "activation",
            "mean",
            "deviation",
            "gradient norm",
            "output gradient",
            "saturated",
            "dead",
        ];
        let number = |value: f64| if value.is_nan() { Cell::Empty } else { Cell::Number(value) };
        let mut table = Table::new(columns);
        for layer in &self.layers {
            table.push([
                layer.name().into(),
                layer.activation().into(),
                number(layer.mean()),
                number(layer.deviation()),
                number(layer.gradient_norm()),
                number(layer.output_gradient_norm()),
                number(layer.saturated()),
                number(layer.dead()),
            ]);
        }
        table
    }

    /// A histogram of each layer's outputs.
    pub fn activation_histograms(&self) -> Figure {
        self.histograms(LayerProbe::activations)
    }

    /// A histogram of the gradient at each layer's outputs.
    pub fn gradient_histograms(&self) -> Figure {
        self.histograms(LayerProbe::gradients)
    }

    fn histograms(&self, values: impl Fn(&LayerProbe) -> &[f64]) -> Figure {
        let layers: Vec<(&str, &[f64])> = self
            .layers
            .iter()
            .map(|layer| (layer.name(), values(layer)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        plot::layer_histograms(&layers, 40)
    }

    /// The size of the gradients by layer, from input to output.
    pub fn figure(&self) -> Figure {
        plot::gradient_flow(&self.names(), &[("", self.gradient_norms())]).legend(false)
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}

impl std::fmt::Display for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_table().fmt(f)
    }
}

#[cfg(test)]
mod tests;
