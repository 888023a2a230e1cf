//! What one pass through a model remembers.

use crate::autodiff::Recorded;
use crate::tensor::{Tensor, Total};
use crate::{Error, Result};

/// What a pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Predicting and evaluating: dropout does nothing, batch normalization uses its moving statistics.
    Inference,
    /// Training.
    Training,
}

/// One pass, forward and perhaps backward, through the layers of a model: the weights, what forward keeps for backward,
/// the gradients, and the random numbers.
///
/// A layer sees its own part: `weight(0)` is its first weight, [`keep`](Self::keep) and [`kept`](Self::kept) are a stack
/// of its own.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    pub(crate) weights: Vec<Tensor>,
    pub(crate) gradients: Vec<Option<Tensor>>,
    kept: Vec<Vec<Tensor>>,
    recorded: Vec<Option<Recorded>>,
    training: bool,
    differentiates: bool,
    /// The penalties on activations of this pass.
    pub(crate) penalty: Total,
    key: u64,
    pub(crate) loss_joined_activation: bool,
    slot: SlotView,
}

/// Which layer the pass is at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SlotView {
    pub(crate) index: usize,
    pub(crate) first_weight: usize,
    pub(crate) trainable: bool,
    pub(crate) wants_input_gradient: bool,
}

impl Pass {
    /// Whether this is a training pass.
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Whether the layer's weights train.
    pub fn is_trainable(&self) -> bool {
        self.slot.trainable
    }

    /// Whether a layer before this one needs the gradient of its output.
    pub fn wants_input_gradient(&self) -> bool {
        self.slot.wants_input_gradient
    }

    /// Whether the upstream gradient is already the one before the layer's last activation: the loss has joined both.
    pub fn gradient_is_before_activation(&self) -> bool {
        self.loss_joined_activation
    }

    /// The layer's weight of this number.
    ///
    /// # Panics
    /// When the layer has declared fewer weights.
    pub fn weight(&self, index: usize) -> Tensor {
        self.weights[self.slot.first_weight + index].clone()
    }

    /// Replaces a weight that is not trained by gradients: moving statistics.
    ///
    /// # Panics
    /// When the layer has declared fewer weights.
    pub fn set_weight(&mut self, index: usize, value: Tensor) {
        self.weights[self.slot.first_weight + index] = value;
    }

    /// Stores the gradient of the layer's weight of this number.
    ///
    /// # Panics
    /// When the layer has declared fewer weights.
    pub fn set_gradient(&mut self, index: usize, gradient: Tensor) {
        self.gradients[self.slot.first_weight + index] = Some(gradient);
    }

    /// Keeps a tensor for backward; nothing happens where no backward will follow.
    pub fn keep(&mut self, tensor: &Tensor) {
        if self.differentiates {
            self.kept[self.slot.index].push(tensor.clone());
        }
    }

    /// Takes back the tensor that the layer kept last.
    ///
    /// # Errors
    /// When the layer kept fewer.
    pub fn kept(&mut self) -> Result<Tensor> {
        let kept = self.kept[self.slot.index].pop();
        kept.ok_or_else(|| Error::state("backward needs a tensor that forward did not keep"))
    }

    /// Whether a backward will follow.
    pub(crate) fn differentiates(&self) -> bool {
        self.differentiates
    }

    /// Keeps what a layer of the user's own has computed; nothing happens where no backward will follow.
    pub(crate) fn record(&mut self, recorded: Recorded) {
        if self.differentiates {
            self.recorded[self.slot.index] = Some(recorded);
        }
    }

    /// Takes back what the layer recorded.
    pub(crate) fn recorded(&mut self) -> Result<Recorded> {
        let recorded = self.recorded[self.slot.index].take();
        recorded.ok_or_else(|| Error::state("backward needs what forward did not record"))
    }

    /// Adds a penalty on what the layer computes to the loss.
    pub fn add_penalty(&mut self, penalty: f64) {
        self.penalty.add_number(penalty);
    }

    /// Adds the number in a tensor, times `factor`, to the loss, without waiting for it.
    pub(crate) fn add_penalty_of(&mut self, penalty: &Tensor, factor: f64) -> Result<()> {
        self.penalty.add(penalty, factor)
    }

    /// A number that stands for this layer and this step: the same seed gives the same random numbers again.
    pub fn random_key(&self) -> u64 {
        mix(self.key ^ mix(self.slot.index as u64 + 1))
    }

    /// [`random_key`](Self::random_key), mixed with the layer's own seed where it has one.
    pub fn seeded_key(&self, seed: Option<u64>) -> u64 {
        seed.map_or(self.random_key(), |seed| mix(self.random_key() ^ seed))
    }

    pub(crate) fn begin(&mut self, layers: usize, mode: Mode, differentiates: bool, key: u64) {
        self.kept.resize_with(layers, Vec::new);
        self.kept.iter_mut().for_each(Vec::clear);
        self.recorded.clear();
        self.recorded.resize_with(layers, || None);
        self.gradients.clear();
        self.gradients.resize(self.weights.len(), None);
        self.training = mode == Mode::Training;
        self.differentiates = differentiates;
        self.loss_joined_activation = false;
        self.key = key;
        self.penalty = Total::default();
    }

    pub(crate) fn enter(&mut self, slot: SlotView) {
        self.slot = slot;
    }
}

/// Spreads the bits of a counter over all 64 (the finalizer of SplitMix64).
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
