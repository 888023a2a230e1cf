//! What an optimizer remembers of each weight, and the order of operations of one application.

use super::{Optimizer, OptimizerOptions, Slot, Step};
use crate::constraints::Constraint;
use crate::device::Device;
use crate::tensor::{Tensor, Total};
use crate::{Error, Result};
use std::sync::Arc;

/// An optimizer at work: its step count, its present learning rate, and its slots of each weight.
///
/// A model keeps one; alone it moves any tensors along gradients that the caller has computed.
///
/// # Example
/// ```
/// use kiln::optimizers::OptimizerState;
/// use kiln::prelude::*;
/// let mut weights = [Tensor::new([1.0, 2.0])];
/// let mut state = OptimizerState::new("sgd")?;
/// for _ in 0..100 {
///     let gradients = [&weights[0] * 2.0]; // of the sum of squares
///     state.apply(&mut weights, &gradients)?;
/// }
/// assert!(weights[0].abs().max().item()? < 0.3);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug)]
pub struct OptimizerState {
    optimizer: Arc<dyn Optimizer>,
    /// The learning rate, where a callback or the user has changed it.
    rate: Option<f64>,
    epoch: usize,
    iterations: u64,
    /// The number that all weights share, such as Nadam's product.
    shared: f64,
    weights: Option<Vec<Option<WeightState>>>,
}

#[derive(Debug)]
struct WeightState {
    name: String,
    decays: bool,
    constraint: Option<Arc<dyn Constraint>>,
    average: Option<Tensor>,
    accumulated: Option<Tensor>,
    slots: Vec<Tensor>,
}

/// What an optimizer is told of a weight that it moves.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) name: String,
    pub(crate) constraint: Option<Arc<dyn Constraint>>,
}

impl OptimizerState {
    /// An optimizer, by value or by name, that has not made a step yet.
    ///
    /// # Errors
    /// For an unknown name or a hyper-parameter outside its range.
    pub fn new(optimizer: impl Into<crate::choice::Choice<dyn Optimizer>>) -> Result<Self> {
        let optimizer = optimizer.into().get()?;
        optimizer.options().check(optimizer.class_name())?;
        optimizer.check()?;
        let shared = optimizer.shared().map_or(1.0, |slot| slot.initial);
        Ok(Self { optimizer, rate: None, epoch: 0, iterations: 0, shared, weights: None })
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &Arc<dyn Optimizer> {
        &self.optimizer
    }

    /// How many gradients were applied.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        let rate = &self.optimizer.options().learning_rate;
        self.rate.unwrap_or_else(|| rate.at_epoch(self.iterations, self.epoch))
    }

    /// Moves each weight by its gradient: clipping, weight decay, the optimizer's rule, moving averages, constraints, in
    /// Keras's order. The first call makes the slots.
    ///
    /// # Errors
    /// When there are not as many gradients as weights, or a shape differs.
    pub fn apply(&mut self, weights: &mut [Tensor], gradients: &[Tensor]) -> Result<()> {
        if !self.is_built() {
            let moved = |index| Some(Moved { name: format!("weight_{index}"), constraint: None });
            self.build(weights, (0..weights.len()).map(moved).collect());
        }
        let known = self.weights.as_ref().map_or(0, Vec::len);
        if gradients.len() != weights.len() || weights.len() != known {
            return Err(Error::shape(format!(
                "the optimizer has {known} weights, but got {} weights and {} gradients",
                weights.len(),
                gradients.len()
            )));
        }
        for (index, (weight, gradient)) in weights.iter().zip(gradients).enumerate() {
            if weight.shape() != gradient.shape() {
                return Err(Error::shape(format!(
                    "weight {index} has the shape {}, but its gradient {}",
                    weight.shape(),
                    gradient.shape()
                )));
            }
        }
        self.step(weights, &mut gradients.iter().cloned().map(Some).collect::<Vec<_>>())
    }

