//! Keras's JSON configurations: what layers, initializers, optimizers and the like say of themselves, and how they are
//! made again from it.
//!
//! Everything is written in Keras's envelope `{"module", "class_name", "config", "registered_name"}`, with the fields in
//! Keras's order, and read from it or from a plain name. A class or a field that is not known is an error that names it:
//! nothing is ignored silently.

use crate::choice::Choice;
use crate::constraints::{self, Constraint};
use crate::initializers::{self, Initializer};
use crate::layers::Layer;
use crate::losses::{self, Loss};
use crate::metrics::{self, Metric};
use crate::optimizers::schedules::Schedule;
use crate::optimizers::{self, LearningRate, Optimizer};
use crate::regularizers::{self, Regularizer};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

mod constraint;
mod fields;
mod initializer;
mod layer;
mod loss;
mod metric;
mod named;
mod optimizer;
mod regularizer;

pub use named::{Named, OneOf};

pub(crate) use fields::{Configured, Field, Fields, float32, keras_config, keras_rows, name_of, names};

/// The fields of a configuration, in the order in which they are written.
pub type Map = serde_json::Map<String, Value>;

/// What an object says of itself: where Keras has its class, and its fields.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let config = Dropout::new(0.2).config()?;
/// assert_eq!((config.module(), config.class_name()), ("keras.layers", "Dropout"));
/// assert_eq!(config.fields()["rate"], 0.2);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    module: &'static str,
    class_name: &'static str,
    pub(crate) fields: Map,
}

impl Config {
    /// The configuration of an object of a class that Keras keeps in this module.
    pub fn new(module: &'static str, class_name: &'static str, fields: Map) -> Self {
        Self { module, class_name, fields }
    }

    /// What a known class says of this object.
    pub(crate) fn of<C: Configured>(object: &C) -> Result<Self> {
        let mut fields = Map::new();
        object.write(&mut fields)?;
        Ok(Self::new(C::MODULE, C::CLASS, fields))
    }

    /// The same with a seed, where the class has one.
    pub(crate) fn with_seed(mut self, seed: u64) -> Self {
        if let Some(place) = self.fields.get_mut("seed") {
            *place = seed.into();
        }
        self
    }

    /// Keras's module of the class, such as `keras.layers`.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// Keras's name of the class, such as `Dense`.
    pub fn class_name(&self) -> &'static str {
        self.class_name
    }

    /// The fields, in the order in which they are written.
    pub fn fields(&self) -> &Map {
        &self.fields
    }

    /// Keras's JSON of the object.
    pub fn to_value(&self) -> Value {
        json!({
            "module": self.module, "class_name": self.class_name, "config": self.fields, "registered_name": null,
        })
    }
}

/// The error of a class that a user wrote, which no configuration can name.
pub(crate) fn without_config(what: &str, object: &dyn Debug) -> Error {
    let shown = format!("{object:?}");
    let name: String =
        shown.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    Error::state(format!("the {what} {name} has no configuration that Keras could read"))
        .with_help("only the built-in classes can be written; save the weights instead")
}

/// The initializer of this JSON: an envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
pub fn initializer(value: &Value) -> Result<Arc<dyn Initializer>> {
    match value {
        Value::String(name) => initializers::by_name(name),
        _ => envelope("initializer", value).and_then(|(class, fields)| initializer::read(class, fields)),
    }
}

/// The regularizer of this JSON: an envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
pub fn regularizer(value: &Value) -> Result<Arc<dyn Regularizer>> {
    match value {
        Value::String(name) => regularizers::by_name(name),
        _ => envelope("regularizer", value).and_then(|(class, fields)| regularizer::read(class, fields)),
    }
}

/// The constraint of this JSON: an envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
pub fn constraint(value: &Value) -> Result<Arc<dyn Constraint>> {
    match value {
        Value::String(name) => constraints::by_name(name),
        _ => envelope("constraint", value).and_then(|(class, fields)| constraint::read(class, fields)),
    }
}

/// The optimizer of this JSON: an envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
pub fn optimizer(value: &Value) -> Result<Arc<dyn Optimizer>> {
    match value {
        Value::String(name) => optimizers::by_name(name),
        _ => envelope("optimizer", value).and_then(|(class, fields)| optimizer::read(class, fields)),
    }
}

/// The loss of this JSON: an envelope, a function's envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
///
/// # Example
/// ```
/// use kiln::losses::{Huber, Loss};
/// let json = Huber::new().delta(0.5).config()?.to_value();
/// assert_eq!(kiln::config::loss(&json)?.config()?.fields()["delta"], 0.5);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn loss(value: &Value) -> Result<Arc<dyn Loss>> {
    match value.as_str().or_else(|| function(value)) {
        Some(name) => losses::by_name(name),
        None => envelope("loss", value)
            .and_then(|(class, fields)| loss::read(class, fields).map_err(|error| error.in_context(class))),
    }
}

