//! Weights in and out of a model, and which of them train.

use super::Sequential;
use crate::tensor::Tensor;
use crate::{Error, Result};

impl Sequential {
    /// All weights in Keras's order: layer by layer, those that train by gradients first. Freezing changes no order.
    ///
    /// # Errors
    /// When the weights do not exist yet.
    pub fn get_weights(&self) -> Result<Vec<Tensor>> {
        self.check_layers()?;
        self.check_built()?;
        self.pass.weights.iter().map(Tensor::to_host).collect()
    }

    /// Replaces all weights, in the order of [`get_weights`](Self::get_weights).
    ///
    /// # Errors
    /// When their number or a shape differs; then nothing has changed.
    pub fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        self.check_layers()?;
        self.check_built()?;
        if weights.len() != self.weights.len() {
            return Err(Error::shape(format!(
                "the model has {} weights, but {} were given",
                self.weights.len(),
                weights.len()
            )));
        }
        for (index, weight) in weights.iter().enumerate() {
            if weight.shape() != self.pass.weights[index].shape() {
                return Err(Error::shape(format!(
                    "weight {index} (`{}`) has the shape {}, but {} was given",
                    self.address(index),
                    self.pass.weights[index].shape(),
                    weight.shape()
                )));
            }
        }
        let home = self.home()?;
        let placed = |weight: &Tensor| weight.cast(self.dtype).to_device(home);
        self.pass.weights = weights.iter().map(placed).collect::<Result<_>>()?;
        Ok(())
    }

    /// The addresses of all weights, such as `dense_1/kernel`, in the order of [`get_weights`](Self::get_weights).
    pub fn weight_names(&self) -> Vec<String> {
        (0..self.weights.len()).map(|index| self.address(index)).collect()
    }

    /// The last step's gradients, penalties included, by address; kept for callbacks that ask for them with
    /// [`needs`](crate::callbacks::Callback::needs).
    pub fn gradients(&self) -> Vec<(String, Tensor)> {
        let named = |(index, gradient): (usize, &Option<Tensor>)| {
            let gradient = gradient.as_ref()?;
            Some((self.address(index), gradient.to_host().unwrap_or_else(|_| gradient.clone())))
        };
        self.kept_gradients.iter().enumerate().filter_map(named).collect()
    }

    /// How many numbers the weights hold: (those that train, the others).
    pub fn count_params(&self) -> (usize, usize) {
        let sizes = |trains: bool| {
            (0..self.weights.len())
                .filter(|&index| self.trains(index) == trains)
                .map(|index| self.pass.weights[index].len())
                .sum()
        };
        (sizes(true), sizes(false))
    }

    pub(super) fn address(&self, index: usize) -> String {
        let info = &self.weights[index];
        format!("{}/{}", self.slots[info.slot].name, info.spec.name)
    }

    /// Whether gradients move this weight: it is made for it, and its layer is not frozen.
    pub(super) fn trains(&self, index: usize) -> bool {
        let info = &self.weights[index];
        info.spec.trainable && self.slots[info.slot].trainable
    }

    pub(super) fn check_built(&self) -> Result<()> {
        if self.input.is_some() {
            return Ok(());
        }
        Err(Error::state("the model has no weights yet, since the shape of its input is not known")
            .with_help("give the first layer an input_shape, call build, or fit the model first"))
    }
}
