//! The losses by their class names.

use super::{Configured, Map};
use crate::losses::*;
use crate::{Error, Result};
use std::sync::Arc;

macro_rules! registry {
    ($($Type:ident)*) => {
        pub(super) fn read(class: &str, fields: &Map) -> Result<Arc<dyn Loss>> {
            match class {
                $(stringify!($Type) => Ok(Arc::new($Type::from_fields(fields)?)),)*
                _ => Err(Error::unknown_name("loss", class, [$(stringify!($Type)),*])),
            }
        }
    };
}

registry!(SparseCategoricalCrossentropy CategoricalCrossentropy BinaryCrossentropy MeanSquaredError MeanAbsoluteError
    MeanAbsolutePercentageError MeanSquaredLogarithmicError Huber LogCosh Poisson Hinge SquaredHinge CategoricalHinge
    CosineSimilarity KLDivergence);
