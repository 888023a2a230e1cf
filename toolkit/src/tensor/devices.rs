//! Tensors on devices.

use super::{Data, Tensor};
use crate::Result;
use crate::device::{Device, IntoDevice, mixed};
use std::borrow::Cow;

impl Tensor {
    /// Where the numbers lie.
    pub fn device(&self) -> Device {
        self.backend().device()
    }

    /// The same numbers on a device; costs nothing where they lie there already.
    ///
    /// # Errors
    /// When there is no such device, or it has no memory left.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let x = Tensor::arange(4).to_device("host")?;
    /// assert_eq!(x.device(), Device::HOST);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_device(&self, device: impl IntoDevice) -> Result<Self> {
        let device = device.into_device()?;
        if device == self.device() {
            return Ok(self.clone());
        }
        let host = self.to_host()?;
        let there = if device == Device::HOST { host } else { device.engine()?.receive(&host) };
        there.checked()
    }

    /// The same numbers on the host, which waits until they are computed.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_host(&self) -> Result<Self> {
        match &self.data {
            Data::Device(array) => Ok(Self::from_data(array.read()?, self.shape)),
            _ => Ok(self.clone()),
        }
    }

    /// Itself, unless it carries the error of a device.
    pub(crate) fn checked(self) -> Result<Self> {
        match &self.data {
            Data::Device(array) => match array.failure() {
                Some(error) => Err(error.clone()),
                None => Ok(self),
            },
            _ => Ok(self),
        }
    }

    /// The numbers on the host, for those who cannot report an error.
    #[track_caller]
    pub(super) fn here(&self) -> Cow<'_, Self> {
        match (&self.data, self.to_host()) {
            (Data::Device(_), Ok(host)) => Cow::Owned(host),
            (Data::Device(_), Err(error)) => panic!("{error}"),
            _ => Cow::Borrowed(self),
        }
    }

    /// Both on one device. A single number on the host is copied; all else that is mixed is an error.
    pub(super) fn on_one_device<'a>(
        operation: &str,
        a: &'a Self,
        b: &'a Self,
    ) -> Result<(Cow<'a, Self>, Cow<'a, Self>)> {
        // Most tensors lie on the host, which is seen without asking an engine.
        if !matches!(a.data, Data::Device(_)) && !matches!(b.data, Data::Device(_)) {
            return Ok((Cow::Borrowed(a), Cow::Borrowed(b)));
        }
        let (left, right) = (a.device(), b.device());
        if left == right {
            Ok((Cow::Borrowed(a), Cow::Borrowed(b)))
        } else if right == Device::HOST && b.len() == 1 {
            Ok((Cow::Borrowed(a), Cow::Owned(b.to_device(left)?)))
        } else if left == Device::HOST && a.len() == 1 {
            Ok((Cow::Owned(a.to_device(right)?), Cow::Borrowed(b)))
        } else {
            Err(mixed(operation, left, right))
        }
    }
}
