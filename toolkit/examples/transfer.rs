//! The lecture's transfer learning on Fashion-MNIST, over twelve pairs of classes and five seeds each.
//!
//! ```text
//! cargo run --release -p kiln --example transfer                 model A is trained and saved to .h5 by Kiln
//! cargo run --release -p kiln --example transfer -- FOLDER       model A comes from Keras: tests/oracle/transfer_models.py
//! ```
//!
//! Model A knows the eight other classes. Model B gets a few images of the two, from scratch and on A's layers in three ways,
//! the slide's among them; all see the same images 20 times. Last, images whose pixels are in another order, which have
//! nothing in common with what A has learned: the slide's warning.

use kiln::datasets::fashion_mnist::FashionMnist;
use kiln::prelude::*;
use kiln::random::Generator;
use std::path::{Path, PathBuf};

/// From shirts, which are hard to tell apart, to pairs that nobody mistakes.
const PAIRS: [(i32, i32); 12] =
    [(0, 6), (2, 4), (4, 6), (2, 6), (0, 3), (3, 4), (5, 7), (7, 9), (5, 9), (1, 3), (5, 6), (1, 8)];
const SEEDS: u64 = 5;

/// How model B comes to be, first the one that the others are compared with.
const WAYS: [&str; 4] = ["scratch", "slide", "frozen", "same rate"];

/// The accuracies on test images, in the order of [`WAYS`].
type Accuracies = [f64; WAYS.len()];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1).map(PathBuf::from);
    let folder = given.clone().unwrap_or_else(|| std::env::temp_dir().join("kiln-transfer"));
    let file = |pair: (i32, i32)| folder.join(format!("model_A_{}_{}.h5", pair.0, pair.1));
    let data = datasets::fashion_mnist::load()?;
    if given.is_none() {
        std::fs::create_dir_all(&folder)?;
        for pair in PAIRS {
            train_a(&data, pair, &file(pair))?;
        }
    }
    println!("model A by {}", if given.is_some() { "Keras" } else { "Kiln" });
    println!("slide:     4 epochs frozen at 0.01, 16 thawed at 1e-4");
    println!("frozen:    20 epochs frozen at 0.01");
    println!("same rate: 4 epochs frozen, 16 thawed, all at 0.01");
    for (images, mixed) in [(200, false), (20, false), (200, true)] {
        println!("\n{images} images{}", if mixed { ", pixels in another order" } else { "" });
        let mut all = Vec::new();
        for pair in PAIRS {
            let mut task = Task::new(&data, pair)?;
            if mixed {
                task = task.mixed()?;
            }
            let results = (0..SEEDS).map(|seed| task.compare(&file(pair), images, seed));
            let results = results.collect::<Result<Vec<_>>>()?;
            report(&format!("{:>3} {:>3}", pair.0, pair.1), &results);
            all.push(results);
        }
        report("    all", &all.concat());
        for (way, name) in WAYS.iter().enumerate().skip(1) {
            let better =
                all.iter().filter(|results| differences(results, way).iter().sum::<f64>() > 0.0).count();
            println!("{name:>10}: better than scratch in the mean of {better} pairs of {}", PAIRS.len());
        }
    }
    Ok(())
}

fn differences(results: &[Accuracies], way: usize) -> Vec<f64> {
    results.iter().map(|accuracies| accuracies[way] - accuracies[0]).collect()
}

/// The mean accuracy of each way, and of its difference from the first: mean, deviation, how often it is above 0.
fn report(what: &str, results: &[Accuracies]) {
    let count = results.len() as f64;
    print!("{what}  {} {:.4}", WAYS[0], results.iter().map(|accuracies| accuracies[0]).sum::<f64>() / count);
    for (way, name) in WAYS.iter().enumerate().skip(1) {
        let found = differences(results, way);
        let mean = found.iter().sum::<f64>() / count;
        let squares: f64 = found.iter().map(|difference| (difference - mean).powi(2)).sum();
        let better = found.iter().filter(|difference| **difference > 0.0).count();
        let deviation = (squares / (count - 1.0)).sqrt();
        print!("  {name} {mean:+.4} ± {deviation:.4} ({better} of {count})");
    }
    println!();
}

fn hidden() -> Sequential {
    let model = Sequential::new().add(Flatten::new().input_shape([28, 28]));
    [300, 100, 50, 50, 50].into_iter().fold(model, |model, units| {
        model.add(Dense::new(units).activation("elu").kernel_initializer("he_normal"))
    })
}

