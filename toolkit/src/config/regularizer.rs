//! The regularizers by their class names.

use super::{Configured, Map};
use crate::regularizers::*;
use crate::{Error, Result};
use std::sync::Arc;

pub(super) fn read(class: &str, fields: &Map) -> Result<Arc<dyn Regularizer>> {
    Ok(match class {
        "L1" => Arc::new(L1::from_fields(fields)?),
        "L2" => Arc::new(L2::from_fields(fields)?),
        "L1L2" => Arc::new(L1L2::from_fields(fields)?),
        "OrthogonalRegularizer" => Arc::new(OrthogonalRegularizer::from_fields(fields)?),
        _ => {
            let names = ["L1", "L2", "L1L2", "OrthogonalRegularizer"];
            return Err(Error::unknown_name("regularizer", class, names));
        }
    })
}
