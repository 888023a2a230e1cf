//! Functions of one and two variables with known minima, and the ways of optimizers on them.
//!
//! A [`Surface`] has two variables, so that an optimizer's way over it can be seen; a [`Curve`] has one. [`Surface::descend`]
//! runs an optimizer of this toolkit, exactly as it would move a network's weights, and returns its [`Path`];
//! [`Surface::race`] runs several from one start. [`plot::descent`](crate::plot::descent) draws them.
//!
//! # Example
//! ```
//! use kiln::prelude::*;
//! let path = surfaces::beale().descend(Adam::new(0.05), [1.0, 1.5], 200)?;
//! assert!(path.last_value() < 0.1);
//! let figure = plot::descent(&surfaces::beale(), &[path]);
//! # let _ = figure;
//! # Ok::<(), kiln::Error>(())
//! ```

mod curve;
mod functions;
mod path;
mod walker;

pub use curve::{Curve, CurvePath, local_minima};
pub use functions::{
    ackley, beale, by_name, himmelblau, quadratic_bowl, rastrigin, ravine, rosenbrock, saddle,
};
pub use path::{Outcome, Path};

use crate::autodiff::Var;
use crate::choice::Choice;
use crate::optimizers::Optimizer;
use crate::plot::Landscape;
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;
use walker::Walker;

type Height = Arc<dyn Fn(f64, f64) -> f64 + Send + Sync>;
type Slope = Arc<dyn Fn(f64, f64) -> [f64; 2] + Send + Sync>;

/// A function of two variables with its gradient, its global minima and the part of the plane that is worth showing.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let surface = surfaces::Surface::new("tilted bowl", |x, y| x * x + x * y + y * y, |x, y| [2.0 * x + y, x + 2.0 * y])
///     .domain((-2.0, 2.0), (-2.0, 2.0))
///     .minimum(0.0, 0.0);
/// assert_eq!(surface.gradient(1.0, 0.0), [2.0, 1.0]);
/// ```
#[derive(Clone)]
pub struct Surface {
    name: String,
    height: Height,
    slope: Slope,
    domain: ((f64, f64), (f64, f64)),
    minima: Vec<(f64, f64)>,
    start: [f64; 2],
    log_levels: bool,
}

