//! What models do beside plain training, on every device that is there: the same as on the host.

use super::devices::{others, pictures};
use kiln::callbacks::{Callback, Needs};
use kiln::layers::{Context, Weight};
use kiln::metrics::Metrics;
use kiln::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn network(device: Device) -> Sequential {
    Sequential::new()
        .seed(3)
        .device(device)
        .add(Flatten::new().input_shape([8, 8, 1]))
        .add(
            Dense::new(12).activation("tanh").kernel_regularizer(L2::new(1e-3)).kernel_constraint("max_norm"),
        )
        .add(BatchNormalization::new())
        .add(Dense::new(4).activation("softmax"))
}

/// All numbers of two trainings, within 1e-4 of the larger one.
fn assert_alike(what: &str, here: &[f64], there: &[f64]) {
    assert_eq!(here.len(), there.len(), "{what}");
    for (here, there) in here.iter().zip(there) {
        let scale = here.abs().max(there.abs()).max(1e-3);
        assert!((here - there).abs() <= 1e-4 * scale, "{what}: {here} on the host, {there} there");
    }
}

fn weights(model: &Sequential) -> Result<Vec<f64>> {
    Ok(model.get_weights()?.iter().flat_map(Tensor::to_vec_f64).collect())
}

/// A folder that is removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("kiln-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new(&self.0).join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder of temporary files that stays harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn hot(labels: &Tensor) -> Result<Tensor> {
    utils::to_categorical(labels, 4)
}

/// Weights of samples and of classes, with validation, in every metric that takes class probabilities.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn weights_of_samples_and_classes_count_the_same() -> Result<()> {
    let names = [
        "accuracy",
        "top_k_categorical_accuracy",
        "precision",
        "recall",
        "auc",
        "f1_score",
        "f_beta_score",
        "true_positives",
        "false_negatives",
        "r2_score",
        "root_mean_squared_error",
        "mae",
        "msle",
        "logcosh",
        "poisson",
        "kl_divergence",
        "hinge",
        "categorical_hinge",
        "cosine_similarity",
        "bce",
        "categorical_crossentropy",
    ];
    let (x, labels) = pictures(96)?;
    let y = hot(&labels)?;
    let counts = Tensor::linspace(0.0, 2.0, 96);
    for device in others("weights_of_samples_and_classes_count_the_same") {
        let run = |device: Device| -> Result<Vec<f64>> {
            let known: Vec<&str> =
                names.iter().copied().filter(|name| metrics::by_name(name).is_ok()).collect();
            assert!(known.len() >= names.len() - 1, "{known:?}");
            let mut model = network(device);
            model.compile(
                "adam",
                "categorical_crossentropy",
                Metrics::new("accuracy").weighted_metrics(known),
            )?;
            let by_sample = model.fit(&x, &y).sample_weight(&counts).validation_split(0.25);
            let by_sample = by_sample.epochs(2).seed(1).verbose(0).run()?;
            let by_class = model.fit(&x, &y).class_weight([(0, 0.5), (2, 3.0)]).steps_per_epoch(2);
            let by_class = by_class.epochs(3).seed(1).verbose(0).run()?;
            let scores = model.evaluation(&x, &y).sample_weight(&counts).run()?;
            let mut all: Vec<f64> =
                [by_sample.get("loss"), by_sample.get("val_loss"), by_class.get("loss")].concat();
            all.extend(scores.iter().map(|(_, value)| value));
            all.extend(weights(&model)?);
            Ok(all)
        };
        assert_alike(&format!("{device}"), &run(Device::HOST)?, &run(device)?);
    }
    Ok(())
}

