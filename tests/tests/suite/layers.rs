//! Layers against real Keras through the public interface, and what bad configurations and inputs are told.
//!
//! Gradients, moving statistics and differences in f64 are compared beside the layers (`models/oracle.rs` of the toolkit),
//! with the same fixture.

use super::fixture;
use kiln::prelude::*;
use serde_json::json;

/// Each layer's prediction within 2.4e-7 + 1e-6 of the largest number, as `tests/oracle/layers.py` computed it.
#[test]
fn layers_predict_what_keras_predicts() -> Result<()> {
    let fixture = fixture::read_packed("layers.json.gz");
    for case in fixture["cases"].as_array().expect("cases") {
        if case["layer"].to_string().contains("OrthogonalRegularizer") {
            continue; // Its layer's output is that of the other Dense cases.
        }
        let x = fixture::array(&case["input"]);
        let mut model = Sequential::new().add(kiln::config::layer(&case["layer"])?);
        model.build(&x.shape()[1..])?;
        let weights = case["weights"].as_array().or(case["weights_in_order"].as_array());
        if let Some(weights) = weights {
            model.set_weights(&weights.iter().map(fixture::array).collect::<Vec<_>>())?;
        }
        let (ours, theirs) = (model.predict(&x)?, fixture::numbers(&case["inference"]["output"]));
        let largest = theirs.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        assert_eq!(ours.len(), theirs.len(), "{}", case["name"]);
        for (ours, theirs) in ours.to_vec_f64().iter().zip(theirs) {
            let error = (ours - theirs).abs();
            assert!(error <= 2.4e-7 + 1e-6 * largest, "{}: {ours}, Keras has {theirs}", case["name"]);
        }
    }
    Ok(())
}

/// The section `layers` of `golden_keras.json`: normalizations over two steps, convolutions and poolings of a ramp.
#[test]
fn layers_match_the_golden_numbers() -> Result<()> {
    let golden = fixture::read("golden_keras.json")["layers"].clone();
    let x = Tensor::arange(50).reshape([1, 5, 5, 2])?;
    let kernel = (Tensor::arange(36).reshape([3, 3, 2, 2])? - 17.0) / 10.0;
    for padding in ["valid", "same"] {
        for stride in [1_usize, 2] {
            let end = |what: &str| format!("{what} s{stride} {padding}");
            let image = |layer: Sequential| layer;
            let conv = Conv2D::new(2, 3).strides(stride).padding(padding).input_shape([5, 5, 2]);
            let mut model = image(Sequential::new().add(conv));
            model.set_weights(&[kernel.clone(), Tensor::new([0.5, -0.5])])?;
            near(&end("Conv2D k3"), &model.predict(&x)?, &golden[end("Conv2D k3")], 1e-6);
            let pool = MaxPooling2D::new().strides(stride).padding(padding).input_shape([5, 5, 2]);
            let name = end("MaxPooling2D p2");
            near(&name, &Sequential::new().add(pool).predict(&x)?, &golden[&name], 0.0);
            let pool = AveragePooling2D::new(2).strides(stride).padding(padding).input_shape([5, 5, 2]);
            let name = end("AveragePooling2D p2");
            near(&name, &Sequential::new().add(pool).predict(&x)?, &golden[&name], 0.0);
        }
    }
    let mut model = Sequential::new().add(GlobalAveragePooling2D::new());
    near("GlobalAveragePooling2D", &model.predict(&x)?, &golden["GlobalAveragePooling2D"], 0.0);
    let x = Tensor::new([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0], [2.0, 4.0, 0.0], [-1.0, 1.0, 1.0]]);
    let mut model = Sequential::new().add(LayerNormalization::new());
    near("LayerNormalization", &model.predict(&x)?, &golden["LayerNormalization"]["y"], 1e-6);
    let mut model = Sequential::new().add(Normalization::new().adapt(&x)?);
    near("Normalization", &model.predict(&x)?, &golden["Normalization"]["y"], 1e-6);
    Ok(())
}

fn near(what: &str, ours: &Tensor, theirs: &serde_json::Value, relative: f64) {
    let text = theirs.to_string();
    let theirs: Vec<f64> = text.split(['[', ']', ',']).filter_map(|number| number.parse().ok()).collect();
    let largest = theirs.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.to_vec_f64().iter().zip(&theirs) {
        assert!((ours - theirs).abs() <= 2.4e-7 + relative * largest, "{what}: {ours}, Keras has {theirs}");
    }
}

/// Mean, variance and bounds of the noise that layers add in training, at five standard errors, and equal draws for
/// equal seeds.
#[test]
fn random_layers_draw_what_they_promise() -> Result<()> {
    let n = 200_000;
    let ones = Tensor::ones([n / 100, 100]);
    let moments = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
    };
    let check = |what: &str, layer: &dyn Fn() -> Sequential, mean: f64, variance: f64| -> Result<()> {
        let values = training_output(layer(), &ones)?;
        let (found, spread) = moments(&values);
        let fourth = values.iter().map(|value| (value - mean).powi(4)).sum::<f64>() / n as f64;
        assert!(
            (found - mean).abs() < 5.0 * (variance / n as f64).sqrt(),
            "{what}: mean {found}, not {mean}"
        );
        let error = ((fourth - spread * spread) / n as f64).sqrt();
        assert!((spread - variance).abs() < 5.0 * error + 1e-12, "{what}: variance {spread}, not {variance}");
        assert_eq!(training_output(layer(), &ones)?, values, "{what}: equal seeds");
        Ok(())
    };
    let model = || Sequential::new().seed(11);
    check("GaussianNoise", &|| model().add(GaussianNoise::new(0.4)), 1.0, 0.16)?;
    check("GaussianDropout", &|| model().add(GaussianDropout::new(0.3)), 1.0, 0.3 / 0.7)?;
    check("Dropout", &|| model().add(Dropout::new(0.25)), 1.0, 0.25 / 0.75)?;
    // On the constant 1 alpha dropout has two values: a + b with probability 0.9, a limit + b with 0.1.
    let limit = -1.758_099_340_847_376_6_f64;
    let a = (0.9 * (1.0 + 0.1 * limit * limit)).powf(-0.5);
    let (kept, dropped) = (a - a * limit * 0.1, a * limit - a * limit * 0.1);
    let mean = 0.9 * kept + 0.1 * dropped;
    check("AlphaDropout", &|| model().add(AlphaDropout::new(0.1)), mean, 0.09 * (kept - dropped).powi(2))
}