/// Trains model A on the classes outside of the pair and saves it.
fn train_a(data: &FashionMnist, pair: (i32, i32), file: &Path) -> Result<()> {
    kiln::set_seed(42);
    let labels = data.train_y().to_labels();
    let others: Vec<i32> = (0..10).filter(|class| *class != pair.0 && *class != pair.1).collect();
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| others.contains(&labels[row])).collect();
    let new = |&row: &usize| others.iter().position(|class| *class == labels[row]).unwrap_or_default() as i32;
    let y = Tensor::new(rows.iter().map(new).collect::<Vec<_>>());
    let mut model = hidden().add(Dense::new(8).activation("softmax"));
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])?;
    model.fit(&data.train_x().take(rows.as_slice())?, &y).epochs(5).verbose(0).run()?;
    model.save(file)
}

/// Telling two classes apart.
struct Task {
    train: (Tensor, Tensor),
    test: (Tensor, Tensor),
}

impl Task {
    fn new(data: &FashionMnist, pair: (i32, i32)) -> Result<Self> {
        let of_pair = |x: Tensor, y: Tensor| -> Result<(Tensor, Tensor)> {
            let labels = y.to_labels();
            let rows: Vec<usize> =
                (0..labels.len()).filter(|&row| labels[row] == pair.0 || labels[row] == pair.1).collect();
            let second = |&row: &usize| if labels[row] == pair.1 { 1.0 } else { 0.0 };
            let y = Tensor::from_vec(rows.iter().map(second).collect(), [rows.len(), 1])?;
            Ok((x.take(rows.as_slice())?, y))
        };
        Ok(Self {
            train: of_pair(data.train_x(), data.train_y())?,
            test: of_pair(data.test_x(), data.test_y())?,
        })
    }

    /// The same task with all pixels in one other order.
    fn mixed(self) -> Result<Self> {
        let order = Generator::new(7).permutation(28 * 28);
        let mixed = |x: Tensor| -> Result<Tensor> {
            let count = x.shape()[0];
            x.cast(DType::Float32)
                .reshape([count, 784])?
                .transpose()?
                .take(order.as_slice())?
                .transpose()?
                .reshape([count, 28, 28])
        };
        Ok(Self { train: (mixed(self.train.0)?, self.train.1), test: (mixed(self.test.0)?, self.test.1) })
    }

    /// The accuracies on the test images, each way on the same few images.
    fn compare(&self, model_a: &Path, images: usize, seed: u64) -> Result<Accuracies> {
        kiln::set_seed(seed);
        let rows = &Generator::new(seed).permutation(self.train.0.shape()[0])[..images];
        let (x, y) = (self.train.0.take(rows)?, self.train.1.take(rows)?);
        let train = |model: &mut Sequential, optimizer: SGD, epochs: usize| -> Result<()> {
            model.compile(optimizer, "binary_crossentropy", ["accuracy"])?;
            model.fit(&x, &y).epochs(epochs).verbose(0).run()?;
            Ok(())
        };
        let mut scratch = hidden().add(Dense::new(1).activation("sigmoid"));
        train(&mut scratch, SGD::new(0.01), 20)?;

        let a = models::load(model_a)?;
        let transfer = |frozen: usize, rate: f64| -> Result<Sequential> {
            let mut b = a.slice(0..a.len() - 1).add(Dense::new(1).activation("sigmoid"));
            let n = b.len() - 1;
            for layer in b.layers_mut().take(n) {
                layer.set_trainable(false);
            }
            train(&mut b, SGD::new(0.01), frozen)?;
            for layer in b.layers_mut().take(n) {
                layer.set_trainable(true);
            }
            if frozen < 20 {
                train(&mut b, SGD::new(rate), 20 - frozen)?;
            }
            Ok(b)
        };
        let models = [scratch, transfer(4, 1e-4)?, transfer(20, 0.0)?, transfer(4, 0.01)?];
        let mut accuracies = [0.0; WAYS.len()];
        for (accuracy, mut model) in accuracies.iter_mut().zip(models) {
            model.compile("sgd", "binary_crossentropy", ["accuracy"])?;
            *accuracy = model.evaluate(&self.test.0, &self.test.1)?["accuracy"];
        }
        Ok(accuracies)
    }
}
