//! A model saved while it trains.

use super::monitor::Monitor;
use super::python;
use super::shared::Shared;
use super::{Callback, Logs, MonitorMode};
use crate::config::OneOf;
use crate::models::Sequential;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Saves the model behind each epoch, behind every so many batches, or only when a watched number is better than ever.
///
/// The path may hold placeholders as in Python: `{epoch:02d}` (from 1), `{batch}` (from 1, with
/// [`save_freq`](Self::save_freq)) and the name of each number of the logs, as in `{val_loss:.2f}`. It ends with
/// `.keras` or `.h5`; with [`save_weights_only`](Self::save_weights_only) it ends with `.weights.h5`. Folders that are
/// missing are made. Clones share what they find.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile(SGD::new(0.1), "mse", ())?;
/// let folder = std::env::temp_dir().join("kiln-checkpoints");
/// let best = ModelCheckpoint::new(folder.join("best-{epoch:02d}.keras")).monitor("loss").save_best_only(true);
/// model.fit(&x, &y).epochs(3).callback(best.clone()).verbose(0).run()?;
/// assert!(best.saved()[2].ends_with("best-03.keras"));
/// assert!(best.best() < Some(1.0));
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ModelCheckpoint {
    filepath: String,
    monitor: Monitor,
    verbose: bool,
    save_best_only: bool,
    save_weights_only: bool,
    save_freq: Result<SaveFreq>,
    initial_value_threshold: Option<f64>,
    write: fn(&Sequential, &Path, bool) -> Result<()>,
    state: Shared<State>,
}

/// When a [`ModelCheckpoint`] saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveFreq {
    /// Behind each epoch.
    Epoch,
    /// Behind every so many batches, counted over the epochs.
    Batches(usize),
}

/// What [`ModelCheckpoint::save_freq`] takes: a number of batches, `epoch`, or a [`SaveFreq`].
pub trait IntoSaveFreq {
    /// When it saves.
    ///
    /// # Errors
    /// For an unknown name, and for 0.
    fn into_save_freq(self) -> Result<SaveFreq>;
}

impl IntoSaveFreq for SaveFreq {
    fn into_save_freq(self) -> Result<SaveFreq> {
        match self {
            Self::Batches(0) => Err(Error::argument("save_freq must be at least 1, but is 0")),
            other => Ok(other),
        }
    }
}

impl IntoSaveFreq for usize {
    fn into_save_freq(self) -> Result<SaveFreq> {
        SaveFreq::Batches(self).into_save_freq()
    }
}

