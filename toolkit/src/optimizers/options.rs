//! What every optimizer can be told: decay, clipping, averages, accumulation.

use super::{LearningRate, check_range};
use crate::config::{Fields, Map, keras_rows};
use crate::{Error, Result};

/// The options that all optimizers share.
#[derive(Debug, Clone)]
pub struct OptimizerOptions {
    pub(crate) learning_rate: LearningRate,
    pub(crate) weight_decay: Option<f64>,
    pub(crate) excluded_from_decay: Vec<String>,
    pub(crate) clipnorm: Option<f64>,
    pub(crate) clipvalue: Option<f64>,
    pub(crate) global_clipnorm: Option<f64>,
    pub(crate) use_ema: bool,
    pub(crate) ema_momentum: f64,
    pub(crate) ema_overwrite_frequency: Option<u64>,
    pub(crate) gradient_accumulation_steps: Option<u64>,
}

impl OptimizerOptions {
    /// This learning rate, and nothing else.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            learning_rate: learning_rate.into(),
            weight_decay: None,
            excluded_from_decay: Vec::new(),
            clipnorm: None,
            clipvalue: None,
            global_clipnorm: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            gradient_accumulation_steps: None,
        }
    }

    /// Reports options outside their range, and more than one kind of clipping.
    ///
    /// # Errors
    /// With the optimizer's name, the range and the value.
    pub fn check(&self, optimizer: &str) -> Result<()> {
        let place = |name: &str| format!("{optimizer}: {name}");
        self.learning_rate.check().map_err(|error| error.in_context(optimizer))?;
        check_range(&place("weight_decay"), self.weight_decay.unwrap_or_default(), 0.0..f64::INFINITY)?;
        let clips = [
            ("clipnorm", self.clipnorm),
            ("clipvalue", self.clipvalue),
            ("global_clipnorm", self.global_clipnorm),
        ];
        let given: Vec<_> =
            clips.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
        for (name, value) in &given {
            check_range(&place(name), *value, 0.0..f64::INFINITY)?;
        }
        if given.len() > 1 {
            let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
            return Err(Error::argument(format!(
                "{optimizer}: only one of clipnorm, clipvalue and global_clipnorm may be given, but there are {}",
                names.join(" and ")
            )));
        }
        check_range(&place("ema_momentum"), self.ema_momentum, 0.0..=1.0)?;
        if self.ema_overwrite_frequency == Some(0) {
            return Err(Error::argument(place("ema_overwrite_frequency must be at least 1, but is 0")));
        }
        match self.gradient_accumulation_steps {
            Some(steps @ 0..=1) => Err(Error::argument(place(&format!(
                "gradient_accumulation_steps must be at least 2, but is {steps}"
            )))),
            _ => Ok(()),
        }
    }
}

keras_rows!(OptimizerOptions, {
    must "learning_rate": (learning_rate);
    field "weight_decay": (weight_decay);
    field "clipnorm": (clipnorm);
    field "global_clipnorm": (global_clipnorm);
    field "clipvalue": (clipvalue);
    field "use_ema": (use_ema);
    field "ema_momentum": (ema_momentum);
    field "ema_overwrite_frequency": (ema_overwrite_frequency);
    only "loss_scale_factor": (null);
    field "gradient_accumulation_steps": (gradient_accumulation_steps);
});

/// Gives an optimizer with a field `options: OptimizerOptions` the builder methods of the shared options.
macro_rules! optimizer_options {
    ($optimizer:ident) => {
        impl $optimizer {
            /// Each update first takes this share, times the learning rate, off every weight: $w \leftarrow w - \eta
            /// \lambda w$. Decoupled from the gradient, as in AdamW; at least 0.
            pub fn weight_decay(mut self, weight_decay: f64) -> Self {
                self.options.weight_decay = Some(weight_decay);
                self
            }

            /// Leaves weights out of the decay whose address (`dense/bias`) holds one of these texts.
            pub fn exclude_from_weight_decay<N: Into<String>>(
                mut self,
                names: impl IntoIterator<Item = N>,
            ) -> Self {
                self.options.excluded_from_decay.extend(names.into_iter().map(Into::into));
                self
            }

            /// Shortens each weight's gradient to this norm where it is longer. One kind of clipping only.
            pub fn clipnorm(mut self, clipnorm: f64) -> Self {
                self.options.clipnorm = Some(clipnorm);
                self
            }

            /// Limits each number of a gradient to `-clipvalue..=clipvalue`. One kind of clipping only.
            pub fn clipvalue(mut self, clipvalue: f64) -> Self {
                self.options.clipvalue = Some(clipvalue);
                self
            }

            /// Shortens all gradients together to this norm where they are longer. One kind of clipping only.
            pub fn global_clipnorm(mut self, global_clipnorm: f64) -> Self {
                self.options.global_clipnorm = Some(global_clipnorm);
                self
            }

            /// Keeps a moving average of each weight, which the model has after `fit`; false by default.
            pub fn use_ema(mut self, use_ema: bool) -> Self {
                self.options.use_ema = use_ema;
                self
            }

            /// The share of the moving average that is kept each step, in `0.0..=1.0`; 0.99 by default.
            pub fn ema_momentum(mut self, ema_momentum: f64) -> Self {
                self.options.ema_momentum = ema_momentum;
                self
            }

            /// Sets the weights to their moving average every so many steps; never by default.
            pub fn ema_overwrite_frequency(mut self, steps: u64) -> Self {
                self.options.ema_overwrite_frequency = Some(steps);
                self
            }

            /// Updates the weights only every so many steps (at least 2), by the mean of their gradients. Schedules
            /// count all steps, as in Keras.
            pub fn gradient_accumulation_steps(mut self, steps: u64) -> Self {
                self.options.gradient_accumulation_steps = Some(steps);
                self
            }
        }
    };
}
pub(crate) use optimizer_options;
