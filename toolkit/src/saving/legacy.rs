//! Legacy `.h5` files: the whole model in one HDF5 file, as Keras wrote it before `.keras`, and Keras 2 always.

use super::hdf5::{Array, Attributes, Folder, Kind, Tree};
use super::keras3::kind;
use super::matching::{By, Stored, Values, Wanted, load};
use super::report::{LoadOptions, LoadReport, OptimizerReport};
use super::{KERAS_VERSION, described, keras2, optimizer};
use crate::models::Sequential;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What Keras writes as the backend; it reads files of all backends alike.
const BACKEND: &str = "jax";

/// Whether this is such a file, or one of its weights alone.
pub(super) fn is_here(root: &Folder) -> Result<bool> {
    let attributes = root.attributes()?;
    Ok(attributes.has("model_config")
        || attributes.has("layer_names")
        || root.folder("model_weights")?.is_some())
}

/// The file of a model.
pub(super) fn write(model: &Sequential) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    let mut config = model.to_config()?;
    let compile = config["compile_config"].take();
    let bare = bare_config(&config);
    tree.text("backend", BACKEND);
    tree.text("keras_version", KERAS_VERSION);
    tree.bytes("model_config", bare.to_string());
    write_weights(model, tree.folder("model_weights"))?;
    if let Some(optimizer) = compile.get("optimizer").filter(|optimizer| !optimizer.is_null()) {
        tree.bytes("training_config", training_config(&compile, optimizer).to_string());
        write_optimizer(model, tree.folder("optimizer_weights"))?;
    }
    tree.to_bytes()
}

/// Without the modules: their absence tells Keras that the file is a legacy one.
fn bare_config(config: &Value) -> Value {
    let mut fields = config["config"].clone();
    if let Some(layers) = fields.get_mut("layers").and_then(Value::as_array_mut) {
        for layer in layers {
            *layer = json!({"class_name": layer["class_name"].take(), "config": layer["config"].take()});
        }
    }
    json!({"class_name": "Sequential", "config": fields})
}

fn training_config(compile: &Value, optimizer: &Value) -> Value {
    let mut fields = compile.as_object().cloned().unwrap_or_else(Map::new);
    fields.shift_remove("optimizer");
    fields.insert(
        "optimizer_config".into(),
        json!({"class_name": optimizer["class_name"], "config": optimizer["config"]}),
    );
    fields.into()
}

fn write_weights(model: &Sequential, tree: &mut Tree) -> Result<()> {
    let layers = model.layer_weights();
    tree.names("layer_names", layers.iter().map(|layer| layer.name.clone()).collect());
    tree.text("backend", BACKEND);
    tree.text("keras_version", KERAS_VERSION);
    let weights = if model.is_built() { model.get_weights()? } else { Vec::new() };
    for layer in layers {
        super::check_name(&layer.name)?;
        let folder = tree.folder(&layer.name);
        let mut names = Vec::new();
        for index in layer.weights {
            let name = format!("{}/{}/{}", model.model_name(), layer.name, model.weight_name(index));
            folder.array(&name, &weights[index], kind(model.weight_name(index)));
            names.push(name);
        }
        folder.names("weight_names", names);
    }
    tree.folder("top_level_model_weights").names("weight_names", Vec::new());
    Ok(())
}

fn write_optimizer(model: &Sequential, tree: &mut Tree) -> Result<()> {
    let optimizer = optimizer::name(model)?;
    let mut names = Vec::new();
    for (address, slot, values) in model.optimizer_state()?.named_variables() {
        let name = match address {
            Some(address) => {
                format!("{optimizer}/{}_{}_{slot}", model.model_name(), address.replace('/', "_"))
            }
            None => format!("{optimizer}/{slot}"),
        };
        tree.array(&name, &values, if slot == "iteration" { Kind::Integer } else { Kind::Float });
        names.push(name);
    }
    tree.names("weight_names", names);
    Ok(())
}

