//! HDF5, as Keras uses it: groups, arrays of numbers, texts as attributes. The one place that knows the crate behind it.
//!
//! Reading is bounded: every byte that is taken from the file is counted, and every array's size is checked before its
//! numbers are read. Links to other files are not followed.

use super::limits::{Budget, check_elements};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use hdf5_pure::{AttrValue, Datatype, File, FileBuilder, FormatError, Group, GroupBuilder, LibVer, Source};
use std::collections::HashMap;

/// A group of a file that is read.
pub(super) struct Folder {
    group: Group,
    path: String,
    budget: Budget,
}

/// An array of a file, whose numbers have not been read yet.
pub(super) struct Array {
    dataset: hdf5_pure::Dataset,
    path: String,
    shape: Vec<usize>,
    budget: Budget,
}

/// The texts that a group has as attributes.
pub(super) struct Attributes {
    values: HashMap<String, AttrValue>,
    path: String,
}

/// The bytes of a file; what is read of them counts.
struct Metered {
    bytes: Vec<u8>,
    budget: Budget,
}

impl Source for Metered {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), FormatError> {
        let ended = || FormatError::Source("the file ends too early".into());
        let first = usize::try_from(offset).map_err(|_| ended())?;
        let end = first.checked_add(into.len()).ok_or_else(ended)?;
        let bytes = self.bytes.get(first..end).ok_or_else(ended)?;
        self.budget.spend(into.len()).map_err(|error| FormatError::Source(error.to_string()))?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}

/// The root of the file that these bytes are.
pub(super) fn open(bytes: Vec<u8>) -> Result<Folder> {
    let (size, budget) = (bytes.len() as u64, Budget::of_file(bytes.len()));
    let file =
        File::from_source(Metered { bytes, budget: budget.clone() }).map_err(|error| broken("", &error))?;
    let end = file.superblock().eof_address;
    if end > size {
        return Err(Error::file(format!("the HDF5 file is cut off: it has {size} of its {end} bytes")));
    }
    Ok(Folder { group: file.root(), path: String::new(), budget })
}

fn broken(path: &str, error: &hdf5_pure::Error) -> Error {
    Error::file(format!("the HDF5 file is broken at `{path}/`: {error}"))
}

impl Folder {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn below(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The groups in it, sorted by name.
    pub(super) fn folders(&self) -> Result<Vec<(String, Self)>> {
        let groups = self.group.iter_groups().map_err(|error| broken(&self.path, &error))?;
        let mut folders: Vec<_> = groups
            .map(|(name, group)| {
                let folder = Self { group, path: self.below(&name), budget: self.budget.clone() };
                (name, folder)
            })
            .collect();
        folders.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(folders)
    }

    /// The arrays in it.
    pub(super) fn arrays(&self) -> Result<HashMap<String, Array>> {
        let datasets = self.group.iter_datasets().map_err(|error| broken(&self.path, &error))?;
        datasets
            .map(|(name, dataset)| {
                let array = Array::new(dataset, self.below(&name), self.budget.clone())?;
                Ok((name, array))
            })
            .collect()
    }

    /// The group at this path below, if it is there.
    pub(super) fn folder(&self, path: &str) -> Result<Option<Self>> {
        let mut here =
            Self { group: self.group.clone(), path: self.path.clone(), budget: self.budget.clone() };
        for name in path.split('/') {
            let names = here.group.groups().map_err(|error| broken(&here.path, &error))?;
            if !names.iter().any(|known| known == name) {
                return Ok(None);
            }
            let group = here.group.group(name).map_err(|error| broken(&here.path, &error))?;
            here = Self { group, path: here.below(name), budget: here.budget };
        }
        Ok(Some(here))
    }

    /// The array at this path below.
    #[cfg(test)]
    fn array(&self, path: &str) -> Result<Array> {
        let missing = || Error::file(format!("the file lacks the array `{}`", self.below(path)));
        let (folder, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (self.folder(folder)?.ok_or_else(missing)?, name),
            None => (
                Self { group: self.group.clone(), path: self.path.clone(), budget: self.budget.clone() },
                path,
            ),
        };
        folder.arrays()?.remove(name).ok_or_else(missing)
    }

    pub(super) fn attributes(&self) -> Result<Attributes> {
        let values = self.group.attrs().map_err(|error| broken(&self.path, &error))?;
        // What cannot be decoded is left out there without a word.
        let all = self.group.attr_datatypes().map_err(|error| broken(&self.path, &error))?;
        if let Some(name) = all.keys().filter(|name| !values.contains_key(*name)).min() {
            return Err(Error::file(format!(
                "the HDF5 file is broken at the attribute `{name}` of `{}/`",
                self.path
            )));
        }
        Ok(Attributes { values, path: self.path.clone() })
    }
}

impl Attributes {
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        let wrong = || Error::file(format!("the attribute `{name}` of `{}/` is no text", self.path));
        value.as_str().map(Some).ok_or_else(wrong)
    }

