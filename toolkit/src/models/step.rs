//! One step: forward, loss, backward, update.

use super::Sequential;
use super::compile::Measure;
use super::samples::Samples;
use crate::callbacks::Logs;
use crate::layers::Mode;
use crate::layers::pass_key;
use crate::losses;
use crate::optimizers::Moved;
use crate::tensor::{Shape, Tensor, Total};
use crate::{Error, Result};

impl Sequential {
    /// One update on one batch; returns the batch's loss, from before the update. With weights of samples or classes:
    /// [`batch`](Self::batch).
    ///
    /// # Errors
    /// Before `compile`; when data and model do not fit.
    pub fn train_on_batch(&mut self, x: &Tensor, y: &Tensor) -> Result<f64> {
        Ok(self.batch(x, y).train()?.loss())
    }

    /// The means of loss and metrics over the batches since the epoch began, sorted by name.
    pub fn running_logs(&self) -> Logs {
        let mut logs = Logs::default();
        if let Some(compiled) = &self.compiled {
            for Measure { given, log_name, .. } in &compiled.measures {
                match given.metric.results().as_slice() {
                    [number] => logs.insert(log_name, *number),
                    numbers => numbers
                        .iter()
                        .enumerate()
                        .for_each(|(at, number)| logs.insert(format!("{log_name}[{at}]"), *number)),
                }
            }
            let running = &compiled.running;
            logs.insert(
                "loss",
                if running.samples > 0.0 { running.total.value() / running.samples } else { 0.0 },
            );
        }
        logs.sorted()
    }

    /// The mean loss over the batches since the epoch began, without the metrics.
    pub(crate) fn running_loss(&self) -> f64 {
        self.compiled
            .as_ref()
            .map_or(0.0, |compiled| compiled.running.total.value() / compiled.running.samples)
    }

    /// Builds the model for this data, and reports data that does not fit.
    pub(super) fn prepare(&mut self, x: &Tensor, y: &Tensor) -> Result<()> {
        self.check_layers()?;
        self.compiled()?;
        self.check_input(x)?;
        let (Some(&rows), Some(&targets)) = (x.shape().first(), y.shape().first()) else {
            return Err(Error::shape(
                "the targets need a dimension that counts the samples, but are a scalar",
            ));
        };
        if rows != targets {
            return Err(Error::shape(format!("there are {rows} samples, but {targets} targets"))
                .with_help("the first dimension counts the samples in both"));
        }
        self.build(&x.shape()[1..])?;
        if !y.all_finite() {
            return Err(Error::data("the targets hold NaN or an infinity"));
        }
        let output: Vec<usize> =
            std::iter::once(rows).chain(self.output_shape().unwrap_or_default()).collect();
        self.compiled()?.loss.check(&y.to_host()?, &Shape::new(&output)?)
    }

    /// Reports an input that is no batch, empty, or not finite.
    pub(super) fn check_input(&self, x: &Tensor) -> Result<()> {
        match x.shape().first() {
            None => {
                return Err(Error::shape(
                    "the input needs a dimension that counts the samples, but is a scalar",
                ));
            }
            Some(0) => return Err(Error::data("there is no sample")),
            Some(_) => {}
        }
        if x.all_finite() {
            return Ok(());
        }
        let x = x.to_host()?;
        let row = x.shape().row_elements().max(1);
        let bad = (0..x.len()).find(|&index| !x.number(index).is_finite()).unwrap_or_default();
        Err(Error::data(format!(
            "the input holds NaN or an infinity, first in sample {} (value {})",
            bad / row,
            x.number(bad)
        ))
        .with_help("remove or replace such values first"))
    }

    /// Makes the optimizer's slots, and holds to Keras's rule that freezing asks for a new `compile`.
    pub(super) fn begin_training(&mut self) -> Result<()> {
        let trains: Vec<bool> = (0..self.weights.len()).map(|index| self.trains(index)).collect();
        let count = |trains: &[bool]| trains.iter().filter(|&&trains| trains).count();
        match self.compiled()?.optimizer.moves() {
            Some(moves) if moves == trains => return Ok(()),
            Some(moves) => {
                return Err(Error::state(format!(
                    "{} weights train, but the optimizer was made for {}",
                    count(&trains),
                    count(&moves)
                ))
                .with_help("call compile again after changing which layers train"));
            }
            None => {}
        }
        let moved = |(index, trains): (usize, bool)| {
            let constraint = self.weights[index].spec.constraint.clone();
            trains.then(|| Moved { name: self.address(index), constraint })
        };
        let moved = trains.into_iter().enumerate().map(moved).collect();
        if let Some(compiled) = &mut self.compiled {
            compiled.optimizer.build(&self.pass.weights, moved);
        }
        Ok(())
    }

    pub(super) fn reset_metrics(&mut self) -> Result<()> {
        let compiled = self.compiled_mut()?;
        compiled.running = super::compile::Running::default();
        compiled.measures.iter_mut().for_each(|measure| measure.given.metric.reset());
        Ok(())
    }

    /// One update. The data was checked, and the slots exist.
    pub(super) fn train_step(&mut self, samples: &Samples) -> Result<()> {
        let Samples { x, y, weights } = samples;
        let weights = weights.as_ref();
        let key = pass_key(self.seed.unwrap_or_default(), self.compiled()?.optimizer.iterations());
        self.pass.begin(self.slots.len(), Mode::Training, true, key);
        let output = self.forward(x)?;
        let penalty = self.penalties()?;
        let shares = losses::shares(&*self.compiled()?.loss.clone(), y, &output, weights)?;
        self.measure(y, &output, &penalty, weights, &shares)?;
        self.backward(y, &output, &shares)?;
        self.update()?;
        self.settle()
    }

