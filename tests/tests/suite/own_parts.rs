//! Parts that a user writes do what the built-in ones of the same formula do, and their mistakes are named.

use kiln::metrics::Metrics;
use kiln::prelude::*;

/// Keras's Dense, from its forward part.
struct MyDense {
    units: usize,
}

impl OwnLayer for MyDense {
    fn class_name(&self) -> &'static str {
        "MyDense"
    }

    fn weights(&self, input: &[usize]) -> Vec<Weight> {
        vec![
            Weight::new("kernel", [input[0], self.units]).regularizer(L2::new(0.01)),
            Weight::new("bias", [self.units]).initializer("zeros"),
        ]
    }

    fn forward(&self, x: &Var, weights: &[Var], _context: &Context) -> Var {
        (x.matmul(&weights[0]) + &weights[1]).tanh()
    }
}

fn data() -> Result<(Tensor, Tensor)> {
    let x = Tensor::linspace(-1.0, 1.0, 90).reshape([30, 3])?;
    let y = x.slice(&[0..30, 0..1])?.square();
    Ok((x, y))
}

/// Layer, loss, metric, optimizer and schedule of one's own against the built-in ones: the same training.
#[test]
fn own_parts_train_as_the_built_in_ones() -> Result<()> {
    let (x, y) = data()?;
    let built_in = Dense::new(5).activation("tanh").kernel_regularizer(L2::new(0.01)).input_shape([3]);
    let mut known = Sequential::new().seed(2).add(built_in).add(Dense::new(1));
    let mut own =
        Sequential::new().seed(2).add(Own::new(MyDense { units: 5 }).input_shape([3])).add(Dense::new(1));
    own.set_weights(&known.get_weights()?)?;
    known.compile(SGD::new(ExponentialDecay::new(0.1, 10, 0.5)).momentum(0.9), "mae", ["mse"])?;
    let momentum = optimizers::from_fn(
        "Momentum",
        schedules::by_step(|step| 0.1 * 0.5_f64.powf(step as f64 / 10.0)),
        |step, weight, gradient, slots| {
            slots[0] = &slots[0] * 0.9 - gradient * step.learning_rate;
            *weight = &*weight + &slots[0];
        },
    )
    .slots(["velocity"]);
    let loss = losses::from_fn("my_mae", |y, p| (y - p).abs());
    let metric = metrics::from_fn("mse", |y, p| (y - p).square().mean_along(-1));
    own.compile(momentum, loss, metric)?;
    let fit = |model: &mut Sequential| {
        model.fit(&x, &y).epochs(6).batch_size(8).shuffle(false).validation_split(0.2).verbose(0).run()
    };
    let (theirs, ours) = (fit(&mut known)?, fit(&mut own)?);
    assert_eq!(ours.names(), theirs.names());
    for name in theirs.names() {
        for (ours, theirs) in ours.get(name).iter().zip(theirs.get(name)) {
            assert!((ours - theirs).abs() < 1e-5 * theirs, "{name}: {ours}, built-in {theirs}");
        }
    }
    let prediction = own.predict(&x)?.sub(known.predict(&x)?)?.abs().max().item()?;
    assert!(prediction < 1e-5, "{prediction}");
    Ok(())
}

/// Freezing, slices, clones and the check of gradients work with layers of one's own.
#[test]
fn own_layers_are_layers() -> Result<()> {
    let (x, y) = data()?;
    let scaled = layers::from_fn("Scaled", |x| x * 2.0);
    let mut model = Sequential::new()
        .seed(4)
        .add(Own::new(MyDense { units: 4 }).input_shape([3]))
        .add(scaled.clone())
        .add(scaled)
        .add(Own::new(MyDense { units: 1 }).name("last"));
    let names: Vec<String> = model.layers().iter().map(|layer| layer.name().to_string()).collect();
    assert_eq!(names, ["my_dense", "scaled", "scaled_1", "last"]);
    assert_eq!(model.count_params(), (16 + 5, 0));
    let check = model.check_gradients(&x.rows(..5)?, &y.rows(..5)?, "mse")?;
    assert!(check.worst.relative < 1e-6 && check.compared > 30, "{check:?}");

    let before = model.get_weights()?;
    model.layers_mut().take(1).for_each(|layer| layer.set_trainable(false));
    model.compile("adam", "mse", ())?;
    model.fit(&x, &y).verbose(0).run()?;
    let after = model.get_weights()?;
    assert_eq!(before[0].to_vec(), after[0].to_vec());
    assert_ne!(before[2].to_vec(), after[2].to_vec());

    let mut part = model.slice(..2);
    assert_eq!(part.predict(&x)?.shape(), [30, 4]);
    let clone = models::clone_model(&model)?;
    assert_eq!(clone.weight_names(), ["my_dense/kernel", "my_dense/bias", "last/kernel", "last/bias"]);
    Ok(())
}

