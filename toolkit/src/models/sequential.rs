//! The model: layers one behind the other.

use super::compile::Compiled;
use crate::callbacks::Needs;
use crate::device::{Device, IntoDevice};
use crate::layers::{Layer, LayerOptions, Pass, WeightSpec};
use crate::random::{Generator, fresh_seed};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

/// A chain of layers.
///
/// Layers are added one behind the other; the weights exist as soon as the shape of the input is known, that is with the
/// first layer if it has an `input_shape`, else with the first data. A mistake in a layer is reported by what comes next:
/// `summary`, `compile`, `fit`, `predict`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// kiln::set_seed(42);
/// let x = Tensor::random_normal([200, 2], 0.0, 1.0)?;
/// let y = x.slice(&[0..200, 0..1])?.greater(0.0)?;
/// let mut model = Sequential::new()
///     .add(Dense::new(8).activation("relu").input_shape([2]))
///     .add(Dense::new(1).activation("sigmoid"));
/// model.compile(Adam::new(0.05), "binary_crossentropy", ["accuracy"])?;
/// let history = model.fit(&x, &y).epochs(20).verbose(0).run()?;
/// assert!(history.get("accuracy").last() > Some(&0.9));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug)]
pub struct Sequential {
    pub(super) name: String,
    pub(super) slots: Vec<Slot>,
    /// The shape of one sample, once it is known.
    pub(super) input: Option<Vec<usize>>,
    pub(super) weights: Vec<WeightInfo>,
    pub(super) pass: Pass,
    pub(super) compiled: Option<Compiled>,
    pub(super) seed: Option<u64>,
    pub(super) dtype: DType,
    /// Where the model computes; the default of the moment in which its weights are made, unless it was said before.
    pub(super) device: Option<Device>,
    pub(super) stop: bool,
    /// The seed of the order of the samples in the present training.
    pub(super) order_seed: u64,
    /// Where a training goes on that a callback has taken up.
    pub(super) resumed: Option<Resumed>,
    /// Whether backward goes on to the gradient of the input.
    pub(super) input_gradient: bool,
    /// What the callbacks of the present training want to see.
    pub(super) needs: Needs,
    pub(super) kept_gradients: Vec<Option<Tensor>>,
    /// The first mistake in the layers, kept until something can report it.
    pub(super) mistake: Option<Error>,
}

/// An earlier training that goes on: its next epoch, and its seeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resumed {
    pub(crate) epoch: usize,
    /// Of the order of the samples.
    pub(crate) order: u64,
    /// Of masks and noise.
    pub(crate) seed: u64,
}

/// A layer in its place in a model: its name there, and whether it trains. Reached by [`Sequential::layers_mut`].
#[derive(Debug, Clone)]
pub struct Slot {
    pub(super) name: String,
    pub(super) trainable: bool,
    pub(super) layer: Arc<dyn Layer>,
    /// The output's shape without the batch; empty until the model is built.
    pub(super) output: Vec<usize>,
    pub(super) first_weight: usize,
    pub(super) weight_count: usize,
}

/// What is known of a weight beside its values.
#[derive(Debug, Clone)]
pub(super) struct WeightInfo {
    pub(super) slot: usize,
    pub(super) spec: WeightSpec,
}

impl Sequential {
    /// A model without layers.
    pub fn new() -> Self {
        Self {
            name: "sequential".into(),
            slots: Vec::new(),
            input: None,
            weights: Vec::new(),
            pass: Pass::default(),
            compiled: None,
            seed: None,
            dtype: DType::Float32,
            device: None,
            stop: false,
            order_seed: 0,
            resumed: None,
            input_gradient: false,
            needs: Needs::default(),
            kept_gradients: Vec::new(),
            mistake: None,
        }
    }

    /// The model's name, `sequential` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A seed for the first weights, the dropout masks and the order of the samples, before the first layer is added;
    /// without one they follow [`set_seed`](crate::set_seed).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Where the model computes: a [`Device`] or its name; without it on the [default](Device::get_default) of the moment
    /// in which its weights are made. Weights that exist move there.
    ///
    /// What the model takes may lie on any device; what it returns lies on the host.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().device(Device::HOST).add(Dense::new(2).input_shape([3]));
    /// assert_eq!(model.get_device(), Some(Device::HOST));
    /// ```
    pub fn device(mut self, device: impl IntoDevice) -> Self {
        if let Err(error) = self.set_device(device) {
            self.mistake.get_or_insert(error);
        }
        self
    }

