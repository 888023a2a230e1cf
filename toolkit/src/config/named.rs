//! Options of a few values, each with Keras's name.

use super::fields::{Field, name_of, names};
use crate::Result;
use serde_json::Value;

/// A type of a few values, each of which Keras has a name for.
///
/// # Example
/// ```
/// use kiln::config::OneOf;
/// use kiln::layers::Padding;
/// let padding: Padding = "same".value()?;
/// assert_eq!(padding, Padding::Same);
/// let error = OneOf::<Padding>::value("full").unwrap_err();
/// assert!(error.to_string().contains("valid"));
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Named: Copy + PartialEq + 'static {
    /// What the values are, for messages: `padding`.
    const WHAT: &'static str;

    /// The values with their names; one that has several is written by the first.
    const NAMES: &'static [(&'static str, Self)];

    /// What Keras's `null` means, where it means something.
    const NULL: Option<Self> = None;
}

/// What a builder takes for an option of a few values: the value, or Keras's name of it.
pub trait OneOf<T> {
    /// The value.
    ///
    /// # Errors
    /// For an unknown name, with the list of the known ones.
    fn value(self) -> Result<T>;
}

impl<T: Named> OneOf<T> for T {
    fn value(self) -> Result<T> {
        Ok(self)
    }
}

impl<T: Named> OneOf<T> for &str {
    fn value(self) -> Result<T> {
        names(T::WHAT, T::NAMES, &self.into())
    }
}

/// An unknown name is kept as its error, which the first use reports.
impl<T: Named> Field for Result<T> {
    fn write(&self) -> Result<Value> {
        Ok(name_of(T::NAMES, &self.clone()?))
    }
    fn read(value: &Value) -> Result<Self> {
        match T::NULL {
            Some(null) if value.is_null() => Ok(Ok(null)),
            _ => names(T::WHAT, T::NAMES, value).map(Ok),
        }
    }
}
