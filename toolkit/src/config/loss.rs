//! The losses by their class names.

use super::{Fields, Map};
use crate::losses::*;
use crate::{Error, Result};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn read(class: &str, map: &Map) -> Result<Arc<dyn Loss>> {
    let mut fields = Fields::new("the loss", map);
    fields.read("name", &mut Some(String::new()))?;
    fields.only("reduction", "sum_over_batch_size".into())?;
    let (mut from_logits, mut label_smoothing, mut delta) = (false, 0.0, 1.0);
    let loss: Arc<dyn Loss> = match class {
        "SparseCategoricalCrossentropy" => {
            fields.read("from_logits", &mut from_logits)?;
            fields.only("ignore_class", Value::Null)?;
            fields.only("axis", (-1).into())?;
            Arc::new(SparseCategoricalCrossentropy::new().from_logits(from_logits))
        }
        "CategoricalCrossentropy" | "BinaryCrossentropy" => {
            fields.read("from_logits", &mut from_logits)?;
            fields.read("label_smoothing", &mut label_smoothing)?;
            fields.only("axis", (-1).into())?;
            if class == "BinaryCrossentropy" {
                let loss = BinaryCrossentropy::new().from_logits(from_logits);
                Arc::new(loss.label_smoothing(label_smoothing))
            } else {
                let loss = CategoricalCrossentropy::new().from_logits(from_logits);
                Arc::new(loss.label_smoothing(label_smoothing))
            }
        }
        "Huber" => {
            fields.read("delta", &mut delta)?;
            Arc::new(Huber::new().delta(delta))
        }
        "CosineSimilarity" => {
            fields.only("axis", (-1).into())?;
            Arc::new(CosineSimilarity::new())
        }
        _ if class.starts_with(char::is_uppercase) => by_name(class)?,
        _ => return Err(Error::data(format!("a loss has a class name, not `{class}`"))),
    };
    fields.finish()?;
    Ok(loss)
}
