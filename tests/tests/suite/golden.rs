//! The cases of `golden_keras.json`: single operations and optimizer steps equal Keras's.

use super::devices;
use super::fixture::{self, numbers, placed};
use kiln::optimizers::OptimizerState;
use kiln::prelude::*;
use serde_json::Value;
use std::sync::Arc;

/// Within 2.4e-7 and 1e-6 of the expected number, times the device's factor; both NaN is right too.
fn assert_close(case: &str, got: &[f64], expected: &[f64]) {
    let factor = devices::tolerance().single;
    assert_eq!(got.len(), expected.len(), "{case}: the number of values");
    for (at, (got, want)) in got.iter().zip(expected).enumerate() {
        let fits =
            (got - want).abs() <= factor * (2.4e-7 + 1e-6 * want.abs()) || got.is_nan() && want.is_nan();
        assert!(fits, "{case}, number {at}: {got}, Keras has {want}");
    }
}

fn matrix(value: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = value.as_array().into_iter().flatten().map(numbers).collect();
    let flat: Vec<f32> = rows.iter().flatten().map(|&number| number as f32).collect();
    placed(&Tensor::from_vec(flat, [rows.len(), rows[0].len()]).expect("the rows are equally long"))
}

fn cases(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// An optimizer by its class and Keras's arguments.
macro_rules! with_arguments {
    ($case:expr, $arguments:expr, $optimizer:expr, $($own:ident)*) => {{
        let mut optimizer = $optimizer;
        for (name, value) in cases($arguments) {
            let number = value.as_f64().unwrap_or_default();
            let flag = value.as_bool().unwrap_or_default();
            optimizer = match name.as_str() {
                "learning_rate" => optimizer,
                "weight_decay" => optimizer.weight_decay(number),
                "clipnorm" => optimizer.clipnorm(number),
                "clipvalue" => optimizer.clipvalue(number),
                "global_clipnorm" => optimizer.global_clipnorm(number),
                "use_ema" => optimizer.use_ema(flag),
                "ema_momentum" => optimizer.ema_momentum(number),
                "ema_overwrite_frequency" => optimizer.ema_overwrite_frequency(number as u64),
                $(stringify!($own) => with_arguments!(@set optimizer $own number flag),)*
                other => panic!("{}: unknown argument {other}", $case),
            };
        }
        Arc::new(optimizer) as Arc<dyn Optimizer>
    }};
    (@set $optimizer:ident nesterov $number:ident $flag:ident) => { $optimizer.nesterov($flag) };
    (@set $optimizer:ident centered $number:ident $flag:ident) => { $optimizer.centered($flag) };
    (@set $optimizer:ident amsgrad $number:ident $flag:ident) => { $optimizer.amsgrad($flag) };
    (@set $optimizer:ident $own:ident $number:ident $flag:ident) => { $optimizer.$own($number) };
}

fn optimizer(case: &str, class: &str, arguments: &Value) -> Arc<dyn Optimizer> {
    use kiln::optimizers::LearningRate;
    let default = if class == "SGD" { 0.01 } else { 0.001 };
    let rate: LearningRate = match &arguments["learning_rate"] {
        Value::String(_) => ExponentialDecay::new(0.1, 2, 0.5).into(),
        value => value.as_f64().unwrap_or(default).into(),
    };
    match class {
        "SGD" => with_arguments!(case, arguments, SGD::new(rate), momentum nesterov),
        "Adagrad" => with_arguments!(case, arguments, Adagrad::new(rate), initial_accumulator_value epsilon),
        "Adadelta" => with_arguments!(case, arguments, Adadelta::new(rate), rho epsilon),
        "RMSprop" => with_arguments!(case, arguments, RMSprop::new(rate), rho momentum epsilon centered),
        "Adam" => with_arguments!(case, arguments, Adam::new(rate), beta_1 beta_2 epsilon amsgrad),
        "AdamW" => with_arguments!(case, arguments, AdamW::new(rate), beta_1 beta_2 epsilon amsgrad),
        "Adamax" => with_arguments!(case, arguments, Adamax::new(rate), beta_1 beta_2 epsilon),
        "Nadam" => with_arguments!(case, arguments, Nadam::new(rate), beta_1 beta_2 epsilon),
        "Lion" => with_arguments!(case, arguments, Lion::new(rate), beta_1 beta_2),
        "Ftrl" => with_arguments!(
            case, arguments, Ftrl::new(rate),
            learning_rate_power initial_accumulator_value l1_regularization_strength
            l2_regularization_strength l2_shrinkage_regularization_strength beta
        ),
        other => panic!("{case}: unknown optimizer {other}"),
    }
}

/// Six applications leave the weights and all variables of the optimizer, in their saved order, where Keras leaves them.
#[test]
fn optimizers_step_as_keras_does() -> Result<()> {
    let (golden, larger) = (fixture::read("golden_keras.json"), fixture::read("larger_rates.json"));
    let all = || cases(&golden["optimizers"]["cases"]).chain(cases(&larger["cases"]));
    // A tolerance above 1 % of a step says little; each optimizer has a case where it is less.
    let mut coarse: Vec<&str> = all().filter_map(|(_, case)| case["class"].as_str()).collect();
    coarse.retain(|class| {
        !all().any(|(_, case)| case["class"] == *class && smallest_step(case) > 100.0 * (2.4e-7 + 1e-6))
    });
    assert!(coarse.is_empty(), "no case of {coarse:?} has large enough steps");
    for (name, case) in all() {
        let class = case["class"].as_str().unwrap_or_default();
        let mut state = OptimizerState::new(optimizer(name, class, &case["kwargs"]))?;
        let mut weights = [placed(&Tensor::ones([10]))];
        let rows = case["x_after_each_of_6_applications"].as_array();
        for (step, expected) in rows.into_iter().flatten().enumerate() {
            let gradient = if step == 0 {
                Tensor::full([10], 0.01)
            } else {
                Tensor::new((1..=10).map(|index| index as f32 * 0.1).collect::<Vec<f32>>())
            };
            state.apply(&mut weights, &[placed(&gradient)])?;
            let case = format!("{name}, application {}", step + 1);
            assert_close(&case, &weights[0].to_vec_f64(), &numbers(expected));
        }
        let variables = state.variables();
        let expected: Vec<_> = cases(&case["state_after_6"]).collect();
        assert_eq!(variables.len(), expected.len(), "{name}: the number of variables");
        // serde_json sorts the keys: compare by name, and the order by the suite of saved files.
        for (own, value) in &variables {
            let keras = if own == "u_product" { "variable" } else { own.as_str() };
            let found = expected.iter().find(|(key, _)| {
                key.rsplit('/')
                    .next()
                    .is_some_and(|key| key == keras || key.strip_prefix("x_") == Some(keras))
            });
            let (key, want) = found.unwrap_or_else(|| panic!("{name}: Keras has no variable {own}"));
            let want = want.as_f64().map_or_else(|| numbers(want), |number| vec![number]);
            assert_close(&format!("{name}: {key}"), &value.to_vec_f64(), &want);
        }
    }
    Ok(())
}

/// The smallest of the six mean steps of a case.
fn smallest_step(case: &Value) -> f64 {
    let rows = case["x_after_each_of_6_applications"].as_array();
    let mut before = vec![1.0; 10];
    let mut smallest = f64::INFINITY;
    for row in rows.into_iter().flatten() {
        let row = numbers(row);
        let step = row.iter().zip(&before).map(|(now, before)| (now - before).abs()).sum::<f64>() / 10.0;
        (smallest, before) = (smallest.min(step), row);
    }
    smallest
}

fn schedule(case: &str) -> Box<dyn Schedule> {
    match case {
        "ExponentialDecay(0.1,10,0.96)" => Box::new(ExponentialDecay::new(0.1, 10, 0.96)),
        "ExponentialDecay(0.1,10,0.96,staircase)" => {
            Box::new(ExponentialDecay::new(0.1, 10, 0.96).staircase(true))
        }
        "InverseTimeDecay(0.1,10,0.5)" => Box::new(InverseTimeDecay::new(0.1, 10, 0.5)),
        "InverseTimeDecay(0.1,10,0.5,staircase)" => {
            Box::new(InverseTimeDecay::new(0.1, 10, 0.5).staircase(true))
        }
        "PiecewiseConstantDecay([10,20],[1.0,0.5,0.1])" => {
            Box::new(PiecewiseConstantDecay::new([10, 20], [1.0, 0.5, 0.1]))
        }
        "PolynomialDecay(0.1,10)" => Box::new(PolynomialDecay::new(0.1, 10)),
        "PolynomialDecay(0.1,10,0.01,power=0.5)" => {
            Box::new(PolynomialDecay::new(0.1, 10).end_learning_rate(0.01).power(0.5))
        }
        "PolynomialDecay(0.1,10,0.01,power=2,cycle)" => {
            Box::new(PolynomialDecay::new(0.1, 10).end_learning_rate(0.01).power(2.0).cycle(true))
        }
        "CosineDecay(0.1,20)" => Box::new(CosineDecay::new(0.1, 20)),
        "CosineDecay(0.1,20,alpha=0.1)" => Box::new(CosineDecay::new(0.1, 20).alpha(0.1)),
        "CosineDecay(0.0,20,warmup_target=0.1,warmup_steps=5)" => {
            Box::new(CosineDecay::new(0.0, 20).warmup(0.1, 5))
        }
        "CosineDecay(0.01,20,alpha=0.2,warmup_target=0.1,warmup_steps=5)" => {
            Box::new(CosineDecay::new(0.01, 20).alpha(0.2).warmup(0.1, 5))
        }
        "CosineDecayRestarts(0.1,8)" => Box::new(CosineDecayRestarts::new(0.1, 8)),
        "CosineDecayRestarts(0.1,8,t_mul=1.0,m_mul=0.9,alpha=0.1)" => {
            Box::new(CosineDecayRestarts::new(0.1, 8).t_mul(1.0).m_mul(0.9).alpha(0.1))
        }
        "CosineDecayRestarts(0.1,8,t_mul=1.5,m_mul=0.8)" => {
            Box::new(CosineDecayRestarts::new(0.1, 8).t_mul(1.5).m_mul(0.8))
        }
        other => panic!("unknown schedule {other}"),
    }
}

/// The rates of steps 0 to 40.
#[test]
fn schedules_equal_keras() {
    let golden = fixture::read("golden_keras.json");
    for (name, expected) in cases(&golden["schedules"]["cases"]) {
        let schedule = schedule(name);
        let rates: Vec<f64> = (0..41).map(|step| schedule.at(step)).collect();
        assert_close(name, &rates, &numbers(expected));
    }
}

/// Values and derivatives, at kinks too.
#[test]
fn activations_equal_keras() -> Result<()> {
    let golden = &fixture::read("golden_keras.json")["activations"];
    let x = Tensor::new(numbers(&golden["x"]).iter().map(|&x| x as f32).collect::<Vec<f32>>());
    let parse = |name: &str| match name {
        "relu(negative_slope=0.1,max_value=2,threshold=0.3)" => {
            Ok(Activation::Relu { negative_slope: 0.1, max_value: Some(2.0), threshold: 0.3 })
        }
        "elu(alpha=0.5)" => Ok(Activation::Elu { alpha: 0.5 }),
        "celu(alpha=2)" => Ok(Activation::Celu { alpha: 2.0 }),
        "gelu(approximate=True)" => Ok(Activation::Gelu { approximate: true }),
        _ => Activation::by_name(name.trim_end_matches("_over_vector")),
    };
    let mut compared = 0;
    for (name, expected) in cases(&golden["y"]) {
        assert_close(name, &parse(name)?.apply(&x).to_vec_f64(), &numbers(expected));
        compared += 1;
    }
    for (name, expected) in cases(&golden["dy_dx"]) {
        let case = format!("the derivative of {name}");
        let mut want = numbers(expected);
        let ours = parse(name)?.derivative(&x)?.to_vec_f64();
        if ["mish", "gelu(approximate=True)"].contains(&name.as_str()) {
            // Keras's own rounding errors are larger than the tolerance here (1e-6 where two numbers cancel): it is
            // compared with the derivative in 64 bits, and ours with that.
            let exact = parse(name)?.derivative(&x.cast(DType::Float64))?.to_vec_f64();
            assert!(want.iter().zip(&exact).all(|(keras, exact)| (keras - exact).abs() < 2e-6), "{case}");
            want = exact;
        }
        assert_close(&case, &ours, &want);
        compared += 1;
    }
    assert_eq!(compared, 60);
    Ok(())
}

#[test]
fn regularizers_equal_keras() -> Result<()> {
    let golden = &fixture::read("golden_keras.json")["regularizers"];
    let weight = matrix(&golden["w"]);
    for (name, expected) in cases(&golden["values"]) {
        let regularizer: Box<dyn Regularizer> = match name.as_str() {
            "L1(0.01)" => Box::new(L1::new(0.01)),
            "L2(0.01)" => Box::new(L2::new(0.01)),
            "L1L2(0.1,0.2)" => Box::new(L1L2::new().l1(0.1).l2(0.2)),
            "Orthogonal rows" => Box::new(OrthogonalRegularizer::new()),
            "Orthogonal columns" => Box::new(OrthogonalRegularizer::new().mode("columns")),
            other => panic!("unknown regularizer {other}"),
        };
        let want = expected.as_f64().unwrap_or(f64::NAN);
        assert_close(name, &regularizer.penalty(&weight).to_vec_f64(), &[want]);
    }
    Ok(())
}

#[test]
fn constraints_equal_keras() -> Result<()> {
    let golden = fixture::read("golden_keras.json");
    let weight = matrix(&golden["constraints"]["w"]);
    for (name, expected) in cases(&golden["constraints"]["values"]) {
        let constraint: Box<dyn Constraint> = match name.as_str() {
            "MaxNorm(2)" => Box::new(MaxNorm::new(2.0)),
            "MaxNorm(1,axis=1)" => Box::new(MaxNorm::new(1.0).axis(1)),
            "NonNeg" => Box::new(NonNeg),
            "UnitNorm" => Box::new(UnitNorm::new()),
            "MinMaxNorm(.5,1.5,rate=.5)" => Box::new(MinMaxNorm::new(0.5, 1.5).rate(0.5)),
            other => panic!("unknown constraint {other}"),
        };
        assert_close(name, &constraint.apply(&weight)?.to_vec_f64(), &matrix(expected).to_vec_f64());
    }
    Ok(())
}

#[test]
fn metrics_equal_keras() -> Result<()> {
    use kiln::metrics::*;
    let golden = fixture::read("golden_keras.json");
    let binary = &golden["metrics"]["binary"];
    let column = |name: &str| {
        placed(&Tensor::new(numbers(&binary[name]).iter().map(|&number| number as f32).collect::<Vec<f32>>()))
    };
    let (y, p) = (column("y").reshape([60, 1])?, column("p").reshape([60, 1])?);
    let check =
        |name: &str, mut metric: Box<dyn Metric>, y: &Tensor, p: &Tensor, want: &Value| -> Result<()> {
            // In two batches: what is gathered must not depend on them.
            let half = y.shape()[0] / 2;
            metric.update(&y.rows(..half)?, &p.rows(..half)?, None)?;
            metric.update(&y.rows(half..)?, &p.rows(half..)?, None)?;
            assert_close(name, &[metric.result()], &[want.as_f64().unwrap_or(f64::NAN)]);
            assert_eq!(metric.fresh().result(), 0.0, "{name}: a fresh one has seen nothing");
            Ok(())
        };
    let values = &binary["values"];
    for (name, metric) in [
        ("BinaryAccuracy", by_name("binary_accuracy")?),
        ("Precision", Box::new(Precision::new())),
        ("Recall", Box::new(Recall::new())),
        ("AUC", Box::new(AUC::new())),
        ("AUC(PR)", Box::new(AUC::new().curve(Curve::Pr))),
        ("AUC(n=3)", Box::new(AUC::new().num_thresholds(3))),
    ] {
        check(name, metric, &y, &p, &values[name])?;
    }
    let many = &golden["metrics"]["multiclass"];
    let labels =
        placed(&Tensor::new(numbers(&many["y"]).iter().map(|&label| label as i32).collect::<Vec<i32>>()));
    let p = matrix(&many["p"]);
    let hot: Vec<f32> = labels
        .to_labels()
        .iter()
        .flat_map(|&label| (0..4).map(move |class| f32::from(u8::from(class == label))))
        .collect();
    let hot = placed(&Tensor::from_vec(hot, [12, 4])?);
    let values = &many["values"];
    check(
        "SparseCategoricalAccuracy",
        by_name("accuracy")?,
        &labels,
        &p,
        &values["SparseCategoricalAccuracy"],
    )?;
    check("CategoricalAccuracy", by_name("accuracy")?, &hot, &p, &values["CategoricalAccuracy"])?;
    check("SparseTopK2", Box::new(TopKCategoricalAccuracy::new(2)), &labels, &p, &values["SparseTopK2"])?;
    check("TopK2", Box::new(TopKCategoricalAccuracy::new(2)), &hot, &p, &values["TopK2"])?;
    check(
        "Precision(top_k=2)",
        Box::new(Precision::new().top_k(2)),
        &hot,
        &p,
        &values["Precision(top_k=2)"],
    )?;
    check(
        "Recall(class_id=1)",
        Box::new(Recall::new().class_id(1)),
        &hot,
        &p,
        &values["Recall(class_id=1)"],
    )?;
    check("F1(macro)", Box::new(F1Score::new().average("macro")), &hot, &p, &values["F1(macro)"])?;
    let inputs = &golden["losses"]["inputs"];
    let (y, p) = (matrix(&inputs["reg_y"]), matrix(&inputs["reg_p"]));
    let weights = placed(&Tensor::new(
        numbers(&inputs["sample_weight"]).iter().map(|&w| w as f32).collect::<Vec<f32>>(),
    ));
    let values = &golden["metrics"]["regression"]["values"];
    for (name, mut metric) in [
        ("MSE", by_name("mse")?),
        ("RMSE", Box::new(RootMeanSquaredError::new())),
        ("R2", Box::new(R2Score::new())),
    ] {
        for (kind, weights) in [("plain", None), ("sample_weight", Some(&weights))] {
            metric.reset();
            metric.update(&y, &p, weights)?;
            assert_close(
                &format!("{name}, {kind}"),
                &[metric.result()],
                &[values[name][kind].as_f64().unwrap_or(f64::NAN)],
            );
        }
    }
    Ok(())
}

/// Three epochs from given weights: histories and final weights, moving averages and accumulation included.
#[test]
fn fits_equal_keras() -> Result<()> {
    let golden = fixture::read("golden_keras.json");
    let x = Tensor::arange(32).reshape([16, 2])? / 32.0;
    for (name, case) in cases(&golden["fit"]["cases"]) {
        let mut model = Sequential::new()
            .add(Dense::new(2).kernel_initializer("ones").bias_initializer("ones").input_shape([2]));
        let optimizer: Arc<dyn Optimizer> = match name.as_str() {
            "sgd0.1" => Arc::new(SGD::new(0.1)),
            "sgd_mom" => Arc::new(SGD::new(0.05).momentum(0.9).nesterov(true)),
            "adam" => Arc::new(Adam::new(0.05)),
            "rmsprop" => Arc::new(RMSprop::new(0.01)),
            "adam_expdecay" => Arc::new(Adam::new(ExponentialDecay::new(0.05, 1, 0.9))),
            "sgd_ema" => Arc::new(SGD::new(0.1).use_ema(true).ema_momentum(0.9)),
            "sgd_accum2" => Arc::new(SGD::new(0.1).gradient_accumulation_steps(2)),
            other => panic!("unknown fit {other}"),
        };
        model.compile(optimizer, "mse", ["mae"])?;
        let history = model
            .fit(&x, &x)
            .epochs(3)
            .batch_size(5)
            .shuffle(false)
            .validation_split(0.25)
            .verbose(0)
            .run()?;
        let mut worst: f64 = 0.0;
        for (key, want) in cases(&case["history"]) {
            let (got, want) = (history.get(key), numbers(want));
            assert_eq!(got.len(), want.len(), "{name}: epochs of {key}");
            for (got, want) in got.iter().zip(&want) {
                worst = worst.max((got - want).abs() / want.abs());
                assert!((got - want).abs() <= 1e-5 * want.abs(), "{name}: {key} {got}, Keras has {want}");
            }
        }
        let weights = case["weights"].as_array();
        for (weight, want) in model.get_weights()?.iter().zip(weights.into_iter().flatten()) {
            let want = if want[0].is_array() { matrix(want).to_vec_f64() } else { numbers(want) };
            for (got, want) in weight.to_vec_f64().iter().zip(&want) {
                assert!((got - want).abs() <= 1e-5 * want.abs(), "{name}: weight {got}, Keras has {want}");
            }
        }
        println!("{name}: largest relative difference {worst:.1e}");
    }
    Ok(())
}

/// The losses of each sample and their mean; weighted cases are the losses times the weights.
#[test]
fn losses_equal_keras() -> Result<()> {
    use kiln::losses::*;
    let golden = fixture::read("golden_keras.json");
    let inputs = &golden["losses"]["inputs"];
    let input = |name: &str| matrix(&inputs[name]);
    let labels = placed(&Tensor::new(
        numbers(&inputs["class"]).iter().map(|&label| label as i32).collect::<Vec<i32>>(),
    ));
    let hot = placed(&Tensor::new([[1., 0., 0.], [0., 0., 1.], [0., 1., 0.], [0., 0., 1.]]));
    let mut compared = 0;
    for (name, expected) in cases(&golden["losses"]["values"]) {
        let base = name.trim_end_matches(" weighted").trim_end_matches(" unnormalised");
        let probabilities = input(if name.ends_with("unnormalised") { "probs_unnorm" } else { "probs" });
        let logits = base.contains("from_logits");
        let scores = if logits { input("logits") } else { probabilities };
        let smoothing = match base.split_once("label_smoothing=") {
            Some((_, text)) => text.trim_end_matches(')').parse().unwrap_or_default(),
            None => 0.0,
        };
        let class = base.split(['(', ' ']).next().unwrap_or_default();
        let (reg_y, reg_p) = (input("reg_y"), input("reg_p"));
        let (loss, y, p): (Box<dyn Loss>, Tensor, Tensor) = match class {
            "BinaryCrossentropy" => {
                let loss = BinaryCrossentropy::new().from_logits(logits).label_smoothing(smoothing);
                (Box::new(loss), input("bin_y"), input(if logits { "bin_logits" } else { "bin_p" }))
            }
            "CategoricalCrossentropy" => {
                let loss = CategoricalCrossentropy::new().from_logits(logits).label_smoothing(smoothing);
                (Box::new(loss), hot.clone(), scores)
            }
            "SparseCategoricalCrossentropy" => {
                let mut loss = SparseCategoricalCrossentropy::new().from_logits(logits);
                if base.contains("ignore_class=1") {
                    loss = loss.ignore_class(1);
                }
                (Box::new(loss), labels.clone(), scores)
            }
            "Hinge" | "SquaredHinge" | "CategoricalHinge" => {
                let loss: Box<dyn Loss> = match class {
                    "Hinge" => Box::new(Hinge::new()),
                    "SquaredHinge" => Box::new(SquaredHinge::new()),
                    _ => Box::new(CategoricalHinge::new()),
                };
                let y = if base.contains("-1/1") { &hot * 2.0 - 1.0 } else { hot.clone() };
                (loss, y, input("logits"))
            }
            "KLDivergence" => (Box::new(KLDivergence::new()), input("probs"), input("probs_unnorm")),
            "MSE" => (Box::new(MeanSquaredError::new()), reg_y, reg_p),
            "MAE" => (Box::new(MeanAbsoluteError::new()), reg_y, reg_p),
            "MAPE" => (Box::new(MeanAbsolutePercentageError::new()), reg_y, reg_p),
            "MSLE" => (Box::new(MeanSquaredLogarithmicError::new()), reg_y, reg_p),
            "Huber" => {
                let delta = if base.contains("0.5") { 0.5 } else { 1.0 };
                (Box::new(Huber::new().delta(delta)), reg_y, reg_p)
            }
            "LogCosh" => (Box::new(LogCosh::new()), reg_y, reg_p),
            "CosineSimilarity" => (Box::new(CosineSimilarity::new()), reg_y, reg_p),
            "Poisson" => (Box::new(Poisson::new()), reg_y, reg_p),
            other => panic!("unknown loss {other}"),
        };
        let weights = Tensor::new(
            numbers(&inputs["sample_weight"]).iter().map(|&weight| weight as f32).collect::<Vec<f32>>(),
        );
        let weights = name.ends_with("weighted").then_some(&weights);
        let mut losses = loss.per_sample(&y, &p)?;
        if let Some(weights) = weights {
            losses = losses * placed(weights);
        }
        compared += 1;
        assert_close(name, &losses.to_vec_f64(), &numbers(&expected["none"]));
        let mean = expected["sum_over_batch_size"].as_f64().unwrap_or(f64::NAN);
        assert_close(name, &[loss.call(&y, &p, weights)?.item()?], &[mean]);
    }
    assert!(compared >= 38, "only {compared} cases were compared");
    Ok(())
}
