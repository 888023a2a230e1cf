//! The suite on every device that is there, and what devices have to show beside it.
//!
//! Everything in this binary runs on the default device. [`every_device_passes_this_suite`] starts it anew for each
//! device of ArrayFire with `KILN_DEVICE`: `cargo test -p kiln-tests --features arrayfire`.

use kiln::device::DeviceKind;
use kiln::prelude::*;
use std::process::Command;

/// How far a device may be from the numbers of Keras and of the host.
pub(crate) struct Tolerance {
    kind: DeviceKind,
    /// Times what a single operation is allowed on the host, 2.4e-7 + 1e-6 of the number.
    pub(crate) single: f64,
    /// The distance of the weights from the host's after 100 steps, relative to their length.
    training: f64,
}

/// One line a backend. Processors other than the host's round sums in another order; OpenCL and CUDA also have functions
/// that may be off by some units of the last place (`exp` 3, `log` 3, `pow` 16, `tanh` 5 in OpenCL's full profile).
const TOLERANCES: [Tolerance; 4] = [
    Tolerance { kind: DeviceKind::Host, single: 1.0, training: 0.0 },
    Tolerance { kind: DeviceKind::Cpu, single: 2.0, training: 1e-3 },
    Tolerance { kind: DeviceKind::OpenCl, single: 4.0, training: 1e-3 },
    Tolerance { kind: DeviceKind::Cuda, single: 4.0, training: 1e-3 },
];

fn tolerance_of(kind: DeviceKind) -> &'static Tolerance {
    TOLERANCES.iter().find(|tolerance| tolerance.kind == kind).expect("each kind has a line")
}

/// The tolerance of the device that the suite runs on.
pub(crate) fn tolerance() -> &'static Tolerance {
    tolerance_of(Device::get_default().expect("the default device is there").kind())
}

/// The devices beside the host, or a line that says why there is none.
pub(crate) fn others(test: &str) -> Vec<Device> {
    let found: Vec<Device> =
        Device::available().into_iter().filter(|device| device.kind() != DeviceKind::Host).collect();
    if found.is_empty() {
        println!("{test}: skipped: ArrayFire not found");
    }
    found
}

