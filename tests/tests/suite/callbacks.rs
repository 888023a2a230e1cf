//! Callbacks decide what real Keras's decide: `tests/oracle/callbacks.py` and `fits.py` made the cases.

use super::fixture;
use kiln::callbacks::Callback;
use kiln::prelude::*;
use serde_json::Value;
use std::sync::{Arc, Mutex};

fn model() -> Result<Sequential> {
    let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
    model.compile(SGD::new(0.5), "mse", ["accuracy"])?;
    Ok(model)
}

fn early_stopping(config: &Value) -> EarlyStopping {
    let mut callback = EarlyStopping::new();
    for (option, value) in config.as_object().into_iter().flatten() {
        let number = value.as_f64().unwrap_or_default();
        callback = match option.as_str() {
            "monitor" => callback.monitor(value.as_str().unwrap_or_default()),
            "patience" => callback.patience(number as usize),
            "min_delta" => callback.min_delta(number),
            "baseline" => callback.baseline(number),
            "start_from_epoch" => callback.start_from_epoch(number as usize),
            "mode" => callback.mode(value.as_str().unwrap_or_default()),
            "restore_best_weights" => callback.restore_best_weights(value == true),
            other => panic!("an option `{other}`"),
        };
    }
    callback
}

fn reduce(config: &Value) -> ReduceLROnPlateau {
    let mut callback = ReduceLROnPlateau::new();
    for (option, value) in config.as_object().into_iter().flatten() {
        let number = value.as_f64().unwrap_or_default();
        callback = match option.as_str() {
            "monitor" => callback.monitor(value.as_str().unwrap_or_default()),
            "factor" => callback.factor(number),
            "patience" => callback.patience(number as usize),
            "min_delta" => callback.min_delta(number),
            "cooldown" => callback.cooldown(number as usize),
            "min_lr" => callback.min_lr(number),
            "mode" => callback.mode(value.as_str().unwrap_or_default()),
            other => panic!("an option `{other}`"),
        };
    }
    callback
}

/// The numbers of a course; NaN is null in the file.
fn course(fixture: &Value, case: &Value) -> Vec<f64> {
    fixture::numbers(&fixture["courses"][case["course"].as_str().unwrap_or_default()])
}

fn cases<'a>(fixture: &'a Value, callback: &str) -> Vec<&'a Value> {
    let all = fixture["cases"].as_array().into_iter().flatten();
    all.filter(|case| case["callback"] == callback).collect()
}

/// The same epoch ends the training, the same epoch is best.
#[test]
fn early_stopping_decides_as_keras_does() -> Result<()> {
    let fixture = fixture::read_packed("callbacks.json.gz");
    let cases = cases(&fixture, "EarlyStopping");
    assert!(cases.len() > 50);
    for case in cases {
        let monitor = case["monitor"].as_str().unwrap_or_default();
        let mut model = model()?;
        let mut callback = early_stopping(&case["config"]).monitor(monitor);
        callback.on_train_begin(&mut model)?;
        let mut epochs = 0;
        for (epoch, number) in course(&fixture, case).into_iter().enumerate() {
            let mut logs = Logs::default();
            logs.insert(monitor, number);
            callback.on_epoch_end(epoch, &mut logs, &mut model)?;
            epochs += 1;
            if callback.stopped_epoch().is_some() {
                break;
            }
        }
        assert_eq!(epochs as u64, case["epochs"].as_u64().unwrap_or_default(), "{case}");
        let stopped = callback.stopped_epoch().unwrap_or_default() as u64;
        assert_eq!(Some(stopped), case["stopped_epoch"].as_u64(), "{case}");
        if let Some(best) = callback.best().filter(|best| !best.is_nan()) {
            assert_eq!(Some(best), case["best"].as_f64(), "{case}");
            assert_eq!(
                callback.best_epoch().map(|epoch| epoch as u64),
                case["best_epoch"].as_u64(),
                "{case}"
            );
        }
    }
    Ok(())
}

/// The same rate behind every epoch.
#[test]
fn reduce_on_plateau_decides_as_keras_does() -> Result<()> {
    let fixture = fixture::read_packed("callbacks.json.gz");
    let cases = cases(&fixture, "ReduceLROnPlateau");
    assert!(cases.len() > 50);
    for case in cases {
        let monitor = case["monitor"].as_str().unwrap_or_default();
        let mut model = model()?;
        let mut callback = reduce(&case["config"]).monitor(monitor);
        callback.on_train_begin(&mut model)?;
        let numbers = course(&fixture, case);
        for (epoch, (number, want)) in numbers.into_iter().zip(fixture::numbers(&case["rates"])).enumerate() {
            let mut logs = Logs::default();
            logs.insert(monitor, number);
            callback.on_epoch_end(epoch, &mut logs, &mut model)?;
            let rate = model.learning_rate()?;
            assert!((rate - want).abs() <= 1e-6 * want, "{case}: epoch {epoch}: {rate}, Keras has {want}");
        }
    }
    Ok(())
}

