//! A small grid search.

use crate::callbacks::{Logs, MonitorMode, Progress, Verbosity};
use crate::config::OneOf;
use crate::models::{History, Scores};
use crate::notebook;
use crate::table::{Cell, Table};
use crate::{Error, Result};
use std::fmt;
use std::io::IsTerminal;

/// Tries every combination of some hyper-parameters.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let x = Tensor::linspace(-1.0, 1.0, 64).reshape([64, 1])?;
/// let y = x.square();
/// let search = GridSearch::new()
///     .over("learning_rate", [0.01, 0.3])
///     .over("units", [2, 16])
///     .over("activation", ["tanh", "relu"])
///     .seed(1)
///     .verbose(0)
///     .run(|point| {
///         let mut model = Sequential::new()
///             .add(Dense::new(point.count("units")?).activation(point.text("activation")?).input_shape([1]))
///             .add(Dense::new(1));
///         model.compile(SGD::new(point.number("learning_rate")?), "mse", ())?;
///         model.fit(&x, &y).epochs(5).validation_split(0.25).verbose(0).run()
///     })?;
/// assert_eq!(search.trials().len(), 8);
/// let best = search.best().expect("there is one");
/// assert!(search.trials().iter().all(|trial| best.score("val_loss") <= trial.score("val_loss")));
/// println!("{}", search.to_table()); // as the last expression of a cell, `search` shows it
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is tried before .run(..)?"]
pub struct GridSearch {
    axes: Vec<(String, Vec<Value>)>,
    rank_by: Option<String>,
    mode: Result<MonitorMode>,
    seed: Option<u64>,
    verbosity: Verbosity,
}

impl GridSearch {
    /// A search over nothing yet.
    pub fn new() -> Self {
        Self {
            axes: Vec::new(),
            rank_by: None,
            mode: Ok(MonitorMode::Auto),
            seed: None,
            verbosity: Verbosity::Bar,
        }
    }

    /// Tries each of these values (numbers, whole numbers, texts, or truth values) of a hyper-parameter; the last one
    /// that is added changes fastest.
    pub fn over<V: Into<Value>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.axes.push((name.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Which score ranks the trials; without it `val_loss`, else `loss`, else the first one.
    pub fn rank_by(mut self, score: impl Into<String>) -> Self {
        self.rank_by = Some(score.into());
        self
    }

    /// Which way is better, by value or by name (`min`, `max`, `auto`); by the score's name by default: larger for
    /// `score`, accuracies and the like, smaller for losses and errors.
    pub fn mode(mut self, mode: impl OneOf<MonitorMode>) -> Self {
        self.mode = mode.value();
        self
    }

    /// Calls [`set_seed`](crate::set_seed) with this before each trial, so that no trial depends on those before it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How much is said: 0 nothing, 1 a progress bar (the default).
    pub fn verbose(mut self, level: u8) -> Self {
        self.verbosity = if level == 0 { Verbosity::Silent } else { Verbosity::Bar };
        self
    }

    /// Calls `trial` with each combination. It returns the scores: a number, the [`History`] of a training (its last
    /// epoch counts), or the [`Scores`] of an evaluation.
    ///
    /// When the reader of a notebook interrupts, it returns the trials that were finished.
    ///
    /// # Errors
    /// That of a trial, with its combination; for an empty or doubled hyper-parameter; for a ranking by an unknown score.
    pub fn run<S: IntoScores>(self, mut trial: impl FnMut(&Point) -> Result<S>) -> Result<Search> {
        let mode = self.check()?;
        let count: usize = self.axes.iter().map(|(_, values)| values.len()).product();
        let mut progress = Progress::new(self.verbosity, 1, count);
        let shown =
            self.verbosity != Verbosity::Silent && (notebook::is_live() || std::io::stdout().is_terminal());
        let mut search =
            Search { trials: Vec::new(), ranked: Vec::new(), rank_by: String::new(), interrupted: false };
        for index in 0..count {
            let point = self.point(index);
            if let Some(seed) = self.seed {
                crate::set_seed(seed);
            }
            if !notebook::interrupted() {
                let scores =
                    trial(&point).map_err(|error| error.in_context(format_args!("trial {point}")))?;
                // What an interruption has cut short is no trial.
                if !notebook::interrupted() {
                    search.trials.push(Trial { point, scores: scores.into_scores() });
                    search.rank(self.rank_by.as_deref(), mode)?;
                }
            }
            if notebook::interrupted() {
                search.interrupted = true;
                break;
            }
            if shown && index + 1 < count {
                progress.draw(index + 1, &search.best_so_far());
            }
        }
        progress.epoch_ends(search.trials.len(), &search.best_so_far());
        Ok(search)
    }

    fn check(&self) -> Result<MonitorMode> {
        for (at, (name, values)) in self.axes.iter().enumerate() {
            if values.is_empty() {
                return Err(Error::argument(format!("grid search: `{name}` has no value to try")));
            }
            if self.axes[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::argument(format!("grid search: `{name}` is there twice")));
            }
        }
        if self.axes.is_empty() {
            return Err(Error::argument("grid search: there is nothing to try")
                .with_help("add hyper-parameters: .over(\"learning_rate\", [0.01, 0.1])"));
        }
        self.mode.clone().map_err(|error| error.in_context("grid search"))
    }

    fn point(&self, index: usize) -> Point {
        let mut rest = index;
        let mut values: Vec<(String, Value)> = Vec::new();
        for (name, all) in self.axes.iter().rev() {
            values.push((name.clone(), all[rest % all.len()].clone()));
            rest /= all.len();
        }
        values.reverse();
        Point(values)
    }
}

impl Default for GridSearch {
    fn default() -> Self {
        Self::new()
    }
}

/// A value of a hyper-parameter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A text, such as the name of an activation.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

macro_rules! values {
    ($($type:ty: $from:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                $from(value)
            }
        }
    )*};
}

