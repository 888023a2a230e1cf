//! The lecture's transfer learning on Fashion-MNIST, over ten pairs of classes and five seeds each.
//!
//! ```text
//! cargo run --release -p kiln --example transfer                 model A is trained and saved to .h5 by Kiln
//! cargo run --release -p kiln --example transfer -- FOLDER       model A comes from Keras: tests/oracle/transfer_models.py
//! ```
//!
//! Model A knows the eight other classes. Model B gets 200 images of the two, once from scratch, once on A's layers: frozen
//! for 4 epochs, then all for 16 with SGD 1e-4. Last, images whose pixels are shuffled, which have nothing in common with
//! what A has learned: the slide's warning.

use kiln::datasets::fashion_mnist::FashionMnist;
use kiln::prelude::*;
use kiln::random::Generator;
use std::path::{Path, PathBuf};

/// From shirts, which are hard to tell apart, to shoes, which are not.
const PAIRS: [(i32, i32); 10] =
    [(0, 6), (2, 4), (4, 6), (2, 6), (0, 3), (3, 4), (5, 7), (7, 9), (5, 9), (1, 3)];
const SEEDS: u64 = 5;
const IMAGES: usize = 200;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let data = datasets::fashion_mnist::load()?;
    println!("model A by {}", if folder.is_some() { "Keras" } else { "Kiln" });
    println!("{:>6} {:>6}  {:>8} {:>9} {:>11}  better", "", "", "scratch", "transfer", "difference");
    let mut all = Vec::new();
    for pair in PAIRS {
        let file = match &folder {
            Some(folder) => folder.join(format!("model_A_{}_{}.h5", pair.0, pair.1)),
            None => train_a(&data, pair)?,
        };
        let task = Task::new(&data, pair)?;
        let results = (0..SEEDS).map(|seed| task.compare(&file, seed)).collect::<Result<Vec<_>>>()?;
        report(&format!("{:>6} {:>6}", pair.0, pair.1), &results);
        all.extend(results);
    }
    report(&format!("{:>13}", "all"), &all);
    let mut shuffled = Vec::new();
    for pair in [PAIRS[0], PAIRS[6]] {
        let file = folder.clone().unwrap_or_else(std::env::temp_dir);
        let name = if folder.is_some() { "model_A" } else { "kiln-model_A" };
        let file = file.join(format!("{name}_{}_{}.h5", pair.0, pair.1));
        let task = Task::new(&data, pair)?.shuffled()?;
        let results = (0..SEEDS).map(|seed| task.compare(&file, seed)).collect::<Result<Vec<_>>>()?;
        report(&format!("{:>6} {:>6}", pair.0, pair.1), &results);
        shuffled.extend(results);
    }
    report(&format!("{:>13}", "pixels mixed"), &shuffled);
    Ok(())
}

/// The accuracies of (scratch, transfer), their mean difference and its deviation, and how often transfer is better.
fn report(what: &str, results: &[(f64, f64)]) {
    let count = results.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| results.iter().map(of).sum::<f64>() / count;
    let difference = mean(|(scratch, transfer)| transfer - scratch);
    let squares =
        results.iter().map(|(scratch, transfer)| (transfer - scratch - difference).powi(2)).sum::<f64>();
    let better = results.iter().filter(|(scratch, transfer)| transfer > scratch).count();
    println!(
        "{what}  {:>8.4} {:>9.4} {difference:>+7.4}±{:.4}  {better} of {}",
        mean(|result| result.0),
        mean(|result| result.1),
        (squares / (count - 1.0).max(1.0)).sqrt(),
        results.len()
    );
}

fn hidden() -> Sequential {
    let model = Sequential::new().add(Flatten::new().input_shape([28, 28]));
    [300, 100, 50, 50, 50].into_iter().fold(model, |model, units| {
        model.add(Dense::new(units).activation("elu").kernel_initializer("he_normal"))
    })
}

/// Trains model A on the classes outside of the pair and saves it.
fn train_a(data: &FashionMnist, pair: (i32, i32)) -> Result<PathBuf> {
    kiln::set_seed(42);
    let labels = data.train_y().to_labels();
    let others: Vec<i32> = (0..10).filter(|class| *class != pair.0 && *class != pair.1).collect();
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| others.contains(&labels[row])).collect();
    let new = |&row: &usize| others.iter().position(|class| *class == labels[row]).unwrap_or_default() as i32;
    let y = Tensor::new(rows.iter().map(new).collect::<Vec<_>>());
    let mut model = hidden().add(Dense::new(8).activation("softmax"));
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])?;
    model.fit(&data.train_x().take(rows.as_slice())?, &y).epochs(5).verbose(0).run()?;
    let file = std::env::temp_dir().join(format!("kiln-model_A_{}_{}.h5", pair.0, pair.1));
    model.save(&file)?;
    Ok(file)
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
    fn shuffled(self) -> Result<Self> {
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

    /// The accuracies on the test images from scratch and by transfer, on the same 200 images.
    fn compare(&self, model_a: &Path, seed: u64) -> Result<(f64, f64)> {
        kiln::set_seed(seed);
        let rows = &Generator::new(seed).permutation(self.train.0.shape()[0])[..IMAGES];
        let (x, y) = (self.train.0.take(rows)?, self.train.1.take(rows)?);
        let loss = "binary_crossentropy";

        let mut scratch = hidden().add(Dense::new(1).activation("sigmoid"));
        scratch.compile("sgd", loss, ["accuracy"])?;
        scratch.fit(&x, &y).epochs(20).verbose(0).run()?;

        let a = models::load(model_a)?;
        let mut b = a.slice(0..a.len() - 1).add(Dense::new(1).activation("sigmoid"));
        let n = b.len() - 1;
        for layer in b.layers_mut().take(n) {
            layer.set_trainable(false);
        }
        b.compile("sgd", loss, ["accuracy"])?;
        b.fit(&x, &y).epochs(4).verbose(0).run()?;
        for layer in b.layers_mut().take(n) {
            layer.set_trainable(true);
        }
        b.compile(SGD::new(1e-4), loss, ["accuracy"])?;
        b.fit(&x, &y).epochs(16).verbose(0).run()?;

        let accuracy = |model: &mut Sequential| -> Result<f64> {
            Ok(model.evaluate(&self.test.0, &self.test.1)?["accuracy"])
        };
        Ok((accuracy(&mut scratch)?, accuracy(&mut b)?))
    }
}
