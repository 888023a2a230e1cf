//! The way of an optimizer.

use crate::plot::{Walk, short};
use crate::table::Table;
use std::fmt;

/// How a descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All steps were taken.
    Finished,
    /// The next place, or the value there, was infinite or NaN: the learning rate is too large.
    Diverged,
    /// The reader stopped the cell.
    Interrupted,
}

/// The places that an optimizer visited on a [`Surface`](super::Surface), from its start on, and the values there.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let path = surfaces::rosenbrock().descend(Adam::new(0.02), [-1.5, 2.0], 50)?;
/// assert_eq!(path.len(), 51);
/// assert_eq!(path.points()[0], (-1.5, 2.0));
/// assert!(!path.diverged());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    name: String,
    points: Vec<(f64, f64)>,
    values: Vec<f64>,
    outcome: Outcome,
}

impl Path {
    pub(super) fn begin(name: String, start: [f64; 2], value: f64) -> Self {
        Self { name, points: vec![start.into()], values: vec![value], outcome: Outcome::Finished }
    }

    pub(super) fn push(&mut self, place: [f64; 2], value: f64) {
        self.points.push(place.into());
        self.values.push(value);
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// The same path under another name in the legend.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name in the legend: the optimizer's, unless [`named`](Self::named) gave another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The places, the start first.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The function's value at each place.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The number of places: the steps and the start.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no place; never so, since the start is one.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The last place.
    pub fn last(&self) -> [f64; 2] {
        self.points.last().map_or([f64::NAN; 2], |&(x, y)| [x, y])
    }

    /// The value at the last place.
    pub fn last_value(&self) -> f64 {
        self.values.last().copied().unwrap_or(f64::NAN)
    }

    /// How the descent ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether it ended early, since the next place or value was not finite.
    pub fn diverged(&self) -> bool {
        self.outcome == Outcome::Diverged
    }

    /// A table of several paths: steps, last place, last and lowest value, and how each ended.
    ///
    /// # Example
    /// See [`Surface::race`](super::Surface::race).
    pub fn compare(paths: &[Self]) -> Table {
        let mut table = Table::new(["optimizer", "steps", "x", "y", "f(x, y)", "lowest f", "ended"]);
        for path in paths {
            let [x, y] = path.last();
            let lowest = path.values.iter().copied().fold(f64::INFINITY, f64::min);
            table.push([
                path.name.as_str().into(),
                (path.len() - 1).into(),
                x.into(),
                y.into(),
                path.last_value().into(),
                lowest.into(),
                format!("{:?}", path.outcome).to_lowercase().into(),
            ]);
        }
        table
    }
}

impl Walk for Path {
    fn name(&self) -> String {
        if self.diverged() { format!("{} (diverged)", self.name) } else { self.name.clone() }
    }

    fn points(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y] = self.last();
        let place = format!("({}, {}), value {}", short(x), short(y), short(self.last_value()));
        write!(f, "{}: {} steps to {place}", self.name, self.len() - 1)?;
        match self.outcome {
            Outcome::Finished => Ok(()),
            Outcome::Diverged => f.write_str("; then diverged: the next value is not finite"),
            Outcome::Interrupted => f.write_str("; interrupted"),
        }
    }
}