impl Surface {
    /// A surface of one's own, from its value and its gradient; shown on $-5 \le x, y \le 5$ unless told otherwise.
    pub fn new(
        name: impl Into<String>,
        value: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
        gradient: impl Fn(f64, f64) -> [f64; 2] + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            height: Arc::new(value),
            slope: Arc::new(gradient),
            domain: ((-5.0, 5.0), (-5.0, 5.0)),
            minima: Vec::new(),
            start: [-4.0, 4.0],
            log_levels: false,
        }
    }

    /// A surface of one's own from its value alone; the gradient follows by the tape.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let egg = surfaces::Surface::from_fn("egg box", |x, y| x.sin() * y.cos() + 0.1 * (x * x + y * y));
    /// let [dx, dy] = egg.gradient(0.5, 2.0);
    /// assert!((dx - (0.5_f64.cos() * 2.0_f64.cos() + 0.1)).abs() < 1e-12);
    /// assert!((dy - (0.4 - 0.5_f64.sin() * 2.0_f64.sin())).abs() < 1e-12);
    /// ```
    pub fn from_fn(
        name: impl Into<String>,
        value: impl Fn(&Var, &Var) -> Var + Send + Sync + 'static,
    ) -> Self {
        let value = Arc::new(value);
        let slope = value.clone();
        let scalar = |number: f64| Tensor::filled(DType::Float64, Shape::from_fit(&[]), number);
        let height = move |x: f64, y: f64| {
            let height = value(&Var::constant(scalar(x)), &Var::constant(scalar(y))).value();
            height.and_then(|height| height.item()).unwrap_or(f64::NAN)
        };
        let gradient = move |x: f64, y: f64| {
            let (x, y) = (Var::new(scalar(x)), Var::new(scalar(y)));
            let parts = slope(&x, &y).gradients(&[&x, &y]);
            let part = |index: usize| parts.as_ref().map_or(f64::NAN, |parts| parts[index].number(0));
            [part(0), part(1)]
        };
        Self::new(name, height, gradient)
    }

    /// What to show: lowest and highest x, lowest and highest y.
    #[must_use]
    pub fn domain(mut self, x: (f64, f64), y: (f64, f64)) -> Self {
        self.domain = (x, y);
        self
    }

    /// Adds a global minimum; a figure marks it with a star.
    #[must_use]
    pub fn minimum(mut self, x: f64, y: f64) -> Self {
        self.minima.push((x, y));
        self
    }

    /// The usual place to start from; see [`start`](Self::start).
    #[must_use]
    pub fn starting_at(mut self, start: [f64; 2]) -> Self {
        self.start = start;
        self
    }

    /// Draws the contours at logarithmic levels: for heights that span several powers of ten.
    #[must_use]
    pub fn log_levels(mut self, log_levels: bool) -> Self {
        self.log_levels = log_levels;
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A start from which the way down shows what is special about this surface.
    pub fn start(&self) -> [f64; 2] {
        self.start
    }

    /// The value.
    pub fn value(&self, x: f64, y: f64) -> f64 {
        (self.height)(x, y)
    }

    /// The gradient $\left[\frac{\partial f}{\partial x}, \frac{\partial f}{\partial y}\right]$.
    pub fn gradient(&self, x: f64, y: f64) -> [f64; 2] {
        (self.slope)(x, y)
    }

    /// The global minima; empty where the function is unbounded.
    pub fn minima(&self) -> &[(f64, f64)] {
        &self.minima
    }

    /// The gradient by central differences, to check [`gradient`](Self::gradient) with.
    ///
    /// $$ \frac{\partial f}{\partial x} \approx \frac{f(x + h, y) - f(x - h, y)}{2h}, \qquad
    /// h = \varepsilon^{1/3}\,\max(1, |x|) $$
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let bowl = surfaces::quadratic_bowl();
    /// let (exact, rough) = (bowl.gradient(1.0, 2.0), bowl.numerical_gradient(1.0, 2.0));
    /// assert!((exact[0] - rough[0]).abs() < 1e-8);
    /// ```
    pub fn numerical_gradient(&self, x: f64, y: f64) -> [f64; 2] {
        let step = |at: f64| f64::EPSILON.cbrt() * at.abs().max(1.0);
        let (h, k) = (step(x), step(y));
        [
            (self.value(x + h, y) - self.value(x - h, y)) / (2.0 * h),
            (self.value(x, y + k) - self.value(x, y - k)) / (2.0 * k),
        ]
    }

    /// The way of an optimizer from `start`, with the start and every step after it.
    ///
    /// The optimizer works in 64 bits with the full gradient, so the way has no noise. Where the place or the value is no
    /// longer finite the path ends before it, and [`Path::outcome`] says so.
    ///
    /// # Errors
    /// A start that is not finite or where the function has no finite value, and hyper-parameters outside their range.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let valley = surfaces::ravine();
    /// let plain = valley.descend(SGD::new(0.03), valley.start(), 60)?;
    /// let fast = valley.descend(SGD::new(0.03).momentum(0.8), valley.start(), 60)?;
    /// assert!(fast.last_value() < plain.last_value());
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn descend(
        &self,
        optimizer: impl Into<Choice<dyn Optimizer>>,
        start: [f64; 2],
        steps: usize,
    ) -> Result<Path> {
        let optimizer = optimizer.into().get()?;
        let label = optimizer.class_name().to_string();
        let first = self.value(start[0], start[1]);
        if !(start.iter().all(|at| at.is_finite()) && first.is_finite()) {
            return Err(Error::argument(format!(
                "{}: a descent must start where the function is finite, but at [{}, {}] it is {first}",
                self.name, start[0], start[1]
            )));
        }
        let mut walker = Walker::new(optimizer, &start)?;
        let mut path = Path::begin(label, start, first);
        for _ in 0..steps {
            if crate::notebook::interrupted() {
                path.end(Outcome::Interrupted);
                break;
            }
            let [x, y] = path.last();
            let place = walker.step(&self.gradient(x, y))?;
            let place = [place[0], place[1]];
            let value = self.value(place[0], place[1]);
            if !(value.is_finite() && place.iter().all(|at| at.is_finite())) {
                path.end(Outcome::Diverged);
                break;
            }
            path.push(place, value);
        }
        Ok(path)
    }

    /// The ways of several named optimizers from one start, to be drawn together.
    ///
    /// # Errors
    /// As [`descend`](Self::descend), with the name of the optimizer.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let surface = surfaces::himmelblau();
    /// let paths = surface.race([("SGD", SGD::new(0.01).into()), ("Adam", Adam::new(0.3).into())], [-1.0, -1.0], 100)?;
    /// assert_eq!(paths[1].name(), "Adam");
    /// let table = surfaces::Path::compare(&paths);
    /// assert_eq!(table.len(), 2);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn race<S: Into<String>>(
        &self,
        optimizers: impl IntoIterator<Item = (S, Choice<dyn Optimizer>)>,
        start: [f64; 2],
        steps: usize,
    ) -> Result<Vec<Path>> {
        let run = |(name, optimizer): (S, Choice<dyn Optimizer>)| {
            let name = name.into();
            let optimizer = optimizer.get().map_err(|error| error.in_context(&name))?;
            let path = self.descend(optimizer, start, steps).map_err(|error| error.in_context(&name))?;
            Ok(path.named(name))
        };
        optimizers.into_iter().map(run).collect()
    }
}

impl Landscape for Surface {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn domain(&self) -> ((f64, f64), (f64, f64)) {
        self.domain
    }

    fn value(&self, x: f64, y: f64) -> f64 {
        (self.height)(x, y)
    }

    fn minima(&self) -> Vec<(f64, f64)> {
        self.minima.clone()
    }

    fn log_levels(&self) -> bool {
        self.log_levels
    }
}

impl fmt::Debug for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surface")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}