    /// The variables in the order of Keras's files, with their names: `iteration`, `learning_rate` (unless it follows a
    /// schedule), averages, accumulated gradients, then the optimizer's own slots. The first two are scalars.
    pub fn variables(&self) -> Vec<(String, Tensor)> {
        self.named_variables().into_iter().map(|(_, name, tensor)| (name.into(), tensor)).collect()
    }

    /// The same, each slot with the address of its weight, such as `dense/kernel`.
    pub(crate) fn named_variables(&self) -> Vec<(Option<&str>, &'static str, Tensor)> {
        // In 64 bits, since a long training has more steps than an f32 counts.
        let mut all = vec![(None, "iteration", Tensor::scalar_f64(self.iterations as f64))];
        if matches!(self.optimizer.options().learning_rate, super::LearningRate::Constant(_)) {
            all.push((None, "learning_rate", Tensor::scalar(self.learning_rate())));
        }
        let states = || self.weights.iter().flatten().flatten();
        let host = |tensor: &Tensor| tensor.to_host().unwrap_or_else(|_| tensor.clone());
        for state in states() {
            all.extend(
                state.average.iter().map(|tensor| (Some(state.name.as_str()), "average", host(tensor))),
            );
        }
        for state in states() {
            let accumulated = state.accumulated.iter();
            all.extend(
                accumulated.map(|tensor| (Some(state.name.as_str()), "gradient_accumulator", host(tensor))),
            );
        }
        let slots = self.optimizer.slots();
        let groups = slots.iter().map(|slot| slot.group).max().map_or(0, |last| last + 1);
        for group in 0..groups {
            for state in states() {
                let of_group = slots.iter().zip(&state.slots).filter(|(slot, _)| slot.group == group);
                all.extend(
                    of_group.map(|(slot, tensor)| (Some(state.name.as_str()), slot.name, host(tensor))),
                );
            }
        }
        all.extend(self.optimizer.shared().map(|slot| (None, slot.name, Tensor::scalar(self.shared))));
        all
    }

    /// Takes the variables of another run over, in the order of [`variables`](Self::variables).
    ///
    /// # Errors
    /// When their number or a shape differs, or the slots do not exist yet; then nothing has changed.
    pub fn set_variables(&mut self, variables: &[Tensor]) -> Result<()> {
        let present = self.variables();
        if variables.len() != present.len() {
            return Err(Error::shape(format!(
                "the optimizer has {} variables, but {} were given",
                present.len(),
                variables.len()
            )));
        }
        for ((name, have), given) in present.iter().zip(variables) {
            if have.shape() != given.shape() {
                return Err(Error::shape(format!(
                    "the optimizer's {name} has the shape {}, but {} was given",
                    have.shape(),
                    given.shape()
                )));
            }
        }
        let mut given = variables.iter();
        let mut next = || given.next().cloned().ok_or_else(|| Error::shape("a variable is missing"));
        self.iterations = next()?.item()? as u64;
        if matches!(self.optimizer.options().learning_rate, super::LearningRate::Constant(_)) {
            self.rate = Some(next()?.item()?);
        }
        let slots = self.optimizer.slots();
        let mut states: Vec<&mut WeightState> = self.weights.iter_mut().flatten().flatten().collect();
        for state in &mut states {
            replace(state.average.as_mut(), &mut next)?;
        }
        for state in &mut states {
            replace(state.accumulated.as_mut(), &mut next)?;
        }
        let groups = slots.iter().map(|slot| slot.group).max().map_or(0, |last| last + 1);
        for group in 0..groups {
            for state in &mut states {
                let of_group = slots.iter().zip(&mut state.slots).filter(|(slot, _)| slot.group == group);
                for (_, tensor) in of_group {
                    replace(Some(tensor), &mut next)?;
                }
            }
        }
        if self.optimizer.shared().is_some() {
            self.shared = next()?.item()?;
        }
        Ok(())
    }