values! {
    f64: Value::Number;
    i64: Value::Integer;
    i32: |value: i32| Value::Integer(value.into());
    usize: |value| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    &str: |value: &str| Value::Text(value.into());
    String: Value::Text;
    bool: Value::Flag;
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Flag(value) => value.fmt(f),
        }
    }
}

/// One combination of hyper-parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Point(Vec<(String, Value)>);

impl Point {
    /// The value of this hyper-parameter.
    ///
    /// # Errors
    /// For an unknown name; so with the methods below, which also report a value of another kind.
    pub fn get(&self, name: &str) -> Result<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value).ok_or_else(|| {
            Error::unknown_name("hyper-parameter", name, self.0.iter().map(|(known, _)| known.as_str()))
        })
    }

    /// A number, such as a learning rate.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn number(&self, name: &str) -> Result<f64> {
        match self.get(name)? {
            Value::Number(value) => Ok(*value),
            Value::Integer(value) => Ok(*value as f64),
            other => Err(not_a("number", name, other)),
        }
    }

    /// A whole number of at least 0, such as a number of units.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self, name: &str) -> Result<usize> {
        match self.get(name)? {
            Value::Integer(value) if *value >= 0 => Ok(*value as usize),
            other => Err(not_a("whole number of at least 0", name, other)),
        }
    }

    /// A text, such as the name of an activation.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn text(&self, name: &str) -> Result<&str> {
        match self.get(name)? {
            Value::Text(value) => Ok(value),
            other => Err(not_a("text", name, other)),
        }
    }

    /// Yes or no.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name)? {
            Value::Flag(value) => Ok(*value),
            other => Err(not_a("truth value", name, other)),
        }
    }

    /// The names and values, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

fn not_a(kind: &str, name: &str, value: &Value) -> Error {
    Error::argument(format!("the hyper-parameter `{name}` is no {kind}, but {value}"))
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name} = {value}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// What a trial may return.
pub trait IntoScores {
    /// The scores by name.
    fn into_scores(self) -> Logs;
}

impl IntoScores for f64 {
    fn into_scores(self) -> Logs {
        let mut logs = Logs::default();
        logs.insert("score", self);
        logs
    }
}

impl IntoScores for Logs {
    fn into_scores(self) -> Logs {
        self
    }
}

impl IntoScores for Scores {
    fn into_scores(self) -> Logs {
        let mut logs = Logs::default();
        self.iter().for_each(|(name, value)| logs.insert(name, value));
        logs
    }
}

impl IntoScores for History {
    fn into_scores(self) -> Logs {
        let mut logs = Logs::default();
        for name in self.names() {
            if let Some(&last) = self.get(name).last() {
                logs.insert(name, last);
            }
        }
        logs
    }
}

/// A combination that was tried, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    point: Point,
    scores: Logs,
}

impl Trial {
    /// The combination.
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// The score of this name.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name)
    }

    /// All scores.
    pub fn scores(&self) -> &Logs {
        &self.scores
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.point.fmt(f)?;
        self.scores.iter().try_for_each(|(name, value)| write!(f, " - {name}: {value:.4}"))
    }
}

/// What a [`GridSearch`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    trials: Vec<Trial>,
    /// The numbers of the trials, the best first.
    ranked: Vec<usize>,
    rank_by: String,
    interrupted: bool,
}

impl Search {
    /// The trials in the order in which they ran.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The best trial; `None` where an interruption came before the first was finished.
    pub fn best(&self) -> Option<&Trial> {
        self.ranked.first().map(|&index| &self.trials[index])
    }

    /// The trials from the best to the worst; a score that is NaN comes last.
    pub fn ranked(&self) -> Vec<&Trial> {
        self.ranked.iter().map(|&index| &self.trials[index]).collect()
    }

    /// The score that ranks them.
    pub fn ranked_by(&self) -> &str {
        &self.rank_by
    }

