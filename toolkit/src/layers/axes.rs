//! Layers that work along a chosen axis: it is moved to the end and back.

use crate::config::Field;
use crate::tensor::Tensor;
use crate::{Error, Result};
use serde_json::Value;

/// An axis of the batch, counted from the front, that is not the one of the samples.
pub(super) fn sample_axis(axis: isize, input: &[usize]) -> Result<usize> {
    let rank = input.len() as isize + 1;
    let counted = if axis < 0 { axis + rank } else { axis };
    if (1..rank).contains(&counted) {
        return Ok(counted as usize);
    }
    Err(Error::argument(format!("axis {axis} is not one of a sample's, whose shape is {input:?}"))
        .with_help("axis 0 counts the samples; axis -1 is the last"))
}

/// The order of axes in which `axes` come last.
fn order(rank: usize, axes: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect()
}

/// The tensor with these axes (in ascending order) moved to the end.
pub(super) fn moved_to_end(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let order = order(x.rank(), axes);
    if order.is_sorted() { Ok(x.clone()) } else { x.permute(&order) }
}

/// What [`moved_to_end`] moved, back in its place.
pub(super) fn restored(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let order = order(x.rank(), axes);
    if order.is_sorted() {
        return Ok(x.clone());
    }
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
    x.permute(&back)
}

/// One axis or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes {
    pub(crate) axes: Vec<isize>,
    /// Whether Keras's configuration holds one number instead of a list.
    single: bool,
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self { axes: vec![axis], single: true }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        axes.to_vec().into()
    }
}

impl From<Vec<isize>> for Axes {
    fn from(axes: Vec<isize>) -> Self {
        Self { axes, single: false }
    }
}

/// No axis: everything together, as Keras's `axis=None`.
impl From<()> for Axes {
    fn from((): ()) -> Self {
        Vec::new().into()
    }
}

impl Axes {
    /// The same axes, written as a list.
    pub(super) fn listed(mut self) -> Self {
        self.single = false;
        self
    }

    /// The axes counted from the front, in ascending order.
    pub(super) fn within(&self, input: &[usize]) -> Result<Vec<usize>> {
        let mut axes = self.axes.iter().map(|&axis| sample_axis(axis, input)).collect::<Result<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }
}

impl Field for Axes {
    fn write(&self) -> Result<Value> {
        if self.single { self.axes[0].write() } else { self.axes.write() }
    }
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(().into()),
            Value::Array(_) => Vec::read(value).map(Self::from),
            _ => isize::read(value).map(Self::from),
        }
    }
}
