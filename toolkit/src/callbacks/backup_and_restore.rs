//! A training that goes on after the process has died.

use super::model_checkpoint::{IntoSaveFreq, SaveFreq};
use super::{Callback, Logs};
use crate::models::{OptimizerReport, Resumed, Sequential};
use crate::notebook;
use crate::saving::{read_json, write_file};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What tells where a training is, in the folder.
const STATE: &str = "training_metadata.json";

/// Keeps a training's state in a folder, so that the same `fit`, run again after a crash, goes on where it stopped.
///
/// Behind each epoch the weights, the optimizer's state, the number of the epoch and the seeds are written. The next `fit`
/// with this folder takes them up: it begins with the next epoch, and its numbers are those of a training that was never
/// interrupted, to the bit (Keras shuffles otherwise after a restart). What other callbacks remember begins anew, as in
/// Keras, and the history holds the epochs from there on. When the training ends, its files are removed; a reader's
/// interruption leaves them. Each is written in one step, so that there is no need of Keras's `double_checkpoint`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let folder = std::env::temp_dir().join("kiln-doc-backup");
/// let (x, y) = (Tensor::linspace(-1.0, 1.0, 32).reshape([32, 1])?, Tensor::ones([32, 1]));
/// let mut model = Sequential::new().seed(1).add(Dense::new(1).input_shape([1]));
/// model.compile(Adam::new(0.01), "mse", ())?;
/// model.fit(&x, &y).epochs(3).callback(BackupAndRestore::new(&folder).delete_checkpoint(false)).verbose(0).run()?;
///
/// // As after a crash: another model, whose training goes on with epoch 3.
/// let mut again = Sequential::new().add(Dense::new(1).input_shape([1]));
/// again.compile(Adam::new(0.01), "mse", ())?;
/// let history = again.fit(&x, &y).epochs(5).callback(BackupAndRestore::new(&folder)).verbose(0).run()?;
/// assert_eq!(history.epochs(), [3, 4]);
/// assert_eq!(again.optimizer_state()?.iterations(), 5);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BackupAndRestore {
    folder: PathBuf,
    save_freq: Result<SaveFreq>,
    delete_checkpoint: bool,
    epoch: usize,
    batches: usize,
    /// The present weights' file.
    weights: Option<String>,
}

impl BackupAndRestore {
    /// Keeps the state in this folder, behind each epoch. It is made where it is missing, and is for one training alone.
    pub fn new(backup_dir: impl AsRef<Path>) -> Self {
        Self {
            folder: backup_dir.as_ref().to_path_buf(),
            save_freq: Ok(SaveFreq::Epoch),
            delete_checkpoint: true,
            epoch: 0,
            batches: 0,
            weights: None,
        }
    }

    /// When it saves: `"epoch"` (the default) or every so many batches, counted over the epochs. A training that was
    /// saved within an epoch begins that epoch anew, with the weights of then, as in Keras.
    pub fn save_freq(mut self, freq: impl IntoSaveFreq) -> Self {
        self.save_freq = freq.into_save_freq();
        self
    }

    /// Whether the files are removed when the training has ended; true by default.
    pub fn delete_checkpoint(mut self, delete: bool) -> Self {
        self.delete_checkpoint = delete;
        self
    }

    fn state(&self) -> PathBuf {
        self.folder.join(STATE)
    }

    fn restore(&mut self, model: &mut Sequential) -> Result<()> {
        let state = self.state();
        let Some(value) = read_json(&state)? else { return Ok(()) };
        let wrong = || {
            Error::file(format!("{}: it tells no epoch, seeds and weights", state.display()))
                .with_help("remove the folder, then the training begins anew")
        };
        let number = |key: &str| value.get(key).and_then(Value::as_u64).ok_or_else(wrong);
        let epoch = usize::try_from(number("epoch")?).map_err(|_| wrong())?;
        let (order, seed) = (number("order_seed")?, number("model_seed")?);
        let file = value.get("weights").and_then(Value::as_str).ok_or_else(wrong)?;
        // Only a file of this folder: the name comes out of a file.
        if file.contains(['/', '\\']) || !file.ends_with(".weights.h5") {
            return Err(wrong());
        }
        let report = model.load_weights(self.folder.join(file))?;
        if *report.optimizer() != OptimizerReport::Restored {
            return Err(Error::state(format!(
                "{}: it is the state of another optimizer",
                self.folder.display()
            ))
            .with_help("remove the folder, then the training begins anew"));
        }
        // What the file rounds to 32 bits.
        let rate = value.get("learning_rate_bits").and_then(Value::as_u64).map(f64::from_bits);
        let shared = f64::from_bits(number("shared_bits")?);
        model.optimizer_state_mut()?.set_exact((rate, shared));
        model.resume(Resumed { epoch, order, seed });
        (self.epoch, self.weights) = (epoch, Some(file.into()));
        Ok(())
    }

