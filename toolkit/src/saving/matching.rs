//! Which array of a file becomes which weight of a model.

use super::hdf5::Array;
use super::report::{LoadOptions, LoadReport};
use crate::models::Sequential;
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::ops::Range;

/// What a file holds of one layer.
pub(super) struct Stored {
    /// What the format finds layers by.
    pub(super) key: String,
    /// The layer's name, where the file has it.
    pub(super) name: Option<String>,
    pub(super) arrays: Vec<Values>,
}

/// Numbers of a file.
pub(super) enum Values {
    /// In an HDF5 file, read when they are wanted.
    Unread(Array),
    /// Read already, with their place.
    Read(String, Tensor),
}

impl Values {
    fn path(&self) -> &str {
        match self {
            Self::Unread(array) => array.path(),
            Self::Read(path, _) => path,
        }
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Unread(array) => array.shape().to_vec(),
            Self::Read(_, tensor) => tensor.shape().to_vec(),
        }
    }

    pub(super) fn read(&self) -> Result<Tensor> {
        match self {
            Self::Unread(array) => array.read(),
            Self::Read(_, tensor) => Ok(tensor.clone()),
        }
    }
}

/// What a model wants for one layer.
pub(super) struct Wanted {
    pub(super) key: String,
    pub(super) name: String,
    /// The model's weights that it takes, by number.
    pub(super) weights: Range<usize>,
}

/// How layers are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Key,
    /// The first with weights to the first with weights, and so on.
    Order,
    Name,
}

/// Loads what fits; unless everything does and the options want that, nothing is changed.
pub(super) fn load(
    model: &mut Sequential,
    mut stored: Vec<Stored>,
    mut wanted: Vec<Wanted>,
    by: By,
    options: LoadOptions,
) -> Result<LoadReport> {
    stored.retain(|layer| !layer.arrays.is_empty());
    wanted.retain(|layer| !layer.weights.is_empty());
    let by = if options.by_name { By::Name } else { by };
    if by == By::Order && stored.len() != wanted.len() && !options.skip_mismatch {
        let names: Vec<&str> = stored.iter().map(|layer| layer.key.as_str()).collect();
        return Err(Error::file(format!(
            "the model has {} layers with weights, but the file {}: {}",
            wanted.len(),
            stored.len(),
            names.join(", ")
        ))
        .with_help("LoadOptions::new().by_name(true) takes the layers with the same names only"));
    }
    let addresses = model.weight_names();
    let mut report = LoadReport::default();
    let mut found = Vec::new();
    let mut used = vec![false; stored.len()];
    for (place, layer) in wanted.iter().enumerate() {
        let index = match by {
            By::Order => (place < stored.len()).then_some(place),
            By::Key => stored.iter().position(|candidate| candidate.key == layer.key),
            By::Name => stored.iter().position(|candidate| candidate.name.as_ref() == Some(&layer.name)),
        };
        let Some(index) = index else {
            report.missing.extend_from_slice(&addresses[layer.weights.clone()]);
            continue;
        };
        used[index] = true;
        let arrays = &stored[index].arrays;
        let before = report.mismatched.len();
        if arrays.len() != layer.weights.len() {
            report.mismatched.push(format!(
                "{} (the model has {} weights, the file {})",
                layer.name,
                layer.weights.len(),
                arrays.len()
            ));
            continue;
        }
        for (weight, array) in layer.weights.clone().zip(arrays) {
            let expected = model.weight_shape(weight);
            if array.shape() != expected {
                report.mismatched.push(format!(
                    "{} (the model has {expected:?}, the file {:?} at `{}`)",
                    addresses[weight],
                    array.shape(),
                    array.path()
                ));
            }
        }
        if report.mismatched.len() == before {
            found.push((layer.weights.clone(), index));
        }
    }
    for (layer, _) in stored.iter().zip(&used).filter(|(_, used)| !**used) {
        report.unused.extend(layer.arrays.iter().map(|array| array.path().to_string()));
    }
    check(&report, options)?;
    if found.is_empty() && wanted.is_empty() {
        return Ok(report);
    }
    let mut weights = model.get_weights()?;
    for (range, index) in found {
        for (weight, array) in range.zip(&stored[index].arrays) {
            weights[weight] = array.read()?;
            report.loaded.push(addresses[weight].clone());
        }
    }
    model.set_weights(&weights)?;
    Ok(report)
}

fn check(report: &LoadReport, options: LoadOptions) -> Result<()> {
    let list =
        |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
    let tolerant = options.by_name || options.skip_mismatch;
    let mut wrong: Vec<String> = list("other shapes:", &report.mismatched).into_iter().collect();
    if options.skip_mismatch {
        wrong.clear();
    }
    if !tolerant {
        wrong.extend(list("missing in the file:", &report.missing));
        wrong.extend(list("unused in the file:", &report.unused));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::file(format!("the weights do not fit the model; {}", wrong.join("; ")))
        .with_help("load_weights_with takes LoadOptions: by_name(true), skip_mismatch(true)"))
}
