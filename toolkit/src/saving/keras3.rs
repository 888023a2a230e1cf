//! Weights as Keras 3 keeps them, in `.weights.h5` and inside of `.keras`: layers numbered by class, weights by place.

use super::hdf5::{Folder, Kind, Tree};
use super::matching::{By, Stored, Values, Wanted, load};
use super::optimizer;
use super::report::{LoadOptions, LoadReport};
use crate::models::{Sequential, snake_case};
use crate::{Error, Result};
use std::collections::HashMap;

/// The name of each layer's group: its class, numbered in the order of the model.
fn keys(model: &Sequential) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let key = |class: &str| {
        let class = snake_case(class);
        let count = counts.entry(class.clone()).or_default();
        *count += 1;
        if *count == 1 { class } else { format!("{class}_{}", *count - 1) }
    };
    model.layer_classes().into_iter().map(key).collect()
}

/// The file of a model's weights, with the optimizer's state if that is wanted.
pub(super) fn write(model: &Sequential, optimizer: bool) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    tree.folder("vars").text("name", model.model_name());
    tree.folder("layers");
    let weights = if model.is_built() { model.get_weights()? } else { Vec::new() };
    for (key, layer) in keys(model).iter().zip(model.layer_weights()) {
        super::check_name(&layer.name)?;
        let vars = tree.folder("layers").folder(key).folder("vars");
        vars.text("name", &layer.name);
        for (number, index) in layer.weights.enumerate() {
            vars.array(&number.to_string(), &weights[index], kind(model.weight_name(index)));
        }
    }
    if optimizer {
        let vars = tree.folder("optimizer/vars");
        vars.text("name", &optimizer::name(model)?);
        for (number, (name, tensor)) in model.optimizer_state()?.variables().iter().enumerate() {
            vars.array(&number.to_string(), tensor, kind(name));
        }
    }
    tree.to_bytes()
}

/// Step counts and the like are whole numbers.
pub(super) fn kind(name: &str) -> Kind {
    if name == "iteration" || name == "count" { Kind::Integer } else { Kind::Float }
}

/// Whether this is such a file.
pub(super) fn is_here(root: &Folder) -> Result<bool> {
    Ok(root.folder("layers")?.is_some() || root.folder("vars")?.is_some())
}

/// Loads the weights, and the optimizer's state into a compiled model.
pub(super) fn read_root(model: &mut Sequential, root: &Folder, options: LoadOptions) -> Result<LoadReport> {
    let mut stored = Vec::new();
    for (key, folder) in root.folder("layers")?.map_or(Ok(Vec::new()), |layers| layers.folders())? {
        let mut name = None;
        let mut arrays = Vec::new();
        for (part, inside) in folder.folders()? {
            if part != "vars" {
                return Err(Error::file(format!(
                    "the file holds a layer within a layer at `{}`, which no Sequential model of Kiln has",
                    inside.path()
                )));
            }
            name = inside.attributes()?.text("name")?.map(Into::into);
            arrays = numbered(&inside)?;
        }
        stored.push(Stored { key, name, arrays });
    }
    let names = model.layer_weights().into_iter();
    let wanted = keys(model).into_iter().zip(names);
    let wanted =
        wanted.map(|(key, layer)| Wanted { key, name: layer.name, weights: layer.weights }).collect();
    let mut report = load(model, stored, wanted, By::Key, options)?;
    let variables = root.folder("optimizer/vars")?.map_or(Ok(Vec::new()), |vars| numbered(&vars))?;
    report.optimizer = optimizer::restore(model, &report, &variables)?;
    Ok(report)
}

/// The arrays `0`, `1`, `2`, ... of a group, in the order of their numbers.
fn numbered(folder: &Folder) -> Result<Vec<Values>> {
    let mut arrays = folder.arrays()?;
    let mut all = Vec::new();
    for number in 0..arrays.len() {
        let array = arrays.remove(&number.to_string()).ok_or_else(|| {
            let mut names: Vec<&str> = arrays.keys().map(String::as_str).collect();
            names.sort_unstable();
            Error::file(format!(
                "the arrays in `{}/` are not numbered in order: {number} is missing, beside {}",
                folder.path(),
                names.join(", ")
            ))
        })?;
        all.push(Values::Unread(array));
    }
    Ok(all)
}