    /// Whether the reader of the notebook interrupted the search.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// A row a trial, the best first: its rank, the hyper-parameters, the scores.
    pub fn to_table(&self) -> Table {
        let names = |trial: &Trial| {
            let parameters = trial.point.0.iter().map(|(name, _)| name.clone());
            parameters.chain(trial.scores.iter().map(|(name, _)| name.to_string())).collect::<Vec<_>>()
        };
        let names = self.trials.first().map(names).unwrap_or_default();
        let mut table = Table::new(std::iter::once("rank".to_string()).chain(names));
        for (rank, trial) in self.ranked().into_iter().enumerate() {
            let parameters = trial.point.0.iter().map(|(_, value)| match value {
                // As it was written: a column of rates has numbers of very different sizes.
                Value::Number(value) => Cell::Text(value.to_string()),
                Value::Integer(value) => Cell::Integer(*value),
                other => Cell::Text(other.to_string()),
            });
            let scores = trial.scores.iter().map(|(_, value)| Cell::Number(value));
            table.push(std::iter::once(Cell::from(rank + 1)).chain(parameters).chain(scores));
        }
        table
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn best_so_far(&self) -> Logs {
        let mut logs = Logs::default();
        if let Some(value) = self.best().and_then(|best| best.score(&self.rank_by)) {
            logs.insert(format!("best {}", self.rank_by), value);
        }
        logs
    }

    fn rank(&mut self, by: Option<&str>, mode: MonitorMode) -> Result<()> {
        let names: Vec<&str> = self
            .trials
            .first()
            .into_iter()
            .flat_map(|trial| trial.scores.iter())
            .map(|(name, _)| name)
            .collect();
        let usual = || ["val_loss", "loss"].into_iter().find(|name| names.contains(name));
        let Some(by) = by.or_else(usual).or(names.first().copied()) else {
            return Err(Error::data("grid search: a trial returned no score"));
        };
        if !names.contains(&by) {
            return Err(Error::unknown_name("score", by, names));
        }
        let rises = match mode {
            MonitorMode::Max => true,
            MonitorMode::Min => false,
            MonitorMode::Auto => rises(by),
        };
        let key = |index: &usize| {
            let score = self.trials[*index].score(by).unwrap_or(f64::NAN);
            let cost = if rises { -score } else { score };
            if cost.is_nan() { f64::INFINITY } else { cost }
        };
        let mut ranked: Vec<usize> = (0..self.trials.len()).collect();
        ranked.sort_by(|a, b| key(a).total_cmp(&key(b)));
        self.rank_by = by.to_string();
        self.ranked = ranked;
        Ok(())
    }
}

/// Whether a score of this name is better when it is larger.
fn rises(name: &str) -> bool {
    let rising = ["acc", "auc", "precision", "recall", "f1", "r2", "top_k", "score", "cosine"];
    let name = name.to_ascii_lowercase();
    !name.contains("loss") && rising.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> GridSearch {
        GridSearch::new().over("a", [1, 2, 3]).over("b", [0.5, 2.0]).verbose(0)
    }

    #[test]
    fn every_combination_is_tried_once_and_ranked() -> Result<()> {
        let mut seen = Vec::new();
        let found = search().run(|point| {
            seen.push(point.to_string());
            Ok(point.number("a")? * point.number("b")?)
        })?;
        assert_eq!(seen.len(), 6);
        assert_eq!((seen[0].as_str(), seen[1].as_str()), ("a = 1, b = 0.5", "a = 1, b = 2"));
        assert_eq!(found.best().map(ToString::to_string).as_deref(), Some("a = 3, b = 2 - score: 6.0000"));
        let table = found.to_table().to_string();
        assert!(table.starts_with("rank  a  b     score\n"), "{table}");
        let lowest = search().mode("min").run(|point| point.number("b"))?;
        assert_eq!(lowest.best().and_then(|best| best.score("score")), Some(0.5));
        Ok(())
    }

    /// NaN is worst, whichever way is better.
    #[test]
    fn nan_comes_last() -> Result<()> {
        for mode in ["min", "max"] {
            let found = search().mode(mode).run(|point| {
                let a = point.number("a")?;
                Ok(if a == 2.0 { f64::NAN } else { a })
            })?;
            assert!(found.ranked()[4..].iter().all(|trial| trial.score("score").is_some_and(f64::is_nan)));
        }
        Ok(())
    }

    #[test]
    fn mistakes_are_named() {
        let error = |search: GridSearch, name: &'static str| {
            search.run(|point| point.number(name)).map(|_| ()).unwrap_err().to_string()
        };
        assert!(error(GridSearch::new(), "a").contains("nothing to try"));
        assert!(error(search().over("a", [1]), "a").contains("`a` is there twice"));
        assert!(error(search().over("c", Vec::<f64>::new()), "a").contains("`c` has no value"));
        assert!(error(search().rank_by("loss"), "a").contains("score"));
        let unknown = error(search(), "rate");
        assert!(unknown.contains("trial a = 1, b = 0.5") && unknown.contains("rate"), "{unknown}");
        let text = search().run(|point| point.text("a").map(str::len).map(|n| n as f64)).map(|_| ());
        assert!(text.unwrap_err().to_string().contains("is no text, but 1"));
    }
}
