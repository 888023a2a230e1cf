//! Numbers that lie on another device than the host.

use super::Backend;
use crate::tensor::{DType, Data};
use crate::{Error, Result};
use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// An array on a device: what a [`Tensor`](crate::Tensor) holds instead of a buffer.
///
/// A computation that failed gives an array all the same. It carries the error, as does everything that is computed
/// from it, and who reads it gets the error: so arithmetic needs no `Result`, and work may be put off.
#[cfg_attr(not(feature = "arrayfire"), allow(dead_code))] // Only the engines behind features make and open such arrays.
pub(crate) trait DeviceArray: Debug + Send + Sync {
    /// The engine whose memory holds it.
    fn backend(&self) -> &'static dyn Backend;

    /// The type of its numbers.
    fn dtype(&self) -> DType;

    /// The numbers, copied to the host; waits for what is still to be computed.
    fn read(&self) -> Result<Data>;

    /// These rows of so many numbers each, without a copy.
    fn rows(&self, rows: Range<usize>, row: usize) -> Data;

    /// The error that it carries.
    fn failure(&self) -> Option<&Error>;

    /// Itself, for the engine that made it.
    fn as_any(&self) -> &dyn Any;

    /// Itself shared, for the engine that made it.
    fn as_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}