    /// First the weights under a new name, then in one step the state that names them: whenever the process dies, one fits
    /// the other.
    fn save(&mut self, model: &Sequential) -> Result<()> {
        let failed = |error: std::io::Error| Error::file(format!("{}: {error}", self.folder.display()));
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let step = model.optimizer_state()?.iterations();
        let name = format!("step-{step}.weights.h5");
        model.save_weights(self.folder.join(&name))?;
        let seeds = model.training_seeds();
        let (rate, shared) = model.optimizer_state()?.exact();
        let state = json!({
            "epoch": self.epoch, "batch": self.batches, "order_seed": seeds.order, "model_seed": seeds.seed, "weights": name,
            "learning_rate_bits": rate.map(f64::to_bits), "shared_bits": shared.to_bits(),
        });
        write_file(&self.state(), state.to_string().as_bytes())?;
        if let Some(old) = self.weights.replace(name.clone()).filter(|old| *old != name) {
            let _ = fs::remove_file(self.folder.join(old));
        }
        Ok(())
    }
}

impl Callback for BackupAndRestore {
    fn on_train_begin(&mut self, model: &mut Sequential) -> Result<()> {
        self.save_freq.clone().map_err(|error| error.in_context("BackupAndRestore"))?;
        (self.epoch, self.batches, self.weights) = (0, 0, None);
        self.restore(model).map_err(|error| error.in_context("BackupAndRestore"))
    }

    fn on_epoch_begin(&mut self, epoch: usize, _model: &mut Sequential) -> Result<()> {
        self.epoch = epoch;
        Ok(())
    }

    fn on_train_batch_end(&mut self, _batch: usize, model: &mut Sequential) -> Result<()> {
        let Ok(SaveFreq::Batches(every)) = self.save_freq else { return Ok(()) };
        self.batches += 1;
        if self.batches.is_multiple_of(every) {
            self.save(model).map_err(|error| error.in_context("BackupAndRestore"))?;
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, _logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        // An epoch that the reader has interrupted is not over: the state of the last whole one stays.
        if notebook::interrupted() {
            return Ok(());
        }
        self.epoch = epoch + 1;
        if matches!(self.save_freq, Ok(SaveFreq::Epoch)) {
            self.save(model).map_err(|error| error.in_context("BackupAndRestore"))?;
        }
        Ok(())
    }

    fn on_train_end(&mut self, _model: &mut Sequential) -> Result<()> {
        if !self.delete_checkpoint || notebook::interrupted() {
            return Ok(());
        }
        // The state first: without it, weights mean nothing. A process that died while it saved has left some behind.
        let _ = fs::remove_file(self.state());
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("step-") && name.ends_with(".weights.h5") {
                let _ = fs::remove_file(entry.path());
            }
        }
        self.weights = None;
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// A training that dies: in this epoch, at its begin.
    struct Dies(usize);

    impl Callback for Dies {
        fn on_epoch_begin(&mut self, epoch: usize, _model: &mut Sequential) -> Result<()> {
            if epoch == self.0 { Err(Error::state("power failure")) } else { Ok(()) }
        }
    }

    fn model(seed: u64) -> Result<Sequential> {
        let mut model = Sequential::new()
            .seed(seed)
            .add(Dense::new(8).activation("elu").input_shape([4]))
            .add(BatchNormalization::new())
            .add(Dropout::new(0.3))
            .add(Dense::new(3).activation("softmax"));
        model.compile(Nadam::new(0.01), "sparse_categorical_crossentropy", ["accuracy"])?;
        Ok(model)
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("kiln-backup-{name}-{}", std::process::id()))
    }

