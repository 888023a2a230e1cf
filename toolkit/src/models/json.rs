//! A model as Keras's JSON, and back.

use super::Sequential;
use crate::config::{self, Map, float32, is_built_at_once};
use crate::{Error, Result};
use serde_json::{Value, json};

impl Sequential {
    /// The model as Keras's `model.to_json()` writes it: its layers and `compile`'s settings, without weights. A loss
    /// or a metric of the user's own leaves the settings out, which is said on stderr.
    ///
    /// # Errors
    /// For a layer or a part of one that the user wrote: Keras has no name for it.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().add(Dense::new(3).activation("relu").input_shape([2]));
    /// let copy = Sequential::from_json(&model.to_json()?)?;
    /// assert_eq!(copy.summary()?.to_string(), model.summary()?.to_string());
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_json(&self) -> Result<String> {
        self.to_config().map(|config| config.to_string())
    }

    /// The model that [`to_json`](Self::to_json) or Keras has written, with fresh weights, compiled if its
    /// `compile_config` says how.
    ///
    /// # Errors
    /// For text that is no JSON, an unknown class or field, or layers that do not fit together.
    pub fn from_json(json: &str) -> Result<Self> {
        let config =
            serde_json::from_str(json).map_err(|error| Error::data(format!("from_json: {error}")))?;
        Self::from_config(&config)
    }

    /// [`to_json`](Self::to_json) as a value.
    ///
    /// # Errors
    /// As there.
    pub fn to_config(&self) -> Result<Value> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let batch = |sample: &[usize]| {
            let sizes = sample.iter().map(|&size| Value::from(size));
            Value::Array(std::iter::once(Value::Null).chain(sizes).collect())
        };
        let input = self.input.as_deref().map(batch);
        let mut layers = Vec::new();
        if let Some(input) = &input {
            layers.push(json!({
                "module": "keras.layers",
                "class_name": "InputLayer",
                "config": {
                    "batch_shape": input, "dtype": "float32", "sparse": false, "ragged": false,
                    "name": "input_layer", "optional": false,
                },
                "registered_name": null,
            }));
        }
        let mut shape = input.clone();
        for (index, slot) in self.slots.iter().enumerate() {
            let mut config = slot.layer.config().map_err(|error| error.in_context(self.place(index)))?;
            config.fields.insert("name".into(), slot.name.clone().into());
            config.fields.insert("trainable".into(), slot.trainable.into());
            let mut layer = config.to_value();
            if let (Some(shape), false) = (&shape, is_built_at_once(slot.layer.class_name())) {
                layer["build_config"] = json!({"input_shape": shape});
            }
            layers.push(layer);
            shape = shape.map(|_| batch(&slot.output));
        }
        let mut fields = Map::new();
        fields.insert("name".into(), self.name.clone().into());
        fields.insert("trainable".into(), true.into());
        fields.insert("dtype".into(), float32());
        fields.insert("layers".into(), layers.into());
        let mut model = json!({
            "module": "keras", "class_name": "Sequential", "config": fields, "registered_name": null,
        });
        if let Some(input) = input {
            model["config"]["build_input_shape"] = input.clone();
            model["build_config"] = json!({"input_shape": input});
        }
        model["compile_config"] = match self.get_compile_config() {
            Ok(config) => config,
            Err(error) => {
                // The layers are worth writing all the same: whoever reads them compiles anew.
                eprintln!("to_json: compile's settings are left out, since {error}");
                json!({})
            }
        };
        Ok(model)
    }

    /// [`from_json`](Self::from_json) from a value.
    ///
    /// # Errors
    /// As there.
    pub fn from_config(value: &Value) -> Result<Self> {
        let (mut model, input) = Self::described(value)?;
        if let Some(input) = input {
            model.build(&input)?;
        }
        if let Some(compile) = value.get("compile_config") {
            model.compile_from_config(compile)?;
        }
        Ok(model)
    }

    /// The layers of a configuration, without weights, and the shape of a sample where it is known.
    pub(super) fn described(value: &Value) -> Result<(Self, Option<Vec<usize>>)> {
        let (class, fields) = config::envelope("model", value)?;
        if class != "Sequential" {
            return Err(Error::data(format!(
                "the configuration is one of a {class}, not of a Sequential model"
            )));
        }
        let known = ["name", "trainable", "dtype", "layers", "build_input_shape"];
        if let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Error::data(format!(
                "the configuration of Sequential has an unknown field `{unknown}`"
            )));
        }
        let mut model = Self::new();
        if let Some(name) = fields.get("name").and_then(Value::as_str) {
            model.name = name.into();
        }
        let mut input = fields.get("build_input_shape").map(sample).transpose()?;
        let layers = fields.get("layers").and_then(Value::as_array);
        for layer in layers.ok_or_else(|| Error::data("the configuration of Sequential lacks `layers`"))? {
            if layer["class_name"] == "InputLayer" {
                let config = &layer["config"];
                if let Some(kind) = ["sparse", "ragged"].into_iter().find(|kind| config[*kind] == true) {
                    return Err(Error::data(format!("InputLayer: {kind} inputs are not known here")));
                }
                let shape = config.get("batch_shape").or_else(|| config.get("batch_input_shape"));
                input = shape.map(sample).transpose()?.or(input);
            } else {
                model.push(config::layer(layer)?)?;
            }
        }
        if fields.get("trainable") == Some(&Value::Bool(false)) {
            model.set_trainable(false);
        }
        let input = input.filter(|_| !model.is_empty());
        Ok((model, input))
    }
}

/// The shape of a sample from that of a batch, whose first size Keras leaves open.
fn sample(batch: &Value) -> Result<Vec<usize>> {
    let sizes = batch.as_array().and_then(|sizes| sizes.get(1..));
    let size = |size: &Value| size.as_u64().and_then(|size| usize::try_from(size).ok());
    sizes
        .and_then(|sizes| sizes.iter().map(size).collect())
        .ok_or_else(|| Error::data(format!("expected the shape of a batch, [null, ...], but got {batch}")))
}
