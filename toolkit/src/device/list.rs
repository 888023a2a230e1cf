//! The devices of this computer.

use super::{Device, DeviceKind, DeviceMemory};
use crate::backend::Backend;
#[cfg(feature = "arrayfire")]
use crate::backend::arrayfire::{Engine, engines, origin};
use crate::notebook;
use crate::{Error, ErrorKind, Result};
use std::fmt;
use std::ops::Deref;

/// The devices that can be used, and why others cannot; a slice of [`Device`]s.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let devices = Device::available();
/// assert_eq!(devices[0], Device::HOST);
/// println!("{devices}");
/// ```
#[derive(Debug, Clone)]
pub struct DeviceList {
    devices: Vec<Device>,
    /// Backends that cannot be used, with the reason.
    missing: Vec<(DeviceKind, Error)>,
}

impl DeviceList {
    pub(super) fn new() -> Self {
        let mut list = Self { devices: vec![Device::HOST], missing: Vec::new() };
        for kind in [DeviceKind::Cpu, DeviceKind::OpenCl, DeviceKind::Cuda] {
            match count(kind) {
                Ok(count) => list.devices.extend((0..count).map(|number| Device::of(kind, number))),
                Err(error) => list.missing.push((kind, error)),
            }
        }
        list
    }

    /// The kinds of devices that cannot be used, each with the reason.
    pub fn missing(&self) -> &[(DeviceKind, Error)] {
        &self.missing
    }

    /// Shows the list as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        notebook::show_result(&notebook::MimeBundle::text(self.to_string()));
    }
}

impl Deref for DeviceList {
    type Target = [Device];

    fn deref(&self) -> &[Device] {
        &self.devices
    }
}

impl IntoIterator for DeviceList {
    type Item = Device;
    type IntoIter = std::vec::IntoIter<Device>;

    fn into_iter(self) -> Self::IntoIter {
        self.devices.into_iter()
    }
}

impl fmt::Display for DeviceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, device) in self.devices.iter().enumerate() {
            write!(f, "{}{device}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

#[cfg(feature = "arrayfire")]
fn count(kind: DeviceKind) -> Result<usize> {
    Ok(engines(kind)?.len())
}

#[cfg(not(feature = "arrayfire"))]
fn count(kind: DeviceKind) -> Result<usize> {
    Err(Error::new(ErrorKind::Device, format!("there is no {} device", kind.name()))
        .with_help(super::HOW_TO_GET))
}

/// The engine of a device that is not the host.
#[cfg(feature = "arrayfire")]
pub(super) fn engine(device: Device) -> Result<&'static dyn Backend> {
    Ok(arrayfire(device)?)
}

#[cfg(not(feature = "arrayfire"))]
pub(super) fn engine(device: Device) -> Result<&'static dyn Backend> {
    Err(Error::new(ErrorKind::Device, format!("the device {} is not there", device.id()))
        .with_help(super::HOW_TO_GET))
}

#[cfg(feature = "arrayfire")]
fn arrayfire(device: Device) -> Result<&'static Engine> {
    let engines = engines(device.kind)?;
    engines.get(device.number).ok_or_else(|| {
        let there: Vec<String> = engines.iter().map(|engine| engine.device().id()).collect();
        Error::new(ErrorKind::Device, format!("the device {} is not there", device.id()))
            .with_help(format!("there are: host, {}", there.join(", ")))
    })
}

/// One line where ArrayFire was at set-up and is not there any more.
pub(super) fn note_if_gone() {
    #[cfg(feature = "arrayfire")]
    if let Some(place) = crate::backend::arrayfire::gone() {
        eprintln!(
            "ArrayFire is no longer in {}: the host engine computes, unless it is found elsewhere; `kiln install` looks for it again",
            place.display()
        );
    }
}

/// The first device that is faster than the host without a doubt.
pub(super) fn first_gpu() -> Option<Device> {
    #[cfg(feature = "arrayfire")]
    for kind in [DeviceKind::Cuda, DeviceKind::OpenCl] {
        if let Ok(engines) = engines(kind)
            && let Some(engine) = engines.iter().find(|engine| engine.is_gpu)
        {
            return Some(engine.device());
        }
    }
    None
}

impl Device {
    /// The maker's name of it.
    pub fn name(&self) -> String {
        #[cfg(feature = "arrayfire")]
        if let Ok(engine) = arrayfire(*self) {
            return engine.name.clone();
        }
        processor().unwrap_or_else(|| self.id())
    }

    /// All of its memory, in bytes, where it says so.
    pub fn memory(&self) -> Option<u64> {
        #[cfg(feature = "arrayfire")]
        if let Ok(engine) = arrayfire(*self) {
            return engine.memory;
        }
        main_memory()
    }

    /// Whether it computes with 64-bit floating-point numbers, as [`Sequential::check_gradients`] does.
    ///
    /// [`Sequential::check_gradients`]: crate::models::Sequential::check_gradients
    pub fn has_doubles(&self) -> bool {
        #[cfg(feature = "arrayfire")]
        if let Ok(engine) = arrayfire(*self) {
            return engine.has_doubles;
        }
        true
    }

    /// Version and place of the library that drives it; none for the host.
    pub fn library(&self) -> Option<String> {
        #[cfg(feature = "arrayfire")]
        if self.kind != DeviceKind::Host {
            return origin(self.kind).ok();
        }
        None
    }

    /// How much memory the library holds for this process; `None` for the host.
    ///
    /// # Errors
    /// When the device fails.
    pub fn memory_in_use(&self) -> Result<Option<DeviceMemory>> {
        #[cfg(feature = "arrayfire")]
        if self.kind != DeviceKind::Host {
            return arrayfire(*self)?.memory_in_use().map(Some);
        }
        Ok(None)
    }

    /// Gives memory back that the library keeps for reuse.
    ///
    /// # Errors
    /// When the device fails.
    pub fn free_unused(&self) -> Result<()> {
        #[cfg(feature = "arrayfire")]
        if self.kind != DeviceKind::Host {
            return arrayfire(*self)?.free_unused();
        }
        Ok(())
    }

    /// Waits until the device has done all that was asked of it; for timing.
    ///
    /// # Errors
    /// When the device fails.
    pub fn wait(&self) -> Result<()> {
        #[cfg(feature = "arrayfire")]
        if self.kind != DeviceKind::Host {
            return arrayfire(*self)?.wait();
        }
        Ok(())
    }
}

/// The processor's name, where Linux says it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The computer's memory in bytes, where Linux says it.
fn main_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}
