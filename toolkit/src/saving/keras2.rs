//! What Keras 2 wrote otherwise: configurations of layers, of `compile`, and the names of the optimizer's variables.

use super::matching::Values;
use crate::models::Sequential;
use crate::tensor::Tensor;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Writes the layers of a model's configuration as Keras 3 does; configurations of Keras 3 stay as they are.
pub(super) fn translate_layers(model: &mut Value) {
    // Before 2.2, a Sequential model was a bare list of layers.
    if let Some(layers) = model.get_mut("config").filter(|config| config.is_array()) {
        *layers = json!({"layers": layers.take()});
    }
    let Some(layers) = model.pointer_mut("/config/layers").and_then(Value::as_array_mut) else { return };
    let mut input = None;
    for layer in layers.iter_mut() {
        let class = layer["class_name"].as_str().unwrap_or_default().to_string();
        let Some(fields) = layer.get_mut("config").and_then(Value::as_object_mut) else { continue };
        let batch = fields.shift_remove("batch_input_shape");
        if class == "InputLayer" {
            if let Some(batch) = batch {
                fields.insert("batch_shape".into(), batch);
            }
            continue;
        }
        input = input.or(batch);
        translate_layer(&class, fields);
    }
    let has_input = layers.first().is_some_and(|layer| layer["class_name"] == "InputLayer");
    if let (false, Some(batch)) = (has_input, input) {
        layers.insert(0, json!({"class_name": "InputLayer", "config": {"batch_shape": batch}}));
    }
}

fn translate_layer(class: &str, fields: &mut Map<String, Value>) {
    fields.shift_remove("ragged");
    match class {
        "LeakyReLU" => {
            if let Some(slope) = fields.shift_remove("alpha") {
                fields.insert("negative_slope".into(), slope);
            }
        }
        "BatchNormalization" => {
            if let Some([axis]) = fields.get("axis").and_then(Value::as_array).map(Vec::as_slice) {
                fields["axis"] = axis.clone();
            }
            // Options of the first version that are off.
            for option in ["renorm", "virtual_batch_size", "adjustment", "fused"] {
                if fields.get(option).is_some_and(|value| value.is_null() || *value == false) {
                    fields.shift_remove(option);
                }
            }
        }
        _ => {}
    }
    // Initializers named their number type.
    for (_, value) in fields.iter_mut().filter(|(key, _)| key.ends_with("_initializer")) {
        if let Some(fields) = value.get_mut("config").and_then(Value::as_object_mut)
            && fields.get("dtype").is_some_and(|dtype| dtype == "float32" || dtype.is_null())
        {
            fields.shift_remove("dtype");
        }
    }
}

/// The `compile_config` of a legacy file's `training_config`.
pub(super) fn compile_config(training: &Value) -> Value {
    let mut fields = training.as_object().cloned().unwrap_or_default();
    if let Some(mut optimizer) = fields.shift_remove("optimizer_config") {
        translate_optimizer(&mut optimizer);
        fields.insert("optimizer".into(), optimizer);
    }
    fields.shift_remove("sample_weight_mode");
    for key in ["metrics", "weighted_metrics"] {
        if let Some(metrics) = fields.get_mut(key) {
            translate_metrics(metrics);
        }
    }
    if let Some(reduction) = fields.get_mut("loss").and_then(|loss| loss.pointer_mut("/config/reduction"))
        && *reduction == "auto"
    {
        *reduction = "sum_over_batch_size".into();
    }
    fields.into()
}

/// Metrics were wrapped functions, and lay in a list of lists, one for each output.
fn translate_metrics(value: &mut Value) {
    if let Value::Array(list) = value {
        list.iter_mut().for_each(translate_metrics);
        return;
    }
    if value["class_name"] != "MeanMetricWrapper" {
        return;
    }
    let (name, function) = (value["config"]["name"].take(), value["config"]["fn"].take());
    let Some(function) = function.as_str() else { return };
    *value = if name == "accuracy" || name == "acc" || name == *function {
        name
    } else {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
        };
        let class: String = function.split('_').map(capital).collect();
        json!({"class_name": class, "config": {"name": name}})
    };
}