#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn every_device_passes_this_suite() {
    if std::env::var_os("KILN_DEVICE").is_some() {
        return; // This is one of the runs below.
    }
    let listed = Device::available();
    println!("{listed}");
    for (kind, reason) in listed.missing() {
        println!("no {}: {}", kind.name(), reason.to_string().lines().next().unwrap_or_default());
    }
    for device in others("every_device_passes_this_suite") {
        let binary = std::env::current_exe().expect("this program has a name");
        let output = Command::new(binary)
            .env("KILN_DEVICE", device.id())
            .output()
            .expect("this program runs once more");
        let text = String::from_utf8_lossy(&output.stdout);
        let result = text.lines().rfind(|line| line.starts_with("test result")).unwrap_or("no result");
        println!("{device}, {}: {result}", device.library().unwrap_or_default());
        assert!(output.status.success(), "{device}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The relative distance of all weights of two models.
fn distance(a: &Sequential, b: &Sequential) -> Result<f64> {
    let (mut squares, mut all) = (0.0, 0.0);
    for (a, b) in a.get_weights()?.iter().zip(b.get_weights()?) {
        squares += (a - &b).square().sum().item()?;
        all += b.square().sum().item()?;
    }
    Ok((squares / all).sqrt())
}

/// Pictures of 8 by 8 pixels in four classes that can be told apart.
pub(crate) fn pictures(count: usize) -> Result<(Tensor, Tensor)> {
    let label = |index: usize| (index * 7 + index / 5) % 4;
    let pixel = |index: usize, place: usize| {
        let noise = ((index * 64 + place) * 2_654_435_761 % 1_000) as f32 / 1_000.0;
        noise + if place / 16 == label(index) { 0.5 } else { 0.0 }
    };
    let pixels = (0..count * 64).map(|at| pixel(at / 64, at % 64)).collect();
    let labels = (0..count).map(|index| label(index) as i32).collect();
    Ok((Tensor::from_vec(pixels, [count, 8, 8, 1])?, Tensor::from_labels(labels, [count])?))
}

fn dense(device: Device) -> Sequential {
    Sequential::new()
        .seed(3)
        .device(device)
        .add(Flatten::new().input_shape([8, 8, 1]))
        .add(BatchNormalization::new())
        .add(Dense::new(30).activation("elu").kernel_regularizer(L2::new(1e-3)))
        .add(Dropout::new(0.2))
        .add(Dense::new(4).activation("softmax"))
}

/// Without a maximum over windows: two numbers that differ in the last digit only may change places there, and the
/// gradient takes another way from then on.
fn convolutional(device: Device) -> Sequential {
    pictured(device, AveragePooling2D::new(2))
}

fn with_maxima(device: Device) -> Sequential {
    pictured(device, MaxPooling2D::new())
}

fn pictured(device: Device, pooling: impl Layer + 'static) -> Sequential {
    Sequential::new()
        .seed(4)
        .device(device)
        .add(RandomTranslation::new(0.1, 0.1).input_shape([8, 8, 1]))
        .add(Conv2D::new(6, 3).activation("relu").padding("same"))
        .add(pooling)
        .add(Conv2D::new(8, 3).strides(2).activation("selu").padding("same"))
        .add(AveragePooling2D::new(2))
        .add(GaussianNoise::new(0.05))
        .add(Flatten::new())
        .add(LayerNormalization::new())
        .add(Dense::new(4).activation("softmax"))
}

/// From the same weights, 100 steps of each optimizer on each kind of network (25 with maxima over windows).
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn training_agrees_with_the_host() -> Result<()> {
    let (x, y) = pictures(160)?;
    for device in others("training_agrees_with_the_host") {
        let networks: [(&str, fn(Device) -> Sequential, usize); 3] =
            [("dense", dense, 20), ("convolutional", convolutional, 20), ("with maxima", with_maxima, 5)];
        for (network, make, epochs) in networks {
            for optimizer in
                ["sgd", "adam", "rmsprop", "adagrad", "nadam", "adamax", "lion", "ftrl", "adadelta", "adamw"]
            {
                let train = |device: Device| -> Result<(Sequential, History)> {
                    let mut model = make(device);
                    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])?;
                    // Each epoch has 5 batches.
                    let history = model.fit(&x, &y).batch_size(32).epochs(epochs).seed(5).verbose(0).run()?;
                    Ok((model, history))
                };
                let ((host, host_history), (there, history)) = (train(Device::HOST)?, train(device)?);
                let apart = distance(&there, &host)?;
                let losses =
                    (history.get("loss")[epochs - 1] / host_history.get("loss")[epochs - 1] - 1.0).abs();
                println!("{}, {network}, {optimizer}: weights {apart:.1e}, loss {losses:.1e}", device.id());
                let limit = tolerance_of(device.kind()).training;
                assert!(
                    apart <= limit && losses <= limit,
                    "{device}, {network}, {optimizer}: {apart} {losses}"
                );
            }
        }
    }
    Ok(())
}

/// Layers and activations in 64 bits against differences of the loss.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn gradients_are_those_of_the_loss() -> Result<()> {
    let (x, y) = pictures(3)?;
    for device in others("gradients_are_those_of_the_loss").into_iter().filter(Device::has_doubles) {
        for (name, model) in [("dense", dense(device)), ("with maxima", with_maxima(device))] {
            let check = model.check_gradients(&x, &y, "sparse_categorical_crossentropy")?;
            assert!(check.worst.relative < 1e-6, "{device}, {name}: {check:?}");
        }
        for activation in Activation::all() {
            let model = Sequential::new()
                .seed(2)
                .device(device)
                .add(Flatten::new().input_shape([8, 8, 1]))
                .add(Dense::new(5).activation(activation))
                .add(Dense::new(4).activation("softmax"));
            let check = model.check_gradients(&x, &y, "sparse_categorical_crossentropy")?;
            assert!(check.worst.relative < 1e-6, "{device}, {activation:?}: {check:?}");
        }
    }
    Ok(())
}

