//! What must hold for every optimizer and every training: a rate of 0 and a frozen layer change nothing, equal seeds give
//! equal bytes, and a step costs the same however many there were.

use kiln::optimizers::by_name;
use kiln::prelude::*;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const OPTIMIZERS: [&str; 10] =
    ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "adamax", "nadam", "lion", "ftrl"];

/// Set in the processes that a test starts, to what they are to do.
const TASK: &str = "KILN_TEST_TASK";

fn small() -> Sequential {
    Sequential::new()
        .seed(3)
        .add(Dense::new(8).activation("tanh").kernel_regularizer("l2").input_shape([4]))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.2))
        .add(Dense::new(2))
}

fn data(rows: usize, inputs: usize, outputs: usize) -> Result<(Tensor, Tensor)> {
    let numbers = |count: usize, step: f32| {
        Tensor::new((0..count).map(|at| (at as f32 * step).sin()).collect::<Vec<f32>>())
    };
    let x = numbers(rows * inputs, 0.7).reshape([rows, inputs])?;
    Ok((x, numbers(rows * outputs, 0.3).reshape([rows, outputs])?))
}

fn bits(model: &Sequential) -> Result<Vec<Vec<u32>>> {
    let bits = |weight: &Tensor| weight.to_vec().iter().map(|number| number.to_bits()).collect();
    Ok(model.get_weights()?.iter().map(bits).collect())
}

/// The weights that train, in every optimizer, with momentum, weight decay, clipping and accumulation.
#[test]
fn a_learning_rate_of_zero_changes_nothing() -> Result<()> {
    let (x, y) = data(24, 4, 2)?;
    let more: [Arc<dyn Optimizer>; 3] = [
        Arc::new(SGD::new(0.0).momentum(0.9).nesterov(true).weight_decay(0.1)),
        Arc::new(Adam::new(0.0).amsgrad(true).clipnorm(0.1)),
        Arc::new(RMSprop::new(0.0).centered(true).momentum(0.5).gradient_accumulation_steps(2)),
    ];
    for optimizer in OPTIMIZERS.iter().map(|name| by_name(name)).chain(more.into_iter().map(Ok)) {
        let optimizer = optimizer?;
        let name = format!("{optimizer:?}");
        let mut model = small();
        model.compile(optimizer, "mse", ())?;
        model.set_learning_rate(0.0)?;
        let before = bits(&model)?;
        model.fit(&x, &y).epochs(3).batch_size(8).verbose(0).run()?;
        let trained = model.weight_names();
        for ((name_of, before), after) in trained.iter().zip(&before).zip(&bits(&model)?) {
            // Moving statistics follow the data at any rate.
            assert!(name_of.contains("moving") || before == after, "{name}: {name_of} has moved");
        }
    }
    Ok(())
}

/// Neither weights nor moving statistics of a frozen layer; the others do move.
#[test]
fn a_frozen_layer_does_not_change() -> Result<()> {
    let (x, y) = data(24, 4, 2)?;
    for optimizer in OPTIMIZERS {
        let mut model = small();
        for layer in model.layers_mut().take(3) {
            layer.set_trainable(false);
        }
        model.compile(optimizer, "mse", ())?;
        let before = bits(&model)?;
        // An odd number of steps: an even one of equal size, as Lion's, may lead back.
        model.fit(&x, &y).epochs(3).batch_size(8).verbose(0).run()?;
        for ((name, before), after) in model.weight_names().iter().zip(&before).zip(&bits(&model)?) {
            assert_eq!(before != after, name.starts_with("dense_1"), "{optimizer}: {name}");
        }
    }
    Ok(())
}

/// A training whose sections are long enough that threads divide them: the digest of its weights and history.
fn training() -> Result<String> {
    let (x, y) = data(192, 784, 1)?;
    let y = y.greater(0.0)?.reshape([192])?.cast(DType::Int32);
    kiln::set_seed(11);
    let mut model = Sequential::new()
        .add(Reshape::new([28, 28, 1]).input_shape([784]))
        .add(Conv2D::new(8, 3).activation("relu"))
        .add(MaxPooling2D::new())
        .add(Flatten::new())
        .add(Dense::new(300).activation("elu").kernel_initializer("he_normal"))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.3))
        .add(Dense::new(2).activation("softmax"));
    model.compile(Adam::new(0.002), "sparse_categorical_crossentropy", ["accuracy"])?;
    let history = model.fit(&x, &y).epochs(2).batch_size(64).validation_split(0.25).verbose(0).run()?;
    // FNV-1a over all bits.
    let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
    let numbers = history.names().into_iter().flat_map(|name| history.get(name)).map(f64::to_bits);
    let weights = bits(&model)?.into_iter().flatten().map(u64::from);
    for word in numbers.chain(weights) {
        digest = (digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    }
    Ok(format!("{digest:016x}"))
}