/// The metric of this JSON: an envelope, a function's envelope, or a name.
///
/// # Errors
/// For an unknown class or field.
///
/// # Example
/// ```
/// use kiln::metrics::{Metric, Precision};
/// let json = Precision::new().thresholds(0.7).config()?.to_value();
/// assert_eq!(kiln::config::metric(&json)?.config()?.fields()["thresholds"], 0.7);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn metric(value: &Value) -> Result<Box<dyn Metric>> {
    match value.as_str().or_else(|| function(value)) {
        Some(name) => metrics::by_name(name),
        None => envelope("metric", value)
            .and_then(|(class, fields)| metric::read(class, fields).map_err(|error| error.in_context(class))),
    }
}

/// A metric of this class under this name, with Keras's defaults.
pub(crate) fn metric_named(class: &str, name: &str) -> Result<Box<dyn Metric>> {
    let mut fields = Map::new();
    fields.insert("name".into(), name.into());
    metric::read(class, &fields)
}

/// The name in Keras's envelope of one of its functions.
fn function(value: &Value) -> Option<&str> {
    (value.get("class_name")? == "function").then(|| value.get("config")?.as_str()).flatten()
}

/// The schedule of this JSON.
///
/// # Errors
/// For an unknown class or field.
pub fn schedule(value: &Value) -> Result<Arc<dyn Schedule>> {
    envelope("schedule", value).and_then(|(class, fields)| optimizer::read_schedule(class, fields))
}

/// The layer of this JSON.
///
/// # Errors
/// For an unknown class or field.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let json = serde_json::json!({"class_name": "Dense", "config": {"name": "top", "units": 3, "activation": "relu"}});
/// let layer = kiln::config::layer(&json)?;
/// assert_eq!(layer.config()?.fields()["units"], 3);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn layer(value: &Value) -> Result<Arc<dyn Layer>> {
    let (class, fields) = envelope("layer", value)?;
    let place = match fields.get("name").and_then(Value::as_str) {
        Some(name) => format!("{class} `{name}`"),
        None => class.to_string(),
    };
    layer::read(class, fields).map_err(|error| error.in_context(place))
}

/// Whether Keras builds layers of this class when they are made, so that they are never "unbuilt" and have no
/// `build_config`.
pub(crate) fn is_built_at_once(class: &str) -> bool {
    const CLASSES: [&str; 13] = [
        "Activation",
        "AlphaDropout",
        "AveragePooling2D",
        "Dropout",
        "ELU",
        "GaussianDropout",
        "GaussianNoise",
        "GlobalAveragePooling2D",
        "LeakyReLU",
        "MaxPooling2D",
        "ReLU",
        "Reshape",
        "Softmax",
    ];
    CLASSES.contains(&class)
}

/// The class and the fields in an envelope.
pub(crate) fn envelope<'a>(what: &str, value: &'a Value) -> Result<(&'a str, &'a Map)> {
    let class = value.get("class_name").and_then(Value::as_str);
    match (class, value.get("config").and_then(Value::as_object)) {
        (Some(class), Some(fields)) => Ok((class, fields)),
        _ => Err(Error::data(format!(
            "{what}: expected {{\"class_name\", \"config\"}} or a name, but got {value}"
        ))),
    }
}

impl Field for Choice<dyn Initializer> {
    fn write(&self) -> Result<Value> {
        Ok(self.get()?.config()?.to_value())
    }
    fn read(value: &Value) -> Result<Self> {
        Ok(Self::given(initializer(value)?))
    }
}

impl Field for Choice<dyn Regularizer> {
    fn write(&self) -> Result<Value> {
        Ok(self.get()?.config()?.to_value())
    }
    fn read(value: &Value) -> Result<Self> {
        Ok(Self::given(regularizer(value)?))
    }
}

impl Field for Choice<dyn Constraint> {
    fn write(&self) -> Result<Value> {
        Ok(self.get()?.config()?.to_value())
    }
    fn read(value: &Value) -> Result<Self> {
        Ok(Self::given(constraint(value)?))
    }
}

impl Field for LearningRate {
    /// A number is rounded to 32 bits, as Keras keeps it.
    fn write(&self) -> Result<Value> {
        match self {
            Self::Constant(rate) => f64::from(*rate as f32).write(),
            Self::Schedule(schedule) => Ok(schedule.config()?.to_value()),
        }
    }
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Object(_) => schedule(value).map(Self::Schedule),
            _ => f64::read(value).map(Self::Constant),
        }
    }
}