    /// Moves a model that is kept in a variable, with its weights and its optimizer, to a device.
    ///
    /// # Errors
    /// When there is no such device, or it has no memory left.
    pub fn set_device(&mut self, device: impl IntoDevice) -> Result<()> {
        let device = device.into_device()?;
        device.check()?;
        let moved = |weight: &Tensor| weight.to_device(device);
        self.pass.weights = self.pass.weights.iter().map(moved).collect::<Result<_>>()?;
        if let Some(compiled) = &mut self.compiled {
            compiled.optimizer.move_to(device)?;
        }
        self.device = Some(device);
        Ok(())
    }

    /// Where the model computes; `None` until that is decided.
    pub fn get_device(&self) -> Option<Device> {
        self.device
    }

    pub(super) fn home(&self) -> Result<Device> {
        self.device.map_or_else(Device::get_default, Ok)
    }

    /// Adds a layer at the end.
    ///
    /// A mistake in it is reported by what comes next: `summary`, `compile`, `fit`, `predict`.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // Keras's name.
    pub fn add(mut self, layer: impl Layer + 'static) -> Self {
        if let Err(error) = self.push(layer) {
            self.mistake.get_or_insert(error);
        }
        self
    }

    /// Adds a layer at the end of a model that is kept in a variable.
    ///
    /// # Errors
    /// When the name is taken, or the layer does not fit what comes before it; the model is then as it was.
    pub fn push(&mut self, layer: impl Layer + 'static) -> Result<()> {
        let layer: Arc<dyn Layer> = Arc::new(layer);
        let options = layer.options().clone();
        let name = match &options.name {
            Some(name) => name.clone(),
            None => self.free_name(&snake_case(layer.class_name())),
        };
        if self.slots.iter().any(|slot| slot.name == name) {
            return Err(Error::argument(format!("the model has a layer named `{name}` already")));
        }
        let known = self.given_input(&options)?;
        let trainable = options.trainable;
        self.slots.push(Slot {
            name,
            trainable,
            layer,
            output: Vec::new(),
            first_weight: 0,
            weight_count: 0,
        });
        self.compiled = None;
        let result = match known {
            Some(input) => self.build_slots(&input, initial),
            None => Ok(()),
        };
        if result.is_err() {
            self.slots.pop();
        }
        result
    }

    /// How many layers there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no layer.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The shape of one sample of the input; `None` until it is known.
    pub fn input_shape(&self) -> Option<Vec<usize>> {
        self.input.clone()
    }

    /// The shape of one sample of the output; `None` until the input's is known.
    pub fn output_shape(&self) -> Option<Vec<usize>> {
        self.input.as_ref()?;
        self.slots.last().map(|slot| slot.output.clone())
    }

    /// Makes the weights for samples of this shape, where they are not there yet.
    ///
    /// # Errors
    /// When a layer does not fit what comes before it, or the weights are there for another shape.
    pub fn build(&mut self, sample: &[usize]) -> Result<()> {
        self.check_layers()?;
        match &self.input {
            Some(input) if input == sample => Ok(()),
            Some(input) => {
                Err(Error::shape(format!("the model expects samples of shape {input:?}, but got {sample:?}"))
                    .with_help("the first dimension of the data counts the samples"))
            }
            None => self.build_slots(sample, initial),
        }
    }

    /// Keeps the first mistake until something can report it.
    pub(super) fn note_mistake(&mut self, error: Error) {
        self.mistake.get_or_insert(error);
    }