/// What a device holds after 50 steps it holds after 2,000, within 1 %.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn memory_does_not_grow() -> Result<()> {
    if std::env::var_os("KILN_DEVICE").is_some() {
        return Ok(()); // Other tests run beside this one there.
    }
    let (x, y) = pictures(160)?;
    for device in others("memory_does_not_grow") {
        let binary = std::env::current_exe().expect("this program has a name");
        if std::env::var_os("KILN_ALONE").is_none() {
            let name = "devices::memory_does_not_grow";
            let status = Command::new(binary).args([name, "--nocapture"]).env("KILN_ALONE", "1").status();
            assert!(status.expect("this program runs once more").success());
            return Ok(());
        }
        let mut model = dense(device);
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
        let mut used = Vec::new();
        for epochs in [10, 390] {
            model.fit(&x, &y).batch_size(32).epochs(epochs).seed(5).verbose(0).run()?;
            device.wait()?;
            used.push(device.memory_in_use()?.expect("a device has memory of its own"));
        }
        let (before, after) = (used[0], used[1]);
        println!("{}: {before:?} after 50 steps, {after:?} after 2,000", device.id());
        assert!(
            after.used.abs_diff(before.used) * 100 <= before.used,
            "{device}: {before:?}, then {after:?}"
        );
        assert!(
            after.held.abs_diff(before.held) * 100 <= before.held,
            "{device}: {before:?}, then {after:?}"
        );
    }
    Ok(())
}

/// Fits of all samples at once, as batched linear algebra: the same samples, and the host's models to rounding.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn simulations_agree_with_the_host() -> Result<()> {
    for device in others("simulations_agree_with_the_host").into_iter().filter(Device::has_doubles) {
        let on = |device: Device, regressor: fn(usize) -> Ridge, degree: usize| {
            bias_variance::Simulation::new(|x| x + 2.0 * (1.5 * x).sin())
                .noise(0.5)
                .domain(0.0, 10.0)
                .runs(300)
                .seed(1)
                .device(device)
                .regressor(regressor(degree))
                .run()
        };
        for regressor in [|degree| Ridge::new(degree, 0.0), |degree| Ridge::new(degree, 0.1)] {
            for degree in [1, 5, 9] {
                let (here, there) = (on(Device::HOST, regressor, degree)?, on(device, regressor, degree)?);
                let largest =
                    here.models(300).concat().iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                for (here, there) in here.models(300).concat().iter().zip(there.models(300).concat()) {
                    assert!(
                        (here - there).abs() <= 1e-8 * largest,
                        "{device}, degree {degree}: {there}, not {here}"
                    );
                }
                assert!((here.mse() / there.mse() - 1.0).abs() < 1e-8);
            }
        }
    }
    Ok(())
}

#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn mixing_devices_is_an_error_that_says_what_to_do() -> Result<()> {
    for device in others("mixing_devices_is_an_error_that_says_what_to_do") {
        let (here, there) = (Tensor::ones([2, 3]), Tensor::ones([2, 3]).to_device(device)?);
        for error in [
            there.add(&here).unwrap_err(),
            here.matmul_with(true, &there, false).unwrap_err(),
            Tensor::concat(&[here.clone(), there.clone()], 0).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains("lies on") && text.contains(&device.id()), "{text}");
            assert!(text.contains(".to_device("), "{text}");
        }
        // A single number is no mistake.
        assert_eq!((&there * Tensor::scalar(2.0)).to_vec(), [2.0; 6]);
        assert_eq!((&there.to_host()? + &here).to_vec(), [2.0; 6]);
    }
    Ok(())
}