/// A layer that differs between training and inference, with random numbers that a check of gradients holds fixed.
#[test]
fn own_layers_know_the_mode() -> Result<()> {
    struct MyDropout;
    impl OwnLayer for MyDropout {
        fn class_name(&self) -> &'static str {
            "MyDropout"
        }
        fn forward(&self, x: &Var, _weights: &[Var], context: &Context) -> Var {
            if !context.is_training() {
                return x.clone();
            }
            x * context.uniform_like(x, 0).greater_equal(0.4) / 0.6
        }
    }
    let (x, y) = data()?;
    let mut model = Sequential::new().seed(1).add(Own::new(MyDropout)).add(Dense::new(1));
    assert!(Sequential::new().add(Own::new(MyDropout)).predict(&x)?.equal(&x)?.min().item()? == 1.0);
    model.build(&[3])?;
    let check = model.check_gradients(&x.rows(..6)?, &y.rows(..6)?, "mse")?;
    assert!(check.worst.relative < 1e-6, "{check:?}");
    model.compile("sgd", "mse", ())?;
    let (first, second) = (model.train_on_batch(&x, &y)?, model.train_on_batch(&x, &y)?);
    assert_ne!(first, second);
    Ok(())
}

/// Keras's BatchNormalization, from its forward part; `broken` names a mistake.
struct MyBatchNormalization {
    broken: &'static str,
}

impl OwnLayer for MyBatchNormalization {
    fn class_name(&self) -> &'static str {
        "MyBatchNormalization"
    }

    fn weights(&self, input: &[usize]) -> Vec<Weight> {
        let features = [input[0]];
        vec![
            Weight::new("gamma", features).initializer("ones"),
            Weight::new("beta", features).initializer("zeros"),
            Weight::new("moving_mean", features).initializer("zeros").trainable(false),
            Weight::new("moving_variance", features).initializer("ones").trainable(false),
        ]
    }

    fn forward(&self, x: &Var, weights: &[Var], context: &Context) -> Var {
        let (mut mean, mut variance) = (weights[2].clone(), weights[3].clone());
        if context.is_training() {
            mean = x.mean_along(0);
            variance = (x - &mean).square().mean_along(0);
            match self.broken {
                "trained" => context.set_weight(0, &mean),
                "number" => context.set_weight(4, &mean),
                "shape" => context.set_weight(2, &mean.sum()),
                _ => {}
            }
            context.set_weight(2, &(&weights[2] * 0.99 + &mean * 0.01));
            context.set_weight(3, &(&weights[3] * 0.99 + &variance * 0.01));
        }
        (x - mean) / (variance + 1e-3).sqrt() * &weights[0] + &weights[1]
    }
}

/// State that no gradient trains: the built-in layer and one's own have the same losses, statistics and predictions.
#[test]
fn own_layers_keep_state() -> Result<()> {
    let (x, y) = data()?;
    let network = |normalization: Box<dyn Fn(Sequential) -> Sequential>| {
        let first = Sequential::new().seed(5).add(Dense::new(4).input_shape([3]));
        normalization(first).add(Dense::new(1))
    };
    let mut known = network(Box::new(|model| model.add(BatchNormalization::new())));
    let mut own = network(Box::new(|model| model.add(Own::new(MyBatchNormalization { broken: "" }))));
    own.set_weights(&known.get_weights()?)?;
    for model in [&mut known, &mut own] {
        model.compile("sgd", "mse", ())?;
        model.fit(&x, &y).epochs(3).batch_size(7).shuffle(false).validation_split(0.2).verbose(0).run()?;
    }
    for (own, known) in own.get_weights()?.iter().zip(known.get_weights()?) {
        let off = own.sub(&known)?.abs().max().item()?;
        assert!(off < 1e-6, "{off}: {own}\nbuilt-in\n{known}");
    }
    let before = own.get_weights()?;
    assert_ne!(before[4].to_vec(), [0.0; 4]);
    let prediction = own.predict(&x)?.sub(known.predict(&x)?)?.abs().max().item()?;
    assert!(prediction < 1e-6, "{prediction}");
    own.evaluate(&x, &y)?;
    own.prediction(&x).training(true).run()?;
    for (after, before) in own.get_weights()?.iter().zip(before) {
        assert_eq!(after.to_vec(), before.to_vec(), "predicting and evaluating change nothing");
    }
    for (broken, words) in [
        ("trained", "weight 0 is trained by its gradient"),
        ("number", "there is no weight 4; the layer has 4"),
        ("shape", "weight 2 has the shape"),
    ] {
        let mut model = Sequential::new().add(Own::new(MyBatchNormalization { broken })).add(Dense::new(1));
        model.compile("sgd", "mse", ())?;
        let error = model.train_on_batch(&x, &y).unwrap_err().to_string();
        assert!(error.contains(words), "{broken}: {error}");
    }
    Ok(())
}