/// Whole fits with callbacks: the same number of epochs, the same history, the same file.
#[test]
fn fits_with_callbacks_follow_keras() -> Result<()> {
    let fixture = fixture::read("fits.json");
    let mut seen = 0;
    for case in fixture["cases"].as_array().into_iter().flatten() {
        let callbacks: Vec<&Value> = case["callbacks"].as_array().into_iter().flatten().collect();
        if callbacks.is_empty() {
            continue;
        }
        let name = case["name"].as_str().unwrap_or_default();
        let mut model = Sequential::from_config(&case["config"])?;
        let given: Vec<Tensor> =
            case["initial_weights"].as_array().into_iter().flatten().map(fixture::array).collect();
        model.set_weights(&given)?;
        let compile = &case["config"]["compile_config"];
        let metrics: Vec<&str> =
            compile["metrics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        model.compile(
            kiln::config::optimizer(&compile["optimizer"])?,
            kiln::config::loss(&compile["loss"])?,
            metrics,
        )?;
        let data = |name: &Value| {
            let entry = &fixture["data"][name.as_str().unwrap_or_default()];
            let scale = entry["scale"].as_f64().unwrap_or(1.0);
            let shape: Vec<usize> =
                fixture::numbers(&entry["shape"]).into_iter().map(|size| size as usize).collect();
            let values = fixture::numbers(&entry["values"]);
            Tensor::from_vec(values.into_iter().map(|value| (value / scale) as f32).collect(), shape)
        };
        let (x, y) = (data(&case["x"])?, data(&case["y"])?);
        let y = if case["y"] == "labels" {
            Tensor::from_labels(y.to_vec().into_iter().map(|label| label as i32).collect(), y.shape())?
        } else {
            y
        };
        let number = |option: &str| case["fit"][option].as_f64();
        let mut fit = model.fit(&x, &y).shuffle(false).verbose(0);
        fit = fit.epochs(number("epochs").unwrap_or(1.0) as usize);
        fit = fit.batch_size(number("batch_size").unwrap_or(32.0) as usize);
        if let Some(split) = number("validation_split") {
            fit = fit.validation_split(split);
        }
        let stop = early_stopping(&Value::Null);
        let (mut stopping, mut csv) = (stop.clone(), None);
        for callback in callbacks {
            let config = &callback["config"];
            fit = match callback["class_name"].as_str().unwrap_or_default() {
                "EarlyStopping" => {
                    stopping = early_stopping(config);
                    fit.callback(stopping.clone())
                }
                "ReduceLROnPlateau" => fit.callback(reduce(config)),
                "TerminateOnNaN" => fit.callback(TerminateOnNaN::new()),
                "LearningRateScheduler" => fit.callback(LearningRateScheduler::new(|epoch, _| {
                    0.05 * 0.5_f64.powi(i32::try_from(epoch).unwrap_or(i32::MAX))
                })),
                "CSVLogger" => {
                    let path = std::env::temp_dir().join(format!("kiln-{name}-{}.csv", std::process::id()));
                    csv = Some(path.clone());
                    fit.callback(CSVLogger::new(path))
                }
                other => panic!("a callback {other}"),
            };
        }
        let history = fit.run()?;
        let expected = case["history"].as_object().into_iter().flatten();
        let names: Vec<&str> = expected.clone().map(|(name, _)| name.as_str()).collect();
        assert_eq!(history.names(), names, "{name}");
        for (key, numbers) in expected {
            let ours = history.get(key);
            let theirs: Vec<Option<f64>> =
                numbers.as_array().into_iter().flatten().map(Value::as_f64).collect();
            assert_eq!(ours.len(), theirs.len(), "{name}: {key}");
            for (ours, theirs) in ours.iter().zip(theirs) {
                match theirs {
                    Some(theirs) => assert!(
                        (ours - theirs).abs() <= 1e-4 * theirs.abs(),
                        "{name}: {key}: {ours}, Keras has {theirs}"
                    ),
                    None => assert!(!ours.is_finite(), "{name}: {key}: {ours}"),
                }
            }
        }
        if !case["stopped_epoch"].is_null() {
            let stopped = stopping.stopped_epoch().map(|epoch| epoch as u64);
            assert_eq!(stopped, case["stopped_epoch"].as_u64(), "{name}");
            assert_eq!(
                stopping.best_epoch().map(|epoch| epoch as u64),
                case["best_epoch"].as_u64(),
                "{name}"
            );
        }
        if let Some(path) = csv {
            let ours = std::fs::read_to_string(&path).unwrap_or_default();
            let _ = std::fs::remove_file(&path);
            assert_same_table(&ours, case["csv"].as_str().unwrap_or_default());
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
    Ok(())
}

/// Headings and line ends to the letter, numbers within 1e-5.
fn assert_same_table(ours: &str, theirs: &str) {
    assert_eq!(ours.split("\r\n").next(), theirs.split("\r\n").next());
    assert_eq!(ours.matches("\r\n").count(), theirs.matches("\r\n").count(), "{ours}");
    for (ours, theirs) in ours.split("\r\n").skip(1).zip(theirs.split("\r\n").skip(1)) {
        for (ours, theirs) in ours.split(',').zip(theirs.split(',')) {
            let (a, b): (f64, f64) = (ours.parse().unwrap_or(0.0), theirs.parse().unwrap_or(0.0));
            assert!((a - b).abs() <= 1e-5 * b.abs(), "{ours}, Keras has {theirs}");
        }
    }
}

/// A file that is appended to keeps its heading; the epochs of a later training without validation read `NA`.
#[test]
fn a_csv_file_goes_on() -> Result<()> {
    let path = std::env::temp_dir().join(format!("kiln-append-{}.csv", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
    let mut model = model()?;
    for _ in 0..2 {
        let log = CSVLogger::new(&path).append(true).separator(";");
        model.fit(&x, &y).verbose(0).callback(log).run()?;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(&path);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0], "epoch;accuracy;loss;val_accuracy;val_loss");
    assert!(
        lines[1].starts_with("0;") && lines[2].starts_with("0;") && lines[2].ends_with(";NA;NA"),
        "{text}"
    );
    Ok(())
}

/// Notes each hook that is called.
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, what: impl Into<String>) -> Result<()> {
        self.0.lock().expect("nobody panicked").push(what.into());
        Ok(())
    }
}

impl Callback for Recorder {
    fn on_train_begin(&mut self, _: &mut Sequential) -> Result<()> {
        self.note("train begin")
    }
    fn on_train_end(&mut self, _: &mut Sequential) -> Result<()> {
        self.note("train end")
    }
    fn on_epoch_begin(&mut self, epoch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("epoch {epoch} begin"))
    }
    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, _: &mut Sequential) -> Result<()> {
        let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
        self.note(format!("epoch {epoch} end {}", names.join(" ")))
    }
    fn on_batch_begin(&mut self, batch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("batch {batch} begin"))
    }
    fn on_train_batch_end(&mut self, batch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("batch {batch} end"))
    }
    fn on_test_begin(&mut self, _: &mut Sequential) -> Result<()> {
        self.note("test begin")
    }
    fn on_test_end(&mut self, logs: &Logs, _: &mut Sequential) -> Result<()> {
        let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
        self.note(format!("test end {}", names.join(" ")))
    }
    fn on_test_batch_begin(&mut self, batch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("test batch {batch} begin"))
    }
    fn on_test_batch_end(&mut self, batch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("test batch {batch} end"))
    }
    fn on_predict_begin(&mut self, _: &mut Sequential) -> Result<()> {
        self.note("predict begin")
    }
    fn on_predict_batch_end(&mut self, batch: usize, _: &mut Sequential) -> Result<()> {
        self.note(format!("predict batch {batch} end"))
    }
    fn on_predict_end(&mut self, _: &mut Sequential) -> Result<()> {
        self.note("predict end")
    }
}