    /// A list of names, which h5py splits into `name0`, `name1`, ... when it is long.
    pub(super) fn names(&self, name: &str) -> Result<Option<Vec<String>>> {
        if let Some(value) = self.values.get(name) {
            return self.list(name, value).map(Some);
        }
        let mut all = Vec::new();
        for part in 0.. {
            let part = format!("{name}{part}");
            let Some(value) = self.values.get(&part) else { break };
            all.extend(self.list(&part, value)?);
        }
        Ok((!all.is_empty()).then_some(all))
    }

    fn list(&self, name: &str, value: &AttrValue) -> Result<Vec<String>> {
        match (value.as_strings(), value.to_f64s()) {
            (Some(names), _) => Ok(names.to_vec()),
            // An empty list has no type of its own: h5py writes it as one of numbers.
            (None, Some(numbers)) if numbers.is_empty() => Ok(Vec::new()),
            _ => Err(Error::file(format!("the attribute `{name}` of `{}/` is no list of names", self.path))),
        }
    }
}

impl Array {
    fn new(dataset: hdf5_pure::Dataset, path: String, budget: Budget) -> Result<Self> {
        let sizes = dataset.shape().map_err(|error| broken(&path, &error))?;
        let shape: Result<Vec<usize>, _> = sizes.iter().map(|&size| usize::try_from(size)).collect();
        let too_large = |_| Error::file(format!("the array `{path}` has a size that no memory holds"));
        let shape = shape.map_err(too_large)?;
        Ok(Self { dataset, path, shape, budget })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers: whole ones and those of 64 bits as f64, all others as f32.
    pub(super) fn read(&self) -> Result<Tensor> {
        let in_file = |error: hdf5_pure::Error| broken(&self.path, &error);
        let size = self.dataset.element_size().map_err(in_file)?;
        let limit = self.budget.total();
        check_elements(&self.path, &self.shape, size, limit)?;
        if let Some(chunk) = self.dataset.chunk_shape().map_err(in_file)? {
            let chunk: Vec<usize> =
                chunk.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect();
            check_elements(&self.path, &chunk, size, limit)?;
        } else {
            // Numbers that lie in one piece lie in the file.
            check_elements(&self.path, &self.shape, size, self.budget.file())?;
        }
        let shape = Shape::new(&self.shape).map_err(|error| error.in_context(&self.path))?;
        let halves = |convert: fn(u16) -> f32| -> Result<Vec<f32>> {
            let bytes = self.dataset.read_raw().map_err(in_file)?;
            Ok(bytes.chunks_exact(2).map(|pair| convert(u16::from_le_bytes([pair[0], pair[1]]))).collect())
        };
        let values = match self.dataset.datatype().map_err(in_file)? {
            Datatype::FloatingPoint { size: 2, .. } => halves(from_half)?,
            Datatype::Opaque { size: 2, .. } => halves(from_bfloat)?,
            Datatype::FloatingPoint { size: 8, .. } | Datatype::FixedPoint { .. } => {
                return Tensor::from_vec_f64(self.dataset.read_f64().map_err(in_file)?, shape);
            }
            _ => self.dataset.read_f32().map_err(in_file)?,
        };
        Tensor::from_vec(values, shape).map_err(|error| error.in_context(&self.path))
    }
}

pub(super) fn from_bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

pub(super) fn from_half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    sign * match exponent {
        0 => fraction * (-24_f32).exp2(),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * ((exponent - 25) as f32).exp2(),
    }
}

/// A group that is written.
#[derive(Default)]
pub(super) struct Tree {
    attributes: Vec<(&'static str, AttrValue)>,
    folders: Vec<(String, Self)>,
    arrays: Vec<(String, Tensor, Kind)>,
}

/// How numbers are kept in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As f32.
    Float,
    /// As whole numbers of 32 bits: step counts.
    Integer,
}

