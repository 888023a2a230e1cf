//! Functional models that are one chain of layers, as Sequential ones.

use super::limits::LAYERS;
use crate::{Error, Result};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The configuration as one of a Sequential model: as it is, or with the layers of a Functional model in their order.
///
/// # Errors
/// When the graph branches, joins or shares a layer, with the layer's name.
pub(super) fn straightened(mut value: Value) -> Result<Value> {
    let class = value["class_name"].as_str().unwrap_or_default().to_string();
    let count = value["config"]["layers"].as_array().map_or(0, Vec::len);
    if count > LAYERS {
        return Err(Error::file(format!("the model has {count} layers; at most {LAYERS} can be read")));
    }
    match class.as_str() {
        "Sequential" => Ok(value),
        "Functional" | "Model" => {
            let layers = in_order(&value["config"])?;
            let config = value["config"].take();
            let mut fields = json!({"name": config["name"], "layers": layers});
            for key in ["trainable", "dtype"] {
                if let Some(field) = config.get(key) {
                    fields[key] = field.clone();
                }
            }
            value["class_name"] = "Sequential".into();
            value["config"] = fields;
            Ok(value)
        }
        other => Err(Error::file(format!(
            "the file holds a `{other}`, not a Sequential model or a chain of layers"
        ))),
    }
}

fn not_a_chain(why: &str) -> Error {
    Error::file(format!("the Functional model is not one chain of layers: {why}"))
        .with_help("only models that could be written as Sequential can be loaded")
}

fn in_order(config: &Value) -> Result<Vec<Value>> {
    let layers =
        config["layers"].as_array().ok_or_else(|| Error::file("the model's configuration lacks `layers`"))?;
    let name_of = |layer: &Value| -> Result<String> {
        let name = layer.get("name").filter(|name| name.is_string()).unwrap_or(&layer["config"]["name"]);
        name.as_str().map(Into::into).ok_or_else(|| Error::file("a layer of the model has no name"))
    };
    let input = single("input", &config["input_layers"])?;
    let output = single("output", &config["output_layers"])?;
    let mut next: HashMap<String, &Value> = HashMap::new();
    let mut first = None;
    for layer in layers {
        let name = name_of(layer)?;
        match source(layer, &name)? {
            None if name == input => first = Some(layer),
            None => return Err(not_a_chain(&format!("the layer `{name}` has no input"))),
            Some(source) => {
                if let Some(other) = next.insert(source.clone(), layer) {
                    let other = name_of(other)?;
                    return Err(not_a_chain(&format!(
                        "the output of `{source}` goes to `{other}` and to `{name}`"
                    )));
                }
            }
        }
    }
    let mut here = first.ok_or_else(|| not_a_chain(&format!("its input layer `{input}` is missing")))?;
    let mut ordered = Vec::new();
    loop {
        let mut bare = here.clone();
        if let Some(fields) = bare.as_object_mut() {
            fields.shift_remove("inbound_nodes");
            fields.shift_remove("name");
        }
        ordered.push(bare);
        let name = name_of(here)?;
        match next.remove(&name) {
            Some(following) => here = following,
            None if name == output && ordered.len() == layers.len() => return Ok(ordered),
            None if name == output => {
                return Err(not_a_chain("some layers lie beside the way from input to output"));
            }
            None => {
                return Err(not_a_chain(&format!(
                    "the output is that of `{output}`, but `{name}` comes behind it"
                )));
            }
        }
    }
}

/// The name of the only layer in a list such as `[["dense", 0, 0]]` or `["dense", 0, 0]`.
fn single(what: &str, value: &Value) -> Result<String> {
    let layers = match value.as_array().map(Vec::as_slice) {
        Some([Value::Array(only)]) => only,
        Some([Value::String(_), ..]) => value.as_array().ok_or_else(|| not_a_chain("no layers"))?,
        Some(many) => {
            let names: Vec<&str> = many.iter().filter_map(|layer| layer[0].as_str()).collect();
            let count = names.len();
            return Err(not_a_chain(&format!("it has {count} {what}s: {}", names.join(", "))));
        }
        None => {
            return Err(Error::file(format!("the Functional model's configuration lacks `{what}_layers`")));
        }
    };
    layers
        .first()
        .and_then(Value::as_str)
        .map(Into::into)
        .ok_or_else(|| not_a_chain(&format!("its {what} has no name")))
}

/// The layer whose output this one takes; none for an input.
fn source(layer: &Value, name: &str) -> Result<Option<String>> {
    let nodes = layer["inbound_nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let node = match nodes {
        [] => return Ok(None),
        [node] => node,
        _ => return Err(not_a_chain(&format!("the layer `{name}` is used {} times", nodes.len()))),
    };
    let mut sources = Vec::new();
    match node {
        // Keras 2: [["dense", 0, 0, {}]].
        Value::Array(inputs) => sources.extend(inputs.iter().filter_map(|input| input[0].as_str())),
        // Keras 3: {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["dense", 0, 0]}}]}.
        _ => tensors(&node["args"], &mut sources),
    }
    check_arguments(layer, name, node.get("kwargs").or_else(|| node.pointer("/0/3")))?;
    match sources.as_slice() {
        [source] => Ok(Some((*source).to_string())),
        [] => Err(not_a_chain(&format!("the input of the layer `{name}` is no layer's output"))),
        _ => Err(not_a_chain(&format!("the layer `{name}` joins {}", sources.join(" and ")))),
    }
}

/// Refuses a layer that is called with more than its input: it would not compute the same in a Sequential model.
fn check_arguments(layer: &Value, name: &str, arguments: Option<&Value>) -> Result<()> {
    let normalizes = layer["class_name"] == "BatchNormalization";
    for (key, value) in arguments.and_then(Value::as_object).into_iter().flatten() {
        // Keras notes `training: false` with dropout and noise, where it says nothing.
        let harmless = value.is_null() || (key == "training" && *value == false && !normalizes);
        if !harmless {
            return Err(not_a_chain(&format!("the layer `{name}` is called with {key} = {value}")));
        }
    }
    Ok(())
}

fn tensors<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    if let Some(name) = value.pointer("/config/keras_history/0").and_then(Value::as_str) {
        into.push(name);
    } else if let Some(list) = value.as_array() {
        list.iter().for_each(|value| tensors(value, into));
    }
}
