//! Devices: where tensors lie and models compute.
//!
//! The host engine, in Rust, is always there. [ArrayFire](https://arrayfire.com) adds graphics processors (CUDA, OpenCL)
//! and an engine of its own for processors; it is looked for when one of its devices is asked for, in the directories of
//! the variables `KILN_ARRAYFIRE` and `AF_PATH`, in `/opt/arrayfire`, and where the system's loader looks. Nothing is
//! linked, so a program built with the feature `arrayfire` runs without the library too.
//!
//! # How it is installed
//! - Linux: the installer from <https://arrayfire.com/download>, into `/opt/arrayfire` (or anywhere, with `AF_PATH`);
//!   for CUDA the driver of the graphics processor, for OpenCL its loader (Debian: `ocl-icd-libopencl1`) and a driver.
//! - macOS: `brew install arrayfire`, for OpenCL and the processor.
//! - Windows: the installer, which sets `AF_PATH`; CUDA needs the driver.
//!
//! What fails, and how it looks: without the library, `Device::by_name("cuda")?.check()?` is the error "ArrayFire's cuda
//! backend was not found" with this advice; with a library whose driver is missing, the loader's message is shown, such as
//! "libcuda.so.1: cannot open shared object file"; `kiln doctor` lists all of this. Mixing tensors of two devices is an
//! error that says how to move one of them.
//!
//! # Which device is used
//! A model computes on the device of [`Sequential::device`](crate::models::Sequential::device), else on the default:
//! what [`Device::set_default`] set, else the variable `KILN_DEVICE` (`host`, `cpu`, `opencl`, `opencl:1`, `cuda`,
//! `cuda:1`), else the first of CUDA, OpenCL on a graphics processor, host. The data of a training moves there once;
//! what a model returns lies on the host.
//!
//! # Example
//! A cell that trains the same network on each device and compares. Seeds give the same first weights, order of samples and
//! masks everywhere, so that the losses differ in the last digits only:
//! ```
//! use kiln::prelude::*;
//! let x = Tensor::linspace(-1.0, 1.0, 256).reshape([64, 4])?;
//! let y = (&x * 2.0).sin().sum_along(1)?.reshape([64, 1])?;
//! let mut table = Table::new(["device", "loss", "seconds"]);
//! for device in Device::available() {
//!     let mut model = Sequential::new()
//!         .seed(42)
//!         .device(device)
//!         .add(Dense::new(16).activation("tanh").input_shape([4]))
//!         .add(Dense::new(1));
//!     model.compile(Adam::new(0.01), "mse", ())?;
//!     let start = std::time::Instant::now();
//!     let history = model.fit(&x, &y).epochs(5).seed(1).verbose(0).run()?;
//!     let loss = history.get("loss")[4];
//!     table.push([device.to_string().into(), loss.into(), start.elapsed().as_secs_f64().into()]);
//! }
//! println!("{table}");
//! # Ok::<(), kiln::Error>(())
//! ```

use crate::backend::Backend;
use crate::backend::host::Host;
use crate::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

mod list;

pub use list::DeviceList;

/// What to do where ArrayFire is missing.
#[cfg(feature = "arrayfire")]
pub(crate) const HOW_TO_GET: &str = "install ArrayFire 3.9 or later (https://arrayfire.com/download; macOS: brew install \
    arrayfire), and set AF_PATH to its directory if that is not /opt/arrayfire; Device::HOST needs nothing";
#[cfg(not(feature = "arrayfire"))]
pub(crate) const HOW_TO_GET: &str = "this build of Kiln has the host engine only: build it with the feature `arrayfire`, and \
    install ArrayFire 3.9 or later (https://arrayfire.com/download)";

/// The kinds of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceKind {
    /// Kiln's own engine, in Rust.
    Host,
    /// ArrayFire's engine for processors.
    Cpu,
    /// ArrayFire's engine for OpenCL.
    OpenCl,
    /// ArrayFire's engine for NVIDIA's graphics processors.
    Cuda,
}

impl DeviceKind {
    /// Its name: `host`, `cpu`, `opencl`, `cuda`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Cpu => "cpu",
            Self::OpenCl => "opencl",
            Self::Cuda => "cuda",
        }
    }
}

/// Where tensors lie and models compute.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// for device in Device::available() {
///     println!("{device}");
/// }
/// let mut model = Sequential::new().device("host").add(Dense::new(1).input_shape([3]));
/// assert_eq!(model.predict(&Tensor::ones([2, 3]))?.device(), Device::HOST);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    kind: DeviceKind,
    number: usize,
}

/// How much of a device's memory the library holds for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceMemory {
    /// Bytes that are taken from the system, also those kept for reuse.
    pub held: u64,
    /// Bytes in which arrays lie.
    pub used: u64,
}

impl Device {
    /// The host engine.
    pub const HOST: Self = Self { kind: DeviceKind::Host, number: 0 };

    pub(crate) const fn of(kind: DeviceKind, number: usize) -> Self {
        Self { kind, number }
    }