/// What a model without weights gives in training: the loss's gradient flows into a Dense of ones behind it.
fn training_output(model: Sequential, x: &Tensor) -> Result<Vec<f64>> {
    #[derive(Debug)]
    struct Keep(std::sync::Arc<std::sync::Mutex<Vec<f64>>>);
    impl Loss for Keep {
        fn name(&self) -> &'static str {
            "keep"
        }
        fn check(&self, _: &Tensor, _: &Shape) -> Result<()> {
            Ok(())
        }
        fn per_sample(&self, _: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
            if let Ok(mut kept) = self.0.lock() {
                *kept = y_pred.to_vec_f64();
            }
            Ok(Tensor::zeros([y_pred.shape()[0]]))
        }
        fn gradient(&self, _: &Tensor, y_pred: &Tensor, _: &Tensor) -> Result<Tensor> {
            Ok(y_pred * 0.0)
        }
    }
    let kept = std::sync::Arc::default();
    let mut model = model;
    model.compile("sgd", Keep(std::sync::Arc::clone(&kept)), ())?;
    model.train_on_batch(x, x)?;
    let values = kept.lock().map(|values| values.clone()).unwrap_or_default();
    Ok(values)
}

/// Augmented pictures change in training only, and a flip leaves a picture's numbers as they are.
#[test]
fn augmentation_changes_pictures_in_training_only() -> Result<()> {
    let x = Tensor::linspace(0.0, 1.0, 40 * 6 * 5 * 2).reshape([40, 6, 5, 2])?;
    let models: [(&str, fn() -> Sequential); 4] = [
        ("flip", || Sequential::new().seed(3).add(RandomFlip::new().mode("horizontal"))),
        ("rotation", || Sequential::new().seed(3).add(RandomRotation::new(0.2))),
        ("translation", || Sequential::new().seed(3).add(RandomTranslation::new(0.3, 0.3))),
        ("zoom", || Sequential::new().seed(3).add(RandomZoom::new(0.3))),
    ];
    for (name, model) in models {
        assert_eq!(model().predict(&x)?.to_vec(), x.to_vec(), "{name} in inference");
        let seen = training_output(model(), &x)?;
        let moved = (0..40).filter(|image| {
            let place = image * 60..(image + 1) * 60;
            seen[place.clone()].iter().zip(&x.to_vec_f64()[place]).any(|(a, b)| (a - b).abs() > 1e-6)
        });
        let moved = moved.count();
        // Half of the pictures flip, within five deviations; nearly all others are moved.
        let bounds = if name == "flip" { 5..36 } else { 36..41 };
        assert!(bounds.contains(&moved), "{name}: {moved} of 40 pictures are changed");
        if name == "flip" {
            let sorted = |values: &[f64]| {
                let mut values = values.to_vec();
                values.sort_by(f64::total_cmp);
                values
            };
            assert_eq!(sorted(&seen), sorted(&x.to_vec_f64()));
        }
    }
    Ok(())
}

#[test]
fn bad_configurations_and_inputs_are_named() {
    let error = |json: serde_json::Value| kiln::config::layer(&json).map(|_| ()).unwrap_err().to_string();
    let text = error(json!({"class_name": "Dense", "config": {"name": "top", "units": 3, "unit": 4}}));
    assert!(text.contains("Dense `top`") && text.contains("`unit`") && text.contains("units"), "{text}");
    let text = error(json!({"class_name": "Dens", "config": {}}));
    assert!(text.contains("unknown layer `Dens`") && text.contains("Conv2D"), "{text}");
    let text = error(json!({"class_name": "Dense", "config": {"activation": "relu"}}));
    assert!(text.contains("lacks the field `units`"), "{text}");
    let text = error(json!({"class_name": "Flatten", "config": {"data_format": "channels_first"}}));
    assert!(text.contains("data_format") && text.contains("channels_first"), "{text}");
    let build = |model: Sequential| model.summary().unwrap_err().to_string();
    let text = build(Sequential::new().add(Conv2D::new(8, 3).input_shape([28, 28])));
    assert!(text.contains("Conv2D `conv2d`") && text.contains("add Reshape::new([28, 28, 1])"), "{text}");
    let text = build(Sequential::new().add(Conv2D::new(8, 3).padding("full").input_shape([28, 28, 1])));
    assert!(text.contains("full") && text.contains("valid, same"), "{text}");
    let text = build(Sequential::new().add(MaxPooling2D::new().pool_size(9).input_shape([4, 4, 1])));
    assert!(text.contains("does not fit"), "{text}");
    let text = build(Sequential::new().add(GaussianNoise::new(1.5).input_shape([4])));
    assert!(text.contains("0.0..=1.0"), "{text}");
    let text = build(Sequential::new().add(Reshape::new([3, -1]).input_shape([4])));
    assert!(text.contains("[3, -1]"), "{text}");
}
