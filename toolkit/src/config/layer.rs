//! The layers by their class names.

use super::{Configured, Map};
use crate::layers::*;
use crate::{Error, Result};
use std::sync::Arc;

macro_rules! registry {
    ($($Type:ident)*) => {
        pub(super) fn read(class: &str, fields: &Map) -> Result<Arc<dyn Layer>> {
            match class {
                $(stringify!($Type) => Ok(Arc::new($Type::from_fields(fields)?)),)*
                _ => Err(Error::unknown_name("layer", class, [$(stringify!($Type)),*])),
            }
        }
    };
}

registry!(Activation AlphaDropout AveragePooling2D BatchNormalization Conv2D Dense Dropout ELU Flatten GaussianDropout
    GaussianNoise GlobalAveragePooling2D LayerNormalization LeakyReLU MaxPooling2D Normalization PReLU RandomFlip
    RandomRotation RandomTranslation RandomZoom ReLU Rescaling Reshape Softmax);
