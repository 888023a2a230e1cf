//! The optimizer's state in a file.

use super::matching::Values;
use super::report::{LoadReport, OptimizerReport};
use crate::Result;
use crate::models::{Sequential, snake_case};
use crate::tensor::Tensor;

/// Gives the model's optimizer the variables of a file, in Keras's order, as far as they fit.
pub(super) fn restore(
    model: &mut Sequential,
    report: &LoadReport,
    stored: &[Values],
) -> Result<OptimizerReport> {
    if stored.is_empty() {
        return Ok(OptimizerReport::Absent);
    }
    if !report.is_complete() {
        return Ok(OptimizerReport::Skipped("the model does not have all weights of the file".into()));
    }
    if !model.is_compiled() {
        return Ok(OptimizerReport::NotCompiled);
    }
    // An optimizer that has never trained has its step count and its learning rate only.
    let fresh = model.optimizer_state()?.fresh_variables();
    if stored.len() > fresh {
        model.build_optimizer()?;
    }
    let present: Vec<Tensor> =
        model.optimizer_state()?.variables().into_iter().map(|(_, tensor)| tensor).collect();
    if stored.len() != fresh && stored.len() != present.len() {
        return Ok(OptimizerReport::Skipped(format!(
            "it has {} variables, but the file {}",
            present.len(),
            stored.len()
        )));
    }
    for (number, (have, given)) in present.iter().zip(stored).enumerate() {
        if have.shape().to_vec() != given.shape() {
            return Ok(OptimizerReport::Skipped(format!(
                "its variable {number} has the shape {}, but {:?} in the file",
                have.shape(),
                given.shape()
            )));
        }
    }
    let mut variables = present;
    for (place, given) in variables.iter_mut().zip(stored) {
        *place = given.read()?;
    }
    model.optimizer_state_mut()?.set_variables(&variables)?;
    Ok(OptimizerReport::Restored)
}

/// The optimizer's name in files, such as `rm_sprop`.
pub(super) fn name(model: &Sequential) -> Result<String> {
    let optimizer = model.optimizer_state()?.optimizer();
    let given =
        optimizer.config().ok().and_then(|config| config.fields().get("name")?.as_str().map(Into::into));
    Ok(given.unwrap_or_else(|| snake_case(optimizer.class_name())))
}
