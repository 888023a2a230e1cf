//! An argument that is given as a value or by name.

use crate::Result;
use std::fmt;
use std::sync::Arc;

/// What a builder was given for an initializer, a regularizer, a loss and the like: the thing itself or Keras's name of
/// it. An unknown name is kept as its error, which is reported when the model is built or compiled.
pub struct Choice<T: ?Sized> {
    found: Result<Arc<T>>,
    /// The name by which it was chosen.
    name: Option<String>,
}

impl<T: ?Sized> Choice<T> {
    /// A choice that was looked up by name.
    pub(crate) fn named(name: &str, found: Result<Arc<T>>) -> Self {
        Self { found, name: Some(name.into()) }
    }

    /// A given value.
    pub(crate) fn given(value: Arc<T>) -> Self {
        Self { found: Ok(value), name: None }
    }

    /// The name by which it was chosen; `None` for a value.
    pub(crate) fn given_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The chosen thing.
    ///
    /// # Errors
    /// For an unknown name.
    pub fn get(&self) -> Result<Arc<T>> {
        self.found.clone()
    }
}

impl<T: ?Sized> Clone for Choice<T> {
    fn clone(&self) -> Self {
        Self { found: self.found.clone(), name: self.name.clone() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Ok(value) => value.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

/// Lets a [`Choice`] of a trait be made from each type that implements it, and from a name by `$by_name`.
macro_rules! choice_of {
    ($Trait:ident, $by_name:expr) => {
        impl<C: $Trait + 'static> From<C> for $crate::choice::Choice<dyn $Trait> {
            fn from(value: C) -> Self {
                Self::given(std::sync::Arc::new(value))
            }
        }
        impl From<std::sync::Arc<dyn $Trait>> for $crate::choice::Choice<dyn $Trait> {
            fn from(value: std::sync::Arc<dyn $Trait>) -> Self {
                Self::given(value)
            }
        }
        impl From<&str> for $crate::choice::Choice<dyn $Trait> {
            fn from(name: &str) -> Self {
                Self::named(name, $by_name(name))
            }
        }
        impl From<String> for $crate::choice::Choice<dyn $Trait> {
            fn from(name: String) -> Self {
                Self::named(&name, $by_name(&name))
            }
        }
    };
}
pub(crate) use choice_of;