/// More than there is: an error, and the process and the device go on.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn too_much_memory_is_an_error() -> Result<()> {
    for device in others("too_much_memory_is_an_error") {
        let column = Tensor::ones([4_000_000, 1]).to_device(device)?;
        let error =
            column.matmul_with(false, &column, true).and_then(|product| product.sum().item()).unwrap_err();
        println!("{}: {error}", device.id());
        assert_eq!(error.kind(), kiln::ErrorKind::Device);
        assert_eq!(column.sum().item()?, 4_000_000.0);
    }
    Ok(())
}

/// Eight threads at once, on tensors of their own and on one that they share and that is not computed yet.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn threads_do_not_disturb_each_other() -> Result<()> {
    for device in others("threads_do_not_disturb_each_other") {
        let shared = (Tensor::arange(1000).to_device(device)? * 2.0 + 1.0).sqrt();
        let expected = (Tensor::arange(1000) * 2.0 + 1.0).sqrt().sum().item()?;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let shared = shared.clone();
                    scope.spawn(move || -> Result<f64> {
                        let mut sum = 0.0;
                        for _ in 0..25 {
                            let own = Tensor::full([1000], f64::from(number)).to_device(device)?;
                            sum = (&shared + own).sum().item()?;
                        }
                        Ok(sum - 1000.0 * f64::from(number))
                    })
                })
                .collect();
            for thread in threads {
                let sum = thread.join().expect("no thread panics").expect("no call fails");
                assert!((sum - expected).abs() < 1e-5 * expected, "{device}: {sum}, not {expected}");
            }
        });
    }
    Ok(())
}

/// A model that moves, and one that is predicted with on another device than it was trained on.
#[test]
#[cfg_attr(not(arrayfire_is_there), ignore = "skipped: ArrayFire not found")]
fn a_model_moves() -> Result<()> {
    let (x, y) = pictures(64)?;
    for device in others("a_model_moves") {
        let mut model = dense(Device::HOST);
        model.compile("adam", "sparse_categorical_crossentropy", ())?;
        model.train_on_batch(&x, &y)?;
        let before = model.predict(&x)?;
        model.set_device(device)?;
        let after = model.predict(&x)?;
        assert_eq!((model.get_device(), after.device()), (Some(device), Device::HOST));
        assert!((before - after).abs().max().item()? < 1e-5);
        assert!(model.train_on_batch(&x.to_device(device)?, &y)?.is_finite());
        assert_eq!(model.optimizer_state()?.iterations(), 2);
        model.set_device("host")?;
        assert!(model.train_on_batch(&x, &y)?.is_finite());
    }
    Ok(())
}

/// Where set-up found ArrayFire and it was removed since: one line, and the host computes.
#[test]
#[cfg(feature = "arrayfire")]
fn a_library_that_is_gone_is_told_in_one_line() {
    let binary = std::env::current_exe().expect("this program has a name");
    let output = Command::new(binary)
        .args(["golden::fits_equal_keras", "--nocapture"])
        .env("KILN_ARRAYFIRE", "/nowhere/arrayfire")
        .env_remove("KILN_DEVICE")
        .output()
        .expect("this program runs once more");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors.matches("ArrayFire is no longer in /nowhere/arrayfire").count(), 1, "{errors}");
}

#[test]
fn a_device_that_is_not_there_is_an_error_with_advice() {
    let mut model = Sequential::new().device("cuda:77").add(Dense::new(1).input_shape([2]));
    let error = model.predict(&Tensor::ones([1, 2])).unwrap_err().to_string();
    assert!(error.contains("help: "), "{error}");
    let error = Device::set_default("gpu:x").unwrap_err().to_string();
    assert!(error.contains("opencl[:N]"), "{error}");
}
