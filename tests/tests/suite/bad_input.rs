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