impl Tree {
    /// The group at this path below, made where it is not there yet.
    pub(super) fn folder(&mut self, path: &str) -> &mut Self {
        path.split('/').fold(self, |here, name| {
            let index = here.folders.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                here.folders.push((name.into(), Self::default()));
                here.folders.len() - 1
            });
            &mut here.folders[index].1
        })
    }

    pub(super) fn array(&mut self, path: &str, values: &Tensor, kind: Kind) {
        let (here, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (self.folder(folder), name),
            None => (self, path),
        };
        here.arrays.push((name.into(), values.clone(), kind));
    }

    /// A text, as Python's `str` is written.
    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        self.attributes.push((name, AttrValue::VarLenString(text.into())));
    }

    /// A text, as Python's `bytes` are written.
    pub(super) fn bytes(&mut self, name: &'static str, text: String) {
        self.attributes.push((name, AttrValue::VarLenAsciiString(text)));
    }

    /// A list of names, as h5py writes it.
    pub(super) fn names(&mut self, name: &'static str, names: Vec<String>) {
        let value = if names.is_empty() {
            AttrValue::F64Array(Vec::new())
        } else {
            AttrValue::VarLenAsciiStringArray(names)
        };
        self.attributes.push((name, value));
    }

    /// The file with this root. Old readers understand it too: HDF5 1.8 is enough.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut file = FileBuilder::new();
        file.with_libver_bounds(LibVer::Earliest, LibVer::V18);
        for (name, value) in &self.attributes {
            file.set_attr(name, value.clone());
        }
        for (name, values, kind) in &self.arrays {
            fill(file.create_dataset(name), values, *kind);
        }
        for (name, folder) in &self.folders {
            let group = folder.write(file.create_group(name));
            file.add_group(group.finish());
        }
        file.finish().map_err(|error| Error::file(format!("the HDF5 file cannot be written: {error}")))
    }

    fn write(&self, mut group: GroupBuilder) -> GroupBuilder {
        for (name, value) in &self.attributes {
            group.set_attr(name, value.clone());
        }
        for (name, values, kind) in &self.arrays {
            fill(group.create_dataset(name), values, *kind);
        }
        for (name, folder) in &self.folders {
            let child = folder.write(group.create_group(name));
            group.add_group(child.finish());
        }
        group
    }
}

fn fill(dataset: &mut hdf5_pure::DatasetBuilder, values: &Tensor, kind: Kind) {
    let shape: Vec<u64> = values.shape().iter().map(|&size| size as u64).collect();
    match kind {
        Kind::Float => dataset.with_f32_data(&values.cast(DType::Float32).to_vec()),
        Kind::Integer => {
            let whole: Vec<i32> = values.to_vec_f64().into_iter().map(|number| number as i32).collect();
            dataset.with_i32_data(&whole)
        }
    };
    dataset.with_shape(&shape);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_have_the_values_of_their_bits() {
        let halves = [0x0000, 0x0001, 0x3c00, 0xc000, 0x7bff, 0x3555];
        let values: Vec<f32> = halves.iter().map(|&bits| from_half(bits)).collect();
        assert_eq!(values, [0.0, 5.960_464_5e-8, 1.0, -2.0, 65504.0, 0.333_251_95]);
        assert!(from_half(0x7c01).is_nan() && from_half(0xfc00) == f32::NEG_INFINITY);
        assert_eq!([from_bfloat(0x3f80), from_bfloat(0xc049)], [1.0, -3.140_625]);
    }

    /// What is written is read again: nesting, shapes, whole numbers, names, empty lists.
    #[test]
    fn a_tree_comes_back() -> Result<()> {
        let mut tree = Tree::default();
        tree.bytes("model_config", "{}".into());
        tree.names("layer_names", vec!["b".into(), "a".into()]);
        tree.folder("a").names("weight_names", Vec::new());
        let values = Tensor::linspace(0.0, 1.0, 6).reshape([2, 3])?;
        tree.array("a/b/kernel", &values, Kind::Float);
        tree.array("steps", &Tensor::scalar(70_000.0), Kind::Integer);
        let root = open(tree.to_bytes()?)?;
        let attributes = root.attributes()?;
        assert_eq!(attributes.text("model_config")?, Some("{}"));
        assert_eq!(attributes.names("layer_names")?, Some(vec!["b".to_string(), "a".into()]));
        let a = root.folder("a")?.ok_or_else(|| Error::file("no group a"))?;
        assert_eq!(a.attributes()?.names("weight_names")?, Some(Vec::new()));
        assert_eq!(a.array("b/kernel")?.read()?.to_vec(), values.to_vec());
        assert_eq!(a.array("b/kernel")?.shape(), [2, 3]);
        assert_eq!(root.array("steps")?.read()?.item()?, 70_000.0);
        assert!(root.folder("a/c")?.is_none());
        assert!(root.array("a/c").is_err_and(|error| error.to_string().contains("/a/c")));
        Ok(())
    }
}
