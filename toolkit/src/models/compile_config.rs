//! `compile`'s settings as Keras's JSON, and back.

use super::Sequential;
use super::compile::Measure;
use crate::config;
use crate::metrics::Metrics;
use crate::optimizers::LearningRate;
use crate::{Error, Result};
use serde_json::{Value, json};

/// Keras's arguments of `compile`, in the order in which its files hold them.
const FIELDS: [&str; 9] = [
    "optimizer",
    "loss",
    "loss_weights",
    "metrics",
    "weighted_metrics",
    "run_eagerly",
    "steps_per_execution",
    "jit_compile",
    "auto_scale_loss",
];

/// Layers that Keras cannot compile just in time.
const NOT_COMPILABLE: [&str; 3] = ["RandomRotation", "RandomTranslation", "RandomZoom"];

impl Sequential {
    /// `compile`'s settings as Keras's files hold them under `compile_config`: the optimizer with the learning rate of now,
    /// the loss, the metrics; `{}` before `compile`.
    ///
    /// # Errors
    /// For an optimizer, a loss or a metric of the user's own, which Keras could not read.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([3]));
    /// model.compile(SGD::new(0.5), "mse", ["mae"])?;
    /// let config = model.get_compile_config()?;
    /// assert_eq!(config["optimizer"]["config"]["learning_rate"], 0.5);
    /// assert_eq!((&config["loss"], &config["metrics"][0]), (&"mse".into(), &"mae".into()));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn get_compile_config(&self) -> Result<Value> {
        let Some(compiled) = &self.compiled else { return Ok(json!({})) };
        let state = &compiled.optimizer;
        let mut optimizer = state.optimizer().config()?.to_value();
        if let LearningRate::Constant(_) = state.optimizer().learning_rate() {
            optimizer["config"]["learning_rate"] = f64::from(state.learning_rate() as f32).into();
        }
        let loss = match &compiled.loss_name {
            Some(name) => name.clone().into(),
            None => compiled.loss.config()?.to_value(),
        };
        let metrics = |weighted: bool| -> Result<Value> {
            let own = compiled.measures.iter().filter(|measure| measure.weighted == weighted);
            let list = own.map(|Measure { given, .. }| given.config()).collect::<Result<Vec<_>>>()?;
            Ok(if list.is_empty() { Value::Null } else { list.into() })
        };
        let compilable = !self.slots.iter().any(|slot| NOT_COMPILABLE.contains(&slot.layer.class_name()));
        Ok(json!({
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": null,
            "metrics": metrics(false)?,
            "weighted_metrics": metrics(true)?,
            "run_eagerly": false,
            "steps_per_execution": 1,
            "jit_compile": compilable,
        }))
    }

    /// Compiles the model as [`get_compile_config`](Self::get_compile_config) or Keras has written it. From `{}` or `null`
    /// nothing happens; so with settings without a loss, by which Keras cannot train either. How Python runs the model
    /// (`run_eagerly`, `jit_compile`, ...) has no meaning here.
    ///
    /// # Errors
    /// For an unknown class or field, which it names, and for weights of several losses.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([3]));
    /// model.compile_from_config(&serde_json::json!({"optimizer": "adam", "loss": "mse", "metrics": ["mae"]}))?;
    /// assert_eq!(model.learning_rate()?, 0.001);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn compile_from_config(&mut self, value: &Value) -> Result<()> {
        let place = |error: Error| error.in_context("compile_config");
        let fields = match value {
            Value::Null => return Ok(()),
            Value::Object(fields) if fields.is_empty() => return Ok(()),
            Value::Object(fields) => fields,
            other => {
                return Err(Error::data(format!("compile_config: expected an object, but got {other}")));
            }
        };
        if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(Error::data(format!("compile_config has an unknown field `{unknown}`"))
                .with_help(format!("its fields are: {}", FIELDS.join(", "))));
        }
        let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
        if !field("loss_weights").is_null() {
            return Err(Error::data(format!(
                "compile_config: the field `loss_weights` can only be null, but is {}",
                field("loss_weights")
            ))
            .with_help("it weighs the losses of several outputs, and a Sequential model has one"));
        }
        if field("loss").is_null() {
            return Ok(());
        }
        let rmsprop = Value::from("rmsprop");
        let optimizer = if field("optimizer").is_null() { &rmsprop } else { field("optimizer") };
        let optimizer =
            config::optimizer(optimizer).map_err(|error| place(error.in_context("field `optimizer`")))?;
        let loss = config::loss(field("loss")).map_err(|error| place(error.in_context("field `loss`")))?;
        let metrics = Metrics::from_config(field("metrics"), field("weighted_metrics")).map_err(place)?;
        self.compile(optimizer, loss, metrics).map_err(place)?;
        self.compiled_mut()?.loss_name = field("loss").as_str().map(Into::into);
        Ok(())
    }
}