impl IntoSaveFreq for &str {
    fn into_save_freq(self) -> Result<SaveFreq> {
        match self {
            "epoch" => Ok(SaveFreq::Epoch),
            _ => Err(Error::unknown_name("save_freq", self, ["epoch", "or a number of batches"])),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    best: Option<f64>,
    epoch: usize,
    batches: usize,
    saved: Vec<PathBuf>,
    warned: bool,
}

impl ModelCheckpoint {
    /// Saves to this path behind each epoch; it watches `val_loss` where that matters.
    pub fn new(filepath: impl AsRef<Path>) -> Self {
        Self {
            filepath: filepath.as_ref().display().to_string(),
            monitor: Monitor::new("val_loss"),
            verbose: false,
            save_best_only: false,
            save_weights_only: false,
            save_freq: Ok(SaveFreq::Epoch),
            initial_value_threshold: None,
            write: WRITE,
            state: Shared::default(),
        }
    }

    /// Which number of the logs is watched.
    pub fn monitor(mut self, name: &str) -> Self {
        self.monitor.name = name.into();
        self
    }

    /// Whether it says on standard output what it does; false by default.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Whether it saves only when the number is better than at all savings before; false by default.
    pub fn save_best_only(mut self, best_only: bool) -> Self {
        self.save_best_only = best_only;
        self
    }

    /// Whether only the weights are saved; false by default.
    pub fn save_weights_only(mut self, weights_only: bool) -> Self {
        self.save_weights_only = weights_only;
        self
    }

    /// Which way is better, by value or by name (`min`, `max`, `auto`); by the metric by default.
    pub fn mode(mut self, mode: impl OneOf<MonitorMode>) -> Self {
        self.monitor.mode = mode.value();
        self
    }

    /// When it saves: `"epoch"` (the default) or every so many batches, counted over the epochs.
    pub fn save_freq(mut self, freq: impl IntoSaveFreq) -> Self {
        self.save_freq = freq.into_save_freq();
        self
    }

    /// What the number must be better than for the first saving; nothing by default.
    pub fn initial_value_threshold(mut self, threshold: f64) -> Self {
        self.initial_value_threshold = Some(threshold);
        self
    }

    /// The best number so far. A new training goes on from it, as in Keras.
    pub fn best(&self) -> Option<f64> {
        self.state.lock().best.or(self.initial_value_threshold)
    }

    /// The paths that it saved to, in their order.
    pub fn saved(&self) -> Vec<PathBuf> {
        self.state.lock().saved.clone()
    }

    fn check(&self) -> Result<()> {
        self.monitor.check("ModelCheckpoint")?;
        self.save_freq.clone().map_err(|error| error.in_context("ModelCheckpoint"))?;
        let endings: &[&str] = if self.save_weights_only { &[".weights.h5"] } else { &[".keras", ".h5"] };
        if endings.iter().any(|ending| self.filepath.ends_with(ending)) {
            return Ok(());
        }
        let what = if self.save_weights_only { "with save_weights_only the path" } else { "the path" };
        Err(Error::argument(format!(
            "ModelCheckpoint: {what} must end with {}, but is `{}`",
            endings.join(" or "),
            self.filepath
        )))
    }

    /// Saves where it is time, and tells what it says.
    fn save(&self, epoch: usize, batch: Option<usize>, logs: &Logs, model: &Sequential) -> Result<String> {
        let path = python::format(&self.filepath, |name| match (name, batch) {
            ("epoch", _) => Some(python::Number::Integer(epoch as i64 + 1)),
            ("batch", Some(batch)) => Some(python::Number::Integer(batch as i64 + 1)),
            _ => logs.get(name).map(python::Number::Float),
        });
        let path = path.map_err(|error| error.in_context("ModelCheckpoint"))?;
        let mut said = String::new();
        let (epoch, name) = (epoch + 1, &self.monitor.name);
        if !self.save_best_only {
            said += &format!("\nEpoch {epoch}: saving model to {path}\n");
        } else if let Some(current) = logs.get(name) {
            let best = self.best();
            let shown = best.map_or("None".to_string(), |best| format!("{best:.5}"));
            if !self.monitor.improves(model, current, best) {
                return Ok(said + &format!("\nEpoch {epoch}: {name} did not improve from {shown}\n"));
            }
            self.state.lock().best = Some(current);
            said += &format!(
                "\nEpoch {epoch}: {name} improved from {shown} to {current:.5}, saving model to {path}\n"
            );
        } else if !std::mem::replace(&mut self.state.lock().warned, true) {
            eprintln!("Can save best model only with {name} available.");
        }
        let path = PathBuf::from(path);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|error| Error::file(format!("ModelCheckpoint: `{}`: {error}", folder.display())))?;
        }
        (self.write)(model, &path, self.save_weights_only)
            .map_err(|error| error.in_context("ModelCheckpoint"))?;
        said += &format!("\nEpoch {epoch}: finished saving model to {}\n", path.display());
        self.state.lock().saved.push(path);
        Ok(said)
    }

    fn say(&self, text: &str) {
        if self.verbose {
            print!("{text}");
        }
    }
}

