//! Models in files: what `save` and `load` are called by, and what the formats need to know of a model.

use super::Sequential;
use super::sequential::{Resumed, blank};
use crate::optimizers::OptimizerState;
use crate::saving::{self, LoadOptions, LoadReport};
use crate::{Error, Result};
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// The model that Keras or [`Sequential::save`] has written to a `.keras` or a legacy `.h5` file, with its weights, compiled
/// as it was, and with its optimizer's state: training goes on where it stopped.
///
/// Files of Keras 2 are read too. A Functional model that is one chain of layers becomes a Sequential one.
///
/// # Errors
/// When the file cannot be read, is broken, holds a layer or a setting that is not known, or needs somebody's code; with
/// the file's name and the place in it. Nothing is ignored silently.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let path = std::env::temp_dir().join("kiln-doc-load.keras");
/// let mut model = Sequential::new().add(Dense::new(3).activation("softmax").input_shape([2]));
/// model.save(&path)?;
/// let mut loaded = models::load(&path)?;
/// let x = Tensor::new([[0.5, -1.0]]);
/// assert_eq!(loaded.predict(&x)?.to_vec(), model.predict(&x)?.to_vec());
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<Sequential> {
    saving::load(path.as_ref())
}

/// The weights of a layer, by number.
pub(crate) struct LayerWeights {
    pub(crate) name: String,
    pub(crate) weights: Range<usize>,
}

impl Sequential {
    /// Writes the model: `.keras` as Keras 3 does, `.h5` or `.hdf5` as Keras did before. Layers, weights, what `compile`
    /// has set, and the optimizer's state are kept; Keras reads all of it.
    ///
    /// A file that was there is replaced in one step: also when the process is killed meanwhile, either the old file or the
    /// new one is there, whole.
    ///
    /// # Errors
    /// For another ending, a file that cannot be written, or a layer, loss, metric or optimizer that a user wrote and Keras
    /// could not read; [`save_weights`](Self::save_weights) does without them.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let folder = std::env::temp_dir();
    /// let model = Sequential::new().add(Dense::new(3).input_shape([2]));
    /// model.save(folder.join("kiln-doc-save.keras"))?;
    /// model.save(folder.join("kiln-doc-save.h5"))?;
    /// assert!(model.save("model.pkl").is_err());
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        saving::save(self, path.as_ref())
    }

    /// Writes the weights, and the optimizer's state of a compiled model: `.weights.h5` as Keras does, or
    /// `.safetensors` (weights only).
    ///
    /// # Errors
    /// For another ending, before the weights exist, or when the file cannot be written.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let path = std::env::temp_dir().join("kiln-doc.weights.h5");
    /// let mut model = Sequential::new().add(Dense::new(3).input_shape([2]));
    /// model.save_weights(&path)?;
    /// let report = model.load_weights(&path)?;
    /// assert_eq!(report.loaded(), ["dense/kernel", "dense/bias"]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        saving::save_weights(self, path.as_ref())
    }

    /// Takes all weights from a file: `.weights.h5`, `.keras`, legacy `.h5` or `.safetensors`. A compiled model gets the
    /// optimizer's state too, where the file has it.
    ///
    /// Layers are found by their place in the model, whatever their names.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold exactly this model's weights; then nothing has changed.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<LoadReport> {
        self.load_weights_with(path, LoadOptions::new())
    }

    /// [`load_weights`](Self::load_weights) by the layers' names, or without what does not fit. The report tells what was
    /// loaded, what the file lacks, what it has beyond the model, and where the shapes differ.
    ///
    /// # Errors
    /// As there, but for what the options allow.
    ///
    /// # Example
    /// ```
    /// use kiln::models::LoadOptions;
    /// use kiln::prelude::*;
    /// let path = std::env::temp_dir().join("kiln-doc-by-name.weights.h5");
    /// let a = Sequential::new().add(Dense::new(3).name("body").input_shape([2])).add(Dense::new(8).name("head"));
    /// a.save_weights(&path)?;
    /// let mut b = Sequential::new().add(Dense::new(3).name("body").input_shape([2])).add(Dense::new(1).name("top"));
    /// let report = b.load_weights_with(&path, LoadOptions::new().by_name(true))?;
    /// assert_eq!(report.loaded(), ["body/kernel", "body/bias"]);
    /// assert_eq!(report.missing(), ["top/kernel", "top/bias"]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn load_weights_with(&mut self, path: impl AsRef<Path>, options: LoadOptions) -> Result<LoadReport> {
        saving::load_weights(self, path.as_ref(), options)
    }
}

/// What the formats need to know.
impl Sequential {
    /// Lets the training that begins go on where another one was.
    pub(crate) fn resume(&mut self, resumed: Resumed) {
        self.seed = Some(resumed.seed);
        self.resumed = Some(resumed);
    }

    /// The seeds of the present training.
    pub(crate) fn training_seeds(&self) -> Resumed {
        Resumed { epoch: 0, order: self.order_seed, seed: self.seed.unwrap_or_default() }
    }

    pub(crate) fn model_name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_built(&self) -> bool {
        self.input.is_some()
    }

    pub(crate) fn is_compiled(&self) -> bool {
        self.compiled.is_some()
    }

    pub(crate) fn layer_classes(&self) -> Vec<&'static str> {
        self.slots.iter().map(|slot| slot.layer.class_name()).collect()
    }

    pub(crate) fn layer_weights(&self) -> Vec<LayerWeights> {
        let range = |slot: &super::Slot| slot.first_weight..slot.first_weight + slot.weight_count;
        self.slots.iter().map(|slot| LayerWeights { name: slot.name.clone(), weights: range(slot) }).collect()
    }

    pub(crate) fn weight_shape(&self, index: usize) -> Vec<usize> {
        self.pass.weights[index].shape().to_vec()
    }

    pub(crate) fn weight_name(&self, index: usize) -> &'static str {
        self.weights[index].spec.name
    }

    /// Makes the optimizer's slots, if they are not there yet.
    pub(crate) fn build_optimizer(&mut self) -> Result<()> {
        self.begin_training()
    }

    pub(crate) fn optimizer_state_mut(&mut self) -> Result<&mut OptimizerState> {
        Ok(&mut self.compiled_mut()?.optimizer)
    }

    /// The model of a configuration with weights of zero, if they take at most `limit` bytes: what a file can hold is known
    /// before anything is made.
    pub(crate) fn blank_from_config(value: &Value, limit: usize) -> Result<Self> {
        let (mut model, input) = Self::described(value)?;
        let Some(input) = input else { return Ok(model) };
        let mut shape = input.clone();
        let mut bytes = 0_usize;
        for (index, slot) in model.slots.iter().enumerate() {
            let built = slot.layer.build(&shape).map_err(|error| error.in_context(model.place(index)))?;
            for spec in &built.weights {
                let size = spec.shape.iter().try_fold(4_usize, |size, &side| size.checked_mul(side));
                bytes = size.and_then(|size| bytes.checked_add(size)).unwrap_or(usize::MAX);
            }
            if bytes > limit {
                return Err(Error::file(format!(
                    "{}: the weights up to here are larger than the {limit} bytes that the file can hold",
                    model.place(index)
                )));
            }
            shape = built.output;
        }
        model.build_slots(&input, blank)?;
        Ok(model)
    }
}