    /// Reports the first mistake in the layers.
    pub(super) fn check_layers(&self) -> Result<()> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        if self.slots.is_empty() {
            return Err(Error::state("the model has no layers")
                .with_help("add some: Sequential::new().add(Dense::new(10))"));
        }
        Ok(())
    }

    /// The shape of the input for the layers from the first on, where it is known with a new layer of these options.
    fn given_input(&self, options: &LayerOptions) -> Result<Option<Vec<usize>>> {
        if self.input.is_some() || !self.slots.is_empty() {
            return Ok(self.input.clone());
        }
        options.input_shape.clone().map(|shape| shape.map(|shape| shape.to_vec())).transpose()
    }

    /// Builds all layers that have no weights yet, which begin as `begin` says; on an error nothing has changed.
    pub(super) fn build_slots(&mut self, input: &[usize], begin: Begin) -> Result<()> {
        let home = self.home()?;
        let seed = *self.seed.get_or_insert_with(fresh_seed);
        let count = self.slots.len();
        let built = self
            .slots
            .iter()
            .filter(|_| self.input.is_some())
            .take_while(|slot| !slot.output.is_empty())
            .count();
        let mut shape =
            built.checked_sub(1).map_or_else(|| input.to_vec(), |last| self.slots[last].output.clone());
        let mut weights = Vec::new();
        let mut infos = Vec::new();
        let mut outputs = Vec::new();
        for index in built..count {
            let slot = &self.slots[index];
            let place = |error: Error| error.in_context(self.place(index));
            let result = slot.layer.build(&shape).map_err(place)?;
            let first = self.weights.len() + infos.len();
            for spec in result.weights {
                let mut generator = Generator::with_stream(seed, first as u64 + infos.len() as u64 + 1);
                let values = begin(&spec, self.dtype, &mut generator).map_err(place)?;
                weights.push(values.to_device(home)?);
                infos.push(WeightInfo { slot: index, spec });
            }
            outputs.push((result.output.clone(), first, self.weights.len() + infos.len() - first));
            shape = result.output;
        }
        for (slot, (output, first, count)) in self.slots[built..].iter_mut().zip(outputs) {
            (slot.output, slot.first_weight, slot.weight_count) = (output, first, count);
        }
        self.weights.extend(infos);
        self.pass.weights.extend(weights);
        self.input = Some(input.to_vec());
        self.device = Some(home);
        Ok(())
    }

    /// A copy with its own weights in another number type, not compiled; for checks.
    pub(super) fn copy_as(&self, dtype: DType) -> Self {
        let mut copy = Self { name: self.name.clone(), seed: self.seed, dtype, ..Self::new() };
        copy.device = self.device;
        copy.slots.clone_from(&self.slots);
        copy.input.clone_from(&self.input);
        copy.weights.clone_from(&self.weights);
        copy.pass.weights = self.pass.weights.iter().map(|weight| weight.cast(dtype)).collect();
        copy
    }

    /// How errors name a layer: "Dense `dense_1` (layer 3 of 5)".
    pub(super) fn place(&self, index: usize) -> String {
        let slot = &self.slots[index];
        format!("{} `{}` (layer {} of {})", slot.layer.class_name(), slot.name, index + 1, self.slots.len())
    }

    /// The first of `dense`, `dense_1`, `dense_2`, ... that no layer has.
    fn free_name(&self, base: &str) -> String {
        let taken = |name: &String| self.slots.iter().any(|slot| slot.name == *name);
        let numbered = (1..).map(|number| format!("{base}_{number}"));
        std::iter::once(base.to_string()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }
}

impl Default for Sequential {
    fn default() -> Self {
        Self::new()
    }
}

/// How a weight begins.
type Begin = fn(&WeightSpec, DType, &mut Generator) -> Result<Tensor>;

/// As its initializer says.
fn initial(spec: &WeightSpec, dtype: DType, generator: &mut Generator) -> Result<Tensor> {
    let in_place = |error: Error| error.in_context(spec.name);
    let shape = Shape::new(&spec.shape).map_err(in_place)?;
    let values = spec.initializer.values(&spec.shape, generator).map_err(in_place)?;
    Ok(Tensor::from_vec_f64(values, shape).map_err(in_place)?.cast(dtype))
}

/// As zeros, to be replaced by what a file holds.
pub(super) fn blank(spec: &WeightSpec, dtype: DType, _: &mut Generator) -> Result<Tensor> {
    Ok(Tensor::filled(dtype, Shape::new(&spec.shape)?, 0.0))
}

/// Keras's name for the layers of a class: `BatchNormalization` becomes `batch_normalization`, `Conv2D` `conv2d`.
pub(crate) fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().collect();
    let mut name = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let previous = index.checked_sub(1).map(|index| letters[index]);
        let next = letters.get(index + 1);
        let begins_word = letter.is_ascii_uppercase()
            && previous.is_some_and(|previous| {
                previous.is_ascii_lowercase()
                    || previous.is_ascii_uppercase() && next.is_some_and(char::is_ascii_lowercase)
            });
        if begins_word {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_get_the_names_that_keras_gives_them() {
        for (class, name) in [
            ("Dense", "dense"),
            ("BatchNormalization", "batch_normalization"),
            ("Conv2D", "conv2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("PReLU", "p_re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("ELU", "elu"),
            ("ReLU", "re_lu"),
        ] {
            assert_eq!(snake_case(class), name);
        }
    }
}
