//! The optimizers and their schedules by their class names.

use super::{Configured, Map};
use crate::optimizers::schedules::*;
use crate::optimizers::*;
use crate::{Error, Result};
use std::sync::Arc;

macro_rules! registry {
    ($read:ident, $Trait:ident, $what:literal: $($Type:ident)*) => {
        pub(super) fn $read(class: &str, fields: &Map) -> Result<Arc<dyn $Trait>> {
            match class {
                $(stringify!($Type) => Ok(Arc::new($Type::from_fields(fields)?)),)*
                _ => Err(Error::unknown_name($what, class, [$(stringify!($Type)),*])),
            }
        }
    };
}

registry!(read, Optimizer, "optimizer": SGD Adagrad Adadelta RMSprop Adam AdamW Adamax Nadam Lion Ftrl);
registry!(read_schedule, Schedule, "schedule": ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay
    CosineDecay CosineDecayRestarts);