impl Callback for ModelCheckpoint {
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        self.check()
    }

    fn on_epoch_begin(&mut self, epoch: usize, _model: &mut Sequential) -> Result<()> {
        self.state.lock().epoch = epoch;
        Ok(())
    }

    fn on_train_batch_end(&mut self, batch: usize, model: &mut Sequential) -> Result<()> {
        let Ok(SaveFreq::Batches(every)) = self.save_freq else { return Ok(()) };
        let epoch = {
            let mut state = self.state.lock();
            state.batches += 1;
            if state.batches < every {
                return Ok(());
            }
            state.batches = 0;
            state.epoch
        };
        let said = self.save(epoch, Some(batch), &model.running_logs(), model)?;
        self.say(&said);
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, model: &mut Sequential) -> Result<()> {
        if matches!(self.save_freq, Ok(SaveFreq::Epoch)) {
            let said = self.save(epoch, None, logs, model)?;
            self.say(&said);
        }
        Ok(())
    }
}

/// How a model is written; tests of what is decided put another function in its place.
const WRITE: fn(&Sequential, &Path, bool) -> Result<()> =
    |model, path, weights_only| if weights_only { model.save_weights(path) } else { model.save(path) };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use serde_json::Value;

    /// The same paths, and the same words, for the courses of `tests/oracle/callbacks.py`.
    #[test]
    fn it_saves_when_keras_does_and_where() {
        let packed = include_bytes!("../../../tests/fixtures/callbacks.json.gz");
        let fixture: Value =
            serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_slice())).unwrap();
        let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
        model.compile("sgd", "mse", ["accuracy"]).unwrap();
        let mut seen = 0;
        for case in fixture["cases"].as_array().unwrap() {
            if case["callback"] != "ModelCheckpoint" {
                continue;
            }
            let (config, monitor) = (&case["config"], case["monitor"].as_str().unwrap());
            let mut callback = ModelCheckpoint::new(case["filepath"].as_str().unwrap()).monitor(monitor);
            callback.write = |_, _, _| Ok(());
            callback = callback.save_best_only(config["save_best_only"] == true);
            if let Some(mode) = config["mode"].as_str() {
                callback = callback.mode(mode);
            }
            if let Some(threshold) = config["initial_value_threshold"].as_f64() {
                callback = callback.initial_value_threshold(threshold);
            }
            let every = config["save_freq"].as_u64();
            if let Some(every) = every {
                callback = callback.save_freq(every as usize);
            }
            callback.on_train_begin(&mut model).unwrap();
            let (mut said, mut batches) = (String::new(), 0);
            let course = &fixture["courses"][case["course"].as_str().unwrap()];
            for (epoch, number) in course.as_array().unwrap().iter().enumerate() {
                let mut logs = Logs::default();
                logs.insert(monitor, number.as_f64().unwrap());
                for batch in 0..2 {
                    batches += 1;
                    if every.is_some_and(|every| batches == every) {
                        batches = 0;
                        said += &callback.save(epoch, Some(batch), &logs, &model).unwrap();
                    }
                }
                if every.is_none() {
                    said += &callback.save(epoch, None, &logs, &model).unwrap();
                }
            }
            let paths: Vec<String> = callback.saved().iter().map(|path| path.display().to_string()).collect();
            let theirs: Vec<&str> =
                case["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
            assert_eq!(paths, theirs, "{config} {}", case["course"]);
            assert_eq!(said, case["said"].as_str().unwrap(), "{config} {}", case["course"]);
            seen += 1;
        }
        assert!(seen > 30);
    }

    #[test]
    fn paths_that_cannot_be_are_named() {
        let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
        model.compile("sgd", "mse", ()).unwrap();
        let mut error = |mut callback: ModelCheckpoint| {
            let begin = callback.on_train_begin(&mut model);
            let end = || callback.save(0, None, &Logs::default(), &model).map(|_| ());
            begin.and_then(|()| end()).unwrap_err().to_string()
        };
        assert!(error(ModelCheckpoint::new("a.npz")).contains(".keras or .h5"));
        assert!(error(ModelCheckpoint::new("a.keras").save_weights_only(true)).contains(".weights.h5"));
        assert!(error(ModelCheckpoint::new("a.h5").save_freq("batch")).contains("epoch"));
        assert!(error(ModelCheckpoint::new("{val_loss:.2f}.keras")).contains("val_loss"));
        assert!(error(ModelCheckpoint::new("{epoch:%}.keras")).contains("{epoch:%}"));
    }
}
