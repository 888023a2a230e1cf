//! The constraints by their class names.

use super::{Configured, Map};
use crate::constraints::*;
use crate::{Error, Result};
use std::sync::Arc;

pub(super) fn read(class: &str, fields: &Map) -> Result<Arc<dyn Constraint>> {
    Ok(match class {
        "MaxNorm" => Arc::new(MaxNorm::from_fields(fields)?),
        "NonNeg" => Arc::new(NonNeg::from_fields(fields)?),
        "UnitNorm" => Arc::new(UnitNorm::from_fields(fields)?),
        "MinMaxNorm" => Arc::new(MinMaxNorm::from_fields(fields)?),
        _ => {
            let names = ["MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"];
            return Err(Error::unknown_name("constraint", class, names));
        }
    })
}
