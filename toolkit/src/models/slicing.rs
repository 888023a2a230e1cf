//! The layers of a model, looked at, frozen, taken away and taken over into another model.

use super::Sequential;
use super::compile::Measure;
use super::sequential::Slot;
use crate::optimizers::LearningRate;
use crate::random::fresh_seed;
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::ops::{Bound, RangeBounds};

/// What a model knows of one of its layers. Made by [`Sequential::layers`] and [`Sequential::get_layer`].
#[derive(Debug, Clone)]
pub struct LayerInfo {
    name: String,
    class_name: &'static str,
    trainable: bool,
    output_shape: Option<Vec<usize>>,
    weights: Vec<Tensor>,
}

impl LayerInfo {
    /// Its name in the model, such as `dense_1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keras's name of its class, such as `Dense`.
    pub fn class_name(&self) -> &'static str {
        self.class_name
    }

    /// Whether training changes its weights.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// The shape of its output without the batch; `None` until the model is built.
    pub fn output_shape(&self) -> Option<Vec<usize>> {
        self.output_shape.clone()
    }

    /// Its weights as they are now: those that train by gradients first.
    pub fn get_weights(&self) -> Vec<Tensor> {
        self.weights.clone()
    }

    /// How many numbers its weights hold.
    pub fn count_params(&self) -> usize {
        self.weights.iter().map(Tensor::len).sum()
    }
}

impl Slot {
    /// The layer's name in the model, such as `dense_1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keras's name of its class, such as `Dense`.
    pub fn class_name(&self) -> &'static str {
        self.layer.class_name()
    }

    /// Whether training changes its weights.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// Freezes the layer, or lets it train again. It counts from the next `compile` on: until then training is an error.
    pub fn set_trainable(&mut self, trainable: bool) {
        self.trainable = trainable;
    }
}

/// What [`Sequential::get_layer`] takes: a name or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerKey {
    /// The layer of this name.
    Name(String),
    /// The layer of this number, from 0.
    Index(usize),
}

impl From<&str> for LayerKey {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<usize> for LayerKey {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Sequential {
    /// All layers, in their order.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().add(Flatten::new().input_shape([28, 28])).add(Dense::new(10));
    /// let names: Vec<String> = model.layers().iter().map(|layer| layer.name().to_string()).collect();
    /// assert_eq!(names, ["flatten", "dense"]);
    /// ```
    pub fn layers(&self) -> Vec<LayerInfo> {
        (0..self.len()).map(|index| self.info(index)).collect()
    }

    /// One layer, by name or by number.
    ///
    /// # Errors
    /// When there is none, with the names of all layers.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().add(Dense::new(3).input_shape([2]));
    /// assert_eq!(model.get_layer("dense")?.get_weights()[0].shape(), [2, 3]);
    /// assert_eq!(model.get_layer(0)?.name(), "dense");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn get_layer(&self, key: impl Into<LayerKey>) -> Result<LayerInfo> {
        let key = key.into();
        let found = match &key {
            LayerKey::Name(name) => self.slots.iter().position(|slot| slot.name == *name),
            LayerKey::Index(index) => Some(*index).filter(|&index| index < self.len()),
        };
        found.map(|index| self.info(index)).ok_or_else(|| {
            let names: Vec<&str> = self.slots.iter().map(|slot| slot.name.as_str()).collect();
            Error::argument(match key {
                LayerKey::Name(name) => format!("the model has no layer `{name}`"),
                LayerKey::Index(index) => format!("the model has {} layers, so none {index}", self.len()),
            })
            .with_help(format!("its layers are: {}", names.join(", ")))
        })
    }

    /// All layers in their places, to be frozen in a loop.
    ///
    /// # Example
    /// The lecture's transfer learning: all layers of a model but its last are taken over and frozen.
    /// ```
    /// use kiln::prelude::*;
    /// let a = Sequential::new().add(Dense::new(8).activation("elu").input_shape([4])).add(Dense::new(3));
    /// let mut b = a.slice(0..a.len() - 1).add(Dense::new(1).activation("sigmoid"));
    /// let n = b.len() - 1;
    /// for layer in b.layers_mut().take(n) {
    ///     layer.set_trainable(false);
    /// }
    /// assert_eq!(b.count_params(), (9, 40));
    /// ```
    pub fn layers_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Slot> + ExactSizeIterator {
        self.slots.iter_mut()
    }

