//! Bad input gets an error that names what is wrong, where, and what would be right; nothing panics.

use kiln::prelude::*;

/// The error of a result, as text; it must contain each of these.
#[track_caller]
fn assert_error<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let text = result.expect_err("this must be an error").to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
}

fn classifier() -> Sequential {
    let mut model = Sequential::new().seed(1).add(Dense::new(3).activation("softmax").input_shape([4]));
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"]).expect("this model is fine");
    model
}

#[test]
fn data_of_different_length_or_shape() {
    let mut model = classifier();
    let x = Tensor::zeros([8, 4]);
    assert_error(model.fit(&x, &Tensor::new(vec![0; 7])).verbose(0).run(), &["8 samples", "7 targets"]);
    assert_error(
        model.fit(&Tensor::zeros([8, 5]), &Tensor::new(vec![0; 8])).verbose(0).run(),
        &["[4]", "[5]"],
    );
    assert_error(model.predict(&Tensor::zeros([2, 2, 4])), &["[4]", "[2, 4]"]);
    assert_error(model.predict(&Tensor::zeros([0, 4])), &["no sample"]);
    assert_error(model.predict(&Tensor::scalar(1.0)), &["scalar"]);
    let held = (Tensor::zeros([3, 4]), Tensor::new(vec![0; 2]));
    let fit = model.fit(&x, &Tensor::new(vec![0; 8])).validation_data(&held.0, &held.1).verbose(0);
    assert_error(fit.run(), &["validation data", "3 samples", "2 targets"]);
}

#[test]
fn numbers_that_are_not_finite() {
    let mut model = classifier();
    let mut values = vec![0.0; 32];
    values[13] = f32::NAN;
    let x = Tensor::from_vec(values, [8, 4]).expect("the shape fits");
    assert_error(model.fit(&x, &Tensor::new(vec![0; 8])).verbose(0).run(), &["NaN", "sample 3"]);
    assert_error(model.evaluate(&x, &Tensor::new(vec![0; 8])), &["NaN", "sample 3"]);
}

#[test]
fn labels_outside_the_classes() {
    let mut model = classifier();
    let x = Tensor::zeros([4, 4]);
    assert_error(
        model.fit(&x, &Tensor::new([0, 1, 3, 2])).verbose(0).run(),
        &["label 3 of sample 2", "3 classes", "0..3"],
    );
    assert_error(model.fit(&x, &Tensor::new([0, -1, 1, 2])).verbose(0).run(), &["label -1 of sample 1"]);
    assert_error(
        model.fit(&x, &Tensor::zeros([4, 3])).verbose(0).run(),
        &["[4, 3]", "categorical_crossentropy"],
    );
}

#[test]
fn models_that_cannot_work() {
    let mut empty = Sequential::new();
    assert_error(empty.compile("sgd", "mse", ()), &["no layers", "add"]);
    // Keras draws an empty table here (`summaries.json`); everything that computes is an error.
    assert!(empty.summary().is_ok_and(|summary| summary.to_string().contains("Total params: 0 (0.00 B)")));
    assert_error(empty.predict(&Tensor::zeros([2, 2])), &["no layers", "add"]);
    let mut raw = Sequential::new().add(Dense::new(2));
    assert_error(raw.fit(&Tensor::zeros([2, 2]), &Tensor::zeros([2, 2])).verbose(0).run(), &["not compiled"]);
    assert_error(raw.get_weights(), &["no weights yet", "input_shape"]);

    // A Dense on images that nobody flattened.
    let mut unflattened = Sequential::new().add(Dense::new(10).activation("softmax").input_shape([28, 28]));
    unflattened.compile("sgd", "sparse_categorical_crossentropy", ()).expect("the parts are fine");
    let fit = unflattened.fit(&Tensor::zeros([4, 28, 28]), &Tensor::new([0, 1, 2, 3])).verbose(0);
    assert_error(fit.run(), &["[4, 28, 10]", "Flatten"]);
}

#[test]
fn names_that_do_not_exist() {
    let first = |layer: Dense| Sequential::new().add(layer.input_shape([4])).compile("sgd", "mse", ());
    assert_error(
        first(Dense::new(2).activation("rellu")),
        &["Dense `dense` (layer 1 of 1)", "`rellu`", "relu, relu6"],
    );
    assert_error(first(Dense::new(2).kernel_initializer("he")), &["kernel_initializer", "`he`", "he_normal"]);
    assert_error(first(Dense::new(2).kernel_regularizer("l3")), &["kernel_regularizer", "`l3`", "l1, l2"]);
    let mut model = Sequential::new().add(Dense::new(2).input_shape([4]));
    assert_error(model.compile("sdg", "mse", ()), &["`sdg`", "sgd"]);
    assert_error(model.compile("sgd", "mes", ()), &["`mes`", "mean_squared_error"]);
    assert_error(model.compile("sgd", "mse", ["acuracy"]), &["`acuracy`", "accuracy"]);
}