    /// All that it keeps beside the weights.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Tensor> {
        let states = self.weights.iter().flatten().flatten();
        states.flat_map(|state| state.slots.iter().chain(&state.average).chain(&state.accumulated))
    }

    /// Moves all that to a device.
    pub(crate) fn move_to(&mut self, device: Device) -> Result<()> {
        for state in self.weights.iter_mut().flatten().flatten() {
            let all = state.slots.iter_mut().chain(&mut state.average).chain(&mut state.accumulated);
            all.into_iter().try_for_each(|tensor| tensor.to_device(device).map(|moved| *tensor = moved))?;
        }
        Ok(())
    }

    /// How many variables there are before the slots exist.
    pub(crate) fn fresh_variables(&self) -> usize {
        match self.optimizer.options().learning_rate {
            super::LearningRate::Constant(_) => 2,
            super::LearningRate::Schedule(_) => 1,
        }
    }

    /// The numbers that files round to 32 bits: the learning rate where it was changed, and the shared number.
    pub(crate) fn exact(&self) -> (Option<f64>, f64) {
        (self.rate, self.shared)
    }

    pub(crate) fn set_exact(&mut self, (rate, shared): (Option<f64>, f64)) {
        (self.rate, self.shared) = (rate, shared);
    }

    pub(crate) fn set_learning_rate(&mut self, rate: f64) {
        self.rate = Some(rate);
    }

    pub(crate) fn set_epoch(&mut self, epoch: usize) {
        self.epoch = epoch;
    }

    pub(crate) fn is_built(&self) -> bool {
        self.weights.is_some()
    }

    /// Which weights it moves; `None` before its slots exist.
    pub(crate) fn moves(&self) -> Option<Vec<bool>> {
        Some(self.weights.as_ref()?.iter().map(Option::is_some).collect())
    }

    /// Makes the slots of the weights that are `Some`.
    pub(crate) fn build(&mut self, weights: &[Tensor], moved: Vec<Option<Moved>>) {
        let options = self.optimizer.options();
        let slots = self.optimizer.slots();
        let state = |(weight, moved): (&Tensor, Option<Moved>)| {
            let moved = moved?;
            let filled = |value| weight.backend().full(weight.dtype(), weight.shape(), value);
            Some(WeightState {
                decays: !options.excluded_from_decay.iter().any(|part| moved.name.contains(part.as_str())),
                name: moved.name,
                constraint: moved.constraint,
                average: options.use_ema.then(|| filled(0.0)),
                accumulated: options.gradient_accumulation_steps.map(|_| filled(0.0)),
                slots: slots.iter().map(|slot| filled(slot.initial)).collect(),
            })
        };
        self.weights = Some(weights.iter().zip(moved).map(state).collect());
    }

    /// One application; gradients that are `None` move nothing.
    pub(crate) fn step(&mut self, weights: &mut [Tensor], gradients: &mut [Option<Tensor>]) -> Result<()> {
        let learning_rate = self.learning_rate();
        let optimizer = self.optimizer.clone();
        let options = optimizer.options();
        let Some(states) = &mut self.weights else {
            return Err(Error::state("the optimizer's slots were not made before its first step"));
        };
        let every = options.gradient_accumulation_steps.unwrap_or(1);
        if accumulates(every, self.iterations, states, gradients) {
            clip(options, gradients)?;
            let number = self.iterations / every + 1;
            let mut step = Step { learning_rate, number, shared: self.shared };
            step.shared = optimizer.next_shared(step);
            self.shared = step.shared;
            for ((weight, state), gradient) in weights.iter_mut().zip(&mut *states).zip(gradients) {
                let (Some(state), Some(gradient)) = (state, gradient.take()) else { continue };
                if let Some(decay) = options.weight_decay.filter(|_| state.decays) {
                    *weight = &*weight * (1.0 - decay * learning_rate);
                }
                optimizer.update(step, weight, &gradient, &mut state.slots);
            }
        }
        // Keras counts updates here, not steps, as soon as gradients are accumulated.
        let updates = self.iterations / every;
        for (weight, state) in weights.iter_mut().zip(states) {
            let Some(state) = state else { continue };
            if let Some(average) = &mut state.average {
                let kept = if updates == 0 { 0.0 } else { options.ema_momentum };
                *average = &*average * kept + &*weight * (1.0 - kept);
                if options.ema_overwrite_frequency.is_some_and(|every| (updates + 1).is_multiple_of(every)) {
                    *weight = average.clone();
                }
            }
            if let Some(constraint) = &state.constraint {
                *weight = constraint.apply(weight)?;
            }
        }
        self.iterations += 1;
        Ok(())
    }

    /// Sets the weights to their moving averages, where there are any: the end of a training.
    pub(crate) fn finalize(&mut self, weights: &mut [Tensor]) {
        for (weight, state) in weights.iter_mut().zip(self.weights.iter().flatten()) {
            if let Some(average) = state.as_ref().and_then(|state| state.average.as_ref())
                && self.iterations > 0
            {
                *weight = average.clone();
            }
        }
    }
}