/// `compile` takes nothing, one name, one metric, an array, a vector, or a tuple that mixes both.
#[test]
fn compile_takes_metrics_in_every_form() -> Result<()> {
    let names = |metrics: Metrics| -> Result<Vec<String>> {
        let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
        model.compile("sgd", "mse", metrics)?;
        let scores = model.evaluate(&Tensor::ones([4, 1]), &Tensor::ones([4, 1]))?;
        Ok(scores.iter().map(|(name, _)| name.to_string()).filter(|name| name != "loss").collect())
    };
    let own = metrics::from_fn("own", |y, p| y - p);
    assert_eq!(names(().into())?, Vec::<String>::new());
    assert_eq!(names("mae".into())?, ["mae"]);
    assert_eq!(names(String::from("mae").into())?, ["mae"]);
    assert_eq!(names(own.clone().into())?, ["own"]);
    assert_eq!(names(["mae", "mse"].into())?, ["mae", "mse"]);
    assert_eq!(names([own.clone()].into())?, ["own"]);
    assert_eq!(names(vec!["mse", "mae"].into())?, ["mae", "mse"]);
    assert_eq!(names(("mse", own, String::from("mae")).into())?, ["mae", "mse", "own"]);
    assert!(names(("mse", "mea").into()).unwrap_err().to_string().contains("mea"));
    Ok(())
}

#[test]
fn mistakes_in_own_parts_are_named() -> Result<()> {
    let (x, y) = data()?;
    let error = |model: &mut Sequential| model.fit(&x, &y).verbose(0).run().unwrap_err().to_string();
    let compiled = |loss: losses::LossFn| {
        let mut model = Sequential::new().add(Dense::new(1).input_shape([3]));
        model.compile("sgd", loss, ()).map(|()| model)
    };
    let mut scalar = compiled(losses::from_fn("scalar", |y, p| (y - p).square().mean()))?;
    let message = error(&mut scalar);
    assert!(message.contains("loss scalar") && message.contains(".mean_along(-1)"), "{message}");
    let mut wrong = compiled(losses::from_fn("wrong", Var::matmul))?;
    let message = error(&mut wrong);
    assert!(message.contains("loss wrong") && message.contains("inner sizes"), "{message}");

    let mut shapes =
        Sequential::new().add(layers::from_fn("Flat", |x| x.reshape([usize::MAX])).input_shape([3]));
    let message = shapes.compile("sgd", "mse", ()).unwrap_err().to_string();
    assert!(message.contains("Flat") && message.contains("[6] for an input of shape [2, 3]"), "{message}");

    struct Unknown;
    impl OwnLayer for Unknown {
        fn class_name(&self) -> &'static str {
            "Unknown"
        }
        fn weights(&self, _input: &[usize]) -> Vec<Weight> {
            vec![Weight::new("kernel", [1]).initializer("glorot")]
        }
        fn forward(&self, x: &Var, _weights: &[Var], _context: &Context) -> Var {
            x.clone()
        }
    }
    let model = Sequential::new().add(Own::new(Unknown).input_shape([3]));
    let message = model.summary().map(|_| ()).unwrap_err().to_string();
    assert!(
        message.contains("Unknown") && message.contains("glorot") && message.contains("kernel"),
        "{message}"
    );
    Ok(())
}
