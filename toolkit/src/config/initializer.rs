//! The initializers by their class names.

use super::{Configured, Field, Map};
use crate::initializers::*;
use crate::{Error, Result};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn read(class: &str, fields: &Map) -> Result<Arc<dyn Initializer>> {
    let mut bare = fields.clone();
    let seed = match bare.get_mut("seed").map(Value::take) {
        None | Some(Value::Null) => None,
        Some(seed) => Some(u64::read(&seed).map_err(|error| error.in_context("field `seed`"))?),
    };
    macro_rules! registry {
        ($($Type:ident)*) => {
            match class {
                $(stringify!($Type) => {
                    let bare = $Type::from_fields(&bare)?;
                    Ok(match seed {
                        Some(seed) => Arc::new(bare.seed(seed)),
                        None => Arc::new(bare),
                    })
                })*
                _ => Err(Error::unknown_name("initializer", class, [$(stringify!($Type)),*])),
            }
        };
    }
    registry!(Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling GlorotUniform GlorotNormal
        HeUniform HeNormal LecunUniform LecunNormal Orthogonal Identity)
}