    /// The device of this name: `host`, `cpu`, `opencl`, `opencl:1`, `cuda`, `cuda:1`. Whether it is there is another
    /// question: [`check`](Self::check).
    ///
    /// # Errors
    /// For another name, with the valid ones.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// assert_eq!(Device::by_name("cuda:1")?.id(), "cuda:1");
    /// assert!(Device::by_name("tpu").is_err());
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn by_name(name: &str) -> Result<Self> {
        let unknown = || Error::unknown_name("device", name, ["host", "cpu", "opencl[:N]", "cuda[:N]"]);
        let (kind, number) = match name.trim().split_once(':') {
            Some((kind, number)) => (kind, number.parse().map_err(|_| unknown())?),
            None => (name.trim(), 0),
        };
        let kind = match kind.to_ascii_lowercase().as_str() {
            "host" if number == 0 => DeviceKind::Host,
            "cpu" => DeviceKind::Cpu,
            "opencl" => DeviceKind::OpenCl,
            "cuda" | "gpu" => DeviceKind::Cuda,
            _ => return Err(unknown()),
        };
        Ok(Self { kind, number })
    }

    /// The host and every device of every ArrayFire backend that can be loaded. Displays as a list with names and memory.
    pub fn available() -> DeviceList {
        DeviceList::new()
    }

    /// The device that models use which name none.
    ///
    /// # Errors
    /// When `KILN_DEVICE` names none, or one that is not there.
    pub fn get_default() -> Result<Self> {
        if let Some(chosen) = *chosen() {
            return Ok(chosen);
        }
        static FIRST: OnceLock<Result<Device>> = OnceLock::new();
        FIRST.get_or_init(first_default).clone()
    }

    /// Sets the device of all models that are built from now on and name none.
    ///
    /// # Errors
    /// When it is not there.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// Device::set_default("host")?;
    /// assert_eq!(Device::get_default()?, Device::HOST);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn set_default(device: impl IntoDevice) -> Result<()> {
        let device = device.into_device()?;
        device.check()?;
        *chosen() = Some(device);
        Ok(())
    }

    /// What kind it is.
    pub fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// Its name as [`by_name`](Self::by_name) takes it: `host`, `cpu`, `opencl:0`, `cuda:0`.
    pub fn id(&self) -> String {
        match self.kind {
            DeviceKind::Host => "host".into(),
            DeviceKind::Cpu if self.number == 0 => "cpu".into(),
            kind => format!("{}:{}", kind.name(), self.number),
        }
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// When it is not there: with what was looked for and what would add it.
    pub fn check(&self) -> Result<()> {
        self.engine().map(|_| ())
    }

    pub(crate) fn engine(self) -> Result<&'static dyn Backend> {
        match self.kind {
            DeviceKind::Host => Ok(&Host),
            _ => list::engine(self),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::by_name(name)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())?;
        match self.memory() {
            Some(bytes) => write!(f, " ({}, {:.1} GB)", self.name(), bytes as f64 / 1e9),
            None if self.kind == DeviceKind::Host => Ok(()),
            None => write!(f, " ({})", self.name()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

/// What names a device: a [`Device`], or a text such as `"cuda:1"`.
pub trait IntoDevice {
    /// The device.
    ///
    /// # Errors
    /// For a text that names none.
    fn into_device(self) -> Result<Device>;
}

impl IntoDevice for Device {
    fn into_device(self) -> Result<Device> {
        Ok(self)
    }
}

impl IntoDevice for &Device {
    fn into_device(self) -> Result<Device> {
        Ok(*self)
    }
}

impl IntoDevice for &str {
    fn into_device(self) -> Result<Device> {
        Device::by_name(self)
    }
}

impl IntoDevice for String {
    fn into_device(self) -> Result<Device> {
        Device::by_name(&self)
    }
}

/// What [`Device::set_default`] set.
fn chosen() -> std::sync::MutexGuard<'static, Option<Device>> {
    static CHOSEN: Mutex<Option<Device>> = Mutex::new(None);
    CHOSEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The default where nobody has set one.
fn first_default() -> Result<Device> {
    if let Some(name) = std::env::var_os("KILN_DEVICE").filter(|name| !name.is_empty()) {
        let name = name.to_string_lossy();
        let place = |error: Error| error.in_context(format_args!("KILN_DEVICE={name}"));
        let device = Device::by_name(&name).map_err(place)?;
        return device.check().map(|()| device).map_err(place);
    }
    list::note_if_gone();
    Ok(list::first_gpu().unwrap_or(Device::HOST))
}

/// The error of an operation with tensors of two devices.
pub(crate) fn mixed(operation: &str, left: Device, right: Device) -> Error {
    Error::new(
        ErrorKind::Device,
        format!("{operation}: one tensor lies on {}, the other on {}", left.id(), right.id()),
    )
    .with_help(format!("move one of them: .to_device(\"{}\")?", left.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (name, id) in [("host", "host"), ("cpu", "cpu"), ("opencl", "opencl:0"), ("CUDA:3", "cuda:3")] {
            assert_eq!(Device::by_name(name).unwrap().id(), id);
        }
        for name in ["", "cuda:", "cuda:-1", "host:1", "tpu"] {
            let error = Device::by_name(name).unwrap_err();
            assert!(error.help().is_some_and(|help| help.contains("cuda[:N]")), "{name}: {error}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_says_how_to_get_it() {
        let error = Device::of(DeviceKind::Cuda, 99).check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
        assert!(error.help().is_some(), "{error}");
    }
}
