//! What every loss can be told: its name, and how the losses of the samples become one number.

use crate::config::{Field, Fields, Map, Named};
use crate::{Error, Result};

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

impl Named for Reduction {
    const WHAT: &'static str = "reduction";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("sum_over_batch_size", Self::SumOverBatchSize),
        ("mean", Self::Mean),
        ("sum", Self::Sum),
        ("mean_with_sample_weight", Self::MeanWithSampleWeight),
        ("none", Self::None),
    ];
    const NULL: Option<Self> = Some(Self::None);
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
            pub fn reduction(
                mut self,
                reduction: impl $crate::config::OneOf<$crate::losses::Reduction>,
            ) -> Self {
                self.options.reduction = reduction.value();
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
