//! The metrics by their class names.

use super::{Configured, Map};
use crate::metrics::*;
use crate::{Error, Result};

macro_rules! registry {
    ($($Type:ident)*) => {
        pub(super) fn read(class: &str, fields: &Map) -> Result<Box<dyn Metric>> {
            match class {
                $(stringify!($Type) => Ok(Box::new($Type::from_fields(fields)?)),)*
                _ => Err(Error::unknown_name("metric", class, [$(stringify!($Type)),*])),
            }
        }
    };
}

registry!(BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy
    SparseTopKCategoricalAccuracy Precision Recall AUC F1Score FBetaScore TruePositives FalsePositives TrueNegatives
    FalseNegatives R2Score RootMeanSquaredError MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError
    MeanSquaredLogarithmicError LogCoshError Poisson KLDivergence Hinge SquaredHinge CategoricalHinge CosineSimilarity
    BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy);
