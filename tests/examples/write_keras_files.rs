//! Writes model files of every layer, optimizer, loss and metric for real Keras to read: `tests/oracle/read_back.py`.
//!
//!     cargo run -p kiln-tests --example write_keras_files -- FOLDER
//!
//! `index.json` beside them states what each model predicts, its weights, its optimizer's state, and the losses of the next
//! ten steps from there.

use kiln::initializers::{Constant, Distribution, Fan, Orthogonal, VarianceScaling};
use kiln::layers::Activation;
use kiln::metrics::{AUC, Metrics, Precision, Recall, RootMeanSquaredError};
use kiln::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

const ROWS: usize = 8;
const SPARSE: &str = "sparse_categorical_crossentropy";

fn main() -> Result<()> {
    let folder =
        std::env::args().nth(1).ok_or_else(|| kiln::Error::argument("usage: write_keras_files FOLDER"))?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).map_err(|error| kiln::Error::file(error.to_string()))?;
    let mut index = Vec::new();
    for (number, case) in cases()?.into_iter().enumerate() {
        index.push(case.write(number as u64, folder)?);
    }
    let text = json!({"models": index}).to_string();
    std::fs::write(folder.join("index.json"), text).map_err(|error| kiln::Error::file(error.to_string()))
}

/// A model, not trained yet.
struct Case {
    name: String,
    model: Sequential,
    /// Whether the targets are labels, or numbers.
    labels: bool,
}

impl Case {
    /// Trains the model three steps and writes it in all formats.
    fn write(mut self, seed: u64, folder: &Path) -> Result<Value> {
        let model = &mut self.model;
        let shape = [vec![ROWS], model.input_shape().unwrap_or_default()].concat();
        let units = model.output_shape().and_then(|shape| shape.last().copied()).unwrap_or(1);
        kiln::set_seed(seed);
        let x = Tensor::random_uniform(shape, -1.5, 2.5)?;
        let y = if self.labels {
            Tensor::new((0..ROWS as i32).map(|row| row * 7 % units as i32).collect::<Vec<_>>())
        } else {
            // Within 0 and 1: fit for every loss.
            Tensor::random_uniform([ROWS, units], 0.05, 0.95)?
        };
        for _ in 0..3 {
            model.train_on_batch(&x, &y)?;
        }
        for ending in ["keras", "h5"] {
            model.save(folder.join(format!("{}.{ending}", self.name)))?;
        }
        for ending in ["weights.h5", "safetensors"] {
            model.save_weights(folder.join(format!("{}.{ending}", self.name)))?;
        }
        let values =
            |tensor: &Tensor| json!({"shape": tensor.shape().to_vec(), "values": tensor.to_vec_f64()});
        let mut entry =
            json!({"name": self.name, "labels": self.labels, "input": values(&x), "targets": values(&y)});
        entry["predictions"] = values(&model.predict(&x)?);
        entry["weights"] = model.get_weights()?.iter().map(values).collect();
        let state = model.optimizer_state()?;
        entry["optimizer_state"] = state.variables().iter().map(|(_, tensor)| values(tensor)).collect();
        let scores = model.evaluate(&x, &y)?;
        entry["evaluation"] =
            scores.iter().map(|(name, value)| (name.to_string(), Value::from(value))).collect();
        let random = model.layers().iter().any(|layer| {
            ["Random", "Gaussian", "Alpha", "Dropout"].iter().any(|name| layer.class_name().starts_with(name))
        });
        if !random {
            let losses = (0..10).map(|_| model.train_on_batch(&x, &y)).collect::<Result<Vec<_>>>()?;
            entry["losses_of_ten_more_steps"] = losses.into();
        }
        Ok(entry)
    }
}

fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add =
        |name: &str, mut model: Sequential, optimizer: &dyn Fn(&mut Sequential) -> Result<()>, labels| {
            optimizer(&mut model)?;
            cases.push(Case { name: name.into(), model, labels });
            Ok::<(), kiln::Error>(())
        };
    add("many_layers", many_layers()?, &|model| model.compile(Adam::new(0.001), SPARSE, ["accuracy"]), true)?;
    add("more_layers", more_layers(), &|model| model.compile("rmsprop", SPARSE, ["accuracy"]), true)?;
    add("same_layers", same_layers(), &|model| model.compile("sgd", SPARSE, ()), true)?;
    add(
        "pictures",
        pictures(),
        &|model| model.compile(SGD::new(0.01).momentum(0.9), SPARSE, ["accuracy"]),
        true,
    )?;
    add("pictures_same", pictures_same(), &|model| model.compile("adam", SPARSE, ()), true)?;
    add("lecture", lecture(), &|model| model.compile(Nadam::new(0.001), SPARSE, ["accuracy"]), true)?;
    let mut frozen = lecture();
    frozen.layers_mut().take(4).for_each(|layer| layer.set_trainable(false));
    add("frozen", frozen, &|model| model.compile(Adam::new(0.01), SPARSE, ()), true)?;

    let optimizers: Vec<(&str, kiln::choice::Choice<dyn Optimizer>)> = vec![
        ("sgd", SGD::new(0.05).into()),
        ("nesterov", SGD::new(0.05).momentum(0.9).nesterov(true).weight_decay(0.01).into()),
        ("adagrad", Adagrad::new(0.05).into()),
        ("adadelta", Adadelta::new(1.0).into()),
        ("rmsprop", RMSprop::new(0.002).momentum(0.9).centered(true).into()),
        ("adam", Adam::new(0.01).amsgrad(true).clipnorm(1.0).into()),
        ("adamw", AdamW::new(0.01).weight_decay(0.02).into()),
        ("adamax", Adamax::new(0.01).into()),
        ("nadam", Nadam::new(0.01).global_clipnorm(0.5).into()),
        ("lion", Lion::new(0.001).clipvalue(0.3).into()),
        ("ftrl", Ftrl::new(0.05).into()),
        (
            "averages",
            SGD::new(0.05)
                .momentum(0.5)
                .use_ema(true)
                .ema_momentum(0.9)
                .gradient_accumulation_steps(2)
                .into(),
        ),
        ("exponential_decay", Adam::new(ExponentialDecay::new(0.01, 2, 0.5)).into()),
        ("inverse_time_decay", SGD::new(InverseTimeDecay::new(0.1, 2, 0.5)).into()),
        ("piecewise", SGD::new(PiecewiseConstantDecay::new([2, 5], [0.1, 0.05, 0.01])).into()),
        ("polynomial", SGD::new(PolynomialDecay::new(0.1, 8)).into()),
        ("cosine", SGD::new(CosineDecay::new(0.1, 8)).into()),
        ("restarts", SGD::new(CosineDecayRestarts::new(0.1, 3)).into()),
    ];
    for (name, optimizer) in optimizers {
        add(
            &format!("optimizer_{name}"),
            small("softmax", 3),
            &|model| model.compile(optimizer.clone(), SPARSE, ["accuracy"]),
            true,
        )?;
    }
    let losses = [
        "MeanSquaredError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "Huber",
        "LogCosh",
        "Poisson",
        "KLDivergence",
        "CosineSimilarity",
        "Hinge",
        "SquaredHinge",
        "CategoricalHinge",
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
    ];
    for name in losses {
        let loss = kiln::config::loss(&json!({"class_name": name, "config": {}}))?;
        let activation = if name == "CategoricalCrossentropy" { "softmax" } else { "sigmoid" };
        add(
            &format!("loss_{name}"),
            small(activation, 2),
            &|model| model.compile(Adam::new(0.01), loss.clone(), ()),
            false,
        )?;
    }
    add(
        "metrics",
        small("sigmoid", 1),
        &|model| {
            let metrics: Metrics = ("mae", RootMeanSquaredError::new(), "mse").into();
            model.compile(Adam::new(0.01), losses::Huber::new().delta(0.5), metrics)
        },
        false,
    )?;
    add(
        "binary",
        small("sigmoid", 1),
        &|model| {
            let metrics: Metrics = ("accuracy", AUC::new(), Precision::new(), Recall::new()).into();
            model.compile(Adam::new(0.01), "binary_crossentropy", metrics)
        },
        true,
    )?;
    Ok(cases)
}

fn small(activation: &str, units: usize) -> Sequential {
    Sequential::new()
        .seed(1)
        .add(Dense::new(4).activation("elu").kernel_initializer("he_normal").input_shape([5]))
        .add(Dense::new(units).activation(activation))
}