#[test]
fn hyper_parameters_outside_their_range() {
    let with = |layer: Dropout| Sequential::new().add(layer.input_shape([4])).compile("sgd", "mse", ());
    assert_error(with(Dropout::new(1.5)), &["Dropout", "0.0..=1.0", "1.5"]);
    assert_error(
        Sequential::new().add(Dense::new(0).input_shape([4])).compile("sgd", "mse", ()),
        &["units", "0"],
    );
    let mut model = Sequential::new().add(Dense::new(2).input_shape([4]));
    assert_error(model.compile(SGD::new(-0.1), "mse", ()), &["learning rate", "-0.1"]);
    assert_error(model.compile(SGD::new(0.1).momentum(1.5), "mse", ()), &["momentum", "1.5"]);
    assert_error(model.compile(Adam::new(0.1).beta_1(1.0), "mse", ()), &["beta_1", "1"]);
    model.compile("sgd", "mse", ()).expect("this is fine");
    let (x, y) = (Tensor::zeros([4, 4]), Tensor::zeros([4, 2]));
    assert_error(model.fit(&x, &y).epochs(0).run(), &["epochs", "0"]);
    assert_error(model.fit(&x, &y).batch_size(0).run(), &["batch_size", "0"]);
    assert_error(model.fit(&x, &y).validation_split(1.0).run(), &["validation_split", "1"]);
}

/// A mistake leaves the model as it was.
#[test]
fn nothing_is_lost_by_a_mistake() {
    let mut model = classifier();
    let before = model.get_weights().expect("the model is built");
    assert!(model.push(Dense::new(2).activation("rellu")).is_err());
    assert!(model.push(Dense::new(2).name("dense")).is_err());
    assert_eq!(model.len(), 1);
    assert!(model.set_weights(&[Tensor::zeros([4, 3])]).is_err());
    let after = model.get_weights().expect("the model is built");
    assert!(before.iter().zip(&after).all(|(before, after)| before.to_vec() == after.to_vec()));
}