    /// Freezes all layers, or lets all train again; counts from the next `compile` on.
    pub fn set_trainable(&mut self, trainable: bool) {
        self.layers_mut().for_each(|layer| layer.set_trainable(trainable));
    }

    /// Takes away the last layer and tells what it was. The model must be compiled again.
    ///
    /// # Errors
    /// When there is no layer.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(3).input_shape([2])).add(Dense::new(1));
    /// assert_eq!(model.pop()?.name(), "dense_1");
    /// assert_eq!(model.output_shape(), Some(vec![3]));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn pop(&mut self) -> Result<LayerInfo> {
        let Some(last) = self.len().checked_sub(1) else {
            return Err(Error::state("the model has no layer that could be taken away"));
        };
        let info = self.info(last);
        self.slots.pop();
        self.weights.retain(|weight| weight.slot < last);
        self.pass.weights.truncate(self.weights.len());
        self.compiled = None;
        if self.slots.is_empty() {
            self.input = None;
        }
        Ok(info)
    }

    /// A new model of these layers with copies of their weights, not compiled; names and freezing are kept.
    ///
    /// Keras's layers would be shared: there, training the new model changes the old one. A range outside the model is
    /// reported by what comes next: `summary`, `compile`, `fit`, `predict`.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().add(Dense::new(8).input_shape([4])).add(Dense::new(3));
    /// let front = model.slice(..1);
    /// assert_eq!(front.get_weights()?[0].to_vec(), model.get_weights()?[0].to_vec());
    /// assert_eq!(front.input_shape(), Some(vec![4]));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let first = match range.start_bound() {
            Bound::Included(&first) => first,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len(),
        };
        let mut part = Self { name: self.name.clone(), seed: self.seed, dtype: self.dtype, ..Self::new() };
        part.device = self.device;
        if let Err(error) = self.check_layers() {
            part.note_mistake(error);
            return part;
        }
        if first > end || end > self.len() {
            let message = format!("slice: {first}..{end} is not within the model's {} layers", self.len());
            part.note_mistake(Error::argument(message));
            return part;
        }
        part.slots = self.slots[first..end].to_vec();
        if self.input.is_none() || first == end {
            return part;
        }
        part.input = match first.checked_sub(1) {
            None => self.input.clone(),
            Some(before) => Some(self.slots[before].output.clone()),
        };
        let taken = |slot: usize| (first..end).contains(&slot);
        let skipped = self.weights.iter().filter(|weight| weight.slot < first).count();
        part.slots.iter_mut().for_each(|slot| slot.first_weight -= skipped);
        for (weight, values) in self.weights.iter().zip(&self.pass.weights) {
            if taken(weight.slot) {
                let mut weight = weight.clone();
                weight.slot -= first;
                part.weights.push(weight);
                part.pass.weights.push(values.clone());
            }
        }
        part
    }

    fn info(&self, index: usize) -> LayerInfo {
        let slot = &self.slots[index];
        let built = self.input.is_some();
        let weights = slot.first_weight..slot.first_weight + slot.weight_count;
        LayerInfo {
            name: slot.name.clone(),
            class_name: slot.layer.class_name(),
            trainable: slot.trainable,
            output_shape: built.then(|| slot.output.clone()),
            weights: if built {
                self.pass.weights[weights].iter().map(on_host).collect()
            } else {
                Vec::new()
            },
        }
    }
}

/// A model of the same layers with the same names and fresh weights; a compiled model gives a compiled one, with the
/// learning rate of now and an optimizer that begins anew.
///
/// # Errors
/// For a mistake in the layers.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(3).input_shape([2]));
/// let clone = models::clone_model(&model)?;
/// assert_ne!(clone.get_weights()?[0].to_vec(), model.get_weights()?[0].to_vec());
/// model.set_weights(&clone.get_weights()?)?;
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn clone_model(model: &Sequential) -> Result<Sequential> {
    let mut clone = Sequential {
        name: model.name.clone(),
        seed: Some(fresh_seed()),
        dtype: model.dtype,
        ..Sequential::new()
    };
    model.check_layers()?;
    for slot in &model.slots {
        let bare = Slot { output: Vec::new(), first_weight: 0, weight_count: 0, ..slot.clone() };
        clone.slots.push(bare);
    }
    if let Some(input) = &model.input {
        clone.build(input)?;
    }
    if let Some(compiled) = &model.compiled {
        let state = &compiled.optimizer;
        clone.compile(state.optimizer().clone(), compiled.loss.clone(), ())?;
        let rate = state.learning_rate();
        let copy = clone.compiled_mut()?;
        if matches!(state.optimizer().learning_rate(), LearningRate::Constant(_)) {
            copy.optimizer.set_learning_rate(rate);
        }
        copy.loss_name.clone_from(&compiled.loss_name);
        copy.measures = compiled.measures.iter().map(Measure::fresh).collect();
    }
    Ok(clone)
}