fn translate_optimizer(optimizer: &mut Value) {
    let class = optimizer["class_name"].as_str().unwrap_or_default();
    let class = class.strip_prefix("Custom>").unwrap_or(class).to_string();
    optimizer["class_name"] = class.clone().into();
    let Some(fields) = optimizer.get_mut("config").and_then(Value::as_object_mut) else { return };
    for key in ["jit_compile", "is_legacy_optimizer"] {
        fields.shift_remove(key);
    }
    if let Some(rate) = fields.shift_remove("lr") {
        fields.insert("learning_rate".into(), rate);
    }
    let decay = fields.shift_remove("decay").and_then(|decay| decay.as_f64()).unwrap_or_default();
    // Nadam's was another number, which Keras does not use any more.
    if decay != 0.0
        && class != "Nadam"
        && let Some(rate) = fields.get_mut("learning_rate")
        && rate.is_number()
    {
        *rate = json!({"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "config": {
            "initial_learning_rate": rate.take(), "decay_steps": 1, "decay_rate": decay, "staircase": false,
        }});
    }
}

/// Whether an optimizer's variables have the names of Keras 2.
pub(super) fn is_optimizer(names: &[String]) -> bool {
    names.iter().any(|name| name.ends_with(":0"))
}

/// Our names of its slots.
const SLOTS: [(&str, &str); 10] = [
    ("m", "momentum"),
    ("v", "velocity"),
    ("vhat", "velocity_hat"),
    ("u", "norm"),
    ("rms", "velocity"),
    ("mg", "average_gradient"),
    ("accum_grad", "accumulated_grad"),
    ("accum_var", "accumulated_delta_var"),
    ("iter", "iteration"),
    ("_u_product", "u_product"),
];

/// The variables in our order, or why they do not fit.
pub(super) fn optimizer_variables(
    model: &mut Sequential,
    names: &[String],
    arrays: Vec<Values>,
) -> Result<Result<Vec<Values>, String>> {
    // `Adam/m/dense/kernel:0`, or, with the legacy optimizers, `Adam/dense/kernel/m:0`.
    let slot_is_first = names.iter().any(|name| name == "iteration:0");
    let mut found: HashMap<(Option<String>, String), Values> = HashMap::new();
    for (name, values) in names.iter().zip(arrays) {
        let bare = name.strip_suffix(":0").unwrap_or(name);
        let parts: Vec<&str> = bare.split('/').collect();
        let (weight, slot) = match parts.as_slice() {
            [.., slot] if parts.len() <= 2 => (None, *slot),
            [_, slot, .., layer, weight] if slot_is_first => (Some(format!("{layer}/{weight}")), *slot),
            [.., layer, weight, slot] => (Some(format!("{layer}/{weight}")), *slot),
            _ => return Err(Error::file(format!("the optimizer has a variable with the name `{name}`"))),
        };
        let known = SLOTS.iter().find(|(old, _)| *old == slot).map_or(slot, |(_, new)| *new);
        // Adamax called its norm `v` once.
        let adamax = model.optimizer_state()?.optimizer().class_name() == "Adamax";
        let known = if adamax && known == "velocity" { "norm" } else { known };
        found.insert((weight, known.into()), values);
    }
    if found.len() > model.optimizer_state()?.fresh_variables() {
        model.build_optimizer()?;
    }
    let rate = model.learning_rate()?;
    let mut variables = Vec::new();
    for (address, slot, _) in model.optimizer_state()?.named_variables() {
        variables.push(match found.remove(&(address.map(Into::into), slot.into())) {
            Some(values) => values,
            None if slot == "learning_rate" => Values::Read("learning_rate".into(), Tensor::scalar(rate)),
            None => {
                let place = address.map(|address| format!(" of `{address}`")).unwrap_or_default();
                return Ok(Err(format!("the file lacks its {slot}{place}")));
            }
        });
    }
    if let Some((weight, slot)) = found.into_keys().next() {
        return Ok(Err(format!("the file has a {slot} of `{}` beside its own", weight.unwrap_or_default())));
    }
    Ok(Ok(variables))
}