/// A figure that cannot be saved says where and why, and leaves no file.
#[test]
fn figures_that_cannot_be_saved() {
    let figure = plot::line([0.0, 1.0], [1.0, 0.5]);
    let folder = std::env::temp_dir().join(format!("kiln-save-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("file");
    std::fs::write(&file, "not a folder").expect("a file");
    // A file in the place of a folder: not even root can write below it.
    assert_error(figure.save(file.join("figure.svg")), &["figure.svg"]);
    assert_error(figure.save(folder.join("figure.bmp")), &["bmp", ".svg", ".html"]);
    let left: Vec<_> =
        std::fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["file"]);
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}

/// Rates, clipping and the other options of optimizers.
#[test]
fn optimizers_outside_their_range() {
    fn compile(optimizer: impl Optimizer + 'static) -> Result<()> {
        Sequential::new().add(Dense::new(1).input_shape([2])).compile(optimizer, "mse", ())
    }
    for rate in [-1.0, f64::NAN, f64::INFINITY] {
        assert_error(compile(Adam::new(rate)), &["Adam", "learning rate", &rate.to_string()]);
    }
    assert_error(
        compile(SGD::new(0.1).clipnorm(1.0).clipvalue(1.0)),
        &["SGD", "clipnorm and clipvalue", "only one"],
    );
    assert_error(
        compile(Lion::new(0.1).global_clipnorm(1.0).clipnorm(1.0)),
        &["only one of clipnorm, clipvalue and global_clipnorm"],
    );
    assert_error(compile(SGD::new(0.1).clipnorm(-1.0)), &["clipnorm", "-1"]);
    assert_error(compile(SGD::new(0.1).weight_decay(-0.1)), &["weight_decay", "-0.1"]);
    assert_error(
        compile(SGD::new(0.1).use_ema(true).ema_momentum(1.5)),
        &["ema_momentum", "1.5", "0.0..=1.0"],
    );
    assert_error(
        compile(SGD::new(0.1).ema_overwrite_frequency(0)),
        &["ema_overwrite_frequency", "at least 1"],
    );
    assert_error(
        compile(SGD::new(0.1).gradient_accumulation_steps(1)),
        &["gradient_accumulation_steps", "at least 2"],
    );
    assert_error(compile(RMSprop::new(0.1).rho(1.5)), &["RMSprop: rho", "1.5"]);
    assert_error(compile(Adadelta::new(0.1).rho(-0.5)), &["Adadelta: rho", "-0.5"]);
    assert_error(compile(Adam::new(0.1).beta_2(1.0)), &["Adam: beta_2", "0.0..1.0"]);
    assert_error(compile(Adamax::new(0.1).beta_1(-0.1)), &["Adamax: beta_1", "-0.1"]);
    assert_error(compile(Nadam::new(0.1).beta_2(2.0)), &["Nadam: beta_2", "2"]);
    assert_error(compile(Lion::new(0.1).beta_1(0.0)), &["Lion: beta_1", "0"]);
    assert_error(
        compile(Adagrad::new(0.1).initial_accumulator_value(-1.0)),
        &["initial_accumulator_value", "-1"],
    );
    assert_error(compile(Ftrl::new(0.1).learning_rate_power(0.5)), &["learning_rate_power", "0.5"]);
    assert_error(
        compile(Ftrl::new(0.1).l1_regularization_strength(-0.5)),
        &["l1_regularization_strength", "-0.5"],
    );
}

#[test]
fn schedules_that_cannot_run() {
    fn compile(schedule: impl Schedule + 'static) -> Result<()> {
        Sequential::new().add(Dense::new(1).input_shape([2])).compile(SGD::new(schedule), "mse", ())
    }
    assert_error(compile(ExponentialDecay::new(0.1, 0, 0.9)), &["ExponentialDecay", "decay_steps", "0"]);
    assert_error(compile(InverseTimeDecay::new(0.1, 0, 0.9)), &["InverseTimeDecay", "decay_steps", "0"]);
    assert_error(compile(PolynomialDecay::new(0.1, 0)), &["PolynomialDecay", "decay_steps", "0"]);
    assert_error(compile(CosineDecay::new(0.1, 0)), &["CosineDecay", "decay_steps", "0"]);
    assert_error(
        compile(CosineDecayRestarts::new(0.1, 0)),
        &["CosineDecayRestarts", "first_decay_steps", "0"],
    );
    assert_error(
        compile(PiecewiseConstantDecay::new([10, 20], [0.1, 0.2])),
        &["PiecewiseConstantDecay", "2", "3"],
    );
    assert_error(compile(PowerDecay::new(0.1, 0)), &["PowerDecay", "0"]);
    assert_error(compile(OneCycle::new(0.1, 0)), &["OneCycle", "0"]);
    assert_error(compile(ExponentialDecay::new(-0.1, 10, 0.9)), &["ExponentialDecay", "-0.1"]);
}

#[test]
fn parts_of_layers_outside_their_range() {
    fn build(layer: Dense) -> Result<()> {
        Sequential::new().add(layer.input_shape([2])).compile("sgd", "mse", ())
    }
    use kiln::initializers::*;
    let scaled = |scale: f64| build(Dense::new(2).kernel_initializer(VarianceScaling::new().scale(scale)));
    assert_error(scaled(0.0), &["kernel: VarianceScaling", "scale", "0"]);
    assert_error(scaled(-1.0), &["scale", "-1"]);
    assert_error(
        build(Dense::new(2).kernel_initializer(RandomNormal::new().stddev(-0.1))),
        &["stddev", "-0.1"],
    );
    assert_error(
        build(Dense::new(2).kernel_initializer(TruncatedNormal::new().stddev(-0.1))),
        &["stddev", "-0.1"],
    );
    assert_error(
        build(Dense::new(2).kernel_initializer(RandomUniform::new().minval(1.0).maxval(0.0))),
        &["minval", "maxval"],
    );
    assert_error(build(Dense::new(2).bias_initializer("orthogonal")), &["bias", "[2]"]);
    assert_error(
        build(Dense::new(2).kernel_regularizer(L2::new(-0.1))),
        &["kernel_regularizer", "L2", "-0.1"],
    );
    assert_error(
        build(Dense::new(2).kernel_regularizer(L1::new(f64::NAN))),
        &["kernel_regularizer", "L1", "NaN"],
    );
    assert_error(
        build(Dense::new(2).bias_regularizer(OrthogonalRegularizer::new())),
        &["bias_regularizer", "matrix", "[2]"],
    );
    assert_error(
        build(Dense::new(2).kernel_regularizer(OrthogonalRegularizer::new().mode("row"))),
        &["`row`", "rows, columns"],
    );
    assert_error(build(Dense::new(2).kernel_constraint(MaxNorm::new(-1.0))), &["kernel_constraint", "-1"]);
    assert_error(
        build(Dense::new(2).kernel_constraint(MinMaxNorm::new(2.0, 1.0))),
        &["kernel_constraint", "2", "1"],
    );
    assert_error(build(Dense::new(2).kernel_constraint("max_nrm")), &["`max_nrm`", "max_norm"]);
}

/// Options of losses and metrics, and names of theirs that do not exist.
#[test]
fn losses_and_metrics_outside_their_range() {
    use kiln::losses::*;
    use kiln::metrics::{self, AUC, BinaryAccuracy, F1Score, FBetaScore, Precision, R2Score};
    fn with(loss: impl Loss + 'static) -> Result<()> {
        let mut model = Sequential::new().add(Dense::new(3).activation("softmax").input_shape([2]));
        model.compile("sgd", loss, ())?;
        model
            .train_on_batch(&Tensor::ones([2, 2]), &Tensor::new([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
            .map(drop)
    }
    assert_error(
        with(CategoricalCrossentropy::new().label_smoothing(1.5)),
        &["label_smoothing", "0.0..=1.0", "1.5"],
    );
    assert_error(with(Huber::new().delta(-1.0)), &["Huber: delta", "-1"]);
    assert_error(
        with(MeanSquaredError::new().reduction("average")),
        &["`average`", "sum_over_batch_size, mean"],
    );
    assert_error(with(MeanSquaredError::new().reduction("none")), &["none", "train", "sum_over_batch_size"]);
    let measured = |metric: metrics::Metrics| {
        Sequential::new().add(Dense::new(3).input_shape([2])).compile("sgd", "mse", metric)
    };
    assert_error(measured(AUC::new().curve("ROCK").into()), &["`ROCK`", "ROC, PR"]);
    assert_error(measured(AUC::new().summation_method("middle").into()), &["`middle`", "interpolation"]);
    assert_error(measured(AUC::new().num_thresholds(1).into()), &["num_thresholds", "at least 2"]);
    assert_error(
        measured(Precision::new().thresholds([0.5, 1.5]).into()),
        &["thresholds", "1.5", "0.0..=1.0"],
    );
    assert_error(measured(F1Score::new().average("mean").into()), &["`mean`", "micro, macro, weighted"]);
    assert_error(measured(FBetaScore::new().beta(0.0).into()), &["beta", "0"]);
    assert_error(measured(R2Score::new().class_aggregation("mean").into()), &["`mean`", "uniform_average"]);
    assert_error(
        measured(metrics::Metrics::new(BinaryAccuracy::new()).weighted_metrics("acuracy")),
        &["`acuracy`", "accuracy"],
    );
}

/// Weights of samples and classes that do not fit, with the shape or the range that would.
#[test]
fn weights_that_do_not_fit() {
    let mut model = classifier();
    let (x, y) = (Tensor::zeros([4, 4]), Tensor::new([0, 1, 2, 0]));
    let fit = |model: &mut Sequential, weights: Tensor| {
        model.fit(&x, &y).sample_weight(&weights).verbose(0).run().map(drop)
    };
    assert_error(fit(&mut model, Tensor::ones([3])), &["sample_weight", "[3]", "4 samples", "[4]"]);
    assert_error(fit(&mut model, Tensor::ones([4, 3])), &["sample_weight", "[4, 3]"]);
    assert_error(fit(&mut model, Tensor::new([1.0, f32::NAN, 1.0, 1.0])), &["weights", "NaN"]);
    let both = model.fit(&x, &y).sample_weight(&Tensor::ones([4])).class_weight([(0, 2.0)]).verbose(0).run();
    assert_error(both, &["sample_weight and class_weight", "both"]);
    assert_error(model.fit(&x, &y).class_weight([(1, -2.0)]).run(), &["class_weight", "class 1", "-2"]);
    assert_error(model.batch(&x, &y).sample_weight(&Tensor::ones([2])).test(), &["sample_weight", "[2]"]);
    assert_error(model.evaluation(&x, &y).sample_weight(&Tensor::ones([2])).run(), &["sample_weight", "[2]"]);
    assert_error(model.evaluation(&x, &y).batch_size(0).run(), &["batch_size", "0"]);
    assert_error(model.fit(&x, &y).steps_per_epoch(0).run(), &["steps_per_epoch", "0"]);
    let stray = model.fit(&x, &y).validation_split(0.5).validation_sample_weight(&Tensor::ones([2])).run();
    assert_error(stray, &["validation_sample_weight", "validation_data"]);
    let held = model.fit(&x, &y).validation_data(&x, &y).validation_sample_weight(&Tensor::ones([2])).run();
    assert_error(held, &["validation data", "[2]", "4 samples"]);
}