/// The order is Keras's (`fit` with one callback that records; short names are called by the long ones).
#[test]
fn hooks_are_called_in_keras_order() -> Result<()> {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let (x, y) = (Tensor::ones([4, 1]), Tensor::zeros([4, 1]));
    let mut model = model()?;
    let fit = model.fit(&x, &y).batch_size(2).validation_data(&x, &y).verbose(0);
    fit.callback(Recorder(noted.clone())).run()?;
    model.prediction(&x).batch_size(3).callback(Recorder(noted.clone())).run()?;
    let expected = [
        "train begin",
        "epoch 0 begin",
        "batch 0 begin",
        "batch 0 end",
        "batch 1 begin",
        "batch 1 end",
        "test begin",
        "test batch 0 begin",
        "test batch 0 end",
        "test end accuracy loss",
        "epoch 0 end accuracy loss val_accuracy val_loss",
        "train end",
        "predict begin",
        "predict batch 0 end",
        "predict batch 1 end",
        "predict end",
    ];
    assert_eq!(*noted.lock().expect("nobody panicked"), expected);
    Ok(())
}

/// Options outside their range are named before anything is trained; a missing metric leaves the training as it is.
#[test]
fn bad_options_are_named() -> Result<()> {
    let (x, y) = (Tensor::ones([4, 1]), Tensor::zeros([4, 1]));
    let mut model = model()?;
    let message = |model: &mut Sequential, callback: ReduceLROnPlateau| {
        let run = model.fit(&x, &y).verbose(0).callback(callback).run();
        run.map_or_else(|error| error.to_string(), |_| "no error".into())
    };
    let wrong = message(&mut model, ReduceLROnPlateau::new().factor(1.0));
    assert!(wrong.contains("ReduceLROnPlateau: factor must be in 0.0..1.0, but is 1"), "{wrong}");
    let wrong = message(&mut model, ReduceLROnPlateau::new().mode("smallest"));
    assert!(wrong.contains("smallest") && wrong.contains("auto, min, max"), "{wrong}");
    let stop = EarlyStopping::new().monitor("val_lss").patience(1);
    let history = model.fit(&x, &y).epochs(4).verbose(0).callback(stop.clone()).run()?;
    assert_eq!((history.epochs().len(), stop.stopped_epoch()), (4, None));
    Ok(())
}