fn lecture() -> Sequential {
    let mut model = Sequential::new()
        .name("lecture")
        .seed(2)
        .add(Flatten::new().input_shape([4, 4]))
        .add(BatchNormalization::new());
    for units in [6, 5] {
        let dense = Dense::new(units).activation("elu").kernel_initializer("he_normal");
        model = model.add(dense.name(format!("hidden{units}"))).add(BatchNormalization::new().momentum(0.9));
    }
    model.add(Dense::new(3).activation("softmax"))
}

fn many_layers() -> Result<Sequential> {
    kiln::set_seed(9);
    let normalization = Normalization::new().adapt(&Tensor::random_normal([32, 4, 3], 0.5, 2.0)?)?;
    Ok(Sequential::new()
        .seed(3)
        .add(normalization.input_shape([4, 3]))
        .add(Rescaling::new(0.5).offset(0.1))
        .add(Reshape::new([6, 2]))
        .add(Flatten::new())
        .add(
            Dense::new(8)
                .activation("selu")
                .kernel_regularizer(L2::new(1e-3))
                .bias_regularizer(L1::new(1e-3))
                .activity_regularizer(L1L2::new().l1(1e-4).l2(1e-4))
                .kernel_constraint(MaxNorm::new(3.0))
                .bias_constraint(NonNeg),
        )
        .add(AlphaDropout::new(0.1))
        .add(Dense::new(7).kernel_initializer("lecun_normal"))
        .add(BatchNormalization::new())
        .add(LeakyReLU::new())
        .add(Dropout::new(0.2).seed(5))
        .add(Dense::new(3).activation("softmax")))
}

fn more_layers() -> Sequential {
    let scaled = VarianceScaling::new().scale(2.0).mode(Fan::Avg).distribution(Distribution::Uniform);
    Sequential::new()
        .seed(4)
        .add(
            Dense::new(6)
                .use_bias(false)
                .kernel_constraint(MinMaxNorm::new(0.1, 1.5).rate(0.9))
                .kernel_initializer(scaled)
                .input_shape([5]),
        )
        .add(LayerNormalization::new())
        .add(PReLU::new())
        .add(GaussianNoise::new(0.05))
        .add(Dense::new(6).kernel_constraint(UnitNorm::new()))
        .add(ELU::new().alpha(0.5))
        .add(GaussianDropout::new(0.1))
        .add(Dense::new(5).kernel_initializer(Orthogonal::new().gain(0.9)))
        .add(ReLU::new().max_value(6.0))
        .add(Dense::new(5).bias_initializer(Constant::new(0.1)))
        .add(Activation::new("tanh"))
        .add(Dense::new(3))
        .add(Softmax::new())
}

/// What of these layers is not random, so that the next losses can be compared.
fn same_layers() -> Sequential {
    Sequential::new()
        .seed(5)
        .add(Rescaling::new(2.0).input_shape([5]))
        .add(Dense::new(6).activation("gelu"))
        .add(LayerNormalization::new().epsilon(1e-5))
        .add(PReLU::new())
        .add(Dense::new(4).kernel_constraint(UnitNorm::new()))
        .add(ELU::new().alpha(0.5))
        .add(Reshape::new([2, 2]))
        .add(BatchNormalization::new().center(false))
        .add(Flatten::new())
        .add(LeakyReLU::new().negative_slope(0.2))
        .add(Activation::new("swish"))
        .add(Dense::new(3))
        .add(Softmax::new())
}

fn pictures() -> Sequential {
    Sequential::new()
        .seed(6)
        .add(RandomFlip::new().input_shape([8, 8, 2]))
        .add(RandomRotation::new(0.05))
        .add(RandomTranslation::new(0.1, 0.1))
        .add(RandomZoom::new(0.1))
        .add(Conv2D::new(3, 3).padding("same").activation("relu"))
        .add(MaxPooling2D::new())
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(3).activation("softmax"))
}

fn pictures_same() -> Sequential {
    Sequential::new()
        .seed(7)
        .add(Conv2D::new(4, 3).padding("same").activation("relu").input_shape([8, 8, 2]))
        .add(BatchNormalization::new())
        .add(MaxPooling2D::new())
        .add(Conv2D::new(4, (2, 3)).strides((1, 2)).use_bias(false))
        .add(PReLU::new().shared_axes([1, 2]))
        .add(AveragePooling2D::new(2).strides(1).padding("same"))
        .add(Conv2D::new(4, 2).dilation_rate(2).padding("same").groups(2))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(3).activation("softmax"))
}
