//! What every loss can be told: its name, and how the losses of the samples become one number.

use crate::config::{Field, Fields, Map, name_of, names};
use crate::{Error, Result};
use serde_json::Value;

/// How the losses of a batch become one number. With losses $l_i$ of the samples and their weights $w_i$ (1 where none are
/// given):
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// $\frac1n \sum_i w_i l_i$: divided by the number of losses, not by the sum of the weights. The default.
    #[default]
    SumOverBatchSize,
    /// The same; Keras has both names.
    Mean,
    /// $\sum_i w_i l_i$.
    Sum,
    /// $\sum_i w_i l_i / \sum_i w_i$.
    MeanWithSampleWeight,
    /// No number: the losses as they are. A model cannot train with it.
    None,
}

const NAMES: [(&str, Reduction); 5] = [
    ("sum_over_batch_size", Reduction::SumOverBatchSize),
    ("mean", Reduction::Mean),
    ("sum", Reduction::Sum),
    ("mean_with_sample_weight", Reduction::MeanWithSampleWeight),
    ("none", Reduction::None),
];

/// What a loss's `reduction` takes: a [`Reduction`] or Keras's name of it.
pub trait IntoReduction {
    /// The reduction.
    ///
    /// # Errors
    /// For an unknown name, with the list of the known ones.
    fn into_reduction(self) -> Result<Reduction>;
}

impl IntoReduction for Reduction {
    fn into_reduction(self) -> Result<Reduction> {
        Ok(self)
    }
}

impl IntoReduction for &str {
    fn into_reduction(self) -> Result<Reduction> {
        names("reduction", &NAMES, &self.into())
    }
}

impl Field for Result<Reduction> {
    fn write(&self) -> Result<Value> {
        Ok(name_of(&NAMES, &self.clone()?))
    }
    fn read(value: &Value) -> Result<Self> {
        if value.is_null() { Ok(Ok(Reduction::None)) } else { names("reduction", &NAMES, value).map(Ok) }
    }
}

/// The options that all losses share.
#[derive(Debug, Clone)]
pub struct LossOptions {
    pub(crate) name: String,
    pub(crate) reduction: Result<Reduction>,
}

impl LossOptions {
    /// This name, and the sum over the batch divided by its size.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), reduction: Ok(Reduction::default()) }
    }

    pub(crate) fn write(&self, out: &mut Map) -> Result<()> {
        out.insert("name".into(), self.name.clone().into());
        out.insert("reduction".into(), self.reduction.write()?);
        Ok(())
    }

    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let mut name = None;
        fields.read("name", &mut name)?;
        self.name = name.unwrap_or_else(|| self.name.clone());
        fields.read("reduction", &mut self.reduction)
    }
}

/// Gives a loss with a field `options` its builder methods and Keras's defaults.
macro_rules! loss_options {
    ($loss:ident) => {
        impl $loss {
            /// The name, as configurations hold it.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.options.name = name.into();
                self
            }

            /// How the losses of a batch become one number: a [`Reduction`](crate::losses::Reduction) or its name,
            /// `"sum_over_batch_size"` by default.
            pub fn reduction(mut self, reduction: impl $crate::losses::IntoReduction) -> Self {
                self.options.reduction = reduction.into_reduction();
                self
            }
        }

        impl Default for $loss {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}
pub(super) use loss_options;

/// The methods of the trait that follow from the field `options`.
macro_rules! loss_methods {
    () => {
        fn name(&self) -> &str {
            &self.options.name
        }

        fn reduction(&self) -> Result<$crate::losses::Reduction> {
            self.options.reduction.clone()
        }

        fn config(&self) -> Result<$crate::config::Config> {
            $crate::config::Config::of(self)
        }
    };
}
pub(super) use loss_methods;

/// The error of a reduction that leaves no number to train on.
pub(crate) fn no_number(loss: &str) -> Error {
    Error::argument(format!("{loss}: the reduction `none` leaves no single number to train on"))
        .with_help("the reductions that do are: sum_over_batch_size, mean, sum, mean_with_sample_weight")
}