/// With the plain gradient, rate 1 and one batch an epoch, a weight moves as far as its gradient is long.
#[test]
fn gradient_norms_are_the_steps_of_plain_descent() -> Result<()> {
    let x = Tensor::linspace(-1.0, 1.0, 24).reshape([8, 3])?;
    let y = x.slice((.., 0..1))?.square();
    let mut model = Sequential::new()
        .seed(1)
        .add(Dense::new(4).activation("tanh").input_shape([3]))
        .add(BatchNormalization::new())
        .add(Dense::new(1).kernel_regularizer("l2"));
    model.compile(SGD::new(1.0), "mse", ())?;
    let (norms, weights) = (GradientNorms::new(), WeightHistogram::new().bins(7));
    let before = model.get_weights()?;
    let fit = model.fit(&x, &y).batch_size(8).verbose(0);
    fit.callback(norms.clone()).callback(weights.clone()).run()?;
    let after = model.get_weights()?;
    assert_eq!(norms.layers(), ["dense", "batch_normalization", "dense_1"]);
    for (layer, range) in [("dense", 0..2), ("batch_normalization", 2..4), ("dense_1", 6..8)] {
        let mut moved = 0.0;
        for index in range {
            moved += after[index].sub(&before[index])?.square().sum().item()?;
        }
        let norm = norms.get(layer);
        assert_eq!(norm.len(), 1);
        assert!((norm[0] - moved.sqrt()).abs() < 1e-5 * norm[0], "{layer}: {norm:?}, moved {}", moved.sqrt());
    }
    assert_eq!(norms.to_table().len(), 1);
    norms.figure().check()?;
    norms.flow().check()?;

    let spread = weights.get("dense");
    for (spread, kernel) in spread.iter().zip([&before[0], &after[0]]) {
        assert_eq!((spread.counts.len(), spread.counts.iter().sum::<usize>()), (7, 12));
        assert!((spread.mean - kernel.mean().item()?).abs() < 1e-6);
        assert!((spread.std - kernel.std().item()?).abs() < 1e-6);
        assert!((spread.min, spread.max) == (kernel.min().item()?, kernel.max().item()?));
    }
    assert_eq!(weights.to_table().len(), 2 * 3);
    weights.figure().check()?;
    assert!(weights.get("conv2d").is_empty() && norms.get("conv2d").is_empty());
    Ok(())
}

/// A metric of one's own says which way is better; a callback with the mode `auto` asks it.
#[test]
fn the_mode_follows_the_metric() -> Result<()> {
    let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
    for rises in [false, true] {
        let mut model = Sequential::new().add(Dense::new(1).kernel_initializer("ones").input_shape([1]));
        // The mean prediction falls from 1 to 0 while the loss falls.
        let prediction = metrics::from_fn("prediction", |_, p| p.clone()).larger_is_better(rises);
        model.compile(SGD::new(0.05), "mse", prediction)?;
        let stop = EarlyStopping::new().monitor("prediction").patience(2);
        let history = model.fit(&x, &y).epochs(6).callback(stop.clone()).verbose(0).run()?;
        assert_eq!(history.epochs().len(), if rises { 3 } else { 6 });
        assert_eq!(stop.best_epoch(), Some(if rises { 0 } else { 5 }));
    }
    Ok(())
}