fn replace(place: Option<&mut Tensor>, next: &mut impl FnMut() -> Result<Tensor>) -> Result<()> {
    if let Some(place) = place {
        *place = next()?.cast(place.dtype()).to_device(place.device())?;
    }
    Ok(())
}

/// Gathers gradients over `every` steps; true when it is time for an update, by their mean.
fn accumulates(
    every: u64,
    iterations: u64,
    states: &mut [Option<WeightState>],
    gradients: &mut [Option<Tensor>],
) -> bool {
    let due = (iterations + 1).is_multiple_of(every);
    for (state, gradient) in states.iter_mut().zip(gradients) {
        let (Some(WeightState { accumulated: Some(sum), .. }), Some(gradient)) = (state, gradient) else {
            continue;
        };
        if due {
            *gradient = (&*gradient + &*sum) / every as f64;
            *sum = sum.backend().full(sum.dtype(), sum.shape(), 0.0);
        } else {
            *sum = &*sum + &*gradient;
        }
    }
    due
}

fn clip(options: &OptimizerOptions, gradients: &mut [Option<Tensor>]) -> Result<()> {
    let positive = |value: Option<f64>| value.filter(|&value| value > 0.0);
    if let Some(bound) = positive(options.clipnorm) {
        for gradient in gradients.iter_mut().flatten() {
            if gradient.backend().is_lazy() {
                let norm = gradient.square().sum().sqrt();
                *gradient = &*gradient * (bound / norm.maximum(bound)?);
                continue;
            }
            let norm = gradient.square().sum().item()?.sqrt();
            if norm > bound || norm.is_nan() {
                *gradient = &*gradient * (bound / norm);
            }
        }
    } else if let Some(bound) = positive(options.clipvalue) {
        for gradient in gradients.iter_mut().flatten() {
            *gradient = gradient.clip(-bound, bound);
        }
    } else if let Some(bound) = positive(options.global_clipnorm) {
        let mut squares = Total::default();
        for gradient in gradients.iter().flatten() {
            squares.add(&gradient.square().sum(), 1.0)?;
        }
        if let Some(squares) = squares.pending() {
            let norm = squares.sqrt();
            // Infinity times 0 is NaN, which the sum hands on.
            let scale = bound / norm.maximum(bound)? + &norm * 0.0;
            for gradient in gradients.iter_mut().flatten() {
                *gradient = &*gradient * &scale;
            }
            return Ok(());
        }
        let norm = squares.value().sqrt();
        // An infinite or NaN norm makes every gradient NaN, as in Keras.
        let scale = if norm.is_finite() { bound * (1.0 / norm).min(1.0 / bound) } else { f64::NAN };
        for gradient in gradients.iter_mut().flatten() {
            *gradient = &*gradient * scale;
        }
    }
    Ok(())
}

impl Slot {
    /// A slot that begins as 0.
    pub fn new(name: &'static str) -> Self {
        Self { name, initial: 0.0, group: 0 }
    }

    /// A slot that begins as this number.
    pub fn initial(mut self, value: f64) -> Self {
        self.initial = value;
        self
    }

    /// Files hold the slots group by group; those of one group are interleaved weight by weight.
    pub fn group(mut self, group: usize) -> Self {
        self.group = group;
        self
    }
}