/// What this test prints as `key=...` when another process of it runs `task`.
fn in_another_process(test: &str, task: &str, threads: &str) -> String {
    let run = Command::new(std::env::current_exe().expect("the test's own program"))
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(TASK, task)
        .env("KILN_THREADS", threads)
        .output()
        .expect("the test's own program runs");
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let answer =
        text.split_once("answer=").map(|(_, rest)| rest.lines().next().unwrap_or_default().to_string());
    answer.unwrap_or_else(|| panic!("no answer in {text}{}", String::from_utf8_lossy(&run.stderr)))
}

/// Twice in a process, in other processes, with one thread and with two.
#[test]
fn equal_seeds_give_equal_bytes() -> Result<()> {
    // The seed is the process's, and other tests draw from it in parallel: each training has a process of its own.
    if std::env::var(TASK).is_ok() {
        println!("answer={} {}", training()?, training()?);
        return Ok(());
    }
    let test = "invariants::equal_seeds_give_equal_bytes";
    let answers = ["1", "2", "2"].map(|threads| in_another_process(test, "train", threads));
    let (first, second) = answers[0].split_once(' ').unwrap_or_default();
    assert_eq!(first, second, "twice in a process");
    assert_eq!(answers[0], answers[1], "one thread and two");
    assert_eq!(answers[1], answers[2], "twice with two threads");
    Ok(())
}

/// The resident memory of this process in KiB, where the system tells it.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Memory and the time of a step after 2,000 steps, in a process of its own.
#[test]
fn steps_cost_the_same_however_many_there_were() -> Result<()> {
    if std::env::var(TASK).is_err() {
        let answer =
            in_another_process("invariants::steps_cost_the_same_however_many_there_were", "steps", "1");
        assert_eq!(answer, "flat");
        return Ok(());
    }
    let (x, y) = data(16, 4, 2)?;
    for optimizer in OPTIMIZERS {
        let make = || -> Result<Sequential> {
            let mut model = small();
            model.compile(optimizer, "mse", ())?;
            Ok(model)
        };
        let kept = |model: &Sequential| -> Result<usize> {
            Ok(model.optimizer_state()?.variables().iter().map(|(_, value)| value.len()).sum())
        };
        let steps = |model: &mut Sequential, count: usize| -> Result<()> {
            (0..count).try_for_each(|_| model.train_on_batch(&x, &y).map(|_| ()))
        };
        let (mut young, mut old) = (make()?, make()?);
        steps(&mut young, 200)?;
        steps(&mut old, 200)?;
        let (memory, variables) = (resident(), kept(&old)?);
        steps(&mut old, 1_800)?;
        assert_eq!(kept(&old)?, variables, "{optimizer}: the numbers that it keeps");
        if let (Some(before), Some(after)) = (memory, resident()) {
            assert!(after - before < 2048.0, "{optimizer}: {} KiB more after 1,800 steps", after - before);
        }
        // In turns, so that whatever else the machine does is in the way of both.
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for _ in 0..500 {
            for (model, times) in [(&mut young, &mut early), (&mut old, &mut late)] {
                let begin = Instant::now();
                steps(model, 1)?;
                times.push(begin.elapsed());
            }
        }
        // The tenth of the steps that nothing delayed.
        let undisturbed = |times: &mut Vec<std::time::Duration>| {
            times.sort();
            times[times.len() / 10].as_secs_f64()
        };
        let (early, late) = (undisturbed(&mut early), undisturbed(&mut late));
        assert!(late < 1.5 * early, "{optimizer}: a step took {early} s, later {late} s");
    }
    println!("answer=flat");
    Ok(())
}