/// Masks, sums and means by weight in the loss.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn reductions_of_the_loss_are_the_same() -> Result<()> {
    use kiln::losses::{Reduction, SparseCategoricalCrossentropy};
    let (x, y) = pictures(64)?;
    let counts = Tensor::linspace(0.5, 2.0, 64);
    for device in others("reductions_of_the_loss_are_the_same") {
        for reduction in [Reduction::SumOverBatchSize, Reduction::Sum, Reduction::MeanWithSampleWeight] {
            let run = |device: Device| -> Result<Vec<f64>> {
                let mut model = network(device);
                let loss = SparseCategoricalCrossentropy::new().ignore_class(3).reduction(reduction);
                model.compile(SGD::new(0.01), loss, ())?;
                let history = model.fit(&x, &y).sample_weight(&counts).epochs(2).seed(1).verbose(0).run()?;
                Ok([history.get("loss"), weights(&model)?].concat())
            };
            assert_alike(&format!("{device}, {reduction:?}"), &run(Device::HOST)?, &run(device)?);
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Scaled {
    units: usize,
}

impl OwnLayer for Scaled {
    fn class_name(&self) -> &'static str {
        "Scaled"
    }

    fn weights(&self, input: &[usize]) -> Vec<Weight> {
        vec![
            Weight::new("kernel", [input[0], self.units]),
            Weight::new("scale", [self.units]).initializer("ones"),
            Weight::new("mean", [self.units]).initializer("zeros").trainable(false),
        ]
    }

    fn forward(&self, x: &Var, weights: &[Var], context: &Context) -> Var {
        let y = x.matmul(&weights[0]) * &weights[1];
        let kept = context.uniform_like(&y, 0).greater(0.1);
        if context.is_training() {
            context.set_weight(2, &(&weights[2] * 0.9 + y.mean_along(0) * 0.1));
            y * kept
        } else {
            y - &weights[2]
        }
    }
}

/// A layer, a loss, a metric, an optimizer and a schedule of one's own.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn parts_of_ones_own_compute_there() -> Result<()> {
    let (x, y) = pictures(64)?;
    let y = hot(&y)?;
    for device in others("parts_of_ones_own_compute_there") {
        let run = |device: Device| -> Result<Vec<f64>> {
            let mut model = Sequential::new()
                .seed(3)
                .device(device)
                .add(Flatten::new().input_shape([8, 8, 1]))
                .add(Own::new(Scaled { units: 6 }))
                .add(layers::from_fn("Swish", |x| x * x.sigmoid()))
                .add(Dense::new(4).activation("softmax"));
            let loss = losses::from_fn("brier", |y, p| (y - p).square().sum_along(-1));
            let near = metrics::from_fn("near", |y, p| (y - p).abs().less(0.3));
            let optimizer = optimizers::from_fn(
                "Momentum",
                schedules::by_step(|step| 0.1 / (1.0 + step as f64)),
                |step, weight, gradient, slots| {
                    slots[0] = &slots[0] * 0.9 - gradient * step.learning_rate;
                    *weight = &*weight + &slots[0];
                },
            );
            model.compile(optimizer.slots(["velocity"]), loss, ("mae", near))?;
            let history = model.fit(&x, &y).epochs(3).seed(1).verbose(0).run()?;
            if device.has_doubles() {
                let brier = losses::from_fn("brier", |y, p| (y - p).square().sum_along(-1));
                let check = model.check_gradients(&x.rows(..3)?, &y.rows(..3)?, brier)?;
                assert!(check.worst.relative < 1e-6, "{device}: {check:?}");
            }
            Ok([history.get("loss"), history.get("near"), history.get("mae"), weights(&model)?].concat())
        };
        assert_alike(&format!("{device}"), &run(Device::HOST)?, &run(device)?);
    }
    Ok(())
}

/// Keeps what a callback sees: losses, gradients, weights.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<f64>>>);

impl Callback for Seen {
    fn needs(&self) -> Needs {
        Needs { gradients: true }
    }

    fn on_train_batch_end(&mut self, _: usize, model: &mut Sequential) -> Result<()> {
        let mut seen = self.0.lock().expect("no test panics in it");
        seen.extend(model.running_logs().get("loss"));
        for (_, gradient) in model.gradients() {
            assert_eq!(gradient.device(), Device::HOST);
            seen.push(gradient.square().sum().item()?);
        }
        Ok(())
    }
}

/// Probes, and callbacks that watch, stop, restore, write and read.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn probes_and_callbacks_see_the_same() -> Result<()> {
    let (x, y) = pictures(64)?;
    for device in others("probes_and_callbacks_see_the_same") {
        let place = Folder::new("devices-callbacks")?;
        let run = |device: Device| -> Result<Vec<f64>> {
            let mut model = network(device);
            model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
            let probe = model.probe(&x, &y)?;
            let seen = Seen::default();
            let best = place.file(&format!("{}.keras", device.id().replace(':', "-")));
            let history = model
                .fit(&x, &y)
                .validation_split(0.25)
                .epochs(4)
                .seed(1)
                .verbose(0)
                .callback(seen.clone())
                .callback(EarlyStopping::new().patience(1).restore_best_weights(true))
                .callback(ReduceLROnPlateau::new().patience(1))
                .callback(ModelCheckpoint::new(best.display().to_string()).save_best_only(true))
                .callback(TerminateOnNaN::new())
                .run()?;
            let mut all = [vec![probe.loss()], probe.gradient_norms(), history.get("val_loss")].concat();
            all.extend(seen.0.lock().expect("no test panics in it").iter());
            all.extend(weights(&model)?);
            all.extend(weights(&models::load(&best)?)?);
            Ok(all)
        };
        assert_alike(&format!("{device}"), &run(Device::HOST)?, &run(device)?);
    }
    Ok(())
}

/// What is saved there is read here and the other way round, with the optimizer, and trains on alike.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn files_are_the_same_from_every_device() -> Result<()> {
    let (x, y) = pictures(64)?;
    for device in others("files_are_the_same_from_every_device") {
        let place = Folder::new("devices-files")?;
        for ending in ["keras", "h5"] {
            for (from, to) in [(Device::HOST, device), (device, Device::HOST), (device, device)] {
                let mut model = network(from);
                model.compile("adam", "sparse_categorical_crossentropy", ())?;
                model.fit(&x, &y).epochs(2).seed(1).verbose(0).run()?;
                let path = place.file(&format!("model.{ending}"));
                model.save(&path)?;
                let mut read = models::load(&path)?;
                read.set_device(to)?;
                assert_eq!(read.get_device(), Some(to));
                assert_eq!(weights(&read)?, weights(&model)?, "{ending}, from {from} to {to}");
                for model in [&mut model, &mut read] {
                    model.fit(&x, &y).epochs(1).shuffle(false).verbose(0).run()?;
                }
                assert_alike(&format!("{ending}, from {from} to {to}"), &weights(&model)?, &weights(&read)?);
            }
        }
        let mut other = network(device);
        for ending in ["weights.h5", "safetensors"] {
            let path = place.file(&format!("model.{ending}"));
            network(Device::HOST).save_weights(&path)?;
            other.load_weights(&path)?;
            assert!(other.predict(&x)?.all_finite());
            other.save_weights(&path)?;
        }
    }
    Ok(())
}
