//! Every name that a Keras user looks for is in the prelude or in the module that Keras has it in, and has an example.

use kiln::prelude::*;
use std::path::{Path, PathBuf};

/// Each list is used as a type below, so that a name that is missing does not compile.
macro_rules! names {
    ($list:ident: $($name:ident)*) => {
        pub(super) const $list: &[&str] = &[$(stringify!($name)),*];
    };
}

/// Names that need no module.
macro_rules! in_the_prelude {
    ($($name:ident)*) => {
        $(#[allow(dead_code)]
        fn $name() -> &'static str {
            std::any::type_name::<::kiln::prelude::$name>()
        })*
    };
}

/// Names in a Keras-named module.
macro_rules! in_module {
    ($module:ident: $($name:ident)*) => {
        #[allow(non_snake_case)]
        mod $module {
            $(#[allow(dead_code)]
            fn $name() -> &'static str {
                std::any::type_name::<::kiln::prelude::$module::$name>()
            })*
        }
    };
}

macro_rules! both {
    ($list:ident prelude: $($name:ident)*) => {
        names!($list: $($name)*);
        #[allow(non_snake_case)]
        mod $list { in_the_prelude!($($name)*); }
    };
    ($list:ident $module:ident: $($name:ident)*) => {
        names!($list: $($name)*);
        in_module!($module: $($name)*);
    };
}

#[allow(non_snake_case)]
mod lists {
    both!(OPTIMIZERS prelude: SGD Adagrad Adadelta RMSprop Adam AdamW Adamax Nadam Lion Ftrl);
    both!(SCHEDULES prelude: ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay CosineDecay
        CosineDecayRestarts PowerDecay OneCycle);
    both!(LAYERS prelude: Dense Flatten Reshape Dropout AlphaDropout GaussianNoise GaussianDropout BatchNormalization
        LayerNormalization Conv2D MaxPooling2D AveragePooling2D GlobalAveragePooling2D Rescaling Normalization RandomFlip
        RandomRotation RandomTranslation RandomZoom LeakyReLU PReLU ELU ReLU Softmax);
    both!(REGULARIZERS prelude: L1 L2 L1L2 OrthogonalRegularizer);
    both!(CONSTRAINTS prelude: MaxNorm NonNeg UnitNorm MinMaxNorm);
    both!(MODELS prelude: GridSearch History Sequential Tensor Table Figure Activation);
    both!(INITIALIZERS initializers: Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling
        GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Orthogonal Identity);
    both!(LOSSES losses: MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError Huber
        LogCosh Hinge SquaredHinge CategoricalHinge CosineSimilarity KLDivergence Poisson BinaryCrossentropy
        CategoricalCrossentropy SparseCategoricalCrossentropy);
    both!(METRICS metrics: BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy
        SparseTopKCategoricalAccuracy Precision Recall AUC F1Score FBetaScore TruePositives FalsePositives TrueNegatives
        FalseNegatives R2Score RootMeanSquaredError MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError
        MeanSquaredLogarithmicError LogCoshError Poisson KLDivergence Hinge SquaredHinge CategoricalHinge
        CosineSimilarity BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy Metrics);
    both!(CALLBACKS callbacks: EarlyStopping LearningRateScheduler ReduceLROnPlateau ModelCheckpoint CSVLogger TerminateOnNaN
        BackupAndRestore LambdaCallback GradientNorms WeightHistogram);

    pub(super) const ALL: [(&str, &[&str]); 10] = [
        ("optimizers", OPTIMIZERS),
        ("optimizers/schedules", SCHEDULES),
        ("layers", LAYERS),
        ("regularizers", REGULARIZERS),
        ("constraints", CONSTRAINTS),
        ("", MODELS),
        ("initializers", INITIALIZERS),
        ("losses", LOSSES),
        ("metrics", METRICS),
        ("callbacks", CALLBACKS),
    ];
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// Whether the documentation above the declaration of `name` holds an example, in this file.
fn has_example(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let declares = |line: &str| {
        let line = line.trim_start();
        let rest =
            ["pub struct ", "pub enum "].iter().find_map(|start| line.strip_prefix(start)).unwrap_or(line);
        rest.strip_prefix(name).is_some_and(|rest| {
            line != rest
                && rest.starts_with([' ', ';', '(', '{'])
                && (line.starts_with("pub ")
                    || rest.starts_with(" \"")
                    || rest.starts_with(':')
                    || rest.starts_with(" ="))
        })
    };
    let above = |at: usize| {
        let doc = lines[..at].iter().rev().map(|line| line.trim_start());
        let mut doc = doc.take_while(|line| line.starts_with("///") || line.starts_with("#["));
        doc.any(|line| line.contains("```"))
    };
    // A family of types of which a macro writes the example.
    let by_macro = text.contains("#[doc = concat!(\"let mut metric = metrics::\"");
    (0..lines.len()).any(|at| declares(lines[at]) && (above(at) || by_macro))
}

#[test]
fn every_name_has_an_example_that_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../toolkit/src");
    let mut missing = Vec::new();
    for (folder, names) in lists::ALL {
        let mut files = vec![root.join(format!("{folder}.rs"))];
        sources(&root.join(folder), &mut files);
        let texts: Vec<String> = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
        for name in names {
            if !texts.iter().any(|text| has_example(text, name)) {
                missing.push(format!("{folder}::{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "without an example: {missing:?}");
}

/// Names as strings, where Keras takes them: each list is known in full.
#[test]
fn strings_are_known_where_keras_takes_them() -> Result<()> {
    for name in lists::OPTIMIZERS {
        optimizers::by_name(name)?;
        optimizers::by_name(&name.to_lowercase())?;
    }
    for name in lists::LOSSES {
        losses::by_name(name)?;
    }
    for name in lists::METRICS.iter().filter(|name| **name != "Metrics") {
        assert_eq!(metrics::by_name(name)?.name(), *name);
    }
    for name in lists::REGULARIZERS {
        regularizers::by_name(name)?;
    }
    for name in lists::CONSTRAINTS {
        constraints::by_name(name)?;
    }
    for name in lists::INITIALIZERS.iter().filter(|name| **name != "Constant") {
        initializers::by_name(name)?;
    }
    for name in [
        "relu",
        "leaky_relu",
        "relu6",
        "elu",
        "selu",
        "celu",
        "gelu",
        "softplus",
        "softsign",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "log_sigmoid",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "tanh",
        "exponential",
        "linear",
        "softmax",
        "log_softmax",
        "hard_tanh",
        "tanh_shrink",
        "soft_shrink",
        "hard_shrink",
        "squareplus",
        "sparse_plus",
        "sparse_sigmoid",
        "sparsemax",
    ] {
        Activation::by_name(name)?;
    }
    Ok(())
}
