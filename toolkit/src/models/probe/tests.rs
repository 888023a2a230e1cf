//! What probes say, against differences, closed forms, and the model that must not change.

use super::*;
use crate::layers::{BatchNormalization, Dense, Dropout, Flatten};

fn data(rows: usize, columns: usize) -> (Tensor, Tensor) {
    let wave = |i: usize| ((i * 7919) % 1000) as f32 / 500.0 - 1.0;
    let x = Tensor::from_vec((0..rows * columns).map(wave).collect(), [rows, columns]).unwrap();
    let y = Tensor::from_vec((0..rows).map(|i| wave(i * 31)).collect(), [rows, 1]).unwrap();
    (x, y)
}

/// The weights' gradient norms are those of a step of plain descent: what the step moves, divided by the rate.
#[test]
fn gradient_norms_are_the_steps_of_plain_descent() -> Result<()> {
    let (x, y) = data(20, 5);
    let mut model = Sequential::new()
        .seed(3)
        .add(Dense::new(7).activation("tanh").kernel_regularizer("l2").input_shape([5]))
        .add(Dense::new(4).activation("elu"))
        .add(Dense::new(1));
    model.compile(crate::optimizers::SGD::new(0.5), "mse", ())?;
    let norms = model.probe(&x, &y)?.gradient_norms();
    let before = model.get_weights()?;
    model.train_on_batch(&x, &y)?;
    let moved: Vec<f64> = before
        .iter()
        .zip(&model.get_weights()?)
        .map(|(a, b)| a.to_vec_f64().iter().zip(b.to_vec_f64()).map(|(a, b)| ((a - b) / 0.5).powi(2)).sum())
        .collect();
    for (norm, pair) in norms.iter().zip(moved.chunks(2)) {
        let expected = (pair[0] + pair[1]).sqrt();
        assert!((norm - expected).abs() < 1e-4 * expected, "{norm} {expected}");
    }
    Ok(())
}

/// A probe changes nothing: a training with probes gives the bytes of one without.
#[test]
fn a_probe_changes_nothing() -> Result<()> {
    let (x, y) = data(32, 6);
    let train = |probes: Option<Probes>| -> Result<Vec<Vec<f32>>> {
        let mut model = Sequential::new()
            .seed(5)
            .add(Dense::new(8).activation("relu").input_shape([6]))
            .add(BatchNormalization::new())
            .add(Dropout::new(0.3))
            .add(Dense::new(1));
        model.compile("adam", "mse", ())?;
        let fit = model.fit(&x, &y).epochs(3).batch_size(8).seed(1).verbose(0);
        match probes {
            Some(probes) => fit.callback(probes).run()?,
            None => fit.run()?,
        };
        Ok(model.get_weights()?.iter().map(Tensor::to_vec).collect())
    };
    let probes = Probes::new(&x, &y);
    assert_eq!(train(Some(probes.clone()))?, train(None)?);
    assert_eq!(probes.epochs(), [0, 1, 2, 3]);
    assert_eq!(probes.get()[0].names(), ["dense", "batch_normalization", "dense_1"]);
    probes.flow().check()?;
    probes.gradient_norms().check()
}

/// The gradient at a layer's outputs is the difference quotient of the loss with respect to a bias, summed over samples.
#[test]
fn output_gradients_are_those_of_the_bias() -> Result<()> {
    let (x, y) = data(16, 3);
    let mut model = Sequential::new().seed(2).add(Dense::new(1).input_shape([3]));
    model.compile("sgd", "mse", ())?;
    let probe = model.probe(&x, &y)?;
    let sum: f64 = probe.layers()[0].gradients().iter().sum();
    let loss_at = |model: &mut Sequential, shift: f64| -> Result<f64> {
        let weights = model.get_weights()?;
        let moved = [weights[0].clone(), &weights[1] + shift];
        model.set_weights(&moved)?;
        let loss = model.probe(&x, &y)?.loss();
        model.set_weights(&weights)?;
        Ok(loss)
    };
    let slope = (loss_at(&mut model, 1e-2)? - loss_at(&mut model, -1e-2)?) / 2e-2;
    assert!((sum - slope).abs() < 1e-4, "{sum} {slope}");
    Ok(())
}

#[test]
fn flat_outputs_and_dead_units_are_counted() -> Result<()> {
    let mut model =
        Sequential::new().add(Flatten::new().input_shape([2])).add(Dense::new(4).activation("relu"));
    model.compile("sgd", "mse", ())?;
    // Units that are: always on, always off, on for one sample of two, and off for one of two.
    let kernel = Tensor::from_vec(vec![1.0, -1.0, 1.0, 0.0, 1.0, -1.0, 0.0, 1.0], [2, 4])?;
    model.build(&[2])?;
    model.set_weights(&[kernel, Tensor::zeros([4])])?;
    let x = Tensor::from_vec(vec![1.0, 0.0, 0.0, 1.0], [2, 2])?;
    let probe = model.probe(&x, &Tensor::zeros([2, 4]))?;
    assert_eq!(probe.names(), ["dense"]);
    let layer = probe.layer("dense")?;
    assert_eq!((layer.saturated(), layer.dead()), (0.5, 0.25));
    assert!((layer.mean() - 0.5).abs() < 1e-12 && (layer.deviation() - 0.5).abs() < 1e-12);
    let error = probe.layer("dense_9").unwrap_err().to_string();
    assert!(error.contains("unknown layer `dense_9`") && error.contains("dense"), "{error}");
    Ok(())
}

/// Saturation by the closed form: the sigmoid's slope is 4 s (1 - s) of its largest.
#[test]
fn saturation_follows_the_slope() -> Result<()> {
    let mut model = Sequential::new().add(Dense::new(1).activation("sigmoid").input_shape([1]));
    model.compile("sgd", "mse", ())?;
    model.set_weights(&[Tensor::ones([1, 1]), Tensor::zeros([1])])?;
    // 4 s (1 - s) = 0.05 at x = ±4.357.
    let x = Tensor::from_vec(vec![-4.4, -4.3, 0.0, 4.3, 4.4], [5, 1])?;
    let probe = model.probe(&x, &Tensor::zeros([5, 1]))?;
    assert_eq!(probe.layers()[0].saturated(), 0.4);
    Ok(())
}

#[test]
fn what_is_missing_is_said() {
    let (x, y) = data(4, 2);
    let error = Sequential::new().add(Dense::new(1)).probe(&x, &y).unwrap_err().to_string();
    assert!(error.starts_with("probe: ") && error.contains("compile"), "{error}");
}
