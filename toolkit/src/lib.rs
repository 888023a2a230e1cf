//! Kiln: a Keras-like library for training small networks fast and visibly.

pub mod activations;
pub mod autodiff;
mod backend;
pub mod bias_variance;
pub mod callbacks;
pub mod choice;
pub mod config;
pub mod constraints;
#[cfg(feature = "polars")]
pub mod dataframe;
#[cfg(feature = "datasets")]
pub mod datasets;
pub mod device;
pub mod error;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod models;
pub mod notebook;
pub mod optimizers;
pub mod plot;
pub mod random;
pub mod regularizers;
mod saving;
pub mod search;
pub mod surfaces;
pub mod table;
pub mod tensor;
pub mod utils;

pub use activations::Activation;
pub use device::Device;
pub use error::{Error, ErrorKind, Result};
pub use notebook::input;
pub use random::set_seed;
pub use tensor::Tensor;

/// What a notebook or a program imports: `use kiln::prelude::*;`.
pub mod prelude {
    pub use crate::Result;
    pub use crate::activations::{self, Activation};
    pub use crate::autodiff::Var;
    pub use crate::bias_variance::{self, Lasso, NearestNeighbours, Polynomial, RegressionTree, Ridge};
    pub use crate::callbacks::{
        self, BackupAndRestore, CSVLogger, Callback, EarlyStopping, GradientNorms, LambdaCallback,
        LearningRateScheduler, Logs, ModelCheckpoint, ReduceLROnPlateau, TerminateOnNaN, WeightHistogram,
    };
    pub use crate::constraints::{self, Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm};
    #[cfg(feature = "polars")]
    pub use crate::dataframe;
    #[cfg(feature = "datasets")]
    pub use crate::datasets;
    pub use crate::device::Device;
    pub use crate::initializers::{self, Initializer};
    pub use crate::layers::{self, BatchNormalization, Dense, Dropout, Flatten, Layer, Pass};
    pub use crate::layers::{
        AlphaDropout, AveragePooling2D, Conv2D, ELU, GaussianDropout, GaussianNoise, GlobalAveragePooling2D,
        LayerNormalization, LeakyReLU, MaxPooling2D, Normalization, PReLU, RandomFlip, RandomRotation,
        RandomTranslation, RandomZoom, ReLU, Rescaling, Reshape, Softmax,
    };
    pub use crate::layers::{Context, Own, OwnLayer, Weight};
    pub use crate::losses::{self, Loss};
    pub use crate::metrics::{self, Metric};
    pub use crate::models::{self, History, Sequential};
    pub use crate::optimizers::schedules::{
        self, CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, OneCycle,
        PiecewiseConstantDecay, PolynomialDecay, PowerDecay, Schedule,
    };
    pub use crate::optimizers::{
        self, Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lion, Nadam, Optimizer, RMSprop, SGD,
    };
    pub use crate::plot::{self, Figure};
    pub use crate::regularizers::{self, L1, L1L2, L2, OrthogonalRegularizer, Regularizer};
    pub use crate::search::GridSearch;
    pub use crate::surfaces;
    pub use crate::table::Table;
    pub use crate::tensor::{DType, Shape, Tensor};
    pub use crate::utils;
}