    /// After a crash, a new process with other seeds comes to the same weights, to the bit: order of the samples, masks,
    /// statistics and the optimizer's state go on.
    #[test]
    fn a_training_that_died_goes_on_as_if_it_had_not() -> Result<()> {
        let x = Tensor::linspace(-2.0, 2.0, 200).reshape([50, 4])?;
        let y = Tensor::new((0..50).map(|row| row * 7 % 3).collect::<Vec<_>>());
        for steps in [None, Some(3)] {
            let folder = folder(&format!("{steps:?}"));
            let run = |model: &mut Sequential, seed: u64, dies: usize, backup: bool| {
                let mut fit =
                    model.fit(&x, &y).epochs(6).batch_size(8).validation_split(0.1).verbose(0).seed(seed);
                if let Some(steps) = steps {
                    fit = fit.steps_per_epoch(steps);
                }
                if backup {
                    fit = fit.callback(BackupAndRestore::new(&folder));
                }
                fit.callback(Dies(dies)).run()
            };
            let mut whole = model(1)?;
            let history = run(&mut whole, 2, 9, false)?;
            assert!(run(&mut model(1)?, 2, 4, true).is_err());
            assert_eq!(
                fs::read_dir(&folder).map_or(0, Iterator::count),
                2,
                "the state and one file of weights"
            );
            let mut resumed = model(100)?;
            let rest = run(&mut resumed, 200, 9, true)?;
            assert_eq!(rest.epochs(), [4, 5]);
            assert_eq!(rest.get("loss"), history.get("loss")[4..]);
            for (got, want) in resumed.get_weights()?.iter().zip(whole.get_weights()?) {
                assert_eq!(got.to_vec(), want.to_vec());
            }
            assert!(!folder.exists(), "a training that ended leaves nothing");
        }
        Ok(())
    }

    /// Saved every five batches of an epoch of seven, a training that died at the begin of its third epoch (behind batch 14)
    /// has the weights behind batch 10, and begins the second epoch anew with them. Weights whose state was not written any
    /// more go too.
    #[test]
    fn a_state_within_an_epoch_begins_that_epoch_anew() -> Result<()> {
        let folder = folder("batches");
        let x = Tensor::linspace(-2.0, 2.0, 200).reshape([50, 4])?;
        let y = Tensor::new((0..50).map(|row| row % 3).collect::<Vec<_>>());
        let run = |model: &mut Sequential, dies: usize| {
            let backup = BackupAndRestore::new(&folder).save_freq(5);
            model
                .fit(&x, &y)
                .epochs(4)
                .batch_size(8)
                .verbose(0)
                .seed(3)
                .callback(backup)
                .callback(Dies(dies))
                .run()
        };
        assert!(run(&mut model(1)?, 2).is_err());
        assert!(folder.join("step-10.weights.h5").exists());
        write_file(&folder.join("step-15.weights.h5"), b"cut off")?;
        let mut resumed = model(1)?;
        let history = run(&mut resumed, 9)?;
        assert_eq!(history.epochs(), [1, 2, 3]);
        assert_eq!(resumed.optimizer_state()?.iterations(), 10 + 3 * 7);
        assert!(!folder.exists());
        Ok(())
    }

    /// A state that was damaged, or leads elsewhere, is an error that names it.
    #[test]
    fn a_damaged_state_is_named() -> Result<()> {
        let folder = folder("damaged");
        let _ = fs::create_dir_all(&folder);
        let (x, y) = (Tensor::zeros([8, 4]), Tensor::new([0, 1, 2, 0, 1, 2, 0, 1]));
        for text in [
            "{",
            "{\"epoch\": 1}",
            "{\"epoch\": 1, \"order_seed\": 1, \"model_seed\": 1, \"weights\": \"../a.weights.h5\"}",
        ] {
            write_file(&folder.join(STATE), text.as_bytes())?;
            let error = model(1)?
                .fit(&x, &y)
                .callback(BackupAndRestore::new(&folder))
                .verbose(0)
                .run()
                .unwrap_err()
                .to_string();
            assert!(error.contains("BackupAndRestore") && error.contains(STATE), "{error}");
        }
        let _ = fs::remove_dir_all(folder);
        let error = model(1)?.fit(&x, &y).callback(BackupAndRestore::new("x").save_freq(0)).verbose(0).run();
        assert!(error.unwrap_err().to_string().contains("save_freq must be at least 1"));
        Ok(())
    }
}