/// A copy on the host; where the device failed, the tensor itself, which carries the error.
fn on_host(weight: &Tensor) -> Tensor {
    weight.to_host().unwrap_or_else(|_| weight.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn model() -> Sequential {
        Sequential::new()
            .seed(1)
            .add(Dense::new(6).activation("tanh").input_shape([4]))
            .add(BatchNormalization::new())
            .add(Dense::new(3))
    }

    #[test]
    fn a_slice_is_a_model_of_its_own() -> Result<()> {
        let mut model = model();
        let x = Tensor::linspace(-1.0, 1.0, 20).reshape([5, 4])?;
        let (mut front, mut back) = (model.slice(..2), model.slice(2..));
        let joined = back.predict(&front.predict(&x)?)?;
        assert_eq!(joined.to_vec(), model.predict(&x)?.to_vec());
        let before = model.get_weights()?;
        front.compile(SGD::new(0.5), "mse", ())?;
        front.train_on_batch(&x, &Tensor::zeros([5, 6]))?;
        for (before, after) in before.iter().zip(model.get_weights()?) {
            assert_eq!(before.to_vec(), after.to_vec());
        }
        assert_ne!(front.get_weights()?[0].to_vec(), before[0].to_vec());
        assert!(model.slice(1..5).summary().unwrap_err().to_string().contains("1..5"));
        Ok(())
    }

    #[test]
    fn a_popped_layer_leaves_the_others_as_they_were() -> Result<()> {
        let mut model = model();
        let weights = model.get_weights()?;
        model.pop()?;
        assert_eq!(model.output_shape(), Some(vec![6]));
        assert_eq!(model.get_weights()?.len(), 6);
        model.push(Dense::new(2))?;
        assert_eq!(model.get_weights()?[0].to_vec(), weights[0].to_vec());
        assert_eq!(model.weight_names()[6], "dense_1/kernel");
        for _ in 0..3 {
            model.pop()?;
        }
        assert!(model.pop().is_err());
        Ok(())
    }

    /// A frozen layer changes nothing, and training after freezing asks for a new compile.
    #[test]
    fn frozen_layers_keep_their_weights() -> Result<()> {
        let mut model = model();
        let (x, y) = (Tensor::linspace(-1.0, 1.0, 20).reshape([5, 4])?, Tensor::ones([5, 3]));
        model.compile(SGD::new(0.1).momentum(0.9), "mse", ())?;
        model.train_on_batch(&x, &y)?;
        model.layers_mut().take(2).for_each(|layer| layer.set_trainable(false));
        assert!(model.train_on_batch(&x, &y).unwrap_err().to_string().contains("compile again"));
        model.compile(SGD::new(0.1).momentum(0.9), "mse", ())?;
        let before = model.get_weights()?;
        for _ in 0..3 {
            model.train_on_batch(&x, &y)?;
        }
        let after = model.get_weights()?;
        for index in 0..6 {
            assert_eq!(before[index].to_vec(), after[index].to_vec(), "{}", model.weight_names()[index]);
        }
        assert_ne!(before[6].to_vec(), after[6].to_vec());
        Ok(())
    }

    #[test]
    fn a_clone_is_compiled_and_has_fresh_weights() -> Result<()> {
        let mut model = model();
        model.compile("sgd", "mse", ["mse"])?;
        model.set_learning_rate(0.5)?;
        let clone = clone_model(&model)?;
        assert_eq!(clone.learning_rate()?, 0.5);
        assert_eq!(clone.weight_names(), model.weight_names());
        assert_ne!(clone.get_weights()?[0].to_vec(), model.get_weights()?[0].to_vec());
        Ok(())
    }
}