    /// The output for a batch, in the pass that has begun.
    pub(super) fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut value = x.clone();
        for index in 0..self.slots.len() {
            self.enter(index);
            let layer = &self.slots[index].layer;
            value =
                layer.forward(&value, &mut self.pass).map_err(|error| error.in_context(self.place(index)))?;
        }
        Ok(value)
    }

    /// Adds a batch to the running loss and metrics; `shares` is what each sample's loss counts.
    pub(super) fn measure(
        &mut self,
        y: &Tensor,
        output: &Tensor,
        penalty: &Total,
        weights: Option<&Tensor>,
        shares: &Tensor,
    ) -> Result<()> {
        let compiled = self.compiled_mut()?;
        // A loss of one's own may compute on the host.
        let losses = compiled.loss.per_sample(y, output)?.to_device(shares.device())?;
        // As in Keras, the epoch's loss is the mean of its batches' losses, weighted by their size.
        let samples = losses.len() as f64;
        let mut loss = penalty.clone();
        loss.add(&(losses * shares).sum(), 1.0)?;
        compiled.running.total.add_total(&loss, samples)?;
        compiled.running.samples += samples;
        for measure in &mut compiled.measures {
            let weights = weights.filter(|_| measure.weighted);
            let updated = measure.given.metric.update(y, output, weights);
            updated.map_err(|error| error.in_context(format_args!("metric `{}`", measure.log_name)))?;
        }
        Ok(())
    }

    /// The sum of all penalties, on weights and on the activations of the present pass.
    pub(super) fn penalties(&self) -> Result<Total> {
        let mut sum = self.pass.penalty.clone();
        for (index, info) in self.weights.iter().enumerate() {
            if let Some(regularizer) = &info.spec.regularizer
                && self.trains(index)
            {
                sum.add(&regularizer.penalty(&self.pass.weights[index]), 1.0)?;
            }
        }
        Ok(sum)
    }

    /// From the loss to the weights' gradients in the pass, and further to the input's where that is asked for.
    pub(super) fn backward(&mut self, y: &Tensor, output: &Tensor, shares: &Tensor) -> Result<Tensor> {
        self.backward_seen(y, output, shares, &mut |_| {})
    }

    /// The same; `see` is called with the gradient at each layer's output, from the last layer to the first.
    pub(super) fn backward_seen(
        &mut self,
        y: &Tensor,
        output: &Tensor,
        shares: &Tensor,
        see: &mut dyn FnMut(&Tensor),
    ) -> Result<Tensor> {
        let loss = self.compiled()?.loss.clone();
        let last = self.slots.len() - 1;
        let joined = loss.joins(&self.slots[last].layer.last_activation());
        let mut grad =
            if joined { loss.joined_gradient(y, output, shares)? } else { loss.gradient(y, output, shares)? };
        let first = self.first_trained_slot();
        for index in (0..=last).rev() {
            if !self.input_gradient && first.is_none_or(|first| index < first) {
                break;
            }
            see(&grad);
            self.enter(index);
            self.pass.loss_joined_activation = joined && index == last;
            let layer = &self.slots[index].layer;
            grad =
                layer.backward(&grad, &mut self.pass).map_err(|error| error.in_context(self.place(index)))?;
        }
        Ok(grad)
    }

    fn update(&mut self) -> Result<()> {
        for (index, gradient) in self.pass.gradients.iter_mut().enumerate() {
            if let (Some(gradient), Some(regularizer)) = (gradient, &self.weights[index].spec.regularizer) {
                *gradient = &*gradient + regularizer.gradient(&self.pass.weights[index]);
            }
        }
        self.kept_gradients = if self.needs.gradients { self.pass.gradients.clone() } else { Vec::new() };
        let Some(compiled) = &mut self.compiled else { return Ok(()) };
        compiled.optimizer.step(&mut self.pass.weights, &mut self.pass.gradients)
    }

    /// The end of a step on a device that puts work off: all that the next step begins with is computed now.
    fn settle(&self) -> Result<()> {
        let Some(first) = self.pass.weights.first() else { return Ok(()) };
        let backend = first.backend();
        if !backend.is_lazy() {
            return Ok(());
        }
        let compiled = self.compiled()?;
        let mut all: Vec<&Tensor> = self.pass.weights.iter().chain(compiled.optimizer.arrays()).collect();
        all.extend(compiled.running.total.pending());
        compiled.measures.iter().for_each(|measure| measure.given.metric.pending(&mut all));
        backend.evaluate(&all)
    }

    /// The end of a training: weights with a moving average become it.
    pub(super) fn finish_training(&mut self) {
        if let Some(compiled) = &mut self.compiled {
            compiled.optimizer.finalize(&mut self.pass.weights);
        }
    }

    /// The first layer with a weight that trains; below it no gradient is needed.
    fn first_trained_slot(&self) -> Option<usize> {
        (0..self.weights.len()).find(|&index| self.trains(index)).map(|index| self.weights[index].slot)
    }

    pub(super) fn enter(&mut self, index: usize) {
        let slot = &self.slots[index];
        let wants_input_gradient =
            self.input_gradient || self.first_trained_slot().is_some_and(|first| index > first);
        self.pass.enter(crate::layers::SlotView {
            index,
            first_weight: slot.first_weight,
            trainable: slot.trainable,
            wants_input_gradient,
        });
    }
}