/// The model of a file of this size.
pub(super) fn read(root: &Folder, size: usize) -> Result<(Sequential, LoadReport)> {
    let attributes = root.attributes()?;
    let mut config = json_of(&attributes, "model_config")?.ok_or_else(|| {
        Error::file("the file holds weights, but no model")
            .with_help("make the model, then load_weights into it")
    })?;
    keras2::translate_layers(&mut config);
    let mut model = described(config, size)?;
    if let Some(training) = json_of(&attributes, "training_config")?.filter(|training| !training.is_null()) {
        let compile = keras2::compile_config(&training);
        super::safety::check(&compile)?;
        model.compile_from_config(&compile)?;
    }
    let report = read_weights(&mut model, root, LoadOptions::new())?;
    Ok((model, report))
}

fn json_of(attributes: &Attributes, name: &str) -> Result<Option<Value>> {
    let Some(text) = attributes.text(name)? else { return Ok(None) };
    let value = serde_json::from_str(text);
    value.map(Some).map_err(|error| Error::file(format!("the attribute `{name}` is no JSON: {error}")))
}

/// Loads the weights, and the optimizer's state into a compiled model.
pub(super) fn read_weights(
    model: &mut Sequential,
    root: &Folder,
    options: LoadOptions,
) -> Result<LoadReport> {
    let weights = root.folder("model_weights")?;
    let weights = weights.as_ref().unwrap_or(root);
    let names = weights.attributes()?.names("layer_names")?;
    let names =
        names.ok_or_else(|| Error::file(format!("`{}/` lacks the list `layer_names`", weights.path())))?;
    let mut folders: HashMap<String, Folder> = weights.folders()?.into_iter().collect();
    let mut stored = Vec::new();
    for name in names {
        let folder = folders.remove(&name);
        let folder =
            folder.ok_or_else(|| Error::file(format!("`{}/` lacks the layer `{name}`", weights.path())))?;
        stored.push(Stored { arrays: listed(&folder)?.1, name: Some(name.clone()), key: name });
    }
    if let Some(folder) = folders.get("top_level_model_weights")
        && let Some(first) = listed(folder)?.0.first()
    {
        return Err(Error::file(format!(
            "the model has a weight `{first}` of its own, outside of its layers"
        )));
    }
    let wanted = model.layer_weights().into_iter();
    let wanted =
        wanted.map(|layer| Wanted { key: layer.name.clone(), name: layer.name, weights: layer.weights });
    let wanted = wanted.collect();
    let mut report = load(model, stored, wanted, By::Order, options)?;
    if let Some(folder) = root.folder("optimizer_weights")? {
        let (names, arrays) = listed(&folder)?;
        report.optimizer = restore_optimizer(model, &report, &names, arrays)?;
    }
    Ok(report)
}

fn restore_optimizer(
    model: &mut Sequential,
    report: &LoadReport,
    names: &[String],
    arrays: Vec<Values>,
) -> Result<OptimizerReport> {
    if !keras2::is_optimizer(names) || !model.is_compiled() || !report.is_complete() {
        return optimizer::restore(model, report, &arrays);
    }
    match keras2::optimizer_variables(model, names, arrays)? {
        Ok(variables) => optimizer::restore(model, report, &variables),
        Err(why) => Ok(OptimizerReport::Skipped(why)),
    }
}

/// The names in a group's `weight_names`, and the arrays at these paths in it.
fn listed(folder: &Folder) -> Result<(Vec<String>, Vec<Values>)> {
    let names = folder.attributes()?.names("weight_names")?.unwrap_or_default();
    let mut known: HashMap<String, HashMap<String, Array>> = HashMap::new();
    let mut arrays = Vec::new();
    for path in &names {
        let (place, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !known.contains_key(place) {
            let inside = match place {
                "" => folder.arrays()?,
                _ => folder.folder(place)?.map_or_else(|| Ok(HashMap::new()), |inside| inside.arrays())?,
            };
            known.insert(place.into(), inside);
        }
        let array = known.get_mut(place).and_then(|arrays| arrays.remove(name));
        arrays.push(Values::Unread(array.ok_or_else(|| {
            Error::file(format!(
                "`{}/` lacks the array `{path}` that its `weight_names` lists",
                folder.path()
            ))
        })?));
    }
    Ok((names, arrays))
}
