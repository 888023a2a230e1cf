//! The callbacks of one training.

use super::{Callback, Needs};
use crate::Result;
use std::fmt;

/// Callbacks in the order in which they are called.
#[derive(Default)]
pub(crate) struct Callbacks(Vec<Box<dyn Callback>>);

impl Callbacks {
    pub(crate) fn push(&mut self, callback: impl Callback + 'static) {
        self.0.push(Box::new(callback));
    }

    /// Calls one method of each; the first error ends it.
    pub(crate) fn each(&mut self, mut call: impl FnMut(&mut dyn Callback) -> Result<()>) -> Result<()> {
        self.0.iter_mut().try_for_each(|callback| call(callback.as_mut()))
    }

    /// What all of them want together.
    pub(crate) fn needs(&self) -> Needs {
        Needs { gradients: self.0.iter().any(|callback| callback.needs().gradients) }
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} callbacks", self.0.len())
    }
}
